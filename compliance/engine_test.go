package compliance

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
	"github.com/gerbang-iot/gerbang/testengine"
)

// equipped gives the office what measures it.
func equipped(d *rules.Definition) {
	d.Site.Doors = []facility.Door{{ID: "main", Name: "Main", From: facility.Outside, To: "hall"}}
	d.Site.Devices = []facility.Device{
		{ID: "counter", Model: "native", Place: facility.Place{Kind: facility.AtDoor, ID: "main"}, Accuracy: 1, Interval: 10 * time.Minute},
		{ID: "air", Model: "native", Place: facility.Place{Kind: facility.AtZone, ID: "hall"}, Interval: 10 * time.Minute},
	}
	d.Measures = map[string][]telemetry.Quantity{"counter": {telemetry.PeopleIn, telemetry.PeopleOut}, "air": {telemetry.CO2}}
	reset := facility.TimeOfDay(3 * time.Hour)
	d.Site.Reset = &reset
}

// said makes three days of readings, in the order in which they happened.
func said(rng *rand.Rand, start telemetry.Instant) (all []telemetry.Record) {
	for at := start.Add(time.Minute); at < start.Add(72*time.Hour); at = at.Add(time.Duration(60+rng.IntN(600)) * time.Second) {
		if rng.IntN(60) == 0 {
			at = at.Add(time.Hour) // nobody says anything
		}
		o := telemetry.Observation{Device: "counter", Readings: []telemetry.Reading{{Quantity: telemetry.PeopleIn, Value: float64(rng.IntN(6))}, {Quantity: telemetry.PeopleOut, Value: float64(rng.IntN(6))}}}
		if rng.IntN(2) == 0 {
			o = telemetry.Observation{Device: "air", Readings: []telemetry.Reading{{Quantity: telemetry.CO2, Value: float64(500 + rng.IntN(800))}}}
		}
		all = append(all, telemetry.Record{Kind: telemetry.KindObservation, Site: "office", At: at, Received: at, Observation: o})
	}
	return all
}

// judged lets an engine judge, which is saved and restored before the records whose places are given.
func judged(t *testing.T, definition []byte, start telemetry.Instant, records []telemetry.Record, restarts ...int) []rules.Transition {
	t.Helper()
	all := append([]telemetry.Record{{Kind: telemetry.KindConfiguration, Site: "office", At: start, Received: start, Configuration: &telemetry.Configuration{Version: "1", Definition: definition}}}, records...)
	end := start.Add(73 * time.Hour)
	all = append(all, telemetry.Record{Kind: telemetry.KindTick, Site: "office", At: end, Received: end})
	e, out := rules.New("office"), new(rules.Output)
	for i := range all {
		if slices.Contains(restarts, i) {
			b, err := e.Snapshot()
			if err != nil {
				t.Fatal(err)
			}
			e = rules.New("office")
			if err := e.Restore(b); err != nil {
				t.Fatal(err)
			}
		}
		all[i].Seq = uint64(i + 1)
		if err := e.Apply(&all[i], out); err != nil {
			t.Fatal(err)
		}
	}
	return out.Transitions
}

// states are the intervals of a report by their states alone.
func states(r *Report) (all []string) {
	for i := range r.Measures {
		m := &r.Measures[i]
		for k := 0; k < len(m.Intervals); k++ {
			x := m.Intervals[k]
			for k+1 < len(m.Intervals) && m.Intervals[k+1].State == x.State {
				k++
			}
			x.Until = m.Intervals[k].Until
			all = append(all, fmt.Sprint(m.Key, " ", x.From, " ", x.Until, " ", x.State))
		}
	}
	return all
}

