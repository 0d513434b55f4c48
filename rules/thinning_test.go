package rules

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Finding R3: three distances made a breach of nine minutes; what came an hour later for that time undid all of it.
func TestR3LateReadingRevisesWhatItContradicts(t *testing.T) {
	rule := distancingRule(func(p *Distancing) { p.Density = false })
	rule.Subjects = []string{"hall"}
	r := newRig(t, with(mall(t), rule))
	for _, s := range []struct {
		at string
		m  float64
	}{{"09:00:00", 0.5}, {"09:00:15", 0.4}, {"09:00:30", 0.45}, {"09:09:30", 1.5}, {"10:08:00", 1.5}} {
		r.read("air", "2022-07-04 "+s.at, telemetry.Distance, s.m)
	}
	r.transitions()
	r.late("air", "2022-07-04 08:59:50", "2022-07-04 10:08:30", telemetry.Distance, 1.7) // before all of it
	r.wantTransitions("08:59:50 distance zone/hall unknown>within until 09:00:00")
	r.late("air", "2022-07-04 09:06:00", "2022-07-04 10:09:00", telemetry.Distance, 1.7)
	r.wantTransitions("09:06:00 distance zone/hall breached>within until 09:09:30")
	r.late("air", "2022-07-04 09:00:20", "2022-07-04 10:09:10", telemetry.Distance, 1.7) // between the second and the third
	r.wantTransitions("09:00:30 distance zone/hall breached>within until 09:06:00")
}

// Finding R3, siblings: implausible readings in a row, and a short breach of a plain value.
func TestR3ImplausibleInARow(t *testing.T) {
	r := newRig(t, with(mall(t), feverRule(nil)))
	for _, s := range []struct {
		at  string
		cel float64
	}{{"09:00:00", 36.5}, {"09:01:00", 24}, {"09:01:10", 24.1}, {"09:01:20", 24}, {"09:08:00", 36.4}, {"10:00:00", 36.6}} {
		r.read("thermo", "2022-07-04 "+s.at, body, s.cel)
	}
	r.transitions()
	r.late("thermo", "2022-07-04 09:05:00", "2022-07-04 10:01:00", body, 36.6)
	r.wantTransitions("09:05:00 fever device/thermo unknown>within until 09:08:00")
}

func TestR3ShortBreachStays(t *testing.T) {
	r := newRig(t, with(mall(t), airRule(func(p *Expression) { p.Expr = "co2 > 1000" })))
	for _, s := range []struct {
		at  string
		ppm float64
	}{{"09:00:00", 900}, {"09:10:05", 1200}, {"09:10:40", 900}, {"10:00:00", 900}} {
		r.read("air", "2022-07-04 "+s.at, telemetry.CO2, s.ppm)
	}
	r.transitions()
	r.late("air", "2022-07-04 09:05:00", "2022-07-04 10:01:00", telemetry.CO2, 950)
	r.wantTransitions()
}

