package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// logMended writes into the logs of the sites concerned that the journal is repaired: at each, from which record on it is judged again, and behind which
// time nothing has happened yet. Rows that entries before speak of are gone for that reason, and for no other. In a transaction, before the rows go.
func (w *writer) logMended(ctx context.Context, first map[string]uint64, future *journal.FutureAlerts, now telemetry.Instant) error {
	from := maps.Clone(first)
	touch := func(site string) {
		if _, known := from[site]; !known {
			from[site] = 0
		}
	}
	for _, all := range [][]alerts.Alert{future.Opened, future.Ended} {
		for i := range all {
			touch(all[i].Site)
		}
	}
	moved, err := w.movedAfter(ctx, now)
	if err != nil {
		return err
	}
	for i := range moved {
		touch(moved[i].Site)
	}
	for _, site := range slices.Sorted(maps.Keys(from)) {
		w.book.factOfMended(site, from[site], now)
	}
	return nil
}

// movedAfter lists the alerts that have changes behind a time, as they are now. In a transaction.
func (w *writer) movedAfter(ctx context.Context, now telemetry.Instant) (all []alerts.Alert, err error) {
	rows, err := w.conn.QueryContext(ctx, `SELECT `+alertColumns+` FROM alerts a WHERE id IN (SELECT alert FROM alert_changes WHERE at > ?) ORDER BY opened, id`, int64(now))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		a, err := scanAlert(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return all, rows.Err()
}

// cutChanges deletes the changes of an alert behind a time. What stays stays as it was: a part behind one that goes becomes the whole alert, and is
// chained to what is left before it. In a transaction.
func (w *writer) cutChanges(ctx context.Context, id string, now telemetry.Instant) error {
	edits, err := w.cuts(ctx, id, now)
	if err != nil {
		return fmt.Errorf("taking the changes of the future out of alert %q: %w", id, err)
	}
	for _, query := range []string{`DELETE FROM alert_changes WHERE alert = ?1 AND at > ?2`, `DELETE FROM alert_parts WHERE alert = ?1 AND ?2 > 0`} {
		if _, err := w.conn.ExecContext(ctx, query, id, int64(now)); err != nil {
			return err
		}
	}
	for _, e := range edits {
		query, args := `UPDATE alert_changes SET sum = ?1 WHERE id = ?2`, []any{int64(e.sum), e.row}
		if e.whole != nil {
			query, args = `UPDATE alert_changes SET sum = ?1, part = 0, body = ?3 WHERE id = ?2`, append(args, string(e.whole))
			w.book.factOfRewritten(e.site, e.row, now, e.whole)
		}
		if _, err := w.conn.ExecContext(ctx, query, args...); err != nil {
			return err
		}
	}
	return nil
}

// cut is what becomes of a change that stays.
type cut struct {
	row   int64
	site  string
	sum   uint64
	whole []byte // nil: its body stays
}

func (w *writer) cuts(ctx context.Context, id string, now telemetry.Instant) (edits []cut, err error) {
	rows, err := w.conn.QueryContext(ctx, `SELECT id, what, at, part, body, sum FROM alert_changes WHERE alert = ? ORDER BY id`, id)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var course alerts.Course
	var sum uint64
	gone := false // the change before
	for rows.Next() {
		var row, at int64
		var what string
		var part bool
		var body sql.RawBytes
		var stored sql.NullInt64
		if err := rows.Scan(&row, &what, &at, &part, &body, &stored); err != nil {
			return nil, err
		}
		step := course.Whole
		if part {
			step = course.Part
		}
		read := step(body) == nil // else it is damaged, and stays so
		if at > int64(now) {
			gone = true
			continue
		}
		e := cut{row: row, sum: uint64(stored.Int64)}
		if part && gone && read {
			a := course.Alert()
			e.site = a.Site
			if e.whole, err = alerts.Encode(&a); err != nil {
				return nil, err
			}
			body, part = e.whole, false
		}
		if gone = gone && part; stored.Valid {
			e.sum, w.scratch = linkChange(w.scratch, sum, id, what, at, part, body)
		}
		if e.whole != nil || e.sum != uint64(stored.Int64) {
			edits = append(edits, e)
		}
		sum = e.sum
	}
	return edits, rows.Err()
}
