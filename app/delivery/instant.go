package delivery

import "time"

// Instant is a point in time in milliseconds since 1970, as the engine stores and compares it. Zero is no instant at all:
// "never", "not yet".
type Instant int64

// At gives the instant of t; sub-milliseconds are cut off. The zero time is no instant.
func At(t time.Time) Instant {
	if t.IsZero() {
		return 0
	}
	return Instant(t.UnixMilli())
}

// Time is the instant in UTC; the zero time for no instant.
func (i Instant) Time() time.Time {
	if i == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(i)).UTC()
}

// Add moves the instant by d.
func (i Instant) Add(d time.Duration) Instant { return i + Instant(d/time.Millisecond) }

// Since is how much later i is than earlier.
func (i Instant) Since(earlier Instant) time.Duration {
	return time.Duration(i-earlier) * time.Millisecond
}
