package sqlite

import (
	"fmt"
	"testing"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/telemetry"
)

func TestCountsOfAZone(t *testing.T) {
	j := open(t, t.TempDir())
	var batch journal.Batch
	enter := func(site, subject string, kind telemetry.EntryKind, value float64) {
		seq := uint64(len(batch.Records) + 1)
		e := telemetry.Entry{ID: fmt.Sprint("id-", seq), Kind: kind, Author: "guard", Claimed: true, Subject: subject, Value: value}
		batch.Records = append(batch.Records, telemetry.Record{Seq: seq, Kind: telemetry.KindEntry, Site: site, At: 7, Received: 8, Identity: e.Identity(site), Entry: &e})
	}
	enter("mall", "hall", telemetry.EntryCount, 12)
	enter("mall", "hall", telemetry.EntryAcknowledge, 0)
	enter("mall", "play", telemetry.EntryCount, 3)
	enter("other", "hall", telemetry.EntryCount, 4)
	enter("mall", "hall", telemetry.EntryCorrection, -2)
	enter("mall", "", telemetry.EntryCount, 40)
	commit(t, j, &batch)

	for _, tc := range []struct {
		zone  string
		limit int
		want  string
	}{{"hall", 10, "[-2 12]"}, {"hall", 1, "[-2]"}, {"play", 10, "[3]"}, {"", 10, "[40]"}, {"none", 10, "[]"}} {
		records, err := j.Counts(t.Context(), "mall", tc.zone, tc.limit)
		values := []float64{}
		for _, r := range records {
			values = append(values, r.Entry.Value)
		}
		if got := fmt.Sprint(values); err != nil || got != tc.want {
			t.Errorf("counts of %q: got %s (%v), want %s", tc.zone, got, err, tc.want)
		}
	}
	got, ok, err := j.Entry(t.Context(), "mall", "id-5")
	if err != nil || !ok || got.Seq != 5 || !got.Entry.Claimed || got.At != 7 || got.Entry.Value != -2 {
		t.Errorf("entry id-5: got %+v, %t (%v); want record 5 with all it holds", got.Entry, ok, err)
	}
	for _, missing := range [][2]string{{"mall", "id-4"}, {"mall", "id-9"}, {"other", "id-5"}} {
		if _, ok, err := j.Entry(t.Context(), missing[0], missing[1]); ok || err != nil {
			t.Errorf("entry %q: got %t (%v), want none", missing, ok, err)
		}
	}
}
