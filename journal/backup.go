package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// ErrExists says that a backup or restore would overwrite something.
var ErrExists = errors.New("there is something already")

// Copy is what a copy of a journal holds, as found by opening it.
type Copy struct {
	Path  string
	Bytes int64
	// First and Last are the records that it has, LastReceived when the last one came.
	First, Last  uint64
	LastReceived telemetry.Instant
	// Older is set for one that an older version wrote: its checksums, if it has any, are not compared.
	Older    bool
	Verified Verification
	// Unknown is the damage among it that the journal had not noted yet.
	Unknown []Finding
	journal string
}

// Backup writes a copy of the journal in a data directory to a file, of one moment, also while a gateway works on it and without
// holding up its commits. The copy is opened and compared with its checksums before it gets its name. A directory gets a file named
// by the time.
func Backup(ctx context.Context, dir, to string, overwrite bool) (*Copy, error) {
	j, err := OpenReader(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = j.Close() }()
	if info, err := os.Stat(to); err == nil && info.IsDir() {
		to = filepath.Join(to, "journal-"+time.Now().UTC().Format("20060102T150405Z")+".db")
	}
	if err := vacant(to, overwrite); err != nil {
		return nil, err
	}
	part := to + ".part"
	if err := os.Remove(part); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("making room for the backup: %w", err)
	}
	// The file is there, empty and private, before it has content.
	f, err := os.OpenFile(part, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("creating the backup: %w", err)
	}
	defer func() { _ = os.Remove(part) }() // after the rename it is not there
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("creating the backup: %w", err)
	}
	// SQLite does not let a query_only connection write another file.
	db, err := connect(filepath.Join(dir, FileName), "ro")
	if err != nil {
		return nil, err
	}
	_, err = db.ExecContext(ctx, `VACUUM INTO ?`, part)
	if err := errors.Join(err, db.Close()); err != nil {
		return nil, fmt.Errorf("copying the journal: %w", err)
	}
	c, err := inspect(ctx, part)
	if err != nil {
		return nil, fmt.Errorf("the copy is not good and is deleted: %w", err)
	}
	if err := settleFile(part, to); err != nil {
		return nil, fmt.Errorf("keeping the backup: %w", err)
	}
	c.Path = to
	return c, nil
}

// vacant fails if something is in a place that may not be overwritten.
func vacant(path string, overwrite bool) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return fmt.Errorf("looking at %q: %w", path, err)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%q is no file", path)
	case !overwrite && info.Size() > 0:
		return fmt.Errorf("%w: %s", ErrExists, path)
	}
	return nil
}

