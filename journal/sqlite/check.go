package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// snapshot is the journal as of one moment: a transaction that reads. The write-ahead log grows until it is closed.
type snapshot struct {
	tx *sql.Tx
	is journal.Moment
}

var _ journal.Frozen = (*snapshot)(nil)

// Freeze implements journal.Auditor.
func (j *Journal) Freeze(ctx context.Context) (_ journal.Frozen, err error) {
	tx, err := j.reads.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("reading the journal: %w", err)
	}
	f := &snapshot{tx: tx, is: journal.Moment{Snapshots: map[string]uint64{}, Mended: map[string]bool{}}}
	is := &f.is
	defer func() {
		if err != nil {
			_ = tx.Rollback()
			err = fmt.Errorf("reading the journal as of one moment: %w", err)
		}
	}()
	for query, target := range map[string]any{
		lastSeq: &is.LastSeq,
		`SELECT coalesce((SELECT min(seq) FROM records), 0)`: &is.First,
		`SELECT begins FROM chain`:                           &is.Begins,
		`SELECT EXISTS (SELECT 1 FROM gaps WHERE lost = 0)`:  &is.Deleted,
	} {
		if err := tx.QueryRowContext(ctx, query).Scan(target); err != nil {
			return nil, err
		}
	}
	if is.First > 1 && is.Begins > is.First {
		is.Deleted = true // before there was a chain that would say so
	}
	for table, thinned := range map[string]*bool{"samples": &is.Thinned.Samples, "flows": &is.Thinned.Flows} {
		if err := tx.QueryRowContext(ctx, thinnedSQL(table)).Scan(thinned); err != nil {
			return nil, err
		}
	}
	err = f.each(ctx, func(rows *sql.Rows) error {
		var site string
		var seq uint64
		err := rows.Scan(&site, &seq)
		is.Snapshots[site] = seq
		return err
	}, `SELECT site, seq FROM snapshots`)
	if err != nil {
		return nil, err
	}
	return f, f.each(ctx, func(rows *sql.Rows) error {
		var site string
		err := rows.Scan(&site)
		is.Mended[site] = true
		return err
	}, `SELECT DISTINCT site FROM set_aside`)
}

// thinnedSQL asks whether rows of a table were deleted: its numbers begin at 1, and are never given again.
func thinnedSQL(table string) string {
	return `SELECT coalesce((SELECT min(id) FROM ` + table + `) > 1, ` + lastID(table) + ` > 0)`
}

// Moment implements journal.Frozen.
func (f *snapshot) Moment() *journal.Moment { return &f.is }

// Close implements journal.Frozen.
func (f *snapshot) Close() { _ = f.tx.Rollback() }

