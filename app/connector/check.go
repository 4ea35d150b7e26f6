package connector

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/connector/text"
)

// Trouble is one thing that is wrong with a draft, or worth knowing, with what would help.
type Trouble struct {
	Code     string   // stable: text_too_long, media_ratio, alt_missing, …
	Field    string   // text, media.0, media.0.alt, settings.visibility, …
	Words    string   // for a person
	Fix      string   // cut, split, crop:4:5, resize, convert:video/mp4, alt, exclude, shorten_link, choose, reconnect, remove:2
	Severity Severity // "": Block
}

// Severity says whether a trouble stops the post.
type Severity string

// The severities.
const (
	Block Severity = ""
	Warn  Severity = "warn"
	Note  Severity = "note"
)

// Check is the only judge of a draft: the composer, the API's check and publishing all ask it. The kind is the draft's
// own, or the first that fits.
func (s *Spec) Check(d *Draft) []Trouble {
	k, ok := s.KindFor(d)
	if !ok {
		return []Trouble{{Code: "no_kind", Field: "kind", Words: s.Label + " can't take such a post on this channel.", Fix: "exclude"}}
	}
	return s.checkAs(d, k)
}

func blocking(troubles []Trouble) *Trouble {
	for i := range troubles {
		if troubles[i].Severity == Block {
			return &troubles[i]
		}
	}
	return nil
}

// KindFor is the kind that the draft would be sent as: the chosen one, else the first that it fits, else the one that it
// misses by least. false: there is none for this role and way.
func (s *Spec) KindFor(d *Draft) (Kind, bool) {
	var best Kind
	least := -1
	for _, k := range s.Kinds {
		if !k.serves(d) || d.Kind != "" && k.ID != d.Kind {
			continue
		}
		misses := 0
		for _, t := range s.checkAs(d, k) {
			if t.Severity != Block {
				continue
			}
			misses++
			if t.Code == "media_type" || t.Code == "media_missing" || t.Code == "media_too_many" && k.Media == nil {
				misses += 10 // another type of file is another kind; a long text isn't
			}
		}
		if misses == 0 {
			return k, true
		}
		if least < 0 || misses < least {
			best, least = k, misses
		}
	}
	return best, least >= 0
}

// serves says that the kind is for the draft's role and the channel's way.
func (k *Kind) serves(d *Draft) bool {
	role := d.Role
	if role == "" {
		role = Post
	}
	roles := k.Roles
	if roles == nil {
		roles = []Role{Post}
	}
	return slices.Contains(roles, role) && (k.Via == nil || d.Channel.Way == "" || slices.Contains(k.Via, d.Channel.Way))
}

// Length is how long the draft's text is as this kind counts it, the most it may be (0: no limit), and the unit.
func (k *Kind) Length(d *Draft) (length, most int, unit text.Count) {
	if k.Text.Count == "" {
		return 0, 0, ""
	}
	f := d.Channel.Facts
	return k.Text.Count.Length(d.Text, int(k.Text.Link.In(f))), int(k.Text.Max.In(f)), k.Text.Count
}

func (s *Spec) checkAs(d *Draft, k Kind) []Trouble {
	out := s.checkText(d, k)
	out = append(out, s.checkCount(d, k)...)
	for i := range d.Media {
		out = append(out, s.checkFile(d, k, i)...)
	}
	if d.Role != Post && d.Role != "" && d.Parent == nil && d.Key != "" {
		out = append(out, Trouble{Code: "parent_missing", Field: "parent", Words: "The post that this one follows isn't published."})
	}
	for _, t := range s.Settings.Check(d.Settings, d.Channel.Settings, k.ID, d.Channel.Facts) {
		t.Field = strings.TrimSuffix("settings."+t.Field, ".")
		out = append(out, t)
	}
	if s.Rules != nil {
		out = append(out, s.Rules(d, &k)...)
	}
	return append(out, s.checkCost(d, k)...)
}

