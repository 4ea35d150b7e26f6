package publish

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/delivery"
	"github.com/omniposto/omniposto/store"
)

// settleOutcome writes down how a walk ended. A worker that lost its lease writes only what counts from anybody: a
// receipt, a limit, and that it is out of its call.
func (v *driver) settleOutcome(ctx context.Context, o connector.Outcome) error {
	return v.r.Store.Update(ctx, func(tx store.Tx) error {
		d, err := v.r.Deliveries.Get(tx, v.was.Organization, v.was.Workspace, v.was.ID)
		if errors.Is(err, delivery.ErrUnknown) {
			return nil // erased meanwhile
		}
		if err != nil {
			return err
		}
		v.correct(tx)
		if d.Held() != v.by || !d.State.Leased() {
			return v.tooLate(tx, d, o)
		}
		if o.End == connector.EndPublished && d.State == delivery.Claimed && d.Role == delivery.Finish {
			if d, err = v.finishes(tx, d); err != nil {
				return err
			}
		}
		on, a := v.event(tx, d, o)
		_, err = v.r.Deliveries.Move(tx, d, on, a)
		return err
	})
}

// finishes saves the intent of touches after publication with their end: their steps are repeatable, none is a commit.
func (v *driver) finishes(tx store.Tx, d delivery.Delivery) (delivery.Delivery, error) {
	intent := delivery.Intent{Fingerprint: Key(d.ID, d.Round), Settle: v.settle}
	return v.r.Deliveries.Move(tx, d, delivery.IntentSaved, delivery.Arg{By: v.by, Lease: 2 * v.call, Call: 1, Intent: intent})
}

// event says what an outcome means to the delivery in the state it is in.
func (v *driver) event(tx store.ReadTx, d delivery.Delivery, o connector.Outcome) (delivery.Event, delivery.Arg) {
	a := delivery.Arg{By: v.by, Jitter: v.r.Jitter(), Step: o.Step, Class: string(o.Class), Words: o.Words, Fix: o.Fix,
		StatusCode: o.Status, Until: delivery.At(o.Until), Remote: remoteOf(o.Receipt), Date: delivery.At(o.At),
		Forget: append(v.forget, o.Forget...)}
	switch d.State {
	case delivery.Sending:
		return v.afterIntent(o, a)
	case delivery.Reconciling:
		return v.afterLook(tx, d, o, a)
	}
	return v.beforeIntent(o, a)
}

func (v *driver) beforeIntent(o connector.Outcome, a delivery.Arg) (delivery.Event, delivery.Arg) {
	switch o.End {
	case connector.EndPoll:
		return delivery.Poll, a
	case connector.EndRefused:
		return delivery.Refused, a
	case connector.EndReconnect:
		return delivery.Reconnect, a
	case connector.EndLeaseLost, connector.EndStopped:
		if v.r.stopping() {
			return delivery.LeaseOver, a // given back for whoever is next
		}
		a.Class, a.Words = delivery.ClassTransient, "What the attempt needed to remember couldn't be written down."
	}
	return delivery.NotAccepted, a
}

func (v *driver) afterIntent(o connector.Outcome, a delivery.Arg) (delivery.Event, delivery.Arg) {
	switch o.End {
	case connector.EndPublished, connector.EndFound:
		return delivery.Received, a
	case connector.EndRefused:
		return delivery.Refused, a
	case connector.EndNotAccepted, connector.EndPoll:
		return delivery.NotAccepted, a
	case connector.EndReconnect:
		return delivery.Reconnect, a
	case connector.EndUnderway:
		a.Accepted = true
	case connector.EndStopped, connector.EndLeaseLost:
		if !o.Sent {
			a.Class, a.Held = delivery.ClassTransient, true
			return delivery.NotAccepted, a
		}
	}
	return delivery.Unsure, a
}

func (v *driver) afterLook(tx store.ReadTx, d delivery.Delivery, o connector.Outcome, a delivery.Arg) (delivery.Event, delivery.Arg) {
	if a.Step == "" {
		a.Step = "look"
	}
	switch o.End {
	case connector.EndFound, connector.EndPublished:
		if v.r.Deliveries.KnownRemote(tx, v.places, o.Receipt.ID, d.ID) {
			a.Date = 0 // somebody else's, known since the look: look again
			return delivery.NotFound, a
		}
		return delivery.Found, a
	case connector.EndAbsent:
		return delivery.NotFound, a
	case connector.EndLater, connector.EndPoll, connector.EndUnderway:
		a.Working = true
		return delivery.NotFound, a
	case connector.EndCantTell:
		return delivery.CantTell, a
	case connector.EndLeaseLost, connector.EndStopped:
		if v.r.stopping() {
			return delivery.LeaseOver, a
		}
		a.Class = delivery.ClassTransient
	case connector.EndReconnect:
		a.Class = delivery.ClassReconnect
	}
	return delivery.LookFailed, a
}

// tooLate is for a worker whose delivery is somebody else's by now, or was put back by itself.
func (v *driver) tooLate(tx store.Tx, d delivery.Delivery, o connector.Outcome) error {
	if o.Class == connector.RateLimited && o.End != connector.EndLeaseLost {
		v.r.Deliveries.Limited(tx, d.Channel, delivery.At(o.Until))
	}
	if !v.intended {
		return nil
	}
	if o.End == connector.EndPublished && d.State != delivery.Published {
		_, err := v.r.Deliveries.Move(tx, d, delivery.Received, delivery.Arg{By: v.by, Remote: remoteOf(o.Receipt), Step: o.Step})
		if !errors.Is(err, delivery.ErrIllegal) && !errors.Is(err, delivery.ErrLost) {
			return err
		}
	}
	v.r.Deliveries.SenderOver(tx, d, v.by)
	return nil
}

// quotas are the limits that count this delivery's commit.
func quotas(d delivery.Delivery, spec *connector.Spec, load Load) (all []delivery.Quota, limits []connector.Limit) {
	for _, l := range spec.Limits {
		if l.What != "posts" || l.Window <= 0 {
			continue
		}
		if q, ok := quota(d, spec, load, l); ok {
			all, limits = append(all, q), append(limits, l)
		}
	}
	return all, limits
}

func quota(d delivery.Delivery, spec *connector.Spec, load Load, l connector.Limit) (delivery.Quota, bool) {
	most := l.Max.In(load.Draft.Channel.Facts)
	if l.Percent > 0 {
		most = most * int64(l.Percent) / 100
	}
	q := delivery.Quota{Credential: d.Channel.String(), What: l.What, Max: int(most), Window: l.Window}
	if l.Per != "channel" {
		q.Credential = l.Per + " " + spec.ID + " " + load.App
	}
	return q, most > 0
}

// correct believes the platform's own count of what is left, where the Spec names its headers.
func (v *driver) correct(tx store.Tx) {
	if len(v.last.Left) == 0 {
		return
	}
	for i, q := range v.quotas {
		l := v.limits[i]
		left, err := strconv.Atoi(v.last.Left[l.Left])
		if err != nil {
			continue
		}
		v.r.Deliveries.Correct(tx, q, left, resetAt(delivery.At(tx.Now()), v.last.Left[l.Reset]))
	}
}

// resetAt reads an instant as platforms write it: RFC 3339, seconds from now, or seconds or milliseconds since 1970.
func resetAt(now delivery.Instant, text string) delivery.Instant {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return delivery.At(t)
	}
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err != nil || n < 0:
		return 0
	case n > 1e12:
		return delivery.Instant(n)
	case n > 1e9:
		return delivery.Instant(n * 1000)
	}
	return now.Add(time.Duration(n) * time.Second)
}
