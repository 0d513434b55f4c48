//go:build unix

package main

import (
	"os/signal"
	"syscall"
)

// surviveFileLimit has a write that goes beyond a limit of the size of files (ulimit -f, LimitFSIZE=) fail, as any other write that
// cannot be done. The signal would end the process.
func surviveFileLimit() { signal.Ignore(syscall.SIGXFSZ) }
