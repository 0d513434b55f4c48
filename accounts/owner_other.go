//go:build !unix

package accounts

import "os"

// ownerOf is the user and the group that a file belongs to: not told here.
func ownerOf(os.FileInfo) (uid, gid int, ok bool) { return 0, 0, false }
