package conform

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/omniposto/omniposto/app/connector"
)

// specIsComplete: what is declared is all there, and is what is implemented.
func specIsComplete(s *suite) {
	pub := s.pub()
	spec := pub.Spec()
	s.is(spec.ID != "" && spec.Label != "" && spec.Preview != "", "spec", "id, label or preview is missing")
	s.is(len(spec.Kinds) > 0, "spec", "there are no kinds")
	s.is(len(spec.Connect) > 0, "spec", "there is no way to connect")
	have := connector.PowersOf(pub)
	s.is(slices.Equal(sorted(have), sorted(spec.Powers)), "powers", "declared are %v, implemented %v", spec.Powers, have)
	for _, k := range spec.Kinds {
		s.kindIsComplete(pub, spec, k)
	}
	for _, c := range spec.Connect {
		s.is(c.Way != "" && c.Kind != "" && c.Label != "" && c.Help != "", "connect", "way %q lacks kind, label or help", c.Way)
		for _, f := range c.Fields {
			s.is(f.Label != "" && f.Help != "", "connect/"+c.Way, "field %s lacks label or help", f.Name)
		}
	}
	s.formIsComplete("settings", spec.Settings)
	for i, f := range spec.Failures {
		s.rowIsComplete(fmt.Sprintf("failures.%d", i), f)
	}
}

func sorted[T ~string](list []T) []T { out := slices.Clone(list); slices.Sort(out); return out }

func (s *suite) kindIsComplete(pub connector.Publisher, spec *connector.Spec, k connector.Kind) {
	where := "kind " + k.ID
	s.is(k.ID != "" && k.Label != "", where, "id or label is missing")
	s.is(len(k.Steps) > 0, where, "no steps are declared")
	s.is(k.Text.Count != "" || k.Media != nil, where, "it takes neither text nor files")
	s.is(k.Once.By != "" && k.Once.Why != "", where, "it doesn't say how it stays at one, and why")
	_, lists := pub.(connector.Lister)
	_, looks := pub.(connector.Looker)
	once := k.Once
	s.is(once.By != connector.Lookup || lists, where, "lookup needs a Lister")
	s.is(once.By != connector.Handle || looks, where, "handle needs a Looker")
	s.is(once.By != connector.Native || once.Life > 0, where, "a native key has a life")
	s.is(once.By != connector.Native || once.Life == connector.Forever || once.Then != "", where, "a native key grows old: Then is missing")
	s.is(once.Then != connector.Lookup || lists, where, "Then is lookup, which needs a Lister")
	for _, way := range k.Via {
		_, ok := spec.Way(way)
		s.is(ok, where, "there is no way %q", way)
	}
	for _, r := range k.Media {
		s.is(r.Type != "" && r.Alt != (connector.Num{}), where, "a rule lacks its type or says nothing about alt text")
		s.is(len(r.MIME) > 0 || r.MIMEFrom != "", where, "the rule for %s lists no types of file", r.Type)
	}
}

func (s *suite) formIsComplete(where string, form connector.Form) {
	seen := map[string]bool{}
	for _, f := range form {
		s.is(f.Name != "" && f.Label != "", where, "field %q lacks its label", f.Name)
		s.is(!seen[f.Name], where, "there are two fields %q", f.Name)
		seen[f.Name] = true
		if f.When != nil {
			_, ok := form.Field(f.When.Field)
			s.is(ok, where, "%s depends on %s, which isn't there", f.Name, f.When.Field)
		}
		s.formIsComplete(where+"."+f.Name, f.Items)
	}
}

func (s *suite) rowIsComplete(where string, f connector.Failure) {
	s.is(f.Class != "", where, "the row has no class")
	s.is(f.Sample != "", where, "the row has no sample")
	if f.Sample != "" {
		_, err := os.Stat(filepath.Join(s.samples, f.Sample))
		s.is(err == nil, where, "the sample %s can't be read", f.Sample)
	}
}

// postsOnce: the least and the most of each kind, once, with exactly the declared steps.
func postsOnce(s *suite) {
	for _, c := range s.scenes() {
		for _, size := range []string{"least", "most"} {
			b := s.bench(c.account)
			d := b.least(c.kind)
			if size == "most" {
				d = b.most(c.kind)
			}
			where := c.String() + "/" + size
			l := b.life(b.follow(d))
			s.is(len(blockers(b.spec.Check(&l.draft))) == 0, where, "Check refuses it: %v", b.spec.Check(&l.draft))
			l, before := s.playOn(b, l, nil)
			if s.once(where, l, before, false) {
				s.same(where, l, b.more(before)[0])
			}
			s.stepsAreDeclared(where, c.kind, l, size == "most")
			b.close()
		}
	}
}

func blockers(list []connector.Trouble) []connector.Trouble {
	return slices.DeleteFunc(slices.Clone(list), func(t connector.Trouble) bool { return t.Severity != connector.Block })
}

