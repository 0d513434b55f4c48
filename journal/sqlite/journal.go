// Package sqlite is the journal in one SQLite database: records, verdicts, alerts, the outbox, snapshots, rollups. It is the
// only owner of SQL. What a commit has returned for has been fsynced (WAL, synchronous=FULL).
package sqlite

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
	"time"

	"github.com/gofrs/flock"
	"modernc.org/sqlite" // also the database driver "sqlite"

	"github.com/gerbang-iot/gerbang/journal"
)

// FileName is the database's name in the data directory.
const FileName = "journal.db"

// errForeign says that the data directory has another journal than its anchor is of.
var errForeign = errors.New("it is another journal than the one that was here")

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

// Journal is an open journal; see journal.Journal. Commit, Prepare and Head are for one goroutine, everything else is safe for concurrent use.
type Journal struct {
	dir       string
	window    int
	relaxed   bool
	log       *slog.Logger
	lock      *flock.Flock // nil for a reader
	source    *source      // of reads
	reads     *sql.DB      // read-only connections
	tail      *tail
	anchor    *Anchor    // as it was when the journal was opened; nil: there was none
	aside     door       // how a held journal is read
	digesting sync.Mutex // held by whoever makes digests of records; before the writer's lock
	tried     time.Time  // when a held journal was last opened, for the goroutine that commits

	mu     sync.Mutex
	held   error   // why there is no writer
	writer *writer // nil for a reader
	watch  *watch
	writes *sql.DB // one connection, held by writer
	// checkpoints and anchors belong to the writer.
	checkpoints *checkpointer
	anchors     *anchorer

	close sync.Once
}

var (
	_ journal.Journal = (*Journal)(nil)
	_ journal.Files   = (*Journal)(nil)
	_ journal.Auditor = (*Journal)(nil)
	_ journal.Mender  = (*Journal)(nil)
)

// Open opens or creates the journal in a directory and takes the directory's lock: one process at a time. A journal that is gone
// or has no room is opened all the same, and refuses commits; see Held.
func Open(ctx context.Context, o Options) (*Journal, error) {
	log := o.Logger.With("component", "journal")
	if err := makePrivate(o.Dir, log); err != nil {
		return nil, err
	}
	lock := flock.New(filepath.Join(o.Dir, "lock"), flock.SetPermissions(0o600))
	if ok, err := lock.TryLock(); err != nil {
		return nil, fmt.Errorf("locking the data directory %q: %w", o.Dir, err)
	} else if !ok {
		return nil, fmt.Errorf("%w: %s", journal.ErrInUse, o.Dir)
	}
	_ = os.Chmod(lock.Path(), 0o600) // of an earlier version; it holds nothing
	j := &Journal{dir: o.Dir, window: o.Window, relaxed: o.Relaxed, log: log, lock: lock, tail: newTail()}
	if err := j.open(ctx); err != nil {
		_ = j.Close()
		return nil, fmt.Errorf("opening the journal %q: %w", j.path(), err)
	}
	return j, nil
}

func (j *Journal) path() string { return filepath.Join(j.dir, FileName) }

func (j *Journal) open(ctx context.Context) (err error) {
	if j.anchor, err = ReadAnchor(j.dir); err != nil {
		j.log.Error("whether the journal has lost records cannot be told", "err", err)
	}
	if err = j.missing(); err == nil {
		j.readWith(j.whole())
		err = j.openWhole(ctx)
	}
	if err != nil {
		return j.holdBack(ctx, err)
	}
	return nil
}

