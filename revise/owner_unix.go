//go:build unix

package revise

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// owned gives a new file the owner and group of the one that it replaces.
func owned(f *os.File, of fs.FileInfo) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	now, old := info.Sys().(*syscall.Stat_t), of.Sys().(*syscall.Stat_t) //nolint:forcetypeassert // that is what it is on these systems
	if now.Uid == old.Uid && now.Gid == old.Gid {
		return nil
	}
	return f.Chown(int(old.Uid), int(old.Gid))
}

// readOnly reports whether an error says that the disk may only be read.
func readOnly(err error) bool { return errors.Is(err, syscall.EROFS) }

// syncFolder makes a new name durable.
func syncFolder(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
