package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

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
