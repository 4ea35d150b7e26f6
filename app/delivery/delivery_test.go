package delivery

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/event"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
	"github.com/omniposto/omniposto/store/memory"
	"github.com/omniposto/omniposto/store/twice"
)

var (
	organization = ref.Organization{1}
	workspace    = ref.Workspace{2}
	channel      = ref.Channel{3}
	node         = ref.Node{4}
	start        = noon.Time()
)

// desk is a store with deliveries and a clock.
type desk struct {
	*testing.T
	clock *clock.Manual
	db    *store.DB
	*Deliveries
	told []Told
}

func aDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{T: t, clock: clock.NewManual(start)}
	db, err := store.Open(t.Context(), twice.Wrap(memory.New(d.clock.Now)), append(Tables(), event.Tables()...)...)
	if err != nil {
		t.Fatal(err)
	}
	d.db = db
	d.Deliveries = New(Deps{Told: func(tx store.Tx, x Told) { Announce(tx, x); d.told = append(d.told, x) }})
	d.do(func(tx store.Tx) { d.StartNode(tx, node, "here", true) })
	t.Cleanup(func() {
		if err := errors.Join(db.Check(context.Background()), db.View(context.Background(), d.Check)); err != nil {
			t.Error(err)
		}
	})
	return d
}

func (d *desk) do(fn func(store.Tx)) {
	d.Helper()
	if err := d.db.Update(d.Context(), func(tx store.Tx) error { fn(tx); return nil }); err != nil {
		d.Fatal(err)
	}
}

func (d *desk) make(with ...func(*Fresh)) (made Delivery) {
	d.Helper()
	f := Fresh{Organization: organization, Workspace: workspace, Post: ref.Post{5}, Channel: channel, DueAt: d.clock.Now(), Grace: time.Hour}
	for _, w := range with {
		w(&f)
	}
	d.do(func(tx store.Tx) { made = d.Create(tx, f) })
	return made
}

func (d *desk) move(x Delivery, on Event, a Arg) (next Delivery) {
	d.Helper()
	d.do(func(tx store.Tx) {
		now, err := d.Get(tx, x.Organization, x.Workspace, x.ID)
		if err == nil {
			if on.fenced() || on == Received {
				a.By = now.Held()
			}
			next, err = d.Move(tx, now, on, a)
		}
		tx.Fail(err)
	})
	return next
}

func (d *desk) read(x Delivery) (got Delivery) {
	d.Helper()
	d.do(func(tx store.Tx) {
		var err error
		got, err = d.Get(tx, x.Organization, x.Workspace, x.ID)
		tx.Fail(err)
	})
	return got
}

func (d *desk) claim(most int) (taken []Delivery) {
	d.Helper()
	d.do(func(tx store.Tx) { taken = d.ClaimReady(tx, Claims{Node: node, Most: most}) })
	return taken
}

func on(c ref.Channel) func(*Fresh)           { return func(f *Fresh) { f.Channel = c } }
func in(w ref.Workspace) func(*Fresh)         { return func(f *Fresh) { f.Workspace = w } }
func after(p Delivery) func(*Fresh)           { return func(f *Fresh) { f.Parent = p.ID } }
func ahead(d *desk, by time.Duration) Instant { return At(d.clock.Now().Add(by)) }

func TestAChannelHasOneDeliveryUnderWay(t *testing.T) {
	t.Parallel()
	d := aDesk(t)
	first := d.make(func(f *Fresh) { f.DueAt = start.Add(-time.Minute) })
	d.make()
	d.make(on(ref.Channel{9}))
	taken := d.claim(10)
	if len(taken) != 2 || taken[0].ID != first.ID {
		t.Fatalf("claimed %d, want one of each channel, the older first", len(taken))
	}
	if again := d.claim(10); len(again) != 0 {
		t.Errorf("claimed %d more while both channels are busy", len(again))
	}
	d.move(first, IntentSaved, Arg{})
	d.move(first, Received, Arg{Remote: Remote{ID: "r"}})
	if next := d.claim(10); len(next) != 1 {
		t.Errorf("claimed %d when the channel was free again, want 1", len(next))
	}
}

func TestAClaimTakesOneOfEachWorkspaceInTurn(t *testing.T) {
	t.Parallel()
	d := aDesk(t)
	for i := range 20 {
		d.make(on(ref.Channel{10, byte(i)}), func(f *Fresh) { f.DueAt = start.Add(-time.Hour / 2) })
	}
	small := d.make(on(ref.Channel{30}), in(ref.Workspace{40}))
	taken := d.claim(3)
	if len(taken) != 3 || taken[1].ID != small.ID {
		t.Errorf("the small workspace isn't among the first: %v", taken)
	}
}