func (s *Spec) checkText(d *Draft, k Kind) []Trouble {
	blank := strings.TrimSpace(d.Text) == ""
	if k.Text.Count == "" {
		if blank {
			return nil
		}
		return []Trouble{{Code: "text_not_taken", Field: "text", Words: k.Label + " on " + s.Label + " takes no text.", Fix: "exclude"}}
	}
	if blank && (k.Text.Must || len(d.Media) == 0 && !k.Text.Optional) && k.MinMedia.In(d.Channel.Facts) == 0 {
		return []Trouble{{Code: "text_missing", Field: "text", Words: "Write something first."}}
	}
	var out []Trouble
	length, most, _ := k.Length(d)
	if most > 0 && length > most {
		fix := "cut"
		if s.threads() {
			fix = "split"
		}
		out = append(out, Trouble{
			Code: "text_too_long", Field: "text", Fix: fix,
			Words: fmt.Sprintf("%d over: %s takes %d here.", length-most, s.Label, most),
		})
	}
	if k.Text.MaxBytes > 0 && len(d.Text) > k.Text.MaxBytes {
		out = append(out, Trouble{
			Code: "text_too_many_bytes", Field: "text", Fix: "cut",
			Words: fmt.Sprintf("The text is %d bytes; %s takes %d.", len(d.Text), s.Label, k.Text.MaxBytes),
		})
	}
	return out
}

// threads says that a long text can go on in a reply.
func (s *Spec) threads() bool {
	return slices.ContainsFunc(s.Kinds, func(k Kind) bool { return slices.Contains(k.Roles, Reply) })
}

func (s *Spec) checkCount(d *Draft, k Kind) []Trouble {
	f := d.Channel.Facts
	least, most := int(k.MinMedia.In(f)), int(k.MaxMedia.In(f))
	n := len(d.Media)
	var out []Trouble
	switch {
	case n < least:
		out = append(out, Trouble{Code: "media_missing", Field: "media", Words: fmt.Sprintf("%s on %s needs %s.", k.Label, s.Label, files(least))})
	case k.MaxMedia != Any && n > most && n > 0:
		words := fmt.Sprintf("%s on %s takes %s, these are %d.", k.Label, s.Label, files(most), n)
		if most == 0 {
			words = fmt.Sprintf("%s on %s takes no files.", k.Label, s.Label)
		}
		out = append(out, Trouble{Code: "media_too_many", Field: "media", Words: words, Fix: "remove:" + strconv.Itoa(n-most)})
	}
	for _, rule := range k.Media {
		out = append(out, s.checkRuleTotal(d, rule)...)
	}
	return out
}

func (s *Spec) checkRuleTotal(d *Draft, rule MediaRule) []Trouble {
	var n, bytes int64
	for _, m := range d.Media {
		if m.Type == rule.Type {
			n++
			bytes += m.Size
		}
	}
	var out []Trouble
	if most := rule.MaxCount.In(d.Channel.Facts); most > 0 && n > most {
		out = append(out, Trouble{Code: "media_too_many", Field: "media", Fix: "remove:" + strconv.FormatInt(n-most, 10), Words: fmt.Sprintf("%s takes %d of type %s, these are %d.", s.Label, most, rule.Type, n)})
	}
	if most := rule.MaxTotalBytes.In(d.Channel.Facts); most > 0 && bytes > most {
		out = append(out, Trouble{Code: "media_total_too_large", Field: "media", Fix: "resize", Words: fmt.Sprintf("The files are %s together; %s takes %s.", size(bytes), s.Label, size(most))})
	}
	return out
}

func files(n int) string {
	if n == 1 {
		return "1 file"
	}
	return strconv.Itoa(n) + " files"
}

func (s *Spec) checkFile(d *Draft, k Kind, i int) []Trouble {
	m := &d.Media[i]
	at := "media." + strconv.Itoa(i)
	rule, ok := k.ruleFor(m)
	if !ok {
		if k.Media == nil {
			return nil // the count says it
		}
		return []Trouble{{Code: "media_type", Field: at, Words: fmt.Sprintf("%s on %s takes no %s.", k.Label, s.Label, m.Type), Fix: "exclude"}}
	}
	c := fileCheck{s: s, m: m, rule: rule, facts: d.Channel.Facts, more: d.Channel.More, at: at}
	c.mime()
	c.bytes()
	c.pixels()
	c.length()
	c.alt()
	return c.out
}

func (k *Kind) ruleFor(m *Media) (MediaRule, bool) {
	for _, r := range k.Media {
		if r.Type == m.Type {
			return r, true
		}
	}
	return MediaRule{}, false
}

// fileCheck holds one file against its rule.
type fileCheck struct {
	s     *Spec
	m     *Media
	rule  MediaRule
	facts Facts
	more  map[string]string
	at    string
	out   []Trouble
}

func (c *fileCheck) say(code, fix, words string, args ...any) {
	c.out = append(c.out, Trouble{Code: code, Field: c.at, Fix: fix, Words: fmt.Sprintf(words, args...)})
}

