// Package schedule turns what a person said about time into instants: a wall clock in a zone, a weekly slot, "now".
// It is pure: it reads no clock and keeps nothing; callers pass now and store what comes out.
//
// A wall clock that a clock change skips means the next minute that exists: 02:30 on the morning that jumps from 02:00
// to 03:00 is 03:00. One that comes twice means one instant: the first, unless the second was chosen. So a slot never
// goes out twice and never not at all.
//
// Caveats: zones come from the system's database, or from the one built into the program where there is none. When a
// country changes its rules, an instant that was already stored stays, and slots follow the new rules with the next
// update. Seconds don't exist here: people choose minutes.
//
// Why: the cron library skips a job in the hour that a change skips, and the recurrence library moves 02:30 to 03:30,
// an hour after the moment the person meant, not to the first one after the gap. Both were tried; 2026-08.
package schedule

import (
	"cmp"
	"slices"
	"sort"
	"strings"
	"time"
	_ "time/tzdata" // a container may have no zones of its own

	"github.com/omniposto/omniposto/app/base/fail"
)

// What people are told.
var (
	ErrZone = fail.Invalid("zone_unknown", "This time zone isn't known. Choose one by its city, like Europe/Berlin.")
	ErrWall = fail.Invalid("time_invalid", "This date or time doesn't exist. Check day, month and hour.")
	ErrPast = fail.Invalid("time_past", "This time is over. Choose a later one, or publish now.")
	ErrFar  = fail.Invalid("time_too_far", "This time is more than ten years away. Choose an earlier one.")
	ErrSlot = fail.Invalid("slot_invalid", "A slot is a day from 1 (Monday) to 7 (Sunday) and a time like 09:30.")
	ErrHold = fail.Invalid("hold_invalid", "The pause before publishing is from 0 to 30 seconds.")
	ErrMany = fail.Invalid("slots_too_many", "A channel has at most 200 slots a week.")
)

// Horizon is how far ahead a time may lie.
const Horizon = 10 * 366 * 24 * time.Hour

// Zone finds a time zone by its IANA name. Neither the machine's own zone nor an empty name is one.
func Zone(name string) (*time.Location, error) {
	if name == "" || name == "Local" || strings.ContainsAny(name, "\\\x00") {
		return nil, ErrZone
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, ErrZone.Because(err)
	}
	return zone, nil
}

// Wall is what a clock and a calendar on the wall show, without a zone.
type Wall struct {
	Year   int
	Month  time.Month
	Day    int
	Minute Minute
}

// WallOf is what the wall shows in the zone at the instant.
func WallOf(at time.Time, zone *time.Location) Wall {
	t := at.In(zone)
	return Wall{t.Year(), t.Month(), t.Day(), Minute(t.Hour()*60 + t.Minute())} //nolint:gosec // under 1440
}

// Valid says that the day exists in the calendar and the minute in a day.
func (w Wall) Valid() bool {
	return w.Year >= 1 && w.Year <= 9999 && w.Minute < dayMinutes && w.naive().Day() == w.Day &&
		w.Month >= 1 && w.Month <= 12 && w.Day >= 1
}

// String is like 2026-03-29T02:30.
func (w Wall) String() string { return w.naive().Format(wallForm) }

const wallForm = "2006-01-02T15:04"

// naive reads the wall as if it hung in UTC: good for arithmetic, not an instant.
func (w Wall) naive() time.Time {
	return time.Date(w.Year, w.Month, w.Day, int(w.Minute)/60, int(w.Minute)%60, 0, 0, time.UTC)
}

// ParseWall reads String's form; seconds of zero may follow.
func ParseWall(s string) (Wall, error) {
	t, err := time.Parse(wallForm, s)
	if err != nil {
		t, err = time.Parse(wallForm+":05", s)
	}
	if err != nil || t.Second() != 0 || t.Nanosecond() != 0 || t.Year() < 1 {
		return Wall{}, ErrWall
	}
	return WallOf(t, time.UTC), nil
}

// Choice says which instant is meant when a clock change shows a wall clock twice.
type Choice byte

// The choices.
const (
	First Choice = iota
	Second
)

