package sqlite

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/telemetry"
	"github.com/gerbang-iot/gerbang/testengine"
)

// Finding L6: whichever bit of the database is flipped, the gateway starts: with all records whole, or with those that are not
// told by their numbers, or held. Nothing is wrong in silence.
func TestL6_NoFlippedBitIsSilent(t *testing.T) {
	flips := 120
	switch {
	case testengine.Racing:
		flips = 20
	case testing.Short():
		flips = 50
	}
	// With the first one a bit of a length made record 569 one with the number 72,842.
	for _, seed := range []uint64{1796010699556232983, testengine.Seed(t)} {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { flipBits(t, rand.New(rand.NewPCG(seed, 30)), flips) })
	}
}

func flipBits(t *testing.T, rng *rand.Rand, flips int) {
	dir := written(t, 600)
	whole, err := os.ReadFile(filepath.Join(dir, FileName))
	if err != nil {
		t.Fatal(err)
	}
	anchor, err := os.ReadFile(filepath.Join(dir, AnchorFile))
	if err != nil {
		t.Fatal(err)
	}
	want := records(1, 600)
	var told, held, given, newer, silent int
	for range flips {
		at := t.TempDir()
		bad := bytes.Clone(whole)
		offset, bit := rng.IntN(len(bad)), byte(1)<<rng.IntN(8)
		bad[offset] ^= bit
		for name, text := range map[string][]byte{FileName: bad, AnchorFile: anchor} {
			if err := os.WriteFile(filepath.Join(at, name), text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		j, err := Open(t.Context(), Options{Dir: at, Window: 100, Logger: slog.New(slog.DiscardHandler)})
		switch {
		case errors.Is(err, journal.ErrNewer):
			newer++ // the number of the schema is a bit that says so
			continue
		case err != nil:
			t.Errorf("bit %d of byte %d: %v", bit, offset, err)
			continue
		case j.Held() != nil:
			held++
			_ = j.Close()
			continue
		}
		v, err := j.Verify(t.Context(), 0, nil)
		if err != nil {
			t.Errorf("bit %d of byte %d: verifying: %v", bit, offset, err)
		}
		var found findings
		if v != nil {
			found = v.Findings
		}
		odd := odd(t, j, want)
		for seq := range odd {
			if !covered(journal.Finding{First: seq, Last: seq, What: found.of(seq)}, noted(found)) {
				t.Errorf("bit %d of byte %d: record %d is not as it was, and only %v are told", bit, offset, seq, found)
			}
		}
		for _, seq := range strayNumbers(t, j) {
			if !slices.ContainsFunc(found, func(f journal.Finding) bool { return f.First <= seq && seq <= f.Last }) {
				t.Errorf("bit %d of byte %d: number %d, which was never given, is not told: %v", bit, offset, seq, found)
			}
		}
		switch {
		case len(found) > 0:
			told++
		default:
			silent++
		}
		// Whatever it is, it goes on.
		if _, err := j.State(t.Context()); err != nil {
			if !j.GiveUp(t.Context(), err) {
				t.Errorf("bit %d of byte %d: state: %v", bit, offset, err)
			}
			if _, err := j.State(t.Context()); err != nil || !errors.Is(j.Held(), journal.ErrNoJournal) {
				t.Errorf("bit %d of byte %d: given up: %v, held: %v", bit, offset, err, j.Held())
			}
			given++
			_ = j.Close()
			continue
		}
		if err := j.Commit(t.Context(), &journal.Batch{Records: records(j.writer.head.Record+1, 3)}); err != nil && !unreadable(err) {
			t.Errorf("bit %d of byte %d: committing: %v", bit, offset, err)
		}
		_ = j.Close()
	}
	t.Logf("of %d flipped bits %d were told, %d held the journal, %d made the start give it up, %d looked like a newer schema, %d changed no record", flips, told, held, given, newer, silent)
	if told < flips/8 {
		t.Error("few flips met a record: this tests little")
	}
}

// strayNumbers are those in the file that lie above all that were given.
func strayNumbers(t *testing.T, j *Journal) (all []uint64) {
	t.Helper()
	err := each(t.Context(), j.reads, func(rows *sql.Rows) error {
		var seq uint64
		err := rows.Scan(whole(&seq)) // where the row is odd it may be none
		if seq > j.writer.head.Record {
			all = append(all, seq)
		}
		return err
	}, `SELECT seq FROM records NOT INDEXED`)
	if err != nil && !unreadable(err) {
		t.Errorf("reading the numbers: %v", err)
	}
	return all
}

// of is what is said of a record.
func (f findings) of(seq uint64) journal.Damage {
	for _, x := range f {
		if x.First <= seq && seq <= x.Last {
			return x.What
		}
	}
	return ""
}

func noted(f findings) (all []journal.Noted) {
	for _, x := range f {
		all = append(all, journal.Noted{Finding: x})
	}
	return all
}

// odd are the numbers of records that do not read as they should.
func odd(t *testing.T, j *Journal, want []telemetry.Record) map[uint64]bool {
	t.Helper()
	all := map[uint64]bool{}
	for i := range want {
		all[want[i].Seq] = true
	}
	err := j.Replay(t.Context(), "", 0, func(rec *telemetry.Record) error {
		switch {
		case rec.Seq == 0 || rec.Seq > uint64(len(want)):
			all[rec.Seq] = true
		case reflect.DeepEqual(*rec, want[rec.Seq-1]):
			delete(all, rec.Seq)
		}
		return nil
	})
	if err != nil {
		t.Errorf("replaying: %v", err)
	}
	return all
}
