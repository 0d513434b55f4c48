package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/audit"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Every site whose journal holds a fact has a transparency log (see package audit), and the gateway itself has one under an empty name. What enters it is
// written in the transaction that records the fact: either both are there, or neither. A log costs its entries, a tile of hashes for each 256 of them, and
// one row for its right edge; a site of which nothing happens costs nothing.

// schemaLogs begins the logs. What older versions recorded is not in them; logs_since says where that ends.
const schemaLogs = `
CREATE TABLE logs (
  number    INTEGER PRIMARY KEY,
  site      TEXT    NOT NULL UNIQUE,     -- empty: the gateway itself
  size      INTEGER NOT NULL,            -- entries
  edge      BLOB    NOT NULL,            -- the roots of the whole subtrees that the tree consists of
  published INTEGER NOT NULL DEFAULT 0,  -- entries of the newest checkpoint
  note      TEXT    NOT NULL DEFAULT '', -- the newest checkpoint, as it was signed
  noted     INTEGER NOT NULL DEFAULT 0   -- when
);
CREATE INDEX logs_due ON logs (site) WHERE published < size;
CREATE TABLE log_entries (
  place INTEGER PRIMARY KEY,             -- number of the log * 2^40 + number of the entry
  body  BLOB    NOT NULL,                -- as it is hashed
  salt  BLOB                             -- of what it says of people; NULL: it says nothing of them, or the salt was erased
);
CREATE TABLE log_tiles (
  place  INTEGER PRIMARY KEY,            -- number of the log * 2^40 + number of the tile
  root   BLOB    NOT NULL,               -- the hash of its 256 entries together
  hashes BLOB    NOT NULL                -- the hash of each
);
CREATE TABLE logs_since (
  one        INTEGER PRIMARY KEY CHECK (one = 1),
  record     INTEGER NOT NULL,           -- the last of each that an older version wrote: they are in no log
  sum        INTEGER NOT NULL,           -- the checksum of that record: the head of the chain before the logs
  transition INTEGER NOT NULL,
  change     INTEGER NOT NULL
);
INSERT INTO logs_since SELECT 1, r, coalesce((SELECT sum FROM records WHERE seq = r), (SELECT sum FROM gaps WHERE last = r), 0),
	coalesce((SELECT max(id) FROM transitions), 0), coalesce((SELECT max(id) FROM alert_changes), 0)
	FROM (SELECT max(coalesce((SELECT max(seq) FROM records), 0), coalesce((SELECT max(last) FROM gaps), 0)) AS r);
ALTER TABLE damage ADD COLUMN logged INTEGER NOT NULL DEFAULT 0; -- 1: it is in the gateway's log
UPDATE damage SET logged = 1; -- before there was a log
`

// placeBits is how many bits of a place are the number within a log.
const placeBits = 40

// placeOf is where the entry or tile n of a log stands.
func placeOf(number, n int64) int64 { return number<<placeBits | n }

// siteLog is the right edge of one log, as the open transaction leaves it.
type siteLog struct {
	number  int64
	edge    audit.Frontier
	touched bool // by the open transaction
}

// mostLogs is of how many logs a writer keeps the edge in memory.
const mostLogs = 4096

// logbook is what enters logs in the open transaction. It belongs to the writer, under its lock.
type logbook struct {
	text  []byte // of the entries, one behind the other
	facts []fact
	logs  map[string]*siteLog // by site
	first []byte              // scratch
}

// fact is one entry that is to be written.
type fact struct {
	site     string
	from, to int // in text
	salt     []byte
}

// clear forgets what the open transaction would have written. Where it failed the edges are not known any more.
func (b *logbook) clear(failed bool) {
	b.text, b.facts = b.text[:0], b.facts[:0]
	if cap(b.text) > 1<<20 { // a start with thousands of sites is one batch
		b.text, b.facts = nil, nil
	}
	if failed || len(b.logs) > mostLogs {
		clear(b.logs)
	}
}

// add takes an entry that was written behind text.
func (b *logbook) add(site string, e *audit.Entry, salt []byte) {
	from := len(b.text)
	b.text = e.End()
	b.facts = append(b.facts, fact{site, from, len(b.text), salt})
}

// salt is one for what tells of people.
func newSalt() []byte {
	salt := make([]byte, audit.SaltBytes)
	_, _ = rand.Read(salt) // it never fails
	return salt
}