func (c *fileCheck) mime() {
	takes := c.rule.MIME
	if list := strings.Fields(c.more[c.rule.MIMEFrom]); c.rule.MIMEFrom != "" && len(list) > 0 {
		takes = list
	}
	if len(takes) == 0 || c.m.MIME == "" || slices.Contains(takes, c.m.MIME) {
		return
	}
	best := takes[0]
	for _, t := range []string{"image/jpeg", "image/png", "video/mp4"} {
		if strings.HasPrefix(t, string(c.rule.Type)) && slices.Contains(takes, t) {
			best = t
			break
		}
	}
	c.say("media_mime", "convert:"+best, "%s takes no %s.", c.s.Label, c.m.MIME)
}

func (c *fileCheck) bytes() {
	if most := c.rule.MaxBytes.In(c.facts); most > 0 && c.m.Size > most {
		c.say("media_too_large", "resize", "%s is %s; %s takes %s.", c.m.Name, size(c.m.Size), c.s.Label, size(most))
	}
	if least := c.rule.MinBytes.In(c.facts); least > 0 && c.m.Size < least {
		c.say("media_too_small", "exclude", "%s is %s; %s needs %s.", c.m.Name, size(c.m.Size), c.s.Label, size(least))
	}
}

func (c *fileCheck) pixels() {
	w, h := int64(c.m.Width), int64(c.m.Height)
	if w == 0 || h == 0 {
		return
	}
	if most := c.rule.MaxPixels.In(c.facts); most > 0 && w*h > most {
		c.say("media_pixels", "resize", "%s has %d x %d pixels; %s takes %d in all.", c.m.Name, w, h, c.s.Label, most)
	}
	if most := c.rule.MaxSide.In(c.facts); most > 0 && max(w, h) > most {
		c.say("media_side", "resize", "%s has a side of %d pixels; %s takes %d.", c.m.Name, max(w, h), c.s.Label, most)
	}
	ratio := float64(w) / float64(h)
	if least := c.rule.MinAspect; least > 0 && ratio < least {
		c.say("media_ratio", "crop:"+strconv.FormatFloat(least, 'g', 4, 64), "%s is too tall for %s.", c.m.Name, c.s.Label)
	}
	if most := c.rule.MaxAspect; most > 0 && ratio > most {
		c.say("media_ratio", "crop:"+strconv.FormatFloat(most, 'g', 4, 64), "%s is too wide for %s.", c.m.Name, c.s.Label)
	}
}

func (c *fileCheck) length() {
	if most := c.rule.MaxLength; most > 0 && c.m.Length > most {
		c.say("media_too_long", "cut", "%s lasts %s; %s takes %s.", c.m.Name, c.m.Length.Round(time.Second), c.s.Label, most)
	}
	if least := c.rule.MinLength; least > 0 && c.m.Length > 0 && c.m.Length < least {
		c.say("media_too_short", "exclude", "%s lasts %s; %s needs %s.", c.m.Name, c.m.Length.Round(time.Second), c.s.Label, least)
	}
	if c.rule.FPS > 0 && c.m.FPS > c.rule.FPS {
		c.say("media_fps", "convert:video/mp4", "%s has %d pictures a second; %s takes %d.", c.m.Name, c.m.FPS, c.s.Label, c.rule.FPS)
	}
	if len(c.rule.Codecs) > 0 && c.m.Codec != "" && !slices.Contains(c.rule.Codecs, c.m.Codec) {
		c.say("media_codec", "convert:video/mp4", "%s takes no %s video.", c.s.Label, c.m.Codec)
	}
}

func (c *fileCheck) alt() {
	if c.rule.Alt == NoAlt || c.rule.Alt == (Num{}) {
		return
	}
	if most := int(c.rule.Alt.In(c.facts)); text.Graphemes.Length(c.m.Alt, 0) > most {
		c.at += ".alt"
		c.say("alt_too_long", "alt", "The alt text is longer than the %d that %s takes.", most, c.s.Label)
		return
	}
	if strings.TrimSpace(c.m.Alt) == "" && (c.rule.Type == Image || c.rule.Type == GIF) {
		c.out = append(c.out, Trouble{Code: "alt_missing", Field: c.at + ".alt", Fix: "alt", Severity: Warn, Words: "Without alt text, people who can't see the picture don't know what it shows."})
	}
}

// size says a number of bytes the way people do.
func size(n int64) string {
	for _, u := range []struct {
		unit string
		of   int64
	}{{"GB", 1 << 30}, {"MB", 1 << 20}, {"KB", 1 << 10}} {
		if n >= u.of {
			return strconv.FormatFloat(float64(n)/float64(u.of), 'f', 1, 64) + " " + u.unit
		}
	}
	return strconv.FormatInt(n, 10) + " bytes"
}
