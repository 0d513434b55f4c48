package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/journal"
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

// Future lists the records that were received behind a time, in order.
func (j *Journal) Future(ctx context.Context, now telemetry.Instant) ([]journal.Aside, error) {
	var all []journal.Aside
	last := telemetry.Instant(1)
	err := j.Replay(ctx, "", 0, func(rec *telemetry.Record) error {
		if rec.Received <= now {
			last = max(last, rec.Received)
			return nil
		}
		kept := rec.Kind == telemetry.KindConfiguration || rec.Kind == telemetry.KindEngine
		copied := *rec
		copied.Observation.Readings = nil // it is memory of the reader
		all = append(all, journal.Aside{Record: copied, Kept: kept, Received: last})
		return nil
	})
	return all, err
}

// FutureAlerts lists the alerts that were opened or resolved behind a time, in order.
func (j *Journal) FutureAlerts(ctx context.Context, now telemetry.Instant) (found journal.FutureAlerts, err error) {
	err = each(ctx, j.reads, func(rows *sql.Rows) error {
		a, err := scanAlert(rows)
		if a.Opened > now {
			found.Opened = append(found.Opened, a)
		} else {
			found.Ended = append(found.Ended, a)
		}
		return err
	}, `SELECT `+alertColumns+` FROM alerts a WHERE opened > ?1 OR resolved > ?1 ORDER BY opened, id`, int64(now))
	if err != nil {
		return found, fmt.Errorf("listing the alerts of the future: %w", err)
	}
	return found, nil
}

// SetAside puts rejections in the place of records from the future, and forgets what was derived from them and behind them at
// their sites: that is judged again at the next start. Alerts are removed or opened again as FutureAlerts says; a broker that
// shows one of the removed ones is told. It is one transaction.
func (j *Journal) SetAside(ctx context.Context, all []journal.Aside, future journal.FutureAlerts, now telemetry.Instant) error {
	w, err := j.working()
	if err != nil {
		return err
	}
	err = w.transaction(func() error {
		do := func(query string, args ...any) error {
			_, err := w.conn.ExecContext(ctx, query, args...)
			return err
		}
		first := map[string]uint64{}
		for i := range all {
			a := &all[i]
			// A rejection causes nothing, so nothing is derived from it; it may be of no site at all.
			if _, known := first[a.Record.Site]; !known && a.Record.Kind != telemetry.KindRejection {
				first[a.Record.Site] = a.Record.Seq
			}
			if err := replace(a, do); err != nil {
				return err
			}
			if err := w.stands(ctx, a.Record.Seq); err != nil {
				return err
			}
		}
		for site, seq := range first {
			if err := forget(do, site, seq, now); err != nil {
				return err
			}
		}
		if err := w.logMended(ctx, first, &future, now); err != nil {
			return err
		}
		if err := w.mendAlerts(ctx, &future, do, now); err != nil {
			return err
		}
		return do(`UPDATE cursors SET position = min(position, ?1) WHERE name = ?2`, int64(now), cursorAlive)
	})
	if err != nil {
		return fmt.Errorf("setting %d records aside: %w", len(all), err)
	}
	return nil
}

// stands notes the checksum of what stands in the place of a record that was set aside: the chain goes over the record as it was.
func (w *writer) stands(ctx context.Context, seq uint64) error {
	rec := telemetry.Record{Seq: seq}
	var body string
	var identity int64
	var prev signed
	err := w.conn.QueryRowContext(ctx, `SELECT kind, site, at, received, identity, body, (`+strings.ReplaceAll(sumSQL, "?1", "?2")+`) FROM records WHERE seq = ?1`,
		int64(seq), int64(seq)-1).Scan(&rec.Kind, &rec.Site, &rec.At, &rec.Received, &identity, &body, &prev)
	if err != nil {
		return err
	}
	rec.Identity = uint64(identity)
	sum, _ := link(nil, uint64(prev), &rec, body)
	_, err = w.conn.ExecContext(ctx, `UPDATE set_aside SET stands = ? WHERE seq = ?`, int64(sum), int64(seq))
	return err
}

