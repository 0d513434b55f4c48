package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/accounts"
)

// schemaAccounts keeps who may do what: accounts, and what belongs to them. Secrets are there as hashes only. It is no part of the record:
// what was changed, and by whom, is an entry.
const schemaAccounts = `
CREATE TABLE accounts (
  kind    TEXT NOT NULL,          -- account, session, device, token, link, totp, recovery, passkey
  id      TEXT NOT NULL,          -- of sessions, devices, tokens and links the hash of their secret
  account TEXT NOT NULL,          -- whose it is; empty: nobody's
  body    TEXT NOT NULL,          -- JSON
  PRIMARY KEY (kind, id)
) WITHOUT ROWID;
`

// schemaFactors has no table of its own: second factors are rows of other kinds. A version that does not know them would let people in by the
// password alone, so it must not open this journal.
const schemaFactors = `
DELETE FROM accounts WHERE kind IN ('totp', 'recovery', 'passkey'); -- there are none yet
`

var _ accounts.Store = (*Journal)(nil)

// AccountRows gives all that is kept of accounts.
func (j *Journal) AccountRows(ctx context.Context) ([]accounts.Row, error) {
	var all []accounts.Row
	err := each(ctx, j.reads, func(rows *sql.Rows) error {
		var r accounts.Row
		var body string
		if err := rows.Scan(&r.Kind, &r.ID, &r.Account, &body); err != nil {
			return err
		}
		if r.Body = []byte(body); slices.Contains(accounts.Kinds(), r.Kind) {
			all = append(all, r)
		}
		return nil
	}, `SELECT kind, id, account, body FROM accounts ORDER BY kind, id`)
	if err != nil {
		return nil, fmt.Errorf("reading accounts: %w", err)
	}
	return all, nil
}

// KeepAccounts puts and drops rows in one transaction.
func (j *Journal) KeepAccounts(ctx context.Context, put, drop []accounts.Row) error {
	w, err := j.working()
	if err != nil {
		return err
	}
	err = w.transaction(func() error {
		for _, r := range put {
			if _, err := w.conn.ExecContext(ctx, `INSERT INTO accounts (kind, id, account, body) VALUES (?,?,?,?)
				ON CONFLICT (kind, id) DO UPDATE SET account = excluded.account, body = excluded.body`, string(r.Kind), r.ID, r.Account, string(r.Body)); err != nil {
				return err
			}
		}
		for _, r := range drop {
			if _, err := w.conn.ExecContext(ctx, `DELETE FROM accounts WHERE kind = ? AND id = ?`, string(r.Kind), r.ID); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keeping accounts: %w", err)
	}
	return nil
}

// endEntrances takes out of a copy of a journal whatever lets somebody in by itself: sessions, tokens and links that were ended after the copy was
// made would be open again. It tells how many there were, and notes that the copy is put back. Passwords and roles are as the copy has them.
func endEntrances(ctx context.Context, path string) (ended int, err error) {
	db, err := connect(path, "rw", "locking_mode(exclusive)")
	if err != nil {
		return 0, err
	}
	db.SetMaxOpenConns(1)
	defer func() { err = errors.Join(err, db.Close()) }()
	// The next start writes into the log that this was done.
	_, err = db.ExecContext(ctx, `INSERT INTO cursors (name, position) VALUES (?,?) ON CONFLICT (name) DO UPDATE SET position = excluded.position`, cursorRestored, time.Now().UnixNano())
	if err != nil {
		return 0, fmt.Errorf("noting that the copy is put back: %w", err)
	}
	var there int
	if err := db.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'accounts'`).Scan(&there); err != nil || there == 0 {
		return 0, err // an older version knew no accounts
	}
	for _, kind := range accounts.Entrances() {
		result, err := db.ExecContext(ctx, `DELETE FROM accounts WHERE kind = ?`, string(kind))
		if err != nil {
			return 0, fmt.Errorf("ending what lets people in: %w", err)
		}
		n, err := result.RowsAffected()
		if err != nil {
			return 0, err
		}
		if kind != accounts.KindDevice && kind != accounts.KindReach { // they let nobody in without a password
			ended += int(n)
		}
	}
	_, err = db.ExecContext(ctx, `PRAGMA wal_checkpoint(truncate)`)
	return ended, err
}
