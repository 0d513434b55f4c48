package journal

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// schemaAside keeps the records that were set aside, as they were.
const schemaAside = `
CREATE TABLE set_aside (
  seq      INTEGER PRIMARY KEY, -- of the rejection that stands in its place
  kind     INTEGER NOT NULL,
  site     TEXT    NOT NULL,
  at       INTEGER NOT NULL,
  received INTEGER NOT NULL,
  identity INTEGER NOT NULL,
  body     TEXT    NOT NULL
);
`

// Aside is a record whose receipt lies in the future.
type Aside struct {
	Record telemetry.Record
	// Kept: it stays in force, with the time of the record before it: a site is nothing without its configuration.
	Kept bool
	// Received is the time that it, or the rejection in its place, has from now on.
	Received telemetry.Instant
}

// Future lists the records that were received behind a time, in order.
func (j *Journal) Future(ctx context.Context, now telemetry.Instant) ([]Aside, error) {
	var all []Aside
	last := telemetry.Instant(1)
	err := j.Replay(ctx, "", 0, func(rec *telemetry.Record) error {
		if rec.Received <= now {
			last = max(last, rec.Received)
			return nil
		}
		kept := rec.Kind == telemetry.KindConfiguration || rec.Kind == telemetry.KindEngine
		copied := *rec
		copied.Observation.Readings = nil // it is memory of the reader
		all = append(all, Aside{Record: copied, Kept: kept, Received: last})
		return nil
	})
	return all, err
}

// SetAside puts rejections in the place of records from the future, and forgets what was derived from them and behind them at
// their sites: that is judged again at the next start. It is one transaction.
func (j *Journal) SetAside(ctx context.Context, all []Aside, now telemetry.Instant) error {
	err := j.writer.transaction(func() error {
		do := func(query string, args ...any) error {
			_, err := j.writer.conn.ExecContext(ctx, query, args...)
			return err
		}
		first := map[string]uint64{}
		for i := range all {
			a := &all[i]
			seq, site := int64(a.Record.Seq), a.Record.Site
			if _, known := first[site]; !known {
				first[site] = a.Record.Seq
			}
			if err := do(`INSERT INTO set_aside SELECT seq, kind, site, at, received, identity, body FROM records WHERE seq = ?`, seq); err != nil {
				return err
			}
			if a.Kept {
				if err := do(`UPDATE records SET received = ?1, at = min(at, ?1) WHERE seq = ?2`, int64(a.Received), seq); err != nil {
					return err
				}
				continue
			}
			body, err := json.Marshal(&telemetry.Rejection{
				Device: a.Record.Observation.Device, Reason: telemetry.ReasonClock, Detail: "received at " + a.Record.Received.String() + " by a clock that was ahead",
			})
			if err != nil {
				return err
			}
			if err := do(`UPDATE records SET kind = 2, received = ?1, at = ?1, body = ?2 WHERE seq = ?3`, int64(a.Received), string(body), seq); err != nil {
				return err
			}
		}
		for site, seq := range first {
			for _, query := range []string{
				`DELETE FROM transitions WHERE site = ?1 AND record >= ?2`, `DELETE FROM samples WHERE site = ?1 AND record >= ?2`,
				`DELETE FROM flows WHERE site = ?1 AND record >= ?2`,
				// What stands of the minutes up to the snapshot stays, and its number says so: they would be added once more.
				`UPDATE snapshots SET body = x'' WHERE site = ?1 AND seq >= ?2`,
				`INSERT INTO cursors (name, position) VALUES ('` + cursorStopped + `' || ?1, ?2) ON CONFLICT (name) DO UPDATE SET position = min(position, excluded.position)`,
			} {
				if err := do(query, site, int64(seq)); err != nil {
					return err
				}
			}
			if err := do(`DELETE FROM rollups WHERE minute > ?1 AND series IN (SELECT id FROM series WHERE site = ?2)`, int64(now), site); err != nil {
				return err
			}
		}
		if err := do(`DELETE FROM alert_changes WHERE alert IN (SELECT id FROM alerts WHERE opened > ?)`, int64(now)); err != nil {
			return err
		}
		if err := do(`DELETE FROM alerts WHERE opened > ?`, int64(now)); err != nil {
			return err
		}
		return do(`UPDATE cursors SET position = min(position, ?1) WHERE name = ?2`, int64(now), cursorAlive)
	})
	if err != nil {
		return fmt.Errorf("setting %d records aside: %w", len(all), err)
	}
	return nil
}

// FutureAlerts is how many alerts were opened behind a time.
func (j *Journal) FutureAlerts(ctx context.Context, now telemetry.Instant) (n int, err error) {
	err = j.reads.QueryRowContext(ctx, `SELECT count(*) FROM alerts WHERE opened > ?`, int64(now)).Scan(&n)
	if err != nil && err != sql.ErrNoRows {
		return 0, fmt.Errorf("counting alerts: %w", err)
	}
	return n, nil
}
