package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// recentEntries bounds how many entries of a site are looked through for those about one zone or of one kind: a list for a page, not an audit.
const recentEntries = 20_000

// SQLite takes a partial index only where a query says literally what the index is limited to: kind IN (3, 5) AND kind = 3.
const (
	countsSQL = `SELECT seq, kind, site, at, received, identity, body FROM
		(SELECT * FROM records WHERE kind IN (3, 5) AND kind = 3 AND site = ?1 ORDER BY seq DESC LIMIT ?4)
		WHERE json_extract(body, '$.Subject') = ?2 AND json_extract(body, '$.Kind') IN ('count', 'correction')
		ORDER BY seq DESC LIMIT ?3`
	entriesSQL = `SELECT seq, kind, site, at, received, identity, body FROM
		(SELECT * FROM records WHERE kind IN (3, 5) AND kind = 3 AND site = ?1 ORDER BY seq DESC LIMIT ?4)
		WHERE json_extract(body, '$.Kind') = ?2 ORDER BY seq DESC LIMIT ?3`
	entriesDuringSQL = `SELECT seq, kind, site, at, received, identity, body FROM records
		WHERE kind = 3 AND site = ?1 AND at >= ?3 AND at < ?4 AND json_extract(body, '$.Kind') = ?2 ORDER BY at DESC, seq DESC LIMIT ?5`
	entrySQL = `SELECT seq, kind, site, at, received, identity, body FROM records
		WHERE kind IN (3, 5) AND kind = 3 AND site = ?2 AND identity = ?1 ORDER BY seq LIMIT 1`
)

// Counts lists the counts and corrections that people entered for a zone of a site (empty: the building), the newest first.
func (j *Journal) Counts(ctx context.Context, site, zone string, limit int) ([]telemetry.Record, error) {
	found, err := j.entries(ctx, countsSQL, site, zone, limit, recentEntries)
	if err != nil {
		return nil, fmt.Errorf("listing the counts of %q %q: %w", site, zone, err)
	}
	return found, nil
}

// Entries lists what people entered of one kind at a site, the newest first.
func (j *Journal) Entries(ctx context.Context, site string, kind telemetry.EntryKind, limit int) ([]telemetry.Record, error) {
	found, err := j.entries(ctx, entriesSQL, site, string(kind), limit, recentEntries)
	if err != nil {
		return nil, fmt.Errorf("listing the entries %q of %q: %w", kind, site, err)
	}
	return found, nil
}

// EntriesDuring lists what people entered of one kind at a site about times in [from, until), the newest first.
func (j *Journal) EntriesDuring(ctx context.Context, site string, kind telemetry.EntryKind, from, until telemetry.Instant, limit int) ([]telemetry.Record, error) {
	found, err := j.entries(ctx, entriesDuringSQL, site, string(kind), int64(from), int64(until), limit)
	if err != nil {
		return nil, fmt.Errorf("listing the entries %q of a period at %q: %w", kind, site, err)
	}
	return found, nil
}

// Entry finds the entry with an ID; false: there is none.
func (j *Journal) Entry(ctx context.Context, site, id string) (telemetry.Record, bool, error) {
	e := telemetry.Entry{ID: id}
	found, err := j.entries(ctx, entrySQL, int64(e.Identity(site)), site)
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
