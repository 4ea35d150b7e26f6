package schedule_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/omniposto/omniposto/app/schedule"
)

func slot(weekday int, text string) schedule.Slot {
	m, err := schedule.ParseMinute(text)
	if err != nil {
		panic(err)
	}
	return schedule.Slot{Weekday: weekday, Time: m}
}

func TestSlotsFollowTheWallThroughClockChanges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, zone, now string
		slots           []schedule.Slot
		want            []string
	}{
		{
			"weekly over the spring change", "Europe/Berlin", "2026-03-20T00:00:00Z",
			[]schedule.Slot{slot(7, "02:30"), slot(7, "09:00")},
			[]string{"2026-03-22T01:30:00Z", "2026-03-22T08:00:00Z", "2026-03-29T01:00:00Z", "2026-03-29T07:00:00Z", "2026-04-05T00:30:00Z"},
		},
		{
			"two slots that the change puts on one minute come once", "Europe/Berlin", "2026-03-28T12:00:00Z",
			[]schedule.Slot{slot(7, "02:10"), slot(7, "02:50"), slot(7, "03:00"), slot(7, "03:01")},
			[]string{"2026-03-29T01:00:00Z", "2026-03-29T01:01:00Z", "2026-04-05T00:10:00Z"},
		},
		{
			"a repeated time comes once", "Europe/Berlin", "2026-10-24T12:00:00Z",
			[]schedule.Slot{slot(7, "02:30"), slot(7, "03:00")},
			[]string{"2026-10-25T00:30:00Z", "2026-10-25T02:00:00Z", "2026-11-01T01:30:00Z"},
		},
		{
			"between the two, the first is over", "Europe/Berlin", "2026-10-25T00:45:00Z",
			[]schedule.Slot{slot(7, "02:30")},
			[]string{"2026-11-01T01:30:00Z"},
		},
		{
			"half an hour in Lord Howe", "Australia/Lord_Howe", "2026-10-03T00:00:00Z",
			[]schedule.Slot{slot(7, "02:15"), slot(1, "02:15")},
			[]string{"2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z", "2026-10-10T15:15:00Z"},
		},
		{
			"Kathmandu never changes", "Asia/Kathmandu", "2026-03-28T00:00:00Z",
			[]schedule.Slot{slot(7, "02:30")},
			[]string{"2026-03-28T20:45:00Z", "2026-04-04T20:45:00Z"},
		},
		{
			"a day that was skipped whole", "Pacific/Apia", "2011-12-29T12:00:00Z",
			[]schedule.Slot{slot(5, "10:00"), slot(6, "10:00")},
			[]string{"2011-12-30T10:00:00Z", "2011-12-30T20:00:00Z", "2012-01-05T20:00:00Z"},
		},
		{
			"the slot of this minute is over", "UTC", "2026-09-07T09:00:00Z", // a Monday
			[]schedule.Slot{slot(1, "09:00"), slot(1, "09:01")},
			[]string{"2026-09-07T09:01:00Z", "2026-09-14T09:00:00Z"},
		},
		{"no slots", "UTC", "2026-09-07T09:00:00Z", nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, at := range collect(max(len(c.want), 1), c.slots, zone(t, c.zone), instant(t, c.now)) {
				got = append(got, at.Format(time.RFC3339))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got  %v\nwant %v", got, c.want)
			}
		})
	}
}

func TestNextFreePassesTakenSlots(t *testing.T) {
	t.Parallel()
	z, now := zone(t, "Europe/Berlin"), instant(t, "2026-03-28T12:00:00Z")
	slots := []schedule.Slot{slot(7, "02:30"), slot(1, "09:00")}
	taken := map[time.Time]bool{}
	for _, want := range []string{"2026-03-29T01:00:00Z", "2026-03-30T07:00:00Z", "2026-04-05T00:30:00Z"} {
		got, ok := schedule.NextFree(slots, func(at time.Time) bool { return taken[at] }, z, now)
		if !ok || !got.Equal(instant(t, want)) {
			t.Fatalf("got %s, want %s", got, want)
		}
		taken[got] = true
	}
	if _, ok := schedule.NextFree(slots, func(time.Time) bool { return true }, z, now); ok {
		t.Error("a slot is free though all are taken")
	}
	if _, ok := schedule.NextFree(nil, func(time.Time) bool { return false }, z, now); ok {
		t.Error("a slot is free though there is none")
	}
}

