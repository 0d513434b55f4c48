package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/gerbang-iot/gerbang/journal"
)

// startsSQL lists from which record on each site is recovered, the one that is furthest behind first.
const startsSQL = `SELECT site, max(seq) FROM (
	SELECT site, 0 AS seq FROM records WHERE kind IN (2, 3, 5) AND kind = 5 GROUP BY site UNION ALL SELECT site, seq FROM snapshots)
	GROUP BY site ORDER BY 2, 1`

// behindSQL finds whether a site has something to recover behind a record. A site that is quiet needs nothing of what others sent.
const behindSQL = `SELECT 1 FROM records WHERE seq > ?1 AND site = ?2 AND kind <> 2 LIMIT 1`

// needed is the last record that nobody needs any more, and who needs the one behind it. cursors: the InfluxDB writer runs.
func (j *Journal) needed(ctx context.Context, cursors bool) (last int64, by string, err error) {
	// What is committed from here on is not looked at, and nobody has said that it is not needed.
	if err := j.row(ctx, `SELECT coalesce(max(seq), 0) FROM records`, &last); err != nil {
		return 0, "", fmt.Errorf("finding the last record: %w", err)
	}
	type start struct {
		site string
		seq  int64
	}
	var starts []start
	err = each(ctx, j.reads, func(rows *sql.Rows) error {
		var s start
		err := rows.Scan(&s.site, whole(&s.seq))
		starts = append(starts, s)
		return err
	}, startsSQL)
	if err != nil {
		return 0, "", fmt.Errorf("finding from where sites are recovered: %w", err)
	}
	for _, s := range starts {
		var one int
		switch err := j.reads.QueryRowContext(ctx, behindSQL, s.seq, s.site).Scan(&one); {
		case errors.Is(err, sql.ErrNoRows):
			continue
		case err != nil:
			return 0, "", fmt.Errorf("finding what site %q needs: %w", s.site, err)
		}
		last, by = min(last, s.seq), fmt.Sprintf("site %q, which has no snapshot behind them", s.site)
		break
	}
	if !cursors {
		return last, by, nil
	}
	var position int64
	if err := j.row(ctx, cursorQuery(cursorRecords), &position); err != nil {
		return 0, "", fmt.Errorf("reading the InfluxDB cursor: %w", err)
	}
	if position < last {
		last, by = position, "InfluxDB, which has not taken them"
	}
	return last, by, nil
}

// rejectionBytes is what a rejection takes at most, about.
const rejectionBytes = 2 << 10

// retainRejections deletes the oldest rejections where there are more than may be kept. Nobody judges them, so nobody holds them back.
func (j *Journal) retainRejections(ctx context.Context, r journal.Retention, removed *journal.Removed) error {
	most := r.Rejections
	if r.MaxBytes > 0 && most > 0 {
		most = min(most, max(r.MaxBytes/10/rejectionBytes, 100))
	}
	for most > 0 && ctx.Err() == nil {
		var first, last int64
		err := j.reads.QueryRowContext(ctx, `SELECT coalesce(min(seq), 0), coalesce(max(seq), 0) FROM (SELECT seq FROM records WHERE `+rejected+`
			AND seq <= coalesce((SELECT seq FROM records WHERE `+rejected+` ORDER BY seq DESC LIMIT 1 OFFSET ?1), 0) ORDER BY seq LIMIT ?2)`, most, retainStep).Scan(&first, &last)
		if err != nil {
			return fmt.Errorf("finding the oldest rejections: %w", err)
		}
		if first == 0 {
			return nil
		}
		n, err := j.deleteRecords(ctx, first, last, rejected)
		if err != nil {
			return fmt.Errorf("deleting the oldest rejections: %w", err)
		}
		removed.Rejections += n
	}
	return nil
}
