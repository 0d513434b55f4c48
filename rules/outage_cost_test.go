package rules

import (
	"fmt"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// switched is devices behind one switch that report every minute.
func switched(t testing.TB, n int) *Definition {
	d := &Definition{
		Site:      facility.Site{ID: "s", Location: location(t, "Asia/Jakarta"), Hours: officeHours(), Uplinks: []facility.Uplink{{ID: "switch"}}, Zones: []facility.Zone{{ID: "hall"}}},
		Protocols: []Protocol{{ID: "p", Title: "P", Rules: []Rule{healthRule[Params](t, "silence", nil), healthRule[Params](t, "outage", nil)}}},
		Measures:  map[string][]telemetry.Quantity{},
	}
	for i := range n {
		id := fmt.Sprintf("d%04d", i)
		d.Site.Devices = append(d.Site.Devices, facility.Device{ID: id, Model: "native", Interval: time.Minute, Parent: "switch", Place: facility.Place{Kind: facility.AtZone, ID: "hall"}})
		d.Measures[id] = []telemetry.Quantity{telemetry.Temperature}
	}
	return d
}

// heard has all devices speak within a minute, each message under way for some time.
func heard(r *rig, d *Definition, at telemetry.Instant, under time.Duration) {
	n := len(d.Site.Devices)
	for i := range d.Site.Devices {
		at := at.Add(time.Duration(i) * time.Minute / time.Duration(n))
		r.apply(reading(d.Site.Devices[i].ID, at, at.Add(under), telemetry.Temperature, 25))
	}
}

// BenchmarkOutage measures devices behind one switch that all fall silent within a minute, and that all come back within one.
func BenchmarkOutage(b *testing.B) {
	for _, n := range []int{100, 1000, 2000} {
		d := switched(b, n)
		b.Run(fmt.Sprintf("devices=%d", n), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				r := newRig(b, d)
				at := r.at("2022-07-04 09:00:00")
				heard(r, d, at, 0)
				b.StartTimer()
				r.apply(telemetry.Record{Kind: telemetry.KindTick, Received: at.Add(10 * time.Minute)})
			}
		})
		for _, under := range []time.Duration{0, time.Second} {
			b.Run(fmt.Sprintf("back=%d,under way=%v", n, under), func(b *testing.B) {
				for b.Loop() {
					b.StopTimer()
					r := newRig(b, d)
					at := r.at("2022-07-04 09:00:00")
					heard(r, d, at, 0)
					r.apply(telemetry.Record{Kind: telemetry.KindTick, Received: at.Add(10 * time.Minute)})
					b.StartTimer()
					heard(r, d, at.Add(11*time.Minute), under)
				}
			})
		}
	}
}

// Of devices that fall silent together none is asked because another does: what is judged grows as they do, not with their square.
func TestAnOutageCostsEachDeviceTheSame(t *testing.T) {
	steps := func(n int) (down, back int) {
		d := switched(t, n)
		r := newRig(t, d)
		at := r.at("2022-07-04 09:00:00")
		heard(r, d, at, 0)
		r.apply(telemetry.Record{Kind: telemetry.KindTick, Received: at.Add(10 * time.Minute)})
		down = r.engine.work.steps
		for i := range d.Site.Devices {
			at := at.Add(11*time.Minute + time.Duration(i)*time.Minute/time.Duration(n))
			r.apply(reading(d.Site.Devices[i].ID, at, at, telemetry.Temperature, 25))
			back += r.engine.work.steps
		}
		return down, back
	}
	down, back := steps(200)
	twiceDown, twiceBack := steps(400)
	if twiceDown >= 3*down || twiceBack >= 3*back {
		t.Errorf("400 devices take %d questions to fall silent and %d to come back, 200 take %d and %d", twiceDown, twiceBack, down, back)
	}
	if down > 20*200 {
		t.Errorf("200 devices that fall silent take %d questions to judges", down)
	}
}
