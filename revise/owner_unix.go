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

// busy reports whether an error says that a name is taken by the system: the file alone is mounted there.
func busy(err error) bool { return errors.Is(err, syscall.EBUSY) }

// openFolder opens a folder for syncFolder.
func openFolder(name string) (*os.File, error) { return os.Open(name) }

// syncFolder makes a new name durable.
func syncFolder(folder *os.File) error { return folder.Sync() }

// writableFolder says why files cannot be made in a folder; nil: they can.
func writableFolder(name string) error {
	const write, enter = 2, 1 // W_OK and X_OK
	if err := syscall.Access(name, write|enter); err != nil {
		return &fs.PathError{Op: "access", Path: name, Err: err}
	}
	return nil
}
