package schedule_test

import (
	"errors"

	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/omniposto/omniposto/app/schedule"
)

func zone(t interface{ Fatalf(string, ...any) }, name string) *time.Location {
	z, err := schedule.Zone(name)
	if err != nil {
		t.Fatalf("zone %s: %v", name, err)
	}
	return z
}

func wall(t interface{ Fatalf(string, ...any) }, s string) schedule.Wall {
	w, err := schedule.ParseWall(s)
	if err != nil {
		t.Fatalf("wall %s: %v", s, err)
	}
	return w
}

func instant(t interface{ Fatalf(string, ...any) }, s string) time.Time {
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatalf("instant %s: %v", s, err)
	}
	return at.UTC()
}

func TestAWallClockMeansOneInstant(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, zone, wall, first, second string
		skipped                         bool
	}{
		{"winter", "Europe/Berlin", "2026-01-15T09:30", "2026-01-15T08:30:00Z", "", false},
		{"summer", "Europe/Berlin", "2026-07-15T09:30", "2026-07-15T07:30:00Z", "", false},
		{"minute before the gap", "Europe/Berlin", "2026-03-29T01:59", "2026-03-29T00:59:00Z", "", false},
		{"first minute of the gap", "Europe/Berlin", "2026-03-29T02:00", "2026-03-29T01:00:00Z", "", true},
		{"in the gap", "Europe/Berlin", "2026-03-29T02:30", "2026-03-29T01:00:00Z", "", true},
		{"last minute of the gap", "Europe/Berlin", "2026-03-29T02:59", "2026-03-29T01:00:00Z", "", true},
		{"minute after the gap", "Europe/Berlin", "2026-03-29T03:00", "2026-03-29T01:00:00Z", "", false},
		{"minute before the repeated hour", "Europe/Berlin", "2026-10-25T01:59", "2026-10-24T23:59:00Z", "", false},
		{"start of the repeated hour", "Europe/Berlin", "2026-10-25T02:00", "2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z", false},
		{"in the repeated hour", "Europe/Berlin", "2026-10-25T02:30", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", false},
		{"end of the repeated hour", "Europe/Berlin", "2026-10-25T03:00", "2026-10-25T02:00:00Z", "", false},
		{"next year's gap, as the screen says it", "Europe/Berlin", "2027-03-28T02:30", "2027-03-28T01:00:00Z", "", true},
		{"New York skips", "America/New_York", "2026-03-08T02:30", "2026-03-08T07:00:00Z", "", true},
		{"New York repeats", "America/New_York", "2026-11-01T01:30", "2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z", false},
		{"no summer time, 45 minutes", "Asia/Kathmandu", "2026-03-29T02:30", "2026-03-28T20:45:00Z", "", false},
		{"Lord Howe skips half an hour", "Australia/Lord_Howe", "2026-10-04T02:10", "2026-10-03T15:30:00Z", "", true},
		{"Lord Howe after its gap", "Australia/Lord_Howe", "2026-10-04T02:30", "2026-10-03T15:30:00Z", "", false},
		{"Lord Howe repeats half an hour", "Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-04T14:45:00Z", "2026-04-04T15:15:00Z", false},
		{"Lord Howe before its repetition", "Australia/Lord_Howe", "2026-04-05T01:29", "2026-04-04T14:29:00Z", "", false},
		{"Apia skipped a day", "Pacific/Apia", "2011-12-30T12:00", "2011-12-30T10:00:00Z", "", true},
		{"midnight that doesn't exist", "Africa/Cairo", "2026-04-24T00:15", "2026-04-23T22:00:00Z", "", true},
		{"far from UTC", "Pacific/Kiritimati", "2026-01-01T00:00", "2025-12-31T10:00:00Z", "", false},
		{"a change of local mean time with odd seconds", "Europe/Berlin", "1893-04-01T00:03", "1893-03-31T23:07:00Z", "", true},
		{"UTC", "UTC", "2026-10-25T02:30", "2026-10-25T02:30:00Z", "", false},
		{"the days where Go's ZoneBounds stands still", "Europe/Berlin", "2040-12-31T02:30", "2040-12-31T01:30:00Z", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			z, w := zone(t, c.zone), wall(t, c.wall)
			first, err := schedule.Resolve(w, z, schedule.First)
			if err != nil {
				t.Fatal(err)
			}
			second, err := schedule.Resolve(w, z, schedule.Second)
			if err != nil {
				t.Fatal(err)
			}
			wantFirst := instant(t, c.first)
			wantSecond := wantFirst
			if c.second != "" {
				wantSecond = instant(t, c.second)
			}
			if !first.At.Equal(wantFirst) || !second.At.Equal(wantSecond) {
				t.Errorf("got %s and %s, want %s and %s", first.At, second.At, wantFirst, wantSecond)
			}
			if first.Skipped != c.skipped || first.Twice != (c.second != "") || first.At.Location() != time.UTC {
				t.Errorf("got %+v", first)
			}
			if first.Twice && (!first.Other.Equal(wantSecond) || !second.Other.Equal(wantFirst)) {
				t.Errorf("the other instants are %s and %s", first.Other, second.Other)
			}
		})
	}
}

