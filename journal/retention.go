package journal

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Retention bounds what the journal keeps. Zero values keep everything.
type Retention struct {
	// Records is how long messages, and points that InfluxDB refused, are kept, Samples how long the occupancy in steps of seconds and the flow of running totals,
	// Rollups how long minutes.
	// Verdicts, alerts and what people did are never deleted.
	Records, Samples, Rollups time.Duration
	// MaxBytes bounds the database: the oldest records go first.
	MaxBytes int64
	// Cursors tells whether the InfluxDB writer runs: only then does its position hold records back.
	Cursors bool
}

// Removed says what a Retain deleted, and what held it back.
type Removed struct {
	Records, Samples, Flows, Rollups, Refused int64
	// HeldBack is set when records are too old or too many and a reader or a snapshot still needs them.
	HeldBack bool
}

// retainStep bounds one deleting transaction, so that commits wait for milliseconds at most.
const retainStep = 2_000

// Retain deletes what is past its retention, in small transactions between the commits, until nothing is left to delete or
// ctx ends. It never deletes a record that a cursor or a snapshot still needs.
func (j *Journal) Retain(ctx context.Context, r Retention, now telemetry.Instant) (Removed, error) {
	var removed Removed
	for ctx.Err() == nil {
		n, held, err := j.retainRecords(ctx, r, now)
		if err != nil {
			return removed, err
		}
		removed.Records += n
		removed.HeldBack = held
		if n == 0 {
			break
		}
	}
	var err error
	if removed.Refused, err = j.retainRefused(ctx, r.Records, now); err != nil {
		return removed, err
	}
	for _, old := range []struct {
		keep   time.Duration
		count  *int64
		cursor string // of the InfluxDB writer, which may still need it; empty: none
		sql    string
	}{
		{r.Samples, &removed.Samples, cursorSamples, `DELETE FROM samples WHERE id IN (SELECT id FROM samples WHERE at < ?1 AND id <= ?3 ORDER BY id LIMIT ?2)`},
		{r.Samples, &removed.Flows, cursorFlows, `DELETE FROM flows WHERE id IN (SELECT id FROM flows WHERE at < ?1 AND id <= ?3 ORDER BY id LIMIT ?2)`},
		{r.Rollups, &removed.Rollups, "", `DELETE FROM rollups WHERE (series, minute) IN (SELECT series, minute FROM rollups WHERE minute < ?1 LIMIT ?2) AND ?3 > 0`},
	} {
		needed := int64(math.MaxInt64)
		if r.Cursors && old.cursor != "" {
			if err := j.row(ctx, cursorQuery(old.cursor), &needed); err != nil {
				return removed, fmt.Errorf("reading the InfluxDB cursor: %w", err)
			}
		}
		for old.keep > 0 && ctx.Err() == nil {
			n, err := j.delete(ctx, old.sql, int64(now.Add(-old.keep)), retainStep, needed)
			if err != nil {
				return removed, fmt.Errorf("deleting what is past its retention: %w", err)
			}
			*old.count += n
			if n < retainStep {
				break
			}
		}
	}
	return removed, nil
}

// retainRecords deletes one step of records.
func (j *Journal) retainRecords(ctx context.Context, r Retention, now telemetry.Instant) (n int64, held bool, err error) {
	needed, err := j.needed(ctx, r.Cursors)
	if err != nil {
		return 0, false, err
	}
	tooMany := false
	if r.MaxBytes > 0 {
		total, free, err := j.Size(ctx)
		if err != nil {
			return 0, false, err
		}
		tooMany = total-free > r.MaxBytes
	}
	var first, old int64
	if err := j.row(ctx, `SELECT coalesce((SELECT seq FROM records WHERE kind IN (1, 2, 4, 7) ORDER BY seq LIMIT 1), 0)`, &first); err != nil {
		return 0, false, fmt.Errorf("finding the oldest record: %w", err)
	}
	last := first + retainStep - 1
	if !tooMany {
		if r.Records <= 0 {
			return 0, false, nil
		}
		// Received grows with seq, so the newest old record of this step is found without an index.
		err := j.reads.QueryRowContext(ctx, `SELECT coalesce(max(seq), 0) FROM records WHERE seq <= ? AND received < ?`,
			last, int64(now.Add(-r.Records))).Scan(&old)
		if err != nil {
			return 0, false, fmt.Errorf("finding old records: %w", err)
		}
		last = old
	}
	if last > needed {
		last, held = needed, true
	}
	if first == 0 || last < first {
		return 0, held, nil
	}
	if n, err = j.delete(ctx, `DELETE FROM records WHERE seq <= ?1 AND kind IN (1, 2, 4, 7) AND seq >= ?2`, last, first); err != nil {
		return 0, false, fmt.Errorf("deleting old records: %w", err)
	}
	return n, held, nil
}

// needed is the last record that nobody needs any more.
func (j *Journal) needed(ctx context.Context, cursors bool) (int64, error) {
	var snapshot, position int64
	if err := j.row(ctx, `SELECT coalesce(min(seq), 0) FROM snapshots`, &snapshot); err != nil {
		return 0, fmt.Errorf("reading the oldest snapshot: %w", err)
	}
	if !cursors {
		return snapshot, nil
	}
	if err := j.row(ctx, cursorQuery(cursorRecords), &position); err != nil {
		return 0, fmt.Errorf("reading the InfluxDB cursor: %w", err)
	}
	return min(snapshot, position), nil
}

// delete runs one deleting statement in a transaction of the writer's connection.
func (j *Journal) delete(ctx context.Context, query string, args ...any) (n int64, err error) {
	err = j.writer.transaction(func() error {
		var res sql.Result
		if res, err = j.writer.conn.ExecContext(ctx, query, args...); err != nil {
			return err
		}
		n, err = res.RowsAffected()
		return err
	})
	return n, err
}
