package rules

import (
	"fmt"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// The bars of the engine: at most 1 µs and no allocation for a reading of a zone under 20 rules, and at most 50 ms for a tick over
// 10,000 sites of 20 zones.

// crowded is a site of n zones, each with a counter, a sensor of air and one of soap that promise a message every five minutes, under 20
// rules that all judge each zone or what hangs in it.
func crowded(b testing.TB, id string, n int) *Definition {
	midnight := clockTime(0, 0)
	d := &Definition{
		Site:      facility.Site{ID: id, Location: location(b, "Asia/Jakarta"), Reset: &midnight, Hours: officeHours()},
		Protocols: []Protocol{{ID: "p", Title: "P"}},
		Measures:  map[string][]telemetry.Quantity{},
	}
	for i := range n {
		zone, door := fmt.Sprintf("z%02d", i), fmt.Sprintf("door%02d", i)
		d.Site.Zones = append(d.Site.Zones, facility.Zone{ID: zone, Area: 100, Capacity: 60, Seats: 40})
		d.Site.Doors = append(d.Site.Doors, facility.Door{ID: door, From: facility.Outside, To: zone})
		add := func(id string, at facility.Place, measures ...telemetry.Quantity) {
			d.Site.Devices = append(d.Site.Devices, facility.Device{ID: id, Model: "native", Interval: 5 * time.Minute, Place: at, Parent: "switch"})
			d.Measures[id] = measures
		}
		add("c"+zone, facility.Place{Kind: facility.AtDoor, ID: door}, telemetry.PeopleIn, telemetry.PeopleOut)
		add("a"+zone, facility.Place{Kind: facility.AtZone, ID: zone}, telemetry.CO2, telemetry.Temperature, telemetry.Humidity, telemetry.Battery)
		add("s"+zone, facility.Place{Kind: facility.AtZone, ID: zone}, telemetry.FillLevel, telemetry.Dispensed)
	}
	d.Site.Uplinks = []facility.Uplink{{ID: "switch"}}
	for _, kind := range []string{"capacity", "distancing", "silence", "battery", "clock", "dead_counter", "frozen", "lost", "outage", "rejected"} {
		d.Protocols[0].Rules = append(d.Protocols[0].Rules, healthRule[Params](b, kind, nil))
	}
	for _, expr := range []string{"co2 > 1000", "co2 > 1500 && open", "temperature > 30.0", "humidity > 70.0", "persons > 0.9 * limit", "co2 > 800.0 && persons > 20.0",
		"fill_level < 15", "dispensed_today > 500", "temperature + humidity / 10.0 > 40.0", "in_hour > 200"} {
		d.Protocols[0].Rules = append(d.Protocols[0].Rules, about(SubjectZone, expr))
	}
	return d
}

// driven is such a site, and what applies the i-th of its readings: each device says one thing every five minutes, in turn.
func driven(b testing.TB, d *Definition, start telemetry.Instant) (*Engine, func(i int)) {
	e, out := New(d.Site.ID), new(Output)
	cfg := configRecord(b, d, start)
	if err := e.Apply(&cfg, out); err != nil {
		b.Fatal(err)
	}
	devices := d.Site.Devices
	rec := telemetry.Record{Kind: telemetry.KindObservation, Site: d.Site.ID, Observation: telemetry.Observation{Readings: make([]telemetry.Reading, 1), HasSequence: true}}
	return e, func(i int) {
		at := start.Add(time.Duration(int64(i) * int64(5*time.Minute) / int64(len(devices))))
		round := i / len(devices)
		rec.Seq, rec.At, rec.Received = uint64(i+2), at, at
		rec.Observation.Device, rec.Observation.Sequence = devices[i%len(devices)].ID, uint64(round)
		r := &rec.Observation.Readings[0]
		switch i % 3 {
		case 0:
			*r = telemetry.Reading{Quantity: telemetry.PeopleIn + telemetry.Quantity(round%2), Value: float64(1 + round/2%3)}
		case 1:
			*r = telemetry.Reading{Quantity: telemetry.CO2 - telemetry.Quantity(round%2), Value: 40 + float64((round*7+i)%20)}
			if r.Quantity == telemetry.CO2 {
				r.Value *= 12
			}
		case 2:
			*r = telemetry.Reading{Quantity: telemetry.FillLevel + telemetry.Quantity(round%2), Value: 60 + float64(round%3)}
		}
		out.Reset()
		if err := e.Apply(&rec, out); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkReading measures one reading of a zone under 20 rules, in mid-service, with what it takes to grow old.
func BenchmarkReading(b *testing.B) {
	d := crowded(b, "s", 20)
	start := telemetry.InstantOf(time.Date(2022, 7, 4, 8, 0, 0, 0, d.Site.Location.Location))
	_, apply := driven(b, d, start)
	i := 0
	for ; i < 60*30; i++ { // two and a half hours
		apply(i)
	}
	b.ReportAllocs()
	for b.Loop() {
		apply(i)
		i++
	}
}

// One reading allocates nothing: what grows, grows in blocks.
func TestAReadingAllocatesNothing(t *testing.T) {
	d := crowded(t, "s", 20)
	start := telemetry.InstantOf(time.Date(2022, 7, 4, 8, 0, 0, 0, d.Site.Location.Location))
	_, apply := driven(t, d, start)
	i := 0
	for ; i < 60*30; i++ {
		apply(i)
	}
	got := testing.AllocsPerRun(60*12, func() { // an hour
		apply(i)
		i++
	})
	if got != 0 {
		t.Errorf("a reading allocates %v times, want none", got)
	}
}

// BenchmarkTick measures a second of a fleet in mid-service in which nothing is received: every engine is asked when it is due, and
// told the time where it is. 10,000 sites take some gigabytes.
func BenchmarkTick(b *testing.B) {
	for _, sites := range []int{1000, 10_000} {
		b.Run(fmt.Sprintf("sites=%d", sites), func(b *testing.B) { tickOver(b, sites) })
	}
}

func tickOver(b *testing.B, sites int) {
	const zones = 20
	fleet := make([]*Engine, sites)
	var out Output
	var now telemetry.Instant
	for i := range fleet {
		d := crowded(b, fmt.Sprintf("s%05d", i), zones)
		start := telemetry.InstantOf(time.Date(2022, 7, 4, 8, 0, i%300, 0, d.Site.Location.Location))
		e, apply := driven(b, d, start)
		for k := range 60 * 2 {
			apply(k)
		}
		fleet[i], now = e, max(now, e.Clock())
	}
	tick := telemetry.Record{Kind: telemetry.KindTick}
	due := 0
	second := func() {
		now = now.Add(time.Second)
		for _, e := range fleet {
			if e.Due() > now {
				continue
			}
			due++
			tick.Site, tick.At, tick.Received = e.site, now, now
			out.Reset()
			if err := e.Apply(&tick, &out); err != nil {
				b.Fatal(err)
			}
		}
	}
	second() // sites whose last reading is older catch up
	due = 0
	for b.Loop() {
		second()
	}
	b.ReportMetric(float64(due)/float64(b.N), "due/op")
}
