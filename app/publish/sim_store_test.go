package publish

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/omniposto/omniposto/store"
)

// simStore is the store as one node sees it: every change takes time before and after, and the node may die in either.
type simStore struct {
	w *world
	n *simNode
}

func (s simStore) View(ctx context.Context, fn func(store.ReadTx) error) error {
	s.w.await(s.w.latency(time.Millisecond))
	s.mayDie()
	return s.w.db.View(ctx, fn)
}

var errThrownAway = errors.New("run once and thrown away")

func (s simStore) Update(ctx context.Context, fn func(store.Tx) error) error {
	w := s.w
	w.await(w.latency(3 * time.Millisecond))
	s.mayDie() // nothing is durable
	if w.flaw.torn && w.cur.main {
		return s.torn(ctx, fn)
	}
	if w.flaw.fastClock {
		inner := fn
		fn = func(tx store.Tx) error { return inner(fast{tx}) }
	}
	if w.chance(50_000) { // a function may run again
		err := w.db.Update(ctx, func(tx store.Tx) error {
			if err := fn(tx); err != nil {
				return err
			}
			return errThrownAway
		})
		if !errors.Is(err, errThrownAway) && err != nil {
			w.retract()
			return err
		}
		w.retract()
	}
	err := w.db.Update(ctx, fn)
	if err != nil {
		w.retract()
	} else {
		w.settle()
	}
	s.mayDie() // durable and never answered
	w.await(w.latency(3 * time.Millisecond))
	return err
}

func (s simStore) mayDie() {
	if s.w.chance(s.w.crashes) {
		s.w.crash(s.n)
		panic(killed{})
	}
}

func (s simStore) Backup(io.Writer) (int64, error) { return 0, nil }
func (s simStore) Close() error                    { return nil }

// torn is a planted bug: what the function reads is old by the time its writes arrive.
func (s simStore) torn(ctx context.Context, fn func(store.Tx) error) error {
	r := &recorder{}
	err := s.w.db.Update(ctx, func(tx store.Tx) error {
		r.Tx, r.writes = tx, nil
		if err := fn(r); err != nil {
			return err
		}
		return errThrownAway
	})
	if !errors.Is(err, errThrownAway) {
		return err
	}
	s.w.await(s.w.latency(20 * time.Millisecond))
	err = s.w.db.Update(ctx, func(tx store.Tx) error {
		for _, x := range r.writes {
			if x.value == nil {
				tx.Delete(x.key)
			} else {
				tx.Put(x.key, x.value)
			}
		}
		return nil
	})
	s.w.settle()
	return err
}

// fast is a planted bug: the runner sees a clock that isn't the store's.
type fast struct{ store.Tx }

func (f fast) Now() time.Time { return f.Tx.Now().Add(2 * time.Minute) }

// recorder notes what a transaction writes.
type recorder struct {
	store.Tx
	writes []write
}

type write struct{ key, value []byte }

func (r *recorder) Put(k, v []byte) {
	r.writes = append(r.writes, write{append([]byte{}, k...), append([]byte{}, v...)})
	r.Tx.Put(k, v)
}

func (r *recorder) Delete(k []byte) {
	r.writes = append(r.writes, write{append([]byte{}, k...), nil})
	r.Tx.Delete(k)
}

var _ store.Engine = simStore{}
