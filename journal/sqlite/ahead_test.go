package sqlite

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Whenever batches are prepared, and whoever takes the connection meanwhile, the journal is the one that commits alone would have made.
func TestWhatIsWrittenAheadChangesNothing(t *testing.T) {
	dir := t.TempDir()
	plain, ahead := open(t, t.TempDir()), open(t, dir)
	seq, prepared := uint64(1), 0
	for range 60 {
		b := &journal.Batch{}
		for range rand.IntN(12) {
			n := rand.IntN(4)
			b.Records = append(b.Records, records(seq, n)...)
			seq += uint64(n)
			if rand.IntN(3) == 0 {
				b.Transitions = append(b.Transitions, rules.Transition{Site: "mall", Rule: "r", At: telemetry.Instant(seq), Record: seq})
			}
			if rand.IntN(3) == 0 {
				b.Samples = append(b.Samples, rules.Sample{Site: "mall", Zone: "hall", At: telemetry.Instant(seq), Record: seq})
			}
			if rand.IntN(3) == 0 {
				b.Flows = append(b.Flows, rules.Flow{Site: "mall", Device: "d", At: telemetry.Instant(seq), Record: seq})
			}
			switch rand.IntN(5) {
			case 0, 1:
				ahead.Prepare(b)
				prepared++
			case 2: // somebody else writes
				to := journal.Position{Record: seq}
				for _, j := range []*Journal{plain, ahead} {
					if err := j.Source().Advance(t.Context(), to, nil); err != nil {
						t.Fatal(err)
					}
				}
			case 3: // another batch, which is given up
				ahead.Prepare(&journal.Batch{Records: records(seq, 3)})
			}
		}
		commit(t, plain, b)
		commit(t, ahead, b)
		if plain.Head() != ahead.Head() {
			t.Fatalf("head %+v, want %+v", ahead.Head(), plain.Head())
		}
	}
	if prepared < 50 {
		t.Fatalf("only %d batches were prepared", prepared)
	}
	ahead.Prepare(&journal.Batch{Records: records(seq, 5)})
	if err := ahead.Close(); err != nil { // which has not been committed
		t.Fatal(err)
	}
	ahead = open(t, dir)
	for _, table := range []string{"records", "transitions", "samples", "flows", "counters"} {
		if want, got := dump(t, plain, table), dump(t, ahead, table); !bytes.Equal(got, want) {
			t.Errorf("%s\ngot  %s\nwant %s", table, got, want)
		}
	}
	if v, err := ahead.Verify(t.Context(), 0, func() {}); err != nil || len(v.Findings) > 0 {
		t.Errorf("the chain: %+v (%v)", v, err)
	}
}

// What is written ahead is neither seen nor kept before its commit.
func TestWhatIsWrittenAheadPromisesNothing(t *testing.T) {
	j := open(t, t.TempDir())
	commit(t, j, &journal.Batch{Records: records(1, 3)})
	b := &journal.Batch{Records: records(4, 5)}
	j.Prepare(b)
	if n := len(replayed(t, j, "", 0)); n != 3 {
		t.Errorf("%d records are seen before the commit, want 3", n)
	}
	killed := copied(t, j.dir)
	if n := len(replayed(t, open(t, killed), "", 0)); n != 3 {
		t.Errorf("%d records are there after a kill, want 3", n)
	}
	commit(t, j, b)
	if n := len(replayed(t, j, "", 0)); n != 8 {
		t.Errorf("%d records after the commit, want 8", n)
	}
}

// dump is a table as text.
func dump(t *testing.T, j *Journal, table string) []byte {
	t.Helper()
	rows, err := j.reads.QueryContext(t.Context(), `SELECT * FROM `+table+` ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var text []byte
	for rows.Next() {
		values := make([]any, len(columns))
		targets := make([]any, len(columns))
		for i := range values {
			targets[i] = &values[i]
		}
		if err := rows.Scan(targets...); err != nil {
			t.Fatal(err)
		}
		text = fmt.Appendln(text, values...)
	}
	return text
}
