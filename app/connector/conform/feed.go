package conform

import (
	"context"
	"errors"

	"github.com/omniposto/omniposto/app/connector"
)

// wiredFeed puts the same faults before our own feed as the wire has before a platform.
type wiredFeed struct {
	w    *wire
	feed connector.Feed
}

var errFeed = errors.New("the feed's store is broken")

// through runs one use of the feed as if it were a request.
func (f *wiredFeed) through(ctx context.Context, do func() error) error {
	w := f.w
	w.mu.Lock()
	n, before, plan := w.n, w.before, w.plan
	w.mu.Unlock()
	if before != nil {
		before(n)
	}
	planned := fault{}
	if plan != nil {
		planned = plan(n)
	}
	w.mu.Lock()
	dead := w.dead
	w.mu.Unlock()
	if dead {
		return errFeed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	w.arrived(exchange{method: "FEED"})
	switch planned.kind {
	case refusedDial, droppedBefore, answered:
		return errFeed
	}
	err := do()
	if w.after != nil {
		w.after(n)
	}
	w.mu.Lock()
	dead = w.dead
	w.mu.Unlock()
	if dead || planned.kind != pass {
		return errFeed
	}
	return err
}

func (f *wiredFeed) Put(ctx context.Context, item connector.Item) (out connector.Item, err error) {
	err = f.through(ctx, func() error { var e error; out, e = f.feed.Put(ctx, item); return e })
	return out, err
}

func (f *wiredFeed) Find(ctx context.Context, channel, id string) (item connector.Item, ok bool, err error) {
	err = f.through(ctx, func() error { var e error; item, ok, e = f.feed.Find(ctx, channel, id); return e })
	return item, ok, err
}

func (f *wiredFeed) Change(ctx context.Context, item connector.Item) error {
	return f.through(ctx, func() error { return f.feed.Change(ctx, item) })
}

func (f *wiredFeed) Drop(ctx context.Context, channel, id string) error {
	return f.through(ctx, func() error { return f.feed.Drop(ctx, channel, id) })
}

var _ connector.Feed = (*wiredFeed)(nil)
