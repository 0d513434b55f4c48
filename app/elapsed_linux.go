package app

import (
	"time"

	"golang.org/x/sys/unix"
)

// elapsed is the time since the machine was started, its sleep included: while it slept nobody listened.
func elapsed() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		return time.Since(started)
	}
	return time.Duration(t.Nano())
}
