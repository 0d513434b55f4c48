package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/gerbang-iot/gerbang/journal"
)

// A file that is deleted while it is open can still be written, and all of it is gone when the process ends. So the names are
// looked at before and after each commit, which costs a few microseconds: what is acknowledged is in files that have names.

// walLimit is the size to which SQLite cuts a write-ahead log that begins anew.
const walLimit = 64 << 20

// watched is one file.
type watched struct {
	path string
	file os.FileInfo // nil: it has not been there yet
	size int64       // that it had
	kept int64       // it may shrink to this
	log  bool        // it is written at its end, also where that was cut off
	open *os.File    // a log, to be read: it is opened once, which costs more than to read it
}

// look fails if the file is not the one that was there, or has lost some of it: cut, for good.
func (w *watched) look() (cut bool, err error) {
	info, err := os.Stat(w.path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && w.file == nil:
		return false, nil
	case errors.Is(err, fs.ErrNotExist):
		return false, fmt.Errorf("%s was deleted or moved away", w.path)
	case err != nil:
		return false, err
	case w.file != nil && !os.SameFile(w.file, info):
		return false, fmt.Errorf("%s is another file now", w.path)
	case info.Size() < min(w.size, w.kept):
		return true, fmt.Errorf("%s was cut from %d to %d bytes", w.path, w.size, info.Size())
	}
	if w.log && w.open == nil {
		if w.open, err = os.Open(w.path); err != nil {
			return false, err
		}
	}
	if w.log {
		switch empty, err := hole(w.open, min(w.size, info.Size())); {
		case err != nil:
			return false, err
		case empty:
			return true, fmt.Errorf("%s was cut, and has grown again behind a hole", w.path)
		}
	}
	w.file, w.size = info, info.Size()
	return false, nil
}

// watch looks at the files of a journal. It is safe for concurrent use.
type watch struct {
	mu           sync.Mutex
	db, wal, shm watched
	looked       time.Time // when all was well
	// ended is why nothing that is written now could be trusted, whatever is there later.
	ended error
}

func newWatch(path string) *watch {
	const never = 1 << 62
	return &watch{db: watched{path: path, kept: never}, wal: watched{path: path + "-wal", kept: walLimit, log: true}, shm: watched{path: path + "-shm", kept: never}}
}

// look fails with ErrGone if a file is not as SQLite has it open. committed: something was just written, and if it is gone only a
// new start can find out what there is.
func (w *watch) look(committed bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended != nil {
		return w.ended
	}
	for _, file := range []*watched{&w.db, &w.wal, &w.shm} {
		cut, err := file.look()
		switch {
		case err == nil:
			continue
		case cut || committed:
			w.ended = fmt.Errorf("%w: %w (this lasts until the gateway is restarted)", journal.ErrGone, err)
			return w.ended
		}
		return fmt.Errorf("%w: %w", journal.ErrGone, err)
	}
	w.looked = time.Now()
	return nil
}

// lookAgain looks before a commit, where the one before is not just over.
func (w *watch) lookAgain() error {
	w.mu.Lock()
	fresh := w.ended == nil && time.Since(w.looked) < lookEvery
	w.mu.Unlock()
	if fresh {
		return nil
	}
	return w.look(false)
}

// lookEvery is how long a look holds for the beginning of a commit; its end is always looked at.
const lookEvery = 20 * time.Millisecond

// anew does what cuts the log on purpose.
func (w *watch) anew(do func() error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wal.size = 0
	return do()
}

// close lets go of the log. (No lock of SQLite is on it, so closing it lets go of none.)
func (w *watch) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.wal.open != nil {
		_ = w.wal.open.Close()
		w.wal.open = nil
	}
	w.ended = fmt.Errorf("%w: the journal is closed", journal.ErrGone)
}

// Look fails with journal.ErrGone if the files of the journal are not there, or not those that were opened. It asks the file
// system only.
func (j *Journal) Look() error {
	if held := j.Held(); held != nil {
		return held
	}
	j.mu.Lock()
	w := j.watch
	j.mu.Unlock()
	if w == nil {
		return nil
	}
	return w.look(false)
}
