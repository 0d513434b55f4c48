package sqlite

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Every record carries a checksum over itself and the checksum of the record before it, so that one that is missing, changed or
// moved is known by its number. It is a check against damage and against hands, not a seal: whoever can write the file can
// compute it again.
//
// Where retention has deleted records, or some are lost, the table gaps keeps their numbers and the last checksum among them: the
// chain can be followed from the first record that is kept. A record that was set aside (set_aside) still proves its own
// checksum, and set_aside.stands that of what stands in its place.

// schemaChain begins the chain. A journal of an older version is chained from its next record on.
const schemaChain = `
ALTER TABLE records ADD COLUMN sum INTEGER; -- over the record and the sum before it; NULL: recorded before the chain began
ALTER TABLE set_aside ADD COLUMN sum INTEGER; -- as it was
ALTER TABLE set_aside ADD COLUMN stands INTEGER; -- the sum of what stands in its place
CREATE TABLE chain (
  one    INTEGER PRIMARY KEY CHECK (one = 1),
  id     TEXT    NOT NULL,     -- tells this journal from all others
  begins INTEGER NOT NULL      -- the first record that is chained
);
INSERT INTO chain SELECT 1, lower(hex(randomblob(8))), max(coalesce((SELECT max(seq) FROM records), 0), coalesce((SELECT max(seq) FROM snapshots), 0)) + 1;
CREATE TABLE gaps (
  first INTEGER PRIMARY KEY,
  last  INTEGER NOT NULL,
  sum   INTEGER NOT NULL,      -- of the last record
  lost  INTEGER NOT NULL       -- 0: deleted by retention
);
CREATE TABLE damage (
  first   INTEGER NOT NULL,
  last    INTEGER NOT NULL,
  what    TEXT    NOT NULL,    -- lost, changed, unreadable
  noticed INTEGER NOT NULL,    -- ns since 1970, UTC
  PRIMARY KEY (first, last, what)
) WITHOUT ROWID;
`

// sumSQL is the checksum of a record, also where it is not kept; 0 before the chain.
const sumSQL = `SELECT coalesce((SELECT sum FROM records WHERE seq = ?1), (SELECT sum FROM gaps WHERE first = (SELECT max(first) FROM gaps WHERE first <= ?1) AND last = ?1), 0)`

// link is the checksum of a record behind one with the checksum prev. It returns scratch for the next call.
func link[T ~string | ~[]byte](scratch []byte, prev uint64, rec *telemetry.Record, body T) (sum uint64, _ []byte) {
	s := binary.LittleEndian.AppendUint64(scratch[:0], prev)
	s = binary.LittleEndian.AppendUint64(s, rec.Seq)
	s = binary.LittleEndian.AppendUint64(s, uint64(rec.Kind))
	s = binary.LittleEndian.AppendUint64(s, uint64(rec.At))
	s = binary.LittleEndian.AppendUint64(s, uint64(rec.Received))
	s = binary.LittleEndian.AppendUint64(s, rec.Identity)
	s = binary.LittleEndian.AppendUint64(s, uint64(len(rec.Site)))
	s = append(s, rec.Site...)
	s = append(s, body...)
	return xxhash.Sum64(s), s
}

// findings collects damage in order, and joins neighbours.
type findings []journal.Finding

func (f *findings) add(first, last uint64, what journal.Damage) {
	if n := len(*f); n > 0 && (*f)[n-1].What == what && (*f)[n-1].Last+1 == first {
		(*f)[n-1].Last = last
		return
	}
	*f = append(*f, journal.Finding{First: first, Last: last, What: what})
}

// gap is a row of gaps.
type gap struct {
	first, last uint64
	sum         uint64
	lost        bool
}

// chain is what a journal says about its checksums.
type chain struct {
	id     string
	begins uint64
	gaps   []gap // in order
}

func readChain(ctx context.Context, db *sql.DB) (*chain, error) {
	c := &chain{}
	if err := db.QueryRowContext(ctx, `SELECT id, begins FROM chain`).Scan(&c.id, whole(&c.begins)); err != nil {
		return nil, fmt.Errorf("reading where the chain of checksums begins: %w", err)
	}
	err := each(ctx, db, func(rows *sql.Rows) error {
		var g gap
		var sum int64
		var lost int64
		err := rows.Scan(&g.first, whole(&g.last), whole(&sum), whole(&lost))
		g.sum, g.lost = uint64(sum), lost != 0
		c.gaps = append(c.gaps, g)
		return err
	}, `SELECT first, last, sum, lost FROM gaps ORDER BY first`)
	if err != nil {
		return nil, fmt.Errorf("reading which records are not kept: %w", err)
	}
	return c, nil
}

// bridge follows the gaps over the records [first, last], none of which is there: what is not accounted for is lost. Its sum is
// that of the last of them, if that is known.
func (c *chain) bridge(first, last uint64, found *findings) (sum uint64, known bool) {
	at, _ := slices.BinarySearchFunc(c.gaps, first, func(g gap, first uint64) int {
		if g.last < first {
			return -1
		}
		return 1
	})
	for _, g := range c.gaps[at:] {
		if g.first > last {
			break
		}
		if g.first > first {
			found.add(first, g.first-1, journal.Lost)
		}
		if g.lost {
			found.add(max(first, g.first), min(last, g.last), journal.Lost)
		}
		sum, known = g.sum, g.last == last
		first = g.last + 1
	}
	if first <= last {
		found.add(first, last, journal.Lost)
		return 0, false
	}
	return sum, known
}

// signed scans a checksum, which the database keeps as a signed number.
type signed uint64

// Scan implements sql.Scanner.
func (s *signed) Scan(v any) error {
	n, _ := v.(int64) // what is no number fits nothing
	*s = signed(n)
	return nil
}
