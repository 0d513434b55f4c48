package rules

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
	"github.com/gerbang-iot/gerbang/testengine"
)

// unknownDevices is a site of n devices at n/2 doors of which nobody knows what they measure, some with a second channel at the next
// door.
func unknownDevices(t testing.TB, n int) *Definition {
	midnight := clockTime(0, 0)
	d := &Definition{
		Site: facility.Site{ID: "mpp", Location: location(t, "Asia/Jakarta"), Reset: &midnight, Hours: officeHours(),
			Zones: []facility.Zone{{ID: "hall", Area: 1000, Capacity: 500}}},
		Protocols: []Protocol{{ID: "p", Title: "P"}},
	}
	for i := range n {
		door := fmt.Sprintf("door%d", i/2)
		if i%2 == 0 {
			d.Site.Doors = append(d.Site.Doors, facility.Door{ID: door, From: facility.Outside, To: "hall"})
		}
		dev := facility.Device{ID: fmt.Sprintf("d%05d", i), Model: "native", Interval: time.Minute, Place: facility.Place{Kind: facility.AtDoor, ID: door}}
		if i%7 == 3 {
			dev.Channels = []facility.Channel{{Name: "two", Place: facility.Place{Kind: facility.AtDoor, ID: fmt.Sprintf("door%d", (i/2+1)%(n/2))}}}
		}
		d.Site.Devices = append(d.Site.Devices, dev)
	}
	for _, kind := range Kinds() {
		if p, _ := NewParams(kind); kind != "expression" {
			d.Protocols[0].Rules = append(d.Protocols[0].Rules, Rule{ID: kind, Kind: kind, Params: p})
		}
	}
	named, _ := NewParams("temperature")
	named.(*Temperature).Above = 37
	for _, id := range []string{"a", "z"} {
		d.Protocols[0].Rules = append(d.Protocols[0].Rules, Rule{ID: id, Kind: "temperature", Params: named, Subjects: []string{"d00001", "d00003"}})
	}
	return d
}

// TestThermometersFoundOneByOne compares an engine that puts a thermometer under its rules where it is found with one that lays all
// rules again after each record.
func TestThermometersFoundOneByOne(t *testing.T) {
	many := 20
	if testengine.Racing {
		many = 4 // nothing here runs at once
	}
	seeds(t, many, func(t *testing.T, rng *rand.Rand) {
		const n = 12
		d := unknownDevices(t, n)
		one, all := newRig(t, d), newRig(t, d)
		at := one.at("2022-07-04 08:00:00")
		for range 300 {
			at = at.Add(time.Duration(1+rng.IntN(60)) * time.Second)
			i := rng.IntN(n)
			pairs := []any{telemetry.PeopleIn, float64(rng.IntN(4)), telemetry.PeopleOut, float64(rng.IntN(3))}
			if rng.IntN(12) < i {
				pairs = []any{telemetry.BodyTemperature, 36 + 3*rng.Float64()}
			}
			rec := reading(fmt.Sprintf("d%05d", i), at.Add(-time.Duration(rng.IntN(20))*time.Minute/8), at, pairs...)
			if rng.IntN(3) == 0 {
				rec.Observation.Readings[0].Channel = "two"
			}
			one.apply(rec)
			all.apply(rec)
			all.engine.enforce(all.engine.enforced)
			all.engine.settle()
			if d := parting(t, one.engine, all.engine); d != "" {
				t.Fatalf("after record %d, %s: %s", one.seq, rec.Observation.Device, d)
			}
			if a, b := fmt.Sprint(one.engine.exactDeadlines()), fmt.Sprint(all.engine.exactDeadlines()); a != b {
				t.Fatalf("after record %d, %s: deadlines\n%s, all anew:\n%s", one.seq, rec.Observation.Device, a, b)
			}
		}
		if a, b := fmt.Sprint(one.transitions()), fmt.Sprint(all.transitions()); a != b {
			t.Errorf("transitions: %s", firstDifference(a, b))
		}
		checkSane(t, one.engine)
	})
}

// exactDeadlines are the deadlines of all slots, those that are moved only when they come due among them.
func (e *Engine) exactDeadlines() []telemetry.Instant {
	for _, w := range e.watches {
		e.postponed(w, e.queue.at[w.slot])
	}
	return e.queue.at
}

// BenchmarkFirstContact measures the first message of a thermometer of which nobody knew what it is, in a site of many.
func BenchmarkFirstContact(b *testing.B) {
	for _, n := range []int{100, 1000, 10_000} {
		b.Run(fmt.Sprintf("devices=%d", n), func(b *testing.B) {
			d := unknownDevices(b, n)
			b.StopTimer()
			for i := 0; i < b.N; {
				r := newRig(b, d)
				at := r.at("2022-07-04 08:00:00")
				b.StartTimer()
				for k := 0; k < n && i < b.N; k, i = k+1, i+1 {
					at = at.Add(time.Millisecond)
					r.apply(reading(d.Site.Devices[k].ID, at, at, telemetry.BodyTemperature, 36.5))
					r.out.Reset()
				}
				b.StopTimer()
			}
		})
	}
}
