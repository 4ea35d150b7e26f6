package publish

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/delivery"
	"github.com/omniposto/omniposto/store"
)

func TestAnswerDroppedAfterCommitIsNeverSentAgain(t *testing.T) {
	t.Parallel()
	h := aHouse(t).opens()
	h.office.breaks(nil, dropped)
	d := h.due(h.channel(lookup), "dropped", morning)
	got := h.becomes(d, delivery.Uncertain)
	if !got.InDoubt() || len(got.Senders) != 0 {
		t.Errorf("in doubt %v, senders %v; want doubt, and the sender over: it told us", got.InDoubt(), got.Senders)
	}
	h.office.breaks(nil, nil)
	h.passes(3 * time.Minute)
	h.becomes(d, delivery.Published)
	h.visibleOnce(d)
	if _, commits, _ := h.office.count(""); commits != 1 {
		t.Errorf("%d commits, want 1: it was found, not sent again", commits)
	}
}

func TestAnswerDroppedAfterCommitIsSentAgainWithTheSameKeyWhereThePlatformKnowsIt(t *testing.T) {
	t.Parallel()
	h := aHouse(t)
	h.office.byKey = map[string]posted{}
	h.opens()
	h.office.breaks(nil, dropped)
	d := h.due(h.channel(connector.Once{By: connector.Native, Life: connector.Forever}), "dropped", morning)
	h.becomes(d, delivery.Uncertain)
	h.office.breaks(nil, nil)
	h.passes(3 * time.Minute)
	h.becomes(d, delivery.Published)
	h.visibleOnce(d)
}

func TestLostBeforeThePlatformIsSentOnceItIsProvenAbsent(t *testing.T) {
	t.Parallel()
	h := aHouse(t).opens()
	h.office.breaks(func(path string, w http.ResponseWriter) bool { return path == "/posts" && dropped(w) }, nil)
	d := h.due(h.channel(lookup), "lost", morning)
	h.becomes(d, delivery.Uncertain)
	h.office.breaks(nil, nil)
	h.passes(3 * time.Minute)
	h.until(d, "looked at once", func(d delivery.Delivery) bool { return d.State == delivery.Uncertain && d.Looks == 1 })
	if _, commits, _ := h.office.count(""); commits != 0 {
		t.Error("sent again after a single look")
	}
	h.passes(3 * time.Minute) // the second look lies the settle time apart by the platform's Date
	h.becomes(d, delivery.Published)
	h.visibleOnce(d)
}

func TestSlowAnswerIsDoubtAndNotARetry(t *testing.T) {
	t.Parallel()
	h := aHouse(t)
	release := make(chan struct{})
	arrived := make(chan struct{}, 1)
	h.office.breaks(nil, func(http.ResponseWriter) bool { arrived <- struct{}{}; <-release; return true })
	impatient := &cut{Walker: kit{}, arrived: arrived}
	h.opens()
	h.runner.Walker = impatient
	d := h.due(h.channel(lookup), "slow", morning)
	h.becomes(d, delivery.Uncertain)
	close(release)
	h.office.breaks(nil, nil)
	h.passes(3 * time.Minute)
	h.becomes(d, delivery.Published)
	h.visibleOnce(d)
}

// cut ends a walk's context when its commit has arrived: what a call's time limit does, without waiting for it.
type cut struct {
	Walker
	arrived chan struct{}
}

func (c *cut) Walk(ctx context.Context, p connector.Publisher, d connector.Draft, g connector.Grip) connector.Outcome {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-c.arrived:
			cancel()
		case <-ctx.Done():
		}
	}()
	return c.Walker.Walk(ctx, p, d, g)
}

