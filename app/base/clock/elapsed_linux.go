package clock

import (
	"time"

	"golang.org/x/sys/unix"
)

// bootElapsed reads CLOCK_BOOTTIME, which goes on while the machine is suspended.
func bootElapsed() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		return time.Since(started)
	}
	return time.Duration(ts.Nano())
}

var started = time.Now()
