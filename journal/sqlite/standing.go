package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

const (
	standingSQL = `SELECT seq, kind, site, at, received, identity, body FROM records WHERE kind IN (3, 5) AND seq > ?1 AND site = ?3 AND seq <= ?4
		ORDER BY seq LIMIT ?2`
	deafSQL        = `SELECT received, body FROM records WHERE seq > ?1 AND seq <= ?2 AND kind = 7 AND site = ?3 ORDER BY seq DESC LIMIT 1`
	enginesFromSQL = `SELECT seq, body FROM records WHERE kind = 6 AND site = ?1
		AND seq >= coalesce((SELECT max(seq) FROM records WHERE kind = 6 AND site = ?1 AND seq < ?2), 0) ORDER BY seq`
	verdictsSQL = `SELECT body FROM transitions WHERE id IN (SELECT max(id) FROM transitions WHERE site = ? AND late = 0 GROUP BY rule, subject)`
)

// Standing calls fn with a site's configurations and entries up to a record, in order; see journal.Journal.
func (j *Journal) Standing(ctx context.Context, site string, upTo uint64, fn func(*telemetry.Record) error) error {
	told := uint64(0)
	err := j.inChunks(ctx, 0, func(rec *telemetry.Record) error {
		told = rec.Seq
		return fn(rec)
	}, standingSQL, site, int64(upTo))
	if unreadable(err) { // by the long way, which knows how to pass over what cannot be read
		err = j.Replay(ctx, site, told, func(rec *telemetry.Record) error {
			if rec.Seq > upTo || rec.Kind != telemetry.KindEntry && rec.Kind != telemetry.KindConfiguration {
				return nil
			}
			return fn(rec)
		})
	}
	if err != nil {
		return fmt.Errorf("reading what stands for site %q: %w", site, err)
	}
	return nil
}

// Deaf is since when nobody listened to a site's devices at a record; see journal.Journal. It walks back through the records
// between the two until it finds a note.
func (j *Journal) Deaf(ctx context.Context, site string, after, upTo uint64) (since telemetry.Instant, err error) {
	err = each(ctx, j.reads, func(rows *sql.Rows) error {
		var received telemetry.Instant
		var body sql.RawBytes
		var note telemetry.Service
		if err := rows.Scan(&received, &body); err != nil {
			return err
		}
		if json.Unmarshal(body, &note) == nil { // one that cannot be read says nothing
			since = note.DeafSince(received)
		}
		return nil
	}, deafSQL, int64(after), int64(upTo), site)
	if err != nil {
		return 0, fmt.Errorf("reading who listened to site %q: %w", site, err)
	}
	return since, nil
}

// Before is the last record that was received before a time; 0: none is kept. The times of receipt grow with the numbers, so
// that few records are looked at.
func (j *Journal) Before(ctx context.Context, t telemetry.Instant) (uint64, error) {
	var first, last int64
	if err := j.row(ctx, `SELECT coalesce(min(seq), 0), coalesce(max(seq), 0) FROM records`, &first, &last); err != nil {
		return 0, fmt.Errorf("finding the ends of the journal: %w", err)
	}
	found := int64(0)
	for first <= last && first > 0 {
		middle := first + (last-first)/2
		var seq, received int64
		// Retention leaves holes: the next record that is there speaks for the middle.
		err := j.row(ctx, fmt.Sprintf(`SELECT seq, received FROM records WHERE seq >= %d AND typeof(received) = 'integer' ORDER BY seq LIMIT 1`, middle), &seq, &received)
		if err != nil {
			return 0, fmt.Errorf("looking for a time in the journal: %w", err)
		}
		if telemetry.Instant(received) < t {
			found, first = seq, seq+1
		} else {
			last = middle - 1
		}
	}
	return uint64(found), nil
}

// Verdicts lists the newest change of verdict of each rule and subject of a site, late revisions left out.
func (j *Journal) Verdicts(ctx context.Context, site string) ([]rules.Transition, error) {
	var found []rules.Transition
	err := each(ctx, j.reads, func(rows *sql.Rows) error {
		var body sql.RawBytes
		if err := rows.Scan(&body); err != nil {
			return err
		}
		var t rules.Transition
		if err := json.Unmarshal(body, &t); err != nil {
			j.log.Error("a change of verdict cannot be read and is left out", "site", site, "err", err)
			return nil
		}
		found = append(found, t)
		return nil
	}, verdictsSQL, site)
	if err != nil {
		return nil, fmt.Errorf("reading the last verdicts of site %q: %w", site, err)
	}
	return found, nil
}

// EnginesFrom lists the versions of the engine that judged a site from a record on, in order. Before the journal names one it was
// version 1.
func (j *Journal) EnginesFrom(ctx context.Context, site string, seq uint64) ([]string, error) {
	versions := []string{}
	first := true
	err := each(ctx, j.reads, func(rows *sql.Rows) error {
		var at uint64
		var body sql.RawBytes
		if err := rows.Scan(&at, &body); err != nil {
			return err
		}
		if first && at > seq {
			versions = append(versions, "1")
		}
		first = false
		var engine telemetry.Engine
		err := json.Unmarshal(body, &engine)
		versions = append(versions, engine.Version)
		return err
	}, enginesFromSQL, site, int64(seq))
	if err != nil {
		return nil, fmt.Errorf("reading who judged site %q: %w", site, err)
	}
	if first {
		versions = append(versions, "1")
	}
	return versions, nil
}