// openWhole opens the journal for writing, and leaves nothing open where it fails.
func (j *Journal) openWhole(ctx context.Context) (err error) {
	var writes *sql.DB
	var w *writer
	var watch *watch
	var checkpoints *sql.DB
	defer func() {
		if err == nil {
			return
		}
		if watch != nil {
			watch.close()
		}
		if checkpoints != nil {
			_ = checkpoints.Close()
		}
		if w != nil {
			_ = w.close()
		}
		if writes != nil {
			_ = writes.Close()
		}
	}()
	path, synchronous := j.path(), "full"
	if j.relaxed {
		synchronous = "off"
	}
	if err := keepPrivate(path); err != nil {
		return err
	}
	// It says that data and size are on disk, and nothing of the times of the file, for which a file system's own journal would
	// have to be written at each commit. Where there is no such call, SQLite goes on with fsync.
	_, _ = sqlite.Fdatasync(true)
	if writes, err = connect(path, "rwc", "page_size(4096)", "journal_mode(wal)", "synchronous("+synchronous+")",
		"wal_autocheckpoint(0)", "cache_size(-8000)", fmt.Sprintf("journal_size_limit(%d)", walLimit)); err != nil {
		return err
	}
	writes.SetMaxOpenConns(1)
	if err := j.recognise(ctx, writes); err != nil {
		return err
	}
	if err := writable(ctx, writes); err != nil {
		return err
	}
	if err := migrate(ctx, writes, j.log); err != nil {
		return err
	}
	c, err := readChain(ctx, writes)
	if err != nil {
		return err
	}
	if err := j.settle(ctx, writes); err != nil {
		j.log.Error("where the journal ends could not be proven", "err", err)
	}
	if err := j.mend(ctx, writes); err != nil {
		return err
	}
	if w, err = newWriter(ctx, writes); err != nil {
		return err
	}
	// It is full also where commits are relaxed: it goes on when they are durable.
	if checkpoints, err = connect(path, "rw", "synchronous(full)"); err != nil {
		return err
	}
	checkpoints.SetMaxOpenConns(1)
	watch = newWatch(path)
	if err := watch.look(false); err != nil {
		return err
	}
	j.mu.Lock()
	j.writes, j.writer, j.watch = writes, w, watch
	j.checkpoints = newCheckpointer(checkpoints, w, j.log)
	j.anchors = newAnchorer(j.dir, c.id, j.log, w.head.Record, w.sum, j.relaxed)
	j.mu.Unlock()
	if err := w.logStart(ctx); err != nil {
		return fmt.Errorf("writing into the log what happened before the start: %w", err)
	}
	if err := j.lookBack(ctx); err != nil {
		j.log.Error("the newest records could not be compared with their checksums", "err", err)
	}
	return nil
}

// writable fails where nothing can be written. On a read-only file system SQLite opens what it cannot write, begins transactions on it,
// and would never write it, also when it can be written again.
func writable(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("beginning to write: %w", err)
	}
	_, err = tx.ExecContext(ctx, `PRAGMA user_version = 0`) // undone at once
	if err := errors.Join(err, tx.Rollback()); err != nil {
		return fmt.Errorf("trying to write: %w", err)
	}
	return nil
}

// dataSource names a database with its settings.
func dataSource(path, mode string, pragmas ...string) string {
	q := url.Values{"mode": {mode}, "_pragma": append(pragmas, "busy_timeout(5000)", "foreign_keys(false)"), "_txlock": {"immediate"}}
	// The path is escaped by hand of url, so that every character a directory may have is safe.
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}).String()
}

func connect(path, mode string, pragmas ...string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", dataSource(path, mode, pragmas...))
	if err != nil {
		return nil, fmt.Errorf("opening %q: %w", path, err)
	}
	return db, nil
}

// Strict turns on the fsync of each commit of a journal that was opened Relaxed, after writing everything to disk.
func (j *Journal) Strict(ctx context.Context) error {
	w, err := j.working()
	if err != nil {
		return err
	}
	j.checkpoints.working.Lock()
	err = j.watch.anew(func() error { return w.strict(ctx) })
	j.checkpoints.working.Unlock()
	if err != nil {
		return err
	}
	j.anchors.strict()
	return nil
}

// closeWriter ends all that writes, except the connection itself: the last one that is closed cleans up.
func (j *Journal) closeWriter() error {
	var errs []error
	if j.anchors != nil {
		j.anchors.close()
	}
	if j.watch != nil {
		j.watch.close()
	}
	if j.checkpoints != nil {
		errs = append(errs, j.checkpoints.close())
	}
	if j.writer != nil {
		errs = append(errs, j.writer.close())
	}
	return errors.Join(errs...)
}

// Close releases the journal. It may be called twice.
func (j *Journal) Close() error {
	var errs []error
	j.close.Do(func() {
		errs = append(errs, j.closeWriter())
		if j.reads != nil {
			errs = append(errs, j.reads.Close())
		}
		if j.writes != nil {
			errs = append(errs, j.writes.Close())
		}
		if j.lock != nil {
			errs = append(errs, j.lock.Unlock())
		}
	})
	return errors.Join(errs...)
}
