package storetest

import (
	"bytes"
	"context"
	"runtime"
	"strconv"
	"sync/atomic"

	"github.com/omniposto/omniposto/store"
)

// Guard wraps an engine so that an Update inside the function of an Update panics instead of waiting for itself for ever.
// It asks the runtime which goroutine it is on, which is slow: for tests only.
func Guard(e store.Engine) store.Engine { return &guard{Engine: e} }

type guard struct {
	store.Engine
	inside atomic.Uint64 // the goroutine that runs an Update function
}

func (g *guard) Update(ctx context.Context, fn func(store.Tx) error) error {
	if g.inside.Load() == goroutine() {
		panic("storetest: an Update inside the function of an Update waits for itself for ever; pass tx on")
	}
	return g.Engine.Update(ctx, func(tx store.Tx) error {
		g.inside.Store(goroutine())
		defer g.inside.Store(0)
		return fn(tx)
	})
}

// goroutine is the number of the current one: a stack trace begins with "goroutine 7 [".
func goroutine() uint64 {
	var b [64]byte
	fields := bytes.Fields(b[:runtime.Stack(b[:], false)])
	n, err := strconv.ParseUint(string(fields[1]), 10, 64)
	if err != nil {
		panic("storetest: the runtime writes stack traces in another form: " + string(b[:]))
	}
	return n
}
