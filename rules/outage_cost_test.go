package rules

import (
	"fmt"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// BenchmarkOutage measures devices behind one switch that all fall silent within a minute.
func BenchmarkOutage(b *testing.B) {
	for _, n := range []int{100, 1000} {
		b.Run(fmt.Sprintf("devices=%d", n), func(b *testing.B) {
			d := &Definition{
				Site:      facility.Site{ID: "s", Location: location(b, "Asia/Jakarta"), Hours: officeHours(), Uplinks: []facility.Uplink{{ID: "switch"}}, Zones: []facility.Zone{{ID: "hall"}}},
				Protocols: []Protocol{{ID: "p", Title: "P", Rules: []Rule{healthRule[Params](b, "silence", nil), healthRule[Params](b, "outage", nil)}}},
				Measures:  map[string][]telemetry.Quantity{},
			}
			for i := range n {
				id := fmt.Sprintf("d%04d", i)
				d.Site.Devices = append(d.Site.Devices, facility.Device{ID: id, Model: "native", Interval: time.Minute, Parent: "switch", Place: facility.Place{Kind: facility.AtZone, ID: "hall"}})
				d.Measures[id] = []telemetry.Quantity{telemetry.Temperature}
			}
			for b.Loop() {
				b.StopTimer()
				r := newRig(b, d)
				at := r.at("2022-07-04 09:00:00")
				for i := range d.Site.Devices {
					r.apply(reading(d.Site.Devices[i].ID, at.Add(time.Duration(i)*time.Minute/time.Duration(n)), at.Add(time.Minute), telemetry.Temperature, 25))
				}
				b.StartTimer()
				r.apply(telemetry.Record{Kind: telemetry.KindTick, Received: at.Add(10 * time.Minute)})
			}
		})
	}
}
