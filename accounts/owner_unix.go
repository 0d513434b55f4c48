//go:build unix

package accounts

import (
	"os"
	"syscall"
)

// ownerOf is the user and the group that a file belongs to.
func ownerOf(info os.FileInfo) (uid, gid int, ok bool) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, false
	}
	return int(s.Uid), int(s.Gid), true
}
