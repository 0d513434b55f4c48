package gateway

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Finding L2: while the journal refuses commits nothing is acknowledged, and people hear all the same of what devices still send and of
// what time alone breaks. Nobody who waits for an acknowledgement counts as silent. All of it is stored in the end, once.
func TestL2_JudgingGoesOnWhileTheJournalRefuses(t *testing.T) {
	m := newMemory()
	var refuse atomic.Bool
	m.fail = func(int) (error, bool) {
		if refuse.Load() {
			return journal.ErrFull, false
		}
		return nil, false
	}
	var acked atomic.Int64
	withLoop(t, m, func(t *testing.T, l *Loop, b *bench, _ func() error) {
		def := definition(t, "mall")
		p, err := rules.NewParams("disinfection")
		if err != nil {
			t.Fatal(err)
		}
		spray := p.(*rules.Disinfection)
		spray.BeforeOpening, spray.Every = 0, 2*time.Minute
		def.Site.Tasks = []facility.Task{{ID: "spray", Name: "Spray", Place: facility.Place{Kind: facility.AtZone, ID: "hall"}}}
		def.Protocols[0].Rules = append(def.Protocols[0].Rules, rules.Rule{ID: "spray", Kind: "disinfection", Params: p})
		if err := l.Configure(context.Background(), []rules.Definition{def}, b.decoder, "test"); err != nil {
			t.Fatal(err)
		}
		open := func(rule string) bool {
			return slices.ContainsFunc(l.live.Open(), func(a alerts.Alert) bool { return a.Rule == rule })
		}
		thermo := func(seq int, value string) {
			t.Helper()
			if err := l.Intake().Put(ingest.Message{Topic: "gerbang/v1/mall/thermo", Payload: []byte(`{"seq":` + string(rune('0'+seq)) + `,"body_temperature":` + value + `}`),
				QoS: 1, Received: telemetry.InstantOf(time.Now()), Ack: func() { acked.Add(1) }}); err != nil {
				t.Fatal(err)
			}
		}
		_ = l.Intake().Put(message(1, nil))
		time.Sleep(time.Second)
		refuse.Store(true)
		thermo(1, "36.5")
		time.Sleep(10 * time.Second)
		if open("spray") || open("temperature") {
			t.Fatalf("open alerts %+v before there is a reason", l.live.Open())
		}
		thermo(2, "39.5")
		time.Sleep(10 * time.Second)
		if !open("temperature") {
			t.Errorf("open alerts %+v: want the fever's, which came while the journal refused", l.live.Open())
		}
		time.Sleep(4 * time.Minute) // two of them after the opening the task is overdue
		if !open("spray") {
			t.Errorf("open alerts %+v: want that of the missed task", l.live.Open())
		}
		if v, ok := l.live.View("mall"); !ok || !slices.ContainsFunc(v.Verdicts, func(v rules.VerdictView) bool { return v.Rule == "spray" && v.Verdict == rules.Breached }) {
			t.Error("the page does not show the missed task")
		}
		time.Sleep(30 * time.Minute)
		if open("silence") {
			t.Errorf("open alerts %+v: devices are called silent that wait for their acknowledgement", l.live.Open())
		}
		if n := acked.Load(); n != 0 {
			t.Errorf("%d messages are acknowledged while the journal refuses", n)
		}
		refuse.Store(false)
		time.Sleep(time.Minute)
		if n := acked.Load(); n != 2 {
			t.Errorf("%d messages are acknowledged in the end, want both", n)
		}
		if open(string(alerts.FaultDiskFull)) {
			t.Error("the alert about the disk is still open")
		}
		time.Sleep(10 * time.Minute) // the counter says nothing any more, and now somebody listens
		if !open("silence") {
			t.Errorf("open alerts %+v: want that of the silent counter, now that somebody listens", l.live.Open())
		}
	})
	fevers, received := 0, telemetry.Instant(0)
	for i := range m.records {
		rec := &m.records[i]
		if rec.Received < received {
			t.Errorf("record %d was received before the one in front of it", rec.Seq)
		}
		received = rec.Received
		if rec.Seq != uint64(i+1) {
			t.Fatalf("record %d where %d belongs", rec.Seq, i+1)
		}
		if rec.Kind == telemetry.KindObservation && rec.Observation.Device == "thermo" {
			fevers++
		}
	}
	if fevers != 2 {
		t.Errorf("%d readings of the thermometer are stored, want 2", fevers)
	}
}