func (f *snapshot) each(ctx context.Context, fn func(*sql.Rows) error, query string, args ...any) error {
	rows, err := f.tx.QueryContext(ctx, query, args...)
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

// Alerts calls fn with every alert, open or past. differs says how what stands beside the alert is not what it says itself; empty:
// it is.
func (f *snapshot) Alerts(ctx context.Context, fn func(a *alerts.Alert, differs string) error) error {
	err := f.each(ctx, func(rows *sql.Rows) error {
		var id, site, body string
		var opened, resolved telemetry.Instant
		if err := rows.Scan(&id, &site, &opened, &resolved, &body); err != nil {
			return err
		}
		a, differs, err := f.follow(ctx, id, []byte(body))
		switch {
		case errors.Is(err, errAlert):
			return fn(&alerts.Alert{ID: id, Site: site}, "it cannot be read: "+err.Error())
		case err != nil:
			return err
		case id != a.ID || site != a.Site || opened != a.Opened || resolved != a.Resolved:
			differs = fmt.Sprintf("its columns say %s of %q from %v to %v, its body %s of %q from %v to %v", id, site, opened, resolved, a.ID, a.Site, a.Opened, a.Resolved)
		}
		return fn(&a, differs)
	}, `SELECT id, site, opened, resolved, body FROM alerts ORDER BY id`)
	if err != nil {
		return fmt.Errorf("reading the alerts: %w", err)
	}
	return nil
}

// Minutes calls fn with every minute of the rollups. The value is good during the call only.
func (f *snapshot) Minutes(ctx context.Context, fn func(*journal.Minute) error) error {
	var m journal.Minute
	err := f.each(ctx, func(rows *sql.Rows) error {
		if err := rows.Scan(&m.Site, &m.Device, &m.Quantity, &m.Channel, &m.At, &m.Count, &m.Sum, &m.Min, &m.Max, &m.Last, &m.LastAt); err != nil {
			return err
		}
		return fn(&m)
	}, `SELECT coalesce(s.site, ''), coalesce(s.device, ''), coalesce(s.quantity, ''), coalesce(s.channel, ''), r.minute, r.count, r.sum, r.min, r.max, r.last, r.last_at
		FROM rollups r LEFT JOIN series s ON s.id = r.series`)
	if err != nil {
		return fmt.Errorf("reading the rollups: %w", err)
	}
	return nil
}

// Verdicts calls fn with each change of verdict whose columns are not what it says itself.
func (f *snapshot) Verdicts(ctx context.Context, fn func(id int64, differs string) error) error {
	err := f.each(ctx, func(rows *sql.Rows) error {
		var id int64
		var record, at, until, verdict, told int64
		var site, rule, subject, reason, body string
		var late, near, idle bool
		if err := rows.Scan(&id, &record, &site, &rule, &subject, &at, &until, &late, &verdict, &near, &idle, &reason, &told, &body); err != nil {
			return fn(id, err.Error())
		}
		var t rules.Transition
		if err := json.Unmarshal([]byte(body), &t); err != nil {
			return fn(id, "it cannot be read: "+err.Error())
		}
		if t.Told == 0 {
			told = 0 // what was recorded before schema 10 does not say so itself
		}
		columns := fmt.Sprint(record, site, rule, subject, at, until, late, verdict, near, idle, reason, told)
		own := fmt.Sprint(t.Record, t.Site, t.Rule, t.Subject.String(), int64(t.At), int64(t.Until), t.Late, int64(t.To), t.Near, t.Idle, t.Explanation.Reason, int64(t.Told))
		if columns != own {
			return fn(id, fmt.Sprintf("its columns say %q, its body %q", columns, own))
		}
		return nil
	}, `SELECT id, record, site, rule, subject, at, until, late, verdict, near, idle, reason, told, body FROM transitions ORDER BY id`)
	if err != nil {
		return fmt.Errorf("reading the changes of verdict: %w", err)
	}
	return nil
}

// Integrity is what the database itself finds wrong with its pages and indexes, in its own words: numbers out of order, rows that
// an index lacks.
func (j *Journal) Integrity(ctx context.Context) (wrong []string, err error) {
	err = each(ctx, j.reads, func(rows *sql.Rows) error {
		var line string
		err := rows.Scan(&line)
		if line != "ok" {
			wrong = append(wrong, line)
		}
		return err
	}, `PRAGMA integrity_check`)
	if unreadable(err) {
		return append(wrong, err.Error()), nil
	}
	if err != nil {
		return nil, fmt.Errorf("asking the database what is wrong with it: %w", err)
	}
	return wrong, nil
}

// Compare compares the journal with its anchor and its checksums. The anchor is read first, so that it may run beside the gateway.
func (j *Journal) Compare(ctx context.Context) (*journal.Verification, error) {
	a, err := ReadAnchor(j.dir)
	if err != nil {
		return nil, err
	}
	v, err := j.Verify(ctx, 0, nil)
	if err != nil || a == nil {
		return v, err
	}
	c, err := readChain(ctx, j.reads)
	if err != nil {
		return nil, err
	}
	if a.Journal != c.id {
		return nil, fmt.Errorf("%w: its id is %s, and was %s", errForeign, c.id, a.Journal)
	}
	found := findings(v.Findings)
	if a.Record > v.Last {
		found.add(v.Last+1, a.Record, journal.Lost)
		v.Last = a.Record
	} else {
		var sum signed
		if err := j.reads.QueryRowContext(ctx, sumSQL, int64(a.Record)).Scan(&sum); err != nil {
			return nil, fmt.Errorf("reading the checksum of record %d: %w", a.Record, err)
		}
		told := slices.ContainsFunc(found, func(f journal.Finding) bool { return f.First <= a.Record && a.Record <= f.Last })
		if sum != 0 && uint64(sum) != a.sum() && !told {
			found.add(a.Record, a.Record, journal.Changed)
		}
	}
	v.Findings = found
	return v, nil
}
