package delivery

import (
	"errors"
	"fmt"
	"testing"

	"github.com/omniposto/omniposto/app/ref"
)

const noon = Instant(1_800_000_000_000)

// aDelivery is one in the given state, with what that state implies, at noon.
func aDelivery(s State) Delivery {
	d := Delivery{ID: ref.Delivery{1}, Channel: ref.Channel{2}, State: s, Version: 7, DueAt: noon, AimAt: noon, Round: 1, Claim: 3,
		Node: ref.Node{4}, Grace: 3600e9, Settle: 120e9}
	switch {
	case s.Leased():
		d.WakeAt = noon.Add(FirstLease)
	case s == Paused:
		d.WakeAt = noon.Add(d.Grace)
	case s != WaitingParent && !s.Over():
		d.WakeAt = noon
	}
	if s == Sending || s == Uncertain || s == Reconciling || s == NeedsAttention {
		d.IntentAt = noon
	}
	if s == Uncertain || s == Reconciling || s == NeedsAttention {
		d.DoubtSince = noon
	}
	return d
}

// args are arguments under which, taken together, every guard fits some time.
func args(d Delivery) map[string]Arg {
	by := d.Held()
	return map[string]Arg{
		"plain":         {Now: noon, By: by},
		"late":          {Now: noon.Add(2 * 3600e9), By: by},
		"two days":      {Now: noon.Add(2 * day), By: by},
		"early":         {Now: noon - 1000, By: by},
		"media missing": {Now: noon, By: by, MediaMissing: true},
		"send again":    {Now: noon, By: by, Resend: true},
		"accepted":      {Now: noon, By: by, Accepted: true, Until: noon.Add(60e9)},
		"working":       {Now: noon, By: by, Working: true, Until: noon.Add(60e9)},
		"working, long": {Now: noon.Add(2 * day), By: by, Working: true, Until: noon.Add(60e9)},
		"settled":       {Now: noon, By: by, Date: noon.Add(180e9)},
		"settled, long": {Now: noon.Add(2 * day), By: by, Date: noon.Add(180e9)},
		"reconnect":     {Now: noon, By: by, Class: ClassReconnect},
	}
}

// variants are deliveries of one state that differ in what guards look at.
func variants(s State) map[string]Delivery {
	d := aDelivery(s)
	doubtful, tried, missing, proven, long, told := d, d, d, d, d, d
	doubtful.DoubtSince = noon
	tried.FirstAt = noon
	missing.MediaMissing = true
	proven.LookProven, proven.AbsentAt = true, noon
	long.LookedSince = noon.Add(-2 * 3600e9)
	told.Told = true
	return map[string]Delivery{"plain": d, "in doubt": doubtful, "tried": tried, "media missing": missing, "proven": proven,
		"looked long": long, "told": told}
}

// each runs every variant of every state with every event and argument.
func each(fn func(name string, d Delivery, on Event, a Arg)) {
	for s := State(1); int(s) <= states; s++ {
		for on := Event(1); int(on) <= events; on++ {
			for v, d := range variants(s) {
				for w, a := range args(d) {
					fn(fmt.Sprintf("%s (%s), %s (%s)", s, v, on, w), d, on, a)
				}
			}
		}
	}
}

func TestFiftyNineOf405PairsHaveRows(t *testing.T) {
	t.Parallel()
	with := 0
	for s := State(1); int(s) <= states; s++ {
		for on := Event(1); int(on) <= events; on++ {
			if table[s][on] != nil {
				with++
				continue
			}
			d := aDelivery(s)
			if got, err := Step(d, on, Arg{Now: noon, By: d.Held()}); !errors.Is(err, ErrIllegal) || got.Version != d.Version || got.State != s {
				t.Errorf("%s in %s: %v, want ErrIllegal and nothing changed", on, s, err)
			}
		}
	}
	if states*events != 405 || with != 59 {
		t.Errorf("%d of %d pairs have rows, want 59 of 405", with, states*events)
	}
}

func TestEveryRowIsReached(t *testing.T) {
	t.Parallel()
	reached := map[*row]bool{}
	each(func(_ string, d Delivery, on Event, a Arg) {
		if _, r, err := step(d, on, a); err == nil {
			reached[r] = true
		}
	})
	for i := range rows {
		if r := &rows[i]; !reached[r] {
			t.Errorf("%s, %s [%s] -> %s is never taken", r.from, r.on, r.when, r.to)
		}
	}
}

