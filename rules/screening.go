package rules

import (
	"math"
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Screening finds doors that let people in while their thermometer says nothing that can be a body temperature: it died, it
// looks at the wall, it is out of order. Subjects: the doors that are named, else all that have a thermometer and a counter.
// Until somebody has entered nothing can be said. Who entered unmeasured is not forgotten: enough of them since the last
// credible temperature, or since the opening, are a breach until there is one or the building closes, also while nobody enters.
// Counters speak for the time since their last message: temperatures of one interval (at most 15m) before the window count for the
// people that it counted, and people who are counted within one after the last temperature may have been measured.
type Screening struct {
	// Window is the time that is looked at, in whole minutes. Default 15m.
	Window time.Duration `yaml:"window" json:"window"`
	// People is how many must have entered before it is judged, 1 to 1000. Default 5.
	People int `yaml:"people" json:"people"`
	// Least is the share of those who entered in the window that must at least have a credible temperature, 0 to 1. Default
	// 0.1: whether enough are measured is for another rule, this one asks whether the thermometer works.
	Least float64 `yaml:"least" json:"least"`
}

// Validate checks values.
func (p *Screening) Validate() error {
	var c checks
	c.field(p.Window >= 5*time.Minute && p.Window <= 24*time.Hour && p.Window%time.Minute == 0, "window", "%v: want whole minutes, 5m to 24h", p.Window)
	c.field(p.People >= 1 && p.People <= 1000, "people", "%d: want persons, 1 to 1000", p.People)
	c.field(p.Least >= 0 && p.Least <= 1, "least", "%v: want a share, 0 to 1", p.Least)
	return c.err()
}

var screeningKind = kind{
	name:  "screening",
	class: ClassSensor,
	advice: map[string]string{
		"en": "Measure by hand at this door, and check power, aim and distance of its thermometer.",
		"id": "Ukur suhu secara manual di pintu ini, lalu periksa daya, arah, dan jarak termometernya.",
	},
	params: func() Params { return &Screening{Window: 15 * time.Minute, People: 5, Least: 0.1} },
	subjects: func(p *plan, r *Rule) []Subject {
		return p.allSubjects(SubjectDoor, func(id string) bool { return p.screens(r, id) })
	},
	thermometer: func(p *plan, r *Rule, i int, about func(Subject, bool)) {
		for _, at := range p.def.Site.Devices[i].Places() {
			if at.Kind == facility.AtDoor {
				about(Subject{SubjectDoor, at.ID}, p.screens(r, at.ID))
			}
		}
	},
	judge: func(b *bench, s Subject) judge {
		j := &screeningJudge{params: b.rule.Params.(*Screening), plan: b.plan, door: b.door(s)}
		j.door.timed = true
		j.thermometers, j.devices = b.thermometersAt(s.ID), b.devicesAt(s.ID)
		return j
	},
}

// thermometersAt lists the thermometers at a door, whole devices first, as they stand in the definition.
func (b *bench) thermometersAt(door string) (all []*deviceState) {
	for _, i := range b.plan.atDoor[door] {
		if d := b.engine.deviceByID[b.plan.def.Site.Devices[i].ID]; d != nil && b.plan.thermometers[i] {
			all = append(all, d.hangingAt(&b.plan.def.Site.Devices[i], facility.Place{Kind: facility.AtDoor, ID: door})...)
		}
	}
	slices.SortStableFunc(all, func(a, b *deviceState) int { return a.index - b.index })
	return all
}

// devicesAt lists all devices at a door.
func (b *bench) devicesAt(door string) (all []*deviceState) {
	for _, i := range b.plan.atDoor[door] {
		if d := b.engine.deviceByID[b.plan.def.Site.Devices[i].ID]; d != nil {
			all = append(all, d.hangingAt(&b.plan.def.Site.Devices[i], facility.Place{Kind: facility.AtDoor, ID: door})...)
		}
	}
	return all
}

// screens reports whether a rule looks at a door: it names it, or there is a counter, as far as is known, and a thermometer.
func (p *plan) screens(r *Rule, door string) bool {
	if len(r.Subjects) > 0 {
		return r.names(door)
	}
	var counter, thermometer bool
	for _, i := range p.atDoor[door] {
		known := i < len(p.measures) && p.measures[i] != 0
		counter = counter || known && p.measures[i]&countMask != 0 || !known && !p.thermometers[i]
		thermometer = thermometer || p.thermometers[i]
	}
	return counter && thermometer
}

// hangingAt lists the device and those of its channels that a definition of it has at a place.
func (d *deviceState) hangingAt(def *facility.Device, at facility.Place) []*deviceState {
	var all []*deviceState
	for _, part := range append([]*deviceState{d}, d.parts...) {
		if def.Mounting(part.channel).Place == at {
			all = append(all, part)
		}
	}
	return all
}

type screeningJudge struct {
	params       *Screening
	plan         *plan
	door         *doorState
	thermometers []*deviceState
	devices      []*deviceState // all at the door
}

func (j *screeningJudge) judge(t telemetry.Instant, _ Verdict) (finding, telemetry.Instant) {
	p := j.params
	open, opened, until := j.plan.open(t)
	if !open {
		return unknown(ReasonClosed, ""), until
	}
	// Whole minutes, so that the answer about the past is that of the time itself.
	now := t - t%telemetry.Instant(time.Minute)
	from, lag := now.Add(-p.Window), j.plan.lag(j.devices)
	measured := from.Add(-lag)
	all := j.door.minutes
	end, _ := slices.BinarySearchFunc(all, now, compareMinute)
	if end < len(all) {
		until = min(until, all[end].at.Add(time.Minute))
	}
	if end > 0 && all[end-1].at >= measured.Add(-time.Minute) {
		until = min(until, now.Add(time.Minute))
	}
	// The last credible reading, people since then, and all in the window.
	last, worked, begin := max(opened, 1), false, min(opened, from)
	for i := end - 1; i >= 0 && all[i].at >= begin && !worked; i-- {
		if all[i].credible > 0 {
			last, worked = all[i].at, true
		}
	}
	var entered, credible, implausible, since people
	for i := end - 1; i >= 0 && all[i].at >= min(begin, measured) && (!worked || all[i].at >= min(last, measured)); i-- {
		m := &all[i]
		if m.at >= from {
			entered += m.in
			implausible += people(m.implausible) * person
		}
		if m.at >= measured {
			credible += people(m.credible) * person
		}
		if m.at >= begin && (!worked || m.at > last.Add(lag)) {
			since += m.in
		}
	}
	least := max(1, math.Ceil(p.Least*entered.number()))
	f := finding{verdict: Within, limit: 100 * p.Least, hasLimit: true, unit: "%", constraint: "screening"}
	if entered > 0 {
		f.value, f.hasValue = min(100, 100*credible.number()/entered.number()), true
	}
	f.inputs = []Input{
		{Name: "entered", Value: entered.number(), Unit: "1"}, {Name: "credible", Value: credible.number(), Unit: "1"},
		{Name: "implausible", Value: implausible.number(), Unit: "1"}, {Name: "window", Value: minutes(p.Window), Unit: "min"},
	}
	if lag > 0 {
		f.inputs = append(f.inputs, Input{Name: InputInterval, Value: minutes(lag), Unit: "min"})
	}
	enough := people(p.People) * person
	full := opened == 0 || from >= opened // the window lies within the service
	switch {
	case full && entered >= enough && credible.number() < least, since >= enough && now.Sub(last) >= p.Window:
		f.verdict, f.reason, f.detail = Breached, ReasonSilent, j.thermometer()
		if implausible > 0 {
			f.reason = ReasonImplausible
		}
	case !worked:
		f.verdict, f.reason = Unknown, ReasonIdle
	}
	return f, until
}

// thermometer names the device at the door; empty: there is none.
func (j *screeningJudge) thermometer() string {
	if len(j.thermometers) == 0 {
		return ""
	}
	return j.thermometers[0].id
}

func (j *screeningJudge) evidence(t telemetry.Instant, to []Evidence) []Evidence {
	first := len(to)
	for _, d := range j.thermometers {
		to = d.evidence(t, telemetry.BodyTemperature, to)
	}
	return newestEvidence(to, first)
}