func TestALeaseThatRanOutIsFoundByTheNextClaim(t *testing.T) {
	t.Parallel()
	d := aDesk(t)
	x := d.make()
	d.claim(1)
	d.clock.Advance(FirstLease / 2)
	d.move(x, StepSaved, Arg{Step: "upload"})
	d.clock.Advance(FirstLease * 3 / 4)
	if got := d.claim(1); len(got) != 0 {
		t.Error("claimed again although the lease was renewed")
	}
	d.clock.Advance(FirstLease)
	got := d.claim(1)
	if len(got) != 1 || got[0].Claim != 2 || got[0].Attempts != 2 {
		t.Fatalf("claimed %v", got)
	}
	if _, ok := got[0].Step("upload"); !ok {
		t.Error("the saved step is lost")
	}
	var tries []Attempt
	d.do(func(tx store.Tx) { tries = d.Attempts(tx, x) })
	if len(tries) != 1 || tries[0].Outcome != Retrying || tries[0].Number != 1 {
		t.Errorf("attempts %+v", tries)
	}
}

func TestWhatThisProcessStillWalksIsntClaimed(t *testing.T) {
	t.Parallel()
	d := aDesk(t)
	x := d.make()
	d.claim(1)
	d.clock.Advance(2 * FirstLease)
	walking := func(_ ref.Channel, id ref.Delivery) bool { return id == x.ID }
	d.do(func(tx store.Tx) {
		if got := d.ClaimReady(tx, Claims{Node: node, Most: 1, Walking: walking}); len(got) != 0 {
			t.Error("claimed what is still walked here")
		}
		if at := d.NextReady(tx, func(c ref.Channel) bool { return c == channel }); at != 0 {
			t.Errorf("the timer would spin on it: %s", at.Time())
		}
	})
}

func TestAFollowUpWaitsForItsParentAndGoesWhenItIsVisible(t *testing.T) {
	t.Parallel()
	d := aDesk(t)
	parent := d.make()
	child := d.make(after(parent))
	grandchild := d.make(after(child))
	if child.State != WaitingParent || grandchild.State != WaitingParent {
		t.Fatalf("%s, %s", child.State, grandchild.State)
	}
	d.claim(1)
	d.clock.Advance(10 * time.Second)
	d.move(parent, IntentSaved, Arg{})
	d.move(parent, Received, Arg{Remote: Remote{ID: "r"}})
	if got := d.read(child); got.State != Scheduled || got.DueAt != At(d.clock.Now()) {
		t.Errorf("the child is %s, due %s", got.State, got.DueAt.Time())
	}
	if got := d.read(grandchild); got.State != WaitingParent {
		t.Errorf("the grandchild is %s", got.State)
	}
	d.move(child, Cancel, Arg{})
	if got := d.read(grandchild); got.State != Cancelled || !got.Told {
		t.Errorf("the grandchild is %s, told %v", got.State, got.Told)
	}
}

func TestAFailedParentKeepsItsChildrenWaiting(t *testing.T) {
	t.Parallel()
	d := aDesk(t)
	parent := d.make()
	child := d.make(after(parent))
	d.claim(1)
	d.move(parent, Refused, Arg{Class: ClassRejected, Words: "too long"})
	if got := d.read(child); got.State != WaitingParent {
		t.Errorf("the child is %s: a broken thread must be able to go on where it broke", got.State)
	}
	d.move(parent, Retry, Arg{})
	if got := d.read(parent); got.State != Scheduled || got.Round != 2 || got.Words != "" {
		t.Errorf("retried: %s, round %d, %q", got.State, got.Round, got.Words)
	}
}

func TestPausingReachesEveryDeliveryOfAChannelAndResumingToo(t *testing.T) {
	t.Parallel()
	d := aDesk(t)
	var all []Delivery
	for range 2*sweepSlice + 50 {
		all = append(all, d.make(func(f *Fresh) { f.DueAt = start.Add(time.Minute) }))
	}
	count := func(s State) (n int) {
		for _, x := range all {
			if d.read(x).State == s {
				n++
			}
		}
		return n
	}
	d.do(func(tx store.Tx) { d.PauseChannel(tx, organization, workspace, channel, ByPerson, "paused by Ada") })
	d.clock.Advance(2 * time.Minute)
	for range 3 {
		if got := d.claim(5); len(got) != 0 {
			t.Fatal("claimed in a paused channel")
		}
	}
	if n := count(Paused); n != len(all) {
		t.Fatalf("%d of %d are paused", n, len(all))
	}
	d.do(func(tx store.Tx) { d.PauseChannel(tx, organization, workspace, channel, NeedsReconnect, "reconnect") })
	d.do(func(tx store.Tx) { d.ResumeChannel(tx, channel, ByPerson) })
	if n := count(Paused); n != len(all) {
		t.Fatal("went on although the channel still needs to be reconnected")
	}
	d.do(func(tx store.Tx) { d.ResumeChannel(tx, channel, NeedsReconnect) })
	for range 3 {
		d.claim(0)
		d.claim(1)
	}
	if n := count(Scheduled) + count(Claimed); n != len(all) {
		t.Errorf("%d of %d go on", n, len(all))
	}
}

func TestAPausedDeliveryIsMissedWhenItsGraceIsOver(t *testing.T) {
	t.Parallel()
	d := aDesk(t)
	x := d.make()
	d.do(func(tx store.Tx) { d.PauseChannel(tx, organization, workspace, channel, NeedsReconnect, "reconnect") })
	d.clock.Advance(time.Hour)
	d.claim(1)
	if got := d.read(x); got.State != Missed || !got.Told {
		t.Errorf("%s, told %v", got.State, got.Told)
	}
}

