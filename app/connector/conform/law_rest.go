package conform

import (
	"context"
	"fmt"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"go.uber.org/goleak"

	"github.com/omniposto/omniposto/app/connector"
)

// thread: three parts and a first comment; the third part breaks after it was accepted; each stands under the one before.
func thread(s *suite) {
	for _, c := range s.scenes() {
		for _, role := range []connector.Role{connector.Reply, connector.Comment} {
			if !slices.Contains(c.kind.Roles, role) {
				s.checked()
				continue
			}
			s.threadOf(c, role)
		}
	}
}

func (s *suite) threadOf(c scene, role connector.Role) {
	where := c.String() + "/" + string(role)
	b := s.bench(c.account)
	defer b.close()
	first := b.asPost(b.draft(b.opening(c.kind)))
	var receipts []connector.Receipt
	parts := 3
	if role == connector.Comment {
		parts = 2
	}
	for part := range parts {
		d := first
		if part > 0 {
			d = b.draft(c.kind)
			d.Role = role
			d.Parent, d.Root = &receipts[part-1], &receipts[0]
		}
		var plan func(n int) fault
		if part == parts-1 {
			probe := b.commitOf(c, d)
			plan = only(b.wire.n+probe, fault{kind: acceptedAndDropped})
		}
		l, before := s.playOn(b, b.life(d), func(b *bench, _ *life) { b.wire.plan = plan })
		if !s.once(fmt.Sprintf("%s/part %d", where, part), l, before, mayAsk(c.kind) && part == parts-1) || l.state != published {
			return
		}
		if part > 0 {
			seen := b.more(before)[0]
			s.is(seen.Parent == receipts[part-1].ID, where, "part %d stands under %q, not under %q", part, seen.Parent, receipts[part-1].ID)
		}
		b.known[l.receipt.ID] = true
		receipts = append(receipts, l.receipt)
		b.clock.Advance(time.Second)
	}
}

// commitOf is the number of requests before the commit of such a draft, counted elsewhere.
func (b *bench) commitOf(c scene, d connector.Draft) int {
	other := b.s.bench(c.account)
	defer other.close()
	parent := other.life(other.asPost(other.draft(other.opening(c.kind)))).run()
	d.Parent, d.Root = &parent.receipt, &parent.receipt
	d.Channel = other.channel
	l := other.life(d).run()
	var steps []string
	for _, t := range l.trace {
		steps = append(steps, t.Step)
	}
	k, _ := other.spec.Kind(d.Kind)
	return commitAt(k, steps)
}

// onlyDeclaredHosts: calls go where the Spec says, and a redirect leads nowhere.
func onlyDeclaredHosts(s *suite) {
	for _, c := range s.scenes() {
		from, steps := s.requests(c)
		l, _ := s.play(c, nil)
		allowed := l.b.hosts()
		for _, e := range l.b.wire.seen {
			if e.method != "FEED" && e.host != "" {
				s.is(allowed(e.host), c.String(), "a call went to %q", e.host)
			}
		}
		s.is(len(l.b.wire.abroad) == 0, c.String(), "dialled were %v", l.b.wire.abroad)
		l.b.close()
		for i := range steps {
			for _, status := range []int{301, 302, 307, 308} {
				away := fault{kind: answered, status: status, header: map[string]string{"Location": "http://elsewhere.test/"}}
				l, before := s.play(c, func(b *bench, _ *life) { b.wire.plan = only(from+i, away) })
				where := fmt.Sprintf("%s/%s/%d", c, steps[i], status)
				s.is(len(l.b.wire.abroad) == 0, where, "the redirect was followed to %v", l.b.wire.abroad)
				s.is(len(l.b.more(before)) <= 1, where, "%d are visible", len(l.b.more(before)))
				l.b.close()
			}
		}
	}
}

// hosts says which hosts the Spec allows for this channel.
func (b *bench) hosts() func(string) bool {
	var names, patterns []string
	for _, h := range b.spec.Hosts {
		at := h.Base
		switch {
		case h.Field != "":
			at = b.channel.Fields[h.Field]
		case h.More != "":
			at = b.channel.More[h.More]
		case h.Secret != "":
			b.box.get().Extra[h.Secret].Use(func(p string) { at = p })
		case h.Pattern != "":
			patterns = append(patterns, strings.TrimPrefix(h.Pattern, "*"))
		}
		listed := strings.Fields(b.channel.More[h.List] + " " + b.channel.Fields[h.List])
		for _, at := range append(listed, at) {
			if u, err := url.Parse(at); err == nil && u.Host != "" {
				names = append(names, u.Host)
			}
		}
	}
	return func(host string) bool {
		return slices.Contains(names, host) || slices.ContainsFunc(patterns, func(p string) bool { return strings.HasSuffix(host, p) })
	}
}

