package rules

import (
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// spot is a place with the devices that count something there: masks, uses of a dispenser, vehicles. What they counted is
// looked at in whole minutes that are over.
type spot struct {
	plan    *plan
	door    *doorState
	zone    *zoneState
	devices []*deviceState
}

// spot gathers who measures one of the quantities at a place, and asks to be asked when they do.
func (b *bench) spot(at facility.Place, mask uint64) spot {
	p := spot{plan: b.plan}
	add := func(d *deviceState) {
		p.devices = append(p.devices, d)
		b.onReadings(Subject{SubjectDevice, d.id}, mask)
	}
	switch at.Kind {
	case facility.AtDoor:
		p.door = b.engine.doorByID[at.ID]
		for _, i := range b.plan.atDoor[at.ID] {
			if d := b.engine.deviceByID[b.plan.def.Site.Devices[i].ID]; d != nil {
				for _, part := range d.hangingAt(&b.plan.def.Site.Devices[i], at) {
					add(part)
				}
			}
		}
	case facility.AtZone:
		p.zone = b.engine.zoneByID[at.ID]
		for _, d := range p.zone.devices {
			add(d)
		}
	}
	return p
}

// placeOf is the place that a subject names.
func placeOf(s Subject) facility.Place {
	if s.Kind == SubjectDoor {
		return facility.Place{Kind: facility.AtDoor, ID: s.ID}
	}
	return facility.Place{Kind: facility.AtZone, ID: s.ID}
}

// spotSubjects lists the doors and zones that a rule names, else those at which one of the quantities is measured.
func (p *plan) spotSubjects(r *Rule, mask uint64) []Subject {
	var all []Subject
	for _, kind := range []SubjectKind{SubjectDoor, SubjectZone} {
		all = append(all, p.allSubjects(kind, func(id string) bool {
			if len(r.Subjects) > 0 {
				return r.names(id)
			}
			return p.measuredAt(placeOf(Subject{kind, id}), mask)
		})...)
	}
	return all
}

// counts is what was counted of a quantity in [from, to).
func (p *spot) counts(q telemetry.Quantity, from, to telemetry.Instant) (n float64) {
	for _, d := range p.devices {
		for _, s := range d.kept {
			if s.quantity != q {
				continue
			}
			for i := s.line.upTo(to-1) - 1; i >= 0; i-- {
				e := s.line.get(i)
				if e.at < from {
					break
				}
				n += e.v.v
			}
		}
	}
	return n
}

// turns is when the counts of a window that ends with the minute before t may be others.
func (p *spot) turns(mask uint64, t telemetry.Instant, window time.Duration) telemetry.Instant {
	now, until := minuteOf(t), telemetry.Never
	for _, d := range p.devices {
		until = min(until, d.nextSilence(t))
		for _, s := range d.kept {
			if maskOf(s.quantity)&mask == 0 {
				continue
			}
			if at := s.line.next(s.line.upTo(now - 1)); at != telemetry.Never {
				until = min(until, minuteOf(at).Add(time.Minute))
			}
			until = min(until, leaves(s.line.next(s.line.upTo(now.Add(-window)-1)), now, window))
		}
	}
	return until
}

// leaves is the end of the minute in which what lies at a time is no longer in the window that ends with a minute; Never: it lies behind.
// Also where the window is no whole number of minutes that is later than now: what is in the window leaves it after now.
func leaves(at, now telemetry.Instant, window time.Duration) telemetry.Instant {
	if at >= now {
		return telemetry.Never
	}
	return minuteOf(at.Add(window)).Add(time.Minute)
}

// quiet is a device that measures one of the quantities and is silent at t; nil: there is none.
func (p *spot) quiet(mask uint64, t telemetry.Instant) *deviceState {
	for _, d := range p.devices {
		promised := d.whole.index < len(p.plan.measures) && p.plan.measures[d.whole.index]&mask != 0
		if (d.known&mask != 0 || promised && d.channel == "" && d.messages == 0) && d.silent(t) {
			return d
		}
	}
	return nil
}

// heard reports whether every device that measures one of the quantities was heard in all of [from, to), as far as it promises that.
func (p *spot) heard(mask uint64, from, to telemetry.Instant) bool {
	for _, d := range p.devices {
		if d.known&mask != 0 && !d.heardAll(from, to) {
			return false
		}
	}
	return true
}

// heardAll reports whether the device was heard in all of [from, to), as far as it promises an interval.
func (d *deviceState) heardAll(from, to telemetry.Instant) bool {
	if d.pulse == nil {
		return true
	}
	for i := len(d.pulse.gaps) - 1; i >= 0; i-- {
		g := &d.pulse.gaps[i]
		if g.to <= from {
			break
		}
		if g.silent < to {
			return false
		}
	}
	return !d.silent(to)
}

// evidence are the newest readings of the quantities.
func (p *spot) evidence(mask uint64, t telemetry.Instant, to []Evidence) []Evidence {
	first := len(to)
	for _, d := range p.devices {
		for _, s := range d.kept {
			if maskOf(s.quantity)&mask == 0 {
				continue
			}
			for i, n := s.line.upTo(t)-1, 0; i >= 0 && n < MaxEvidence/2; i, n = i-1, n+1 {
				to = append(to, s.evidence(s.line.get(i), t))
			}
		}
	}
	return newestEvidence(to, first)
}

// came is how many people were counted into the place in [from, to), how far that may be off as a share, and whether anything
// counts them and was heard.
func (p *spot) came(from, to telemetry.Instant) (n, off float64, counted, heard bool) {
	rate := ppm(0)
	if p.zone != nil {
		for _, d := range p.zone.feeders {
			rate = max(rate, d.rate)
		}
		counted = len(p.zone.feeders) > 0 && !p.zone.derived()
		return max(0, p.zone.cameIn(from, to)).number(), float64(rate) / 1e6, counted, counted && p.zone.seen(from, to)
	}
	heard = true
	for _, d := range p.devices {
		if !p.plan.countsPeople(d) {
			continue
		}
		counted, rate = true, max(rate, d.rate)
		heard = heard && d.heardAll(from, to)
	}
	var in people
	for _, m := range p.door.minutes {
		if m.at >= from && m.at < to {
			in += m.in
		}
	}
	return max(0, in).number(), float64(rate) / 1e6, counted, heard
}

// nextComing is when came may be another.
func (p *spot) nextComing(t telemetry.Instant, window time.Duration) telemetry.Instant {
	now := minuteOf(t)
	if p.zone != nil {
		until := p.zone.nextPassing(t)
		return min(until, leaves(p.zone.line.next(p.zone.line.upTo(now.Add(-window)-1)), now, window))
	}
	until := telemetry.Never
	for _, m := range p.door.minutes {
		if m.at >= now {
			return min(until, m.at.Add(time.Minute))
		}
		if m.at >= now.Add(-window) {
			until = min(until, leaves(m.at, now, window))
		}
	}
	return until
}
