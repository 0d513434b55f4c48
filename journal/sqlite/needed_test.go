package sqlite

import (
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// sound wants the chain of checksums to be whole.
func sound(t *testing.T, j *Journal) {
	t.Helper()
	v, err := j.Verify(t.Context(), 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(v.Findings) > 0 {
		t.Errorf("the chain: %v, want nothing missing", v.Findings)
	}
}

// kept counts the records of a kind.
func kept(t *testing.T, j *Journal, kind telemetry.Kind) (n int) {
	t.Helper()
	if err := j.reads.QueryRowContext(t.Context(), `SELECT count(*) FROM records WHERE kind = ?`, int(kind)).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// Finding S3: a site that has been quiet since its snapshot needs nothing of what others send, and holds back neither age nor size. Who
// does hold records back is named, and InfluxDB only where there is one.
func TestS3_AQuietSiteHoldsNothingBack(t *testing.T) {
	const day = telemetry.Instant(24 * time.Hour)
	for name, r := range map[string]journal.Retention{"too old": {Records: 24 * time.Hour}, "too many": {MaxBytes: 1}} {
		t.Run(name, func(t *testing.T) {
			j := open(t, t.TempDir())
			configured := telemetry.Record{Seq: 1, Kind: telemetry.KindConfiguration, Site: "quiet", Received: 1, Configuration: &telemetry.Configuration{Version: "1"}}
			commit(t, j, &journal.Batch{Records: []telemetry.Record{configured}, Snapshots: []journal.Snapshot{{Site: "quiet", Seq: 1, Body: []byte("x")}}})
			commit(t, j, &journal.Batch{Records: records(2, 10_000), Snapshots: []journal.Snapshot{{Site: "mall", Seq: 9_000, Body: []byte("x")}}})
			removed, err := j.Retain(t.Context(), r, 10*day)
			if err != nil || removed.Records != 8_999 {
				t.Errorf("removed %+v, %v: want the 8,999 records that the mall's snapshot has", removed, err)
			}
			if !strings.Contains(removed.HeldBy, `"mall"`) || strings.Contains(removed.HeldBy, "Influx") {
				t.Errorf("held by %q, want the mall", removed.HeldBy)
			}
			r.Cursors = true
			if removed, err = j.Retain(t.Context(), r, 10*day); err != nil || removed.Records != 0 || !strings.Contains(removed.HeldBy, "InfluxDB") {
				t.Errorf("with InfluxDB, which has nothing: removed %+v, %v, want it named", removed, err)
			}
			r.Cursors = false
			// The quiet site speaks: from then on it needs what comes.
			late := records(10_002, 10)
			for i := range late {
				late[i].Site = "quiet"
			}
			commit(t, j, &journal.Batch{Records: late, Snapshots: []journal.Snapshot{{Site: "mall", Seq: 10_011, Body: []byte("x")}}})
			if removed, err = j.Retain(t.Context(), r, 10*day); err != nil || removed.Records != 0 || !strings.Contains(removed.HeldBy, `"quiet"`) {
				t.Errorf("after it spoke: removed %+v, %v, want nothing, held by the quiet site", removed, err)
			}
			sound(t, j)
		})
	}
}

// A gateway without any site keeps its size, too.
func TestS3_WithoutSites(t *testing.T) {
	j := open(t, t.TempDir())
	commit(t, j, &journal.Batch{Records: rejections(1, 5_000)})
	removed, err := j.Retain(t.Context(), journal.Retention{Records: time.Hour}, telemetry.Instant(24*time.Hour))
	if err != nil || removed.Records != 5_000 || removed.HeldBy != "" {
		t.Errorf("removed %+v, %v, want all", removed, err)
	}
	sound(t, j)
}

// rejections are n of them from seq on.
func rejections(seq uint64, n int) []telemetry.Record {
	all := make([]telemetry.Record, n)
	for i := range all {
		s := seq + uint64(i)
		all[i] = telemetry.Record{Seq: s, Kind: telemetry.KindRejection, At: telemetry.Instant(s), Received: telemetry.Instant(s), Identity: s,
			Rejection: &telemetry.Rejection{Topic: "a/b", Reason: telemetry.ReasonSyntax, Detail: strings.Repeat("x", 300), Raw: []byte(strings.Repeat("y", 500))}}
	}
	return all
}

// Finding S2: rejections have a budget of their own. However many come, no reading goes for them.
func TestS2_RejectionsHaveABudgetOfTheirOwn(t *testing.T) {
	j := open(t, t.TempDir())
	seq := uint64(1)
	for range 20 { // they come between readings
		commit(t, j, &journal.Batch{Records: records(seq, 100)})
		seq += 100
		commit(t, j, &journal.Batch{Records: rejections(seq, 500)})
		seq += 500
	}
	commit(t, j, &journal.Batch{Snapshots: []journal.Snapshot{{Site: "mall", Seq: 1, Body: []byte("x")}}}) // which holds back every reading
	removed, err := j.Retain(t.Context(), journal.Retention{Records: 24 * time.Hour, Rejections: 3_000}, telemetry.Instant(time.Hour))
	if err != nil || removed.Rejections != 7_000 || removed.Records != 0 {
		t.Errorf("removed %+v, %v, want the 7,000 oldest rejections and no reading", removed, err)
	}
	if n := kept(t, j, telemetry.KindObservation); n != 2_000 {
		t.Errorf("%d readings are left, want all 2,000", n)
	}
	if list, err := j.Rejections(t.Context(), "", 1); err != nil || len(list) != 1 || list[0].Seq != seq-1 {
		t.Errorf("the newest rejection: %+v, %v, want record %d", list, err, seq-1)
	}
	sound(t, j)
	// In a small journal they have a tenth.
	removed, err = j.Retain(t.Context(), journal.Retention{Rejections: 3_000, MaxBytes: 10 << 20}, telemetry.Instant(time.Hour))
	if n := kept(t, j, telemetry.KindRejection); err != nil || n != 512 {
		t.Errorf("%d rejections of 2 KiB in a journal of 10 MiB (%v), want 512", n, err)
	}
	if n := kept(t, j, telemetry.KindObservation); n != 2_000 {
		t.Errorf("%d readings are left, want all 2,000", n)
	}
	sound(t, j)
}
