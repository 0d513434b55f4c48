package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/gerbang-iot/gerbang/journal"
)

// A journal that cannot take commits when it is opened is held: it can be read, and refuses commits, so that the gateway starts,
// acknowledges nothing, and says why on its pages and by its alerts.
//
//   - The disk is full or read-only: SQLite cannot keep what several connections share. One connection reads with that in memory, and
//     every commit tries to open the journal whole.
//   - The journal is gone (not there, empty, unreadable, or another one) and the anchor says that there was one: nothing can be
//     read, and nothing is touched, until the operator restores a backup or begins anew.

// resumeEvery is how often a held journal is tried again at most.
const resumeEvery = 500 * time.Millisecond

// Held says why the journal has not taken commits since it was opened; nil: it does.
func (j *Journal) Held() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.held
}

// working is the writer, or why there is none.
func (j *Journal) working() (*writer, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case j.writer != nil:
		return j.writer, nil
	case j.held != nil:
		return nil, j.held
	}
	return nil, errors.New("the journal is open for reading only")
}

// resume opens a journal that was held because of a full disk. It is for the goroutine that commits.
func (j *Journal) resume(ctx context.Context) (*writer, error) {
	w, err := j.working()
	if err == nil || errors.Is(err, journal.ErrNoJournal) || time.Since(j.tried) < resumeEvery {
		return w, err
	}
	if err = j.missing(); err == nil {
		err = j.readWhole(ctx)
	}
	if err == nil {
		err = j.openWhole(ctx)
	}
	j.tried = time.Now()
	if err != nil {
		j.readWith(j.aside)
		err = j.withRoom(err)
		j.hold(err)
		return nil, err
	}
	j.hold(nil)
	j.log.Info("the journal is open for writing again")
	return j.working()
}

// readWhole goes over to reading beside a writer. The one connection that read alone keeps everybody else out: it is waited for, and
// ended.
func (j *Journal) readWhole(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, resumeEvery)
	defer cancel()
	c, err := j.reads.Conn(ctx)
	if err != nil {
		return err
	}
	j.source.use(j.whole().name)
	_ = c.Raw(func(any) error { return driver.ErrBadConn })
	j.readWith(j.whole())
	return nil
}

func (j *Journal) hold(err error) {
	j.mu.Lock()
	j.held = err
	j.mu.Unlock()
}

// holdBack decides what a journal that cannot be opened means: whether the gateway starts with it held, or not at all.
func (j *Journal) holdBack(ctx context.Context, err error) error {
	had := j.anchor != nil
	switch code := codeOf(err); {
	case errors.Is(err, journal.ErrNoJournal):
	case had && (errors.Is(err, errForeign) || code == sqlite3.SQLITE_NOTADB || code == sqlite3.SQLITE_CORRUPT || code == sqlite3.SQLITE_ERROR):
		err = fmt.Errorf("%w: %w", journal.ErrNoJournal, err)
	case code == sqlite3.SQLITE_FULL || code == sqlite3.SQLITE_IOERR || code == sqlite3.SQLITE_CANTOPEN || code == sqlite3.SQLITE_READONLY:
		err = j.withRoom(err)
		var cannot error
		for _, d := range []door{alone(j.path()), frozen(j.path())} {
			j.aside = d
			j.readWith(d)
			if cannot = known(ctx, j.reads); cannot == nil {
				break
			}
		}
		if cannot != nil {
			return errors.Join(err, cannot)
		}
		j.tried = time.Now()
		j.hold(err)
		j.log.Error("the journal can only be read: nothing is acknowledged until it can be written", "err", err)
		return nil
	default:
		return err
	}
	return j.holdNothing(ctx, err)
}

// holdNothing holds a journal of which nothing can be read.
func (j *Journal) holdNothing(ctx context.Context, err error) error {
	j.readWith(nothing())
	if err := migrate(ctx, j.reads, j.log); err != nil {
		return err
	}
	j.hold(err)
	j.log.Error("nothing is acknowledged: the journal is gone", "err", err)
	return nil
}

// GiveUp holds a journal that is open where what a start reads cannot be read in it, and reports whether that is so: nothing can be
// recovered from it then, and nothing more is written to it. Nobody else may use it yet.
func (j *Journal) GiveUp(ctx context.Context, err error) bool {
	if code := codeOf(err); j.Held() != nil || code != sqlite3.SQLITE_CORRUPT && code != sqlite3.SQLITE_NOTADB {
		return false
	}
	closing := errors.Join(j.closeWriter(), j.writes.Close())
	j.mu.Lock()
	j.writer, j.writes, j.checkpoints, j.anchors, j.watch = nil, nil, nil, nil, nil
	j.mu.Unlock()
	return j.holdNothing(ctx, errors.Join(fmt.Errorf("%w: %w", journal.ErrNoJournal, err), closing)) == nil
}

// withRoom says that the disk is full or read-only, if that is why.
func (j *Journal) withRoom(err error) error {
	if codeOf(err) == 0 || errors.Is(err, journal.ErrGone) {
		return err
	}
	switch full, why := roomless(j.dir); {
	case full:
		return fmt.Errorf("%w: %w", journal.ErrFull, err)
	case why != nil:
		return fmt.Errorf("nothing can be written to %s: %w: %w", j.dir, why, err)
	}
	return err
}

