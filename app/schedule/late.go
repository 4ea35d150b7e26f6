package schedule

import "time"

// Bounds and defaults of a workspace's settings.
const (
	DefaultGrace = time.Hour          // how late a delivery may still go out by itself
	MaxGrace     = 7 * 24 * time.Hour // longer, and old news goes out after a long outage
	DefaultHold  = 10 * time.Second   // how long "publish now" waits, so that undo is exact
	MaxHold      = 30 * time.Second   // longer isn't now
)

// Verdict is what to do with a delivery that is due.
type Verdict byte

// The verdicts.
const (
	Early  Verdict = iota // wait
	Due                   // send it, in due order
	Missed                // too late to send by itself; a person decides
)

// String names the verdict for logs.
func (v Verdict) String() string { return [...]string{"early", "due", "missed"}[v] }

// Judge says whether a delivery due at the instant may go out now. Late by exactly grace still goes out.
func Judge(due, now time.Time, grace time.Duration) Verdict {
	late := now.Sub(due)
	switch {
	case late < 0:
		return Early
	case late <= max(grace, 0):
		return Due
	}
	return Missed
}

// Hold is the due instant of "publish now": now and the hold.
func Hold(now time.Time, hold time.Duration) (time.Time, error) {
	if hold < 0 || hold > MaxHold {
		return time.Time{}, ErrHold
	}
	return now.Add(hold), nil
}
