//go:build unix

package sqlite

import (
	"os"
	"syscall"
)

// owned reports whether a file belongs to this process's user.
func owned(info os.FileInfo) bool {
	s, ok := info.Sys().(*syscall.Stat_t)
	return !ok || int(s.Uid) == os.Geteuid()
}
