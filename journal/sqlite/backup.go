package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/gerbang-iot/gerbang/journal"
)

// Backup writes a copy of the journal in a data directory to a file, of one moment, also while a gateway works on it and without
// holding up its commits. The copy is opened and compared with its checksums before it gets its name. A directory gets a file named
// by the time.
func Backup(ctx context.Context, dir, to string, overwrite bool) (*journal.Copy, error) {
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
	return &c.Copy, nil
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
		return fmt.Errorf("%w: %s", journal.ErrExists, path)
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

// inspected is a copy with what its place in the chain is known by.
type inspected struct {
	journal.Copy
	journal string // its id
	sum     uint64 // the checksum of First
}

// inspect opens a file that nobody writes to as a journal, and follows its chain.
func inspect(ctx context.Context, path string) (*inspected, error) {
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
	c := &inspected{Copy: journal.Copy{Path: path, Bytes: info.Size()}}
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
	if err := j.reads.QueryRowContext(ctx, sumSQL, int64(c.First)).Scan((*signed)(&c.sum)); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, j.row(ctx, `SELECT id FROM chain`, &c.journal)
}

// covered reports whether damage is noted, which is in order.
func covered(f journal.Finding, noted []journal.Noted) bool {
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
