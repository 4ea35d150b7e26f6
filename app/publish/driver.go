package publish

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/delivery"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// driver is one walk or look: it stands between the connector kit and the store, and is used by one goroutine.
type driver struct {
	r      *Runner
	was    delivery.Delivery // as claimed
	by     delivery.Held
	quotas []delivery.Quota
	limits []connector.Limit // of the quotas, in their order
	once   connector.Once
	lists  bool          // the platform lists what the channel posted
	places []ref.Channel // the delivery's channel, and those that lead to the same place
	settle time.Duration
	call   time.Duration // the longest call; a lease holds two

	saved    map[string][]byte
	forget   []string
	intended bool          // the intent is durable
	since    time.Duration // elapsed time before the intent's transaction
	last     connector.Trace
}

// errHeldBack stops a walk whose delivery was put back: too early, a limit, a twin.
var errHeldBack = fmt.Errorf("put back before the commit: %w", connector.ErrLeaseLost)

func (r *Runner) driver(d delivery.Delivery) *driver {
	return &driver{r: r, was: d, by: d.Held(), places: []ref.Channel{d.Channel}, call: delivery.FirstCall, settle: d.Settle}
}

// unseal opens the results of earlier walks.
func (v *driver) unseal(ctx context.Context) error {
	v.saved = make(map[string][]byte, len(v.was.Steps))
	for _, s := range v.was.Steps {
		plain, err := v.r.Unseal(ctx, v.was, s.Name, s.Result)
		if err != nil {
			return fmt.Errorf("open step %s: %w", s.Name, err)
		}
		v.saved[s.Name] = plain
	}
	return nil
}

// renew makes the lease hold two calls of this kind.
func (v *driver) renew(ctx context.Context) error {
	if v.was.State != delivery.Claimed || v.call <= delivery.FirstCall || v.was.Lease >= 2*v.call {
		return nil
	}
	return v.write(ctx, func(tx store.Tx, d delivery.Delivery) error {
		_, err := v.r.Deliveries.Move(tx, d, delivery.StepSaved, delivery.Arg{By: v.by, Lease: 2 * v.call})
		return err
	})
}

// write runs fn on the delivery as it is now.
func (v *driver) write(ctx context.Context, fn func(store.Tx, delivery.Delivery) error) error {
	err := v.r.Store.Update(ctx, func(tx store.Tx) error {
		d, err := v.r.Deliveries.Get(tx, v.was.Organization, v.was.Workspace, v.was.ID)
		if err != nil {
			return err
		}
		return fn(tx, d)
	})
	if errors.Is(err, delivery.ErrLost) || errors.Is(err, delivery.ErrIllegal) {
		return fmt.Errorf("%w: %w", connector.ErrLeaseLost, err)
	}
	return err
}

// Saved implements connector.Driver.
func (v *driver) Saved(step string) ([]byte, bool) { b, ok := v.saved[step]; return b, ok }

// Save implements connector.Driver. While a resend prepares anew, results last only as long as the walk: a look holds
// no steps.
func (v *driver) Save(ctx context.Context, step string, result []byte) error {
	if v.was.State == delivery.Claimed {
		sealed, err := v.r.Seal(ctx, v.was, step, result)
		if err != nil {
			return fmt.Errorf("seal step %s: %w", step, err)
		}
		err = v.write(ctx, func(tx store.Tx, d delivery.Delivery) error {
			_, err := v.r.Deliveries.Move(tx, d, delivery.StepSaved,
				delivery.Arg{By: v.by, Lease: 2 * v.call, Step: step, Result: sealed})
			return err
		})
		if err != nil {
			return err
		}
	}
	v.saved[step] = result
	if v.r.stopping() {
		return errStopping
	}
	return nil
}

// errStopping ends a walk between two steps because the runner stops.
var errStopping = fmt.Errorf("the server stops: %w", connector.ErrLeaseLost)

