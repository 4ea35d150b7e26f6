package schedule

import (
	"fmt"
	"iter"
	"sort"
	"time"
)

const dayMinutes = 24 * 60

// Minute is a minute of the day, from 0 to 1439; people and the API see it as HH:MM.
type Minute uint16

// ParseMinute reads HH:MM.
func ParseMinute(s string) (Minute, error) {
	t, err := time.Parse("15:04", s)
	if err != nil || len(s) != len("15:04") {
		return 0, ErrSlot
	}
	return Minute(t.Hour()*60 + t.Minute()), nil //nolint:gosec // under 1440
}

// String is HH:MM.
func (m Minute) String() string { return fmt.Sprintf("%02d:%02d", m/60, m%60) }

// MarshalText writes String's form.
func (m Minute) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads String's form.
func (m *Minute) UnmarshalText(b []byte) error {
	got, err := ParseMinute(string(b))
	if err == nil {
		*m = got
	}
	return err
}

// Slot is a weekly time to publish, on the wall of the channel's zone.
type Slot struct {
	_       struct{} `cbor:",toarray"`
	Weekday int      `json:"weekday" pd:"-"` // 1 Monday … 7 Sunday, as ISO 8601 counts
	Time    Minute   `json:"time" pd:"-"`
}

// MaxSlots is how many slots a channel may have in a week.
const MaxSlots = 200

// Tidy orders slots through the week and drops doubles; it refuses days and times that don't exist.
func Tidy(slots []Slot) ([]Slot, error) {
	out := make([]Slot, 0, len(slots))
	seen := map[Slot]bool{}
	for _, s := range slots {
		if s.Weekday < 1 || s.Weekday > 7 || s.Time >= dayMinutes {
			return nil, ErrSlot
		}
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	if len(out) > MaxSlots {
		return nil, ErrMany
	}
	sort.Slice(out, func(i, j int) bool {
		return out[i].Weekday < out[j].Weekday || out[i].Weekday == out[j].Weekday && out[i].Time < out[j].Time
	})
	return out, nil
}

// slotDays is how far ahead slots are looked at: a year and a bit, so that a channel booked full says so.
const slotDays = 400

// Upcoming gives the instants of the slots after now, in order, for 400 days. Two slots that a clock change puts on the
// same instant come once.
func Upcoming(slots []Slot, zone *time.Location, now time.Time) iter.Seq[time.Time] {
	return func(yield func(time.Time) bool) {
		if len(slots) == 0 {
			return
		}
		today, last := WallOf(now, zone), now
		for day := -1; day < slotDays; day++ { // yesterday: a day that was skipped whole lies today
			for _, at := range onDay(slots, zone, today, day) {
				if !at.After(last) {
					continue
				}
				if last = at; !yield(at) {
					return
				}
			}
		}
	}
}

// onDay gives the instants of the slots on the calendar day that is so many days after today, in order.
func onDay(slots []Slot, zone *time.Location, today Wall, days int) []time.Time {
	date := time.Date(today.Year, today.Month, today.Day+days, 0, 0, 0, 0, time.UTC)
	var list []time.Time
	for _, s := range slots {
		if s.Weekday%7 != int(date.Weekday()) {
			continue
		}
		r, err := Resolve(Wall{date.Year(), date.Month(), date.Day(), s.Time}, zone, First)
		if err == nil {
			list = append(list, r.At)
		}
	}
	return sortInstants(list)
}

// NextFree gives the first instant of the slots after now that isn't taken, and false if there is none within 400 days.
// taken is asked in order; within a store transaction it reads the channel's deliveries, so two people can't get the
// same slot.
func NextFree(slots []Slot, taken func(time.Time) bool, zone *time.Location, now time.Time) (time.Time, bool) {
	for at := range Upcoming(slots, zone, now) {
		if !taken(at) {
			return at, true
		}
	}
	return time.Time{}, false
}