func TestUnknownZonesAreRefused(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "Local", "Europe/Nowhere", "../../etc/passwd", "/etc/localtime", "Europe\\Berlin", "UTC+2", "Europe/Berlin\x00"} {
		if _, err := schedule.Zone(name); !errors.Is(err, schedule.ErrZone) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestTimesThatDontExistAreRefused(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "2026-02-29T10:00", "2026-13-01T10:00", "2026-01-01T24:00", "2026-01-01T10:60", "2026-01-01", "26-01-01T10:00", "2026-01-01T10:00:30", "2026-01-01T10:00:00.5", "0000-01-01T10:00", "2026-01-01 10:00"} {
		if w, err := schedule.ParseWall(s); !errors.Is(err, schedule.ErrWall) {
			t.Errorf("%q: %v %v", s, w, err)
		}
	}
	for _, w := range []schedule.Wall{{}, {Year: 2026, Month: 2, Day: 30}, {Year: 2026, Month: 0, Day: 1}, {Year: 2026, Month: 13, Day: 1}, {Year: 2026, Month: 1, Day: 1, Minute: 1440}, {Year: 2026, Month: 1, Day: 0}, {Year: 10000, Month: 1, Day: 1}} {
		if _, err := schedule.Resolve(w, time.UTC, schedule.First); !errors.Is(err, schedule.ErrWall) {
			t.Errorf("%+v: %v", w, err)
		}
	}
}

func TestReadTakesInstantsAndWallClocks(t *testing.T) {
	t.Parallel()
	z := zone(t, "Europe/Berlin")
	for _, c := range []struct{ at, want string }{
		{"2026-03-29T02:30", "2026-03-29T01:00:00Z"},
		{"2026-03-29T02:30:00", "2026-03-29T01:00:00Z"},
		{"2026-03-29T02:30:00Z", "2026-03-29T02:30:00Z"},
		{"2026-03-29T02:30:15+05:45", "2026-03-28T20:45:15Z"},
	} {
		got, err := schedule.Read(c.at, z, schedule.First)
		if err != nil || !got.At.Equal(instant(t, c.want)) {
			t.Errorf("%s: %v %v", c.at, got, err)
		}
	}
	if _, err := schedule.Read("tomorrow", z, schedule.First); !errors.Is(err, schedule.ErrWall) {
		t.Errorf("got %v", err)
	}
}

func TestPastAndFarTimesAreRefused(t *testing.T) {
	t.Parallel()
	now := instant(t, "2026-09-01T10:00:00Z")
	for _, c := range []struct {
		in   time.Duration
		want error
	}{{-time.Nanosecond, schedule.ErrPast}, {0, schedule.ErrPast}, {time.Nanosecond, nil}, {schedule.Horizon, nil}, {schedule.Horizon + 1, schedule.ErrFar}} {
		if err := schedule.Ahead(now.Add(c.in), now); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.in, err)
		}
	}
}

// zones for the laws: hour and half-hour changes, changes at midnight, none, a skipped day, both ends of the world.
var zones = []string{
	"Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Cairo", "America/Havana",
	"America/Sao_Paulo", "Asia/Beirut", "Africa/Casablanca", "Europe/Dublin", "Antarctica/Troll", "Pacific/Kiritimati",
	"America/St_Johns", "Asia/Pyongyang", "Pacific/Kwajalein", "UTC", "Etc/GMT+12",
}

func aZone(t *rapid.T) *time.Location { return zone(t, rapid.SampledFrom(zones).Draw(t, "zone")) }

func aWall(t *rapid.T) schedule.Wall {
	day := rapid.IntRange(0, 70*365).Draw(t, "day")
	date := time.Date(1975, 1, 1+day, 0, 0, 0, 0, time.UTC)
	return schedule.Wall{Year: date.Year(), Month: date.Month(), Day: date.Day(), Minute: schedule.Minute(rapid.IntRange(0, 1439).Draw(t, "minute"))}
}

// nearChange draws a wall clock within two days of a change of the zone's offset, where mistakes live.
func nearChange(t *rapid.T, z *time.Location) schedule.Wall {
	at := time.Date(rapid.IntRange(1975, 2045).Draw(t, "year"), time.Month(rapid.IntRange(1, 12).Draw(t, "month")), 1, 0, 0, 0, 0, z)
	for range 200 { // go to the next change of the offset, if one comes in 200 days
		next := at.AddDate(0, 0, 1)
		_, today := at.Zone()
		if _, tomorrow := next.Zone(); today != tomorrow {
			break
		}
		at = next
	}
	return schedule.WallOf(at.Add(time.Duration(rapid.IntRange(-2*1440, 2*1440).Draw(t, "minutes"))*time.Minute), time.UTC)
}

