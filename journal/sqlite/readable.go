package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// readableFrom is the first record from one on that can be read, or last+1.
func (j *Journal) readableFrom(ctx context.Context, from, last uint64) (uint64, error) {
	reads := func(seq uint64) (uint64, bool, error) {
		var found uint64
		var body sql.RawBytes
		ok := false
		err := each(ctx, j.reads, func(rows *sql.Rows) error {
			ok = true
			return rows.Scan(&found, &body)
		}, `SELECT seq, body FROM records WHERE seq >= ? ORDER BY seq LIMIT 1`, int64(seq))
		switch {
		case unreadable(err):
			return 0, false, nil
		case err != nil:
			return 0, false, fmt.Errorf("looking for a record that can be read behind %d: %w", from, err)
		case !ok:
			return last + 1, true, nil
		}
		return found, true, nil
	}
	// Widening steps to one that can be read, then back to the first.
	bad, good := from, last+1
	for step := uint64(1); bad+step <= last; step *= 2 {
		_, ok, err := reads(bad + step)
		if err != nil {
			return 0, err
		}
		if ok {
			good = bad + step
			break
		}
		bad += step
	}
	for bad+1 < good {
		middle := bad + (good-bad)/2
		_, ok, err := reads(middle)
		if err != nil {
			return 0, err
		}
		if ok {
			good = middle
		} else {
			bad = middle
		}
	}
	if good > last {
		return last + 1, nil
	}
	found, _, err := reads(good)
	if err != nil {
		return 0, err
	}
	return min(max(found, good), last+1), nil
}

// behind finds where reading goes on behind a record, where the database cannot be read: after is the last record that is passed
// over.
func (j *Journal) behind(ctx context.Context, after uint64) (passed uint64, more bool, err error) {
	var last uint64
	if err := j.row(ctx, lastSeq, &last); err != nil {
		return 0, false, err
	}
	if after >= last {
		return after, false, nil
	}
	from, err := j.readableFrom(ctx, after+1, last)
	if err != nil {
		return 0, false, err
	}
	j.log.Error("records cannot be read and are left out", "first", after+1, "last", from-1)
	return from - 1, from <= last, nil
}

// illegible stands in the place of a record that cannot be read: nothing is judged by it, and all others are.
func illegible(rec *telemetry.Record, body []byte) telemetry.Record {
	return telemetry.Record{Seq: rec.Seq, Kind: telemetry.KindRejection, Site: rec.Site, At: rec.Received, Received: rec.Received, Rejection: &telemetry.Rejection{
		Reason: telemetry.ReasonFault, Detail: fmt.Sprintf("record %d of the journal cannot be read", rec.Seq), Size: len(body),
		Raw: bytes.Clone(body[:min(len(body), telemetry.MaxRaw)]),
	}}
}
