package sqlite

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/cespare/xxhash/v2"
)

// AnchorFile is the anchor's name in the data directory.
const AnchorFile = "journal.anchor"

// Anchor says outside of the database how far it had come: a record that was on disk, and its checksum. It may lag behind the
// journal and never leads it, so a journal that ends before its anchor has lost what was committed.
type Anchor struct {
	// Journal is the id of the journal.
	Journal string `json:"journal"`
	// Record is the number of the last record that was on disk, Sum its checksum.
	Record uint64    `json:"record"`
	Sum    string    `json:"sum"`
	At     time.Time `json:"at"`
	// Check is the checksum of the rest.
	Check string `json:"check"`
}

// errAnchor says that the anchor itself is damaged.
var errAnchor = errors.New("the anchor cannot be read")

func (a *Anchor) check() string {
	return hexOf(xxhash.Sum64String(fmt.Sprintf("%s %d %s %d", a.Journal, a.Record, a.Sum, a.At.UnixNano())))
}

func hexOf(sum uint64) string { return fmt.Sprintf("%016x", sum) }

func (a *Anchor) sum() uint64 {
	sum, _ := strconv.ParseUint(a.Sum, 16, 64) // check has vouched for it
	return sum
}

// ReadAnchor reads the anchor in a data directory, brought up to the last record that was noted since; nil: there is none.
func ReadAnchor(dir string) (*Anchor, error) {
	text, err := os.ReadFile(filepath.Join(dir, AnchorFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errAnchor, err)
	}
	var a Anchor
	if err := json.Unmarshal(text, &a); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", errAnchor, AnchorFile, err)
	}
	if a.Check != a.check() {
		return nil, fmt.Errorf("%w: %s: its checksum is not that of its text", errAnchor, AnchorFile)
	}
	if record, sum, ok := readHead(dir, a.Journal); ok && record > a.Record {
		a.Record, a.Sum = record, hexOf(sum)
		a.Check = a.check()
	}
	return &a, nil
}

// writeAnchor replaces the anchor. Where power fails meanwhile either of the two is there.
func writeAnchor(dir string, a Anchor) error {
	a.At = a.At.UTC().Truncate(time.Millisecond)
	a.Check = a.check()
	text, err := json.Marshal(&a)
	if err != nil {
		return err
	}
	_, err = os.Stat(filepath.Join(dir, AnchorFile))
	first := err != nil
	fresh := filepath.Join(dir, AnchorFile+".new")
	f, err := os.OpenFile(fresh, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(fresh, filepath.Join(dir, AnchorFile)); err != nil {
		return err
	}
	if first {
		return syncDir(dir)
	}
	return nil
}

// syncDir makes the names in a directory durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// anchorEvery is how far the anchor may lag behind.
const anchorEvery = time.Second

// anchorer keeps the anchor. It is safe for concurrent use.
type anchorer struct {
	dir, journal string
	log          *slog.Logger
	relaxed      bool // commits are not fsynced: the anchor would lead

	writing sync.Mutex // held by whoever writes the anchor, which has one name while it is written; before mu

	mu      sync.Mutex
	record  uint64 // the last that is on disk
	sum     uint64
	written uint64 // the last that the anchor names
	failing bool
	head    head

	end  chan struct{}
	done sync.WaitGroup
}

// newAnchorer begins to keep an anchor of a journal whose last record is on disk.
func newAnchorer(dir, journal string, log *slog.Logger, record, sum uint64, relaxed bool) *anchorer {
	a := &anchorer{dir: dir, journal: journal, log: log, relaxed: relaxed, record: record, sum: sum, written: record, end: make(chan struct{})}
	if !relaxed {
		a.written = record + 1 // nobody has written it yet
		a.write()
		a.begin()
	}
	a.done.Go(func() {
		tick := time.NewTicker(anchorEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				a.write()
			case <-a.end:
				return
			}
		}
	})
	return a
}

// committed notes the last record of a commit that has been fsynced.
func (a *anchorer) committed(record, sum uint64) {
	a.mu.Lock()
	a.record, a.sum = record, sum
	a.head.note(record, sum)
	a.mu.Unlock()
}

// begin notes the head from now on.
func (a *anchorer) begin() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.head.close()
	a.head = openHead(a.dir, a.journal, a.log)
	a.head.note(a.record, a.sum)
}

// strict says that all that was committed is on disk, and will be.
func (a *anchorer) strict() {
	a.mu.Lock()
	a.relaxed = false
	a.mu.Unlock()
	a.write()
	a.begin()
}

// write brings the anchor up to date.
func (a *anchorer) write() {
	a.writing.Lock()
	defer a.writing.Unlock()
	a.mu.Lock()
	record, sum, due := a.record, a.sum, a.record != a.written && !a.relaxed
	a.mu.Unlock()
	if !due {
		return
	}
	err := writeAnchor(a.dir, Anchor{Journal: a.journal, Record: record, Sum: hexOf(sum), At: time.Now()})
	a.mu.Lock()
	defer a.mu.Unlock()
	if err == nil {
		a.written = record
	}
	if failing := err != nil; failing != a.failing {
		a.failing = failing
		if failing {
			a.log.Warn("the anchor cannot be written; it is tried again", "err", err)
		}
	}
}

// close writes the anchor once more.
func (a *anchorer) close() {
	close(a.end)
	a.done.Wait()
	a.write()
	a.head.close()
}
