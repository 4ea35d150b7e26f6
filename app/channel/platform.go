package channel

import (
	"context"

	"github.com/omniposto/omniposto/app/access"
	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// FieldView is a field of a form.
type FieldView struct {
	Name     string             `json:"name"`
	Label    string             `json:"label"`
	Help     string             `json:"help,omitempty"`
	Kind     string             `json:"kind"`
	Secret   bool               `json:"secret"`
	Required bool               `json:"required"`
	Options  []connector.Option `json:"options,omitempty" maxItems:"200"`
	When     *connector.When    `json:"when,omitempty"`
	Example  string             `json:"example,omitempty"`
}

// WayView is one way to connect.
type WayView struct {
	Way    string      `json:"way"`
	Kind   string      `json:"kind" enum:"fields,oauth" doc:"fields: give them to channels.connect; oauth: begin with channels.authorize."`
	Label  string      `json:"label"`
	Help   string      `json:"help,omitempty"`
	Fields []FieldView `json:"fields" maxItems:"50"`
	Scopes []string    `json:"scopes,omitempty" maxItems:"50"`
	Ready  bool        `json:"ready" doc:"false: an administrator must enter app credentials first."`
}

// TextView is the rule for words.
type TextView struct {
	Count    string `json:"count"`
	Max      int64  `json:"max"`
	MaxFact  string `json:"max_fact,omitempty" doc:"The channel's fact that stands for max."`
	MaxBytes int    `json:"max_bytes,omitempty"`
	Link     int64  `json:"link,omitempty" doc:"What a link counts."`
	LinkFact string `json:"link_fact,omitempty"`
	Markup   string `json:"markup"`
	Must     bool   `json:"must"`
	Optional bool   `json:"optional,omitempty" doc:"A post without text and files is whole: its settings hold the rest."`
}

// MediaView is the rule for one type of file.
type MediaView struct {
	Type     string   `json:"type"`
	MIME     []string `json:"mime" maxItems:"50"`
	MaxBytes int64    `json:"max_bytes,omitempty"`
	Alt      int64    `json:"alt" doc:"Longest description; 0: none is taken."`
}

// KindView is one thing that can be posted.
type KindView struct {
	ID       string      `json:"id"`
	Label    string      `json:"label"`
	Roles    []string    `json:"roles" maxItems:"4"`
	Via      []string    `json:"via,omitempty" maxItems:"10"`
	Text     TextView    `json:"text"`
	MinMedia int64       `json:"min_media"`
	MaxMedia int64       `json:"max_media" doc:"-1 is any number."`
	MaxFact  string      `json:"max_media_fact,omitempty"`
	Media    []MediaView `json:"media" maxItems:"20"`
	Once     string      `json:"once"`
	OnceWhy  string      `json:"once_why,omitempty"`
	Steps    []string    `json:"steps" maxItems:"40"`
}

// LimitView is how often something may be done.
type LimitView struct {
	What    string `json:"what"`
	Max     int64  `json:"max"`
	Seconds int64  `json:"seconds"`
	Per     string `json:"per"`
}

// PlatformView is what is known about a platform.
type PlatformView struct {
	ID         string         `json:"id"`
	Label      string         `json:"label"`
	Family     string         `json:"family,omitempty"`
	Preview    string         `json:"preview"`
	Connect    []WayView      `json:"connect" maxItems:"10"`
	Fields     []FieldView    `json:"fields" maxItems:"50" doc:"Of the first way that takes fields."`
	Kinds      []KindView     `json:"kinds" maxItems:"50"`
	Limits     []LimitView    `json:"limits" maxItems:"50"`
	Settings   map[string]any `json:"settings" doc:"JSON Schema of the settings of a post."`
	Once       string         `json:"once" doc:"How the first kind stays at exactly one."`
	Powers     []string       `json:"powers" maxItems:"40"`
	Unverified []string       `json:"unverified,omitempty" maxItems:"50"`
	Ready      bool           `json:"ready"`
}

// PlatformsInput is how platforms are asked for.
type PlatformsInput struct {
	Organization ref.Organization `query:"organization" maxLength:"40" doc:"One of yours, whose own apps make a platform ready too."`
}

type platformPath struct {
	PlatformsInput
	Platform string `path:"platform" maxLength:"64" doc:"The platform's id."`
}

func (s *Channels) platformOperations() []op.Operation {
	one := PlatformView{ID: "bluesky", Label: "Bluesky", Preview: "microblog", Once: "deterministic", Connect: []WayView{}, Fields: []FieldView{}, Kinds: []KindView{}, Limits: []LimitView{}, Settings: map[string]any{}, Powers: []string{}, Ready: true}
	return []op.Operation{
		op.New("platforms.list", op.GET("/platforms"), s.platforms).
			Says("List platforms", "What can be connected, how, and what can be posted there.").Example(nil, op.Listed[PlatformView]{Items: []PlatformView{one}}).ThroughSignOn().Needs(access.Own),
		op.New("platforms.read", op.GET("/platforms/{platform}"), s.platform).
			Says("Read a platform", "Ways to connect, kinds of post, limits, settings.").Example(nil, one).Fails(ErrPlatform).ThroughSignOn().Needs(access.Own),
	}
}

func fieldViews(f connector.Form) []FieldView {
	out := []FieldView{}
	for _, field := range f {
		kind := string(field.Kind)
		if kind == "" {
			kind = string(connector.FieldText)
		}
		out = append(out, FieldView{Name: field.Name, Label: field.Label, Help: field.Help, Kind: kind, Secret: field.Secret, Required: field.Must,
			Options: field.Options, When: field.When, Example: field.Example})
	}
	return out
}

func (s *Channels) platformView(tx store.ReadTx, o ref.Organization, spec *connector.Spec) PlatformView {
	v := PlatformView{ID: spec.ID, Label: spec.Label, Family: spec.Family, Preview: string(spec.Preview), Connect: []WayView{}, Fields: []FieldView{}, Kinds: []KindView{},
		Limits: []LimitView{}, Settings: spec.Settings.Schema(), Powers: []string{}, Unverified: spec.Unverified}
	for _, w := range spec.Connect {
		way := WayView{Way: w.Way, Kind: "fields", Label: w.Label, Help: w.Help, Fields: fieldViews(w.Fields), Scopes: w.Scopes, Ready: true}
		if w.SignsIn() {
			way.Kind = "oauth"
			way.Ready = w.OAuth == nil || w.OAuth.Register != "" || s.has(tx, o, spec.ID)
		} else if len(v.Fields) == 0 {
			v.Fields = way.Fields
		}
		v.Ready = v.Ready || way.Ready
		v.Connect = append(v.Connect, way)
	}
	for _, k := range spec.Kinds {
		v.Kinds = append(v.Kinds, kindView(k))
	}
	if len(spec.Kinds) > 0 {
		v.Once = string(spec.Kinds[0].Once.By)
	}
	for _, l := range spec.Limits {
		v.Limits = append(v.Limits, LimitView{What: l.What, Max: l.Max.Value, Seconds: int64(l.Window.Seconds()), Per: l.Per})
	}
	for _, p := range spec.Powers {
		v.Powers = append(v.Powers, string(p))
	}
	return v
}

func kindView(k connector.Kind) KindView {
	v := KindView{ID: k.ID, Label: k.Label, Roles: []string{}, Via: k.Via, MinMedia: k.MinMedia.Value, MaxMedia: k.MaxMedia.Value, MaxFact: k.MaxMedia.Name,
		Text: TextView{Count: string(k.Text.Count), Max: k.Text.Max.Value, MaxFact: k.Text.Max.Name, MaxBytes: k.Text.MaxBytes, Link: k.Text.Link.Value,
			LinkFact: k.Text.Link.Name, Markup: string(k.Text.Markup), Must: k.Text.Must, Optional: k.Text.Optional},
		Media: []MediaView{}, Once: string(k.Once.By), OnceWhy: k.Once.Why, Steps: k.Steps}
	for _, r := range k.Roles {
		v.Roles = append(v.Roles, string(r))
	}
	if len(v.Roles) == 0 {
		v.Roles = []string{string(connector.Post)}
	}
	for _, m := range k.Media {
		alt := max(m.Alt.Value, 0)
		v.Media = append(v.Media, MediaView{Type: string(m.Type), MIME: m.MIME, MaxBytes: m.MaxBytes.Value, Alt: alt})
	}
	return v
}

// mine is the organization whose own apps count: one that the caller belongs to.
func (in *PlatformsInput) mine(c op.Call) ref.Organization {
	if _, ok := c.Actor.Of(in.Organization); ok {
		return in.Organization
	}
	return ref.Organization{}
}

func (s *Channels) platforms(ctx context.Context, c op.Call, in *PlatformsInput) (*op.Listed[PlatformView], error) {
	return op.View(ctx, s.DB, func(tx store.ReadTx) (*op.Listed[PlatformView], error) {
		out := &op.Listed[PlatformView]{Items: []PlatformView{}}
		for _, p := range s.Platforms {
			out.Items = append(out.Items, s.platformView(tx, in.mine(c), p.Spec()))
		}
		return out, nil
	})
}

func (s *Channels) platform(ctx context.Context, c op.Call, in *platformPath) (*PlatformView, error) {
	p, ok := s.Platform(in.Platform)
	if !ok {
		return nil, ErrPlatform
	}
	return op.View(ctx, s.DB, func(tx store.ReadTx) (*PlatformView, error) {
		v := s.platformView(tx, in.mine(c), p.Spec())
		return &v, nil
	})
}
