package publish

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/delivery"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
	"github.com/omniposto/omniposto/store/memory"
)

// The four profiles of a seed.
const (
	everything = iota
	restless   // a clock that jumps often, on native and lookup
	twins      // the same words again and again, on channels that must be looked at
	standing   // nodes that often stand still
)

var epoch = time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC)

const (
	storm    = 6 * time.Hour      // how long things go wrong
	patience = 4 * 24 * time.Hour // how long everything may take to come to an end afterwards
)

// flaw is a planted bug; the zero value is none.
type flaw struct {
	noIntent, blindRetry, refused5xx, noSettle, leaseIgnored, knownIgnored, torn, keyForEver, noTwins, noFence, noLastLook,
	unproven, ownAge, ownSettle, gone, fastClock, orphan, untold, asleep, gap, noLimit bool
	profile int // where it is looked for; 0: all
}

// world is one simulated installation: stores, nodes, platforms and people.
type world struct {
	sched
	seed    uint64
	profile int
	flaw    flaw
	twoNode bool

	offset  time.Duration // the store's wall clock against true time
	jumpAt  []time.Duration
	db      *store.DB
	tables  []store.AnyTable
	del     *delivery.Deliveries
	nodes   []*simNode
	made    int // nodes ever
	crashes int // per million and place
	faults  bool

	channels []*simChannel
	posts    []*simPost
	byID     map[ref.Delivery]*simPost
	pending  []move
	broken   string
	count    struct{ crashes, jumps, commits, stops int }
}

// wall is the store's clock.
func (w *world) wall() time.Time { return epoch.Add(w.now + w.offset) }

// latency is a short while.
func (w *world) latency(most time.Duration) time.Duration { return w.between(most/10, most) }

// breaks notes the first law that doesn't hold.
func (w *world) breaks(law, format string, args ...any) {
	if w.broken == "" {
		w.broken = fmt.Sprintf("%s at %s: %s", law, w.now, fmt.Sprintf(format, args...))
	}
}

// simulate runs one seed and returns the law it broke, if any.
func simulate(seed uint64, f flaw) *world {
	w := newWorld(seed, f)
	defer w.end()
	w.populate()
	for i := range w.nodeCount() {
		w.boot(i)
	}
	w.spawn(nil, w.person)
	w.spawn(nil, w.weather)
	if f.leaseIgnored || f.asleep || f.gone {
		w.spawn(nil, w.vandal)
	}
	for w.turn(storm) {
	}
	w.calm()
	for end := storm; w.broken == "" && !w.quiet(); {
		if end += 10 * time.Minute; end > storm+patience {
			w.breaks("L11", "%s", w.restless())
		}
		for w.turn(end) {
		}
	}
	if w.broken == "" {
		w.finalLaws()
	}
	return w
}

// turn is a step of a world in which no law is broken yet. One that never comes to rest spins.
func (w *world) turn(end time.Duration) bool {
	if w.steps > 500_000 {
		w.breaks("L11", "the world spins; %s", w.restless())
	}
	return w.broken == "" && w.step(end)
}

func newWorld(seed uint64, f flaw) *world {
	w := &world{seed: seed, flaw: f, byID: map[ref.Delivery]*simPost{}, faults: true}
	w.dice = dice(seed * 0x9e3779b97f4a7c15)
	w.twoNode = seed%2 == 1
	w.profile = int(seed / 2 % 4) //nolint:gosec // below 4
	if f.profile != 0 {
		w.profile = f.profile
	}
	w.crashes = []int{0, 2_000, 10_000, 30_000}[w.below(4)]
	w.del = delivery.New(delivery.Deps{Told: w.told})
	w.tables = delivery.Tables()
	var err error
	w.db, err = store.Open(context.Background(), memory.New(w.wall), w.tables...)
	if err != nil {
		panic(err)
	}
	return w
}

func (w *world) nodeCount() int {
	if w.twoNode {
		return 2
	}
	return 1
}

// id makes the nth id of its kind: time-sortable ids would bring in randomness.
func id[T ~[16]byte](n int) (v T) {
	binary.BigEndian.PutUint64(v[8:], uint64(n)) //nolint:gosec // counts
	return v
}

