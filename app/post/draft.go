package post

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/base/fail"
	"github.com/omniposto/omniposto/app/channel"
	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// Asset is what post needs to know about a file. Package media provides it.
type Asset struct {
	ID            ref.Asset
	Name, MIME    string
	Alt           string
	Type          connector.MediaType
	Size          int64
	Width, Height int
	Length        time.Duration
	FPS           int
	Codec         string
	Ready         bool
	Problem       string // why it never will be
}

// Piece is one delivery to be: a part of a post for a channel.
type Piece struct {
	Channel channel.Channel
	Spec    *connector.Spec
	Part    int
	Role    connector.Role
	Target  string // the entry of a list of which each is a delivery: a community, a board
	Draft   connector.Draft
	Missing bool // a file isn't ready
	coming  []bool
	Broken  string
	portion connector.Portion
}

// Pieces lists what would go to the channel, in order: the post, replies, the first comment, the touches afterwards.
func (s *Posts) Pieces(tx store.ReadTx, p Post, c channel.Channel) ([]Piece, error) {
	pub, ok := s.Platform(c.Platform)
	if !ok {
		return nil, ErrChannel.Because(ErrNotFound)
	}
	portions := pub.Spec().Settings.Portions(p.Variants[c.ID].Settings, c.Settings)
	if len(portions) == 0 {
		portions = []connector.Portion{{Settings: p.Variants[c.ID].Settings}}
	}
	var out []Piece
	for _, portion := range portions {
		pieces, err := s.portion(tx, p, c, pub, portion)
		if err != nil {
			return nil, err
		}
		out = append(out, pieces...)
	}
	return out, nil
}

// portion lists what goes to one entry of the channel, or to the channel as a whole.
func (s *Posts) portion(tx store.ReadTx, p Post, c channel.Channel, pub connector.Publisher, portion connector.Portion) ([]Piece, error) {
	spec := pub.Spec()
	var out []Piece
	for i, part := range p.PartsFor(c.ID, threads(spec, c.Way)) {
		role := connector.Post
		if i > 0 {
			role = connector.Reply
		}
		piece, err := s.piece(tx, p, c, spec, i, role, part, portion)
		if err != nil {
			return nil, err
		}
		out = append(out, piece)
	}
	if words := p.FirstComment(c.ID); words != "" {
		piece, err := s.piece(tx, p, c, spec, len(out), connector.Comment, Part{Text: words}, portion)
		if err != nil {
			return nil, err
		}
		out = append(out, piece)
	}
	if f, can := pub.(connector.Finisher); can && len(out) > 0 {
		last := out[0]
		last.Part, last.Role, last.Draft.Role = len(out), connector.Finish, connector.Finish
		if draft := out[0].Draft; f.Finishes(&draft) {
			out = append(out, last)
		}
	}
	return out, nil
}

func (s *Posts) piece(tx store.ReadTx, p Post, c channel.Channel, spec *connector.Spec, i int, role connector.Role, part Part, portion connector.Portion) (Piece, error) {
	piece := Piece{Channel: c, Spec: spec, Part: i, Role: role, Target: portion.Target, portion: portion, Draft: connector.Draft{Role: role, Channel: c.ForConnector(), Text: part.Text, Settings: portion.Settings}}
	for _, m := range part.Media {
		a, ok := s.Asset(tx, p.Organization, p.Workspace, m.Asset)
		if !ok {
			return piece, ErrAsset.At("/media", "upload the file to this workspace first")
		}
		alt := m.Alt
		if alt == "" {
			alt = a.Alt
		}
		piece.Missing = piece.Missing || !a.Ready
		piece.coming = append(piece.coming, !a.Ready)
		if a.Problem != "" {
			piece.Broken = a.Problem
		}
		piece.Draft.Media = append(piece.Draft.Media, connector.Media{ID: a.ID.String(), Name: a.Name, MIME: a.MIME, Alt: alt, Type: a.Type, Size: a.Size,
			Width: a.Width, Height: a.Height, Length: a.Length, FPS: a.FPS, Codec: a.Codec})
	}
	return piece, nil
}

// Trouble is one thing that a channel would say about a post.
type Trouble struct {
	Code     string `json:"code"`
	Field    string `json:"field"`
	Part     int    `json:"part"`
	Message  string `json:"message"`
	Fix      string `json:"fix,omitempty" doc:"What a button could do: cut, split, alt, exclude, reconnect, …"`
	Severity string `json:"severity" enum:"block,warn,note"`
}

// Length is how long one part is for a channel.
type Length struct {
	Length int `json:"length"`
	Limit  int `json:"limit" doc:"0 is no limit."`
}

