package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/telemetry"
)

const (
	configuredSQL = `SELECT site, 0, NULL, NULL FROM records WHERE kind IN (2, 3, 5) AND kind = 5 GROUP BY site`
	enginesSQL    = `SELECT site, body FROM records WHERE kind = 6 ORDER BY site, seq`
)

// State is what a restart begins with; see journal.Journal.
func (j *Journal) State(ctx context.Context) (*journal.State, error) {
	st := &journal.State{Snapshots: map[string]journal.Snapshot{}, Stopped: map[string]uint64{}, Engines: map[string]telemetry.Engine{}}
	c := &st.Counters
	err := errors.Join(
		j.row(ctx, lastSeq, whole(&st.LastSeq)),
		j.row(ctx, `SELECT coalesce((SELECT received FROM records WHERE typeof(received) = 'integer' ORDER BY seq DESC LIMIT 1), 0)`, whole(&st.LastReceived)),
		j.row(ctx, `SELECT received, stored, duplicate, rejected, ignored, readings, unacknowledged FROM counters`,
			whole(&c.Received), whole(&c.Stored), whole(&c.Duplicate), whole(&c.Rejected), whole(&c.Ignored), whole(&c.Readings), whole(&c.Unacknowledged)),
		j.row(ctx, `SELECT max(coalesce((SELECT received FROM records WHERE typeof(received) = 'integer' ORDER BY seq DESC LIMIT 1), 0), (`+cursorQuery(cursorAlive)+`))`, whole(&st.Alive)),
		each(ctx, j.reads, func(rows *sql.Rows) error {
			var name string
			var seq uint64
			err := rows.Scan(&name, whole(&seq))
			st.Stopped[strings.TrimPrefix(name, cursorStopped)] = seq
			return err
		}, `SELECT name, position FROM cursors WHERE name >= '`+cursorStopped+`' AND name < 'stopped0' AND position > 0`),
		// A site is known from its first configuration, even if it never came to a snapshot.
		each(ctx, j.reads, func(rows *sql.Rows) error {
			var s journal.Snapshot
			var sum sql.Null[signed]
			if err := rows.Scan(&s.Site, whole(&s.Seq), &s.Body, &sum); err != nil {
				return err
			}
			if sum.Valid && uint64(sum.V) != sumOf(&s) {
				j.log.Error("the journal is damaged: a snapshot is not what was written and is not used; all records of its site are read", "site", s.Site)
				s.Body = nil
			}
			st.Snapshots[s.Site] = s
			return nil
		}, configuredSQL+` UNION ALL SELECT site, seq, body, sum FROM snapshots`),
		each(ctx, j.reads, func(rows *sql.Rows) error {
			var site string
			var body sql.RawBytes
			var engine telemetry.Engine
			if err := rows.Scan(&site, &body); err != nil {
				return err
			}
			if err := json.Unmarshal(body, &engine); err != nil {
				// It is as if another version had judged: this one takes over from what stands.
				j.log.Error("who judged a site cannot be read", "site", site, "err", err)
				delete(st.Engines, site)
				return nil
			}
			st.Engines[site] = engine
			return nil
		}, enginesSQL),
		each(ctx, j.reads, func(rows *sql.Rows) error {
			var id int64
			if err := rows.Scan(&id); err != nil {
				return err
			}
			st.Identities = append(st.Identities, uint64(id))
			return nil
		}, `SELECT iif(typeof(identity) = 'integer', identity, 0) FROM records ORDER BY seq DESC LIMIT ?`, j.window),
		each(ctx, j.reads, func(rows *sql.Rows) error {
			a, err := scanWhole(rows)
			switch {
			case errors.Is(err, errAlert):
				j.log.Error("an open alert cannot be read and is left out", "err", err)
				return nil
			case errors.Is(err, errPart):
				j.log.Error("an open alert is taken as it was before what cannot be read", "alert", a.ID, "err", err)
				err = nil
			}
			st.Open = append(st.Open, a)
			return err
		}, `SELECT `+alertColumns+` FROM alerts a WHERE resolved = 0 ORDER BY opened, id`),
	)
	if err != nil {
		return nil, fmt.Errorf("reading where the journal ended: %w", err)
	}
	slices.Reverse(st.Identities)
	err = each(ctx, j.reads, func(rows *sql.Rows) error {
		a, err := scanAlert(rows)
		if errors.Is(err, errAlert) {
			return nil // it was told of where it is shown
		}
		st.Silenced = append(st.Silenced, a)
		return err
	}, silencedSQL, int64(st.Alive.Add(-alerts.MaxSilence)))
	if err != nil {
		return nil, fmt.Errorf("reading what was silenced: %w", err)
	}
	if j.anchor != nil && j.Held() != nil && !errors.Is(j.Held(), journal.ErrNoJournal) {
		st.LastSeq = max(st.LastSeq, j.anchor.Record) // what is lost keeps its numbers; mend notes that when there is room
	}
	return st, nil
}

