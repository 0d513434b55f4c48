package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/cespare/xxhash/v2"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// A damaged database can show a number that was never given: one bit of a number, or of the length of one, makes a record of the
// past a record of the far future. Such a stray would be taken for the last one, and what is committed next would begin behind
// it, or meet it. The chain tells: what is last proves itself by the checksum of the record before it.
//
// A stray that stands behind all others is put back in its place where its checksum says which that is, else it is taken out of
// the records and kept among the strays. One that stands among the others is left where it is, because a page that is out of
// order is not written to, and whoever reads in order passes over it (orderly).

// schemaStrays keeps records that stood under numbers that were never given, and a checksum of each snapshot.
const schemaStrays = `
CREATE TABLE strays (
  seq, kind, site, at, received, identity, body, sum, -- as they stood; they may be anything
  noticed INTEGER NOT NULL                            -- ns since 1970, UTC
);
ALTER TABLE snapshots ADD COLUMN sum INTEGER; -- over site, seq and body; NULL: by an older version
`

// sumOf is the checksum of a snapshot: with another state, or as of another record, a site would be judged wrongly for ever.
func sumOf(s *journal.Snapshot) uint64 {
	h := xxhash.New()
	_, _ = fmt.Fprintf(h, "%s %d ", s.Site, s.Seq) // it never fails
	_, _ = h.Write(s.Body)
	return h.Sum64()
}

// topRecords is how many of the last records are looked at to find one that proves itself.
const topRecords = 64

// aLeap is how far a number may lie behind the last proven one and still be believed, where nothing proves it: records between
// them may be lost.
const aLeap = 20_000

// topRecord is one of the last records.
type topRecord struct {
	rec     telemetry.Record
	body    []byte
	sum     sql.Null[signed]
	strange bool // a column holds what no version writes there
}

// link is its checksum behind another, if it had a number.
func (r *topRecord) link(prev, seq uint64) uint64 {
	rec := r.rec
	rec.Seq = seq
	sum, _ := link(nil, prev, &rec, r.body)
	return sum
}

// top reads the last records, the last one first.
func top(ctx context.Context, db *sql.DB) (all []topRecord, err error) {
	err = each(ctx, db, func(rows *sql.Rows) error {
		var r topRecord
		var identity int64
		var sum sql.NullInt64
		if err := rows.Scan(&r.rec.Seq, &r.rec.Kind, &r.rec.Site, &r.rec.At, &r.rec.Received, &identity, &r.body, &sum); err != nil {
			r.strange = true
		}
		r.rec.Identity, r.sum = uint64(identity), sql.Null[signed]{V: signed(sum.Int64), Valid: sum.Valid}
		all = append(all, r)
		return nil
	}, `SELECT seq, kind, site, at, received, identity, body, sum FROM records ORDER BY seq DESC LIMIT ?`, topRecords+1)
	return all, err
}