// secretsStaySecret: no token, password or secret address in what is kept or shown, not even when the platform or the
// network repeats it.
func secretsStaySecret(s *suite) {
	for _, c := range s.scenes() {
		from, steps := s.requests(c)
		probe := s.bench(c.account)
		canaries := probe.secrets()
		probe.close()
		echo := fault{kind: answered, status: 400, header: map[string]string{"Content-Type": "application/json"}, body: []byte(fmt.Sprintf(
			`{"error":%q,"message":%q,"description":%q}`, strings.Join(canaries, " "), strings.Join(canaries, " "), url.QueryEscape(strings.Join(canaries, " "))))}
		for i := range steps {
			for _, f := range []fault{{}, echo, {kind: refusedDial}, {kind: acceptedAndDropped}, {kind: halfBody}} {
				l, _ := s.play(c, func(b *bench, _ *life) { b.wire.plan = only(from+i, f) })
				s.shownBy(fmt.Sprintf("%s/%s", c, steps[i]), l)
				l.b.close()
			}
		}
	}
}

func (s *suite) shownBy(where string, l *life) {
	var shown strings.Builder
	fmt.Fprintf(&shown, "%+v\n%+v\n%+v\n%v\n", l.receipt, l.trace, l.b.channel, l.b.traces)
	for _, o := range l.outs {
		fmt.Fprintf(&shown, "%+v\n%v\n", o, o.Err)
	}
	fmt.Fprintf(&shown, "%+v %#v", l.b.box.get(), l.b.app)
	for _, secret := range l.b.secrets() {
		for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret)} {
			s.is(!strings.Contains(shown.String(), form), where, "a secret is shown")
		}
	}
}

// cancelStops: after the context ends nothing new leaves, and nothing goes on running.
func cancelStops(s *suite) {
	for _, c := range s.scenes() {
		_, steps := s.requests(c)
		for i := range steps[:commitIn(steps)+1] {
			s.cancelAt(c, i, i == commitIn(steps), steps[i])
		}
	}
}

func (s *suite) cancelAt(c scene, i int, commit bool, step string) {
	where := fmt.Sprintf("%s/%s (request %d)", c, step, i)
	still := goleak.IgnoreCurrent()
	b := s.bench(c.account)
	l := b.life(b.follow(b.draft(c.kind)))
	before := b.platform.Visible()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	l.ctx = ctx
	at := b.wire.n + i
	b.wire.before = func(n int) {
		if n == at {
			cancel()
		}
	}
	for range 50 {
		out := connector.Walk(ctx, b.pub, l.draft, l.grip())
		l.outs = append(l.outs, out)
		if out.End != connector.EndPoll {
			break
		}
		b.clock.Advance(max(out.Until.Sub(b.clock.Now()), time.Second))
	}
	s.is(l.outs[len(l.outs)-1].End == connector.EndStopped, where, "the walk ended as %s", l)
	s.is(len(b.more(before)) == 0, where, "something is visible")
	s.is(b.wire.n <= at+1, where, "%d requests came after the end", b.wire.n-at-1)
	b.wire.before = nil
	b.close()
	if err := goleak.Find(still); err != nil {
		s.fail(where, "something still runs: %.300v", err.Error())
	}
}

// streamsMedia: the largest file that the connector takes, up to 256 MiB, passes without being held; and one of each
// other type, up to 4 MiB.
func streamsMedia(s *suite) {
	var largest scene
	at, size := -1, int64(0)
	done := map[connector.MediaType]bool{}
	for _, c := range s.scenes() {
		for i, r := range c.kind.Media {
			if r.ByURL || r.ByID {
				continue
			}
			n := s.sizeOf(c, r)
			if n > size {
				largest, at, size = c, i, n
			}
			if !done[r.Type] {
				done[r.Type] = true
				s.streamOf(c, i, min(n, 4<<20))
			}
		}
	}
	if at >= 0 {
		s.streamOf(largest, at, size)
	}
}

// sizeOf is the largest file of a rule that is tried.
func (s *suite) sizeOf(c scene, r connector.MediaRule) int64 {
	b := s.bench(c.account)
	defer b.close()
	size := int64(largestFile)
	for _, most := range []int64{r.MaxBytes.In(b.channel.Facts), r.MaxTotalBytes.In(b.channel.Facts)} {
		if most > 0 {
			size = min(size, most)
		}
	}
	return size
}

