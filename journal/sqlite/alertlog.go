package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
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
	changesSQL = `SELECT what, at, part, body FROM alert_changes WHERE alert = ?1 ORDER BY id`
	aboutSQL   = `SELECT seq, kind, site, at, received, identity, body FROM
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

// AlertChanges lists the steps in the life of an alert in order, but for those that only moved its values.
func (j *Journal) AlertChanges(ctx context.Context, id string, limit int) ([]alerts.Change, error) {
	var found []alerts.Change
	var course alerts.Course
	var moved []byte // the whole of one that only moved its values, which is read where a part follows
	err := each(ctx, j.reads, func(rows *sql.Rows) error {
		var c alerts.Change
		var at int64
		var part bool
		var body sql.RawBytes
		if err := rows.Scan(&c.What, &at, &part, &body); err != nil {
			return err
		}
		silent := c.What == alerts.Updated || c.What == alerts.Worsened
		if !part && silent {
			moved = bytes.Clone(body)
			return nil
		}
		step := course.Whole
		if part {
			if step = course.Part; moved != nil {
				if err := course.Whole(moved); err != nil {
					return fmt.Errorf("%w: %w", errAlert, err)
				}
			}
		}
		moved = nil
		if err := step(body); err != nil {
			return fmt.Errorf("%w: %w", errAlert, err)
		}
		if silent {
			return nil
		}
		c.At, c.Alert = telemetry.Instant(at), course.Alert()
		if found = append(found, c); len(found) >= limit {
			return errEnough
		}
		return nil
	}, changesSQL, id)
	if err != nil && !errors.Is(err, errEnough) {
		return nil, fmt.Errorf("listing what happened to alert %q: %w", id, err)
	}
	return found, nil
}

// errEnough ends a list that has as much as was asked for.
var errEnough = errors.New("that is enough")

// EntriesAbout lists what people entered of one kind about one thing of a site, the newest first.
func (j *Journal) EntriesAbout(ctx context.Context, site string, kind telemetry.EntryKind, subject string, limit int) ([]telemetry.Record, error) {
	found, err := j.entries(ctx, aboutSQL, site, string(kind), subject, limit, recentEntries)
	if err != nil {
		return nil, fmt.Errorf("listing the entries %q about %q of %q: %w", kind, subject, site, err)
	}
	return found, nil
}
