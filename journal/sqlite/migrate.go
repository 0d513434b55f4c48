package sqlite

import (
	"context"
	"database/sql"
	_ "embed" // the schema
	"fmt"
	"log/slog"
	"time"

	"github.com/gerbang-iot/gerbang/journal"
)

//go:embed schema.sql
var schemaV1 string

// schemaV2 tells near the limit from other unknowns, and keeps the interval of a count. What was recorded before has neither:
// its interval is read as persons ± error, in whole people (scanSample).
const schemaV2 = `
ALTER TABLE transitions ADD COLUMN near INTEGER NOT NULL DEFAULT 0; -- unknown because it is near the limit
ALTER TABLE samples ADD COLUMN low REAL;   -- whole people at the stated confidence; NULL: recorded by an older version
ALTER TABLE samples ADD COLUMN high REAL;
ALTER TABLE samples ADD COLUMN near INTEGER NOT NULL DEFAULT 0;
CREATE INDEX records_engine ON records (site, seq) WHERE kind = 6;
CREATE INDEX records_standing ON records (site, seq) WHERE kind IN (3, 5);
CREATE INDEX transitions_subject ON transitions (site, rule, subject, id) WHERE late = 0;
`

//go:embed flows.sql
var schemaV3 string

// schemaV5 keeps from when on nobody knows how many people there are, and tells a limit of nobody from none. What was recorded
// before was written as known, and a limit of 0 as none.
const schemaV5 = `
ALTER TABLE samples ADD COLUMN known INTEGER NOT NULL DEFAULT 1; -- 0: nobody knows how many people there are
ALTER TABLE samples ADD COLUMN limited INTEGER; -- 1: lim is a limit, also where it is 0; 0: there is none; NULL: by an older version, there is one unless it is 0
`

// schemaAlerts keeps alerts in the order in which they opened: a text of a kilobyte in a tree by a random id wrote two pages more for each
// alert, in the commit that people wait for. Only resolved alerts are looked for by their end.
const schemaAlerts = `
CREATE TABLE alerts_in_order (
  id       TEXT    NOT NULL PRIMARY KEY,
  site     TEXT    NOT NULL,
  opened   INTEGER NOT NULL,
  resolved INTEGER NOT NULL,    -- 0: open
  body     TEXT    NOT NULL     -- JSON, as it is now
);
INSERT INTO alerts_in_order SELECT id, site, opened, resolved, body FROM alerts ORDER BY opened;
DROP TABLE alerts;
ALTER TABLE alerts_in_order RENAME TO alerts;
CREATE INDEX alerts_open ON alerts (opened) WHERE resolved = 0;
CREATE INDEX alerts_resolved ON alerts (resolved) WHERE resolved > 0;
`

// schemaHistory makes a month of verdicts fast to add up: what is added up stands in columns and in one index. When an old change was
// told follows from its record, where that is still there. Whether there was nothing to judge is not known of what was recorded before:
// it counts as unknown. The notes of who listened are found by an index, and kept from now on.
const schemaHistory = `
ALTER TABLE transitions ADD COLUMN told INTEGER NOT NULL DEFAULT 0; -- when it could be known
ALTER TABLE transitions ADD COLUMN idle INTEGER NOT NULL DEFAULT 0; -- unknown because there was nothing to judge
ALTER TABLE transitions ADD COLUMN reason TEXT NOT NULL DEFAULT '';
UPDATE transitions SET reason = coalesce(json_extract(body, '$.explanation.reason'), ''),
	told = coalesce((SELECT received FROM records WHERE seq = record), CASE WHEN late THEN until ELSE at END);
DROP INDEX transitions_site_at;
DROP INDEX transitions_subject;
CREATE INDEX transitions_history ON transitions (site, at, id, told, rule, subject, until, late, verdict, near, idle, reason, record);
CREATE INDEX transitions_revised ON transitions (site, until) WHERE late = 1;
CREATE INDEX transitions_before ON transitions (site, rule, subject, at) WHERE late = 0;
CREATE INDEX records_notes ON records (site, received) WHERE kind = 7;
`

// schemaDuring lets the alerts of a day long ago be found in an index alone, whatever came since.
const schemaDuring = `
DROP INDEX alerts_resolved;
CREATE INDEX alerts_resolved ON alerts (resolved, opened, site, id) WHERE resolved > 0;
`

// migrations bring a journal from version i to version i+1, each in one transaction.
var migrations = []string{schemaV1, schemaV2, schemaV3, schemaAside, schemaV5, schemaChain, schemaRefused, schemaStrays + schemaAccepted, schemaAlerts, schemaHistory, schemaAccounts, schemaHours, schemaPending, schemaDuring, schemaFactors, schemaParts, schemaLogs}

// applicationID marks the file as a Gerbang journal ("Grbg").
const applicationID = 0x47726267

// migrate brings the schema to the newest version; an unknown newer version is ErrNewer. Indexes of a journal of years take
// minutes to build, in which nothing else happens: it says so.
func migrate(ctx context.Context, db *sql.DB, log *slog.Logger) error {
	version, err := versionOf(ctx, db)
	if err != nil {
		return err
	}
	old, begin := version, time.Now()
	if 0 < old && old < len(migrations) {
		var records int64
		if err := db.QueryRowContext(ctx, "SELECT coalesce((SELECT max(seq) FROM records) - (SELECT min(seq) FROM records) + 1, 0)").Scan(&records); err != nil {
			return fmt.Errorf("looking at the records: %w", err)
		}
		log.Info("the journal is brought to a newer schema, which may take minutes where it is long", "from", old, "to", len(migrations), "records", records)
	}
	for ; version < len(migrations); version++ {
		if err := migrateOne(ctx, db, version); err != nil {
			return fmt.Errorf("migrating the schema from version %d: %w", version, err)
		}
	}
	if 0 < old && old < len(migrations) {
		log.Info("the journal has the newer schema", "took", time.Since(begin).Round(time.Millisecond))
	}
	return nil
}

// known reports whether this version can read the database as it is.
func known(ctx context.Context, db *sql.DB) error {
	version, err := versionOf(ctx, db)
	if err == nil && version < len(migrations) {
		err = fmt.Errorf("%w: it has schema %d, this version reads %d: start the gateway once to migrate it", journal.ErrOlder, version, len(migrations))
	}
	return err
}

// versionOf is the version of the schema; 0 for an empty file. An unknown newer version is ErrNewer.
func versionOf(ctx context.Context, db *sql.DB) (version int, err error) {
	var application, tables int
	for pragma, target := range map[string]*int{"user_version": &version, "application_id": &application} {
		if err := db.QueryRowContext(ctx, "PRAGMA "+pragma).Scan(target); err != nil {
			return 0, fmt.Errorf("reading %s: %w", pragma, err)
		}
	}
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil {
		return 0, fmt.Errorf("reading the schema: %w", err)
	}
	if tables > 0 && application != applicationID {
		return 0, fmt.Errorf("the file is a database of another program: %w", errForeign)
	}
	if version > len(migrations) {
		return 0, fmt.Errorf("%w: schema %d, this version knows up to %d", journal.ErrNewer, version, len(migrations))
	}
	return version, nil
}

func migrateOne(ctx context.Context, db *sql.DB, version int) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // a no-op after the commit
	for _, statement := range []string{
		migrations[version],
		fmt.Sprintf("PRAGMA user_version = %d", version+1),
		fmt.Sprintf("PRAGMA application_id = %d", applicationID),
	} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return tx.Commit()
}
