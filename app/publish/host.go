package publish

import (
	"sync"
	"time"

	"github.com/omniposto/omniposto/app/base/clock"
)

// Host is where a runner lives: a machine with its clocks and tasks, or a simulated one.
type Host interface {
	Now() time.Time         // the wall clock; may jump
	Elapsed() time.Duration // never jumps, counts suspended time
	Go(func())              // begins a task
	Gate() Gate
	Wait(g Gate, until time.Time) // returns when the gate was opened since the last Wait, or the wall clock shows until
}

// Gate wakes the one who waits at it. Opening it while nobody waits lets the next wait pass at once.
type Gate interface{ Open() }

// Machine is the host made of goroutines and a clock.
func Machine(c clock.Clock) Host { return &machine{clock: c} }

type machine struct {
	clock clock.Clock
	tasks sync.WaitGroup
}

func (m *machine) Now() time.Time         { return m.clock.Now() }
func (m *machine) Elapsed() time.Duration { return m.clock.Elapsed() }
func (m *machine) Go(task func())         { m.tasks.Go(task) }
func (m *machine) Gate() Gate             { return make(gate, 1) }

func (m *machine) Wait(g Gate, until time.Time) {
	timer, stop := m.clock.Timer(until.Sub(m.clock.Now()))
	defer stop()
	select {
	case <-g.(gate):
	case <-timer:
	}
}

type gate chan struct{}

func (g gate) Open() {
	select {
	case g <- struct{}{}:
	default:
	}
}

var _ Host = (*machine)(nil)