// writeLogs puts the entries of the open transaction into their logs.
func (w *writer) writeLogs(ctx context.Context) error {
	b := &w.book
	for i := range b.facts {
		f := &b.facts[i]
		l, err := w.logOf(ctx, f.site)
		if err != nil {
			return err
		}
		if err := w.appendEntry(ctx, l, b.text[f.from:f.to], f.salt); err != nil {
			return err
		}
	}
	for i := range b.facts {
		l := b.logs[b.facts[i].site]
		if !l.touched {
			continue
		}
		l.touched = false
		b.first = l.edge.Bytes(b.first[:0])
		if err := w.logEdge.exec(l.edge.Size(), slices.Clone(b.first), l.number); err != nil {
			return err
		}
	}
	return nil
}

// appendEntry adds one entry to a log.
func (w *writer) appendEntry(ctx context.Context, l *siteLog, body, salt []byte) error {
	if len(body) > audit.MostBytes {
		return fmt.Errorf("an entry of the log has %d bytes, at most %d are possible", len(body), audit.MostBytes)
	}
	n := l.edge.Size()
	var kept any
	if salt != nil {
		kept = salt
	}
	if err := w.logEntry.exec(placeOf(l.number, n), body, kept); err != nil {
		return err
	}
	l.edge.Append(audit.HashOf(body))
	l.touched = true
	if l.edge.Size()%audit.TileWidth != 0 {
		return nil
	}
	// A tile is whole: its hashes are those of the entries that are there.
	tile := n / audit.TileWidth
	hashes, err := hashesOf(ctx, w.conn, l.number, tile*audit.TileWidth, audit.TileWidth)
	if errors.Is(err, errNoEntry) {
		return nil // it is lost: there is no tile, which whoever verifies the log finds
	}
	if err != nil {
		return err
	}
	var own audit.Frontier
	text := make([]byte, 0, len(hashes)*len(audit.Hash{}))
	for i := range hashes {
		own.Append(hashes[i])
		text = append(text, hashes[i][:]...)
	}
	root := own.Root()
	return w.logTile.exec(placeOf(l.number, tile), root[:], text)
}

// logOf finds the log of a site, and begins one where there is none.
func (w *writer) logOf(ctx context.Context, site string) (*siteLog, error) {
	b := &w.book
	if l := b.logs[site]; l != nil {
		return l, nil
	}
	l := &siteLog{}
	var edge []byte
	var last int64
	err := w.conn.QueryRowContext(ctx, `SELECT number, edge, coalesce((SELECT max(place) FROM log_entries WHERE place >= number << 40 AND place < (number + 1) << 40), (number << 40) - 1)
		FROM logs WHERE site = ?`, site).Scan(&l.number, &edge, &last)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		if err := w.beginLog(ctx, site, l); err != nil {
			return nil, fmt.Errorf("beginning the log of site %q: %w", site, err)
		}
	case err != nil:
		return nil, fmt.Errorf("reading the log of site %q: %w", site, err)
	default:
		size := last - placeOf(l.number, 0) + 1
		if l.edge, err = audit.UnmarshalFrontier(edge); err != nil || l.edge.Size() != size {
			if l.edge, err = w.rebuild(ctx, l.number, size); err != nil {
				return nil, fmt.Errorf("rebuilding the right edge of the log of site %q: %w", site, err)
			}
		}
	}
	if b.logs == nil {
		b.logs = map[string]*siteLog{}
	}
	b.logs[site] = l
	return l, nil
}

// rebuild makes the right edge of a log of its entries: it was damaged, or is of another number of entries. The log goes on, whatever is lost: where an
// entry is not there its hash in its tile stands for it, or that of nothing. Whoever verifies the log finds which.
func (w *writer) rebuild(ctx context.Context, number, size int64) (f audit.Frontier, err error) {
	for tile := int64(0); f.Size() < size; tile++ {
		width := int(min(audit.TileWidth, size-f.Size()))
		var hashes []byte
		err := w.conn.QueryRowContext(ctx, `SELECT hashes FROM log_tiles WHERE place = ?`, placeOf(number, tile)).Scan(&hashes)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return f, err
		}
		found := make([]audit.Hash, width)
		for i := range found {
			if found[i] = audit.HashOf(nil); len(hashes) >= (i+1)*len(found[i]) {
				found[i] = audit.Hash(hashes[i*len(found[i]):])
			}
		}
		rows, err := w.conn.QueryContext(ctx, `SELECT place, body FROM log_entries WHERE place >= ? AND place < ?`, placeOf(number, f.Size()), placeOf(number, f.Size()+int64(width)))
		if err != nil {
			return f, err
		}
		for rows.Next() {
			var place int64
			var body sql.RawBytes
			if err := rows.Scan(&place, &body); err != nil {
				_ = rows.Close()
				return f, err
			}
			found[place-placeOf(number, f.Size())] = audit.HashOf(body)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return f, err
		}
		for _, h := range found {
			f.Append(h)
		}
	}
	return f, nil
}