// Verdict is what one channel would say.
type Verdict struct {
	Kind     string    `json:"kind"`
	Length   int       `json:"length"`
	Limit    int       `json:"limit"`
	Unit     string    `json:"unit" doc:"How the channel counts."`
	Parts    []Length  `json:"parts" maxItems:"100"`
	Problems []Trouble `json:"problems" maxItems:"500"`
}

// Judge asks every piece's platform by the same rules that publishing uses. needAlt is the workspace's rule for
// descriptions: optional, warn, required.
func (s *Posts) Judge(tx store.ReadTx, p Post, c channel.Channel, needAlt string) (Verdict, error) {
	pieces, err := s.Pieces(tx, p, c)
	if err != nil {
		return Verdict{}, err
	}
	out := Verdict{Parts: []Length{}, Problems: []Trouble{}}
	if c.State == channel.Reconnect {
		out.Problems = append(out.Problems, Trouble{Code: "channel_reconnect", Field: "channel", Message: "This channel must be connected again before anything goes out.", Fix: "reconnect", Severity: "warn"})
	}
	for i, piece := range pieces {
		if piece.Role == connector.Finish {
			continue
		}
		if piece.Role == connector.Comment && !serves(piece.Spec, c.Way, connector.Comment) {
			out.Problems = append(out.Problems, Trouble{Code: "no_first_comment", Field: "first_comment", Part: piece.Part, Message: piece.Spec.Label + " has no first comment. Leave it empty here.", Fix: "exclude", Severity: "block"})
			continue
		}
		d := piece.Draft
		kind, _ := piece.Spec.KindFor(&d)
		length, limit, unit := kind.Length(&d)
		if piece.Target == pieces[0].Target {
			out.Parts = append(out.Parts, Length{Length: length, Limit: limit})
		}
		if i == 0 {
			out.Kind, out.Length, out.Limit, out.Unit = kind.ID, length, limit, string(unit)
		}
		out.add(piece, needAlt)
	}
	return out, nil
}

func (v *Verdict) add(piece Piece, needAlt string) {
	if piece.Broken != "" {
		v.Problems = append(v.Problems, Trouble{Code: "asset_refused", Field: "media", Part: piece.Part, Message: piece.Broken, Fix: "exclude", Severity: "block"})
	}
	if piece.Role == connector.Post && piece.Draft.Text == "" && len(piece.Draft.Media) == 0 {
		v.Problems = append(v.Problems, Trouble{Code: "post_empty", Field: "text", Part: piece.Part, Message: ErrEmpty.Message, Severity: "block"})
		return
	}
	d := piece.Draft
	for i, m := range d.Media {
		if m.Alt == "" && m.Type == connector.Image && needAlt != "optional" && piece.takesAlt(m.Type) {
			severity := "warn"
			if needAlt == "required" {
				severity = "block"
			}
			v.Problems = append(v.Problems, Trouble{Code: "alt_missing", Field: "media." + strconv.Itoa(i) + ".alt", Part: piece.Part,
				Message: "Picture " + strconv.Itoa(i+1) + " has no description.", Fix: "alt", Severity: severity})
		}
	}
	for _, t := range piece.Spec.Check(&d) {
		if t.Code == "alt_missing" || piece.unknown(t.Field) {
			continue
		}
		severity := string(t.Severity)
		if severity == "" {
			severity = "block"
		}
		found := Trouble{Code: t.Code, Field: piece.portion.InWhole(t.Field), Part: piece.Part, Message: t.Words, Fix: t.Fix, Severity: severity}
		if !slices.Contains(v.Problems, found) { // what isn't about one entry is said of each
			v.Problems = append(v.Problems, found)
		}
	}
}

// unknown says whether a field is about a file that isn't there yet: it is judged again when it is.
func (piece Piece) unknown(field string) bool {
	rest, ok := strings.CutPrefix(field, "media.")
	number, _, _ := strings.Cut(rest, ".")
	i, err := strconv.Atoi(number)
	return ok && err == nil && i < len(piece.coming) && piece.coming[i]
}

func (piece Piece) takesAlt(t connector.MediaType) bool {
	d := piece.Draft
	kind, _ := piece.Spec.KindFor(&d)
	for _, rule := range kind.Media {
		if rule.Type == t {
			return rule.Alt != connector.NoAlt
		}
	}
	return false
}

// blocked collects what stops a post from being scheduled, as one error that points at each thing.
func (s *Posts) blocked(tx store.ReadTx, p Post, channels []channel.Channel, needAlt string) error {
	var e *fail.Error
	for _, c := range channels {
		v, err := s.Judge(tx, p, c, needAlt)
		if err != nil {
			return err
		}
		for _, t := range v.Problems {
			if t.Severity != "block" {
				continue
			}
			if e == nil {
				e = ErrProblems
			}
			e = e.At("/variants/"+c.ID.String()+"/"+t.Field, c.Name+": "+t.Message)
		}
	}
	if e == nil {
		return nil
	}
	return e
}
