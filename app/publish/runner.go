package publish

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/omniposto/omniposto/app/delivery"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// Runner publishes what is due until it is stopped.
type Runner struct {
	Deps
	gate Gate

	mu      sync.Mutex
	walking map[ref.Delivery]ref.Channel
	lanes   map[ref.Channel]int // how many of a channel are walked here
	started bool
	closing bool // no new claims, no new commits

	offset    time.Duration // wall clock minus elapsed time, when last looked
	heldUntil time.Duration // elapsed time before which nothing is claimed
}

// New returns a runner; nothing happens before Run.
func New(deps Deps) *Runner {
	r := &Runner{Deps: deps.filled(), walking: map[ref.Delivery]ref.Channel{}, lanes: map[ref.Channel]int{}}
	r.gate = r.Host.Gate()
	return r
}

// Poke says that something may be due earlier than before: call it after a commit that creates or moves deliveries.
func (r *Runner) Poke() { r.gate.Open() }

// Running says that the runner has begun and isn't stopping, for readyz.
func (r *Runner) Running() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.started && !r.closing
}

// Run publishes until ctx ends. Then nothing new is claimed, calls under way finish within their limits, and what is
// left is given back. Run returns when nothing of it is under way any more, or after the limit for that.
func (r *Runner) Run(ctx context.Context) error {
	if err := r.start(ctx); err != nil {
		return fmt.Errorf("start the runner: %w", err)
	}
	walks, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	defer context.AfterFunc(ctx, r.gate.Open)()
	for ctx.Err() == nil {
		until, err := r.round(walks)
		if err != nil && ctx.Err() == nil {
			if errors.Is(err, store.ErrClosed) || errors.Is(err, store.ErrBroken) {
				return fmt.Errorf("claim: %w", err)
			}
			r.Log.Error("claim", "error", err)
		}
		if until.IsZero() {
			continue
		}
		r.Host.Wait(r.gate, until)
	}
	return r.stop(ctx, cut)
}

// start writes that this run begins, that earlier ones are over, and takes over what those held.
func (r *Runner) start(ctx context.Context) error {
	r.offset = r.clockOffset()
	err := r.Store.Update(ctx, func(tx store.Tx) error {
		r.Deliveries.StartNode(tx, r.Node, r.Name, r.Alone)
		return nil
	})
	if err != nil {
		return err
	}
	var after store.Key
	for {
		var last store.Key
		err = r.Store.Update(ctx, func(tx store.Tx) error {
			last = r.Deliveries.Takeover(tx, after, takeoverSlice)
			return nil
		})
		if err != nil {
			return err
		}
		if last == nil {
			break
		}
		after = last
	}
	r.mu.Lock()
	r.started = true
	r.mu.Unlock()
	return nil
}

// round claims what is due as far as workers are free and begins to walk it. It returns until when to wait; the zero
// time means not at all.
func (r *Runner) round(ctx context.Context) (time.Time, error) {
	now := r.Host.Now()
	if held := r.watchClock(); held > 0 {
		return now.Add(min(held, tick)), nil
	}
	free := r.free()
	if free == 0 {
		return now.Add(tick), nil
	}
	wait, err := r.untilReady(ctx)
	if err != nil || wait > 0 {
		return now.Add(min(wait, tick)), err
	}
	taken, err := r.claim(ctx, free)
	if err != nil {
		return now.Add(time.Second), err
	}
	for _, d := range taken {
		r.Host.Go(func() { r.walk(ctx, d) })
	}
	return time.Time{}, nil
}

// untilReady is how long it is, by the store's clock, until there is something to claim; zero: now.
func (r *Runner) untilReady(ctx context.Context) (wait time.Duration, err error) {
	wait = tick
	err = r.Store.View(ctx, func(tx store.ReadTx) error {
		if next := r.Deliveries.NextReady(tx, r.busy); next != 0 {
			wait = next.Time().Sub(tx.Now())
		}
		return nil
	})
	return wait, err
}

// claim leases deliveries and remembers that they are walked here.
func (r *Runner) claim(ctx context.Context, free int) ([]delivery.Delivery, error) {
	var taken []delivery.Delivery
	var now delivery.Instant
	err := r.Store.Update(ctx, func(tx store.Tx) error {
		now = delivery.At(tx.Now())
		taken = r.Deliveries.ClaimReady(tx, delivery.Claims{Node: r.Node, Most: free, Walking: r.walks})
		return nil
	})
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, d := range taken {
		r.walking[d.ID] = d.Channel
		r.lanes[d.Channel]++
		if d.State == delivery.Claimed {
			r.Lapsed(now.Since(d.AimAt))
		}
	}
	return taken, nil
}

func (r *Runner) free() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.Workers - len(r.walking)
}

func (r *Runner) walks(_ ref.Channel, id ref.Delivery) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, yes := r.walking[id]
	return yes
}

func (r *Runner) busy(c ref.Channel) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lanes[c] > 0
}

// finished forgets a walk and lets the timer look again.
func (r *Runner) finished(d delivery.Delivery) {
	r.mu.Lock()
	delete(r.walking, d.ID)
	if r.lanes[d.Channel]--; r.lanes[d.Channel] == 0 {
		delete(r.lanes, d.Channel)
	}
	r.mu.Unlock()
	r.gate.Open()
}

func (r *Runner) clockOffset() time.Duration {
	return time.Duration(r.Host.Now().UnixNano()) - r.Host.Elapsed()
}

// watchClock compares the wall clock with elapsed time. After a jump it holds claims for a while: a clock that was set
// wrong is often set right soon. It returns how long claims are still held.
func (r *Runner) watchClock() time.Duration {
	offset := r.clockOffset()
	jump := offset - r.offset
	r.offset = offset
	if jump > jumpBound || jump < -jumpBound {
		r.heldUntil = r.Host.Elapsed() + jumpHold
		r.Log.Warn("the wall clock jumped", "by", jump)
		r.Jumped(jump)
	}
	return r.heldUntil - r.Host.Elapsed()
}

// stopping says that walks should end at the next step.
func (r *Runner) stopping() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closing
}

// stop waits for calls under way, first as long as they may take, then with their contexts ended.
func (r *Runner) stop(ctx context.Context, cut context.CancelFunc) error {
	r.mu.Lock()
	r.closing = true
	r.mu.Unlock()
	ctx = context.WithoutCancel(ctx)
	if !r.idle(delivery.FirstCall) {
		cut()
		if !r.idle(delivery.FirstCall / 3) {
			return errors.New("stop the runner: a call under way doesn't end")
		}
	}
	err := r.Store.Update(ctx, func(tx store.Tx) error { r.Deliveries.EndNode(tx, r.Node); return nil })
	if err != nil && !errors.Is(err, store.ErrClosed) {
		return fmt.Errorf("write that the run is over: %w", err)
	}
	return nil
}

// idle waits at most limit until nothing is walked.
func (r *Runner) idle(limit time.Duration) bool {
	for end := r.Host.Elapsed() + limit; r.Host.Elapsed() < end && r.free() < r.Workers; {
		r.Host.Wait(r.gate, r.Host.Now().Add(end-r.Host.Elapsed()))
	}
	return r.free() == r.Workers
}
