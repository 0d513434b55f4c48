package sqlite

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
)

// OpenReader opens the journal in a directory for reading only, also while a gateway works on it. Its Commit, Retain and
// a Source's Advance must not be used.
func OpenReader(ctx context.Context, dir string) (*Journal, error) {
	path := filepath.Join(dir, FileName)
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("opening the journal: %w", err)
	}
	j := &Journal{dir: dir, log: slog.New(slog.DiscardHandler), tail: newTail(), wake: newBroadcast()}
	var err error
	if j.reads, err = connect(path, "ro", "query_only(true)"); err != nil {
		return nil, err
	}
	if err := known(ctx, j.reads); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the journal %q: %w", path, err), j.Close())
	}
	return j, nil
}

// Bytes is the size of the database file and its write-ahead log on disk. It asks the file system only.
func (j *Journal) Bytes() int64 {
	var total int64
	for _, name := range []string{FileName, FileName + "-wal"} {
		if info, err := os.Stat(filepath.Join(j.dir, name)); err == nil {
			total += info.Size()
		}
	}
	return total
}