func TestRateLimitedWaitsForTheNamedInstantAndSoDoesItsChannel(t *testing.T) {
	t.Parallel()
	h := aHouse(t).opens()
	until := morning.Add(20 * time.Minute)
	h.office.breaks(func(_ string, w http.ResponseWriter) bool {
		w.Header().Set("Reset", until.Format(time.RFC3339))
		w.WriteHeader(http.StatusTooManyRequests)
		return true
	}, nil)
	c := h.channel(lookup)
	d := h.due(c, "limited", morning)
	if got := h.becomes(d, delivery.Retrying); got.WakeAt.Time() != until || got.Class != delivery.ClassRateLimited {
		t.Errorf("wakes at %s (%s), want %s", got.WakeAt.Time(), got.Class, until)
	}
	h.office.breaks(nil, nil)
	sibling := h.due(c, "sibling", morning.Add(time.Minute))
	other := h.due(h.channel(lookup), "other channel", morning.Add(time.Minute))
	h.passes(10 * time.Minute)
	h.becomes(other, delivery.Published)
	if got := h.read(sibling); got.State != delivery.Scheduled {
		t.Errorf("the sibling is %s before the named instant, want scheduled", got.State)
	}
	h.passes(10 * time.Minute)
	h.becomes(d, delivery.Published)
	h.becomes(sibling, delivery.Published)
	h.visibleOnce(d)
	h.visibleOnce(sibling)
}

func TestTokenExpiredIsRefreshedOnceAndElsePausesTheWholeChannel(t *testing.T) {
	t.Parallel()
	h := aHouse(t)
	h.office.token = "token 0"
	h.tokens.set("old token")
	h.opens()
	c := h.channel(lookup)
	d := h.due(c, "refreshed", morning)
	h.becomes(d, delivery.Published)
	if h.office.refreshes != 1 {
		t.Errorf("%d refreshes, want 1", h.office.refreshes)
	}
	h.passes(time.Hour)
	var calls atomic.Int64
	h.office.breaks(func(_ string, w http.ResponseWriter) bool {
		calls.Add(1)
		w.WriteHeader(http.StatusUnauthorized)
		return true
	}, nil)
	siblings := []delivery.Delivery{h.due(c, "second", h.clock.Now().Add(time.Minute)), h.due(c, "third", h.clock.Now().Add(time.Minute))}
	first := h.due(c, "first", h.clock.Now())
	h.becomes(first, delivery.Paused)
	for _, s := range siblings {
		h.becomes(s, delivery.Paused)
	}
	if !h.wasTold(first, delivery.Paused) {
		t.Error("nobody was told to reconnect")
	}
	spent := calls.Load()
	h.passes(10 * time.Minute)
	late := h.due(c, "composed meanwhile", h.clock.Now())
	if got := h.read(late); got.State != delivery.Paused {
		t.Errorf("what is composed for a paused channel is %s", got.State)
	}
	if calls.Load() != spent {
		t.Error("a paused channel spent a call")
	}
	h.office.breaks(nil, nil)
	h.change(func(tx store.Tx) error { h.del.ResumeChannel(tx, c, delivery.NeedsReconnect); return nil })
	for _, d := range append(siblings, first, late) {
		h.becomes(d, delivery.Published)
		h.visibleOnce(d)
	}
}

func TestRefreshRacedByEightHappensOnce(t *testing.T) {
	t.Parallel()
	h := aHouse(t)
	h.office.token = "token 0"
	h.tokens.set("old token")
	var all []delivery.Delivery
	for i := range 8 {
		all = append(all, h.due(h.channel(lookup), fmt.Sprintf("racer %d", i), morning))
	}
	together := make(chan struct{})
	var arrived sync.WaitGroup
	arrived.Add(8)
	var seen atomic.Int64
	h.office.breaks(func(path string, _ http.ResponseWriter) bool { // the first call of each meets at the gate
		if path == "/upload" && seen.Add(1) <= 8 {
			arrived.Done()
			<-together
		}
		return false
	}, nil)
	go func() { arrived.Wait(); close(together) }()
	h.opens()
	for _, d := range all {
		h.becomes(d, delivery.Published)
		h.visibleOnce(d)
	}
	if h.office.refreshes != 1 {
		t.Errorf("%d refreshes, want 1", h.office.refreshes)
	}
}

func TestClockAnHourForwardSendsNothingEarlyAndNothingTwice(t *testing.T) {
	t.Parallel()
	h := aHouse(t).opens()
	c := h.channel(lookup)
	done := h.due(c, "done", morning)
	h.becomes(done, delivery.Published)
	soon := h.due(c, "soon", morning.Add(30*time.Minute))
	later := h.due(c, "later", morning.Add(90*time.Minute))
	h.jumps(time.Hour)
	h.passes(time.Second)
	if got := h.read(soon); got.State != delivery.Scheduled {
		t.Errorf("right after the jump it is %s: claims are to be held for a while", got.State)
	}
	h.passes(2 * time.Minute)
	h.becomes(soon, delivery.Published)
	if got := h.read(later); got.State != delivery.Scheduled {
		t.Errorf("due in half an hour and already %s", got.State)
	}
	h.passes(30 * time.Minute)
	h.becomes(later, delivery.Published)
	for _, d := range []delivery.Delivery{done, soon, later} {
		h.visibleOnce(d)
	}
}

