package rules

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

func credibilityRule(change func(*Credibility)) Rule {
	p, _ := NewParams("credibility")
	if change != nil {
		change(p.(*Credibility))
	}
	return Rule{ID: "credible", Kind: "credibility", Params: p}
}

// entrances is the mall with thermometers at both doors and a third in the hall, under rules about temperatures.
func entrances(t testing.TB) *Definition {
	d := screened(t, feverRule(nil), coverageRule(nil), credibilityRule(nil))
	for _, id := range []string{"thermo2", "thermo3"} {
		x := d.Site.Devices[3]
		x.ID, x.Place.ID = id, "back"
		d.Site.Devices = append(d.Site.Devices, x)
		d.Measures[id] = []telemetry.Quantity{body}
	}
	return d
}

// measure lets a device read n people, half a minute apart.
func (r *rig) measure(device, from string, n int, value func(i int) float64) {
	r.t.Helper()
	at := r.at(from)
	for i := range n {
		t := at.Add(time.Duration(i) * 30 * time.Second)
		r.apply(reading(device, t, t, body, value(i)))
	}
}

// well are temperatures as living people have them: 36.0 to 37.1.
func well(i int) float64 { return 36 + float64(i*7%12)/10 }

func TestCredibilityOfThermometers(t *testing.T) {
	for _, tt := range []struct {
		name  string
		value func(i int) float64
		want  string // verdict and what decided
	}{
		{"well", well, "within median"},
		{"too low", func(i int) float64 { return well(i) - 1.5 }, "breached median"},
		{"too high", func(i int) float64 { return well(i)*0 + 37.5 + float64(i%5)/10 }, "breached median"},
		{"one number", func(int) float64 { return 36.5 }, "breached spread"},
		{"two numbers", func(i int) float64 { return 36.5 + float64(i%2)/10 }, "breached spread"},
		{"a third are cold", func(i int) float64 {
			if i%3 == 0 {
				return 34.5
			}
			return well(i)
		}, "breached low_share"},
		{"empty scenes are for another rule", func(i int) float64 {
			if i%3 == 0 {
				return 24
			}
			return well(i)
		}, "within median"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, entrances(t))
			r.tick("2022-07-04 09:00:00")
			r.wantVerdict("credible", "thermo", "unknown/no_data")
			r.measure("thermo", "2022-07-04 09:00:00", 90, tt.value)
			r.wantVerdict("credible", "thermo", "unknown/pending")
			r.tick("2022-07-04 10:00:00")
			x := r.explanation("credible", "thermo")
			if got := r.verdict("credible", "thermo") + " " + x.Constraint; got != tt.want {
				t.Errorf("got %s (%v against %v, %v), want %s", got, x.Value, x.Limit, x.Inputs, tt.want)
			}
			r.tick("2022-07-05 08:00:00") // the day before decides until there is more
			if got := r.verdict("credible", "thermo") + " " + r.explanation("credible", "thermo").Constraint; got != tt.want {
				t.Errorf("on the next morning: got %s, want %s", got, tt.want)
			}
			r.tick("2022-07-06 08:00:00")
			r.wantVerdict("credible", "thermo", "unknown/pending")
		})
	}
}

// "Always 36.x" shows when there are many readings.
func TestAlwaysThirtySix(t *testing.T) {
	r := newRig(t, entrances(t))
	same := func(i int) float64 { return 36 + float64(i*7%10)/10 }
	r.measure("thermo", "2022-07-04 08:00:00", 240, same)
	r.tick("2022-07-04 10:00:00")
	r.wantVerdict("credible", "thermo", "within")
	r.measure("thermo", "2022-07-04 10:00:00", 100, same)
	r.tick("2022-07-04 11:00:00")
	if x := r.explanation("credible", "thermo"); r.verdict("credible", "thermo") != "breached" || x.Constraint != bySameDegree {
		t.Errorf("got %s by %s, want breached by %s", r.verdict("credible", "thermo"), x.Constraint, bySameDegree)
	}
}

// One that reads otherwise than the other doors is named; with two thermometers nobody could say which of them is wrong.
func TestOtherwiseThanTheOtherDoors(t *testing.T) {
	r := newRig(t, entrances(t))
	for i, device := range []string{"thermo", "thermo2", "thermo3"} {
		r.measure(device, "2022-07-04 09:00:00", 60, func(k int) float64 { return well(k) + float64(i/2)*0.8 - 0.2 })
	}
	r.tick("2022-07-04 10:00:00")
	if x := r.explanation("credible", "thermo3"); r.verdict("credible", "thermo3") != "breached" || x.Constraint != byOthers || x.Value != 0.8 {
		t.Errorf("got %s by %s %v, want breached by others, 0.8", r.verdict("credible", "thermo3"), x.Constraint, x.Value)
	}
	r.wantVerdict("credible", "thermo", "within")
}

