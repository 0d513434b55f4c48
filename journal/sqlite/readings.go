package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// scanStep is how many records are looked at at once where messages are listed, newest first.
const scanStep = 4096

// Observations calls fn with the observations of a site that came before record seq (0: from the newest on), the newest first, until fn says
// that it is enough, there are no more, or most records were looked at. It returns the record before which to go on; 0: there are no more.
// The record's readings are valid until fn returns.
func (j *Journal) Observations(ctx context.Context, site string, before uint64, most int, fn func(*telemetry.Record) (enough bool)) (next uint64, err error) {
	var first, last uint64
	if err := j.row(ctx, `SELECT coalesce(max(seq), 0) FROM records`, &last); err != nil {
		return 0, fmt.Errorf("finding the newest record: %w", err)
	}
	if err := j.row(ctx, `SELECT coalesce((SELECT seq FROM records WHERE kind IN (1, 2, 4) ORDER BY seq LIMIT 1), 0)`, &first); err != nil {
		return 0, fmt.Errorf("finding the oldest record: %w", err)
	}
	if before == 0 || before > last {
		before = last + 1
	}
	r := newReader()
	for enough := false; before > first && !enough; {
		if most -= scanStep; most < 0 || ctx.Err() != nil {
			return before, ctx.Err()
		}
		from := before - min(before, scanStep)
		next = from
		err := each(ctx, j.reads, func(rows *sql.Rows) error {
			if enough {
				return nil
			}
			rec, _, err := scanRecord(rows, r, nil)
			if err != nil {
				return err
			}
			if enough = fn(&rec); enough {
				next = rec.Seq
			}
			return nil
		}, `SELECT seq, kind, site, at, received, identity, body FROM records
			WHERE seq >= ?1 AND seq < ?2 AND kind = 1 AND site = ?3 ORDER BY seq DESC`, int64(from), int64(before), site)
		if err != nil {
			return 0, fmt.Errorf("listing readings of site %q: %w", site, err)
		}
		before = next
	}
	if before <= first {
		return 0, nil
	}
	return before, nil
}

// Configurations lists the configuration records and calibrations of a site behind one record and up to another, in order.
func (j *Journal) Configurations(ctx context.Context, site string, after, until uint64) ([]telemetry.Record, error) {
	var found []telemetry.Record
	r := newReader()
	err := each(ctx, j.reads, func(rows *sql.Rows) error {
		rec, _, err := scanRecord(rows, r, nil)
		found = append(found, rec)
		return err
	}, `SELECT seq, kind, site, at, received, identity, body FROM records
		WHERE kind IN (3, 5) AND site = ?1 AND seq > ?2 AND seq <= ?3 AND (kind = 5 OR json_extract(body, '$.Kind') = 'calibration') ORDER BY seq`, site, int64(after), int64(until))
	if err != nil {
		return nil, fmt.Errorf("listing the configurations of site %q: %w", site, err)
	}
	return found, nil
}

// Received finds what was received from one time until another.
func (j *Journal) Received(ctx context.Context, from, until telemetry.Instant) (r journal.Range, err error) {
	var first, last, low, high uint64
	for _, q := range []struct {
		sql    string
		target any
	}{
		{`SELECT coalesce((SELECT seq FROM records WHERE kind IN (1, 2, 4) ORDER BY seq LIMIT 1), 0)`, &first},
		{`SELECT coalesce((SELECT received FROM records WHERE kind IN (1, 2, 4) ORDER BY seq LIMIT 1), 0)`, &r.Oldest},
		{`SELECT coalesce((SELECT received FROM records ORDER BY seq DESC LIMIT 1), 0)`, &r.Newest},
		{`SELECT coalesce(max(seq), 0) FROM records`, &last},
		{fmt.Sprintf(`SELECT coalesce(max(seq), 0) FROM records WHERE received < %d`, int64(from)), &low},
		{fmt.Sprintf(`SELECT coalesce(max(seq), 0) FROM records WHERE received < %d`, int64(until)), &high},
	} {
		if err := j.row(ctx, q.sql, q.target); err != nil {
			return r, fmt.Errorf("finding what was received: %w", err)
		}
	}
	var gone int64
	err = j.row(ctx, fmt.Sprintf(`SELECT %d - count(*) FROM records WHERE seq < %[1]d`, first), &gone)
	if err != nil {
		return r, fmt.Errorf("counting what is not there any more: %w", err)
	}
	r.Pruned = gone > 1 // numbers begin at 1
	for _, p := range []struct {
		seq uint64
		to  *journal.Position
	}{{low, &r.From}, {high, &r.To}, {last, &r.Head}} {
		p.to.Record = p.seq
		for table, target := range map[string]*int64{"transitions": &p.to.Transition, "samples": &p.to.Sample, "flows": &p.to.Flow} {
			if err := j.row(ctx, fmt.Sprintf(`SELECT coalesce(max(id), 0) FROM %s WHERE record <= %d`, table, p.seq), target); err != nil {
				return r, fmt.Errorf("finding positions: %w", err)
			}
		}
	}
	// Samples and flows have a retention of their own.
	for table, from := range map[string]int64{"samples": r.From.Sample, "flows": r.From.Flow} {
		var id int64
		var at telemetry.Instant
		if err := errors.Join(
			j.row(ctx, `SELECT coalesce((SELECT id FROM `+table+` ORDER BY id LIMIT 1), 0)`, &id),
			j.row(ctx, `SELECT coalesce((SELECT at FROM `+table+` ORDER BY id LIMIT 1), 0)`, &at),
		); err != nil {
			return r, fmt.Errorf("finding the oldest of the %s: %w", table, err)
		}
		if id > 1 && id > from+1 {
			r.Oldest, r.Pruned = max(r.Oldest, at), true
		}
	}
	return r, nil
}
