package sqlite

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Promise 10: engines that do not come back while records are replayed to them take no connection with them: starts, pages and
// the other sites go on reading.
func TestAReplayThatDoesNotComeBackHoldsNoConnection(t *testing.T) {
	j := open(t, t.TempDir())
	commit(t, j, &journal.Batch{Records: append(records(1, 3), telemetry.Record{Seq: 4, Kind: telemetry.KindConfiguration, Site: "mall", At: 4e9, Received: 4e9,
		Configuration: &telemetry.Configuration{Version: "v", Definition: []byte(`{}`)}})})
	never := make(chan struct{})
	defer close(never)
	begun := make(chan struct{})
	hang := func(*telemetry.Record) error {
		begun <- struct{}{}
		<-never
		return errors.New("the end of the test")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	for range 4 {
		go func() { _ = j.Replay(context.WithoutCancel(t.Context()), "mall", 0, hang) }()
		go func() { _ = j.Standing(context.WithoutCancel(t.Context()), "mall", 4, hang) }()
	}
	for range 8 {
		select {
		case <-begun:
		case <-ctx.Done():
			t.Fatal("eight readers have not begun within 5 s")
		}
	}
	if _, err := j.State(ctx); err != nil {
		t.Errorf("beside eight readers that do not come back: %v", err)
	}
}

// What is read in pieces is read whole, in order, and once, also where the pieces end with the journal or a hole in it.
func TestReplayInPieces(t *testing.T) {
	for _, n := range []int{chunk - 1, chunk, chunk + 1, 3*chunk + 7} {
		j := open(t, t.TempDir())
		commit(t, j, &journal.Batch{Records: records(1, n)})
		if _, err := j.writer.conn.ExecContext(t.Context(), `DELETE FROM records WHERE seq = 2`); err != nil {
			t.Fatal(err)
		}
		for _, after := range []int{0, 5, n - 1} {
			want := records(uint64(after)+1, n-after)
			if after == 0 {
				want = append(want[:1], want[2:]...)
			}
			got := replayed(t, j, "mall", uint64(after))
			if len(got) != len(want) {
				t.Fatalf("%d records after %d of %d, want %d", len(got), after, n, len(want))
			}
			for i := range got {
				if g, w := &got[i], &want[i]; g.Seq != w.Seq || g.Observation.Readings[0] != w.Observation.Readings[0] || g.Observation.Readings[1] != w.Observation.Readings[1] {
					t.Fatalf("record %d after %d of %d: got %+v, want %+v", i, after, n, g, w)
				}
			}
		}
		_ = j.Close()
	}
}