func TestOnlyIntentAndResendLeadToSendingAndBothSaveAnIntent(t *testing.T) {
	t.Parallel()
	each(func(name string, d Delivery, on Event, a Arg) {
		d.IntentAt, d.Senders = 0, nil
		next, err := Step(d, on, a)
		if err != nil || next.State != Sending {
			return
		}
		if on != IntentSaved && on != Resend {
			t.Errorf("%s leads to sending", name)
		}
		if next.IntentAt != a.Now || len(next.Senders) != 1 || next.Senders[0] != (Sender{Node: d.Node, Claim: d.Claim}) {
			t.Errorf("%s saves no intent", name)
		}
	})
}

func TestWhatGoesWrongForGoodIsTold(t *testing.T) {
	t.Parallel()
	for _, r := range rows {
		if (r.to == Failed || r.to == Missed || r.to == NeedsAttention) && !r.told {
			t.Errorf("%s, %s [%s] -> %s isn't told", r.from, r.on, r.when, r.to)
		}
	}
}

// TestALookThatEndsWithoutAnAnswerSaysWhy: what no platform put into words is put into ours.
func TestALookThatEndsWithoutAnAnswerSaysWhy(t *testing.T) {
	t.Parallel()
	n := 0
	each(func(name string, d Delivery, on Event, a Arg) {
		next, err := Step(d, on, a)
		if err != nil || on != NotFound || next.State != NeedsAttention {
			return
		}
		if n++; next.Words == "" {
			t.Errorf("%s waits for a person who isn't told why", name)
		}
	})
	if n < 2 {
		t.Errorf("only %d were found", n)
	}
}

func TestWakesFollowTheState(t *testing.T) {
	t.Parallel()
	each(func(name string, d Delivery, on Event, a Arg) {
		next, err := Step(d, on, a)
		if err != nil {
			return
		}
		switch next.State {
		case Claimed, Sending, Reconciling:
			if next.WakeAt <= a.Now {
				t.Errorf("%s: %s without a lease", name, next.State)
			}
		case Scheduled, Retrying, Processing, Uncertain, WaitingMedia, Paused:
			if next.WakeAt == 0 {
				t.Errorf("%s: %s sleeps for ever", name, next.State)
			}
		default:
			if next.WakeAt != 0 {
				t.Errorf("%s: %s wakes", name, next.State)
			}
		}
	})
}

func TestDoubtEndsOnlyByReceiptFindProofOrAPerson(t *testing.T) {
	t.Parallel()
	each(func(name string, d Delivery, on Event, a Arg) {
		d.DoubtSince = noon
		next, err := Step(d, on, a)
		if err != nil || next.InDoubt() {
			return
		}
		byRow := on == NotFound && d.LookProven
		byPerson := on == ResolvePublished || on == ResolveNotPublished || d.State == Failed || d.State == Missed
		if on != Received && on != Found && !byRow && !byPerson {
			t.Errorf("%s ends doubt", name)
		}
	})
}

func TestNothingLeavesPublished(t *testing.T) {
	t.Parallel()
	for _, r := range rows {
		if r.from == Published {
			t.Errorf("%s leads from published to %s", r.on, r.to)
		}
	}
}

func TestAnEventOfAWorkerCountsOnlyUnderItsClaim(t *testing.T) {
	t.Parallel()
	each(func(name string, d Delivery, on Event, a Arg) {
		if !on.fenced() {
			return
		}
		for _, by := range []Held{{}, {Node: ref.Node{9}, Claim: d.Claim, Round: d.Round}, {Node: d.Node, Claim: d.Claim - 1, Round: d.Round}} {
			a.By = by
			if next, err := Step(d, on, a); err == nil || next.Version != d.Version {
				t.Errorf("%s by %v: %v, want refused", name, by, err)
			}
		}
	})
}

func TestAReceiptOfThisRoundCountsFromWhoeverBringsIt(t *testing.T) {
	t.Parallel()
	for _, s := range []State{Sending, Uncertain, Reconciling, NeedsAttention, Retrying, Paused, Failed, Missed, Cancelled} {
		d := aDelivery(s)
		next, err := Step(d, Received, Arg{Now: noon, By: Held{Node: ref.Node{9}, Claim: 1, Round: 1}, Remote: Remote{ID: "r"}})
		if err != nil || next.State != Published || next.Receipt.ID != "r" {
			t.Errorf("receipt in %s: %v, %v", s, next.State, err)
		}
		if _, err = Step(d, Received, Arg{Now: noon, By: Held{Node: ref.Node{9}, Claim: 1, Round: 2}}); !errors.Is(err, ErrLost) {
			t.Errorf("receipt of another round in %s: %v", s, err)
		}
	}
}
