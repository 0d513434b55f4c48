package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// schemaHours keeps a figure an hour of each zone, so that a year is read in a moment. The samples that are there are condensed while the gateway runs.
const schemaHours = `
CREATE TABLE hours (
  site     TEXT    NOT NULL,
  zone     TEXT    NOT NULL,    -- empty: the whole site
  hour     INTEGER NOT NULL,    -- ns since 1970, UTC: when it began
  known    INTEGER NOT NULL,    -- ns in which somebody knew
  area     REAL    NOT NULL,    -- people × seconds in that time
  over     INTEGER NOT NULL,    -- ns above the limit
  near     INTEGER NOT NULL,    -- ns too close to it to tell
  peak     TEXT    NOT NULL,    -- JSON: the sample with the most people; empty: nobody knew
  last     TEXT    NOT NULL,    -- JSON: the sample that held at its end
  PRIMARY KEY (site, zone, hour)
) WITHOUT ROWID;
`

// schemaPending notes hours that have samples up to the cursor and are not condensed, so that one that is not over holds up no other; and
// finds what people entered by when it was.
const schemaPending = `
CREATE TABLE hours_pending (
  site TEXT    NOT NULL,
  zone TEXT    NOT NULL,
  hour INTEGER NOT NULL,        -- as in hours
  PRIMARY KEY (site, zone, hour)
) WITHOUT ROWID;
CREATE INDEX hours_due ON hours_pending (hour);
CREATE INDEX records_entries ON records (site, at) WHERE kind = 3;
`

// cursorHours is the last sample that is condensed, or whose hour is pending.
const cursorHours = "hours/samples"

const (
	// condenseStep bounds one transaction, so that commits wait for milliseconds at most.
	condenseStep = 4_000
	dueStep      = 1_000
	touchedSQL   = `SELECT id, site, zone, at FROM samples WHERE id > ?1 ORDER BY id LIMIT ?2`
	hoursSQL     = `SELECT hour, known, area, over, near, peak, last FROM hours WHERE site = ?1 AND zone = ?2 AND hour < ?4
		AND hour >= coalesce((SELECT max(hour) FROM hours WHERE site = ?1 AND zone = ?2 AND hour <= ?3), ?3) ORDER BY hour`
	// tailSQL finds the first hour of a zone that is not condensed. What lies behind the cursor is of a minute, or of the first start.
	tailSQL = `SELECT min(coalesce((SELECT min(hour) FROM hours_pending WHERE site = ?1 AND zone = ?2), ?4),
		coalesce((SELECT min(at) FROM samples WHERE id > ?3 AND +site = ?1 AND +zone = ?2), ?4))`
	dueSQL      = `SELECT site, zone, hour FROM hours_pending WHERE hour < ?1 ORDER BY hour LIMIT ?2`
	pendSQL     = `INSERT OR IGNORE INTO hours_pending (site, zone, hour) VALUES (?,?,?)`
	doneSQL     = `DELETE FROM hours_pending WHERE site = ? AND zone = ? AND hour = ?`
	nextHourSQL = `SELECT coalesce((SELECT min(hour) FROM hours WHERE site = ?1 AND zone = ?2 AND hour > ?3), 0)`
	hourSQL     = `INSERT INTO hours (site, zone, hour, known, area, over, near, peak, last) VALUES (?,?,?,?,?,?,?,?,?)
		ON CONFLICT (site, zone, hour) DO UPDATE SET known = excluded.known, area = excluded.area, over = excluded.over, near = excluded.near,
		peak = excluded.peak, last = excluded.last`
)

// zoneHour is an hour of a zone.
type zoneHour struct {
	site, zone string
	at         telemetry.Instant
}

// Condense makes hours of the samples of all hours that were over at a time; see journal.Hours.
func (j *Journal) Condense(ctx context.Context, now telemetry.Instant) (int, error) {
	made, end := 0, rules.HourOf(now)
	for ctx.Err() == nil {
		n, more, err := j.condense(ctx, end)
		if err != nil {
			return made, fmt.Errorf("condensing samples: %w", err)
		}
		made += n
		if !more {
			break
		}
	}
	return made, nil
}

// condense makes one step: the hours that were pending and are over, or those of the next samples. An hour that is not over is pending.
func (j *Journal) condense(ctx context.Context, end telemetry.Instant) (made int, more bool, err error) {
	var after, last int64
	if err := j.row(ctx, cursorQuery(cursorHours), &after); err != nil {
		return 0, false, err
	}
	last = after
	touched, pending := map[zoneHour]bool{}, map[zoneHour]bool{}
	rows := 0
	err = each(ctx, j.reads, func(r *sql.Rows) error {
		var h zoneHour
		var at int64
		err := r.Scan(&h.site, &h.zone, &at)
		h.at = telemetry.Instant(at)
		touched[h] = true
		rows++
		return err
	}, dueSQL, int64(end), dueStep)
	if err != nil {
		return 0, false, err
	}
	more = rows > 0 // the samples are the next step
	if !more {
		err = each(ctx, j.reads, func(r *sql.Rows) error {
			var at int64
			var h zoneHour
			if err := r.Scan(&last, &h.site, &h.zone, &at); err != nil {
				return err
			}
			rows++
			if h.at = rules.HourOf(telemetry.Instant(at)); h.at >= end {
				pending[h] = true
			} else {
				touched[h] = true
			}
			return nil
		}, touchedSQL, after, condenseStep)
		if err != nil || last == after {
			return 0, false, err
		}
		more = rows == condenseStep
	}
	var hours []zoneHour
	for h := range touched {
		hours = append(hours, h)
	}
	// What held at the end of an hour holds at the beginning of the next one, which may be there already where a sample came late.
	for _, h := range hours {
		var next int64
		if err := j.reads.QueryRowContext(ctx, nextHourSQL, h.site, h.zone, int64(h.at)).Scan(&next); err != nil {
			return 0, false, err
		}
		if n := (zoneHour{h.site, h.zone, telemetry.Instant(next)}); next != 0 && !touched[n] {
			touched[n] = true
		}
	}
	made, err = j.write(ctx, touched, pending, last)
	return made, more, err
}

