package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// feed is the journal as the InfluxDB writer reads it. It is for one goroutine.
type feed struct {
	j      *Journal
	reader *reader
}

var _ journal.Source = (*feed)(nil)

// Source implements journal.Streams.
func (j *Journal) Source() journal.Source { return &feed{j: j, reader: newReader()} }

// Records appends records after the given one: from memory where the reader keeps up, else from the database.
func (s *feed) Records(ctx context.Context, after uint64, limit int, dst []telemetry.Record) ([]telemetry.Record, error) {
	if dst, ok := s.j.tail.after(after, limit, dst); ok {
		return dst, nil
	}
	arena := make([]telemetry.Reading, 0, 2*limit)
	from := len(dst)
	err := each(ctx, s.j.reads, func(rows *sql.Rows) error {
		var rec telemetry.Record
		var err error
		if rec, arena, err = scanRecord(rows, s.reader, arena); err == nil {
			dst = append(dst, rec)
		}
		return err
	}, `SELECT seq, kind, site, at, received, identity, body FROM records WHERE seq > ? ORDER BY seq LIMIT ?`, int64(after), limit)
	more := len(dst) == from+limit
	dst = dst[:from+len(orderly(dst[from:], after, more, func(r *telemetry.Record) uint64 { return r.Seq }))]
	if unreadable(err) {
		if len(dst) > from {
			return dst, nil // up to what cannot be read
		}
		passed, more, err := s.j.behind(ctx, after)
		if err != nil || !more {
			return dst, err
		}
		return s.Records(ctx, passed, limit, dst)
	}
	if err != nil {
		return dst, fmt.Errorf("reading records after %d: %w", after, err)
	}
	return dst, nil
}

// Transitions appends changes of verdict after the given one.
func (s *feed) Transitions(ctx context.Context, after int64, limit int, dst []journal.Transition) ([]journal.Transition, error) {
	from := len(dst)
	err := each(ctx, s.j.reads, func(rows *sql.Rows) error {
		var t journal.Transition
		var body sql.RawBytes
		if err := rows.Scan(&t.ID, &body); err != nil {
			return err
		}
		dst = append(dst, t)
		return json.Unmarshal(body, &dst[len(dst)-1].Transition)
	}, `SELECT id, body FROM transitions WHERE id > ? ORDER BY id LIMIT ?`, after, limit)
	if err != nil {
		return dst, fmt.Errorf("reading transitions after %d: %w", after, err)
	}
	return dst[:from+len(orderly(dst[from:], uint64(after), len(dst) == from+limit, func(r *journal.Transition) uint64 { return uint64(r.ID) }))], nil
}

// Samples appends occupancy samples after the given one.
func (s *feed) Samples(ctx context.Context, after int64, limit int, dst []journal.Sample) ([]journal.Sample, error) {
	from := len(dst)
	err := each(ctx, s.j.reads, func(rows *sql.Rows) error {
		var v journal.Sample
		err := scanSample(rows, &v.ID, &v.Sample)
		dst = append(dst, v)
		return err
	}, sampleColumns+` WHERE id > ? ORDER BY id LIMIT ?`, after, limit)
	if err != nil {
		return dst, fmt.Errorf("reading samples after %d: %w", after, err)
	}
	return dst[:from+len(orderly(dst[from:], uint64(after), len(dst) == from+limit, func(r *journal.Sample) uint64 { return uint64(r.ID) }))], nil
}

// Flows appends what passed counters of running totals after the given one.
func (s *feed) Flows(ctx context.Context, after int64, limit int, dst []journal.Flow) ([]journal.Flow, error) {
	from := len(dst)
	err := each(ctx, s.j.reads, func(rows *sql.Rows) error {
		var f journal.Flow
		err := rows.Scan(&f.ID, &f.Record, &f.Site, &f.Device, &f.Channel, &f.At, &f.In, &f.Out)
		dst = append(dst, f)
		return err
	}, `SELECT id, record, site, device, channel, at, people_in, people_out FROM flows WHERE id > ? ORDER BY id LIMIT ?`, after, limit)
	if err != nil {
		return dst, fmt.Errorf("reading flows after %d: %w", after, err)
	}
	return dst[:from+len(orderly(dst[from:], uint64(after), len(dst) == from+limit, func(r *journal.Flow) uint64 { return uint64(r.ID) }))], nil
}

