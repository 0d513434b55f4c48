package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"github.com/gerbang-iot/gerbang/journal"
)

// Restore puts a copy of a journal into a data directory that no gateway works on. What is there already is moved aside, if it may
// be. The gateway compares it with the anchor when it starts, and says which records are lost.
func Restore(ctx context.Context, from, dir string, overwrite bool) (_ *journal.Restored, err error) {
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
		return nil, fmt.Errorf("%w: %s", journal.ErrInUse, dir)
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
		return nil, fmt.Errorf("%w: %s", journal.ErrExists, path)
	}
	part := path + ".part"
	defer func() { _ = errors.Join(os.Remove(part), os.Remove(part+"-wal"), os.Remove(part+"-shm")) }()
	if err := copyJournal(ctx, from, part); err != nil {
		return nil, err
	}
	ended, err := endEntrances(ctx, part)
	if err != nil {
		return nil, err
	}
	c, err := inspect(ctx, part)
	if err != nil {
		return nil, err
	}
	r := &restoring{inspected: c}
	// An anchor of the same journal knows what is lost; one of another knows nothing.
	anchor, _ := ReadAnchor(dir)
	if anchor != nil && anchor.Journal == c.journal && anchor.Record > c.Last {
		r.lost = anchor.Record
	}
	now := time.Now()
	for _, step := range r.steps(dir, part, anchor, now) {
		if err := step(); err != nil {
			return nil, err
		}
	}
	done := &journal.Restored{Copy: c.Copy, Lost: r.lost, Ended: ended}
	done.Path = from
	if there || anchor != nil {
		done.Kept = oldSuffix(now)
	}
	return done, nil
}

// restoring is a copy that is being put in place.
type restoring struct {
	*inspected
	lost uint64 // see journal.Restored
}

// steps put a copy in the place of what is in a directory. Whichever is the last that was done, the next start finds a whole journal
// or is told by an anchor that there was one: it never begins with record 1. So the anchor stays until the copy has its name.
func (r *restoring) steps(dir, part string, anchor *Anchor, now time.Time) []func() error {
	path, suffix := filepath.Join(dir, FileName), oldSuffix(now)
	guarded := anchor != nil && anchor.Record > 0 // by the one that is there
	return []func() error{
		func() error { return keepCopy(filepath.Join(dir, AnchorFile), suffix) },
		func() error {
			guard := Anchor{Journal: r.journal, Record: max(r.First, 1), Sum: hexOf(r.sum), At: now}
			if guarded {
				guard = *anchor // with what its head says, which is put away
			}
			if err := writeAnchor(dir, guard); err != nil {
				return fmt.Errorf("keeping the anchor: %w", err)
			}
			return nil
		},
		// The log goes after its database, and before there is another one: it belongs to no other.
		func() error { return putAway(dir, suffix, FileName) },
		func() error { return putAway(dir, suffix, FileName+"-wal", FileName+"-shm", HeadFile) },
		func() error { return settleFile(part, path) },
		func() error {
			if r.lost > 0 {
				return nil
			}
			// It says nothing about this copy; the gateway writes another one.
			if err := os.Remove(filepath.Join(dir, AnchorFile)); err != nil {
				return fmt.Errorf("retiring the anchor: %w", err)
			}
			return syncDir(dir)
		},
	}
}

// keepCopy keeps a file, if it is there, under another name as well.
func keepCopy(path, suffix string) error {
	err := copyFile(path, path+suffix)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("keeping %s: %w", path, err)
	}
	return nil
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