// Intent implements connector.Driver.
func (v *driver) Intent(ctx context.Context, i connector.Intent) error {
	if v.r.stopping() {
		return errStopping
	}
	v.since = v.r.Host.Elapsed()
	if !v.keepsTwinsApart() {
		i.Fingerprint = ""
	}
	held := false
	err := v.write(ctx, func(tx store.Tx, d delivery.Delivery) error {
		held = false
		if d.Held() != v.by {
			return delivery.ErrLost
		}
		why, err := v.heldBack(tx, d, i)
		if err != nil || why {
			held = true
			return err
		}
		on := delivery.IntentSaved
		if d.State == delivery.Reconciling {
			on = delivery.Resend
		}
		next, err := v.r.Deliveries.Move(tx, d, on, delivery.Arg{By: v.by, Lease: 2 * v.call, Call: v.call,
			Jitter: v.r.Jitter(), Step: i.Step, Intent: delivery.Intent{Fingerprint: i.Fingerprint, Mark: i.Mark,
				MarkAt: delivery.At(i.MarkAt), Settle: v.settle}})
		held = next.State != delivery.Sending
		return err
	})
	if err == nil && held {
		return errHeldBack
	}
	v.intended = err == nil
	return err
}

// pausedWait is when what is in doubt in a paused channel is looked at again; what isn't in doubt becomes paused.
const pausedWait = 10 * time.Minute

// heldBack puts the delivery back when something that wasn't so at the claim forbids its commit now: a limit that
// another node met, a pause, a used-up quota, or the same words in doubt on this channel.
func (v *driver) heldBack(tx store.Tx, d delivery.Delivery, i connector.Intent) (bool, error) {
	now := delivery.At(tx.Now())
	if now < d.DueAt { // the rows say what follows
		return false, nil
	}
	a := delivery.Arg{By: v.by, Held: true, Step: i.Step, Jitter: v.r.Jitter()}
	switch lane := v.r.Deliveries.Lane(tx, d.Channel); {
	case lane.Paused != 0:
		a.Until, a.Words = now.Add(pausedWait), lane.Words
	case lane.NotBefore > now:
		a.Until, a.Class, a.Words = lane.NotBefore, delivery.ClassRateLimited, "The platform asked for a pause."
	case i.Fingerprint != "" && v.r.Deliveries.Twin(tx, v.places, i.Fingerprint, d.ID):
		a.Until, a.Words = now.Add(v.twinWait(d)), "The same words may already be on their way to this channel; this one waits until that is certain."
	default:
		until, ok := v.r.Deliveries.Take(tx, v.quotas)
		if ok {
			return false, nil
		}
		v.r.Deliveries.Limited(tx, d.Channel, until)
		a.Until, a.Class, a.Words = until, delivery.ClassRateLimited, "The platform's limit for this period is used up."
	}
	on := delivery.NotAccepted
	if d.State == delivery.Reconciling {
		on = delivery.LookFailed
	}
	_, err := v.r.Deliveries.Move(tx, d, on, a)
	return true, err
}

// twinWait grows from attempt to attempt: the other one's doubt may wait for a person.
func (v *driver) twinWait(d delivery.Delivery) time.Duration {
	wait := max(v.settle, time.Minute)
	return wait << max(0, min(d.Attempts-1, 4))
}

// keepsTwinsApart says that two posts with the same words can't be told from one another afterwards.
func (v *driver) keepsTwinsApart() bool {
	switch v.once.By {
	case connector.Lookup, connector.Ask:
		return true
	case connector.Native:
		return v.once.Life != connector.Forever
	case connector.Handle:
		return v.lists // where "published" names no id, the list does
	}
	return false
}

// LastLook implements connector.Driver: there must be time left for a whole call before anybody else may take over.
func (v *driver) LastLook() bool {
	lease := 2 * v.call
	return v.r.Host.Elapsed()-v.since < lease-v.call
}

// Forget implements connector.Driver; it is written with the end of the walk.
func (v *driver) Forget(steps []string) { v.forget = append(v.forget, steps...) }

// Trace implements connector.Driver.
func (v *driver) Trace(t connector.Trace) {
	v.last = t
	v.r.Traced(v.was, t)
}

var _ connector.Driver = (*driver)(nil)