// boot starts node i as a new incarnation.
func (w *world) boot(i int) {
	w.made++
	n := &simNode{w: w, number: i, name: fmt.Sprintf("node %d", i), stoodAt: -1}
	if w.twoNode {
		n.skew = w.between(0, 4*time.Second) - 2*time.Second
	}
	for len(w.nodes) <= i {
		w.nodes = append(w.nodes, nil)
	}
	w.nodes[i] = n
	n.runner = New(Deps{Store: simStore{w, n}, Deliveries: w.del, Source: simSource{w}, Clock: clock.NewManual(epoch), Host: n,
		Walker: simWalker{w, n}, Name: n.name, Node: id[ref.Node](w.made), Alone: !w.twoNode, Workers: 4,
		Jitter: func() int { return w.below(401) - 200 }})
	n.asked = &request{Context: context.Background()}
	t := w.spawn(n, func() {
		err := n.runner.Run(n.asked)
		if n.asked.err == nil {
			w.breaks("run", "%v", err)
		}
		w.crash(n) // the process ends; whatever it still held is a lease for the next run
	})
	t.main = true
}

// request is a context that ends where and when the seed says, in the task that ends it.
type request struct {
	context.Context
	err   error
	after []func()
}

func (r *request) Err() error { return r.err }

// AfterFunc is what context.AfterFunc calls.
func (r *request) AfterFunc(fn func()) func() bool {
	r.after = append(r.after, fn)
	return func() bool { return true }
}

// stop asks a node to end in good order.
func (n *simNode) stop() {
	n.asked.err = context.Canceled
	for _, fn := range n.asked.after {
		fn()
	}
}

// crash kills the node where it stands; a new incarnation comes up after a while.
func (w *world) crash(n *simNode) {
	w.count.crashes++
	w.kill(n)
	for _, p := range w.posts {
		p.calls = ended(p.calls, n, w.now)
	}
	w.spawn(nil, func() {
		w.await(w.between(time.Second, time.Minute))
		w.boot(n.number)
	})
}

// weather is what happens to machines: clocks jump, nodes stand still.
func (w *world) weather() {
	gap := 50 * time.Minute
	if w.profile == restless {
		gap = 9 * time.Minute
	}
	if w.profile == standing {
		gap = 5 * time.Minute
	}
	for w.faults {
		w.await(w.between(gap/2, gap*3/2))
		if !w.faults {
			return
		}
		n := w.nodes[w.below(len(w.nodes))]
		switch {
		case w.profile == restless || w.below(3) == 0:
			w.jump()
		case w.twoNode && !n.dead:
			n.pause(w.between(time.Second, 4*time.Minute))
		case n.dead || n.asked.err != nil:
		case w.below(2) == 0:
			n.stop()
			w.count.stops++
		case w.below(2) == 0:
			w.crash(n)
		}
	}
}

func (w *world) jump() {
	d := []time.Duration{100 * time.Second, 100 * time.Second, 3 * time.Minute, 3 * time.Hour}[w.below(4)]
	times := 1
	if w.profile == restless {
		times += w.below(3)
	}
	if w.below(2) == 0 {
		d = -d
	}
	for range times {
		w.count.jumps++
		w.offset += d
		w.jumpAt = append(w.jumpAt, w.now)
		w.await(w.between(time.Second, time.Minute))
	}
}

// jumped says whether the clock jumped in (from, to].
func (w *world) jumped(from, to time.Duration) bool {
	for _, at := range w.jumpAt {
		if at > from && at <= to {
			return true
		}
	}
	return false
}

// calm ends everything that goes wrong.
func (w *world) calm() {
	w.faults, w.crashes = false, 0
	for _, n := range w.nodes {
		n.pausedUntil = min(n.pausedUntil, w.now)
	}
}

// simSource opens a delivery's baggage: little more than which kind it is.
type simSource struct{ w *world }

func (s simSource) Open(_ context.Context, d delivery.Delivery) (Load, error) {
	s.w.cur.claim = d.Claim
	s.w.await(s.w.latency(5 * time.Millisecond))
	p := s.w.byID[d.ID]
	return Load{Connector: p.channel, Draft: connector.Draft{Kind: "post", Text: p.words}}, nil
}
