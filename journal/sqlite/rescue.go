package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gerbang-iot/gerbang/journal"
)

// Rescue copies a journal whose files were deleted, moved or replaced: they can be read for as long as this process has them open,
// and no longer. The copy lies in the data directory, and can be restored from there.
func (j *Journal) Rescue(ctx context.Context) (_ *journal.Copy, err error) {
	w, err := j.working()
	if err != nil {
		return nil, err
	}
	to := filepath.Join(j.dir, "journal-rescued-"+time.Now().UTC().Format("20060102T150405Z")+".db")
	part := to + ".part"
	defer func() { _ = os.Remove(part) }() // after the rename it is not there
	if err := w.take(); err != nil {
		return nil, err
	}
	_, err = w.conn.ExecContext(ctx, `VACUUM INTO ?`, part)
	w.give()
	if err := errors.Join(err, os.Chmod(part, 0o600)); err != nil {
		return nil, fmt.Errorf("rescuing the journal: %w", err)
	}
	c, err := inspect(ctx, part)
	if err != nil {
		return nil, fmt.Errorf("what was rescued is not good: %w", err)
	}
	if err := settleFile(part, to); err != nil {
		return nil, fmt.Errorf("keeping what was rescued: %w", err)
	}
	c.Path = to
	return &c.Copy, nil
}
