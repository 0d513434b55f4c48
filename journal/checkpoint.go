package journal

import (
	"context"
	"database/sql"
	"log/slog"
	"os"
	"sync"
)

// A checkpoint copies pages from the write-ahead log into the database. SQLite would make the commit that fills the log do
// it, which then takes a hundred times as long as others. Here a connection of its own copies while commits go on; the few
// pages that are left, and only when the log is long, are copied between two commits, so that the log begins anew.
const (
	checkpointFrom = 4 << 20  // bytes of the log
	restartFrom    = 24 << 20 // bytes of the log
	sizeEvery      = 16       // commits between two looks at the log's size
)

// checkpointer keeps the write-ahead log short.
type checkpointer struct {
	log     *slog.Logger
	db      *sql.DB
	path    string // of the write-ahead log
	writer  *writer
	commits int // owned by the committing goroutine
	kick    chan struct{}
	cancel  context.CancelFunc
	done    sync.WaitGroup
}

func newCheckpointer(db *sql.DB, path string, w *writer, log *slog.Logger) *checkpointer {
	ctx, cancel := context.WithCancel(context.Background())
	c := &checkpointer{log: log, db: db, path: path, writer: w, kick: make(chan struct{}, 1), cancel: cancel}
	c.done.Go(func() { c.run(ctx) })
	return c
}

// committed notes a commit.
func (c *checkpointer) committed() {
	if c.commits++; c.commits%sizeEvery != 0 || c.size() < checkpointFrom {
		return
	}
	select {
	case c.kick <- struct{}{}:
	default:
	}
}

func (c *checkpointer) size() int64 {
	info, err := os.Stat(c.path)
	if err != nil {
		return 0
	}
	return info.Size()
}

func (c *checkpointer) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.kick:
		}
		// A checkpoint that fails is made up for by the next one; commits do not depend on it.
		var busy, frames, copied int64
		err := c.db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(passive)").Scan(&busy, &frames, &copied)
		if err != nil && ctx.Err() == nil {
			c.log.Warn("a checkpoint failed; it is tried again", "err", err)
			continue
		}
		if c.size() >= restartFrom && copied > 0 {
			if err := c.writer.checkpoint(ctx); err != nil && ctx.Err() == nil {
				c.log.Warn("the write-ahead log could not begin anew; it is tried again", "err", err)
			}
		}
	}
}

// close ends the checkpointer and waits for it. It may be called twice.
func (c *checkpointer) close() error {
	c.cancel()
	c.done.Wait()
	return c.db.Close()
}

// checkpoint copies what is left between two commits.
func (w *writer) checkpoint(ctx context.Context) error {
	w.lock <- struct{}{}
	defer func() { <-w.lock }()
	var busy, frames, copied int64
	return w.conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint(passive)").Scan(&busy, &frames, &copied)
}
