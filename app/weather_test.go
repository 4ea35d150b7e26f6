package app

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/omniposto/omniposto/app/base/clock"
	"github.com/omniposto/omniposto/app/channel"
	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

// TestAccessThatEndsIsToldInTime lets the access of a channel that nobody can renew run out, day by day.
func TestAccessThatEndsIsToldInTime(t *testing.T) {
	c := clock.NewManual(monday)
	w := newWorldStill(t, c)
	reader := w.join("pia@halden.example", "member", "publisher") // whose session lasts longer than an owner's
	var id ref.Channel
	read(t, &id, w.owner.must(200, "GET", w.path("/channels"), nil).text("items.0.id"))
	ends := func(at time.Time) {
		if err := w.app.db.Update(t.Context(), func(tx store.Tx) error {
			ch, _ := channel.ByID(tx, id)
			ch.TokenExpiresAt, ch.Warned = at, 0
			channel.Put(tx, ch)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	var heard []string // notices are kept for a week; how often each was told
	told := func() []string {
		var out []string
		list := reader.must(200, "GET", w.path("/notices?limit=50"), nil)
		for i := range list.get("items").([]any) {
			if at := fmt.Sprintf("items.%d.", i); list.text(at+"kind") == "channel.expiring" && list.text(at+"id") == id.String() {
				out = append(out, list.text(at+"words"))
			}
		}
		for _, words := range slices.Backward(out) {
			if !slices.Contains(heard, words) {
				heard = append(heard, words)
			}
		}
		if once := slices.Compact(slices.Sorted(slices.Values(out))); len(once) != len(out) {
			t.Errorf("told twice: %q", out)
		}
		return heard
	}
	ends(c.Now().Add(20*24*time.Hour + time.Hour))
	if a := w.owner.must(200, "GET", w.path("/channels/"+id.String()), nil); a.get("access.days_left") != 20.0 || a.get("access.renews_at") != nil || a.text("access.kind") != "none" {
		t.Errorf("20 days ahead: %s", a.raw)
	}
	at := map[int]int{} // days left, and how often was told by then
	for left := 20; left >= 0; left-- {
		for range 3 { // thrice a day, and told once
			if err := w.app.parts.channels.Tend(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		at[left] = len(told())
		c.Advance(24 * time.Hour)
	}
	for left, want := range map[int]int{20: 0, 15: 0, 14: 0, 13: 1, 7: 1, 6: 2, 1: 2, 0: 3} {
		if at[left] != want {
			t.Errorf("with %d days and an hour left it was told %d times, want %d", left, at[left], want)
		}
	}
	words := told()
	if len(words) != 3 || !strings.Contains(words[0], "14 days") || !strings.Contains(words[1], "7 days") || !strings.Contains(words[2], "within a day") {
		t.Errorf("the words: %q", words)
	}
	ends(c.Now().Add(60 * 24 * time.Hour)) // connected again
	if err := w.app.parts.channels.Tend(t.Context()); err != nil || len(told()) != 3 {
		t.Errorf("after connecting again: %v, %q", err, told())
	}
}
