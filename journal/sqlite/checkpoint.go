package sqlite

import (
	"context"
	"database/sql"
	"log/slog"
	"sync"

	"modernc.org/sqlite"
)

// A checkpoint copies pages from the write-ahead log into the database. SQLite would make the commit that fills the log do
// it, which then takes a hundred times as long as others. Here a connection of its own copies while commits go on; the few
// pages that are left then are copied between two commits, so that the log begins anew. A log that stays short is written
// over and over in the same place, and the file system has nothing to note about it, which is most of what a commit waits for.
const (
	checkpointPages = 2048 // of the log, 8 MiB
	measureEvery    = 16   // commits between two looks at the log
)

// checkpointer keeps the write-ahead log short.
type checkpointer struct {
	log    *slog.Logger
	db     *sql.DB
	writer *writer
	cancel context.CancelFunc
	done   sync.WaitGroup
	// working is held while db checkpoints: two checkpoints at once are none, and SQLite does not wait. Before the writer's lock.
	working sync.Mutex
}

func newCheckpointer(db *sql.DB, w *writer, log *slog.Logger) *checkpointer {
	ctx, cancel := context.WithCancel(context.Background())
	c := &checkpointer{log: log, db: db, writer: w, cancel: cancel}
	c.done.Go(func() { c.run(ctx) })
	return c
}

func (c *checkpointer) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.writer.long:
		}
		// A checkpoint that fails is made up for by the next one; commits do not depend on it.
		if err := c.passive(ctx); err != nil {
			if ctx.Err() == nil {
				c.log.Warn("a checkpoint failed; it is tried again", "err", err)
			}
			continue
		}
		if err := c.writer.checkpoint(ctx); err != nil && ctx.Err() == nil {
			c.log.Warn("the write-ahead log could not begin anew; it is tried again", "err", err)
		}
	}
}

func (c *checkpointer) passive(ctx context.Context) error {
	c.working.Lock()
	defer c.working.Unlock()
	_, err := c.db.ExecContext(ctx, "PRAGMA wal_checkpoint(passive)")
	return err
}

// close ends the checkpointer and waits for it. It may be called twice.
func (c *checkpointer) close() error {
	c.cancel()
	c.done.Wait()
	return c.db.Close()
}

// measure finds out now and then how long the log has become. Under lock.
func (w *writer) measure() {
	if w.commits++; w.commits%measureEvery != 0 {
		return
	}
	written, _, err := w.raw.(sqlite.DBStatus).Status(sqlite.DBStatusCacheWrite, true)
	if err != nil {
		return // the operation is one that SQLite knows
	}
	if w.pages += written; w.pages < checkpointPages {
		return
	}
	select {
	case w.long <- struct{}{}:
		w.pages = 0 // where the checkpoint fails, the next one comes after as many pages again
	default:
	}
}

// checkpoint copies what is left between two commits.
func (w *writer) checkpoint(ctx context.Context) error {
	if err := w.take(); err != nil {
		return err
	}
	defer w.give()
	_, err := w.conn.ExecContext(ctx, "PRAGMA wal_checkpoint(passive)")
	return err
}
