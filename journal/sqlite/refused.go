package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// schemaRefused says of a refused point whose it is and when it was refused, and keeps each once: a batch may be sent again.
const schemaRefused = `
ALTER TABLE refused ADD COLUMN site TEXT NOT NULL DEFAULT '';
ALTER TABLE refused ADD COLUMN device TEXT NOT NULL DEFAULT '';
ALTER TABLE refused ADD COLUMN refused INTEGER NOT NULL DEFAULT 0; -- when, ns since 1970; 0: by an older version, not known
DELETE FROM refused WHERE id NOT IN (SELECT max(id) FROM refused GROUP BY line);
CREATE UNIQUE INDEX refused_line ON refused (line);
`

// refuseSQL keeps the newest words about a point.
const refuseSQL = `INSERT INTO refused (at, line, text, site, device, refused) VALUES (?,?,?,?,?,?)
	ON CONFLICT (line) DO UPDATE SET text = excluded.text, refused = excluded.refused`

const refusedSQL = `SELECT id, at, line, text, site, device, refused FROM refused
	WHERE id < ?1 AND (?2 = '' OR site = ?2) ORDER BY id DESC LIMIT ?3`

// Refused lists the points that InfluxDB has refused, the newest first: those with an id below before (0: from the newest on), of a site
// or, where that is empty, of all.
func (j *Journal) Refused(ctx context.Context, site string, before int64, limit int) ([]journal.Refused, error) {
	if before <= 0 {
		before = 1<<63 - 1
	}
	var found []journal.Refused
	err := each(ctx, j.reads, func(rows *sql.Rows) error {
		var r journal.Refused
		if err := rows.Scan(&r.Number, &r.At, &r.Line, &r.Reason, &r.Site, &r.Device, &r.When); err != nil {
			return err
		}
		found = append(found, r)
		return nil
	}, refusedSQL, before, site, limit)
	if err != nil {
		return nil, fmt.Errorf("listing points that InfluxDB refused: %w", err)
	}
	return found, nil
}

// RefusedCount is how many points that InfluxDB refused are kept.
func (j *Journal) RefusedCount(ctx context.Context) (n int64, err error) {
	if err := j.row(ctx, `SELECT count(*) FROM refused`, &n); err != nil {
		return 0, fmt.Errorf("counting points that InfluxDB refused: %w", err)
	}
	return n, nil
}

// Stored forgets refused points that InfluxDB has taken after all.
func (j *Journal) Stored(ctx context.Context, numbers []int64) error {
	w, err := j.working()
	if err != nil {
		return err
	}
	err = w.transaction(func() error {
		for _, n := range numbers {
			if _, err := w.conn.ExecContext(ctx, `DELETE FROM refused WHERE id = ?`, n); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("forgetting refused points that were stored: %w", err)
	}
	return nil
}

// retainRefused deletes refused points that were refused longer ago than records are kept.
func (j *Journal) retainRefused(ctx context.Context, keep time.Duration, now telemetry.Instant) (removed int64, err error) {
	for keep > 0 && ctx.Err() == nil {
		n, err := j.delete(ctx, "refused", `DELETE FROM refused WHERE id IN (SELECT id FROM refused WHERE max(refused, at) < ?1 ORDER BY id LIMIT ?2)`,
			int64(now.Add(-keep)), retainStep)
		if err != nil {
			return removed, fmt.Errorf("deleting old refused points: %w", err)
		}
		removed += n
		if n < retainStep {
			break
		}
	}
	return removed, nil
}