func TestClockAnHourBackSendsNothingEarlyAndNothingTwice(t *testing.T) {
	t.Parallel()
	h := aHouse(t).opens()
	c := h.channel(lookup)
	done := h.due(c, "done", morning)
	h.becomes(done, delivery.Published)
	next := h.due(c, "next", morning.Add(10*time.Minute))
	h.jumps(-time.Hour)
	h.passes(20 * time.Minute)
	if got := h.read(next); got.State != delivery.Scheduled {
		t.Errorf("50 minutes early by the clock and already %s", got.State)
	}
	h.passes(50 * time.Minute)
	h.becomes(next, delivery.Published)
	h.visibleOnce(done)
	h.visibleOnce(next)
}

func TestServerDownPastTheGracePeriodAsksInsteadOfSending(t *testing.T) {
	t.Parallel()
	h := aHouse(t)
	c := h.channel(lookup)
	monday := h.due(c, "monday's joke", morning.Add(time.Hour))
	fresh := h.due(c, "just now", morning.Add(150*time.Minute))
	h.clock.Advance(3 * time.Hour)
	h.opens()
	h.becomes(monday, delivery.Missed)
	h.becomes(fresh, delivery.Published)
	if !h.wasTold(monday, delivery.Missed) {
		t.Error("nobody was told")
	}
	if n, _, _ := h.office.count(monday.Target); n != 0 {
		t.Error("it went out on Thursday")
	}
	h.move(monday, delivery.Retry, delivery.Arg{})
	h.becomes(monday, delivery.Published)
	h.visibleOnce(monday)
}

func TestDeliveryWhoseAssetIsNotReadyWaitsAndSaysSo(t *testing.T) {
	t.Parallel()
	h := aHouse(t).opens()
	noAsset := func(f *delivery.Fresh) { f.MediaMissing = true }
	late := h.due(h.channel(lookup), "late film", morning.Add(time.Minute), noAsset)
	lost := h.due(h.channel(lookup), "lost film", morning.Add(time.Minute), noAsset)
	h.passes(2 * time.Minute)
	h.until(late, "told of", func(d delivery.Delivery) bool { return d.State == delivery.WaitingMedia && d.Told })
	h.change(func(tx store.Tx) error { _, err := h.del.MediaReady(tx, h.read(late)); return err })
	h.becomes(late, delivery.Published)
	h.visibleOnce(late)
	h.passes(time.Hour)
	h.becomes(lost, delivery.Missed)
	if n, _, _ := h.office.count(lost.Target); n != 0 || !h.wasTold(lost, delivery.Missed) {
		t.Errorf("visible %d times, told %v", n, h.wasTold(lost, delivery.Missed))
	}
}

func TestThreadGoesOutInOrderEachUnderTheOneBefore(t *testing.T) {
	t.Parallel()
	h := aHouse(t)
	c := h.channel(native)
	one := h.due(c, "one", morning)
	follow := func(p delivery.Delivery, part int) func(*delivery.Fresh) {
		return func(f *delivery.Fresh) { f.Parent, f.Part, f.Role = p.ID, part, delivery.Reply }
	}
	two := h.due(c, "two", morning, follow(one, 1))
	three := h.due(c, "three", morning, follow(two, 2))
	h.opens()
	h.becomes(three, delivery.Published)
	want := []posted{{ID: "remote1", Words: "one"}, {ID: "remote2", Words: "two", Under: "remote1"}, {ID: "remote3", Words: "three", Under: "remote2"}}
	for i, p := range h.office.posts {
		if p.Key, p.Channel = "", ""; p != want[i] {
			t.Errorf("post %d is %+v, want %+v", i, p, want[i])
		}
	}
}

