package rules

import (
	"slices"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// tellers are the devices at a subject that count what an expression sums, or people, channels included, and notes that it asks.
func (b *bench) tellers(s Subject, mask uint64) []*deviceState {
	all := b.countersOf(s)
	for _, d := range all {
		d.summing |= mask
		d.summers = b.joined(d.summers)
	}
	return all
}

// countersOf are the devices at a subject, and those where people come into it or leave it, channels included.
func (b *bench) countersOf(s Subject) (all []*deviceState) {
	for d := range b.engine.everyDevice() {
		here := s.Kind == SubjectSite
		switch s.Kind {
		case SubjectZone:
			here = d.zone != nil && d.zone.id == s.ID || b.counts(d, s.ID)
		case SubjectDoor:
			here = d.door != nil && d.door.id == s.ID
		case SubjectDevice:
			here = d.id == s.ID
		}
		if here {
			all = append(all, d)
		}
	}
	return all
}

// counts reports whether people who pass a device come into a zone or leave it.
func (b *bench) counts(d *deviceState, zone string) bool {
	return slices.ContainsFunc(d.effects, func(f effect) bool { return f.zone.id == zone })
}

// told finds what is missing of the counts of periods, and gives when that changes: they are summed in whole quarters of an hour.
func (a *activation) told() telemetry.Instant {
	j := a.judge
	now := slotOf(a.t)
	day, _ := a.slots(true)
	for _, q := range [...]telemetry.Quantity{telemetry.VehiclesIn, telemetry.MaskWorn, telemetry.MaskMissing, telemetry.Dispensed, telemetry.MotionCount} {
		if j.sums&maskOf(q) == 0 || a.reason != "" {
			continue
		}
		known := false
		for _, d := range j.tellers {
			if !j.at(d) {
				continue
			}
			_, told := d.summed(q, now, now)
			known = known || told
			from := now - hourSlots
			if j.daySums&maskOf(q) != 0 {
				from = min(from, day)
			}
			switch {
			case told && d.silent(a.t):
				a.reason, a.detail = ReasonSilent, d.id
			case told && a.reason == "" && !d.keptFrom(q, from):
				a.reason, a.detail = ReasonNoData, d.id // what was counted before it was asked for nobody knows
			}
		}
		if !known {
			a.reason, a.detail = ReasonNoData, q.String()
		}
	}
	if j.hourly && a.reason == "" {
		counted := false
		for _, d := range j.tellers {
			if j.zone != nil && d.signIn(j.zone) == 0 || len(d.history) == 0 || d.history[0].slot >= now {
				continue
			}
			counted = true
			switch {
			case d.silent(a.t):
				a.reason, a.detail = ReasonSilent, d.id
			case a.reason == "" && d.since > telemetry.Instant((now-hourSlots)*int64(quarter)):
				a.reason, a.detail = ReasonNoData, d.id
			}
		}
		if !counted {
			a.reason, a.detail = ReasonNoData, ""
		}
	}
	until := telemetry.Instant((now + 1) * int64(quarter))
	for _, d := range j.tellers {
		until = min(until, d.nextSilence(a.t))
	}
	return until
}

// at reports whether a device hangs at the subject itself, and not only where people come into it.
func (j *expressionJudge) at(d *deviceState) bool {
	return j.zone == nil || j.zone.id == "" || d.zone == j.zone
}

// summed is what was counted of a quantity in the last hour, or today, by whole quarters.
func (a *activation) summed(q telemetry.Quantity, today bool) float64 {
	from, to := a.slots(today)
	n := 0.0
	for _, d := range a.judge.tellers {
		if a.judge.at(d) {
			v, _ := d.summed(q, from, to)
			n += v
		}
	}
	return n
}

// slots are the whole quarters of the last hour, or of the day.
func (a *activation) slots(today bool) (from, to int64) {
	to = slotOf(a.t)
	if !today {
		return to - hourSlots, to
	}
	plan, e := a.judge.plan, a.judge.engine
	if plan == e.plan && e.day <= a.t && a.t < e.midnight {
		return slotOf(e.day), to
	}
	return slotOf(plan.midnight(plan.date(a.t))), to
}

// passed are the people who passed in the last whole quarters of an hour: into the zone and out of it, or in and out at the door.
func (a *activation) passed(quarters int64) (in, out people) {
	to := slotOf(a.t)
	from := to - quarters
	for _, d := range a.judge.tellers {
		for i := d.history.from(from); i < len(d.history) && d.history[i].slot < to; i++ {
			b := &d.history[i]
			x, y := d.directed(telemetry.Instant(b.slot*int64(quarter)), b.in, b.out)
			if z := a.judge.zone; z != nil {
				switch d.signIn(z) {
				case 0:
					continue
				case -1:
					x, y = y, x
				}
			}
			in, out = in+x, out+y
		}
	}
	return in, out
}

// near reports whether it cannot be told if there are more people than the limit.
func (a *activation) near() bool {
	return a.est.low.number() <= a.limit && a.limit < a.est.high.number()
}
