package rules

import (
	"fmt"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// campus is a site of n devices: half count people at doors of a zone for every ten devices, the rest measure air or body
// temperature; every device promises a message a minute, and every rule that fits is in force.
func campus(b testing.TB, n int) *Definition {
	midnight := clockTime(0, 0)
	d := &Definition{
		Site:      facility.Site{ID: "campus", Location: location(b, "Asia/Jakarta"), Reset: &midnight, Hours: officeHours()},
		Protocols: []Protocol{{ID: "p", Title: "P"}},
		Measures:  map[string][]telemetry.Quantity{},
	}
	for i := range n {
		zone := fmt.Sprintf("z%d", i/10)
		if i%10 == 0 {
			d.Site.Zones = append(d.Site.Zones, facility.Zone{ID: zone, Area: 100, Capacity: 60})
		}
		id := fmt.Sprintf("d%05d", i)
		dev := facility.Device{ID: id, Model: "native", Interval: time.Minute, Place: facility.Place{Kind: facility.AtZone, ID: zone}}
		switch {
		case i%10 < 5:
			door := fmt.Sprintf("door%d", i)
			d.Site.Doors = append(d.Site.Doors, facility.Door{ID: door, From: facility.Outside, To: zone})
			dev.Place = facility.Place{Kind: facility.AtDoor, ID: door}
			d.Measures[id] = []telemetry.Quantity{telemetry.PeopleIn, telemetry.PeopleOut}
		case i%10 == 5:
			d.Measures[id] = []telemetry.Quantity{telemetry.BodyTemperature}
		default:
			d.Measures[id] = []telemetry.Quantity{telemetry.CO2, telemetry.Temperature}
		}
		d.Site.Devices = append(d.Site.Devices, dev)
	}
	for _, kind := range []string{"capacity", "distancing", "temperature", "silence"} {
		p, _ := NewParams(kind)
		d.Protocols[0].Rules = append(d.Protocols[0].Rules, Rule{ID: kind, Kind: kind, Params: p})
	}
	return d
}

// load makes the i-th message of a site of n devices, each of which reports once a minute in turn.
func load(rec *telemetry.Record, readings []telemetry.Reading, ids []string, start telemetry.Instant, i int) {
	n := len(ids)
	at := start.Add(time.Duration(int64(i) * int64(time.Minute) / int64(n)))
	rec.Seq, rec.At, rec.Received = uint64(i+2), at, at
	rec.Observation.Device = ids[i%n]
	switch k := i % n % 10; {
	case k < 5:
		v := float64((i/n + k) % 3)
		readings[0] = telemetry.Reading{Quantity: telemetry.PeopleIn, Value: v}
		readings[1] = telemetry.Reading{Quantity: telemetry.PeopleOut, Value: float64((i/n + k + 1) % 3)}
	case k == 5:
		readings[0] = telemetry.Reading{Quantity: telemetry.BodyTemperature, Value: 36 + float64(i/n%10)/10}
		readings[1] = telemetry.Reading{Quantity: telemetry.Battery, Value: 90}
	default:
		readings[0] = telemetry.Reading{Quantity: telemetry.CO2, Value: 500 + float64(i/n%50)}
		readings[1] = telemetry.Reading{Quantity: telemetry.Temperature, Value: 27}
	}
	rec.Observation.Readings = readings
}

func loaded(b testing.TB, n, messages int) (*Engine, func(i int, out *Output)) {
	d := campus(b, n)
	start := telemetry.InstantOf(time.Date(2022, 7, 4, 8, 0, 0, 0, d.Site.Location.Location))
	e := New("campus")
	var out Output
	cfg := configRecord(b, d, start)
	if err := e.Apply(&cfg, &out); err != nil {
		b.Fatal(err)
	}
	ids := make([]string, n)
	for i := range ids {
		ids[i] = d.Site.Devices[i].ID
	}
	rec := telemetry.Record{Kind: telemetry.KindObservation, Site: "campus"}
	readings := make([]telemetry.Reading, 2)
	apply := func(i int, out *Output) {
		load(&rec, readings, ids, start, i)
		if err := e.Apply(&rec, out); err != nil {
			b.Fatal(err)
		}
		out.Reset()
	}
	for i := range messages {
		apply(i, &out)
	}
	return e, apply
}

// BenchmarkApply measures one ordinary observation (two readings) in a site that has been running for ten minutes.
func BenchmarkApply(b *testing.B) {
	for _, n := range []int{100, 1000, 10_000} {
		b.Run(fmt.Sprintf("devices=%d", n), func(b *testing.B) {
			_, apply := loaded(b, n, 10*n)
			var out Output
			b.ReportAllocs()
			i := 10 * n
			for b.Loop() {
				apply(i, &out)
				i++
			}
		})
	}
}

// BenchmarkSnapshot measures a snapshot, and its restoration, of a site that has been running for an hour.
func BenchmarkSnapshot(b *testing.B) {
	for _, n := range []int{100, 10_000} {
		e, _ := loaded(b, n, 60*n)
		snap, err := e.Snapshot()
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("take/devices=%d", n), func(b *testing.B) {
			for b.Loop() {
				if _, err := e.Snapshot(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(snap)), "bytes")
		})
		b.Run(fmt.Sprintf("restore/devices=%d", n), func(b *testing.B) {
			for b.Loop() {
				if err := New("campus").Restore(snap); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkApplyLate measures a count that comes ten minutes late into a zone and a building that go on counting: what lies
// between is judged again.
func BenchmarkApplyLate(b *testing.B) {
	for _, n := range []int{100, 1000, 10_000} {
		b.Run(fmt.Sprintf("devices=%d", n), func(b *testing.B) {
			e, _ := loaded(b, n, 30*n)
			rec := reading("d00000", e.clock.Add(-10*time.Minute), e.clock, telemetry.PeopleIn, 1, telemetry.PeopleOut, 1)
			rec.Site = "campus"
			var out Output
			for b.Loop() {
				rec.At++
				if err := e.Apply(&rec, &out); err != nil {
					b.Fatal(err)
				}
				out.Reset()
			}
		})
	}
}

// BenchmarkSnapshotWeek measures a snapshot of a site of 10,000 devices after a week: each of its 1,000 zones has counted
// somebody in each minute of it.
func BenchmarkSnapshotWeek(b *testing.B) {
	e, _ := loaded(b, 10_000, 10_000)
	end := e.clock
	for at := end.Add(-7 * 24 * time.Hour); at < end.Add(-time.Hour); at = at.Add(time.Minute) {
		for i, z := range e.zones {
			if at == end.Add(-7*24*time.Hour) {
				z.line = timeline[balance]{}
			}
			z.pass(at, passage{in: people(i%3) * person, out: people(i%2) * person, chance: people(i%3+i%2) * 20_000, lever: people(i%3+i%2) * 7_000})
			z.age(at, e.plan.exact())
		}
	}
	snap, err := e.Snapshot()
	if err != nil {
		b.Fatal(err)
	}
	b.Run("take", func(b *testing.B) {
		for b.Loop() {
			if _, err := e.Snapshot(); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(len(snap)), "bytes")
	})
	b.Run("restore", func(b *testing.B) {
		for b.Loop() {
			if err := New("campus").Restore(snap); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkView measures the live view.
func BenchmarkView(b *testing.B) {
	e, _ := loaded(b, 1000, 10_000)
	for b.Loop() {
		_ = e.View()
	}
}