// settleFile makes a file durable under its name.
func settleFile(part, name string) error {
	f, err := os.OpenFile(part, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(part, name); err != nil {
		return err
	}
	return syncDir(filepath.Dir(name))
}

// inspect opens a file that nobody writes to as a journal, and follows its chain.
func inspect(ctx context.Context, path string) (*Copy, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() == 0 {
		return nil, fmt.Errorf("%s is empty: it is no journal", path)
	}
	j := &Journal{dir: filepath.Dir(path), log: slog.New(slog.DiscardHandler)}
	if j.reads, err = sql.Open("sqlite", dataSource(path, "ro", "query_only(true)")+"&immutable=1"); err != nil {
		return nil, err
	}
	defer func() { _ = j.reads.Close() }()
	c := &Copy{Path: path, Bytes: info.Size()}
	version, err := versionOf(ctx, j.reads)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", path, err)
	case version == 0:
		return nil, fmt.Errorf("%s has nothing in it: it is no journal", path)
	}
	var ok string
	if err := j.row(ctx, `PRAGMA quick_check(1)`, &ok); err != nil || ok != "ok" {
		return nil, fmt.Errorf("%s is damaged: %s", path, errorOr(err, ok))
	}
	c.Older = version < len(migrations)
	if err := j.row(ctx, `SELECT coalesce(min(seq), 0), coalesce(max(seq), 0), coalesce(max(received), 0) FROM records`, &c.First, &c.Last, &c.LastReceived); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if c.Older {
		return c, nil
	}
	v, err := j.Verify(ctx, 0, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	c.Verified, c.Last = *v, v.Last
	noted, err := j.Damage(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for _, f := range v.Findings {
		if !covered(f, noted) {
			c.Unknown = append(c.Unknown, f)
		}
	}
	return c, j.row(ctx, `SELECT id FROM chain`, &c.journal)
}

// covered reports whether damage is noted, which is in order.
func covered(f Finding, noted []Noted) bool {
	next := f.First
	for _, n := range noted {
		if n.What == f.What && n.First <= next && next <= n.Last {
			next = n.Last + 1
		}
	}
	return next > f.Last
}

func errorOr(err error, text string) string {
	if err != nil {
		return err.Error()
	}
	return text
}

// Restored is what a Restore did.
type Restored struct {
	Copy
	// Lost is the last record that was on disk after the copy was made: those behind Last up to it are lost. 0: none is known.
	Lost uint64
	// Kept is the suffix of the files that were there before; empty: there were none.
	Kept string
}

// Restore puts a copy of a journal into a data directory that no gateway works on. What is there already is moved aside, if it may
// be. The gateway compares it with the anchor when it starts, and says which records are lost.
func Restore(ctx context.Context, from, dir string, overwrite bool) (_ *Restored, err error) {
	if info, err := os.Stat(from); err == nil && info.IsDir() {
		from = filepath.Join(from, FileName)
	}
	if _, err := os.Stat(from); err != nil {
		return nil, fmt.Errorf("reading the backup: %w", err)
	}
	if err := makePrivate(dir, slog.New(slog.DiscardHandler)); err != nil {
		return nil, err
	}
	lock := flock.New(filepath.Join(dir, "lock"), flock.SetPermissions(0o600))
	if ok, err := lock.TryLock(); err != nil {
		return nil, fmt.Errorf("locking the data directory %q: %w", dir, err)
	} else if !ok {
		return nil, fmt.Errorf("%w: %s", ErrInUse, dir)
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	path := filepath.Join(dir, FileName)
	there := false
	for _, name := range []string{path, path + "-wal"} {
		if info, err := os.Stat(name); err == nil && info.Size() > 0 {
			there = true
		}
	}
	if there && !overwrite {
		return nil, fmt.Errorf("%w: %s", ErrExists, path)
	}
	part := path + ".part"
	defer func() { _ = errors.Join(os.Remove(part), os.Remove(part+"-wal"), os.Remove(part+"-shm")) }()
	if err := copyJournal(ctx, from, part); err != nil {
		return nil, err
	}
	c, err := inspect(ctx, part)
	if err != nil {
		return nil, err
	}
	r := &Restored{Copy: *c}
	r.Path = from
	// An anchor of the same journal knows what is lost; one of another knows nothing.
	anchor, _ := ReadAnchor(dir)
	if anchor != nil && anchor.Journal == c.journal && anchor.Record > c.Last {
		r.Lost = anchor.Record
	}
	now := time.Now()
	if there || anchor != nil {
		if err := putAway(dir, now); err != nil {
			return nil, err
		}
		r.Kept = oldSuffix(now)
	}
	if r.Lost > 0 {
		if err := writeAnchor(dir, *anchor); err != nil {
			return nil, fmt.Errorf("keeping the anchor: %w", err)
		}
	}
	return r, settleFile(part, path)
}

// copyJournal copies a file, and what is in its write-ahead log.
func copyJournal(ctx context.Context, from, to string) error {
	for _, end := range []string{"", "-wal"} {
		err := copyFile(from+end, to+end)
		if err != nil && (end == "" || !errors.Is(err, fs.ErrNotExist)) {
			return fmt.Errorf("reading the backup: %w", err)
		}
	}
	db, err := connect(to, "rw", "locking_mode(exclusive)")
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	if _, err := versionOf(ctx, db); err != nil {
		return errors.Join(fmt.Errorf("%s: %w", from, err), db.Close())
	}
	// All of it is in the one file then, which inspect reads.
	_, err = db.ExecContext(ctx, `PRAGMA wal_checkpoint(truncate)`)
	return errors.Join(err, db.Close())
}

func copyFile(from, to string) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = src.Close() }()
	dst, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, src)
	return errors.Join(err, dst.Close())
}