// settle finds what stands behind the end of the journal, and finds the end first. It is for a journal that nobody uses yet.
func (j *Journal) settle(ctx context.Context, db *sql.DB) error {
	c, err := readChain(ctx, db)
	if err != nil {
		return err
	}
	last, err := j.settleRecords(ctx, db, c)
	if err != nil {
		return fmt.Errorf("looking for the last record: %w", err)
	}
	if last == 0 {
		return nil // nothing proves where the end is
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // a no-op after the commit
	for _, s := range []struct {
		told  string
		query string
	}{
		// What retention has deleted ends before the next record that is there.
		{"a range of deleted records that goes beyond the last record is cut", `UPDATE gaps SET last = coalesce((SELECT min(seq) - 1 FROM records WHERE seq > gaps.first), ?1) WHERE last > ?1 AND first <= ?1`},
		{"a range of deleted records that lies behind the last record is forgotten", `DELETE FROM gaps WHERE first > ?1`},
		{"a snapshot of a record that was never written is not used", `UPDATE snapshots SET seq = ?1, body = x'', sum = NULL WHERE seq > ?1`},
		// Sending again does no harm.
		{"a position of the InfluxDB writer lies behind the last record: all is sent again", `UPDATE cursors SET position = 0 WHERE name = '` + cursorRecords + `' AND position > ?1`},
		{"a position of the InfluxDB writer lies behind the last change of verdict: all are sent again", behind(cursorTransitions, "transitions")},
		{"a position of the InfluxDB writer lies behind the last sample: all are sent again", behind(cursorSamples, "samples")},
		{"a position of the InfluxDB writer lies behind the last flow: all are sent again", behind(cursorFlows, "flows")},
	} {
		res, err := tx.ExecContext(ctx, s.query, int64(last))
		if err != nil {
			return fmt.Errorf("mending what lies behind record %d: %w", last, err)
		}
		if n, err := res.RowsAffected(); err == nil && n > 0 {
			j.log.Error("the journal is damaged", "what", s.told, "last", last, "rows", n)
		}
	}
	return tx.Commit()
}

// behind puts a cursor back that lies behind all numbers of a table.
func behind(cursor, table string) string {
	return `UPDATE cursors SET position = 0 WHERE ?1 > 0 AND name = '` + cursor + `' AND position > ` + lastID(table)
}

// lastID is the last number that was given in a table, as an expression. Either of the two may be damaged.
func lastID(table string) string {
	return `max(coalesce((SELECT max(id) FROM ` + table + `), 0), coalesce((SELECT max(seq) FROM sqlite_sequence WHERE typeof(seq) = 'integer' AND name = '` + table + `'), 0))`
}

// settleRecords finds the last number that was given, and puts what stands behind it where it belongs. 0: nothing proves it.
func (j *Journal) settleRecords(ctx context.Context, db *sql.DB, c *chain) (last uint64, err error) {
	rows, err := top(ctx, db)
	if err != nil {
		return 0, err
	}
	anchored, lost := uint64(0), false
	if j.anchor != nil {
		anchored = j.anchor.Record
	}
	proven := 0
	for proven < len(rows) && !j.proves(rows, proven, c) {
		proven++
	}
	switch {
	case len(rows) == 0:
		last = c.begins - 1
	case proven == len(rows) || proven == topRecords:
		return 0, nil
	default:
		last = rows[proven].rec.Seq
	}
	end := max(last, anchored)
	for i := proven - 1; i >= 0 && len(rows) > 0; i-- {
		r := &rows[i]
		switch {
		case r.rec.Seq <= end+1:
			end = max(end, r.rec.Seq)
		case i == proven-1 && !r.strange && r.sum.Valid && r.link(uint64(rows[proven].sum.V), last+1) == uint64(r.sum.V):
			// Only its number is another one.
			if err := j.putBack(ctx, db, r.rec.Seq, last+1); err != nil {
				return 0, err
			}
			end = max(end, last+1)
		case r.rec.Seq-end <= aLeap:
			// It may be the last of some that are lost.
			end = r.rec.Seq
			if err := j.noteIn(ctx, db, []journal.Finding{{First: end, Last: end, What: journal.Changed}}); err != nil {
				return 0, err
			}
		default:
			if err := j.takeOut(ctx, db, r.rec.Seq); err != nil {
				return 0, err
			}
			lost = true
		}
	}
	if lost && end == last && len(rows) > 0 {
		// It was a record, and nobody knows which; the number that it most likely had is not given again.
		end = last + 1
		if err := j.lose(ctx, db, end); err != nil {
			return 0, err
		}
	}
	for _, g := range c.gaps { // one that a lost end has left
		if anchored == 0 || g.last <= anchored {
			end = max(end, g.last)
		}
	}
	return max(end, c.begins-1), nil
}

// proves reports whether a record's checksum says that it is behind the one before it, or the anchor says so.
func (j *Journal) proves(rows []topRecord, i int, c *chain) bool {
	r := &rows[i]
	seq := r.rec.Seq
	switch {
	case seq < c.begins:
		return true // nothing would prove it
	case r.strange || !r.sum.Valid:
		return false
	case j.anchor != nil && seq == j.anchor.Record && uint64(r.sum.V) == j.anchor.sum():
		return true
	case seq == c.begins && r.link(0, seq) == uint64(r.sum.V):
		return true
	case i+1 < len(rows) && rows[i+1].sum.Valid && r.link(uint64(rows[i+1].sum.V), seq) == uint64(r.sum.V):
		return true
	}
	for _, g := range c.gaps {
		if g.last == seq-1 && r.link(g.sum, seq) == uint64(r.sum.V) {
			return true
		}
	}
	return false
}

// putBack gives a record the number that its checksum proves.
func (j *Journal) putBack(ctx context.Context, db *sql.DB, seq, own uint64) error {
	return inTx(ctx, db, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE records SET seq = ? WHERE seq = ?`, int64(own), int64(seq)); err != nil {
			return fmt.Errorf("putting record %d back under its number, %d: %w", seq, own, err)
		}
		j.log.Warn("a record that stood under a number that was never given is back in its place", "number", seq, "record", own)
		return j.noteIn(ctx, tx, []journal.Finding{{First: seq, Last: seq, What: journal.Changed}})
	})
}

// takeOut keeps a record whose number was never given among the strays.
func (j *Journal) takeOut(ctx context.Context, db *sql.DB, seq uint64) error {
	return inTx(ctx, db, func(tx *sql.Tx) error {
		for _, query := range []string{
			`INSERT INTO strays SELECT seq, kind, site, at, received, identity, body, sum, CAST(unixepoch('subsec') * 1000 AS INTEGER) * 1000000 FROM records WHERE seq = ?`,
			`DELETE FROM records WHERE seq = ?`,
		} {
			if _, err := tx.ExecContext(ctx, query, int64(seq)); err != nil {
				return fmt.Errorf("setting record %d aside, a number that was never given: %w", seq, err)
			}
		}
		j.log.Error("a record whose number was never given is set aside", "number", seq)
		return j.noteIn(ctx, tx, []journal.Finding{{First: seq, Last: seq, What: journal.Changed}})
	})
}

// lose notes that a record is lost.
func (j *Journal) lose(ctx context.Context, db *sql.DB, seq uint64) error {
	return inTx(ctx, db, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO gaps (first, last, sum, lost) VALUES (?1,?1,0,1)`, int64(seq)); err != nil {
			return fmt.Errorf("noting that record %d is lost: %w", seq, err)
		}
		return j.noteIn(ctx, tx, []journal.Finding{{First: seq, Last: seq, What: journal.Lost}})
	})
}

