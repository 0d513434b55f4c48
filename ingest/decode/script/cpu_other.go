//go:build !unix

package script

import "time"

// cpuTime stands for what the process has computed: here only the clock on the wall is known.
func cpuTime() time.Duration { return time.Since(started) }
