package publish

import (
	"iter"
	"time"
)

// dice is a seeded source of choices (splitmix64): the same seed gives the same run on every machine.
type dice uint64

func (d *dice) next() uint64 {
	*d += 0x9e3779b97f4a7c15
	z := uint64(*d)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func (d *dice) below(n int) int { return int(d.next() % uint64(n)) } //nolint:gosec // n is small and positive

// chance is true p times in a million.
func (d *dice) chance(p int) bool { return p > 0 && d.below(1_000_000) < p }

// between gives a duration in [from, to).
func (d *dice) between(from, to time.Duration) time.Duration {
	return from + time.Duration(d.next()%uint64(to-from)) //nolint:gosec // to is later
}

// task is a coroutine of the simulated world. It runs until it awaits; nothing else runs meanwhile.
type task struct {
	resume  func() (struct{}, bool)
	stop    func()
	yield   func(struct{}) bool
	readyAt time.Duration
	node    *simNode // nil: the world's own
	claim   int64    // under which claim a walk began, 0: no walk
	main    bool     // a runner's own loop
}

// killed unwinds a task whose node died.
type killed struct{}

// sched runs tasks one at a time, in an order that the seed decides.
type sched struct {
	dice
	now   time.Duration // true time
	tasks []*task
	cur   *task
	steps int
}

// spawn begins a task at the next turn.
func (s *sched) spawn(node *simNode, run func()) *task {
	t := &task{node: node, readyAt: s.now}
	t.resume, t.stop = iter.Pull(func(yield func(struct{}) bool) {
		t.yield = yield
		defer func() {
			if p := recover(); p != nil && p != (killed{}) {
				panic(p)
			}
		}()
		run()
	})
	s.tasks = append(s.tasks, t)
	return t
}

// await lets d pass for the running task. It is the only place where another may run.
func (s *sched) await(d time.Duration) {
	t := s.cur
	t.readyAt = s.now + d
	s.pass(t)
}

func (s *sched) pass(t *task) {
	if t.node != nil && t.node.dead || !t.yield(struct{}{}) {
		panic(killed{})
	}
}

// step runs one task that is ready, or lets time pass to the next; false: nothing is left before end.
func (s *sched) step(end time.Duration) bool {
	var pick *task
	ready, soonest := 0, end
	for _, t := range s.tasks {
		at := t.readyAt
		if t.node != nil && t.node.pausedUntil > at {
			at = t.node.pausedUntil
		}
		if at <= s.now {
			if ready++; ready == 1 || s.below(ready) == 0 {
				pick = t
			}
		} else if at < soonest {
			soonest = at
		}
	}
	if pick == nil {
		if s.now = soonest; soonest >= end {
			return false
		}
		return true
	}
	s.steps++
	s.cur = pick
	_, alive := pick.resume()
	s.cur = nil
	if !alive {
		s.drop(pick)
	}
	return true
}

func (s *sched) drop(gone *task) {
	for i, t := range s.tasks {
		if t == gone {
			s.tasks[i] = s.tasks[len(s.tasks)-1]
			s.tasks = s.tasks[:len(s.tasks)-1]
			return
		}
	}
}

// kill ends all tasks of a node; the running one, if it is among them, unwinds by itself.
func (s *sched) kill(n *simNode) {
	n.dead = true
	for i := len(s.tasks) - 1; i >= 0; i-- {
		if t := s.tasks[i]; t.node == n && t != s.cur {
			t.stop()
			s.drop(t)
		}
	}
}

// end stops whatever still waits, so that no coroutine is left behind.
func (s *sched) end() {
	for _, t := range s.tasks {
		t.stop()
	}
	s.tasks = nil
}

// simGate is a Gate of the simulated world.
type simGate struct {
	s      *sched
	open   bool
	waiter *task
}

func (g *simGate) Open() {
	g.open = true
	if g.waiter != nil && g.waiter.readyAt > g.s.now {
		g.waiter.readyAt = g.s.now
	}
}

func (g *simGate) wait(d time.Duration) {
	if g.open {
		d = 0
	}
	g.waiter = g.s.cur
	defer func() { g.waiter = nil }()
	g.s.await(max(d, 0))
	g.open = false
}

// simNode is one machine: a Host whose wall clock may be wrong, whose tasks may stand still, and which may die.
type simNode struct {
	w           *world
	number      int
	name        string
	skew        time.Duration
	dead        bool
	pausedUntil time.Duration
	stoodAt     time.Duration // true time at which it last stood still, -1: never
	runner      *Runner
	asked       *request // to end
}

func (n *simNode) Now() time.Time         { return n.w.wall().Add(n.skew) }
func (n *simNode) Elapsed() time.Duration { return n.w.now }
func (n *simNode) Gate() Gate             { return &simGate{s: &n.w.sched} }
func (n *simNode) Go(run func())          { n.w.spawn(n, run) }

func (n *simNode) Wait(g Gate, until time.Time) { g.(*simGate).wait(until.Sub(n.Now())) }

// pause stops all tasks of the node for d.
func (n *simNode) pause(d time.Duration) {
	n.pausedUntil = max(n.pausedUntil, n.w.now+d)
	n.stoodAt = n.pausedUntil
}

var _ Host = (*simNode)(nil)