// Resolved is the instant of a wall clock, and what was odd about it.
type Resolved struct {
	At      time.Time // in UTC
	Skipped bool      // the wall clock asked for doesn't exist; At is the next minute that does
	Twice   bool      // it exists twice; At is the chosen one, Other the other
	Other   time.Time
}

// Resolve finds the instant of a wall clock.
func Resolve(w Wall, zone *time.Location, choice Choice) (Resolved, error) {
	if !w.Valid() {
		return Resolved{}, ErrWall
	}
	instants, gap := occurrences(w, zone)
	switch {
	case len(instants) == 0:
		return Resolved{At: gap, Skipped: true}, nil
	case len(instants) == 1:
		return Resolved{At: instants[0]}, nil
	case choice == Second:
		return Resolved{At: instants[1], Twice: true, Other: instants[0]}, nil
	}
	return Resolved{At: instants[0], Twice: true, Other: instants[1]}, nil
}

// reach is more than any zone was ever away from UTC (15:56, in Manila).
const reach = 16 * time.Hour

// occurrences gives every instant at which the wall shows w, in order, and, if there is none, the first minute after
// the gap that swallowed it.
//
// Why not time.ZoneBounds: in the last three days of some leap years (first in 2040) Go 1.26 gives an end that lies
// before the instant, so walking from period to period stands still for ever.
func occurrences(w Wall, zone *time.Location) (instants []time.Time, gap time.Time) {
	naive := w.naive()
	offsets := offsetsAround(naive, zone)
	for _, o := range offsets { // the largest offset gives the earliest instant
		if at := naive.Add(-o); offsetAt(at, zone) == o {
			instants = append(instants, at)
		}
	}
	if len(instants) > 0 {
		return instants, gap
	}
	early, late := naive.Add(-offsets[0]), naive.Add(-offsets[len(offsets)-1])
	seconds := sort.Search(int(late.Sub(early)/time.Second), func(n int) bool {
		at := early.Add(time.Duration(n) * time.Second)
		return at.Add(offsetAt(at, zone)).After(naive)
	})
	return nil, wholeMinute(early.Add(time.Duration(seconds) * time.Second).In(zone)).UTC()
}

// offsetsAround lists the offsets that are in force near the wall, the largest first. No zone changed twice in 4 hours.
func offsetsAround(naive time.Time, zone *time.Location) []time.Duration {
	var list []time.Duration
	for d := -reach; d <= reach; d += 4 * time.Hour {
		if o := offsetAt(naive.Add(d), zone); !slices.Contains(list, o) {
			list = append(list, o)
		}
	}
	slices.SortFunc(list, func(a, b time.Duration) int { return cmp.Compare(b, a) })
	return list
}

func offsetAt(at time.Time, zone *time.Location) time.Duration {
	_, seconds := at.In(zone).Zone()
	return time.Duration(seconds) * time.Second
}

// wholeMinute is the first whole minute on the wall at or after t; zones of the 19th century changed at odd seconds.
func wholeMinute(t time.Time) time.Time {
	if s := t.Second(); s != 0 {
		return t.Add(time.Duration(60-s) * time.Second)
	}
	return t
}

// Read understands the time of a request: an RFC 3339 instant, taken as it is, or a wall clock in the zone.
func Read(at string, zone *time.Location, choice Choice) (Resolved, error) {
	if t, err := time.Parse(time.RFC3339, at); err == nil {
		return Resolved{At: t.UTC()}, nil
	}
	w, err := ParseWall(at)
	if err != nil {
		return Resolved{}, err
	}
	return Resolve(w, zone, choice)
}

// Ahead refuses an instant that isn't after now, or is too far after it.
func Ahead(at, now time.Time) error {
	switch {
	case !at.After(now):
		return ErrPast
	case at.Sub(now) > Horizon:
		return ErrFar
	}
	return nil
}

// sortInstants orders instants and drops the second of two equal ones.
func sortInstants(list []time.Time) []time.Time {
	sort.Slice(list, func(i, j int) bool { return list[i].Before(list[j]) })
	out := list[:0]
	for i, at := range list {
		if i == 0 || !at.Equal(out[len(out)-1]) {
			out = append(out, at)
		}
	}
	return out
}
