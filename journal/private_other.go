//go:build !unix

package journal

import "os"

// owned cannot be told here.
func owned(os.FileInfo) bool { return true }
