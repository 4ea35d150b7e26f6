package conform

import (
	"io"
	"slices"
	"strings"

	"github.com/omniposto/omniposto/app/base/outbound"
	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/fake"
)

var errEnd = io.EOF

var limits = outbound.Limits{}

// more are the posts that are visible now and weren't before, without a stranger's.
func (b *bench) more(before []fake.Post) []fake.Post {
	var out []fake.Post
	for _, p := range b.platform.Visible() {
		if p.ID != b.stranger && !slices.ContainsFunc(before, func(q fake.Post) bool { return q.ID == p.ID }) {
			out = append(out, p)
		}
	}
	return out
}

// once is the law of this package.
func (s *suite) once(where string, l *life, before []fake.Post, mayAsk bool) bool {
	seen := l.b.more(before)
	if mayAsk && l.state == asking {
		return s.is(len(seen) <= 1, where, "a person is asked and %d are visible: %s", len(seen), l)
	}
	ok := s.is(l.state == published, where, "it isn't published: %s", l)
	ok = s.is(len(seen) == 1, where, "%d are visible: %s", len(seen), l) && ok
	if ok && l.draft.Role != connector.Finish {
		k, _ := l.b.spec.Kind(l.draft.Kind)
		want := seen[0].ID
		if k.NoID != "" {
			want = l.draft.Key
		}
		ok = s.is(l.receipt.ID == want, where, "the receipt names %q, visible is %q", l.receipt.ID, want)
		s.is(l.receipt.Permalink != "" || l.b.channel.URL == "", where, "the receipt has no permalink")
		s.is(!l.receipt.At.IsZero(), where, "the receipt has no time")
	}
	return ok
}

// same says that what is visible is what was sent.
func (s *suite) same(where string, l *life, p fake.Post) {
	s.is(strings.Contains(counted(p.Text), counted(l.draft.Text)), where, "the text that is visible is %.80q, sent was %.80q", p.Text, l.draft.Text)
	if !s.is(len(p.Files) == len(l.draft.Media), where, "%d files are visible, %d were sent", len(p.Files), len(l.draft.Media)) {
		return
	}
	k, _ := l.b.spec.Kind(l.draft.Kind)
	for i, f := range p.Files {
		m := &l.draft.Media[i]
		size, sum, _ := fake.Measure(m.All())
		rule := ruleOf(k, m)
		if !rule.ByURL && !rule.ByID {
			s.is(f.Size == size && f.Sum == sum, where, "file %d isn't the one that was sent", i)
		}
		if rule.Alt != connector.NoAlt && rule.Alt != (connector.Num{}) {
			s.is(f.Alt == m.Alt, where, "the alt text of file %d is %.40q, sent was %.40q", i, f.Alt, m.Alt)
		}
	}
}

func ruleOf(k connector.Kind, m *connector.Media) connector.MediaRule {
	for _, r := range k.Media {
		if r.Type == m.Type {
			return r
		}
	}
	return connector.MediaRule{}
}

// mayAsk says that the kind leaves doubt to a person.
func mayAsk(k connector.Kind) bool {
	return k.Once.By == connector.Ask || k.Once.Then == connector.Ask
}

// play runs one fresh delivery of a scene and gives it with what was visible before.
func (s *suite) play(c scene, prepare func(b *bench, l *life)) (*life, []fake.Post) {
	b := s.bench(c.account)
	l := b.life(b.follow(b.draft(c.kind)))
	return s.playOn(b, l, prepare)
}

func (s *suite) playOn(b *bench, l *life, prepare func(b *bench, l *life)) (*life, []fake.Post) {
	before := b.platform.Visible()
	if prepare != nil {
		prepare(b, l)
	}
	l.run()
	b.wire.plan = nil
	return l, before
}

// requests is how many requests a plain delivery of a scene makes, with the step of each; the commit's is the last. What
// comes after it is a look at what became of it.
func (s *suite) requests(c scene) (from int, steps []string) {
	l, _ := s.play(c, func(b *bench, _ *life) { from = b.wire.n })
	defer l.b.close()
	for i := from; i < l.b.wire.n; i++ {
		steps = append(steps, "")
	}
	for i, t := range l.trace {
		if i < len(steps) {
			steps[i] = t.Step
		}
	}
	return from, steps[:commitAt(c.kind, steps)+1]
}

// commitAt is the place of the commit among the steps of requests; the last where none of them is named so.
func commitAt(k connector.Kind, steps []string) int {
	for i := len(steps) - 1; i >= 0 && len(k.Steps) > 0; i-- {
		if steps[i] == k.Steps[len(k.Steps)-1] {
			return i
		}
	}
	return len(steps) - 1
}

// commitIn is the place of the commit among the steps of the requests: only looks at what was accepted come after it.
func commitIn(steps []string) int {
	for i, name := range slices.Backward(steps) {
		if name != "look" {
			return i
		}
	}
	return len(steps) - 1
}