// TestResolveAgreesWithLookingAtTheClock compares with the plainest way there is: look at the wall each minute.
func TestResolveAgreesWithLookingAtTheClock(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		z := aZone(t)
		w := nearChange(t, z)
		if rapid.Bool().Draw(t, "anywhere") {
			w = aWall(t)
		}
		start := time.Date(w.Year, w.Month, w.Day, 0, 0, 0, 0, time.UTC).Add(-20 * time.Hour)
		var seen []time.Time
		var after time.Time
		past := false
		for m := range 64 * 60 {
			at := start.Add(time.Duration(m) * time.Minute)
			switch shown := schedule.WallOf(at, z).String(); {
			case shown == w.String():
				seen = append(seen, at)
			case shown < w.String():
				past = true
			case past && after.IsZero():
				after = at
			}
		}
		first, err := schedule.Resolve(w, z, schedule.First)
		if err != nil {
			t.Fatal(err)
		}
		second, _ := schedule.Resolve(w, z, schedule.Second)
		switch len(seen) {
		case 0:
			if !first.Skipped || !first.At.Equal(after) || !second.At.Equal(after) {
				t.Fatalf("%s in %s: got %+v, the clock shows %s", w, z, first, after)
			}
		case 1:
			if first.Skipped || first.Twice || !first.At.Equal(seen[0]) || !second.At.Equal(seen[0]) {
				t.Fatalf("%s in %s: got %+v, the clock shows %s", w, z, first, seen)
			}
		default:
			if !first.Twice || !first.At.Equal(seen[0]) || !second.At.Equal(seen[1]) {
				t.Fatalf("%s in %s: got %+v and %s, the clock shows %s", w, z, first, second.At, seen)
			}
		}
	})
}

func TestEveryInstantIsFoundAgainByItsWall(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		z := aZone(t)
		at := time.Unix(60*rapid.Int64Range(3e6, 40e6).Draw(t, "minute"), 0).UTC()
		w := schedule.WallOf(at, z)
		first, err := schedule.Resolve(w, z, schedule.First)
		if err != nil {
			t.Fatal(err)
		}
		second, _ := schedule.Resolve(w, z, schedule.Second)
		if !first.At.Equal(at) && !second.At.Equal(at) {
			t.Fatalf("%s in %s is %s, which gives %s and %s", at, z, w, first.At, second.At)
		}
		if back, err := schedule.ParseWall(w.String()); err != nil || back != w {
			t.Fatalf("%s is read as %v: %v", w, back, err)
		}
	})
}

func TestLaterWallClocksAreNeverEarlier(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		z := aZone(t)
		a, b := nearChange(t, z), nearChange(t, z)
		if a.String() > b.String() {
			a, b = b, a
		}
		ra, _ := schedule.Resolve(a, z, schedule.First)
		rb, _ := schedule.Resolve(b, z, schedule.First)
		if rb.At.Before(ra.At) {
			t.Fatalf("%s is %s, but the later %s is %s", a, ra.At, b, rb.At)
		}
	})
}

func TestJudgeByGrace(t *testing.T) {
	t.Parallel()
	due := instant(t, "2026-09-01T10:00:00Z")
	for _, c := range []struct {
		name        string
		late, grace time.Duration
		want        schedule.Verdict
	}{
		{"before", -time.Nanosecond, time.Hour, schedule.Early},
		{"on the second", 0, time.Hour, schedule.Due},
		{"late within grace", time.Hour - 1, time.Hour, schedule.Due},
		{"late by exactly grace", time.Hour, time.Hour, schedule.Due},
		{"later than grace", time.Hour + 1, time.Hour, schedule.Missed},
		{"no grace, on time", 0, 0, schedule.Due},
		{"no grace, late", 1, 0, schedule.Missed},
		{"a negative grace is none", 0, -time.Hour, schedule.Due},
	} {
		if got := schedule.Judge(due, due.Add(c.late), c.grace); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestHoldIsNowAndALittle(t *testing.T) {
	t.Parallel()
	now := instant(t, "2026-09-01T10:00:00Z")
	for _, d := range []time.Duration{0, schedule.DefaultHold, schedule.MaxHold} {
		if at, err := schedule.Hold(now, d); err != nil || !at.Equal(now.Add(d)) {
			t.Errorf("%s: %s %v", d, at, err)
		}
	}
	for _, d := range []time.Duration{-1, schedule.MaxHold + 1} {
		if _, err := schedule.Hold(now, d); !errors.Is(err, schedule.ErrHold) {
			t.Errorf("%s: %v", d, err)
		}
	}
}

func collect(n int, slots []schedule.Slot, z *time.Location, now time.Time) []time.Time {
	var out []time.Time
	for at := range schedule.Upcoming(slots, z, now) {
		if out = append(out, at); len(out) == n {
			break
		}
	}
	return out
}
