package rules

import (
	"testing"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Finding L4: clocks of a second give different events of one device the same time. Each of them counts.
func TestL4_TwoEventsOfOneDeviceAtOneTimeBothCount(t *testing.T) {
	const at = "2022-07-04 09:00:00"
	d := exact(with(mall(t), capacityRule(nil), feverRule(nil)))
	r := newRig(t, d)
	for range 3 {
		r.read("c-main", at, in, 2, out, 1)
	}
	r.wantPersons("hall", 3)
	if door := r.engine.View().Doors[0]; door.InToday != 6 || door.OutToday != 3 {
		t.Errorf("door: got %v in, %v out, want 6 and 3", door.InToday, door.OutToday)
	}
	r.read("thermo", "2022-07-04 08:59:00", body, 36.5)
	for i, want := range []string{"within", "within", "unknown/implausible"} { // three in a row say that it is broken
		r.read("thermo", at, body, 24)
		if got := r.verdict("fever", "thermo"); got != want {
			t.Errorf("empty scene %d: got %s, want %s", i+1, got, want)
		}
	}
	for range 3 {
		r.read("thermo", at, body, 36.4)
	}
	if door := r.engine.View().Doors[0]; door.Screened != 4 { // an empty scene is nobody
		t.Errorf("screened: got %v, want 4", door.Screened)
	}
	// Of two states at one time the one that came later holds.
	r.read("air", at, telemetry.ContactOpen, 1)
	r.read("air", at, telemetry.ContactOpen, 0)
	for _, v := range r.engine.View().Devices[4].Readings {
		if v.Quantity == telemetry.ContactOpen && v.Value != 0 {
			t.Errorf("a door that opened and closed within a second: got open")
		}
	}
}

// Finding I1: what the engine shows of a device is what it means at its place.
func TestI1_TheEngineShowsCorrectedReadings(t *testing.T) {
	d := exact(with(mall(t), capacityRule(nil), feverRule(nil)))
	d.Site.Devices[0].Swap = true
	d.Site.Devices[3].Offset = 0.7
	r := newRig(t, d)
	r.read("c-main", "2022-07-04 09:00:00", in, 2, out, 9)
	r.read("thermo", "2022-07-04 09:00:00", body, 36.6)
	r.wantVerdict("fever", "thermo", "within") // 37.3 is not above 37.3, whatever binary fractions say
	got := map[telemetry.Quantity]float64{}
	for _, i := range []int{0, 3} {
		for _, v := range r.engine.View().Devices[i].Readings {
			got[v.Quantity] = v.Value
		}
	}
	if got[in] != 9 || got[out] != 2 || got[body] != 37.3 {
		t.Errorf("readings: got %v, want 9 in, 2 out, 37.3 Cel", got)
	}
}
