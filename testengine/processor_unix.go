//go:build unix

package testengine

import (
	"syscall"
	"time"
)

// Processor is how much processor time this process has used. A test of what something costs measures this rather than the clock, which
// goes on while the machine does other things.
func Processor() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return time.Since(begun)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
