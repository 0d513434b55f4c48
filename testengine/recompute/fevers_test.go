package recompute

import (
	"fmt"
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// handheld is a second thermometer at the main door, which somebody takes now and then.
const handheld = "hand"

// fevers lets people who are too warm stand before the thermometer for longer, be measured again, and lets the guard say how it ended.
func (m *maker) fevers(way string) {
	before := len(m.records)
	for i := range m.def.Site.Devices {
		if d := &m.def.Site.Devices[i]; d.ID == handheld {
			m.device(d)
		}
	}
	for _, r := range slices.Clone(m.records) {
		for _, x := range r.Observation.Readings {
			if x.Quantity != telemetry.BodyTemperature || x.Value < 37 || r.Observation.Flags.Has(telemetry.FlagRetained) {
				continue
			}
			if again := r.At.Add(m.duration(time.Second, 12*time.Second)); m.chance(.3) && again < m.end && !m.taken[again] {
				m.add(observation(r.Observation.Device, x), m.free(again))
			}
			if said := r.At.Add(m.duration(time.Second, 40*time.Minute)); m.chance(.3) && said < m.end {
				m.add(telemetry.Record{Kind: telemetry.KindEntry, Entry: &telemetry.Entry{ID: fmt.Sprint("outcome", said), Kind: telemetry.EntryOutcome,
					Subject: fmt.Sprintf("%s-%d", r.Observation.Device, int64(r.At)/1e6), Text: pick(m, "cleared", "refused", "unmeasured")}}, m.free(said))
			}
		}
	}
	for i := before; i < len(m.records); i++ {
		r := &m.records[i]
		switch way {
		case "shuffled":
			r.Received = r.At.Add(m.duration(0, 2*time.Minute))
		case "late":
			if m.chance(.2) {
				r.Received = r.At.Add(m.duration(0, 20*time.Minute))
			}
		}
		r.Received = min(r.Received, m.end)
	}
}
