package delivery

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

func TestStatusOfAPostIsTheWorstThatIsTrue(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		states []State
		want   Status
	}{
		{"no deliveries", nil, StatusDraft},
		{"a person must decide before anything else", []State{Failed, NeedsAttention, Published}, StatusNeedsAttention},
		{"failed before paused", []State{Paused, Failed}, StatusFailed},
		{"paused before missed", []State{Missed, Paused}, StatusPaused},
		{"missed before sending", []State{Claimed, Missed}, StatusMissed},
		{"uncertain is sending", []State{Uncertain, Published}, StatusSending},
		{"retrying is sending", []State{Retrying, Scheduled}, StatusSending},
		{"waiting is scheduled", []State{Published, WaitingParent}, StatusScheduled},
		{"some cancelled", []State{Published, Cancelled}, StatusPartlyPublished},
		{"all visible", []State{Published, Published}, StatusPublished},
		{"all cancelled", []State{Cancelled}, StatusCancelled},
	} {
		var all []Delivery
		for _, s := range tt.states {
			all = append(all, Delivery{State: s})
		}
		if got := StatusOf(all); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestWordsOfStatesAndStatusesAreReadAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	for s := State(1); int(s) <= states; s++ {
		if got, ok := ParseState(s.String()); !ok || got != s {
			t.Errorf("state %d is written %q and read %d", s, s, got)
		}
		if statusOf(s) == 0 {
			t.Errorf("%s has no status", s)
		}
	}
	for s := StatusNeedsAttention; s <= StatusDraft; s++ {
		if got, ok := ParseStatus(s.String()); !ok || got != s {
			t.Errorf("status %d is written %q and read %d", s, s, got)
		}
	}
	if _, ok := ParseState(""); ok {
		t.Error("no word is a state")
	}
	if got := (Delivery{State: Uncertain, Accepted: true}).Word(); got != "processing" {
		t.Errorf("accepted and not yet visible is shown as %s", got)
	}
}

func TestListsGoOnBehindTheirPosition(t *testing.T) {
	t.Parallel()
	d := aDesk(t)
	var want []ref.Delivery
	d.make(on(ref.Channel{9}), func(f *Fresh) { f.DueAt = start.Add(-time.Second) })
	d.claim(1)
	for i := range 5 {
		want = append(want, d.make(func(f *Fresh) { f.DueAt = start.Add(time.Duration(i) * time.Hour) }).ID)
	}
	d.make(in(ref.Workspace{9}))
	d.do(func(tx store.Tx) {
		for _, back := range []bool{false, true} {
			var got []ref.Delivery
			var at store.Key
			for range want {
				for k, x := range d.ByStatus(tx, workspace, StatusScheduled, at, back) {
					got, at = append(got, x.ID), k
					break
				}
			}
			if back {
				slices.Reverse(got)
			}
			if !slices.Equal(got, want) {
				t.Errorf("back %v: %v, want %v", back, got, want)
			}
		}
		n := 0
		for _, x := range d.ByStatus(tx, workspace, StatusSending, nil, false) {
			if n++; x.State != Claimed {
				t.Errorf("%s is listed as being sent", x.State)
			}
		}
		if n != 1 {
			t.Errorf("%d are being sent, want 1", n)
		}
		n = 0
		for range d.ByDue(tx, workspace, start.Add(time.Hour), start.Add(3*time.Hour), nil, false) {
			n++
		}
		if n != 2 {
			t.Errorf("%d due in two hours, want 2", n)
		}
	})
}

