package trail

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/audit"
	"github.com/omniposto/omniposto/app/op"
	"github.com/omniposto/omniposto/app/organization"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
	"github.com/omniposto/omniposto/store/memory"
)

var monday = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

func TestNoCellIsAFormula(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@a": "'@a", "\tx": "'\tx", "\rx": "'\rx", "plain": "plain", "": "", "a=1": "a=1", "é=1": "é=1"} {
		if got := cell(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

func TestActionsFallIntoTheirClassOfOCSF(t *testing.T) {
	t.Parallel()
	for action, want := range map[string][2]int{
		"session.began": {3002, 1}, "session.refused": {3002, 1}, "session.ended": {3002, 2}, "session.confirmed": {3002, 99},
		"password.changed": {3001, 3}, "factor.added": {3001, 10}, "factor.removed": {3001, 11}, "invitation.created": {3001, 1}, "member.removed": {3001, 6},
		"member.changed": {3001, 99}, "post.created": {6003, 1}, "support.read": {6003, 2}, "channel.changed": {6003, 3}, "channel.disconnected": {6003, 4}, "log.restored": {6003, 3},
	} {
		if class, activity := classify(action); class != want[0] || activity != want[1] {
			t.Errorf("%s is %d, %d, want %v", action, class, activity, want)
		}
	}
}

// reader is a trail over a log of so many events, one a minute.
func reader(t *testing.T, events int) (*Trail, ref.Organization, func(p op.Page, f Filter) *op.Listed[Entry]) {
	t.Helper()
	now := monday
	db, err := store.Open(t.Context(), memory.New(func() time.Time { return now }), audit.Tables()...)
	if err != nil {
		t.Fatal(err)
	}
	org := ref.Mint[ref.Organization](monday)
	for i := range events {
		now = monday.Add(time.Duration(i) * time.Minute)
		err := db.Update(t.Context(), func(tx store.Tx) error {
			audit.Append(tx, org, audit.Event{Action: audit.Action(fmt.Sprintf("act.%d", i)), Actor: audit.Actor{Kind: "member", ID: "idn_x"}, On: audit.Thing{ID: "idn_y"}, Result: audit.OK})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	s := New(Deps{DB: db, Person: func(store.ReadTx, ref.Identity) (p organization.Person, ok bool) { return p, false }})
	c := op.NewCall(&op.Meta{ID: "audit.list"}, op.NewCursors(make([]byte, 32)))
	return s, org, func(p op.Page, f Filter) *op.Listed[Entry] {
		t.Helper()
		out, err := s.page(t.Context(), c, org, p, f)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

func TestAFilteredListReadsALittleAtATimeAndMissesNothing(t *testing.T) {
	t.Parallel()
	_, _, page := reader(t, mostRead+50)
	first := page(op.Page{Limit: 10}, Filter{What: "act.7"})
	if len(first.Items) != 10 || first.NextCursor == "" {
		t.Fatalf("a page: %d, %q", len(first.Items), first.NextCursor)
	}
	rare := page(op.Page{Limit: 10}, Filter{What: `act.42"`}) // the quotation mark ends the name; the API doesn't let it in
	if len(rare.Items) != 0 || rare.NextCursor == "" {
		t.Fatalf("an empty page that goes on: %d, %q", len(rare.Items), rare.NextCursor)
	}
	rest := page(op.Page{Limit: 10, Cursor: rare.NextCursor}, Filter{What: `act.42"`})
	if len(rest.Items) != 1 || rest.Items[0].Seq != 42 || rest.NextCursor != "" {
		t.Errorf("the next one: %+v, %q", rest.Items, rest.NextCursor)
	}
}

func TestASpanOfTimeIsFoundByHalving(t *testing.T) {
	t.Parallel()
	_, _, page := reader(t, 500)
	f := Filter{From: monday.Add(100 * time.Minute), To: monday.Add(104 * time.Minute)}
	got := page(op.Page{Limit: 50}, f)
	if len(got.Items) != 4 || got.Items[0].Seq != 103 || got.Items[3].Seq != 100 || got.NextCursor != "" {
		t.Errorf("%+v, %q", got.Items, got.NextCursor)
	}
	if got := page(op.Page{Limit: 50}, Filter{Who: "idn_y"}); len(got.Items) != 0 {
		t.Error("whom it was done to is taken for who did it")
	}
	if got := page(op.Page{Limit: 50}, Filter{Who: "idn_x"}); len(got.Items) != 50 || !strings.Contains(got.Items[0].Event, "act.499") {
		t.Errorf("%d of who did it", len(got.Items))
	}
}
