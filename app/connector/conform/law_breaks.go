package conform

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/fake"
)

// crashAnywhere: at every point the machine may die; after the restart it is once.
func crashAnywhere(s *suite) {
	for _, c := range s.scenes() {
		l, _ := s.play(c, nil)
		l.b.close()
		for at := range l.points {
			l, before := s.play(c, func(_ *bench, l *life) { l.crashAt = l.points + at })
			s.once(fmt.Sprintf("%s/point %d", c, at), l, before, mayAsk(c.kind))
			l.b.close()
		}
	}
}

// breaks are the faults that each request is given.
var breaks = []struct {
	name string
	f    fault
	left bool // the platform may have heard
}{
	{"refused dial", fault{kind: refusedDial}, false},
	{"dropped before", fault{kind: droppedBefore}, true},
	{"500 before", fault{kind: answered, status: 500, body: []byte("oops")}, true},
	{"503 before", fault{kind: answered, status: 503, body: []byte("<html>busy</html>")}, true},
	{"accepted and dropped", fault{kind: acceptedAndDropped}, true},
	{"500 after", fault{kind: acceptedThen, status: 500, body: []byte(`{"error":"Internal Server Error"}`)}, true},
	{"unreadable", fault{kind: acceptedThen, status: 200, body: []byte("<html>hello</html>")}, true},
	{"half body", fault{kind: halfBody}, true},
}

// faultAnywhere: every request is broken in every way, and it is once. What never left, or failed before the commit,
// ends published, also for kinds that ask.
func faultAnywhere(s *suite) {
	for _, c := range s.scenes() {
		from, steps := s.requests(c)
		for i := range steps {
			for _, f := range breaks {
				l, before := s.play(c, func(b *bench, _ *life) { b.wire.plan = only(from+i, f.f) })
				commit := i == commitIn(steps)
				where := fmt.Sprintf("%s/%s (request %d)/%s", c, steps[i], i, f.name)
				if s.once(where, l, before, mayAsk(c.kind) && commit && f.left) && l.state == published {
					s.same(where, l, l.b.more(before)[0])
				}
				l.b.close()
			}
		}
	}
}

// only breaks one request.
func only(n int, f fault) func(int) fault {
	return func(at int) fault {
		if at == n {
			return f
		}
		return fault{}
	}
}

// lostCommit accepts the commit, the last of the requests, and drops its answer. Before anybody looks, somebody posts
// something else.
func (s *suite) lostCommit(c scene) (plan func(b *bench)) {
	_, steps := s.requests(c)
	return func(b *bench) {
		commit := b.wire.n + commitIn(steps)
		b.wire.plan = func(n int) fault {
			if n == commit {
				return fault{kind: acceptedAndDropped}
			}
			if n > commit && b.stranger == "" {
				b.stranger = b.platform.ByHand("Something else by somebody else", 0).ID
			}
			return fault{}
		}
	}
}

// sameWordsTwice: the words stand there already, by hand or by ourselves; posted again with the commit lost, two are
// visible and the receipt names the second.
func sameWordsTwice(s *suite) {
	for _, c := range s.scenes() {
		lose := s.lostCommit(c)
		for _, by := range []string{"hand", "us"} {
			where := c.String() + "/" + by
			b := s.bench(c.account)
			first := b.follow(b.draft(c.kind))
			if by == "hand" {
				b.platform.ByHand(first.Text, len(first.Media))
			} else {
				l := b.life(first).run()
				b.known[l.receipt.ID] = true
			}
			second := first
			second.Key = fmt.Sprintf("%032x", b.s.nextSerial()*104729)
			b.clock.Advance(time.Minute)
			second.At = b.clock.Now()
			l, before := s.playOn(b, b.life(second), func(b *bench, _ *life) { lose(b) })
			if !s.refusedAsTwin(where, l, before) {
				s.once(where, l, before, mayAsk(c.kind))
			}
			b.close()
		}
	}
}

// refusedAsTwin: some platforms take the same words only once; then people are told, and one is visible.
func (s *suite) refusedAsTwin(where string, l *life, before []fake.Post) bool {
	last := l.outs[len(l.outs)-1]
	return l.state == failed && last.Class == connector.Duplicate && s.is(len(l.b.more(before)) == 0, where, "it was refused and is visible")
}