// replace keeps a record as it was and puts a rejection, or the record with another time, in its place.
func replace(a *journal.Aside, do func(string, ...any) error) error {
	seq := int64(a.Record.Seq)
	if err := do(`INSERT INTO set_aside (seq, kind, site, at, received, identity, body, sum)
		SELECT seq, kind, site, at, received, identity, body, sum FROM records WHERE seq = ?`, seq); err != nil {
		return err
	}
	if a.Kept {
		return do(`UPDATE records SET received = ?1, at = min(at, ?1) WHERE seq = ?2`, int64(a.Received), seq)
	}
	body, err := json.Marshal(&telemetry.Rejection{
		Device: a.Record.Observation.Device, Reason: telemetry.ReasonClock, Detail: "received at " + a.Record.Received.String() + " by a clock that was ahead",
	})
	if err != nil {
		return err
	}
	return do(`UPDATE records SET kind = 2, received = ?1, at = ?1, body = ?2 WHERE seq = ?3`, int64(a.Received), string(body), seq)
}

// goneSQL is the first hour of each zone of a site of which a sample goes that was derived from a record on.
const goneSQL = `(SELECT zone, min(at) - min(at) % 3600000000000 AS hour FROM samples WHERE site = ?1 AND record >= ?2 GROUP BY zone) g`

// forget removes what was derived at a site from a record on, and has it judged again from there. A site that has never been
// configured is not judged, and waits for nothing.
func forget(do func(string, ...any) error, site string, seq uint64, now telemetry.Instant) error {
	for _, query := range []string{
		// An hour of what goes is made again of what stays of it.
		`DELETE FROM hours WHERE (site, zone, hour) IN (SELECT h.site, h.zone, h.hour FROM ` + goneSQL + ` JOIN hours h ON h.site = ?1 AND h.zone = g.zone AND h.hour >= g.hour)`,
		`INSERT OR IGNORE INTO hours_pending (site, zone, hour) SELECT DISTINCT s.site, s.zone, s.at - s.at % 3600000000000
			FROM ` + goneSQL + ` JOIN samples s ON s.site = ?1 AND s.zone = g.zone AND s.at >= g.hour AND s.record < ?2`,
		`DELETE FROM transitions WHERE site = ?1 AND record >= ?2`, `DELETE FROM samples WHERE site = ?1 AND record >= ?2`,
		`DELETE FROM flows WHERE site = ?1 AND record >= ?2`,
		// What stands of the minutes up to the snapshot stays, and its number says so: they would be added once more.
		`UPDATE snapshots SET body = x'', sum = NULL WHERE site = ?1 AND seq >= ?2`,
		`INSERT INTO cursors (name, position) SELECT '` + cursorStopped + `' || ?1, ?2
			WHERE EXISTS (SELECT 1 FROM records WHERE kind IN (2, 3, 5) AND kind = 5 AND site = ?1)
			ON CONFLICT (name) DO UPDATE SET position = CASE WHEN position = 0 THEN excluded.position ELSE min(position, excluded.position) END`,
	} {
		if err := do(query, site, int64(seq)); err != nil {
			return err
		}
	}
	return do(`DELETE FROM rollups WHERE minute > ?1 AND series IN (SELECT id FROM series WHERE site = ?2)`, int64(now), site)
}

// mendAlerts takes the alerts of the future out of the history. Whether one that is opened again still holds is found when its site is
// judged again. One of which changes go is recorded whole as it stands: what is left of its changes does not lead there.
func (w *writer) mendAlerts(ctx context.Context, f *journal.FutureAlerts, do func(string, ...any) error, now telemetry.Instant) error {
	clear(w.recorded)
	for _, a := range f.Opened {
		if a.Open() {
			a.Resolved = now
			for _, s := range alerts.Signals([]alerts.Change{{Alert: a, What: alerts.Resolved, At: now}}, nil) {
				if err := do(`INSERT INTO outbox (id, topic, payload, retain) VALUES (?,?,x'',?) ON CONFLICT (id) DO NOTHING`, s.ID, s.Topic, s.Retain); err != nil {
					return err
				}
			}
		}
		for _, query := range []string{`DELETE FROM alert_changes WHERE alert = ?`, `DELETE FROM alert_parts WHERE alert = ?`, `DELETE FROM alerts WHERE id = ?`} {
			if err := do(query, a.ID); err != nil {
				return err
			}
		}
	}
	stand, err := w.movedAfter(ctx, now)
	if err != nil {
		return err
	}
	for _, a := range f.Ended {
		if !slices.ContainsFunc(stand, func(s alerts.Alert) bool { return s.ID == a.ID }) {
			stand = append(stand, a)
		}
	}
	for _, a := range stand {
		if a.Resolved > now {
			a.Resolved = 0
		}
		if err := w.cutChanges(ctx, a.ID, now); err != nil {
			return err
		}
		if err := w.writeChange(&alerts.Change{Alert: a, What: alerts.Updated, At: now}); err != nil {
			return err
		}
	}
	return do(`DELETE FROM alert_changes WHERE at > ?`, int64(now))
}