func inTx(ctx context.Context, db *sql.DB, do func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// orderly leaves out, of rows that were read in the order of their numbers behind one, those whose number is not their own: they
// are out of order. more: there are more behind them, so that what comes next says whether the last one is in its place.
func orderly[T any](rows []T, after uint64, more bool, seq func(*T) uint64) []T {
	kept := rows[:0]
	prev := after
	for i := range rows {
		n := seq(&rows[i])
		if n <= prev {
			continue
		}
		next := uint64(0)
		for k := i + 1; k < len(rows) && next <= prev; k++ {
			next = seq(&rows[k])
		}
		switch {
		case prev < next && next <= n && (next < n || n != prev+1): // of two with one number the first has it, if it is its turn
			continue // it is the one that stands too early
		case next <= prev && more && n > prev+1 && len(kept) > 0:
			return kept // the next rows say
		}
		kept = append(kept, rows[i])
		prev = n
	}
	return kept
}

// whole scans a whole number into to. What no version writes there is 0: one bit must not keep the gateway from starting.
func whole[T ~int64 | ~uint64](to *T) sql.Scanner { return number[T]{to} }

type number[T ~int64 | ~uint64] struct{ to *T }

// Scan implements sql.Scanner.
func (n number[T]) Scan(v any) error {
	i, _ := v.(int64)
	*n.to = T(i)
	return nil
}
