package rules

import (
	"fmt"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// manyDevices is a hall full of air sensors, each judged by two rules.
func manyDevices(t testing.TB, n int) *Definition {
	d := mall(t)
	d.Site.Devices = nil
	for i := range n {
		d.Site.Devices = append(d.Site.Devices, facility.Device{ID: fmt.Sprintf("air-%04d", i), Model: "native", Place: facility.Place{Kind: facility.AtZone, ID: "waiting"}, Interval: time.Minute})
	}
	for _, kind := range []string{"silence", "lost"} {
		p, err := NewParams(kind)
		if err != nil {
			t.Fatal(err)
		}
		d = with(d, Rule{ID: kind, Kind: kind, Params: p})
	}
	return d
}

// Entries about maintenance are matched in the one loop of all sites: a large one must not stall the others. Each time by looking for each
// device among all took 2.4 s for one entry and 4000 devices; it takes milliseconds for all entries that are kept.
func TestMaintenanceOfALargeSiteStallsNobody(t *testing.T) {
	r := newRig(t, manyDevices(t, 2000))
	for i := range 4 {
		r.enter(fmt.Sprintf("2022-07-04 10:00:%02d", i), telemetry.Entry{ID: fmt.Sprint(i), Kind: telemetry.EntryMaintenance, Subject: fmt.Sprintf("device:air-%04d", i), Until: r.at("2022-07-04 14:00:00")})
	}
	r.enter("2022-07-04 10:01:00", telemetry.Entry{ID: "z", Kind: telemetry.EntryMaintenance, Subject: "zone:hall", From: r.at("2022-07-04 16:00:00"), Until: r.at("2022-07-04 17:00:00")})
	took := time.Hour
	for range 3 {
		began := time.Now()
		r.engine.maintain()
		took = min(took, time.Since(began))
	}
	if took > 250*time.Millisecond {
		t.Errorf("5 entries over %d judges: matched in %v, want milliseconds", len(r.engine.instances), took)
	}
	t.Logf("5 entries over %d judges: matched in %v", len(r.engine.instances), took)
	r.wantVerdict("silence", "air-0003", "unknown/maintenance")
}

func BenchmarkMaintain(b *testing.B) {
	for _, entries := range []int{1, mostUpkeep} {
		b.Run(fmt.Sprintf("entries=%d", entries), func(b *testing.B) {
			r := newRig(b, manyDevices(b, 4000))
			for i := range entries {
				e := upkeepEntry{from: r.at("2022-07-04 10:00:00"), until: r.at("2022-07-04 14:00:00"), id: fmt.Sprint(i), scope: facility.Scope{Kind: facility.OfDevice, ID: fmt.Sprintf("air-%04d", i)}}
				if i%2 == 0 {
					e.scope = facility.Scope{Kind: facility.OfZone, ID: "hall"}
				}
				r.engine.upkeep.enter(e, e.from)
			}
			for b.Loop() {
				r.engine.maintain()
			}
		})
	}
}
