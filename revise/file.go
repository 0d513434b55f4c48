package revise

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

var (
	// ErrChanged is what Write returns where somebody has changed the file since it was read. Nothing was written.
	ErrChanged = errors.New("the file was changed meanwhile")
	// ErrReadOnly is what Write returns where the file or its folder may only be read. Nothing was written.
	ErrReadOnly = errors.New("the file cannot be written here")
)

// Version tells texts apart.
func Version(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

// Read reads a file that may be changed.
func Read(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > MaxBytes {
		return nil, fmt.Errorf("%s: no file of at most %d bytes", name, MaxBytes)
	}
	return os.ReadFile(name)
}

// writing has one file written at a time: between looking at what is there and putting another in its place nobody of this program comes.
var writing sync.Mutex

// Write replaces a file, if it still is of a version: whole or not at all, also where power fails. It keeps its mode and, where that may be,
// its owner; of a symbolic link what it leads to is replaced. After ErrChanged and ErrReadOnly the file is as it was.
func Write(name, version string, text []byte) error {
	writing.Lock()
	defer writing.Unlock()
	name, err := filepath.EvalSymlinks(name)
	if err != nil {
		return err
	}
	now, err := Read(name)
	if err != nil {
		return err
	}
	if Version(now) != version {
		return ErrChanged
	}
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o200 == 0 { // replaced by its name it would be writable again
		return fmt.Errorf("%w: %s may only be read", ErrReadOnly, name)
	}
	if err := replaceFile(name, info, text, version); err != nil {
		if errors.Is(err, fs.ErrPermission) || readOnly(err) {
			return fmt.Errorf("%w: %w", ErrReadOnly, err)
		}
		return err
	}
	return nil
}

// replaceFile writes a file beside another and puts it into its place.
func replaceFile(name string, info fs.FileInfo, text []byte, version string) (err error) {
	// The name ends in what no pattern of a configuration reads.
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*.tmp")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, ignoreClosed(f.Close()), os.Remove(f.Name()))
		}
	}()
	if _, err := f.Write(text); err != nil {
		return err
	}
	if err := owned(f, info); err != nil {
		return err
	}
	if err := f.Chmod(info.Mode().Perm()); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	now, err := Read(name) // once more: an editor may have saved while we wrote
	if err != nil {
		return err
	}
	if Version(now) != version {
		return ErrChanged
	}
	if err := os.Rename(f.Name(), name); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(name))
}

func ignoreClosed(err error) error {
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}
