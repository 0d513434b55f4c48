package sqlite

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/gerbang-iot/gerbang/audit"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Readings are too many to be entries of a log. What binds them is a digest: the root of a tree (RFC 6962) whose leaves are the records of a site, each as
// the line that digestLine makes of it. So a single reading can be proven from the others' hashes, and none can be changed. Entries of people are left
// out: each is in the log by itself, sealed.

// digestLine is a record as its digest has it: "seq kind at received identity body", numbers in decimal, the body as it is stored.
func digestLine(dst []byte, seq, kind, at, received, identity int64, body []byte) []byte {
	for _, n := range []int64{seq, kind, at, received, identity} {
		dst = strconv.AppendInt(dst, n, 10)
		dst = append(dst, ' ')
	}
	return append(dst, body...)
}

// digestSQL are the records of a digest. What was set aside stands in its old place elsewhere; the digest is of what stands here now.
const digestSQL = `SELECT seq, kind, site, at, received, identity, body FROM records WHERE seq > ?1 AND seq <= ?2 AND kind <> 3 ORDER BY seq LIMIT ?3`

// digestChunk is how many records are read at once.
const digestChunk = 4096

// day is the day of a time, in UTC.
func day(at telemetry.Instant) telemetry.Instant {
	return at - at%telemetry.Instant(24*time.Hour)
}

// Digest adds digests of all whole days before a time; see journal.Logs. It is called by one goroutine at a time, or waits.
func (j *Journal) Digest(ctx context.Context, before telemetry.Instant) error {
	j.digesting.Lock()
	defer j.digesting.Unlock()
	for ctx.Err() == nil {
		// The records that come behind the last digest and were received in one day, or before it by a clock that was set back.
		var next, head, first, last int64
		if err := j.row(ctx, `SELECT (`+cursorQuery(cursorDigest)+`), (`+lastSeq+`)`, &next, &head); err != nil {
			return fmt.Errorf("reading what is digested: %w", err)
		}
		if err := j.row(ctx, fmt.Sprintf(`SELECT coalesce((SELECT received FROM records WHERE seq > %d ORDER BY seq LIMIT 1), 0)`, next), &first); err != nil {
			return fmt.Errorf("reading what is to be digested: %w", err)
		}
		if first == 0 || day(telemetry.Instant(first)) >= day(before) {
			return nil
		}
		end := day(telemetry.Instant(first)).Add(24 * time.Hour)
		if err := j.reads.QueryRowContext(ctx, `SELECT coalesce((SELECT seq FROM records WHERE seq > ?1 AND received >= ?2 ORDER BY seq LIMIT 1) - 1, ?3)`, next, int64(end), head).Scan(&last); err != nil {
			return fmt.Errorf("finding the end of a day: %w", err)
		}
		if err := j.digestTo(ctx, next, last); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// digestThrough adds digests up to a record, whichever day it is of: it is about to be deleted.
func (j *Journal) digestThrough(ctx context.Context, last int64) error {
	j.digesting.Lock()
	defer j.digesting.Unlock()
	var next int64
	if err := j.row(ctx, cursorQuery(cursorDigest), &next); err != nil {
		return fmt.Errorf("reading what is digested: %w", err)
	}
	if last <= next {
		return nil
	}
	return j.digestTo(ctx, next, last)
}

// siteDigest is what there is of one site.
type siteDigest struct {
	tree        audit.Frontier
	first, last int64
	from, until telemetry.Instant
}

// digestTo adds one digest for each site that has records behind next, up to last. digesting is held.
func (j *Journal) digestTo(ctx context.Context, next, last int64) error {
	sites := map[string]*siteDigest{}
	var line []byte
	for at := next; ; {
		n := 0
		err := each(ctx, j.reads, func(rows *sql.Rows) error {
			var seq, kind, when, received, identity int64
			var site string
			var body sql.RawBytes
			if err := rows.Scan(&seq, whole(&kind), &site, whole(&when), whole(&received), whole(&identity), &body); err != nil {
				return err
			}
			d := sites[site]
			if d == nil {
				d = &siteDigest{first: seq, from: telemetry.Instant(received)}
				sites[site] = d
			}
			d.last, d.until = seq, telemetry.Instant(received)
			line = digestLine(line[:0], seq, kind, when, received, identity, body)
			d.tree.Append(audit.HashOf(line))
			at = seq
			n++
			return nil
		}, digestSQL, at, last, digestChunk)
		if err != nil {
			return fmt.Errorf("reading the records of a digest behind %d: %w", at, err)
		}
		if n < digestChunk {
			break
		}
	}
	w, err := j.working()
	if err != nil {
		return err
	}
	err = w.transaction(func() error {
		for _, site := range slices.Sorted(maps.Keys(sites)) {
			w.book.factOfDigest(site, sites[site])
		}
		return w.cursor.exec(cursorDigest, last)
	})
	if err != nil {
		return fmt.Errorf("writing digests into the logs: %w", err)
	}
	return nil
}

// factOfDigest binds the records of a site, but for what people entered.
func (b *logbook) factOfDigest(site string, d *siteDigest) {
	e := audit.Make(b.text, audit.Digest, site, d.until)
	e.Time("from", d.from)
	e.Number("first", d.first)
	e.Number("last", d.last)
	e.Number("records", d.tree.Size())
	root := d.tree.Root()
	e.Text("root", hex.EncodeToString(root[:]))
	b.add(site, &e, nil)
}
