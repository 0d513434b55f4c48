package rules

import (
	"math"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// visits is how many people came into the building on one of its days, and how sure that is. Who comes twice counts twice.
type visits struct {
	estimate
	day   telemetry.Instant // when it began
	until telemetry.Instant // when the answer changes next as far as it is known
}

// visitsAt counts those who came in on the day of t, up to t. It needs nothing kept besides what the people inside are found from: the
// sum of all who ever came in is part of each balance.
//
// Counts that were lost leave it unknown for the rest of the day; those that were not are still so many at least.
func (e *Engine) visitsAt(p *plan, t telemetry.Instant) visits {
	day, next := e.dayOf(p, t)
	z := e.building
	v := visits{day: day, until: next}
	at, from := z.line.upTo(t), z.line.upTo(day-1)
	v.until = min(v.until, z.line.next(at))
	came := z.sums(at).less(z.sums(from))
	v.raw = came.in
	v.interval(&came, z.lawAt(t))
	var heard telemetry.Instant
	v.reason, v.detail, heard = e.arrivalsMissed(day, t)
	v.until = min(v.until, heard)
	v.known = v.reason == ""
	return v
}

// arrivalsMissed says why it is not known how many people came into the building from a time to t, and when that changes; an empty reason:
// it is.
func (e *Engine) arrivalsMissed(from, t telemetry.Instant) (r Reason, detail string, until telemetry.Instant) {
	z := e.building
	r, detail, until = z.missedSince(from, t)
	switch {
	case z.heard > t:
		return ReasonNoData, detail, min(until, z.heard)
	case len(z.feeders) == 0 || z.heard == 0:
		return ReasonNoData, detail, until
	case r == "" && e.since > from && e.since > opensBy(e, from):
		// Who came before counting began nobody counted.
		return ReasonUncounted, "", until
	}
	return r, detail, until
}

// dayOf is when the day of t began, and when the next one does.
func (e *Engine) dayOf(p *plan, t telemetry.Instant) (from, until telemetry.Instant) {
	if p == e.plan && t >= e.day && t < e.midnight {
		return e.day, e.midnight
	}
	return p.midnight(p.date(t)), p.nextMidnight(t)
}

// sums is what had been counted at the zone's edge when the i-th entry of its past began (exclusive).
func (z *zoneState) sums(i int) passage {
	if i == 0 {
		return passage{}
	}
	b := &z.line.get(i - 1).v
	return passage{in: b.in, out: b.out, chance: b.chance, lever: b.lever, doubt: b.doubt}
}

func (p passage) less(before passage) passage {
	return passage{in: p.in - before.in, out: p.out - before.out, chance: p.chance - before.chance, lever: p.lever - before.lever, doubt: p.doubt - before.doubt}
}

// interval finds how many came in from what was counted. Counters miss as often by chance as is known of both directions together, and
// more people who come than they invent: see rate.
func (v *visits) interval(came *passage, l *law) {
	passed := came.in + came.out
	if came.in <= 0 || passed <= 0 {
		v.bound()
		return
	}
	part := came.in.number() / passed.number()
	chance, lever := float64(came.chance)*part, float64(came.lever)*part
	// What is missed by chance is widened in the sums, as what rests on few closings is.
	widened := caution(firstWeight)
	if l != nil {
		widened = float64(l.caution) / 1e6
	}
	missed := math.Min(float64(shareOfMisses*chance)/float64(widened*widened), float64(mostShare*float64(came.in)))
	sway := lever + float64(came.doubt)/bothSides
	v.mean = came.in + people(math.Round(missed))
	v.spread = people(math.Round(chance)) + people(math.Round(float64(sway*sway)/float64(person)))
	v.bound()
}

// missedSince says why it is not known at t how many people passed the zone's edge since a time: a counter is silent that should not
// be, or was and has lost what passed. Who is counted all the same came.
func (z *zoneState) missedSince(from, t telemetry.Instant) (r Reason, detail string, until telemetry.Instant) {
	until = telemetry.Never
	for i := len(z.outages) - 1; i >= 0; i-- {
		o := &z.outages[i]
		if o.to <= from {
			break
		}
		since := z.silentFrom(o, 0)
		if o.to <= t {
			// What it did not tell of a time before does not matter.
			if !o.lossy || since >= o.to || z.lostFrom(o, from) >= o.to {
				continue
			}
			if r == "" {
				r, detail = ReasonGap, o.device.id
			}
			continue
		}
		if since > t {
			until = min(until, since)
			continue
		}
		until = min(until, o.to)
		if r == "" || r == ReasonGap {
			r, detail = ReasonSilent, o.device.id
		}
		if o.unseen {
			r, detail = ReasonNoData, o.device.id
		}
	}
	return r, detail, until
}

// lostFrom is from when on an outage loses more since a time than one that is none.
func (z *zoneState) lostFrom(o *outage, from telemetry.Instant) telemetry.Instant {
	if o.from >= from || o.device.pulse == nil {
		return 0
	}
	if o.lost.since != from {
		o.lost.since, o.lost.from = from, openFor(z.hours, from, o.device.pulse.bound)
	}
	return o.lost.from
}