// beginLog makes a log, whose first entry says which journal it is of, and what is older than it.
func (w *writer) beginLog(ctx context.Context, site string, l *siteLog) error {
	if err := w.conn.QueryRowContext(ctx, `SELECT coalesce(max(number), 0) + 1 FROM logs`).Scan(&l.number); err != nil {
		return err
	}
	if _, err := w.conn.ExecContext(ctx, `INSERT INTO logs (number, site, size, edge) VALUES (?,?,0,?)`, l.number, site, l.edge.Bytes(nil)); err != nil {
		return err
	}
	var id string
	var record, sum, transition, change int64
	err := w.conn.QueryRowContext(ctx, `SELECT id, record, sum, transition, change FROM chain, logs_since`).Scan(&id, whole(&record), whole(&sum), whole(&transition), whole(&change))
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	e := audit.Make(nil, audit.Begin, site, telemetry.InstantOf(time.Now()))
	e.Text("journal", id)
	e.Number("schema", int64(len(migrations)))
	if record > 0 {
		// What is older is bound by the head of the chain of checksums, and by nothing better.
		e.Number("older_records", record)
		e.Text("older_chain", hexOf(uint64(sum)))
		e.Number("older_transitions", transition)
		e.Number("older_changes", change)
	}
	return w.appendEntry(ctx, l, e.End(), nil)
}

// errNoEntry says that an entry is lost.
var errNoEntry = errors.New("an entry of the log is not there")

// queryer is a database, a connection to one, or a transaction.
type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// hashesOf are the hashes of n entries of a log from one on.
func hashesOf(ctx context.Context, db queryer, number, first int64, n int) ([]audit.Hash, error) {
	all := make([]audit.Hash, 0, n)
	err := entriesOf(ctx, db, number, first, n, func(body []byte) error {
		all = append(all, audit.HashOf(body))
		return nil
	})
	return all, err
}

// entriesOf calls fn with n entries of a log from one on, whose bytes are good during the call.
func entriesOf(ctx context.Context, db queryer, number, first int64, n int, fn func(body []byte) error) error {
	rows, err := db.QueryContext(ctx, `SELECT place, body FROM log_entries WHERE place >= ?1 AND place < ?2 ORDER BY place`, placeOf(number, first), placeOf(number, first+int64(n)))
	if err != nil {
		return fmt.Errorf("reading entries of a log: %w", err)
	}
	defer func() { _ = rows.Close() }()
	next := placeOf(number, first)
	for ; rows.Next(); next++ {
		var place int64
		var body sql.RawBytes
		if err := rows.Scan(&place, &body); err != nil {
			return fmt.Errorf("reading entries of a log: %w", err)
		}
		if place != next {
			break
		}
		if err := fn(body); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("reading entries of a log: %w", err)
	}
	if missing := next - placeOf(number, 0); missing < first+int64(n) {
		return fmt.Errorf("%w: entry %d", errNoEntry, missing)
	}
	return nil
}

// logStart writes into the gateway's log what happened to the journal while nobody wrote to it: that a copy was put back, and what was found lost.
func (w *writer) logStart(ctx context.Context) error {
	var due bool
	err := w.conn.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM damage WHERE logged = 0) OR EXISTS (SELECT 1 FROM cursors WHERE name = ?)`, cursorRestored).Scan(&due)
	if err != nil || !due {
		return err
	}
	return w.transaction(func() error {
		var at int64
		switch err := w.conn.QueryRowContext(ctx, `SELECT position FROM cursors WHERE name = ?`, cursorRestored).Scan(&at); {
		case err == nil:
			w.book.factOfRestore(telemetry.Instant(at), w.head.Record)
			if _, err := w.conn.ExecContext(ctx, `DELETE FROM cursors WHERE name = ?`, cursorRestored); err != nil {
				return err
			}
		case !errors.Is(err, sql.ErrNoRows):
			return err
		}
		return w.logDamage(ctx)
	})
}
