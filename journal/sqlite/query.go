package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// History lists the resolved alerts of a site, the newest first; an empty site means all.
func (j *Journal) History(ctx context.Context, site string, limit int) ([]alerts.Alert, error) {
	var found []alerts.Alert
	err := each(ctx, j.reads, func(rows *sql.Rows) error {
		a, err := scanAlert(rows)
		found = append(found, a)
		return err
	}, `SELECT body, NULL FROM alerts WHERE resolved > 0 AND (?1 = '' OR site = ?1) ORDER BY resolved DESC LIMIT ?2`, site, limit)
	if err != nil {
		return nil, fmt.Errorf("listing resolved alerts: %w", err)
	}
	return found, nil
}

const rejectionsSQL = `SELECT seq, kind, site, at, received, identity, body FROM records
		WHERE kind IN (2, 3, 5) AND kind = 2 AND (?1 = '' OR site = ?1) ORDER BY seq DESC LIMIT ?2`

// Rejections lists messages that were not understood, the newest first; an empty site means all.
func (j *Journal) Rejections(ctx context.Context, site string, limit int) ([]telemetry.Record, error) {
	var found []telemetry.Record
	r := newReader()
	err := each(ctx, j.reads, func(rows *sql.Rows) error {
		rec, _, err := scanRecord(rows, r, nil)
		found = append(found, rec)
		return err
	}, rejectionsSQL, site, limit)
	if err != nil {
		return nil, fmt.Errorf("listing rejections: %w", err)
	}
	return found, nil
}

// occupancySQL finds the sample that held by the index as well: it is one step beyond the beginning.
const occupancySQL = sampleColumns + ` WHERE site = ?1 AND zone = ?2 AND at < ?4
	AND at >= coalesce((SELECT max(at) FROM samples WHERE site = ?1 AND zone = ?2 AND at < ?3), ?3) ORDER BY at, id`

// Occupancy lists the samples of [from, until) in order, and first the one that still held at from, with its own time, if there
// is one; an empty zone means the whole site. Each holds until the next one.
func (j *Journal) Occupancy(ctx context.Context, site, zone string, from, until telemetry.Instant) ([]rules.Sample, error) {
	var found []rules.Sample
	err := each(ctx, j.reads, func(rows *sql.Rows) error {
		var id int64
		var s rules.Sample
		if err := scanSample(rows, &id, &s); err != nil {
			return err
		}
		found = append(found, s)
		return nil
	}, occupancySQL, site, zone, int64(from), int64(until))
	if err != nil {
		return nil, fmt.Errorf("reading the occupancy of %q %q: %w", site, zone, err)
	}
	return found, nil
}

// Owed lists the oldest signals that nobody has acknowledged, in the order in which they were owed.
func (j *Journal) Owed(ctx context.Context, limit int) ([]alerts.Signal, error) {
	var owed []alerts.Signal
	err := each(ctx, j.reads, func(rows *sql.Rows) error {
		var s alerts.Signal
		err := rows.Scan(&s.ID, &s.Topic, &s.Payload, &s.Retain)
		owed = append(owed, s)
		return err
	}, `SELECT id, topic, payload, retain FROM outbox ORDER BY n LIMIT ?`, limit)
	if err != nil {
		return nil, fmt.Errorf("reading the outbox: %w", err)
	}
	return owed, nil
}

// Transitions calls fn for every change of verdict in the order of the records that caused them. A site that was judged again
// after a stop has later numbers than its records: others went on meanwhile.
func (j *Journal) Transitions(ctx context.Context, fn func(body string) error) error {
	return each(ctx, j.reads, func(rows *sql.Rows) error {
		var body string
		if err := rows.Scan(&body); err != nil {
			return err
		}
		return fn(body)
	}, `SELECT body FROM transitions ORDER BY record, id`)
}

// Size is how many bytes the journal takes on disk, and how many of them are free inside it.
func (j *Journal) Size(ctx context.Context) (total, free int64, err error) {
	var pages, unused, size int64
	for pragma, target := range map[string]*int64{"page_count": &pages, "freelist_count": &unused, "page_size": &size} {
		if err := j.row(ctx, "PRAGMA "+pragma, target); err != nil {
			return 0, 0, fmt.Errorf("reading %s: %w", pragma, err)
		}
	}
	return pages * size, unused * size, nil
}