func (s *suite) streamOf(c scene, rule int, size int64) {
	b := s.bench(c.account)
	defer b.close()
	r := c.kind.Media[rule]
	d := b.draft(c.kind)
	d.Media = append([]connector.Media{b.file(r, 0)}, b.media(c.kind, max(0, int(c.kind.MinMedia.In(b.channel.Facts))-1))...)
	held := &watermark{from: heap()}
	d.Media[0].Size = size
	d.Media[0].File = held.watch(pattern{7, size})
	l, before := s.playOn(b, b.life(b.follow(d)), nil)
	where := fmt.Sprintf("%s/%s of %d bytes", c, r.Type, size)
	s.once(where, l, before, false)
	s.is(held.read.Load() >= size, where, "%d bytes were read", held.read.Load())
	bound := min(int64(16<<20), 6<<20+size/8)
	s.is(held.most.Load() < bound, where, "%d bytes were held at once", held.most.Load())
}

// watermark follows how much memory is held while a file is read.
type watermark struct {
	from       int64
	read, most atomic.Int64
	next       atomic.Int64
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc) //nolint:gosec // far below
}

type watchedFile struct {
	pattern
	w *watermark
}

func (w *watermark) watch(p pattern) watchedFile { return watchedFile{p, w} }

// ReadAt implements io.ReaderAt. Every few MiB it collects and looks what is still held.
func (f watchedFile) ReadAt(to []byte, at int64) (int, error) {
	n, err := f.pattern.ReadAt(to, at)
	if f.w.read.Add(int64(n)) >= f.w.next.Load() {
		f.w.next.Add(max(f.size/6, 1<<20))
		f.w.most.Store(max(f.w.most.Load(), heap()-f.w.from))
	}
	return n, err
}

// hostile are answers that no honest platform gives.
func hostile() map[string]fault {
	json := map[string]string{"Content-Type": "application/json"}
	return map[string]fault{
		"5 MB of JSON":      {kind: acceptedThen, status: 200, header: json, body: []byte(`{"id":"` + strings.Repeat("x", 5<<20) + `"}`)},
		"5 MB of refusal":   {kind: answered, status: 422, header: json, body: []byte(`{"error":"` + strings.Repeat("x", 5<<20) + `"}`)},
		"deep nesting":      {kind: acceptedThen, status: 200, header: json, body: []byte(strings.Repeat(`[`, 200000))},
		"deep objects":      {kind: answered, status: 400, header: json, body: []byte(strings.Repeat(`{"a":`, 50000))},
		"other types":       {kind: acceptedThen, status: 200, header: json, body: []byte(`{"id":{"a":[1]},"ok":"perhaps","result":7,"blob":[],"uri":3,"url":{}}`)},
		"null":              {kind: acceptedThen, status: 200, header: json, body: []byte(`null`)},
		"an empty list":     {kind: acceptedThen, status: 200, header: json, body: []byte(`[]`)},
		"nothing":           {kind: acceptedThen, status: 200, header: json},
		"binary":            {kind: acceptedThen, status: 200, body: []byte("\x00\x01\xff\xfe\x1f\x8b")},
		"a long header":     {kind: answered, status: 400, header: map[string]string{"X-Long": strings.Repeat("h", 60<<10)}},
		"control signs":     {kind: answered, status: 400, header: json, body: []byte(`{"error":"\u0000\u001b[31m\u202e<script>alert(1)</script>"}`)},
		"a status of 999":   {kind: answered, status: 999},
		"an absurd instant": {kind: answered, status: 429, header: map[string]string{"Retry-After": "99999999999999", "X-RateLimit-Reset": "9999-12-31T23:59:59Z"}},
		"a past instant":    {kind: answered, status: 429, header: map[string]string{"Retry-After": "-5", "X-RateLimit-Reset": "1970-01-01T00:00:00Z"}},
	}
}

// hostileAnswers are bounded and classed, and it is still once.
func hostileAnswers(s *suite) {
	answers := hostile()
	for _, c := range s.scenes() {
		from, steps := s.requests(c)
		for i := range steps {
			for name, f := range answers {
				l, before := s.play(c, func(b *bench, _ *life) { b.wire.plan = only(from+i, f) })
				where := fmt.Sprintf("%s/%s (request %d)/%s", c, steps[i], i, name)
				s.is(l.state == published || l.state == failed || l.state == asking, where, "it didn't come to an end: %s", l)
				s.is(len(l.b.more(before)) <= 1, where, "%d are visible", len(l.b.more(before)))
				if f.kind == acceptedThen {
					s.is(l.state != failed || i < commitIn(steps), where, "a lost receipt became a refusal: %s", l)
				}
				for _, o := range l.outs {
					s.is(len(o.Words) < 2100 && !strings.ContainsAny(o.Words, "\x00\x1b\u202e"), where, "the words are %.60q", o.Words)
				}
				l.b.close()
			}
		}
	}
}
