package rules

import (
	"slices"
	"testing"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// withDevices is the definition with its devices changed.
func withDevices(d *Definition, change func(devices []facility.Device)) *Definition {
	next := *d
	next.Site.Devices = slices.Clone(d.Site.Devices)
	change(next.Site.Devices)
	return &next
}

// A counter that is configured to hang the other way hangs so from then on; what comes later about the time before does not.
func TestSwapHoldsFromItsConfigurationOn(t *testing.T) {
	d := exact(with(mall(t), capacityRule(nil)))
	r := newRig(t, d)
	r.read("c-main", "2022-07-04 09:00:00", in, 10)
	r.configure(withDevices(d, func(devices []facility.Device) { devices[0].Swap = true }), r.at("2022-07-04 10:00:00"))
	r.late("c-main", "2022-07-04 09:30:00", "2022-07-04 10:30:00", in, 5)
	r.wantPersons("hall", 15)
	if door := r.engine.View().Doors[0]; door.InToday != 15 || door.OutToday != 0 {
		t.Errorf("door: got %v in, %v out, want 15 and 0", door.InToday, door.OutToday)
	}
	r.restore()
	r.read("c-main", "2022-07-04 10:40:00", out, 7)
	r.wantPersons("hall", 22)
	r.late("c-main", "2022-07-04 09:40:00", "2022-07-04 10:50:00", in, 1)
	r.wantPersons("hall", 23)
}

// What was learned of how a counter hangs says nothing of the one that replaces it.
func TestReplacedCounterHangsAsConfigured(t *testing.T) {
	d := exact(with(mall(t), capacityRule(nil)))
	r := newRig(t, d)
	r.tick("2022-07-04 09:00:00")
	r.engine.deviceByID["c-main"].mount(r.engine.clock, true, false, false) // as learning does
	r.read("c-main", "2022-07-04 09:10:00", out, 10)
	r.wantPersons("hall", 10)
	r.configure(withDevices(d, func(devices []facility.Device) { devices[1].Address = "another" }), r.at("2022-07-04 09:20:00"))
	r.read("c-main", "2022-07-04 09:30:00", out, 10)
	r.wantPersons("hall", 20) // it was not this one
	r.configure(withDevices(d, func(devices []facility.Device) { devices[0].Address = "another" }), r.at("2022-07-04 10:00:00"))
	r.read("c-main", "2022-07-04 10:10:00", in, 10)
	r.wantPersons("hall", 30)
}

// Of the counts of the people present the newest is the last, whichever arrived last.
func TestAnOlderCountOfThePresentIsNotTheLast(t *testing.T) {
	d := exact(with(mall(t), capacityRule(nil)))
	for _, id := range []string{"cam-a", "cam-b"} {
		d.Site.Devices = append(d.Site.Devices, facility.Device{ID: id, Model: "native", Accuracy: 1, Place: facility.Place{Kind: facility.AtZone, ID: "waiting"}})
	}
	r := newRig(t, d)
	r.read("cam-a", "2022-07-04 09:10:00", telemetry.PeoplePresent, 5)
	r.late("cam-a", "2022-07-04 09:05:00", "2022-07-04 09:10:30", telemetry.PeoplePresent, 9)
	r.wantPersons("waiting", 5)
	r.read("cam-b", "2022-07-04 09:20:00", telemetry.PeoplePresent, 3)
	r.wantPersons("waiting", 8)
}

// Cases of fever at a door are counted by the rule that is in force, not by one that was.
func TestFeversAreCountedByTheRuleInForce(t *testing.T) {
	for _, ids := range [][2]string{{"a", "b"}, {"b", "a"}} {
		d := with(mall(t), feverRule(func(_ *Temperature, rule *Rule) { rule.ID = ids[0] }))
		r := newRig(t, d)
		r.read("thermo", "2022-07-04 09:00:00", body, 36.5)
		next := *d
		next.Protocols = []Protocol{d.Protocols[0]}
		next.Protocols[0].Rules = []Rule{feverRule(func(p *Temperature, rule *Rule) { rule.ID, p.Above = ids[1], 38 })}
		r.configure(&next, r.at("2022-07-04 10:00:00"))
		r.read("thermo", "2022-07-04 10:10:00", body, 37.8)
		if got := r.engine.View().Doors[0].TooWarm; got != 0 {
			t.Errorf("rule %s after %s: got %v cases of 37.8 Cel above 38, want none", ids[1], ids[0], got)
		}
		r.restore()
		r.read("thermo", "2022-07-04 10:20:00", body, 37.8)
		if got := r.engine.View().Doors[0].TooWarm; got != 0 {
			t.Errorf("rule %s after %s and a restart: got %v cases of 37.8 Cel above 38, want none", ids[1], ids[0], got)
		}
	}
}

// Whoever was away for weeks has missed the nights; the newest of them says that the building was empty.
func TestALongAbsenceEndsWithTheLastNight(t *testing.T) {
	d := exact(with(mall(t), capacityRule(nil)))
	r := newRig(t, d)
	r.read("c-main", "2022-07-04 09:00:00", in, 30)
	r.serve("2022-08-20 09:00:00", "2022-07-04 10:00:00", telemetry.Service{})
	r.read("c-main", "2022-08-20 09:01:00", in, 2)
	r.wantPersons("hall", 2)
	if got, want := r.zone("hall").Persons.Anchor, r.at("2022-08-20 00:00:00"); got != want {
		t.Errorf("anchor: got %v, want %v", got, want)
	}
}
