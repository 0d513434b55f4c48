package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/telemetry"
)

const (
	alertSQL = `SELECT ` + alertColumns + ` FROM alerts a WHERE id = ?1`
	// duringSQL finds the resolved ones by their end: an alert that ended before the period was not open in it. When they opened stands in the
	// same index, so that for a day long ago the bodies of all that came since are not read.
	duringSQL = `SELECT ` + alertColumns + ` FROM (
			SELECT rowid AS row, opened, id FROM alerts WHERE resolved = 0 AND opened < ?3 AND (?1 = '' OR site = ?1)
			UNION ALL SELECT rowid, opened, id FROM alerts WHERE resolved > 0 AND resolved >= ?2 AND opened < ?3 AND (?1 = '' OR site = ?1)
			ORDER BY opened DESC, id LIMIT ?4) o
		JOIN alerts a ON a.rowid = o.row ORDER BY o.opened DESC, o.id`
	// changesSQL begins with the last change that is whole before the oldest of the newest steps: what came before is in it.
	changesSQL = `WITH steps AS (SELECT id FROM alert_changes WHERE alert = ?1 AND what NOT IN ('updated', 'worse', 'sent') ORDER BY id DESC LIMIT ?2),
			oldest AS (SELECT coalesce(min(id), 0) AS id FROM steps)
		SELECT what, at, part, body, what NOT IN ('updated', 'worse', 'sent') AND id >= (SELECT id FROM oldest) FROM alert_changes WHERE alert = ?1
		AND id >= coalesce((SELECT max(id) FROM alert_changes WHERE alert = ?1 AND part = 0 AND id <= (SELECT id FROM oldest)), 0) ORDER BY id`
	aboutSQL = `SELECT seq, kind, site, at, received, identity, body FROM
		(SELECT * FROM records WHERE kind IN (3, 5) AND kind = 3 AND site = ?1 ORDER BY seq DESC LIMIT ?5)
		WHERE json_extract(body, '$.Kind') = ?2 AND json_extract(body, '$.Subject') = ?3 ORDER BY seq DESC LIMIT ?4`
	// silencedSQL finds what ended while it was silenced, lately.
	silencedSQL = `SELECT body, NULL FROM alerts WHERE resolved > 0 AND resolved > ?1 AND body LIKE '%"silenced":{%' ORDER BY resolved, id`
)

// Alert finds an alert, open or resolved; false: there is none.
func (j *Journal) Alert(ctx context.Context, id string) (alerts.Alert, bool, error) {
	found, err := j.alerts(ctx, alertSQL, id)
	if err != nil || len(found) == 0 {
		if err != nil {
			err = fmt.Errorf("looking for alert %q: %w", id, err)
		}
		return alerts.Alert{}, false, err
	}
	return found[0], true, nil
}

// AlertsDuring lists the alerts that were open at any time in [from, until), the newest first; an empty site means all.
func (j *Journal) AlertsDuring(ctx context.Context, site string, from, until telemetry.Instant, limit int) ([]alerts.Alert, error) {
	found, err := j.alerts(ctx, duringSQL, site, int64(from), int64(until), limit)
	if err != nil {
		return nil, fmt.Errorf("listing the alerts of a period: %w", err)
	}
	return found, nil
}

func (j *Journal) alerts(ctx context.Context, query string, args ...any) ([]alerts.Alert, error) {
	var found []alerts.Alert
	err := each(ctx, j.reads, func(rows *sql.Rows) error {
		a, err := scanAlert(rows)
		found = append(found, a)
		return err
	}, query, args...)
	return found, err
}

// AlertChanges lists the newest steps in the life of an alert in their order; see journal.AlertLog.
func (j *Journal) AlertChanges(ctx context.Context, id string, limit int) ([]alerts.Change, error) {
	var found []alerts.Change
	var course alerts.Course
	var skipped []byte // a whole that is no step, which is read where a part follows
	err := each(ctx, j.reads, func(rows *sql.Rows) error {
		var c alerts.Change
		var at int64
		var part, step bool
		var body sql.RawBytes
		if err := rows.Scan(&c.What, &at, &part, &body, &step); err != nil {
			return err
		}
		if !part && !step {
			skipped = bytes.Clone(body)
			return nil
		}
		take := course.Whole
		if part {
			if take = course.Part; skipped != nil {
				if err := course.Whole(skipped); err != nil {
					return fmt.Errorf("%w: %w", errAlert, err)
				}
			}
		}
		skipped = nil
		if err := take(body); err != nil {
			return fmt.Errorf("%w: %w", errAlert, err)
		}
		if step {
			c.At, c.Alert = telemetry.Instant(at), course.Alert()
			found = append(found, c)
		}
		return nil
	}, changesSQL, id, limit)
	if err != nil {
		return nil, fmt.Errorf("listing what happened to alert %q: %w", id, err)
	}
	return found, nil
}

// EntriesAbout lists what people entered of one kind about one thing of a site, the newest first.
func (j *Journal) EntriesAbout(ctx context.Context, site string, kind telemetry.EntryKind, subject string, limit int) ([]telemetry.Record, error) {
	found, err := j.entries(ctx, aboutSQL, site, string(kind), subject, limit, recentEntries)
	if err != nil {
		return nil, fmt.Errorf("listing the entries %q about %q of %q: %w", kind, subject, site, err)
	}
	return found, nil
}