// What a thermometer reads that is not credible is no evidence, whatever rule looks at it; but who is too warm even by one that reads
// too little is too warm.
func TestIncredibleIsNoEvidence(t *testing.T) {
	r := newRig(t, entrances(t))
	r.measure("thermo", "2022-07-04 09:00:00", 60, func(i int) float64 { return well(i) - 1.5 })
	r.wantVerdict("fever", "thermo", "within")
	r.visit("10:00:00", 20, 20)
	r.wantVerdict("fever", "thermo", "unknown/incredible")
	r.tick("2022-07-04 10:15:00")
	r.wantVerdict("coverage", "main", "unknown/incredible")
	r.read("thermo", "2022-07-04 10:16:00", body, 38.0)
	r.wantVerdict("fever", "thermo", "breached/waiting")
	for _, v := range r.engine.View().Verdicts {
		if v.Rule == "credible" && v.Class != ClassSensor {
			t.Errorf("class: got %s, want sensor", v.Class)
		}
	}
	hotter := newRig(t, entrances(t))
	hotter.measure("thermo", "2022-07-04 09:00:00", 60, func(i int) float64 { return well(i) + 2 })
	hotter.wantVerdict("fever", "thermo", "breached/confirmed")
	hotter.tick("2022-07-04 10:00:00")
	hotter.wantVerdict("fever", "thermo", "unknown/incredible")
}

// Late readings revise what was known of a thermometer, for all who relied on it.
func TestCredibilityIsRevised(t *testing.T) {
	r := newRig(t, entrances(t))
	r.measure("thermo", "2022-07-04 09:00:00", 60, well)
	r.tick("2022-07-04 11:30:00")
	r.wantVerdict("fever", "thermo", "within")
	r.transitions()
	late := r.at("2022-07-04 09:40:00")
	for i := range 70 {
		r.apply(reading("thermo", late.Add(time.Duration(i)*time.Second), r.at("2022-07-04 11:30:00"), body, 34.2))
	}
	r.wantVerdict("credible", "thermo", "breached")
	r.wantVerdict("fever", "thermo", "unknown/incredible")
	found := false
	for _, line := range r.transitions() {
		found = found || line == "10:00:00 fever device/thermo within>unknown until 11:30:00"
	}
	if !found {
		t.Error("the past of the temperatures was not revised")
	}
}

// The kinds about doors find the same whatever the order of arrival, and after a restart at any time.
func TestDoorKindsDoNotDependOnTheOrderOfArrival(t *testing.T) {
	d := entrances(t)
	d.Protocols[0].Rules[2].Params.(*Credibility).Readings = 10
	start := telemetry.InstantOf(time.Date(2022, 7, 4, 7, 0, 0, 0, d.Site.Location.Location))
	seeds(t, 10, func(t *testing.T, rng *rand.Rand) {
		var records []telemetry.Record
		at := start
		bias := map[string]float64{"thermo": 0, "thermo2": 1.2 * rng.Float64(), "thermo3": -1.5 * rng.Float64()}
		for range 1500 {
			at = at.Add(time.Duration(1+rng.IntN(60)) * time.Second)
			device := []string{"thermo", "thermo2", "thermo3", "c-main", "c-main"}[rng.IntN(5)]
			r := reading(device, at, at, body, 35.9+bias[device]+float64(rng.IntN(12))/10)
			if device == "c-main" {
				r = reading(device, at, at, in, rng.IntN(3), out, rng.IntN(3))
			}
			r.Site = "mpp"
			records = append(records, r)
		}
		end := at.Add(10 * time.Minute)
		sorted, _ := run(t, d, start, end, records)
		shuffled, _ := run(t, d, start, end, delayed(rng, records, DefaultLateness))
		if got, want := plain(t, shuffled), plain(t, sorted); got != want {
			t.Errorf("the final state depends on the order of arrival:\n%s", firstDifference(got, want))
		}
		a, b := New("mpp"), New("mpp")
		for i, rec := range append([]telemetry.Record{configRecord(t, d, start)}, records...) {
			rec.Seq = uint64(i + 1)
			if rng.IntN(50) == 0 {
				snap, _ := b.Snapshot()
				b = New("mpp")
				if err := b.Restore(snap); err != nil {
					t.Fatal(err)
				}
			}
			var x, y Output
			if err := a.Apply(&rec, &x); err != nil {
				t.Fatal(err)
			}
			if err := b.Apply(&rec, &y); err != nil {
				t.Fatal(err)
			}
			if got, want := fmt.Sprintf("%+v", y), fmt.Sprintf("%+v", x); got != want {
				t.Fatalf("record %d: outputs differ after a restart:\n%s", i, firstDifference(got, want))
			}
		}
	})
}
