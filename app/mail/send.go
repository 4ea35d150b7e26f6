package mail

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/store"
)

// pauses are the times between tries of one letter; the last one repeats.
var pauses = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour}

const (
	giveUpAfter = 3 * 24 * time.Hour  // since the first try
	sweptAfter  = 30 * 24 * time.Hour // since it was queued
	restTime    = 30 * time.Second    // while the transport itself is the problem
	idle        = time.Minute         // without a letter; a commit of an operation wakes earlier
	lastWords   = 5 * time.Second     // for the letter under way when the server stops
)

func pauseAfter(tries int) time.Duration { return pauses[min(max(tries, 1), len(pauses))-1] }

// Poke says that a letter may have been queued: call it after a commit.
func (o *Outbox) Poke() {
	select {
	case o.poke <- struct{}{}:
	default:
	}
}

// Run sends what is due, one letter at a time, until ctx ends. Without a transport it returns at once.
func (o *Outbox) Run(ctx context.Context) {
	if o.Transport == nil {
		return
	}
	for ctx.Err() == nil {
		wait, err := o.next(ctx)
		if err != nil {
			if errors.Is(err, store.ErrClosed) || errors.Is(err, store.ErrBroken) || ctx.Err() != nil {
				return
			}
			o.Log.Warn("letters wait: the store can't be written", "error", err.Error())
			wait = restTime
		}
		if wait > 0 {
			o.wait(ctx, wait)
		}
	}
}

// wait lets the time pass; a poke ends it, unless the transport rests.
func (o *Outbox) wait(ctx context.Context, d time.Duration) {
	timer, stop := o.Clock.Timer(d)
	defer stop()
	for {
		select {
		case <-timer:
			return
		case <-ctx.Done():
			return
		case <-o.poke:
			if o.Clock.Elapsed() >= o.rest {
				return
			}
		}
	}
}

// next sends the letter that is due, or says how long there is none.
func (o *Outbox) next(ctx context.Context) (time.Duration, error) {
	if left := o.rest - o.Clock.Elapsed(); left > 0 {
		return left, nil
	}
	w, wait, err := o.take(ctx)
	if err != nil || wait > 0 {
		return wait, err
	}
	problem := o.send(ctx, w)
	if problem.ofTransport() {
		o.rest = o.Clock.Elapsed() + restTime
	}
	return 0, o.settle(ctx, w, problem)
}

// take writes down that the letter which is due longest is being tried, and when it is tried again should that be lost.
func (o *Outbox) take(ctx context.Context) (w Waiting, wait time.Duration, err error) {
	none := false
	look := func(tx store.ReadTx) (Waiting, time.Duration) {
		for _, w := range letters.By(tx, "due", store.Range{}) {
			return w, max(0, w.DueAt.Sub(tx.Now()))
		}
		return Waiting{}, idle
	}
	err = o.DB.View(ctx, func(tx store.ReadTx) error {
		_, wait = look(tx)
		none = wait > 0
		return nil
	})
	if err != nil || none {
		return Waiting{}, min(wait, idle), err
	}
	err = o.DB.Update(ctx, func(tx store.Tx) error {
		if w, wait = look(tx); wait > 0 {
			return nil
		}
		w.Tries++
		w.DueAt = tx.Now().Add(pauseAfter(w.Tries))
		if w.TriedAt.IsZero() {
			w.TriedAt = tx.Now()
		}
		letters.Put(tx, w)
		return nil
	})
	return w, wait, err
}

// send opens, writes and sends one letter. Whoever stops the server gives the letter under way a moment.
func (o *Outbox) send(ctx context.Context, w Waiting) Problem {
	var c content
	err := o.DB.View(ctx, func(tx store.ReadTx) error {
		now, _ := letters.Get(tx, store.K(w.Organization, w.ID)) // it may have been sealed anew meanwhile
		return o.Keeper.Use(tx, place(now), now.Content, func(plain []byte) error { return json.Unmarshal(plain, &c) })
	})
	if err != nil {
		return Unreadable
	}
	m, err := write(w.Kind, c)
	if err != nil {
		return Unreadable
	}
	m.ID, m.To, m.At = w.ID, w.To, w.CreatedAt
	sending, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendTime)
	defer cancel()
	defer context.AfterFunc(ctx, func() {
		_ = clock.Wait(sending, o.Clock, lastWords)
		cancel()
	})()
	if err := o.Transport.Send(sending, m); err != nil {
		return ProblemOf(err)
	}
	return ""
}

// settle forgets a letter that left, and keeps of one that didn't why.
func (o *Outbox) settle(ctx context.Context, w Waiting, problem Problem) error {
	ctx = context.WithoutCancel(ctx) // what happened is written down even when the server stops
	if problem == "" {
		o.Log.Debug("a letter left", "letter", w.ID.String(), "kind", string(w.Kind), "tries", w.Tries)
		return o.DB.Update(ctx, func(tx store.Tx) error {
			letters.Delete(tx, store.K(w.Organization, w.ID))
			return nil
		})
	}
	failed := false
	err := o.DB.Update(ctx, func(tx store.Tx) error {
		now, ok := letters.Get(tx, store.K(w.Organization, w.ID))
		if !ok {
			return nil
		}
		now.Problem = problem
		if failed = problem.final() || tx.Now().Sub(now.TriedAt) >= giveUpAfter; failed {
			now.Failed, now.Content = true, ""
		}
		letters.Put(tx, now)
		return nil
	})
	o.Log.Warn("a letter didn't leave", "letter", w.ID.String(), "kind", string(w.Kind), "tries", w.Tries, "problem", string(problem), "given_up", failed)
	return err
}

// Sweep removes at most n letters that were queued more than 30 days ago, sent or not.
func Sweep(tx store.Tx, n int) int {
	var old []Waiting
	for _, w := range letters.By(tx, "age", store.Range{To: store.K(tx.Now().Add(-sweptAfter))}) {
		if old = append(old, w); len(old) == n {
			break
		}
	}
	for _, w := range old {
		letters.Delete(tx, store.K(w.Organization, w.ID))
	}
	return len(old)
}

// Counts says how many letters wait and how many were given up.
func Counts(tx store.ReadTx) (waiting, failed int) {
	all := 0
	for range letters.Keys(tx, "age", store.Range{}) {
		all++
	}
	for range letters.Keys(tx, "due", store.Range{}) {
		waiting++
	}
	return waiting, all - waiting
}

// Restored drops every letter that waits, because an older store came back: most have left since it was kept, and the
// links in them lead nowhere any more.
func Restored(tx store.Tx) {
	var waiting []Waiting
	for _, w := range letters.By(tx, "due", store.Range{}) {
		waiting = append(waiting, w)
	}
	for _, w := range waiting {
		letters.Delete(tx, store.K(w.Organization, w.ID))
	}
}