// write keeps the hours that are over, notes those that are not, and how far that is of the samples.
func (j *Journal) write(ctx context.Context, touched, pending map[zoneHour]bool, last int64) (int, error) {
	type row struct {
		zoneHour
		rules.Hour
	}
	var all []row
	for h := range touched {
		samples, err := j.Occupancy(ctx, h.site, h.zone, h.at, h.at.Add(time.Hour))
		if err != nil {
			return 0, err
		}
		if hour, ok := rules.FoldHour(samples, h.at, h.at.Add(time.Hour)); ok {
			all = append(all, row{h, hour})
		}
	}
	w, err := j.working()
	if err != nil {
		return 0, err
	}
	err = w.transaction(func() error {
		for i := range all {
			h := &all[i]
			peak, last := "", sampleText(&h.Last)
			if h.Peak.Known {
				peak = sampleText(&h.Peak)
			}
			if _, err := w.conn.ExecContext(ctx, hourSQL, h.site, h.zone, int64(h.at), int64(h.Known), h.Area, int64(h.Over), int64(h.Near), peak, last); err != nil {
				return err
			}
		}
		for query, hours := range map[string]map[zoneHour]bool{doneSQL: touched, pendSQL: pending} {
			for h := range hours {
				if _, err := w.conn.ExecContext(ctx, query, h.site, h.zone, int64(h.at)); err != nil {
					return err
				}
			}
		}
		return w.cursor.exec(cursorHours, last)
	})
	return len(all), err
}

// Hours lists the hours of a zone; see journal.Hours.
func (j *Journal) Hours(ctx context.Context, site, zone string, from, until telemetry.Instant) ([]rules.Hour, error) {
	var after int64
	if err := j.row(ctx, cursorQuery(cursorHours), &after); err != nil {
		return nil, fmt.Errorf("reading how far samples are condensed: %w", err)
	}
	// What is not condensed yet begins about where its first samples do.
	tail := int64(math.MaxInt64)
	if err := j.reads.QueryRowContext(ctx, tailSQL, site, zone, after, tail).Scan(&tail); err != nil {
		return nil, fmt.Errorf("finding what is not condensed: %w", err)
	}
	var found []rules.Hour
	err := each(ctx, j.reads, func(rows *sql.Rows) error {
		var h rules.Hour
		var at, known, over, near int64
		var peak, last sql.RawBytes
		if err := rows.Scan(&at, &known, &h.Area, &over, &near, &peak, &last); err != nil {
			return err
		}
		h.At, h.Known, h.Over, h.Near = telemetry.Instant(at), time.Duration(known), time.Duration(over), time.Duration(near)
		h.Last, h.Peak = sampleOf(last), sampleOf(peak)
		found = append(found, h)
		return nil
	}, hoursSQL, site, zone, int64(from), int64(until))
	if err != nil {
		return nil, fmt.Errorf("reading the hours of %q %q: %w", site, zone, err)
	}
	begin := max(from, rules.HourOf(telemetry.Instant(tail)))
	if tail == math.MaxInt64 || begin >= until {
		return found, nil
	}
	samples, err := j.Occupancy(ctx, site, zone, begin, until)
	if err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(found, func(h rules.Hour) bool { return h.At >= begin })
	return append(found, rules.FoldHours(samples, begin, until)...), nil
}

// keptSample is a sample as an hour keeps it.
type keptSample struct {
	At      int64         `json:"t"`
	Persons float64       `json:"p,omitempty"`
	Low     float64       `json:"l,omitempty"`
	High    float64       `json:"h,omitempty"`
	Limit   float64       `json:"m,omitempty"`
	Limited bool          `json:"b,omitempty"`
	Known   bool          `json:"k,omitempty"`
	Near    bool          `json:"n,omitempty"`
	Verdict rules.Verdict `json:"v"`
}

func sampleText(s *rules.Sample) string {
	text, err := json.Marshal(&keptSample{int64(s.At), s.Persons, s.Low, s.High, s.Limit, s.HasLimit, s.Known, s.Near, s.Verdict})
	if err != nil {
		return "" // a number that is none: nobody knows
	}
	return string(text)
}

func sampleOf(text []byte) rules.Sample {
	var k keptSample
	if len(text) == 0 || json.Unmarshal(text, &k) != nil {
		return rules.Sample{Verdict: rules.Unknown}
	}
	return rules.Sample{
		At: telemetry.Instant(k.At), Persons: k.Persons, Low: k.Low, High: k.High, Limit: k.Limit, HasLimit: k.Limited, Known: k.Known, Near: k.Near, Verdict: k.Verdict,
	}
}