// chunk is how many records are read at once. Whoever judges them may take long, or never come back: he holds no connection.
const chunk = 1024

const replaySQL = `SELECT seq, kind, site, at, received, identity, body FROM records WHERE seq > ?1 ORDER BY seq LIMIT ?2`

// Replay calls fn with the site's records after the given one, in order; see journal.Journal. An empty site means all. A record
// that cannot be read comes as a rejection; where the database itself cannot be read, what can is what comes.
func (j *Journal) Replay(ctx context.Context, site string, after uint64, fn func(*telemetry.Record) error) error {
	err := j.inChunks(ctx, after, func(rec *telemetry.Record) error {
		if site != "" && rec.Site != site {
			return nil
		}
		return fn(rec)
	}, replaySQL)
	if err != nil {
		return fmt.Errorf("replaying the journal from record %d: %w", after+1, err)
	}
	return nil
}

// inChunks calls fn with the records of a query after the given one, in order. The query's first argument is the number behind
// which it begins, its second how many records it gives at most; args follow. While fn works no query is open.
func (j *Journal) inChunks(ctx context.Context, after uint64, fn func(*telemetry.Record) error, query string, args ...any) error {
	r := newReader()
	records := make([]telemetry.Record, 0, chunk)
	arena := make([]telemetry.Reading, 0, chunk)
	for {
		records, arena = records[:0], arena[:0]
		more := false
		err := each(ctx, j.reads, func(rows *sql.Rows) (err error) {
			var rec telemetry.Record
			if rec, arena, err = scanRecord(rows, r, arena); err == nil {
				records = append(records, rec)
			}
			return err
		}, query, append([]any{int64(after), chunk}, args...)...)
		more = len(records) == chunk
		records = orderly(records, after, more, func(r *telemetry.Record) uint64 { return r.Seq })
		next := after
		if len(records) > 0 {
			next = records[len(records)-1].Seq
		} else if more {
			return fmt.Errorf("reading on behind record %d: nothing there has a number of its own", after)
		}
		if unreadable(err) && query == replaySQL {
			if next, more, err = j.behind(ctx, next); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
		for i := range records {
			if err := fn(&records[i]); err != nil {
				return err
			}
		}
		if !more {
			return nil
		}
		after = next
	}
}

func scanRecord(rows *sql.Rows, r *reader, arena []telemetry.Reading) (telemetry.Record, []telemetry.Reading, error) {
	var rec telemetry.Record
	if !r.columns.record(rows, &rec) {
		// Where not even the number is one it is 0, which comes behind no other.
		return illegible(&rec, nil), arena, nil
	}
	rec.Site = r.internSite(r.columns.site)
	filled, err := r.readBody(&rec, r.columns.body, arena)
	if err != nil {
		return illegible(&rec, r.columns.body), arena, nil
	}
	return rec, filled, nil
}

func (j *Journal) row(ctx context.Context, query string, targets ...any) error {
	return j.reads.QueryRowContext(ctx, query).Scan(targets...)
}

// each calls fn for every row of a query.
func each(ctx context.Context, db *sql.DB, fn func(*sql.Rows) error, query string, args ...any) error {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := fn(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
