package journaltest

import (
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// seqs are the numbers of the records that are there.
func seqs(t testing.TB, j journal.Replayer) map[uint64]bool {
	t.Helper()
	there := map[uint64]bool{}
	for _, rec := range replayed(t, j, "", 0) {
		there[rec.Seq] = true
	}
	return there
}

func retain(t testing.TB, j journal.Journal, r journal.Retention, now telemetry.Instant) journal.Removed {
	t.Helper()
	removed, err := j.Retain(t.Context(), r, now)
	if err != nil {
		t.Fatalf("retaining: %v", err)
	}
	return removed
}

// intact wants nothing to be missed.
func intact(t testing.TB, when string, j journal.Journal) {
	t.Helper()
	v, err := j.Verify(t.Context(), 0, nil)
	if err != nil || len(v.Findings) > 0 {
		t.Errorf("%s: found %+v (%v), want nothing", when, v, err)
	}
	if noted, err := j.Damage(t.Context()); err != nil || len(noted) > 0 {
		t.Errorf("%s: noted %v (%v), want nothing", when, noted, err)
	}
}

// retention deletes messages; what stands, and every number, stays.
func retention(t testing.TB, h Harness) {
	j := open(t, h)
	all := observations(1, 100, "mall")
	all[0], all[9], all[19] = configuration(1, "mall"), entry(10, "mall", "e", telemetry.EntryCount, ""), rejection(20, "")
	commit(t, j, &journal.Batch{Records: all, Snapshots: []journal.Snapshot{{Site: "mall", Seq: 60, Body: []byte("s")}},
		Transitions: []rules.Transition{{Site: "mall", Rule: "r", At: at(1), To: rules.Breached, Record: 5}},
		Samples:     []rules.Sample{{Site: "mall", At: at(1), Record: 5}, {Site: "mall", At: at(90), Record: 90}},
		Flows:       []rules.Flow{{Site: "mall", Device: "d", At: at(1), Record: 5}, {Site: "mall", Device: "d", At: at(90), Record: 90}}})
	if removed := retain(t, j, journal.Retention{Records: time.Hour}, at(101)); removed != (journal.Removed{}) {
		t.Errorf("removed %+v, where nothing is old", removed)
	}
	removed := retain(t, j, journal.Retention{Records: 10 * time.Second, Samples: 20 * time.Second}, at(50))
	if removed.Records == 0 || removed.Samples != 1 || removed.Flows != 1 {
		t.Errorf("removed %+v, want records, one sample and one flow", removed)
	}
	want := func(j journal.Journal, when string, gone uint64) {
		t.Helper()
		there := seqs(t, j)
		for seq := uint64(1); seq <= 100; seq++ {
			if kept := seq == 1 || seq == 10 || seq > gone; there[seq] != kept {
				t.Errorf("%s: record %d is there: %v, want %v", when, seq, there[seq], kept)
			}
		}
		if last := state(t, j).LastSeq; last != 100 {
			t.Errorf("%s: the last record is %d, want 100", when, last)
		}
		intact(t, when, j)
		if v, err := j.Verdicts(t.Context(), "mall"); err != nil || len(v) != 1 {
			t.Errorf("%s: verdicts %v (%v), want the one", when, v, err)
		}
	}
	want(j, "those older than 10 s at second 50", 39)
	if removed := retain(t, j, journal.Retention{Records: 1}, at(200)); removed.HeldBy == "" {
		t.Errorf("%+v: what the site's snapshot lacks is not said to be held", removed)
	}
	want(j, "up to the snapshot", 60)
	commit(t, j, &journal.Batch{Snapshots: []journal.Snapshot{{Site: "mall", Seq: 100, Body: []byte("s")}}})
	if removed := retain(t, j, journal.Retention{Records: 1}, at(200)); removed.HeldBy != "" {
		t.Errorf("%+v: held, where nobody needs anything", removed)
	}
	want(j, "all that is old", 100)
	want(open(t, h.Crash(t)), "after a crash", 100)
	closed(t, j)
	j = open(t, h)
	want(j, "after a start", 100)
	if head := j.Head(); head != (journal.Position{Record: 100, Transition: 1, Sample: 2, Flow: 2}) {
		t.Errorf("the head is %+v: numbers of what is deleted are given again", head)
	}
	commit(t, j, &journal.Batch{Records: observations(101, 2, "mall"), Samples: []rules.Sample{{Site: "mall", At: at(101), Record: 101}}})
	if s, err := j.Source().Samples(t.Context(), 2, 9, nil); err != nil || len(s) != 1 || s[0].ID != 3 {
		t.Errorf("the next sample: %+v (%v), want number 3", s, err)
	}
	intact(t, "with new records", j)
}

func retentionWaits(t testing.TB, h Harness) {
	j := open(t, h)
	all := observations(1, 100, "mall")
	var samples []rules.Sample
	for i := range all {
		samples = append(samples, rules.Sample{Site: "mall", At: at(uint64(i)), Record: uint64(i) + 1})
	}
	commit(t, j, &journal.Batch{Records: all, Samples: samples})
	if err := j.Source().Advance(t.Context(), journal.Position{Record: 40, Sample: 30}, nil); err != nil {
		t.Fatal(err)
	}
	r := journal.Retention{Records: 1, Samples: 1, Cursors: true}
	if removed := retain(t, j, r, at(200)); removed.HeldBy == "" || removed.Records != 40 || removed.Samples != 30 {
		t.Errorf("removed %+v, want what is up to the cursor, and to be told that the rest is held", removed)
	}
	there := seqs(t, j)
	for seq := uint64(1); seq <= 100; seq++ {
		if there[seq] != (seq > 40) {
			t.Fatalf("record %d is there: %v; the cursor is at 40", seq, there[seq])
		}
	}
	r.Cursors = false // nobody reads any more
	if removed := retain(t, j, r, at(200)); removed.Records != 60 || removed.Samples != 70 {
		t.Errorf("removed %+v, want the rest", removed)
	}
	intact(t, "in the end", j)
}

func rejectionsBounded(t testing.TB, h Harness) {
	j := open(t, h)
	all := observations(1, 60, "mall")
	for i := range all {
		if all[i].Seq%2 == 0 {
			all[i] = rejection(all[i].Seq, "mall")
		}
	}
	commit(t, j, &journal.Batch{Records: all})
	if removed := retain(t, j, journal.Retention{Rejections: 10}, at(61)); removed.Rejections != 20 || removed.Records != 0 {
		t.Errorf("removed %+v, want the 20 oldest rejections and no message", removed)
	}
	there := seqs(t, j)
	for seq := uint64(1); seq <= 60; seq++ {
		if there[seq] != (seq%2 == 1 || seq > 40) {
			t.Errorf("record %d is there: %v", seq, there[seq])
		}
	}
	if left, err := j.Rejections(t.Context(), "", 100); err != nil || len(left) != 10 {
		t.Errorf("%d rejections (%v), want 10", len(left), err)
	}
	intact(t, "in the end", j)
}