func TestStopLetsACallFinishAndTheNextRunGoesOn(t *testing.T) {
	t.Parallel()
	h := aHouse(t)
	arrived, release := make(chan struct{}, 1), make(chan struct{})
	h.office.breaks(nil, func(http.ResponseWriter) bool { arrived <- struct{}{}; <-release; return false })
	c := h.channel(lookup)
	d := h.due(c, "under way", morning)
	h.opens()
	<-arrived
	go close(release)
	h.close()
	if got := h.read(d); got.State != delivery.Published {
		t.Errorf("after the stop it is %s, want published", got.State)
	}
	h.office.breaks(nil, nil)
	next := h.due(c, "for the next run", morning)
	h.opens()
	h.becomes(next, delivery.Published)
	h.visibleOnce(d)
	h.visibleOnce(next)
}

func TestAStepThatIsSavedIsNotRunAgain(t *testing.T) {
	t.Parallel()
	h := aHouse(t).opens()
	h.office.breaks(func(path string, w http.ResponseWriter) bool {
		if path == "/posts" {
			w.WriteHeader(http.StatusTooManyRequests)
		}
		return path == "/posts"
	}, nil)
	d := h.due(h.channel(connector.Once{By: connector.Ask}), "in two walks", morning)
	got := h.becomes(d, delivery.Retrying)
	if raw, _ := got.Step("upload"); string(raw) == `"file1"` {
		t.Error("the result of a step is readable in the store")
	}
	h.office.breaks(nil, nil)
	h.passes(time.Hour)
	h.becomes(d, delivery.Published)
	if _, _, uploads := h.office.count(""); uploads != 1 {
		t.Errorf("%d uploads, want 1", uploads)
	}
}

func TestAPlatformsQuotaIsCountedHereAndHoldsTheNextOneBack(t *testing.T) {
	t.Parallel()
	h := aHouse(t).opens()
	c := h.channel(lookup)
	h.connectors[c].spec.Limits = []connector.Limit{{What: "posts", Max: connector.N(1), Window: time.Hour, Per: "channel"}}
	first := h.due(c, "first", morning)
	h.becomes(first, delivery.Published)
	second := h.due(c, "second", morning)
	got := h.becomes(second, delivery.Retrying)
	if want := morning.Add(time.Hour); got.WakeAt.Time() != want || got.Try != 0 {
		t.Errorf("tried again at %s as try %d, want %s and no try counted", got.WakeAt.Time(), got.Try, want)
	}
	if _, commits, _ := h.office.count(""); commits != 1 {
		t.Errorf("%d commits, want 1", commits)
	}
	h.passes(time.Hour)
	h.becomes(second, delivery.Published)
}

func TestWhatFollowsPublicationHasNoCommitAndComesAfterIt(t *testing.T) {
	t.Parallel()
	h := aHouse(t)
	c := h.channel(lookup)
	d := h.due(c, "pinned", morning)
	pin := h.due(c, "pin it", morning, func(f *delivery.Fresh) { f.Parent, f.Role = d.ID, delivery.Finish })
	h.opens()
	if got := h.becomes(pin, delivery.Published); got.Receipt.ID != h.read(d).Receipt.ID {
		t.Errorf("its receipt is %q, want its parent's", got.Receipt.ID)
	}
	if _, commits, _ := h.office.count(""); commits != 1 {
		t.Errorf("%d commits, want 1", commits)
	}
}

func TestAPauseReachesWhatIsOnItsWayToTheCommit(t *testing.T) {
	t.Parallel()
	h := aHouse(t)
	c := h.channel(connector.Once{By: connector.Ask})
	arrived, release := make(chan struct{}, 1), make(chan struct{})
	h.office.breaks(func(string, http.ResponseWriter) bool { arrived <- struct{}{}; <-release; return false }, nil)
	d := h.due(c, "too late to stop?", morning)
	h.opens()
	<-arrived // it uploads
	h.change(func(tx store.Tx) error {
		h.del.PauseChannel(tx, d.Organization, d.Workspace, c, delivery.ByPerson, "Ada paused the channel.")
		return nil
	})
	h.office.breaks(nil, nil)
	close(release)
	if got := h.becomes(d, delivery.Paused); got.Words != "Ada paused the channel." || got.Try != 0 {
		t.Errorf("paused as %q, try %d", got.Words, got.Try)
	}
	h.change(func(tx store.Tx) error { h.del.ResumeChannel(tx, c, delivery.ByPerson); return nil })
	h.becomes(d, delivery.Published)
	h.visibleOnce(d)
}
