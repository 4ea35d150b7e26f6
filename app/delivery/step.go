package delivery

import (
	"errors"
	"fmt"
	"time"

	"github.com/omniposto/omniposto/app/base/fail"
	"github.com/omniposto/omniposto/app/ref"
)

// Errors of Step and Move.
var (
	// ErrIllegal: the state doesn't know the event. Nothing changed.
	ErrIllegal = fail.Conflict("delivery_state", "This can't be done in the state the delivery is in.")
	// ErrNotNow: the state knows the event, but no guard fits. Nothing changed.
	ErrNotNow = fail.Conflict("delivery_not_now", "This can't be done with the delivery right now.")
	// ErrLost: the worker doesn't hold the delivery any more, so what it wanted to write counts for nothing.
	ErrLost = errors.New("the delivery is held by somebody else")
)

// Arg is what comes with an event. Each event reads its own part of it.
type Arg struct {
	Now    Instant // the store's clock; Move fills it in
	By     Held    // of workers' events: under which claim it writes
	Lease  time.Duration
	Call   time.Duration // limit of the commit call
	Jitter int           // per mille by which a backoff differs, -200 to 200

	Over func(ref.Node) bool // Claim: the node is over; Move fills it in

	Until   Instant // a named instant: polls, limits, "still working"
	Held    bool    // NotAccepted: put back by a limit or a twin, not by the platform; no try is counted
	Step    string  // StepSaved: what; others: in which step it went wrong
	Result  []byte  // StepSaved: sealed
	Forget  []string
	Intent  Intent
	Remote  Remote  // Received, Found, ResolvePublished
	Date    Instant // NotFound: the platform's clock at the look
	Working bool    // NotFound: the platform is still at it, until Until

	Accepted bool // Unsure: the platform said so, visible at Until

	Due          Instant // Edit, Retry, ResolveNotPublished: the new time; zero: as it was, or now in a new round
	MediaMissing bool    // Edit: the content has an asset that isn't ready
	Resend       bool    // ResolveNotPublished: send it again

	Class      string
	Words      string
	Fix        string
	StatusCode int

	again Instant // when a retry would be; fixed before the row is chosen
}

// Intent is what is saved before the commit call.
type Intent struct {
	Fingerprint string
	Mark        []string
	MarkAt      Instant
	Settle      time.Duration
}

// Step moves d by one event, without looking at anything else. It returns ErrIllegal when the state doesn't know the
// event, ErrNotNow when no guard fits, ErrLost when the writer isn't the holder; d is unchanged then.
func Step(d Delivery, on Event, a Arg) (Delivery, error) {
	next, _, err := step(d, on, a)
	return next, err
}

func step(d Delivery, on Event, a Arg) (Delivery, *row, error) {
	candidates := table[d.State][on]
	if candidates == nil {
		return d, nil, fmt.Errorf("%s in state %s: %w", on, d.State, ErrIllegal)
	}
	if on.fenced() && a.By != d.Held() || on == Received && a.By.Round != d.Round {
		return d, nil, ErrLost
	}
	a.again = d.retryAt(&a)
	for _, r := range candidates {
		if r.guard != nil && !r.guard(&d, &a) {
			continue
		}
		next := d
		if r.effect != nil {
			r.effect(&next, &a)
		}
		next.enter(r, &a)
		return next, r, nil
	}
	return d, nil, fmt.Errorf("%s in state %s: %w", on, d.State, ErrNotNow)
}

// table finds the rows of a state and event.
var table = func() (t [states + 1][events + 1][]*row) {
	for i := range rows {
		r := &rows[i]
		t[r.from][r.on] = append(t[r.from][r.on], r)
	}
	return t
}()

// enter sets state, wake and what follows from them.
func (d *Delivery) enter(r *row, a *Arg) {
	d.State, d.WakeAt = r.to, r.wake(d, a)
	d.Version++
	d.Told = d.Told || r.told
	if r.on == Claim && r.to.Leased() {
		d.Claim++ // the fence: whoever held it before writes in vain from now on
		d.Node = a.By.Node
	}
	switch r.to {
	case Scheduled, Retrying, Processing:
		d.AimAt = d.WakeAt
	case Published:
		d.Told = false
	}
}

// retryAt is the named instant if it can be believed, else the backoff's end.
func (d *Delivery) retryAt(a *Arg) Instant {
	if believed(a.Now, a.Until) {
		return a.Until
	}
	n := d.Try
	if d.State == Reconciling {
		n = d.Looks - 1
	}
	return a.Now.Add(backoff(n, a.Jitter))
}

// believed says whether a named instant makes sense: in the future, and within a day.
func believed(now, until Instant) bool { return until > now && until <= now.Add(day) }

func backoff(n, jitter int) time.Duration {
	wait := doubled(firstRetry, n, lastRetry)
	return wait + wait/1000*time.Duration(jitter)
}

// doubled is d x 2^n, at most most.
func doubled(d time.Duration, n int, most time.Duration) time.Duration {
	for ; n > 0 && d < most; n-- {
		d *= 2
	}
	return min(d, most)
}
