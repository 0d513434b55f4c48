package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// mostOthers bounds how far neighbours excuse a record.
const mostOthers = 64

// verifier follows the chain.
type verifier struct {
	j       *Journal
	chain   *chain
	found   findings
	strays  []journal.Finding // numbers that were never given
	torn    []uint64          // where numbers were out of order: the records that belong there
	scratch []byte
	next    uint64 // the record that comes next
	prev    uint64 // the checksum before it
	known   bool   // prev is
	// others are the checksums that the next record may have been chained to, where those before it are not what they should be:
	// what they are, and what they ought to be.
	others  []uint64
	records int64
}

// Verify follows the chain behind a record (0: from the first one that is kept) to the last. pause is called between two steps
// of some thousand records; it may be nil. It holds nothing of the journal meanwhile.
func (j *Journal) Verify(ctx context.Context, after uint64, pause func()) (*journal.Verification, error) {
	c, err := readChain(ctx, j.reads)
	if err != nil {
		return nil, err
	}
	var last uint64
	if err := j.row(ctx, lastSeq, &last); err != nil {
		return nil, fmt.Errorf("finding the last record: %w", err)
	}
	v := &verifier{j: j, chain: c, next: max(c.begins, after+1)}
	if v.known = v.next == c.begins; !v.known {
		err := j.row(ctx, fmt.Sprintf(`SELECT sum FROM records WHERE seq = %d AND typeof(sum) = 'integer'`, v.next-1), (*signed)(&v.prev))
		v.known = err == nil // else it is not there, or cannot be read
	}
	for _, g := range c.gaps { // it may be one that is not kept
		if !v.known && g.last == v.next-1 {
			v.prev, v.known = g.sum, true
		}
	}
	for {
		n, err := v.step(ctx, last)
		switch {
		case err != nil:
			return nil, err
		case n < chunk:
			if v.next <= last {
				if err := v.bridge(ctx, last); err != nil {
					return nil, err
				}
			}
			v.found = append(v.found, v.strays...)
			if err := v.unfindable(ctx, last); err != nil {
				return nil, err
			}
			slices.SortStableFunc(v.found, func(a, b journal.Finding) int { return cmp.Compare(a.First, b.First) })
			return &journal.Verification{Begins: c.begins, Last: last, Records: v.records, Findings: v.found}, nil
		}
		if pause != nil {
			pause()
		}
	}
}

// step compares some records; fewer than chunk: they were the last.
func (v *verifier) step(ctx context.Context, last uint64) (n int, err error) {
	var beyond []uint64
	from := v.next
	err = each(ctx, v.j.reads, func(rows *sql.Rows) error {
		var rec telemetry.Record
		var site, body sql.RawBytes
		var identity int64
		var sum sql.NullInt64
		if err := rows.Scan(&rec.Seq, &rec.Kind, &site, &rec.At, &rec.Received, &identity, &body, &sum); err != nil {
			if rec.Seq > last || rec.Seq < v.next { // not even its number is its own: it lies where the next one belongs
				n++
				return v.misplaced(ctx, rec.Seq, last)
			}
			return &strange{rec.Seq, err}
		}
		n++
		rec.Site, rec.Identity = string(site), uint64(identity)
		if v.isNext(&rec, body, sum) {
			v.found.add(v.next, v.next, journal.Changed) // it stands under another number
			v.torn = append(v.torn, v.next)
			if rec.Seq > last {
				v.stray(rec.Seq)
			}
			v.records++
			v.next, v.prev, v.others = v.next+1, uint64(sum.Int64), v.others[:0]
			return nil
		}
		if rec.Seq > last {
			beyond = append(beyond, rec.Seq) // committed since, or a number that is not its own
			return nil
		}
		for _, seq := range beyond {
			v.found.add(seq, seq, journal.Changed)
		}
		if beyond = nil; rec.Seq < v.next { // likewise: they come in the order of their numbers
			v.found.add(rec.Seq, rec.Seq, journal.Changed)
			return nil
		}
		return v.compare(ctx, &rec, body, sum)
	}, linksSQL, int64(v.next-1), chunk)
	odd, isOdd := errors.AsType[*strange](err)
	switch {
	case isOdd && v.next > last:
		return 0, nil
	case isOdd:
		// A column holds what no version writes there.
		return chunk, v.skip(ctx, odd.seq)
	case unreadable(err) && v.next > last:
		return 0, nil
	case unreadable(err):
		// The database cannot read a page: the records on it are not readable, those behind them may be.
		from, err := v.j.readableFrom(ctx, v.next, last)
		if err != nil {
			return 0, err
		}
		if err := v.straysAmong(ctx, from, last); err != nil {
			return 0, err
		}
		v.found.add(v.next, from-1, journal.Unreadable)
		v.next, v.known, v.others = from, false, v.others[:0]
		return chunk, nil
	case err != nil:
		return 0, fmt.Errorf("following the chain of checksums from record %d: %w", v.next, err)
	case v.next == from:
		return 0, nil // only what was committed since is left
	}
	return n, nil
}

