package rules

import (
	"slices"

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
}

// healthFacts are all of them.
var healthFacts = [...]fact{
	{name: "devices_silent", kind: &silenceKind},
	{name: "devices_frozen", kind: &frozenKind},
	{name: "devices_clock_off", kind: &clockKind},
	{name: "devices_tampered", kind: &tamperKind},
	{name: "devices_battery_low", kind: &batteryKind},
	{name: "messages_lost", kind: &lostKind, value: func(f *finding) float64 { return f.value }},
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

// facts are the judges of each fact that an expression uses: of the subject's devices. The instance of the bench is asked again when one
// of them would be.
func (b *bench) facts(s Subject, mask factMask) (all [len(healthFacts)][]judge) {
	for i := range healthFacts {
		if mask>>i&1 == 0 {
			continue
		}
		k := healthFacts[i].kind
		of := *b
		of.rule = &Rule{ID: b.rule.ID, Kind: k.name, Params: k.params()}
		for n := range b.plan.def.Site.Devices {
			id := b.plan.def.Site.Devices[n].ID
			d := b.engine.deviceByID[id]
			switch {
			case s.Kind == SubjectZone && !d.hangsIn(s.ID), s.Kind == SubjectDevice && id != s.ID:
				continue
			}
			all[i] = append(all[i], k.judge(&of, Subject{SubjectDevice, id}))
		}
	}
	return all
}

// hangsIn reports whether the device, or a channel of it, hangs in a zone.
func (d *deviceState) hangsIn(zone string) bool {
	in := func(d *deviceState) bool { return d.zone != nil && d.zone.id == zone }
	return in(d) || slices.ContainsFunc(d.parts, in)
}

// known finds the facts of t that the expression uses, and what is missing of them, and gives when that changes. A fact is known when one
// device is not well, or all that can tell are; a device that cannot (it promises no interval, numbers nothing, has no battery) is left out.
func (a *activation) known(t telemetry.Instant) (until telemetry.Instant) {
	until = telemetry.Never
	for i := range a.judge.health {
		if a.judge.facts>>i&1 == 0 {
			continue
		}
		f := &healthFacts[i]
		n, told, reason, detail := 0.0, false, Reason(""), ""
		for _, j := range a.judge.health[i] {
			x, next := j.judge(t, Within)
			until = min(until, next)
			switch {
			case x.verdict == Unknown && (x.reason == ReasonPending || x.reason == ReasonNoLimit):
			case x.verdict == Unknown:
				reason, detail = x.reason, x.detail
			case f.value != nil:
				n, told = max(n, f.value(&x)), true
			case x.verdict == Breached:
				n, told = n+1, true
			default:
				told = true
			}
		}
		a.fact[i] = n
		switch {
		case a.reason != "":
		case reason != "" && (n == 0 || f.value != nil):
			a.reason, a.detail = reason, detail
		case !told:
			a.reason, a.detail = ReasonNoData, f.name
		}
	}
	return until
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
