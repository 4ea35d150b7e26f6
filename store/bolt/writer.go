package bolt

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"go.etcd.io/bbolt"

	"github.com/omniposto/omniposto/store"
)

// The life of a call. Only waiting -> running and waiting -> gone are decided by compare-and-swap.
const (
	waiting int32 = iota
	running
	gone // its caller left; nobody reads the answer
)

// call is one Update on its way through the writer.
type call struct {
	fn    func(store.Tx) error
	state atomic.Int32
	done  chan struct{} // receives once
	err   error
	raise *store.Panic // the function panicked
	exit  bool         // the function ended its goroutine
}

var callPool = sync.Pool{New: func() any { return &call{done: make(chan struct{}, 1)} }}

func (c *call) free() {
	c.fn, c.err, c.raise, c.exit = nil, nil, nil, false
	c.state.Store(waiting)
	callPool.Put(c)
}

func (e *engine) Update(ctx context.Context, fn func(store.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c := callPool.Get().(*call)
	c.fn = fn
	if err := e.enqueue(ctx, c); err != nil {
		c.free()
		return err
	}
	select {
	case <-c.done:
	case <-ctx.Done():
		if c.state.CompareAndSwap(waiting, gone) {
			return ctx.Err()
		}
		<-c.done
	}
	err, raise, exit := c.err, c.raise, c.exit
	c.free()
	switch {
	case raise != nil:
		panic(raise)
	case exit:
		runtime.Goexit()
	}
	return err
}

func (e *engine) enqueue(ctx context.Context, c *call) error {
	e.gate.RLock()
	defer e.gate.RUnlock()
	if e.closed {
		return store.ErrClosed
	}
	if err := e.broken.Load(); err != nil {
		return *err
	}
	if e.full.Load() {
		return store.ErrFull
	}
	select {
	case e.queue <- c:
		return nil
	default:
	}
	select {
	case e.queue <- c:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// write is the writer. A function that ends its goroutine ends this one; the deferred part undoes it and lets a new
// goroutine go on with the same batch.
func (e *engine) write() {
	over := false
	defer func() {
		if !over {
			go e.write()
		}
	}()
	debug.SetPanicOnFault(true)
	if e.now != nil {
		e.gather()
	}
	for c := range e.queue {
		e.begin(c)
		e.gather()
	}
	over = true
	close(e.stopped)
}

// batch is one bbolt transaction and the calls that run in it.
type batch struct {
	tx      writeTx
	first   *call
	calls   []*call
	written int
	changed bool
	spoiled error // the transaction can't be kept: nobody's change is
}

func (e *engine) begin(first *call) {
	e.now = &batch{first: first}
	b := e.now
	b.tx.engine, b.tx.batch, b.tx.arena = e, b, e.spare
	e.spare = arena{}
	if err := e.broken.Load(); err != nil {
		b.spoiled = *err
		return
	}
	btx, err := e.db.Begin(true)
	if err != nil {
		b.spoiled = fmt.Errorf("begin: %w", err)
		return
	}
	if !b.tx.begin(btx) {
		b.spoiled = b.tx.err
	}
}

// gather runs the first call and those that already wait, then commits and answers.
func (e *engine) gather() {
	b := e.now
	for c := b.first; ; {
		b.first = nil
		if c != nil {
			e.run(c)
		}
		if len(b.calls) >= maxCalls || b.written >= maxCommit || b.spoiled != nil {
			break
		}
		var ok bool
		select {
		case c, ok = <-e.queue:
		default:
		}
		if !ok {
			break
		}
	}
	e.finish()
}

// run runs one call's function, keeps what it wrote when it succeeds and undoes it otherwise.
func (e *engine) run(c *call) {
	if !c.state.CompareAndSwap(waiting, running) {
		c.free()
		return
	}
	b := e.now
	b.calls = append(b.calls, c)
	if b.spoiled != nil {
		return
	}
	t := &b.tx
	t.reset()
	ended := false
	defer func() {
		if !ended {
			e.stumbled(c, recover())
		}
		if c.err != nil || c.raise != nil || c.exit {
			t.undoAll()
		} else if len(t.undo) > 0 {
			b.changed = true
		}
		b.written += t.size
	}()
	e.calls.Add(1)
	c.err = t.end(c.fn(t))
	ended = true
}

// stumbled sorts the end of a function that didn't return: r is nil when it ended its goroutine.
func (e *engine) stumbled(c *call, r any) {
	if r == nil {
		c.exit = true
	} else if err := e.fault(r); err != nil {
		c.err = err
	} else if again, ok := r.(*store.Panic); ok {
		c.raise = again
	} else {
		c.raise = &store.Panic{Value: r, Stack: debug.Stack()}
	}
}

// finish commits what is to be kept and only then answers everybody: a failure too may rest on a neighbour's write.
func (e *engine) finish() {
	b := e.now
	e.now = nil
	err := b.spoiled
	switch {
	case b.tx.btx == nil:
	case err != nil || !b.changed:
		if rollbackErr := e.rollback(b.tx.btx); rollbackErr != nil {
			err = e.breakDown(rollbackErr)
		}
	default:
		if commitErr := e.commit(b.tx.btx); commitErr != nil {
			err = e.breakDown(commitErr)
		}
	}
	for _, c := range b.calls {
		if err != nil {
			c.err = err
		}
		c.done <- struct{}{}
	}
	b.tx.arena.reset()
	e.spare = b.tx.arena
}

// commit makes the transaction durable. A panic in it is an error like any other.
func (e *engine) commit(btx *bbolt.Tx) (err error) {
	defer func() {
		if r := recover(); r != nil {
			e.stuck.Store(true)
			err = fmt.Errorf("%w: %v", store.ErrDamaged, r)
		}
	}()
	begun := e.elapsed()
	err = btx.Commit()
	e.commits.Add(1)
	e.commitTime.Add(int64(e.elapsed() - begun))
	return err
}

func (e *engine) rollback(btx *bbolt.Tx) (err error) {
	defer func() {
		if r := recover(); r != nil {
			e.stuck.Store(true)
			err = fmt.Errorf("%w: roll back: %v", store.ErrDamaged, r)
		}
	}()
	return btx.Rollback()
}

// breakDown makes err the answer to every call from now on.
func (e *engine) breakDown(err error) error {
	err = fmt.Errorf("%w: commit: %w", store.ErrBroken, err)
	e.broken.CompareAndSwap(nil, &err)
	return *e.broken.Load()
}
