package support

import (
	"context"
	"time"

	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/store"
)

// mark is the highest instant that was ever seen here. A clock that went back could make an expired grant live again, so
// no grant counts from then on until an administrator has looked, even when the clock has caught up meanwhile.
type mark struct {
	Highest time.Time `cbor:"1,keyasint"`
	Unsound bool      `cbor:"2,keyasint,omitempty"`
}

var marks = store.Table[mark]{Name: "grant_clock", Version: 1, Holds: store.Operational,
	Key: func(mark) store.Key { return store.K("clock") }}

const (
	clockBack = 2 * time.Minute  // how far the wall clock may go back before no grant counts
	markEvery = 10 * time.Second // how often the highest instant is kept
)

// behind says that the clock stands before what was seen by more than it may.
func (m mark) behind(now time.Time) bool { return now.Before(m.Highest.Add(-clockBack)) }

// Clock gives the highest instant that was seen and whether the clock can be trusted; health pages show it.
func Clock(tx store.ReadTx) (highest time.Time, sound bool) {
	m, _ := marks.Get(tx, store.K("clock"))
	return m.Highest, !m.Unsound && !m.behind(tx.Now())
}

func sound(tx store.ReadTx) bool { _, ok := Clock(tx); return ok }

// seen keeps the highest instant; at most once in markEvery, because each read comes by.
func seen(tx store.Tx) {
	m, _ := marks.Get(tx, store.K("clock"))
	switch now := tx.Now(); {
	case m.behind(now) && !m.Unsound:
		m.Unsound = true
		marks.Put(tx, m)
	case now.Sub(m.Highest) >= markEvery:
		m.Highest = now
		marks.Put(tx, m)
	}
}

// WatchClock looks at the clock once; it is called every few seconds, so that a clock that went back is remembered even
// when nobody reads meanwhile.
func (s *Support) WatchClock(ctx context.Context) error {
	due := false
	err := s.DB.View(ctx, func(tx store.ReadTx) error {
		m, _ := marks.Get(tx, store.K("clock"))
		due = m.behind(tx.Now()) && !m.Unsound || tx.Now().Sub(m.Highest) >= markEvery
		return nil
	})
	if err != nil || !due {
		return err
	}
	return s.DB.Update(ctx, func(tx store.Tx) error { seen(tx); return nil })
}

// ClockConfirmed is the answer of support.confirm_clock.
type ClockConfirmed struct {
	At time.Time `json:"at" doc:"What the server takes for the time now."`
}

// confirmClock takes the clock as it stands for right, however far it went back.
func (s *Support) confirmClock(ctx context.Context, c op.Call, _ *op.None) (*ClockConfirmed, error) {
	return op.Do(ctx, s.DB, c, func(tx store.Tx) (*ClockConfirmed, error) {
		if sound(tx) {
			return nil, ErrClockSound
		}
		marks.Put(tx, mark{Highest: tx.Now()})
		op.Write(tx, c, op.Act{Action: "clock.confirmed", On: audit.Thing{Kind: "instance", ID: "instance"}, Instance: true})
		return &ClockConfirmed{At: tx.Now()}, nil
	})
}
