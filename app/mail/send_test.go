package mail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/base/secret"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
	"github.com/omniposto/omniposto/store/memory"
	"github.com/omniposto/omniposto/store/twice"
)

// house is an outbox on a store in memory, with every change made twice, and a clock that stands still.
type house struct {
	t      *testing.T
	clock  *clock.Manual
	outbox *Outbox
	post   *carrier
	log    *bytes.Buffer
}

// carrier is a transport that does as it is told and keeps what it was given.
type carrier struct {
	mu   sync.Mutex
	got  []Message
	fail func(Message) error
	sent chan struct{}
}

func (*carrier) Kind() string                { return "smtp" }
func (*carrier) From() string                { return "posts@example.org" }
func (*carrier) Check(context.Context) error { return nil }

func (c *carrier) Send(_ context.Context, m Message) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.got = append(c.got, m)
	if c.sent != nil {
		c.sent <- struct{}{}
	}
	return c.fail(m)
}

func (c *carrier) count() int { c.mu.Lock(); defer c.mu.Unlock(); return len(c.got) }

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, clock: clock.NewManual(noon), post: &carrier{fail: func(Message) error { return nil }}, log: &bytes.Buffer{}}
	db, err := store.Open(t.Context(), twice.Wrap(memory.New(h.clock.Now)), append(secret.Tables(), Tables()...)...)
	if err != nil {
		t.Fatal(err)
	}
	keeper, err := secret.NewKeeper(t.Context(), db, secret.ForTests(), h.clock)
	if err != nil {
		t.Fatal(err)
	}
	h.outbox = New(Deps{DB: db, Clock: h.clock, Keeper: keeper, Transport: h.post, Log: slog.New(slog.NewTextHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	return h
}

func (h *house) queue(l Letter) {
	h.t.Helper()
	if err := h.outbox.DB.Update(h.t.Context(), func(tx store.Tx) error { return h.outbox.Queue(tx, l) }); err != nil {
		h.t.Fatal(err)
	}
}

// step lets the loop take one turn and says how long it would wait.
func (h *house) step() time.Duration {
	h.t.Helper()
	wait, err := h.outbox.next(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	return wait
}

func (h *house) waiting() (out []Waiting) {
	h.t.Helper()
	err := h.outbox.DB.View(h.t.Context(), func(tx store.ReadTx) error {
		for _, w := range letters.By(tx, "age", store.Range{}) {
			out = append(out, w)
		}
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return out
}

var invited = Letter{Kind: Invitation, To: "tom@halden.example", Data: map[string]string{"by": "canary-name"}, Link: "https://posts.example.org/invite#token=canary-token"}

func TestALetterGoesOutOnceAndNothingOfItStays(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.queue(invited)
	if h.step() != 0 || h.post.count() != 1 || len(h.waiting()) != 0 {
		t.Fatalf("%d were sent, %d wait", h.post.count(), len(h.waiting()))
	}
	if m := h.post.got[0]; m.To != invited.To || !strings.Contains(m.Text, invited.Link) || m.ID.Zero() || !m.At.Equal(noon) {
		t.Errorf("%+v", m)
	}
	if wait := h.step(); wait <= 0 || h.post.count() != 1 {
		t.Errorf("then it waits %v and has sent %d", wait, h.post.count())
	}
	if strings.Contains(h.log.String(), "canary") || strings.Contains(h.log.String(), "halden") {
		t.Errorf("the log says\n%s", h.log)
	}
}

func TestALetterThatDoesntLeaveIsTriedWithGrowingPausesForThreeDays(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.post.fail = func(Message) error { return &Error{Later} }
	h.queue(invited)
	var pauses []time.Duration
	began := h.clock.Now()
	for {
		if h.step() != 0 {
			t.Fatal("it wasn't due")
		}
		w := h.waiting()[0]
		if w.Failed {
			break
		}
		pause := w.DueAt.Sub(h.clock.Now())
		if len(pauses) > 0 && pause < pauses[len(pauses)-1] {
			t.Fatalf("the pause shrank from %v to %v", pauses[len(pauses)-1], pause)
		}
		pauses = append(pauses, pause)
		if wait := h.step(); wait <= 0 || wait > pause {
			t.Fatalf("the loop waits %v for a letter that is due in %v", wait, pause)
		}
		h.clock.Advance(pause)
	}
	w := h.waiting()[0]
	if took := h.clock.Now().Sub(began); took < giveUpAfter || took > giveUpAfter+7*time.Hour || len(pauses) < 10 {
		t.Errorf("given up after %v and %d tries", took, len(pauses))
	}
	if w.Problem != Later || !w.Content.Empty() || w.Tries != len(pauses)+1 {
		t.Errorf("what is kept of it: %+v", w)
	}
	ids := map[ref.Letter]bool{}
	for _, m := range h.post.got {
		ids[m.ID] = true
	}
	if len(ids) != 1 {
		t.Errorf("its tries have %d different ids", len(ids))
	}
	tried := h.post.count()
	h.clock.Advance(24 * time.Hour)
	if h.step(); h.post.count() != tried {
		t.Error("it was tried again after it was given up")
	}
}

func TestWhatIsWrongForGoodIsGivenUpAtOnce(t *testing.T) {
	t.Parallel()
	for _, p := range []Problem{Recipient, Refused, Unreadable} {
		h := newHouse(t)
		h.post.fail = func(Message) error { return &Error{p} }
		h.queue(invited)
		h.step()
		if w := h.waiting()[0]; !w.Failed || w.Problem != p || w.Tries != 1 || !w.Content.Empty() {
			t.Errorf("%s: %+v", p, w)
		}
	}
	h := newHouse(t)
	h.queue(Letter{Kind: "unheard_of", To: invited.To})
	h.step()
	if w := h.waiting()[0]; !w.Failed || w.Problem != Unreadable || h.post.count() != 0 {
		t.Errorf("a letter without words: %+v", w)
	}
}

func TestALetterWhoseKeyIsGoneIsGivenUp(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	l := invited
	l.Organization = ref.Mint[ref.Organization](noon)
	h.queue(l)
	h.queue(invited)
	if err := h.outbox.DB.Update(t.Context(), func(tx store.Tx) error { h.outbox.Keeper.Shred(tx, l.Organization, "mail"); return nil }); err != nil {
		t.Fatal(err)
	}
	h.step()
	h.step()
	if all := h.waiting(); len(all) != 1 || !all[0].Failed || all[0].Problem != Unreadable || h.post.count() != 1 {
		t.Errorf("%+v, %d sent", all, h.post.count())
	}
}

func TestWhileTheTransportIsTheProblemNothingElseIsTried(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.post.fail = func(Message) error { return &Error{NoConnection} }
	for range 5 {
		h.queue(invited)
	}
	h.step()
	if wait := h.step(); wait <= 0 || wait > restTime || h.post.count() != 1 {
		t.Fatalf("waits %v after %d tries", wait, h.post.count())
	}
	h.clock.Advance(restTime)
	h.post.fail = func(Message) error { return nil }
	for h.step() == 0 {
	}
	if h.post.count() != 5 || len(h.waiting()) != 1 {
		t.Errorf("%d tries, %d wait", h.post.count(), len(h.waiting()))
	}
	h.clock.Advance(time.Minute)
	for h.step() == 0 {
	}
	if len(h.waiting()) != 0 {
		t.Errorf("%+v", h.waiting())
	}
}

func TestALetterOfARefusedRecipientHoldsNobodyElseUp(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.post.fail = func(m Message) error {
		if m.To == invited.To {
			return &Error{Later}
		}
		return nil
	}
	h.queue(invited)
	for i := range 3 {
		h.queue(Letter{Kind: VerifyEmail, To: fmt.Sprintf("p%d@halden.example", i)})
	}
	for h.step() == 0 {
	}
	if h.post.count() != 4 || len(h.waiting()) != 1 {
		t.Errorf("%d tries, %d wait", h.post.count(), len(h.waiting()))
	}
}

func TestAStoreThatCantBeWrittenSendsNothingAgainAndAgain(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.queue(invited)
	before := h.waiting()[0]
	ctx, cancel := context.WithCancel(t.Context())
	h.post.fail = func(Message) error { cancel(); return nil } // the server stops in the middle
	if _, err := h.outbox.next(ctx); err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if len(h.waiting()) != 0 {
		t.Error("a letter that left while the server stopped is kept")
	}
	h.queue(invited)
	w, wait, err := h.outbox.take(t.Context()) // and here it was killed
	if err != nil || wait != 0 || w.Tries != 1 || !w.DueAt.After(before.DueAt) {
		t.Fatalf("%+v %v %v", w, wait, err)
	}
	if h.step() == 0 {
		t.Error("after a kill it is tried again at once")
	}
	h.clock.Advance(pauseAfter(1))
	h.post.fail = func(Message) error { return nil }
	if h.step() != 0 || h.post.got[len(h.post.got)-1].ID != w.ID || len(h.waiting()) != 0 {
		t.Error("after a kill it isn't tried again under its id")
	}
}

func TestWithoutATransportLettersWaitAndAreSweptAfterThirtyDays(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.outbox.Transport = nil
	if h.outbox.Enabled() {
		t.Error("enabled without a transport")
	}
	h.queue(invited)
	h.outbox.Run(t.Context()) // returns at once
	h.clock.Advance(sweptAfter)
	h.queue(invited)
	sweep := func() (n int) {
		if err := h.outbox.DB.Update(t.Context(), func(tx store.Tx) error { n = Sweep(tx, 10); return nil }); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := sweep(); n != 0 || len(h.waiting()) != 2 {
		t.Errorf("%d swept at thirty days", n)
	}
	h.clock.Advance(time.Minute)
	if n := sweep(); n != 1 || len(h.waiting()) != 1 {
		t.Errorf("%d swept after them", n)
	}
}

func TestACommitWakesTheLoopAndOneLetterIsInFlight(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	office := openPostOffice(t, startTLS)
	h.outbox.Transport = office.transport(t, office.url("smtp", mailPassword, ""))
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { h.outbox.Run(ctx) })
	for range 8 {
		h.queue(invited)
		h.outbox.Poke()
	}
	for len(h.waiting()) > 0 { // the clock stands still: only pokes wake it
		h.outbox.Poke()
	}
	cancel()
	done.Wait()
	if got := office.letters(); len(got) != 8 || office.most != 1 {
		t.Errorf("%d letters arrived, %d at once", len(got), office.most)
	}
}

func TestWhatALetterSaysIsSealed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.queue(invited)
	w := h.waiting()[0]
	var raw bytes.Buffer
	if _, err := h.outbox.DB.Backup(&raw); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(raw.Bytes(), []byte("canary")) || !bytes.Contains(raw.Bytes(), []byte(invited.To)) {
		t.Error("the store holds what the letter says, or not even its recipient")
	}
	if text := fmt.Sprintf("%v %+v %#v", w, w, w); strings.Contains(text, "canary") || strings.Contains(text, "op1.") {
		t.Errorf("printed: %s", text)
	}
}
