package app

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"
)

// story is what must be true of the one staff person's grant, kept beside the server by other code than the server's.
type story struct {
	grant      string
	open       bool // asked, nobody decided
	lapses     time.Time
	active     bool
	ends       time.Time
	staff, on  bool // the staff person is active, the organization allows support
	unsound    bool
	categories map[string]bool
}

// stands says whether a read of the category must succeed at the instant.
func (s *story) stands(now time.Time, category string) bool {
	return s.active && now.Before(s.ends) && s.staff && s.on && !s.unsound && s.categories[category]
}

// TestNoHistoryLetsARunOfReadsPastItsGrant draws histories of requests, answers, withdrawals, rules and clocks against a whole
// server. After each step a read is tried: it succeeds exactly when a grant is active at that instant.
func TestNoHistoryLetsARunOfReadsPastItsGrant(t *testing.T) {
	seeds := []uint64{1, 2, 3}
	if text := os.Getenv("SUPPORT_SEED"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seeds = []uint64{n}
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			walkStory(t, seed)
		})
	}
}

func walkStory(t *testing.T, seed uint64) {
	h := newHelp(t)
	r := rand.New(rand.NewPCG(seed, 4))
	s := &story{staff: true, on: true}
	reads, granted, refused := 0, 0, 0
	for step := range 120 {
		act := h.storyStep(r, s)
		h.comeBack(h.owner)
		if s.staff {
			h.comeBack(h.staff)
		}
		if s.grant == "" || !s.staff {
			continue
		}
		category := []string{"posts", "organization"}[r.IntN(2)]
		now := h.clock.Now()
		want := s.stands(now, category)
		a := h.staff.send("GET", "/support/grants/"+s.grant+"/"+category, nil)
		if got := a.status == 200; got != want {
			t.Fatalf("seed %d, step %d (%s): a read of %s answers %d %s, want success %v", seed, step, act, category, a.status, a.raw, want)
		}
		if want {
			granted++
			reads++
		} else {
			refused++
		}
	}
	if n := len(h.events("support.read")); n != reads {
		t.Errorf("seed %d: %d reads succeeded and %d are in the log", seed, reads, n)
	}
	if granted < 10 || refused < 10 {
		t.Errorf("seed %d: a thin history: %d reads, %d refusals", seed, granted, refused)
	}
}

// watch lets the server look at its clock now; it does so by itself every few seconds.
func (h *help) watch() {
	h.t.Helper()
	if err := h.app.parts.support.WatchClock(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
}

// comeBack signs in again where the session ended by itself.
func (h *help) comeBack(p *person) {
	h.t.Helper()
	for p.send("GET", "/session", nil).status != 200 {
		h.clock.Advance(61 * time.Second)
		p.must(200, "POST", "/session", map[string]any{"email": p.email, "password": password})
		p.send("POST", "/session/mfa", map[string]any{"totp": p.code(0)})
	}
}

// storyStep does one thing and says what.
func (h *help) storyStep(r *rand.Rand, s *story) string {
	h.t.Helper()
	now := h.clock.Now
	path := "/organizations/" + h.org + "/support/grants/" + s.grant
	switch n := r.IntN(24); {
	case n < 12 && !s.open && !s.active && s.on && s.staff && !s.unsound:
		both := r.IntN(2) == 0
		categories := []string{"posts"}
		if both {
			categories = append(categories, "organization")
		}
		s.grant = h.ask(1+r.IntN(6), categories...).text("id")
		s.open, s.lapses = true, now().Add(72*time.Hour)
		s.categories = map[string]bool{"posts": true, "organization": both}
		return "ask"
	case n < 10 && s.open && s.staff:
		a := h.approve(h.owner, s.grant, map[string]any{})
		if a.status == 200 {
			s.open, s.active = false, true
			s.ends = now().Add(time.Duration(a.get("granted.hours").(float64)) * time.Hour)
		} else if now().Before(s.lapses) {
			h.t.Fatalf("an approval in time: %d %s", a.status, a.raw)
		} else {
			s.open = false
		}
		return "approve"
	case n == 12 && s.open:
		if h.owner.send("POST", path+"/deny", map[string]any{}).status == 200 {
			s.open = false
		}
		return "deny"
	case n == 13 && s.active:
		h.owner.send("POST", path+"/withdraw", nil)
		s.active = false
		return "withdraw"
	case n == 14 && s.active && s.staff:
		h.staff.send("POST", "/support/grants/"+s.grant+"/close", nil)
		s.active = false
		return "close"
	case n == 15 || n < 9 && !s.on:
		h.setPolicy(map[string]any{"allowed": !s.on})
		if s.on = !s.on; !s.on {
			s.open, s.active = false, false
		}
		return "policy"
	case n == 16 || n < 9 && !s.staff:
		h.fresh(h.owner, "", "", nil)
		h.owner.must(200, "PATCH", "/instance/staff/"+h.id, map[string]any{"active": !s.staff})
		if s.staff = !s.staff; !s.staff {
			s.open, s.active = false, false
		}
		return "staff"
	case n == 17 && !s.unsound:
		h.watch()
		if r.IntN(2) == 0 {
			h.clock.Jump(-time.Minute) // within what a clock may do
			return "clock back a little"
		}
		h.clock.Jump(-5 * time.Minute)
		s.unsound = true
		h.watch()
		return "clock back"
	case n < 19 && s.unsound:
		h.fresh(h.owner, "", "", nil)
		h.owner.must(200, "POST", "/instance/clock/confirm", nil)
		s.unsound = false
		return "clock confirmed"
	}
	h.clock.Advance(time.Duration(r.IntN(50)) * time.Minute)
	if s.open && !now().Before(s.lapses) {
		s.open = false
	}
	return "time goes on"
}