// stepsAreDeclared: the most walks all of them, the least an ordered part that ends in the commit.
func (s *suite) stepsAreDeclared(where string, k connector.Kind, l *life, all bool) {
	var walked []string
	for _, name := range l.order {
		if base, _, ok := strings.Cut(name, "."); ok {
			name = base + "…"
		}
		if len(walked) == 0 || walked[len(walked)-1] != name {
			walked = append(walked, name)
		}
	}
	declared := make([]string, len(k.Steps))
	for i, name := range k.Steps {
		declared[i] = strings.TrimSuffix(name, "?")
	}
	at := 0
	for _, name := range walked {
		i := slices.Index(declared[at:], name)
		if !s.is(i >= 0, where, "step %s isn't declared there: %v of %v", name, walked, k.Steps) {
			return
		}
		for _, left := range k.Steps[at : at+i] {
			s.is(!all || strings.HasSuffix(left, "?"), where, "step %s wasn't walked: %v of %v", left, walked, k.Steps)
		}
		at += i + 1
	}
	s.is(at == len(k.Steps), where, "the last step walked isn't the commit: %v of %v", walked, k.Steps)
}

// limitAndOneOver: Check and platform take the longest and refuse one more, alike.
func limitAndOneOver(s *suite) {
	for _, c := range s.scenes() {
		if c.kind.Text.Count != "" && (c.kind.Text.Max != (connector.Num{}) || c.kind.Text.MaxBytes > 0) {
			for _, a := range alphabets {
				s.textLimit(c, a.name, a.sign)
			}
			s.linkLimit(c)
		}
		s.mediaLimit(c)
	}
}

func (s *suite) textLimit(c scene, name, sign string) {
	for over := range 2 {
		b := s.bench(c.account)
		d := b.draft(c.kind)
		d.Text = b.long(c.kind, sign, over)
		s.tryLimit(fmt.Sprintf("%s/text/%s/%d over", c, name, over), b, d, over > 0)
	}
}

// linkLimit: a text with a long link is as long for the platform as the Spec says.
func (s *suite) linkLimit(c scene) {
	for over := range 2 {
		b := s.bench(c.account)
		d := b.draft(c.kind)
		d.Text = b.longAfter(c.kind, fmt.Sprintf("%d https://example.com/%s ", s.nextSerial(), strings.Repeat("p", 60)), "a", over)
		s.tryLimit(fmt.Sprintf("%s/link/%d over", c, over), b, d, over > 0)
	}
}

// tryLimit asks Check and the platform for the same draft.
func (s *suite) tryLimit(where string, b *bench, d connector.Draft, over bool) {
	defer b.close()
	l := b.life(b.follow(d))
	l.unjudged = true
	wrong := len(blockers(b.spec.Check(&l.draft))) > 0
	s.is(wrong == over, where, "Check says %v", b.spec.Check(&l.draft))
	l, before := s.playOn(b, l, nil)
	if !over {
		s.once(where, l, before, false)
		return
	}
	last := connector.Outcome{}
	if len(l.outs) > 0 {
		last = l.outs[len(l.outs)-1]
	}
	s.is(l.state == failed && last.Class == connector.Rejected, where, "the platform should refuse it: %s", l)
	s.is(last.Words != "", where, "nobody is told why")
	s.is(len(b.more(before)) == 0, where, "it is visible")
}

// mediaLimit: one file more, one byte more, one sign of alt text more.
func (s *suite) mediaLimit(c scene) {
	if c.kind.Media == nil || c.kind.Spill {
		return
	}
	if c.kind.MaxMedia != connector.Any {
		b := s.bench(c.account)
		d := b.draft(c.kind)
		d.Media = b.media(c.kind, b.maxFiles(c.kind)+1)
		s.tryLimit(c.String()+"/files/1 over", b, d, true)
	}
	for i, r := range c.kind.Media {
		where := fmt.Sprintf("%s/%s", c, r.Type)
		b := s.bench(c.account)
		if r.Alt != connector.NoAlt {
			d := b.draft(c.kind)
			d.Media = []connector.Media{b.file(r, i)}
			d.Media = append(d.Media, b.media(c.kind, max(0, int(c.kind.MinMedia.In(b.channel.Facts))-1))...)
			d.Media[0].Alt = b.alt(c.kind, &d.Media[0], 1)
			s.is(len(blockers(b.spec.Check(&d))) > 0, where+"/alt/1 over", "Check takes it")
		}
		if most := r.MaxBytes.In(b.channel.Facts); most > 0 {
			d := b.draft(c.kind)
			d.Media = []connector.Media{b.file(r, i)}
			d.Media[0].Size = most + 1
			s.is(len(blockers(b.spec.Check(&d))) > 0, where+"/size/1 over", "Check takes it")
		}
		b.close()
	}
}