func TestALimitHoldsTheWholeLaneAndOnlyALaterOneMovesIt(t *testing.T) {
	t.Parallel()
	d := aDesk(t)
	d.make()
	d.make()
	x := d.claim(1)[0]
	until := ahead(d, 20*time.Minute)
	d.move(x, NotAccepted, Arg{Class: ClassRateLimited, Until: until})
	d.do(func(tx store.Tx) {
		d.Limited(tx, channel, ahead(d, 5*time.Minute))
		d.Limited(tx, channel, ahead(d, 100*time.Hour)) // absurd
		if got := d.Lane(tx, channel).NotBefore; got != until {
			t.Errorf("not before %s, want %s", got.Time(), until.Time())
		}
	})
	d.clock.Advance(19 * time.Minute)
	if got := d.claim(1); len(got) != 0 {
		t.Error("claimed under the limit")
	}
	d.clock.Advance(time.Minute)
	if got := d.claim(1); len(got) != 1 {
		t.Error("not claimed when the limit was over")
	}
}

func TestAQuotaCountsPerCredentialAndForgetsNothing(t *testing.T) {
	t.Parallel()
	d := aDesk(t)
	mine, app := Quota{"channel", "posts", 2, time.Hour}, Quota{"app", "posts", 3, 24 * time.Hour}
	take := func(q ...Quota) (until Instant, ok bool) {
		d.do(func(tx store.Tx) { until, ok = d.Take(tx, q) })
		return until, ok
	}
	take(mine, app)
	take(mine, app)
	if until, ok := take(mine, app); ok || until != ahead(d, time.Hour) {
		t.Errorf("a third: %v until %s", ok, until.Time())
	}
	if _, ok := take(app); !ok {
		t.Error("what was refused was counted")
	}
	d.clock.Advance(time.Hour)
	if until, ok := take(mine, app); ok || until != ahead(d, 23*time.Hour) {
		t.Errorf("the app's own is used up: %v until %s", ok, until.Time())
	}
	d.do(func(tx store.Tx) { d.Correct(tx, app, 1, 0) })
	if _, ok := take(mine, app); !ok {
		t.Error("the platform's own count isn't believed")
	}
}

func TestANewRunTakesOverWhatEarlierOnesHeldWithoutWaiting(t *testing.T) {
	t.Parallel()
	d := aDesk(t)
	sent, claimed := d.make(), d.make(on(ref.Channel{9}))
	d.claim(2)
	d.move(sent, IntentSaved, Arg{Intent: Intent{Settle: time.Minute}})
	d.do(func(tx store.Tx) { d.StartNode(tx, ref.Node{8}, "here", true) })
	var last store.Key
	d.do(func(tx store.Tx) { last = d.Takeover(tx, nil, 1) })
	for last != nil {
		behind := last
		d.do(func(tx store.Tx) { last = d.Takeover(tx, behind, 1) })
	}
	if got := d.read(sent); got.State != Uncertain || got.Proven() {
		t.Errorf("sent: %s, senders %v", got.State, got.Senders)
	}
	if got := d.read(claimed); got.State != Retrying {
		t.Errorf("claimed: %s", got.State)
	}
	d.clock.Advance(time.Minute)
	d.claim(2)
	if got := d.read(sent); got.State != Reconciling || !got.LookProven {
		t.Errorf("looked at: %s, proven %v: its node is over", got.State, got.LookProven)
	}
}

func TestOnlyAProvenAndSettledAbsenceIsBelieved(t *testing.T) {
	t.Parallel()
	d := aDesk(t)
	x := d.make()
	d.claim(1)
	d.move(x, IntentSaved, Arg{Intent: Intent{Settle: 2 * time.Minute}})
	d.clock.Advance(FirstLease)
	d.claim(1) // its lease is over, its sender isn't proven to be
	date := func() Instant { return ahead(d, 42*time.Second) }
	for range 2 {
		d.clock.Advance(5 * time.Minute)
		if len(d.claim(1)) != 1 {
			t.Fatal("nobody looks")
		}
		if got := d.move(x, NotFound, Arg{Date: date()}); got.State != Uncertain {
			t.Fatalf("unproven, and already %s", got.State)
		}
	}
	d.do(func(tx store.Tx) { d.SenderOver(tx, d.must(x, tx), Held{Node: node, Claim: 1}) })
	d.clock.Advance(2 * time.Minute)
	d.claim(1)
	if got := d.move(x, NotFound, Arg{Date: date()}); got.State != Uncertain || got.AbsentAt == 0 {
		t.Fatalf("after one look: %s", got.State)
	}
	d.clock.Advance(4 * time.Minute)
	d.claim(1)
	if got := d.move(x, NotFound, Arg{Date: date()}); got.State != Retrying || got.InDoubt() {
		t.Errorf("after two looks: %s", got.State)
	}
}

func (d *desk) must(x Delivery, tx store.Tx) Delivery {
	got, err := d.Get(tx, x.Organization, x.Workspace, x.ID)
	tx.Fail(err)
	return got
}
