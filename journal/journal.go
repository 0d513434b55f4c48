// Package journal is the one SQLite database of a gateway: records, verdicts, alerts, the outbox, snapshots, rollups. It is the
// only owner of SQL. What a commit has returned for has been fsynced (WAL, synchronous=FULL).
package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"

	"github.com/gofrs/flock"
	"modernc.org/sqlite" // also the database driver "sqlite"

	"github.com/gerbang-iot/gerbang/gateway"
)

// FileName is the database's name in the data directory.
const FileName = "journal.db"

// ErrInUse says that another process works on the data directory.
var ErrInUse = errors.New("the data directory is in use by another gerbang")

// ErrNewer says that a newer version of gerbang has written the journal.
var ErrNewer = errors.New("the journal was written by a newer version of gerbang")

// ErrOlder says that an older version of gerbang has written the journal, and no newer one has opened it yet.
var ErrOlder = errors.New("the journal was written by an older version of gerbang")

// Options say where a journal is.
type Options struct {
	Dir string // created if missing
	// Window is how many identities State gives back.
	Window int
	// Relaxed leaves out the fsync of each commit. Only for journals that are made anew from their source (a replay, a
	// demo's history); Strict turns durability on afterwards.
	Relaxed bool
	Logger  *slog.Logger
}

// Journal is an open journal. Commit is for one goroutine, everything else is safe for concurrent use.
type Journal struct {
	dir    string
	window int
	log    *slog.Logger
	lock   *flock.Flock // nil for a reader
	reads  *sql.DB      // read-only connections
	writes *sql.DB      // one connection, held by writer; nil for a reader
	writer *writer
	tail   *tail
	// checkpoints is nil for a reader.
	checkpoints *checkpointer

	close sync.Once
	wake  *broadcast
}

var _ gateway.Journal = (*Journal)(nil)

// Open opens or creates the journal in a directory and takes the directory's lock: one process at a time.
func Open(ctx context.Context, o Options) (*Journal, error) {
	if err := os.MkdirAll(o.Dir, 0o750); err != nil {
		return nil, fmt.Errorf("creating the data directory: %w", err)
	}
	lock := flock.New(filepath.Join(o.Dir, "lock"))
	if ok, err := lock.TryLock(); err != nil {
		return nil, fmt.Errorf("locking the data directory %q: %w", o.Dir, err)
	} else if !ok {
		return nil, fmt.Errorf("%w: %s", ErrInUse, o.Dir)
	}
	j := &Journal{dir: o.Dir, window: o.Window, log: o.Logger.With("component", "journal"), lock: lock, tail: newTail(), wake: newBroadcast()}
	if err := j.open(ctx, o); err != nil {
		_ = j.Close()
		return nil, err
	}
	return j, nil
}

func (j *Journal) open(ctx context.Context, o Options) error {
	path := filepath.Join(o.Dir, FileName)
	synchronous := "full"
	if o.Relaxed {
		synchronous = "off"
	}
	// It says that data and size are on disk, and nothing of the times of the file, for which a file system's own journal would
	// have to be written at each commit. Where there is no such call, SQLite goes on with fsync.
	_, _ = sqlite.Fdatasync(true)
	var err error
	if j.writes, err = connect(path, "rwc", "page_size(4096)", "journal_mode(wal)", "synchronous("+synchronous+")",
		"wal_autocheckpoint(0)", "cache_size(-8000)", "journal_size_limit(67108864)"); err != nil {
		return err
	}
	j.writes.SetMaxOpenConns(1)
	if err := migrate(ctx, j.writes, j.log); err != nil {
		return fmt.Errorf("opening the journal %q: %w", path, err)
	}
	if j.reads, err = connect(path, "ro", "query_only(true)", "cache_size(-2000)"); err != nil {
		return err
	}
	j.reads.SetMaxOpenConns(4)
	if j.writer, err = newWriter(ctx, j.writes); err != nil {
		return fmt.Errorf("preparing the journal %q: %w", path, err)
	}
	checkpoints, err := connect(path, "rw", "synchronous("+synchronous+")")
	if err != nil {
		return err
	}
	checkpoints.SetMaxOpenConns(1)
	j.checkpoints = newCheckpointer(checkpoints, j.writer, j.log)
	return nil
}

func connect(path, mode string, pragmas ...string) (*sql.DB, error) {
	q := url.Values{"mode": {mode}, "_pragma": append(pragmas, "busy_timeout(5000)", "foreign_keys(false)"), "_txlock": {"immediate"}}
	// The path is escaped by hand of url, so that every character a directory may have is safe.
	name := (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}).String()
	db, err := sql.Open("sqlite", name)
	if err != nil {
		return nil, fmt.Errorf("opening %q: %w", path, err)
	}
	return db, nil
}

// Strict turns on the fsync of each commit of a journal that was opened Relaxed, after writing everything to disk.
func (j *Journal) Strict(ctx context.Context) error { return j.writer.strict(ctx) }

// Close releases the journal. It may be called twice.
func (j *Journal) Close() error {
	var errs []error
	j.close.Do(func() {
		j.wake.close()
		if j.checkpoints != nil {
			errs = append(errs, j.checkpoints.close())
		}
		if j.writer != nil {
			errs = append(errs, j.writer.close())
		}
		for _, db := range []*sql.DB{j.reads, j.writes} {
			if db != nil {
				errs = append(errs, db.Close())
			}
		}
		if j.lock != nil {
			errs = append(errs, j.lock.Unlock())
		}
	})
	return errors.Join(errs...)
}