// isNext reports whether a record that stands under another number is the next one: its checksum says so.
func (v *verifier) isNext(rec *telemetry.Record, body []byte, sum sql.NullInt64) bool {
	if rec.Seq == v.next || !v.known || !sum.Valid {
		return false
	}
	own := *rec
	own.Seq = v.next
	var want uint64
	want, v.scratch = link(v.scratch, v.prev, &own, body)
	return want == uint64(sum.Int64)
}

// misplaced notes a record that cannot be read and has not even its own number.
func (v *verifier) misplaced(ctx context.Context, seq, last uint64) error {
	if seq > last {
		v.stray(seq)
	}
	if v.next > last {
		return nil
	}
	v.torn = append(v.torn, v.next)
	return v.skip(ctx, v.next)
}

// nearby is how far a record may lie from one that stands out of order on the same page.
const nearby = 100

// unfindable notes the records beside one that is out of order that are there and are not found by their numbers: whoever reads in
// order has them, whoever asks for one does not.
func (v *verifier) unfindable(ctx context.Context, last uint64) error {
	for _, torn := range v.torn {
		for seq := max(v.chain.begins, torn-min(torn, nearby)); seq <= min(torn+nearby, last); seq++ {
			covers := func(f journal.Finding) bool { return f.First <= seq && seq <= f.Last }
			if slices.ContainsFunc(v.found, covers) || slices.ContainsFunc(v.chain.gaps, func(g gap) bool { return g.first <= seq && seq <= g.last }) {
				continue
			}
			var one int64
			err := v.j.row(ctx, fmt.Sprintf(`SELECT 1 FROM records WHERE seq = %d`, seq), &one)
			switch {
			case err == nil:
			case errors.Is(err, sql.ErrNoRows) || unreadable(err):
				v.found.add(seq, seq, journal.Unreadable)
			default:
				return fmt.Errorf("looking for record %d: %w", seq, err)
			}
		}
	}
	return nil
}

// stray notes a number that was never given, once: where a page is out of order it may be met again.
func (v *verifier) stray(seq uint64) {
	if f := (journal.Finding{First: seq, Last: seq, What: journal.Changed}); !slices.Contains(v.strays, f) {
		v.strays = append(v.strays, f)
	}
}

// straysAmong notes the numbers that were never given among records that cannot be read: a number alone can often be.
func (v *verifier) straysAmong(ctx context.Context, from, last uint64) error {
	err := each(ctx, v.j.reads, func(rows *sql.Rows) error {
		var seq uint64
		err := rows.Scan(&seq)
		if seq > last {
			v.stray(seq)
		}
		return err
	}, `SELECT seq FROM records WHERE seq >= ?1 ORDER BY seq LIMIT ?2`, int64(v.next), int64(min(from-v.next+1, chunk)))
	if err != nil && !unreadable(err) {
		return fmt.Errorf("reading the numbers of records that cannot be read: %w", err)
	}
	return nil
}

