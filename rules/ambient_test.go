package rules

import (
	"testing"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// sunny is the mall with a thermometer that measures right from 16 to 35 °C.
func sunny(t testing.TB, unknown string) *Definition {
	d := mall(t)
	d.Measures = map[string][]telemetry.Quantity{"thermo": {telemetry.BodyTemperature}}
	d.Site.Devices[3].Ambient = &facility.Ambient{Min: 16, Max: 35}
	p, _ := NewParams("credibility")
	p.(*Credibility).AmbientUnknown = unknown
	q, _ := NewParams("temperature")
	return with(d, Rule{ID: "believed", Kind: "credibility", Params: p}, Rule{ID: "fever", Kind: "temperature", Params: q})
}

// TestAmbientWindow: what a thermometer reads in air that its maker excludes is no evidence. The air is what it says itself, else what the
// sensor in the hall does.
func TestAmbientWindow(t *testing.T) {
	r := newRig(t, sunny(t, acceptAmbient))
	check := func(believed, fever string) {
		t.Helper()
		r.wantVerdict("believed", "thermo", believed)
		r.wantVerdict("fever", "thermo", fever)
	}
	r.read("thermo", "2022-07-04 09:00:00", telemetry.BodyTemperature, 36.5)
	check("unknown/pending", "within") // nobody measures the air
	if _, ok := inputOf(r.explanation("believed", "thermo"), InputAmbientUnknown); !ok {
		t.Error("that nobody measures the air is not said")
	}
	r.read("air", "2022-07-04 09:01:00", telemetry.Temperature, 36.2)
	check("breached", "unknown/incredible")
	r.read("thermo", "2022-07-04 09:02:00", telemetry.Temperature, 34.0, telemetry.BodyTemperature, 36.6)
	check("unknown/pending", "within") // it says itself what air it is in
	r.read("thermo", "2022-07-04 09:10:00", telemetry.Temperature, 15.5, telemetry.BodyTemperature, 36.6)
	check("breached", "unknown/incredible")
	if x := r.explanation("believed", "thermo"); x.Constraint != byAmbientLow || x.Value != 15.5 || x.Limit != 16 || x.Bound != AtLeast {
		t.Errorf("got %+v", x)
	}
	r.tick("2022-07-04 09:39:59")
	check("breached", "unknown/incredible")
	r.read("thermo", "2022-07-04 09:39:59", telemetry.BodyTemperature, 36.6)
	r.tick("2022-07-04 09:40:00") // nobody has said for half an hour
	check("unknown/pending", "within")
	// What is told late revises what was said of that time, and raises nothing now.
	r.out.Reset()
	r.late("air", "2022-07-04 09:41:00", "2022-07-04 10:30:00", telemetry.Temperature, 40)
	r.wantVerdict("believed", "thermo", "unknown/pending")
	found := false
	for _, x := range r.out.Transitions {
		if x.Rule == "believed" && x.To == Breached {
			found = found || x.Late && x.At == r.at("2022-07-04 09:41:00") && x.Until == r.at("2022-07-04 10:11:00")
			if !x.Late {
				t.Errorf("news of the past: %+v", x)
			}
		}
	}
	if !found {
		t.Errorf("what was told late revises nothing: %q", r.transitions())
	}

	r = newRig(t, sunny(t, refuseAmbient))
	r.read("thermo", "2022-07-04 09:00:00", telemetry.BodyTemperature, 36.5)
	check("unknown/incredible", "unknown/incredible")
	r.read("air", "2022-07-04 09:01:00", telemetry.Temperature, 30)
	check("unknown/pending", "within")
}
