package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gerbang-iot/gerbang/journal"
)

// Damage stays what it is, and it stays in the journal; but somebody may have looked at it, and know why. What was accepted is told
// apart from what is new: it keeps nobody awake.

// schemaAccepted keeps what was found, in the words of the check, and who accepted it.
const schemaAccepted = `
CREATE TABLE accepted (
  text  TEXT    PRIMARY KEY, -- what was found, in the words of the check
  first INTEGER NOT NULL,    -- the records that it is about; 0: it is not about records
  last  INTEGER NOT NULL,
  what  TEXT    NOT NULL,    -- lost, changed, unreadable; empty: it is not about records
  who   TEXT    NOT NULL,
  why   TEXT    NOT NULL,
  at    INTEGER NOT NULL     -- ns since 1970, UTC
) WITHOUT ROWID;
`

// Accepted lists what was accepted.
func (j *Journal) Accepted(ctx context.Context) (journal.Acceptances, error) {
	var all journal.Acceptances
	err := each(ctx, j.reads, func(rows *sql.Rows) error {
		var a journal.Acceptance
		err := rows.Scan(&a.Text, whole(&a.First), whole(&a.Last), &a.What, &a.By, &a.Why, whole(&a.At))
		all = append(all, a)
		return err
	}, `SELECT text, first, last, what, who, why, at FROM accepted ORDER BY first, text`)
	if err != nil {
		return nil, fmt.Errorf("listing what was accepted: %w", err)
	}
	return all, nil
}

// Accept notes in the journal of a directory that somebody has looked at what was found in it. It may run beside the gateway, which
// learns of it within a minute.
func Accept(ctx context.Context, dir string, all []journal.Acceptance) (err error) {
	path := filepath.Join(dir, FileName)
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("opening the journal: %w", err)
	}
	db, err := connect(path, "rw")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	if err := known(ctx, db); err != nil {
		return fmt.Errorf("opening the journal %q: %w", path, err)
	}
	return inTx(ctx, db, func(tx *sql.Tx) error {
		for i := range all {
			a := &all[i]
			if _, err := tx.ExecContext(ctx, `INSERT INTO accepted (text, first, last, what, who, why, at) VALUES (?,?,?,?,?,?,?) ON CONFLICT (text) DO NOTHING`,
				a.Text, int64(a.First), int64(a.Last), string(a.What), a.By, a.Why, int64(a.At)); err != nil {
				return fmt.Errorf("noting that %q is accepted: %w", a.Text, err)
			}
		}
		return nil
	})
}
