// Package twice wraps an engine so that every Update function runs two times: once to be thrown away, then for good.
// It finds functions that don't bear running again: those that append to a variable they didn't empty, count, or send.
package twice

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/omniposto/omniposto/store"
)

// errThrownAway makes the engine undo the first run.
var errThrownAway = errors.New("the first run is thrown away")

// Wrap returns e with that habit.
func Wrap(e store.Engine) store.Engine { return &engine{Engine: e} }

// Sometimes does it to one Update of every n, the last of each n; for simulations.
func Sometimes(e store.Engine, n int) store.Engine {
	return &engine{Engine: e, every: uint64(max(n, 1))}
}

type engine struct {
	store.Engine
	every uint64
	count atomic.Uint64
}

func (e *engine) Update(ctx context.Context, fn func(store.Tx) error) error {
	if e.every > 1 && e.count.Add(1)%e.every != 0 {
		return e.Engine.Update(ctx, fn)
	}
	err := e.Engine.Update(ctx, func(tx store.Tx) error {
		fn(tx) //nolint:errcheck // the second run's answer counts
		return errThrownAway
	})
	if errors.Is(err, store.ErrBroken) || errors.Is(err, store.ErrFull) {
		return err
	}
	return e.Engine.Update(ctx, fn)
}
