package journal

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// recentEntries bounds how many entries are looked through for those about one zone: a list for a page, not an audit.
const recentEntries = 20_000

// Counts lists the counts and corrections that people entered for a zone of a site (empty: the building), the newest first.
func (j *Journal) Counts(ctx context.Context, site, zone string, limit int) ([]telemetry.Record, error) {
	found, err := j.entries(ctx, `SELECT seq, kind, site, at, received, identity, body FROM
		(SELECT * FROM records WHERE kind = 3 ORDER BY seq DESC LIMIT ?4)
		WHERE site = ?1 AND json_extract(body, '$.Subject') = ?2 AND json_extract(body, '$.Kind') IN ('count', 'correction')
		ORDER BY seq DESC LIMIT ?3`, site, zone, limit, recentEntries)
	if err != nil {
		return nil, fmt.Errorf("listing the counts of %q %q: %w", site, zone, err)
	}
	return found, nil
}

// Entry finds the entry with an ID; false: there is none.
func (j *Journal) Entry(ctx context.Context, site, id string) (telemetry.Record, bool, error) {
	e := telemetry.Entry{ID: id}
	found, err := j.entries(ctx, `SELECT seq, kind, site, at, received, identity, body FROM records
		WHERE kind = 3 AND identity = ?1 AND site = ?2 ORDER BY seq LIMIT 1`, int64(e.Identity(site)), site)
	if err != nil {
		return telemetry.Record{}, false, fmt.Errorf("looking for entry %q of %q: %w", id, site, err)
	}
	if len(found) == 0 || found[0].Entry.ID != id {
		return telemetry.Record{}, false, nil
	}
	return found[0], true, nil
}

func (j *Journal) entries(ctx context.Context, query string, args ...any) ([]telemetry.Record, error) {
	var found []telemetry.Record
	r := newReader()
	err := each(ctx, j.reads, func(rows *sql.Rows) error {
		rec, _, err := scanRecord(rows, r, nil)
		found = append(found, rec)
		return err
	}, query, args...)
	return found, err
}
