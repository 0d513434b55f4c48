package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// retainStep bounds one deleting transaction, so that commits wait for milliseconds at most.
const retainStep = 2_000

// Retain deletes what is past its retention, in small transactions between the commits, until nothing is left to delete or
// ctx ends. It never deletes a record that a cursor or a snapshot still needs.
func (j *Journal) Retain(ctx context.Context, r journal.Retention, now telemetry.Instant) (journal.Removed, error) {
	var removed journal.Removed
	if err := j.retainRejections(ctx, r, &removed); err != nil {
		return removed, err
	}
	needed, by, err := j.needed(ctx, r.Cursors)
	if err != nil {
		return removed, err
	}
	for ctx.Err() == nil {
		n, held, err := j.retainRecords(ctx, r, now, needed)
		if err != nil {
			return removed, err
		}
		removed.Records += n
		if removed.HeldBy = ""; held {
			removed.HeldBy = by
		}
		if n == 0 {
			break
		}
	}
	if removed.Refused, err = j.retainRefused(ctx, r.Records, now); err != nil {
		return removed, err
	}
	for _, old := range []struct {
		table  string
		keep   time.Duration
		count  *int64
		cursor string // of the InfluxDB writer, which may still need it; empty: none
		sql    string
	}{
		{"samples", r.Samples, &removed.Samples, cursorSamples, `DELETE FROM samples WHERE id IN (SELECT id FROM samples WHERE at < ?1 AND id <= ?3 ORDER BY id LIMIT ?2)`},
		{"flows", r.Samples, &removed.Flows, cursorFlows, `DELETE FROM flows WHERE id IN (SELECT id FROM flows WHERE at < ?1 AND id <= ?3 ORDER BY id LIMIT ?2)`},
		{"rollups", r.Rollups, &removed.Rollups, "", `DELETE FROM rollups WHERE (series, minute) IN (SELECT series, minute FROM rollups WHERE minute < ?1 LIMIT ?2) AND ?3 > 0`},
	} {
		needed := int64(math.MaxInt64)
		if r.Cursors && old.cursor != "" {
			if err := j.row(ctx, cursorQuery(old.cursor), &needed); err != nil {
				return removed, fmt.Errorf("reading the InfluxDB cursor: %w", err)
			}
		}
		for old.keep > 0 && ctx.Err() == nil {
			n, err := j.delete(ctx, old.table, old.sql, int64(now.Add(-old.keep)), retainStep, needed)
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
func (j *Journal) retainRecords(ctx context.Context, r journal.Retention, now telemetry.Instant, needed int64) (n int64, held bool, err error) {
	tooMany := false
	if r.MaxBytes > 0 {
		total, free, err := j.Size(ctx)
		if err != nil {
			return 0, false, err
		}
		tooMany = total-free > r.MaxBytes
	}
	var first, old int64
	if err := j.row(ctx, `SELECT coalesce((SELECT seq FROM records WHERE kind IN (1, 2, 4) ORDER BY seq LIMIT 1), 0)`, &first); err != nil {
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
	if n, err = j.deleteRecords(ctx, first, last, deletable); err != nil {
		return 0, false, fmt.Errorf("deleting old records: %w", err)
	}
	return n, held, nil
}

// deletable are the records that retention deletes, rejected those of them that were not understood, by the index that has them.
const (
	deletable = `kind IN (1, 2, 4)`
	rejected  = `kind IN (2, 3, 5) AND kind = 2`
)

// runsSQL finds the runs of neighbours among records of some kinds, with the checksum of the last of each.
const runsSQL = `SELECT first, last, (SELECT sum FROM records WHERE seq = last) FROM (
	SELECT min(seq) AS first, max(seq) AS last FROM (SELECT seq, seq - row_number() OVER (ORDER BY seq) AS run FROM records
		WHERE seq >= ?1 AND seq <= ?2 AND %s) GROUP BY run)
	ORDER BY first`

// deleteRecords deletes the records of some kinds among those from first to last, and keeps their numbers and last checksums as gaps, so that the chain
// can be followed from what is left. Gaps that touch become one.
func (j *Journal) deleteRecords(ctx context.Context, first, last int64, kinds string) (n int64, err error) {
	// What is deleted can be held against its digest by whoever has a copy of it.
	if err := j.digestThrough(ctx, last); err != nil {
		return 0, err
	}
	var runs []gap
	err = each(ctx, j.reads, func(rows *sql.Rows) error {
		var g gap
		var sum sql.NullInt64
		err := rows.Scan(&g.first, &g.last, &sum)
		if g.sum = uint64(sum.Int64); sum.Valid { // what was recorded before the chain began is not part of it
			runs = append(runs, g)
		}
		return err
	}, fmt.Sprintf(runsSQL, kinds), first, last)
	if err != nil {
		return 0, err
	}
	w, err := j.working()
	if err != nil {
		return 0, err
	}
	err = w.transaction(func() error {
		for _, g := range runs {
			if err := w.join(ctx, &g); err != nil {
				return err
			}
			if _, err := w.conn.ExecContext(ctx, `INSERT INTO gaps (first, last, sum, lost) VALUES (?,?,?,0)`, int64(g.first), int64(g.last), int64(g.sum)); err != nil {
				return err
			}
		}
		res, err := w.conn.ExecContext(ctx, `DELETE FROM records WHERE seq <= ?1 AND seq >= ?2 AND `+kinds, last, first) //nolint:gosec // kinds is one of the texts above
		if err != nil {
			return err
		}
		if n, err = res.RowsAffected(); err == nil && n > 0 {
			w.book.factOfRetention(tableRecords, n, first, last)
		}
		return err
	})
	return n, err
}

// beforeSQL and behindGapSQL find the gap before a record, and the one that begins with it. They go by first, which has the index.
const (
	beforeSQL    = `SELECT first, last, sum, lost FROM gaps WHERE first < ?1 ORDER BY first DESC LIMIT 1`
	behindGapSQL = `SELECT first, last, sum, lost FROM gaps WHERE first = ?1`
)

// join takes the deleted ranges that touch a new one out of gaps, however many there are, and makes it span them all. Under lock.
func (w *writer) join(ctx context.Context, g *gap) error {
	for {
		var n gap
		found, err := w.gap(ctx, &n, beforeSQL, g.first)
		touches := found && n.last+1 == g.first && !n.lost
		if err == nil && !touches {
			found, err = w.gap(ctx, &n, behindGapSQL, g.last+1)
			touches = found && n.last >= n.first && !n.lost
		}
		switch {
		case err != nil:
			return err
		case !touches:
			return nil
		case n.first < g.first:
			g.first = n.first
		default:
			g.last, g.sum = n.last, n.sum
		}
		if _, err := w.conn.ExecContext(ctx, `DELETE FROM gaps WHERE first = ?`, int64(n.first)); err != nil {
			return err
		}
	}
}

// gap reads one gap, if there is one.
func (w *writer) gap(ctx context.Context, g *gap, query string, at uint64) (found bool, err error) {
	var sum, lost int64
	err = w.conn.QueryRowContext(ctx, query, int64(at)).Scan(&g.first, whole(&g.last), whole(&sum), whole(&lost))
	g.sum, g.lost = uint64(sum), lost != 0
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// delete runs one statement that deletes from a table in a transaction of the writer's connection, which the gateway's log tells of.
func (j *Journal) delete(ctx context.Context, table, query string, args ...any) (n int64, err error) {
	w, err := j.working()
	if err != nil {
		return 0, err
	}
	err = w.transaction(func() error {
		var res sql.Result
		if res, err = w.conn.ExecContext(ctx, query, args...); err != nil {
			return err
		}
		if n, err = res.RowsAffected(); err == nil && n > 0 {
			w.book.factOfRetention(table, n, 0, 0)
		}
		return err
	})
	return n, err
}
