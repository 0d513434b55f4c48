//go:build !linux

package app

import "time"

// elapsed is the time since the program was started. Whether a sleep of the machine counts is up to the system.
func elapsed() time.Duration { return time.Since(started) }