func TestTidyOrdersTheWeek(t *testing.T) {
	t.Parallel()
	got, err := schedule.Tidy([]schedule.Slot{slot(7, "09:00"), slot(1, "18:00"), slot(1, "09:00"), slot(7, "09:00")})
	if want := []schedule.Slot{slot(1, "09:00"), slot(1, "18:00"), slot(7, "09:00")}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v %v, want %v", got, err, want)
	}
	for _, s := range []schedule.Slot{{Weekday: 0}, {Weekday: 8}, {Weekday: 1, Time: 1440}, {Weekday: -1}} {
		if _, err := schedule.Tidy([]schedule.Slot{s}); !errors.Is(err, schedule.ErrSlot) {
			t.Errorf("%+v: %v", s, err)
		}
	}
	var many []schedule.Slot
	for m := range schedule.Minute(schedule.MaxSlots + 1) {
		many = append(many, schedule.Slot{Weekday: 1, Time: m})
	}
	if _, err := schedule.Tidy(many); !errors.Is(err, schedule.ErrMany) {
		t.Errorf("got %v", err)
	}
}

func TestSlotsReadAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	var s schedule.Slot
	if err := json.Unmarshal([]byte(`{"weekday":7,"time":"09:05"}`), &s); err != nil || s != slot(7, "09:05") {
		t.Errorf("got %+v %v", s, err)
	}
	if b, err := json.Marshal(s); err != nil || string(b) != `{"weekday":7,"time":"09:05"}` {
		t.Errorf("got %s %v", b, err)
	}
	for _, bad := range []string{"", "9:05", "24:00", "09:60", "09:05:00", "09:5", "aa:bb", "-1:00", " 9:05"} {
		if _, err := schedule.ParseMinute(bad); !errors.Is(err, schedule.ErrSlot) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func someSlots(t *rapid.T) []schedule.Slot {
	list := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) schedule.Slot {
		return schedule.Slot{Weekday: rapid.IntRange(1, 7).Draw(t, "weekday"), Time: schedule.Minute(rapid.IntRange(0, 1439).Draw(t, "minute"))}
	}), 1, 12).Draw(t, "slots")
	tidy, err := schedule.Tidy(list)
	if err != nil {
		t.Fatal(err)
	}
	return tidy
}

// TestSlotLaws: instants come in order, after now, on a slot's wall clock or right after a gap, each slot once a week.
func TestSlotLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		z, slots := aZone(t), someSlots(t)
		now := instantNear(t, z)
		last := now
		weeks := map[string]int{}
		for _, at := range collect(5*len(slots), slots, z, now) {
			if !at.After(last) {
				t.Fatalf("%s comes after %s", at, last)
			}
			last = at
			shown := schedule.WallOf(at, z)
			date := time.Date(shown.Year, shown.Month, shown.Day, 0, 0, 0, 0, time.UTC)
			s := schedule.Slot{Weekday: (int(date.Weekday())+6)%7 + 1, Time: shown.Minute}
			if !slices.Contains(slots, s) {
				before := schedule.WallOf(at.Add(-time.Minute), z)
				if plusMinute(before) == shown {
					t.Fatalf("%s shows %s, which is no slot and comes after no gap", at, shown)
				}
				continue
			}
			year, week := date.ISOWeek()
			key := fmt.Sprint(year, week, s)
			if weeks[key]++; weeks[key] > 1 {
				t.Fatalf("slot %v comes twice in week %d", s, week)
			}
		}
	})
}

// TestNextFreeIsTheFirstThatIsFree: taken slots are passed, and nothing free lies before the answer.
func TestNextFreeIsTheFirstThatIsFree(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		z, slots := aZone(t), someSlots(t)
		now := instantNear(t, z)
		ahead := collect(10, slots, z, now)
		taken := map[time.Time]bool{}
		for _, at := range ahead[:9] {
			taken[at] = rapid.Bool().Draw(t, "taken")
		}
		got, ok := schedule.NextFree(slots, func(at time.Time) bool { return taken[at] }, z, now)
		if !ok || taken[got] {
			t.Fatalf("got %s %v", got, ok)
		}
		for _, at := range ahead {
			if at.Before(got) && !taken[at] {
				t.Fatalf("%s was free before %s", at, got)
			}
		}
	})
}

func instantNear(t *rapid.T, z *time.Location) time.Time {
	r, err := schedule.Resolve(nearChange(t, z), z, schedule.First)
	if err != nil {
		t.Fatal(err)
	}
	return r.At
}

func plusMinute(w schedule.Wall) schedule.Wall {
	at := time.Date(w.Year, w.Month, w.Day, 0, int(w.Minute)+1, 0, 0, time.UTC)
	return schedule.WallOf(at, time.UTC)
}