// Finding R3: whatever comes late for a time, the verdicts of other times stay. The reading's own window ends with the
// readings after it that a rule counts, or with the slot of the thinned past in which it lies.
func TestR3LateReadingLeavesOtherTimesAlone(t *testing.T) {
	quantities := []struct {
		device   string
		quantity telemetry.Quantity
		value    func(rng *rand.Rand) float64
	}{
		{"air", telemetry.CO2, func(rng *rand.Rand) float64 { return 800 + 400*rng.Float64() }},
		{"air", telemetry.Distance, func(rng *rand.Rand) float64 { return 0.6 + 0.8*rng.Float64() }},
		{"thermo", body, func(rng *rand.Rand) float64 { return []float64{24, 36.5, 36.8, 37.5}[rng.IntN(4)] }},
	}
	d := with(mall(t),
		airRule(func(p *Expression) { p.Expr, p.Value = "co2 > 1000", "co2" }),
		Rule{ID: "long", Kind: "expression", Params: &Expression{SubjectKind: SubjectZone, Expr: "co2 > 1000", Over: 10 * time.Minute, Stale: time.Hour}},
		distancingRule(func(p *Distancing) { p.Density = false }),
		feverRule(func(p *Temperature, _ *Rule) { p.Stale = time.Hour }),
	)
	d.Protocols[0].Rules[2].Subjects = []string{"hall"}
	start := telemetry.InstantOf(time.Date(2022, 7, 4, 8, 0, 0, 0, d.Site.Location.Location))
	seeds(t, 60, func(t *testing.T, rng *rand.Rand) {
		q := quantities[rng.IntN(len(quantities))]
		span := time.Duration(2+rng.IntN(60)) * time.Hour
		end := start.Add(span)
		// Bursts of readings a few seconds apart that stay on one side for a while, as sensors have them.
		var records []telemetry.Record
		v := q.value(rng)
		for at := start; at < end; at = at.Add(time.Duration(1+rng.IntN(40)) * time.Second) {
			if rng.IntN(12) == 0 {
				v = q.value(rng)
			}
			if rng.IntN(60) == 0 {
				at = at.Add(time.Duration(rng.IntN(40)) * time.Minute)
			}
			records = append(records, reading(q.device, at, at, q.quantity, v))
		}
		end = records[len(records)-1].At.Add(time.Minute)
		late := reading(q.device, start.Add(time.Duration(rng.Int64N(int64(end-start)))), end.Add(time.Second), q.quantity, q.value(rng))
		for i := range records {
			records[i].Site = "mpp"
		}
		late.Site = "mpp"
		e, _ := run(t, d, start, end, records)
		paths := func() map[string][]change {
			all := map[string][]change{}
			for _, i := range e.instances {
				all[i.rule] = slices.Clone(i.past)
			}
			return all
		}
		before := paths()
		var out Output
		if err := e.Apply(&late, &out); err != nil {
			t.Fatal(err)
		}
		// The window: three readings on, and what rules make of them, or the slot's end.
		own := late.At
		n := 0
		for _, r := range records {
			if r.At > late.At {
				own = r.At
				if n++; n == 3 {
					break
				}
			}
		}
		if n < 3 {
			own = end // a row that the late one broke is not whole again
		}
		slot := fine
		if end.Sub(late.At) > minuteAge {
			slot = coarse
		}
		own = max(own, late.At.Add(slot))
		reach := map[string]time.Duration{"air": 0, "long": 10 * time.Minute, "distance": 0, "fever": 5 * time.Minute}
		at := func(path []change, t telemetry.Instant) Verdict {
			v := Unknown
			for _, c := range path {
				if c.at <= t {
					v = c.verdict
				}
			}
			return v
		}
		after := paths()
		for rule, path := range after {
			over := false // cases hang together: who makes the second check of one does not make that of another, until none is open
			for x := start; x < end; x = x.Add(5 * time.Second) {
				if x >= late.At && x <= own.Add(reach[rule]) {
					continue
				}
				if rule == "fever" && x > late.At && !over {
					over = at(path, x) != Breached && at(before[rule], x) != Breached
					continue
				}
				if got, want := at(path, x), at(before[rule], x); got != want {
					t.Fatalf("%s of %s at %v: got %v, want %v as before a late %v for %v", rule, q.quantity, x.In(d.Site.Location.Location), got, want, late.Observation.Readings[0].Value, late.At.In(d.Site.Location.Location))
				}
			}
		}
	})
}

// The past of a sensor that reads all the time stays small, though nothing that matters is forgotten.
func TestR3ThePastIsThinned(t *testing.T) {
	r := newRig(t, with(mall(t), airRule(func(p *Expression) { p.Expr = "co2 > 1000" })))
	start := r.at("2022-07-04 08:00:00")
	for i := range 24 * 3600 / 5 {
		at := start.Add(time.Duration(i) * 5 * time.Second)
		r.apply(reading("air", at, at, telemetry.CO2, 500+i%400))
		r.out.Reset()
	}
	if n := r.engine.deviceByID["air"].kept[0].line.size(); n > 24*60+100 {
		t.Errorf("entries of a day of readings every 5 s: got %d, want about one a minute", n)
	}
}