// The history is the same whichever way the readings came: each a little later, in another order, through restarts, between ticks; told twice; added
// up in pieces.
func TestIntervalsDoNotDependOnTheWay(t *testing.T) {
	rng := rand.New(rand.NewPCG(testengine.Seed(t), 2))
	const zone = "Asia/Jakarta"
	for range 5 {
		agenda := office(t, zone, equipped)
		var definition []byte
		office(t, zone, func(d *rules.Definition) {
			equipped(d)
			var err error
			if definition, err = json.Marshal(d); err != nil {
				t.Fatal(err)
			}
		})
		start := local(t, zone, "2022-03-23 00:00:00")
		// Nobody listened in the gap, so nothing was received in it: neither at once nor a little later.
		gap := Gap{start.Add(33 * time.Hour), start.Add(34 * time.Hour)}
		records := slices.DeleteFunc(said(rng, start), func(r telemetry.Record) bool {
			return r.At >= gap.From.Add(-2*time.Minute) && r.At < gap.Until
		})
		in := func(transitions []rules.Transition) *Input {
			return &Input{Site: "office", Terms: []Term{{start, agenda}}, Transitions: transitions, From: start, Until: start.Add(72 * time.Hour), Gaps: []Gap{gap}}
		}
		first := judged(t, definition, start, slices.Clone(records))
		report := func(transitions []rules.Transition) *Report {
			r, err := Compute(in(transitions), ByDay)
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		want := report(first)
		delayed := slices.Clone(records)
		for i := range delayed {
			delayed[i].Received = delayed[i].At.Add(time.Duration(rng.IntN(110)) * time.Second)
		}
		slices.SortStableFunc(delayed, func(a, b telemetry.Record) int { return int(max(-1, min(1, a.Received-b.Received))) })
		ticking := slices.Clone(records)
		for range 50 {
			i := rng.IntN(len(ticking))
			tick := telemetry.Record{Kind: telemetry.KindTick, Site: "office", At: ticking[i].Received, Received: ticking[i].Received}
			ticking = slices.Insert(ticking, i, tick)
		}
		twice := slices.Clone(first)
		for i := range first {
			twice = slices.Insert(twice, 2*i, first[i])
		}
		for way, transitions := range map[string][]rules.Transition{
			"a little later, in another order": judged(t, definition, start, delayed),
			"through restarts":                 judged(t, definition, start, slices.Clone(records), 5, 40, len(records)/2, len(records)),
			"between ticks":                    judged(t, definition, start, ticking),
			"told twice":                       twice,
		} {
			if got := states(report(transitions)); !slices.Equal(got, states(want)) {
				t.Fatalf("%s: %v, want %v", way, got, states(want))
			}
		}
		for i := range want.Measures {
			var sum Times
			for from := start; from < start.Add(72*time.Hour); {
				piece := in(first)
				piece.From, piece.Until = from, min(from.Add(time.Duration(1+rng.IntN(20*3600))*time.Second), start.Add(72*time.Hour))
				r, err := Compute(piece, ByHour)
				if err != nil {
					t.Fatal(err)
				}
				sum, from = sum.Plus(r.Measures[i].Times), piece.Until
			}
			if sum != want.Measures[i].Times {
				t.Fatalf("%s in pieces: %+v, want %+v", want.Measures[i].Key, sum, want.Measures[i].Times)
			}
		}
	}
}

// Late readings: what was known before they came stays what it was, to the nanosecond; what is known now is what one knows who got them in time.
func TestLateReadingsReviseAndKeep(t *testing.T) {
	const zone = "Asia/Jakarta"
	agenda := office(t, zone, equipped)
	var definition []byte
	office(t, zone, func(d *rules.Definition) { equipped(d); definition, _ = json.Marshal(d) })
	start := local(t, zone, "2022-03-23 00:00:00")
	co2 := func(clock string, ppm float64) telemetry.Record {
		at := local(t, zone, "2022-03-23 "+clock)
		return telemetry.Record{Kind: telemetry.KindObservation, Site: "office", At: at, Received: at, Observation: telemetry.Observation{Device: "air", Readings: []telemetry.Reading{{Quantity: telemetry.CO2, Value: ppm}}}}
	}
	punctual := []telemetry.Record{co2("09:00:00", 600), co2("09:10:00", 600), co2("09:20:00", 1400), co2("09:30:00", 600), co2("09:40:00", 600), co2("11:00:00", 600)}
	late := slices.Delete(slices.Clone(punctual), 2, 3)
	came := punctual[2]
	came.Received = local(t, zone, "2022-03-23 11:30:00")
	late = append(late, came)
	in := &Input{Site: "office", Terms: []Term{{start, agenda}}, From: start, Until: start.Add(24 * time.Hour), Transitions: judged(t, definition, start, late)}
	now, err := Compute(in, Total)
	if err != nil {
		t.Fatal(err)
	}
	in.Known = came.Received - 1
	then, err := Compute(in, Total)
	if err != nil {
		t.Fatal(err)
	}
	never := &Input{Site: "office", Terms: in.Terms, From: start, Until: came.Received - 1, Transitions: judged(t, definition, start, slices.Delete(slices.Clone(punctual), 2, 3))}
	without, _ := Compute(never, Total)
	if !slices.Equal(states(then), states(without)) {
		t.Errorf("known then: %v, want what was known without the reading: %v", states(then), states(without))
	}
	whole := &Input{Site: "office", Terms: in.Terms, From: start, Until: in.Until, Transitions: judged(t, definition, start, punctual)}
	with, _ := Compute(whole, Total)
	if !slices.Equal(states(now), states(with)) {
		t.Errorf("known now: %v, want what one knows who got it in time: %v", states(now), states(with))
	}
	d := Differences(then, now)
	if len(d) != 1 || d[0].Then != Within || d[0].Now != Breached || d[0].Until.Sub(d[0].From) != 10*time.Minute || in.Transitions[d[0].Change].Told != came.Received {
		t.Errorf("the difference: %+v", d)
	}
}

// BenchmarkMonth adds up a month of ten sites with twenty rules, each with twenty changes a day, by days.
func BenchmarkMonth(b *testing.B) {
	const zone = "Asia/Jakarta"
	agenda := office(b, zone, func(d *rules.Definition) {
		air := d.Protocols[0].Rules[1]
		d.Protocols[0].Rules = nil
		for i := range 20 {
			air.ID = fmt.Sprintf("air-%02d", i)
			d.Protocols[0].Rules = append(d.Protocols[0].Rules, air)
		}
	})
	start := local(b, zone, "2022-03-01 00:00:00")
	in := &Input{Site: "office", Terms: []Term{{1, agenda}}, From: start, Until: start.Add(31 * 24 * time.Hour)}
	rng := rand.New(rand.NewPCG(1, 1))
	for n := range 31 * 20 {
		for i := range 20 {
			at := start.Add(time.Duration(n)*72*time.Minute + time.Duration(rng.IntN(3600))*time.Second)
			in.Transitions = append(in.Transitions, rules.Transition{Site: "office", Rule: fmt.Sprintf("air-%02d", i), Subject: hall, At: at, Told: at, To: rules.Verdict(rng.IntN(3) - 1)})
		}
	}
	for b.Loop() {
		for range 10 {
			if _, err := Compute(in, ByDay); err != nil {
				b.Fatal(err)
			}
		}
	}
}