const configuredAtSQL = `SELECT seq, kind, site, at, received, identity, body FROM records
	WHERE seq IN (SELECT max(seq) FROM records WHERE kind IN (2, 3, 5) AND kind = 5 AND seq <= ?1 GROUP BY site)
	UNION ALL SELECT seq, kind, site, at, received, identity, body FROM records
	WHERE kind IN (3, 5) AND kind = 3 AND seq <= ?1 AND json_extract(body, '$.Kind') = 'calibration' ORDER BY seq`

// Configured gives the configuration record that was in force in each site after the given record, and the calibrations up to it.
func (s *feed) Configured(ctx context.Context, seq uint64) ([]telemetry.Record, error) {
	var found []telemetry.Record
	err := each(ctx, s.j.reads, func(rows *sql.Rows) error {
		rec, _, err := scanRecord(rows, s.reader, nil)
		found = append(found, rec)
		return err
	}, configuredAtSQL, int64(seq))
	if err != nil {
		return nil, fmt.Errorf("reading what was configured at record %d: %w", seq, err)
	}
	return found, nil
}

const sampleColumns = `SELECT id, record, site, zone, at, persons, error, low, high, lim, verdict, near, known, limited FROM samples`

// scanSample reads a sample. One that an older version recorded has no interval, and does not say whether it has a limit: it
// gets its own here, for all who read it.
func scanSample(rows *sql.Rows, id *int64, v *rules.Sample) error {
	var low, high sql.NullFloat64
	var limited sql.NullBool
	if err := rows.Scan(id, &v.Record, &v.Site, &v.Zone, &v.At, &v.Persons, &v.Error, &low, &high, &v.Limit, &v.Verdict, &v.Near, &v.Known, &limited); err != nil {
		return err
	}
	if v.Low, v.High = low.Float64, high.Float64; !low.Valid || !high.Valid {
		v.Low, v.High = rules.Interval(v.Persons, v.Error)
	}
	if v.HasLimit = limited.Bool; !limited.Valid {
		v.HasLimit = v.Limit != 0
	}
	return nil
}

// The names of the InfluxDB writer's positions among the cursors. Retention never deletes what they still need.
const (
	cursorRecords     = "influx/records"
	cursorTransitions = "influx/transitions"
	cursorSamples     = "influx/samples"
	cursorFlows       = "influx/flows"
)

// cursorRestored is when a copy was put in the journal's place, until the log says so. cursorDigest is the last record that a digest of the log is of.
const (
	cursorRestored = "log/restored"
	cursorDigest   = "log/digest"
)

// cursorAlive is when the gateway was last seen running, in place of a position.
const cursorAlive = "gateway/alive"

// cursorStopped and a site's id name the first record of the site that was not judged; 0: all were.
const cursorStopped = "stopped/"

// Position is where the writer is in the four streams.
func (s *feed) Position(ctx context.Context) (journal.Position, error) {
	var p journal.Position
	err := errors.Join(
		s.j.row(ctx, cursorQuery(cursorRecords), whole(&p.Record)),
		s.j.row(ctx, cursorQuery(cursorTransitions), whole(&p.Transition)),
		s.j.row(ctx, cursorQuery(cursorSamples), whole(&p.Sample)),
		s.j.row(ctx, cursorQuery(cursorFlows), whole(&p.Flow)),
	)
	if err != nil {
		return p, fmt.Errorf("reading the InfluxDB cursors: %w", err)
	}
	return p, nil
}

// cursorQuery reads one cursor; 0 if it was never set.
func cursorQuery(name string) string {
	return `SELECT coalesce(max(position), 0) FROM cursors WHERE typeof(position) = 'integer' AND name = '` + name + `'`
}

// Advance makes the positions durable together with the points that InfluxDB refused for good.
func (s *feed) Advance(_ context.Context, to journal.Position, rejected []journal.Rejected) error {
	w, err := s.j.working()
	if err != nil {
		return err
	}
	now := int64(telemetry.InstantOf(time.Now()))
	err = w.transaction(func() error {
		for name, position := range map[string]int64{
			cursorRecords: int64(to.Record), cursorTransitions: to.Transition, cursorSamples: to.Sample, cursorFlows: to.Flow,
		} {
			if err := w.cursor.exec(name, position); err != nil {
				return err
			}
		}
		for i := range rejected {
			r := &rejected[i]
			if err := w.refuse.exec(int64(r.At), r.Line, r.Reason, r.Site, r.Device, now); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("moving the InfluxDB cursors: %w", err)
	}
	return nil
}
