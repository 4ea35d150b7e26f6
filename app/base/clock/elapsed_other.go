//go:build !linux

package clock

import "time"

// bootElapsed is the runtime's monotonic clock; on some systems it stands still during suspension.
func bootElapsed() time.Duration { return time.Since(started) }

var started = time.Now()