// roomless tells whether a file cannot grow in a directory, or why none can be made.
func roomless(dir string) (full bool, why error) {
	f, err := os.CreateTemp(dir, ".room-*")
	if err != nil {
		return errors.Is(err, syscall.ENOSPC), err
	}
	_, err = f.Write(make([]byte, 64<<10))
	_ = f.Close()
	_ = os.Remove(f.Name())
	return err != nil, nil
}

// missing reports that a journal that was there is not.
func (j *Journal) missing() error {
	info, err := os.Stat(j.path())
	log, _ := os.Stat(j.path() + "-wal")
	what := "is not there"
	if err == nil {
		if what = "is empty"; info.Size() > 0 {
			return nil
		}
	}
	switch {
	case j.anchor != nil && j.anchor.Record > 0:
		return fmt.Errorf("%w: %s %s, and had record %d at %s", journal.ErrNoJournal, j.path(), what, j.anchor.Record, j.anchor.At.Format(time.RFC3339))
	case log != nil && log.Size() > 0:
		return fmt.Errorf("%w: %s %s, and its write-ahead log is there", journal.ErrNoJournal, j.path(), what)
	}
	return nil
}

// BeginAnew moves a journal that is gone out of the way, as Open would hold it, and reports whether it was. What there is of it
// keeps lying beside the new one. A journal that can be used is left alone.
func BeginAnew(ctx context.Context, o Options) (moved bool, err error) {
	j, err := Open(ctx, o)
	if err != nil {
		return false, err
	}
	if _, err := j.State(ctx); err != nil {
		_ = j.GiveUp(ctx, err)
	}
	gone := errors.Is(j.Held(), journal.ErrNoJournal)
	if !gone {
		return false, j.Close()
	}
	defer func() { err = errors.Join(err, j.Close()) }() // the lock is held until then
	// The anchor goes last: until then it says that there was a journal.
	suffix := oldSuffix(time.Now())
	for _, names := range [][]string{{FileName}, {FileName + "-wal", FileName + "-shm", HeadFile}, {AnchorFile}} {
		if err := putAway(o.Dir, suffix, names...); err != nil {
			return true, err
		}
	}
	return true, nil
}

// oldSuffix is behind the names of files that were put away.
func oldSuffix(now time.Time) string { return ".old-" + now.UTC().Format("20060102T150405Z") }

// putAway renames files of a journal, which nobody has open, and makes that durable.
func putAway(dir, suffix string, names ...string) error {
	for _, name := range names {
		err := os.Rename(filepath.Join(dir, name), filepath.Join(dir, name+suffix))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("moving the old journal away: %w", err)
		}
	}
	return syncDir(dir)
}

// source is how the reading connections are made, which changes while they are in use.
type source struct {
	mu   sync.Mutex
	name string
}

var _ driver.Connector = (*source)(nil)

// Connect implements driver.Connector.
func (s *source) Connect(ctx context.Context) (driver.Conn, error) {
	s.mu.Lock()
	name := s.name
	s.mu.Unlock()
	c, err := sqlite.NewConnector(name)
	if err != nil {
		return nil, err
	}
	return c.Connect(ctx)
}

// Driver implements driver.Connector.
func (s *source) Driver() driver.Driver { return &sqlite.Driver{} }

func (s *source) use(name string) {
	s.mu.Lock()
	s.name = name
	s.mu.Unlock()
}

// door is how connections for reading are made, how many there are at most, and how many are kept.
type door struct {
	name       string
	most, idle int
}

// whole reads beside the writer.
func (j *Journal) whole() door {
	return door{dataSource(j.path(), "ro", "query_only(true)", "cache_size(-2000)"), 4, 2}
}

// alone reads with a connection that shares nothing, and so needs no room.
func alone(path string) door {
	return door{dataSource(path, "rw", "locking_mode(exclusive)", "query_only(true)"), 1, 0}
}

// frozen reads what cannot be written at all, so that not even a lock can be had: nobody else writes it either. With a log that has
// content that is kept in memory again; without one the file is all there is.
func frozen(path string) door {
	if info, err := os.Stat(path + "-wal"); err == nil && info.Size() > 0 {
		return door{dataSource(path, "ro", "locking_mode(exclusive)", "query_only(true)") + "&vfs=unix-none", 1, 0}
	}
	return door{dataSource(path, "ro", "query_only(true)") + "&immutable=1", 1, 0}
}

// nothing is a journal in memory, which lasts as long as its one connection.
func nothing() door { return door{"file::memory:", 1, 1} }

// readWith changes how the journal is read from now on.
func (j *Journal) readWith(d door) {
	if j.reads == nil {
		j.source = &source{}
		j.reads = sql.OpenDB(j.source)
	}
	j.source.use(d.name)
	j.reads.SetMaxIdleConns(-1) // those that idle are closed
	j.reads.SetMaxOpenConns(d.most)
	if d.idle > 0 {
		j.reads.SetMaxIdleConns(d.idle)
	}
}
