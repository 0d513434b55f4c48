package rules

import (
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Facts about the health of devices are what rules about devices find by their own defaults: an expression that uses one and a rule of
// that kind without parameters say the same.

// fact is one of them.
type fact struct {
	name string // as an expression calls it
	kind *kind
	// value is the number shown, of the worst device; nil: so many devices are not well.
	value func(f *finding) float64
	// tells are the quantities of which one makes a device able to tell, as bits; 0: who the kind is about by itself.
	tells uint64
	// numbered: of those who speak only who numbers its messages can tell.
	numbered bool
}

// healthFacts are all of them.
var healthFacts = [...]fact{
	{name: "devices_silent", kind: &silenceKind},
	{name: "devices_frozen", kind: &frozenKind, tells: 1<<telemetry.Temperature | 1<<telemetry.Humidity | 1<<telemetry.CO2 | 1<<telemetry.Pressure},
	{name: "devices_clock_off", kind: &clockKind},
	{name: "devices_tampered", kind: &tamperKind, tells: 1 << telemetry.Tamper},
	{name: "devices_battery_low", kind: &batteryKind, tells: 1 << telemetry.Battery},
	{name: "messages_lost", kind: &lostKind, value: func(f *finding) float64 { return f.value }, numbered: true},
}

// factMask are facts as bits, by their place in healthFacts.
type factMask uint8

// factOf is the place of a fact by its name; −1: there is none.
func factOf(name string) int {
	return slices.IndexFunc(healthFacts[:], func(f fact) bool { return f.name == name })
}

// keptByFacts is what facts look at of past readings.
func keptByFacts(mask factMask) (all []kept) {
	for i := range healthFacts {
		if k := healthFacts[i].kind; mask>>i&1 == 1 && k.keeps != nil {
			all = append(all, k.keeps(&Rule{Params: k.params()})...)
		}
	}
	return all
}

// factJudge asks about one device.
type factJudge struct {
	judge
	fact   *fact
	device *deviceState
	could  bool // it is known by the configuration that the device can tell
}

// tells reports whether a device that has not told could: by the configuration, or as it has before.
func (j *factJudge) tells(t telemetry.Instant) bool {
	if j.fact.numbered && j.device.health != nil {
		if first := j.device.health.numberedSince(); first != 0 && first <= t {
			return true
		}
		// What speaks and numbers nothing cannot tell what was lost.
		sum := j.device.health.window(t, 24*time.Hour, func(h *healthHour) uint32 { return h.lost })
		return j.could && sum.messages == 0
	}
	return j.could || j.device.known&j.fact.tells != 0
}

// facts are the judges of each fact that an expression uses: of the subject's devices. The instance of the bench is asked again when one
// of them would be.
func (b *bench) facts(s Subject, mask factMask) (all [len(healthFacts)][]factJudge) {
	for i := range healthFacts {
		if mask>>i&1 == 0 {
			continue
		}
		f := &healthFacts[i]
		of := *b
		of.rule = &Rule{ID: b.rule.ID, Kind: f.kind.name, Params: f.kind.params()}
		about := f.kind.subjects(b.plan, of.rule)
		for n := range b.plan.def.Site.Devices {
			id := b.plan.def.Site.Devices[n].ID
			d := b.engine.deviceByID[id]
			switch {
			case s.Kind == SubjectZone && !d.hangsIn(s.ID), s.Kind == SubjectDevice && id != s.ID:
				continue
			}
			j := factJudge{judge: f.kind.judge(&of, Subject{SubjectDevice, id}), fact: f, device: d}
			if f.tells != 0 {
				j.could = n < len(b.plan.measures) && b.plan.measures[n]&f.tells != 0
			} else {
				j.could = slices.Contains(about, Subject{SubjectDevice, id})
			}
			all[i] = append(all[i], j)
		}
	}
	return all
}

// hangsIn reports whether the device, or a channel of it, hangs in a zone.
func (d *deviceState) hangsIn(zone string) bool {
	in := func(d *deviceState) bool { return d.zone != nil && d.zone.id == zone }
	return in(d) || slices.ContainsFunc(d.parts, in)
}

// known finds the facts of t that the expression uses, and what is missing of them, and gives when that changes. A device that cannot tell
// (it promises no interval, numbers nothing, has no battery) is left out; one that could and does not tell may be well or not, so that the
// number is then no more than known between two bounds.
func (a *activation) known(t telemetry.Instant) (until telemetry.Instant) {
	until = telemetry.Never
	combinations := 1
	for i := range a.judge.health {
		if a.judge.facts>>i&1 == 0 {
			continue
		}
		f := &healthFacts[i]
		n, told, unsure, reason, detail := 0.0, false, 0, Reason(""), ""
		for k := range a.judge.health[i] {
			j := &a.judge.health[i][k]
			x, next := j.judge.judge(t, Within)
			until = min(until, next)
			switch {
			case x.verdict == Unknown && x.reason == ReasonNoLimit:
			case x.verdict == Unknown && x.reason == ReasonPending:
				if j.tells(t) {
					unsure++
					reason, detail = ReasonNoData, j.device.id
				}
			case x.verdict == Unknown:
				unsure++
				reason, detail = x.reason, x.detail
			case f.value != nil:
				n, told = max(n, f.value(&x)), true
			case x.verdict == Breached:
				n, told = n+1, true
			default:
				told = true
			}
		}
		a.fact[i], a.unsure[i] = n, unsure
		if unsure > 0 {
			a.missed, a.missedOf = reason, detail
			combinations *= min(unsure+1, mostCombinations+1)
		}
		switch {
		case a.reason != "":
		case unsure > 0 && (!told || f.value != nil || combinations > mostCombinations):
			a.reason, a.detail = reason, detail
		case !told:
			a.reason, a.detail = ReasonNoData, f.name
		}
		combinations = min(combinations, mostCombinations+1)
	}
	return until
}

// mostCombinations is of how many combinations of what facts may be each is tried; where there are more nobody knows.
const mostCombinations = 1 << 10

// eachFact calls yield with each combination of what the facts may be, until it gives false: every whole number between the bounds, for
// an expression may ask for one of them alone.
func (a *activation) eachFact(yield func() bool) {
	a.factsFrom(0, yield)
}

func (a *activation) factsFrom(i int, yield func() bool) bool {
	for i < len(a.unsure) && a.unsure[i] == 0 {
		i++
	}
	if i == len(a.unsure) {
		return yield()
	}
	low := a.fact[i]
	defer func() { a.fact[i] = low }()
	for n := range a.unsure[i] + 1 {
		a.fact[i] = low + float64(n)
		if !a.factsFrom(i+1, yield) {
			return false
		}
	}
	return true
}

// quotaOf is how many visitors may come in a day, by the first rule of the site's protocols that says so, else by the site, and how many of
// those who come are none; 0: as many as will.
func (b *bench) quotaOf() (visitors, staff int) {
	for i := range b.plan.def.Protocols {
		protocol := &b.plan.def.Protocols[i]
		if !b.plan.applies(protocol) {
			continue
		}
		for k := range protocol.Rules {
			if p, ok := protocol.Rules[k].Params.(*Quota); ok && p.of(b.plan) > 0 {
				return p.of(b.plan), p.Staff
			}
		}
	}
	return b.plan.def.Site.Quota, 0
}

// visitorsLeft finds how many visitors may still come today, and gives when that changes.
func (a *activation) visitorsLeft(t telemetry.Instant) telemetry.Instant {
	j := a.judge
	if j.quota == 0 {
		if a.reason == "" {
			a.reason = ReasonNoLimit
		}
		return telemetry.Never
	}
	v := j.engine.visitsAt(j.plan, t)
	v.excuse(j.staff)
	left := func(came people) float64 { return max(0, float64(j.quota)-came.number()) }
	a.left, a.leftLow, a.leftHigh = left(v.persons), left(v.high), left(v.low)
	if !v.known && a.reason == "" {
		a.reason, a.detail = v.reason, v.detail
	}
	return v.until
}