// skip notes a record that is there and cannot be read.
func (v *verifier) skip(ctx context.Context, seq uint64) error {
	if seq > v.next {
		if err := v.bridge(ctx, seq-1); err != nil {
			return err
		}
	}
	v.found.add(seq, seq, journal.Unreadable)
	v.next, v.known, v.others = seq+1, false, v.others[:0]
	return nil
}

// bridge passes over the records up to last, none of which is there. Retention may have deleted them since the gaps were read.
func (v *verifier) bridge(ctx context.Context, last uint64) error {
	var found findings
	sum, known := v.chain.bridge(v.next, last, &found)
	if len(found) > 0 {
		c, err := readChain(ctx, v.j.reads)
		if err != nil {
			return err
		}
		v.chain, found = c, nil
		sum, known = c.bridge(v.next, last, &found)
	}
	for _, f := range found {
		v.found.add(f.First, f.Last, f.What)
	}
	v.next, v.prev, v.known, v.others = last+1, sum, known, v.others[:0]
	return nil
}

// compare looks at one record.
func (v *verifier) compare(ctx context.Context, rec *telemetry.Record, body []byte, sum sql.NullInt64) (err error) {
	v.records++
	if rec.Seq > v.next {
		if err := v.bridge(ctx, rec.Seq-1); err != nil {
			return err
		}
	}
	stored, want := uint64(sum.Int64), uint64(0)
	want, v.scratch = link(v.scratch, v.prev, rec, body)
	good := sum.Valid && (want == stored || !v.known)
	for i := 0; !good && sum.Valid && i < len(v.others); i++ {
		var again uint64
		again, v.scratch = link(v.scratch, v.others[i], rec, body)
		good = again == stored // damage to its neighbours is no damage to it
	}
	if !good && sum.Valid && v.known {
		if good, err = v.aside(ctx, rec.Seq, want, stored); err != nil {
			return err
		}
	}
	if !good {
		v.found.add(rec.Seq, rec.Seq, journal.Changed)
	}
	switch {
	case good:
		v.others = v.others[:0]
	case len(v.others) < mostOthers:
		v.others = append(v.others, stored, want)
	}
	v.next, v.prev, v.known = rec.Seq+1, stored, sum.Valid
	return nil
}

// aside reports whether a record stands in the place of one that was set aside, which proves the checksum.
func (v *verifier) aside(ctx context.Context, seq, stands, stored uint64) (bool, error) {
	rec := telemetry.Record{Seq: seq}
	var body string
	var identity, instead int64
	err := v.j.row(ctx, fmt.Sprintf(`%s AND seq = %d`, asideSQL, seq), &rec.Kind, &rec.Site, &rec.At, &rec.Received, &identity, &body, &instead)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("reading what record %d was: %w", seq, err)
	}
	rec.Identity = uint64(identity)
	was, _ := link(nil, v.prev, &rec, body)
	return was == stored && uint64(instead) == stands, nil
}

// The queries of a verifier.
const (
	linksSQL = `SELECT seq, kind, site, at, received, identity, body, sum FROM records WHERE seq > ?1 ORDER BY seq LIMIT ?2`
	asideSQL = `SELECT kind, site, at, received, identity, body, stands FROM set_aside WHERE sum IS NOT NULL AND stands IS NOT NULL`
)

// strange is a record with a column that holds what no version writes there.
type strange struct {
	seq uint64
	err error
}

func (s *strange) Error() string { return fmt.Sprintf("record %d: %v", s.seq, s.err) }
func (s *strange) Unwrap() error { return s.err }

// unreadable reports that the database file itself cannot be read in some place.
func unreadable(err error) bool {
	code := codeOf(err)
	return code == sqlite3.SQLITE_CORRUPT || code == sqlite3.SQLITE_NOTADB || code == sqlite3.SQLITE_IOERR
}