func TestAnEditStartsAnewAndAPersonsDecisionStands(t *testing.T) {
	t.Parallel()
	d := aDesk(t)
	x := d.make()
	x = d.move(x, Edit, Arg{Due: ahead(d, time.Hour), MediaMissing: true})
	if x.State != WaitingMedia || x.DueAt != ahead(d, time.Hour) || x.Round != 2 {
		t.Errorf("edited: %s due %s, round %d", x.State, x.DueAt.Time(), x.Round)
	}
	d.do(func(tx store.Tx) {
		next, err := d.MediaReady(tx, d.must(x, tx))
		if err != nil || next.State != Scheduled {
			t.Errorf("media ready: %s, %v", next.State, err)
		}
	})
	d.clock.Advance(time.Hour)
	d.claim(1)
	d.move(x, IntentSaved, Arg{Intent: Intent{Fingerprint: "words"}})
	d.do(func(tx store.Tx) {
		if _, err := d.Move(tx, d.must(x, tx), Edit, Arg{}); !errors.Is(err, ErrIllegal) {
			t.Errorf("edited while it is sent: %v", err)
		}
		if err := d.Remove(tx, d.must(x, tx)); !errors.Is(err, ErrIllegal) {
			t.Errorf("removed while it is sent: %v", err)
		}
		if !d.Twin(tx, []ref.Channel{{9}, channel}, "words", ref.Delivery{77}) || d.Twin(tx, []ref.Channel{channel}, "words", x.ID) || d.Twin(tx, []ref.Channel{{9}}, "words", ref.Delivery{77}) {
			t.Error("the same words on this channel have to wait, and it isn't its own twin")
		}
	})
	d.move(x, Unsure, Arg{})
	d.clock.Advance(time.Hour)
	d.claim(1)
	d.move(x, CantTell, Arg{})
	x = d.move(x, ResolveNotPublished, Arg{Resend: true})
	if x.State != Scheduled || x.Round != 3 || x.InDoubt() || x.DueAt != At(d.clock.Now()) {
		t.Errorf("sent again: %s, round %d, doubt %v, due %s", x.State, x.Round, x.InDoubt(), x.DueAt.Time())
	}
}

func TestRemovingTakesAttemptsAlongAndCancelsWhatFollows(t *testing.T) {
	t.Parallel()
	d := aDesk(t)
	x := d.make()
	child := d.make(after(x))
	d.claim(1)
	d.move(x, Refused, Arg{Class: ClassRejected})
	d.do(func(tx store.Tx) {
		tx.Fail(d.Remove(tx, d.must(x, tx)))
		if n := len(d.Attempts(tx, x)); n != 0 {
			t.Errorf("%d attempts are left", n)
		}
		if all := d.OfPost(tx, x.Post); len(all) != 1 || all[0].ID != child.ID || all[0].State != Cancelled {
			t.Errorf("left: %v", all)
		}
	})
}

func TestEventsSayWhatPeopleSee(t *testing.T) {
	t.Parallel()
	d := aDesk(t)
	x := d.make()
	d.claim(1)
	d.move(x, StepSaved, Arg{Step: "upload"})
	d.move(x, IntentSaved, Arg{})
	d.move(x, Received, Arg{Remote: Remote{ID: "r", Permalink: "https://example.com/r"}})
	failing := d.make()
	d.claim(1)
	d.move(failing, Refused, Arg{Class: ClassRejected, Words: "too long", Fix: "cut"})
	var got []string
	d.do(func(tx store.Tx) {
		got = nil
		for _, x := range d.told {
			if c, tell := (Told{From: x.From, On: x.On, Delivery: x.Delivery}).kind(), x.Tell; x.Tell || x.visible() {
				if tell {
					c += "!"
				}
				got = append(got, c)
			}
		}
	})
	got = slices.Compact(got) // the store runs each function twice here
	want := []string{"delivery.created", "delivery.published", "delivery.created", "delivery.failed!"}
	if !slices.Equal(got, want) {
		t.Errorf("told %v, want %v", got, want)
	}
}

func TestALateReceiptCountsAndIsToldWhereSomethingElseWasSaid(t *testing.T) {
	t.Parallel()
	d := aDesk(t)
	x := d.make()
	taken := d.claim(1)[0]
	d.move(x, IntentSaved, Arg{})
	d.clock.Advance(FirstLease)
	d.claim(1)
	d.clock.Advance(time.Hour)
	d.claim(1)
	d.move(x, CantTell, Arg{Words: "look yourself"})
	d.do(func(tx store.Tx) {
		next, err := d.Move(tx, d.must(x, tx), Received, Arg{By: taken.Held(), Remote: Remote{ID: "r"}})
		if err != nil || next.State != Published {
			t.Errorf("%s, %v", next.State, err)
		}
		if !d.KnownRemote(tx, []ref.Channel{{9}, channel}, "r", ref.Delivery{77}) || d.KnownRemote(tx, []ref.Channel{channel}, "r", x.ID) || d.KnownRemote(tx, []ref.Channel{{9}}, "r", ref.Delivery{77}) {
			t.Error("the remote post isn't known as this delivery's")
		}
	})
	if last := d.told[len(d.told)-1]; !last.Tell || last.State != Published {
		t.Errorf("told %v that it is %s", last.Tell, last.State)
	}
}
