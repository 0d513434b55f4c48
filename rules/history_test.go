package rules

import (
	"slices"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// What a second implementation (testengine/recompute) found: the history is what follows from all records, whenever they came.

func exactMall(t *testing.T, all ...Rule) *Definition {
	d := mall(t)
	for i := range d.Site.Devices {
		d.Site.Devices[i].Accuracy = 1
	}
	d.Measures = map[string][]telemetry.Quantity{"thermo": {telemetry.BodyTemperature}, "button": {telemetry.Button}}
	for _, id := range []string{"c-main", "c-back", "c-inner"} {
		d.Measures[id] = []telemetry.Quantity{telemetry.PeopleIn, telemetry.PeopleOut}
	}
	return with(d, all...)
}

func hallRule(expr string, set func(*Expression)) Rule {
	p := expressionKind.params().(*Expression)
	p.Expr = expr
	if set != nil {
		set(p)
	}
	return Rule{ID: "air", Kind: "expression", Params: p, Subjects: []string{"hall"}}
}

// A rule that has ended is judged again by late data about its time.
func TestHistory_EndedRuleIsRevisedByLateData(t *testing.T) {
	d := exactMall(t, hallRule("co2 > 1000", nil))
	r := newRig(t, d)
	r.read("air", "2022-07-04 10:00:00", telemetry.CO2, 500)
	r.configure(exactMall(t, capacityRule(nil)), r.at("2022-07-04 11:00:00"))
	r.transitions()
	r.late("air", "2022-07-04 10:30:00", "2022-07-04 11:01:00", telemetry.CO2, 1200)
	r.wantTransitions("10:30:00 air zone/hall within>breached until 11:00:00")
}

// The rooms in a hall are not all that are in it while the hall's own counters have not spoken.
func TestHistory_CounterThatNeverSpokeIsNotNobody(t *testing.T) {
	r := newRig(t, exactMall(t, capacityRule(nil)))
	r.read("c-inner", "2022-07-04 08:30:00", telemetry.PeopleIn, 2, telemetry.PeopleOut, 0)
	r.wantVerdict("capacity", "hall", "unknown/no_data")
	r.read("c-main", "2022-07-04 08:31:00", telemetry.PeopleIn, 5, telemetry.PeopleOut, 0)
	r.wantVerdict("capacity", "hall", "within")
}

// What a counter lost while it was silent is lost when it speaks again, though that message counts nobody.
func TestHistory_LossShowsAtTheFirstMessage(t *testing.T) {
	d := exactMall(t, capacityRule(nil))
	d.Site.Devices[0].Interval = 10 * time.Minute
	r := newRig(t, d)
	for _, at := range []string{"08:00:00", "08:10:00"} {
		r.read("c-main", "2022-07-04 "+at, telemetry.PeopleIn, 1, telemetry.PeopleOut, 0)
	}
	r.read("c-main", "2022-07-04 10:00:00", telemetry.Battery, 50)
	r.wantVerdict("capacity", "hall", "unknown/gap")
}

// Whoever says nothing is left out by any; who is near the limit is not.
func TestHistory_AnyNearCountsForMoreThanSilence(t *testing.T) {
	d := exactMall(t, hallRule("co2 > 1000", func(p *Expression) { p.Of, p.Stale = ofAny, 30*time.Minute }))
	d.Site.Devices = append(d.Site.Devices, facility.Device{ID: "air2", Model: "native", Place: facility.Place{Kind: facility.AtZone, ID: "hall"}, Error: 50})
	r := newRig(t, d)
	r.read("air", "2022-07-04 10:00:00", telemetry.CO2, 500)
	r.read("air2", "2022-07-04 10:40:00", telemetry.CO2, 1020)
	r.wantVerdict("air", "hall", "unknown/near")
}

// A sensor that nobody knew of does not make the time before its first reading unknown.
func TestHistory_SensorCountsFromItsFirstReading(t *testing.T) {
	d := exactMall(t, hallRule("co2 > 1000", nil))
	d.Site.Devices = append(d.Site.Devices, facility.Device{ID: "air2", Model: "native", Place: facility.Place{Kind: facility.AtZone, ID: "hall"}})
	r := newRig(t, d)
	r.read("air", "2022-07-04 10:00:00", telemetry.CO2, 500)
	r.read("air2", "2022-07-04 10:30:00", telemetry.CO2, 500)
	r.transitions()
	r.late("air", "2022-07-04 10:10:00", "2022-07-04 10:31:00", telemetry.CO2, 600)
	r.wantTransitions()
}

// The parts of a zone add up in the past too.
func TestHistory_PartsAddUpInThePast(t *testing.T) {
	d := exactMall(t, capacityRule(func(p *Capacity) { p.Spacing = 0.5 }))
	for _, id := range []string{"cam1", "cam2"} {
		d.Site.Devices = append(d.Site.Devices, facility.Device{ID: id, Model: "native", Place: facility.Place{Kind: facility.AtZone, ID: "waiting"}})
	}
	r := newRig(t, d)
	r.read("cam1", "2022-07-04 10:00:00", telemetry.PeoplePresent, 5)
	r.read("cam2", "2022-07-04 10:01:00", telemetry.PeoplePresent, 5)
	r.read("cam1", "2022-07-04 10:30:00", telemetry.PeoplePresent, 5)
	r.transitions()
	r.late("cam1", "2022-07-04 10:10:00", "2022-07-04 10:31:00", telemetry.PeoplePresent, 18)
	r.wantTransitions("10:10:00 capacity zone/waiting within>breached until 10:30:00")
}

// Deafness without a beginning begins with its record, whenever the last tick was.
func TestHistory_DeafnessBeginsWithItsRecord(t *testing.T) {
	p := silenceKind.params().(*Silence)
	p.After = time.Hour
	r := newRig(t, exactMall(t, Rule{ID: "alive", Kind: "silence", Params: p, Subjects: []string{"air"}}))
	r.read("air", "2022-07-04 10:00:00", telemetry.CO2, 500)
	r.transitions()
	now := r.at("2022-07-04 12:00:00")
	r.apply(telemetry.Record{Kind: telemetry.KindService, At: now, Received: now, Service: &telemetry.Service{Deaf: true}})
	r.wantTransitions("11:00:00 alive device/air within>breached", "12:00:00 alive device/air breached>unknown")
}

// A norm that looks back looks at the hours, and at the people, of that time.
func TestHistory_NormLooksBackAtItsTime(t *testing.T) {
	rule := hallRule("co2 > 1000 && open", func(p *Expression) { p.Over, p.Stale = 30*time.Minute, 5*time.Hour })
	r := newRig(t, exactMall(t, rule))
	r.read("air", "2022-07-04 16:10:00", telemetry.CO2, 1200)
	d := exactMall(t, rule)
	for i := range d.Site.Hours.Weekly {
		d.Site.Hours.Weekly[i][0].Close = clockTime(20, 0)
	}
	r.configure(d, r.at("2022-07-04 17:00:00"))
	r.wantVerdict("air", "hall", "within")
	r.tick("2022-07-04 17:30:00")
	r.wantVerdict("air", "hall", "breached")

	crowded := hallRule("persons > 5.0", func(p *Expression) { p.Over = 30 * time.Minute })
	r = newRig(t, exactMall(t, crowded))
	r.read("c-main", "2022-07-04 09:00:00", telemetry.PeopleIn, 8, telemetry.PeopleOut, 0)
	r.read("c-main", "2022-07-04 09:10:10", telemetry.PeopleIn, 0, telemetry.PeopleOut, 6)
	r.read("c-main", "2022-07-04 09:10:40", telemetry.PeopleIn, 6, telemetry.PeopleOut, 0)
	r.read("c-main", "2022-07-04 09:35:00", telemetry.PeopleIn, 1, telemetry.PeopleOut, 0)
	r.wantVerdict("air", "hall", "within") // they were few for half a minute
}

// An expression takes the limit that was in force at its time.
func TestHistory_LimitOfItsTime(t *testing.T) {
	over := hallRule("persons > limit", nil)
	r := newRig(t, exactMall(t, over, capacityRule(nil)))
	r.read("c-main", "2022-07-04 09:00:00", telemetry.PeopleIn, 8, telemetry.PeopleOut, 0)
	r.configure(exactMall(t, over), r.at("2022-07-04 11:00:00"))
	r.transitions()
	r.late("c-main", "2022-07-04 10:00:00", "2022-07-04 11:01:00", telemetry.PeopleIn, 60, telemetry.PeopleOut, 0)
	if !slices.Contains(r.transitions(), "10:00:00 air zone/hall within>breached until 11:00:00") {
		t.Error("the past was not judged by the limit then in force")
	}
}
