// Package memory keeps what devices announce about themselves in a file, so that a restarted gateway still knows units, names and
// topics that nobody repeats.
package memory

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gerbang-iot/gerbang/ingest/decode/reading"
)

// FileName is the file's name in the data directory.
const FileName = "announcements.json"

// ErrFull is why a fact was not kept: the file would become larger than it may.
var ErrFull = errors.New("the memory of announcements is full")

// DefaultMaxBytes bounds keys and values together: some ten thousand announcements.
const DefaultMaxBytes = 16 << 20

// Options configure a File.
type Options struct {
	// Dir is the data directory; it must exist, and belong to this process alone.
	Dir string
	// MaxBytes bounds keys and values together; default DefaultMaxBytes.
	MaxBytes int
	Logger   *slog.Logger

	disk disk // of tests; default: the real one
}

// File is a Memory in a file, which is one JSON object: a fact a line. Every change writes the file anew, beside the old one,
// and puts it in its place when it is on disk, so that a crash leaves the one or the other. Changes are rare: a device
// announces itself when it is new, and what it repeats changes nothing.
//
// It is safe for concurrent use. Reading does not wait for a change that is being written.
type File struct {
	path string
	max  int
	disk disk

	// writing is held while the file is written.
	writing sync.Mutex
	// mu guards what is remembered; changes also hold writing.
	mu    sync.RWMutex
	facts map[string]string
	size  int // bytes of keys and values
}

var _ reading.Memory = (*File)(nil)

// Open reads the file, where there is one. A file that is not whole is kept aside, with a word in the log, and nothing is
// remembered: what devices have retained at the broker comes again. An error is one of the disk.
func Open(o Options) (*File, error) {
	if o.disk == nil {
		o.disk = osDisk{}
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = DefaultMaxBytes
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	f := &File{path: filepath.Join(o.Dir, FileName), max: o.MaxBytes, disk: o.disk, facts: make(map[string]string)}
	text, err := o.disk.read(f.path, 8*int64(o.MaxBytes)) // a byte may be written as \u0000
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return f, nil
	case err == nil:
		err = f.load(text)
	case !errors.Is(err, errTooLarge):
		return nil, fmt.Errorf("reading %q: %w", f.path, err)
	}
	if err == nil {
		return f, nil
	}
	aside := f.path + ".broken-" + time.Now().UTC().Format("20060102T150405Z")
	o.Logger.Error("what devices have announced could not be read and is forgotten; devices whose announcements the broker retains are known again after the next connect",
		"component", "memory", "file", f.path, "kept_as", aside, "err", err)
	if err := o.disk.rename(f.path, aside); err != nil {
		return nil, fmt.Errorf("keeping the broken %q aside: %w", f.path, err)
	}
	return f, nil
}

// load takes the text of a file.
func (f *File) load(text []byte) error {
	facts := make(map[string]string)
	if err := json.Unmarshal(text, &facts); err != nil {
		return fmt.Errorf("not a JSON object of texts: %w", err)
	}
	if facts == nil {
		return errors.New("the file holds null, want a JSON object of texts")
	}
	size := 0
	for key, value := range facts {
		size += len(key) + len(value)
	}
	if size > f.max {
		return fmt.Errorf("%d bytes: want at most %d", size, f.max)
	}
	f.facts, f.size = facts, size
	return nil
}

// Get implements reading.Memory.
func (f *File) Get(key string) (string, bool) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	value, ok := f.facts[key]
	return value, ok
}

// Put implements reading.Memory: when it returns nil the change is on disk. After an error nothing has changed for this
// process; where the disk failed at the very last step a restart may know the change, which does no harm.
func (f *File) Put(key, value string) error {
	f.writing.Lock()
	defer f.writing.Unlock()
	old, have := f.facts[key] // writing keeps others from changing it
	if have && old == value || !have && value == "" {
		return nil
	}
	size := f.size
	if have {
		size -= len(key) + len(old)
	}
	if value != "" {
		size += len(key) + len(value)
	}
	if size > f.max && size > f.size {
		return ErrFull
	}
	if err := f.write(key, value); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.size = size
	if value == "" {
		delete(f.facts, key)
	} else {
		f.facts[key] = value
	}
	return nil
}

// Each implements reading.Memory. yield may ask, and change, the memory: it sees what is remembered now.
func (f *File) Each(prefix string, yield func(key, value string) bool) {
	f.mu.RLock()
	facts := make(map[string]string)
	for key, value := range f.facts {
		if strings.HasPrefix(key, prefix) {
			facts[key] = value
		}
	}
	f.mu.RUnlock()
	for key, value := range facts {
		if !yield(key, value) {
			return
		}
	}
}

// write writes the file as it is with one change.
func (f *File) write(changed, value string) error {
	text := f.encode(changed, value)
	temporary := f.path + ".new"
	if err := f.disk.write(temporary, text); err != nil {
		return errors.Join(fmt.Errorf("writing %q: %w", temporary, err), f.disk.remove(temporary))
	}
	if err := f.disk.rename(temporary, f.path); err != nil {
		return errors.Join(fmt.Errorf("replacing %q: %w", f.path, err), f.disk.remove(temporary))
	}
	if err := f.disk.syncDir(filepath.Dir(f.path)); err != nil {
		return fmt.Errorf("syncing %q: %w", filepath.Dir(f.path), err)
	}
	return nil
}

// encode is the text of the file with one change, in the order of keys: a person can read it.
func (f *File) encode(changed, value string) []byte {
	keys := make([]string, 0, len(f.facts)+1)
	for key := range f.facts {
		if key != changed {
			keys = append(keys, key)
		}
	}
	if value != "" {
		keys = append(keys, changed)
	}
	slices.Sort(keys)
	text := make([]byte, 0, f.size+f.size/4+len(changed)+len(value)+64)
	text = append(text, '{')
	for i, key := range keys {
		if i > 0 {
			text = append(text, ',')
		}
		fact := f.facts[key]
		if key == changed {
			fact = value
		}
		text = append(appendText(append(text, '\n'), key), ':', ' ')
		text = appendText(text, fact)
	}
	return append(text, "\n}\n"...)
}

// appendText appends a JSON string. What is not UTF-8 is replaced: the decoder announces none.
func appendText(to []byte, s string) []byte {
	text, err := json.Marshal(s)
	if err != nil { // a string has none
		return append(to, `""`...)
	}
	return append(to, text...)
}

// disk is what a File asks of the file system.
type disk interface {
	// read gives a whole file of at most limit bytes, or errTooLarge.
	read(path string, limit int64) ([]byte, error)
	// write makes a file that is on disk when it returns nil.
	write(path string, text []byte) error
	rename(from, to string) error
	// syncDir puts renames in a folder on disk.
	syncDir(path string) error
	// remove removes a file that may not be there.
	remove(path string) error
}

var errTooLarge = errors.New("the file is too large")

type osDisk struct{}

func (osDisk) read(path string, limit int64) (text []byte, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	text, err = io.ReadAll(io.LimitReader(file, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = errTooLarge
	}
	return text, err
}

func (osDisk) write(path string, text []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

func (osDisk) rename(from, to string) error { return os.Rename(from, to) }

func (osDisk) syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func (osDisk) remove(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
