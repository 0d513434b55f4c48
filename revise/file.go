package revise

import (
	"bytes"
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
	// ErrReadOnly is what Read, Write and Writable return where the file or its folder may not be read or written. Nothing was written.
	ErrReadOnly = errors.New("the file cannot be written here")
	// ErrTooLarge is what Read returns of a file that is no text of at most MaxBytes.
	ErrTooLarge = errors.New("the file is too large to be changed")
)

// NotBackError is what Write returns where writing failed and what was there could not be put back. Nobody knows what the file says now.
type NotBackError struct {
	Err  error  // why it was not written
	Back error  // why what was there is not there again
	Copy string // a file with what was there; empty: there is none
}

// Error says both, and where what was there is.
func (e *NotBackError) Error() string {
	text := fmt.Sprintf("%v; what was there could not be put back: %v", e.Err, e.Back)
	if e.Copy != "" {
		text += "; it is in " + e.Copy
	}
	return text
}

// Unwrap gives why it was not written, and why it was not put back.
func (e *NotBackError) Unwrap() []error { return []error{e.Err, e.Back} }

// Version tells texts apart.
func Version(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

// Read reads a file that may be changed. Of a file that is not there the error is fs.ErrNotExist; see also ErrReadOnly and ErrTooLarge.
func Read(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, asReadOnly(err)
	}
	if !info.Mode().IsRegular() || info.Size() > MaxBytes {
		return nil, fmt.Errorf("%w: %s is no file of at most %d bytes", ErrTooLarge, name, MaxBytes)
	}
	text, err := os.ReadFile(name)
	return text, asReadOnly(err)
}

// asReadOnly gives an error of the system that says that something is not allowed the name that callers know.
func asReadOnly(err error) error {
	if err != nil && !errors.Is(err, ErrReadOnly) && (errors.Is(err, fs.ErrPermission) || readOnly(err)) {
		return fmt.Errorf("%w: %w", ErrReadOnly, err)
	}
	return err
}

// Writable says whether Write may write a file, as far as can be told without doing it: else the error is ErrReadOnly, or that of looking.
func Writable(name string) error {
	name, err := filepath.EvalSymlinks(name)
	if err != nil {
		return asReadOnly(err)
	}
	info, err := os.Stat(name)
	if err != nil {
		return asReadOnly(err)
	}
	if info.Mode().Perm()&0o200 == 0 { // replaced by its name it would be writable again
		return fmt.Errorf("%w: %s may only be read", ErrReadOnly, name)
	}
	return asReadOnly(writableFolder(filepath.Dir(name)))
}

// writing has one file written at a time: between looking at what is there and putting another in its place nobody of this program comes.
var writing sync.Mutex

// Write replaces a file, if it still is of a version: whole or not at all, also where power fails. It keeps its mode and, where that may be,
// its owner; of a symbolic link what it leads to is replaced. A file that cannot be replaced by its name, because it alone is mounted into a
// container, is written in its place: of that alone power may leave a part, and what was there lies beside it then, in a file whose name
// ends in .before. After an error the file is as it was, unless the error is a *NotBackError.
func Write(name, version string, text []byte) error { return onDisk.write(name, version, text) }

// disk is what of writing a file fails on some systems, and in tests.
type disk struct {
	rename func(from, to string) error
	sync   func(folder *os.File) error
	inside func(f *os.File, text []byte) error // writes a file in its place
}

var onDisk = disk{os.Rename, syncFolder, fillFile}

func (d disk) write(name, version string, text []byte) error {
	writing.Lock()
	defer writing.Unlock()
	name, err := filepath.EvalSymlinks(name)
	if err != nil {
		return asReadOnly(err)
	}
	was, err := Read(name)
	if err != nil {
		return err
	}
	if Version(was) != version {
		return ErrChanged
	}
	info, err := os.Stat(name)
	if err != nil {
		return asReadOnly(err)
	}
	if err := Writable(name); err != nil {
		return err
	}
	// It is opened before anything is written: one that may not be read cannot be made durable.
	folder, err := openFolder(filepath.Dir(name))
	if err != nil {
		return asReadOnly(err)
	}
	defer func() { _ = folder.Close() }() // nothing was written to it
	err = d.replace(name, info, was, text)
	switch {
	case err == nil:
		if err = d.sync(folder); err == nil {
			return nil
		}
		// The new one is there, and may not be after a failure of power: whoever asks is told that it is not written, so it is not.
		if back := d.replace(name, info, text, was); back != nil {
			return &NotBackError{Err: err, Back: back}
		}
		return err
	case busy(err):
		return d.inPlace(name, info, was, text)
	}
	return asReadOnly(err)
}

// replace puts a file with another text in the place of one.
func (d disk) replace(name string, info fs.FileInfo, was, text []byte) error {
	beside, err := writeBeside(name, info, text, "tmp")
	if err != nil {
		return err
	}
	now, err := Read(name) // once more: an editor may have saved while we wrote
	if err == nil && !bytes.Equal(now, was) {
		err = ErrChanged
	}
	if err == nil {
		err = d.rename(beside, name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(beside))
	}
	return nil
}

// inPlace writes a file where it is, with a copy of what was there beside it until that is done.
func (d disk) inPlace(name string, info fs.FileInfo, was, text []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return asReadOnly(err)
	}
	defer func() { _ = f.Close() }() // it was synced
	saved, err := writeBeside(name, info, was, "before")
	if err != nil {
		return asReadOnly(err)
	}
	if err := d.inside(f, text); err != nil {
		if back := d.inside(f, was); back != nil {
			return &NotBackError{Err: err, Back: back, Copy: saved}
		}
		return errors.Join(err, os.Remove(saved))
	}
	return os.Remove(saved)
}

// fillFile gives an open file another text.
func fillFile(f *os.File, text []byte) error {
	if _, err := f.WriteAt(text, 0); err != nil {
		return err
	}
	if err := f.Truncate(int64(len(text))); err != nil {
		return err
	}
	return f.Sync()
}

// writeBeside writes a file beside another, as durable and with the same rights. Its name ends in what no pattern of a configuration reads.
func writeBeside(name string, info fs.FileInfo, text []byte, ending string) (beside string, err error) {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*."+ending)
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, ignoreClosed(f.Close()), os.Remove(f.Name()))
		}
	}()
	if _, err := f.Write(text); err != nil {
		return "", err
	}
	if err := owned(f, info); err != nil {
		return "", err
	}
	if err := f.Chmod(info.Mode().Perm()); err != nil {
		return "", err
	}
	if err := f.Sync(); err != nil {
		return "", err
	}
	return f.Name(), f.Close()
}

func ignoreClosed(err error) error {
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}
