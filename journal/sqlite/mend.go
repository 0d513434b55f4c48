package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/journal"
)

// tailVerified is how many of the newest records are compared before the journal is used: they are what a start reads, and where
// a machine that lost its power leaves its traces. The rest is compared while the gateway runs.
const tailVerified = 20_000

// chained is the version of the schema from which on a journal has an anchor.
const chained = 6

// recognise fails if the anchor is of another journal. It changes nothing: one that is not ours is not migrated.
func (j *Journal) recognise(ctx context.Context, db *sql.DB) error {
	if j.anchor == nil {
		return nil
	}
	version, err := versionOf(ctx, db)
	switch {
	case err != nil:
		return err
	case version < chained:
		return fmt.Errorf("%w: it has schema %d, and had a newer one, with record %d at %s", errForeign, version, j.anchor.Record, j.anchor.At.Format(time.RFC3339))
	}
	var id string
	err = db.QueryRowContext(ctx, `SELECT id FROM chain`).Scan(&id)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return fmt.Errorf("%w: it has no id", errForeign)
	case err != nil:
		return fmt.Errorf("reading the journal's id: %w", err)
	case id != j.anchor.Journal:
		return fmt.Errorf("%w: its id is %s, and was %s, with record %d at %s", errForeign, id, j.anchor.Journal, j.anchor.Record, j.anchor.At.Format(time.RFC3339))
	}
	return nil
}

// mend compares the journal with its anchor. Records that were committed and are not there become a gap, so that their numbers
// are not given again and the chain goes on behind them.
func (j *Journal) mend(ctx context.Context, db *sql.DB) error {
	a := j.anchor
	if a == nil {
		return nil
	}
	var last uint64
	if err := db.QueryRowContext(ctx, lastSeq).Scan(&last); err != nil {
		return fmt.Errorf("finding the last record: %w", err)
	}
	if a.Record <= last {
		var sum signed
		if err := db.QueryRowContext(ctx, sumSQL, int64(a.Record)).Scan(&sum); err != nil {
			return fmt.Errorf("reading the checksum of record %d: %w", a.Record, err)
		}
		if sum != 0 && uint64(sum) != a.sum() {
			return j.noteIn(ctx, db, []journal.Finding{{First: a.Record, Last: a.Record, What: journal.Changed}})
		}
		return nil
	}
	if _, err := db.ExecContext(ctx, `INSERT INTO gaps (first, last, sum, lost) VALUES (?,?,?,1)`, int64(last+1), int64(a.Record), int64(a.sum())); err != nil {
		return fmt.Errorf("noting that records are lost: %w", err)
	}
	return j.noteIn(ctx, db, []journal.Finding{{First: last + 1, Last: a.Record, What: journal.Lost}})
}

// lookBack compares the newest records.
func (j *Journal) lookBack(ctx context.Context) error {
	last := j.writer.head.Record
	v, err := j.Verify(ctx, last-min(last, tailVerified), nil)
	if err != nil {
		return err
	}
	return j.Note(ctx, v.Findings)
}

// Note keeps findings in the journal, and says those that are new.
func (j *Journal) Note(ctx context.Context, found []journal.Finding) error {
	w, err := j.working()
	if err != nil || len(found) == 0 {
		return err
	}
	return w.transaction(func() error {
		if err := j.noteIn(ctx, w.conn, found); err != nil {
			return err
		}
		return w.logDamage(ctx)
	})
}

// logDamage puts into the gateway's log what is noted and does not stand there yet. In a transaction.
func (w *writer) logDamage(ctx context.Context) error {
	rows, err := w.conn.QueryContext(ctx, `SELECT first, last, what, noticed FROM damage WHERE logged = 0 ORDER BY first, last, what`)
	if err != nil {
		return fmt.Errorf("reading what is damaged: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var n journal.Noted
		if err := rows.Scan(whole(&n.First), whole(&n.Last), &n.What, whole(&n.Noticed)); err != nil {
			return fmt.Errorf("reading what is damaged: %w", err)
		}
		w.book.factOfDamage(&n)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("reading what is damaged: %w", err)
	}
	_ = rows.Close()
	_, err = w.conn.ExecContext(ctx, `UPDATE damage SET logged = 1 WHERE logged = 0`)
	return err
}

// executor is a database, or a connection to one.
type executor interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

func (j *Journal) noteIn(ctx context.Context, db executor, found []journal.Finding) error {
	for _, f := range found {
		res, err := db.ExecContext(ctx, `INSERT OR IGNORE INTO damage (first, last, what, noticed) VALUES (?,?,?,?)`,
			int64(f.First), int64(f.Last), string(f.What), time.Now().UnixNano())
		if err != nil {
			return fmt.Errorf("noting that %s: %w", f, err)
		}
		if n, err := res.RowsAffected(); err == nil && n > 0 {
			j.log.Error("the journal is damaged", "first", f.First, "last", f.Last, "what", f.What)
		}
	}
	return nil
}

// Damage lists what is known to be damaged, by record.
func (j *Journal) Damage(ctx context.Context) ([]journal.Noted, error) {
	var all []journal.Noted
	err := each(ctx, j.reads, func(rows *sql.Rows) error {
		var n journal.Noted
		err := rows.Scan(&n.First, &n.Last, &n.What, &n.Noticed)
		all = append(all, n)
		return err
	}, `SELECT first, last, what, noticed FROM damage ORDER BY first, last`)
	if err != nil {
		return nil, fmt.Errorf("listing what is damaged: %w", err)
	}
	slices.SortStableFunc(all, func(a, b journal.Noted) int { return cmp.Compare(a.First, b.First) })
	return all, nil
}
