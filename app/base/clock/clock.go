// Package clock gives the time. Pure rules take a time.Time; runners take a Clock, so that tests and the
// simulation decide what time it is. It is the only package that reads the wall clock.
//
// Why: our tests make the wall clock jump forward and back, which testing/synctest can't.
package clock

import (
	"context"
	"sync"
	"time"
)

// Clock is a wall clock, a monotonic clock and timers.
type Clock interface {
	// Now is the wall clock in UTC without a monotonic reading. It may jump.
	Now() time.Time
	// Elapsed grows at the speed of real time since some instant of this process, counts time the machine
	// was suspended where the system can tell, and never jumps.
	Elapsed() time.Duration
	// Timer returns a channel that receives once after d of elapsed time, and a function that stops it.
	Timer(d time.Duration) (<-chan time.Time, func())
}

// System is the machine's clock.
func System() Clock { return system{} }

type system struct{}

func (system) Now() time.Time         { return time.Now().Round(0).UTC() }
func (system) Elapsed() time.Duration { return bootElapsed() }
func (system) Timer(d time.Duration) (<-chan time.Time, func()) {
	t := time.NewTimer(d)
	return t.C, func() { t.Stop() }
}

// Wait blocks until d has passed or ctx ends; it returns ctx's error in that case.
func Wait(ctx context.Context, c Clock, d time.Duration) error {
	ch, stop := c.Timer(d)
	defer stop()
	select {
	case <-ch:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Manual is a clock that stands still until a test moves it.
type Manual struct {
	mu      sync.Mutex
	now     time.Time
	elapsed time.Duration
	timers  map[*manualTimer]struct{}
}

type manualTimer struct {
	at time.Duration
	ch chan time.Time
}

// NewManual returns a clock that shows start.
func NewManual(start time.Time) *Manual {
	return &Manual{now: start.Round(0).UTC(), timers: map[*manualTimer]struct{}{}}
}

// Now implements Clock.
func (m *Manual) Now() time.Time { m.mu.Lock(); defer m.mu.Unlock(); return m.now }

// Elapsed implements Clock.
func (m *Manual) Elapsed() time.Duration { m.mu.Lock(); defer m.mu.Unlock(); return m.elapsed }

// Timer implements Clock.
func (m *Manual) Timer(d time.Duration) (<-chan time.Time, func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := &manualTimer{at: m.elapsed + d, ch: make(chan time.Time, 1)}
	if d <= 0 {
		t.ch <- m.now
		return t.ch, func() {}
	}
	m.timers[t] = struct{}{}
	return t.ch, func() { m.mu.Lock(); delete(m.timers, t); m.mu.Unlock() }
}

// Advance lets d pass: wall clock and elapsed time move together and due timers fire.
func (m *Manual) Advance(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = m.now.Add(d)
	m.elapsed += d
	for t := range m.timers {
		if t.at <= m.elapsed {
			t.ch <- m.now
			delete(m.timers, t)
		}
	}
}

// Jump moves the wall clock alone, as a corrected system clock does. No timer fires.
func (m *Manual) Jump(d time.Duration) { m.mu.Lock(); m.now = m.now.Add(d); m.mu.Unlock() }

// Set moves the wall clock alone to the instant.
func (m *Manual) Set(at time.Time) { m.mu.Lock(); m.now = at.Round(0).UTC(); m.mu.Unlock() }

var _ Clock = (*Manual)(nil)
