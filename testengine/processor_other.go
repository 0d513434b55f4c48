//go:build !unix

package testengine

import "time"

// Processor is the time since the start: nothing better is asked of this system.
func Processor() time.Duration { return time.Since(begun) }