// keyTooOld: the doubt outlives the platform's memory of our key, and it is once.
func keyTooOld(s *suite) {
	for _, c := range s.scenes() {
		once := c.kind.Once
		if once.By != connector.Native || once.Life == connector.Forever {
			s.checked()
			continue
		}
		_, steps := s.requests(c)
		for _, age := range []time.Duration{once.Life/2 - time.Minute, once.Life / 2, once.Life + time.Hour} {
			l, before := s.play(c, func(b *bench, l *life) {
				commit := b.wire.n + commitIn(steps)
				b.wire.plan = func(n int) fault {
					if n == commit {
						return fault{kind: acceptedAndDropped}
					}
					if n > commit && b.stranger == "" {
						b.stranger = b.platform.ByHand("Something else by somebody else", 0).ID
					}
					if n > commit && b.clock.Now().Before(start.Add(age)) {
						b.clock.Set(start.Add(age))
						return fault{kind: answered, status: http.StatusServiceUnavailable}
					}
					return fault{}
				}
			})
			s.once(fmt.Sprintf("%s/%s", c, age), l, before, mayAsk(c.kind))
			l.b.close()
		}
	}
}

// expiredToken: at any request the token ends. With a Refresher: one refresh, then once; without: paused, nothing visible.
func expiredToken(s *suite) {
	for _, c := range s.scenes() {
		from, steps := s.requests(c)
		probe := s.bench(c.account)
		_, refreshes := probe.pub.(connector.Refresher)
		refreshes = refreshes && renewable(probe.spec, c.account.Way)
		d := probe.follow(probe.draft(c.kind)) // while its look-ups still answer
		probe.platform.EndAccess()
		l, _ := s.playOn(probe, probe.life(d), nil)
		ends := refreshes || l.state != published
		probe.close()
		if !ends {
			s.checked() // access to this platform doesn't end: an address, or nothing
			continue
		}
		for i := range steps {
			where := fmt.Sprintf("%s/%s (request %d)", c, steps[i], i)
			l, before := s.play(c, func(b *bench, _ *life) {
				b.wire.plan = func(n int) fault {
					if n == from+i && b.platform.Refreshes() == 0 {
						b.platform.EndAccess()
					}
					return fault{}
				}
			})
			if refreshes {
				s.once(where, l, before, false)
				s.is(l.b.platform.Refreshes() == 1, where, "%d refreshes: %s", l.b.platform.Refreshes(), l)
			} else {
				s.is(l.state == paused, where, "it should be paused: %s", l)
				s.is(len(l.b.more(before)) == 0, where, "something is visible")
			}
			l.b.close()
		}
		if refreshes {
			s.raceToRefresh(c)
		}
	}
}

// renewable says that a way's token can be refreshed: a pasted one can't, unless the way declares its life.
func renewable(spec *connector.Spec, way string) bool {
	c, _ := spec.Way(way)
	return c.Kind != connector.OAuth1 && (c.Kind != connector.PastedToken || c.Life != connector.Life{})
}

// raceToRefresh: eight walks meet the ended token at once; one refreshes, all publish.
func (s *suite) raceToRefresh(c scene) {
	const walks = 8
	b := s.bench(c.account)
	defer b.close()
	lives := make([]*life, walks)
	for i := range lives {
		lives[i] = b.life(b.follow(b.draft(c.kind)))
	}
	before := b.platform.Visible()
	b.platform.EndAccess()
	var all sync.WaitGroup
	for _, l := range lives {
		g := l.grip()
		all.Go(func() {
			out := connector.Walk(l.ctx, b.pub, l.draft, g)
			if out.End == connector.EndPoll || out.End == connector.EndNotAccepted {
				b.clock.Advance(time.Second)
				g.Token = b.box.get()
				out = connector.Walk(l.ctx, b.pub, l.draft, g)
			}
			l.outs = append(l.outs, out)
		})
	}
	all.Wait()
	for i, l := range lives {
		s.is(slices.Contains([]connector.Ended{connector.EndPublished, connector.EndUnderway, connector.EndPoll}, l.outs[0].End), c.String()+"/race", "walk %d: %s", i, l)
	}
	s.is(b.platform.Refreshes() == 1, c.String()+"/race", "%d refreshes", b.platform.Refreshes())
	s.is(len(b.more(before)) <= walks, c.String()+"/race", "%d are visible", len(b.more(before)))
}
