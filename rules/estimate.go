package rules

import (
	"math"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// The interval of an estimate holds the truth with 90 %. Whole people lie in it or not, so that rounding its ends to the nearest
// would make it too wide; what counters miss is skewed upwards, so the lower end alone is rounded inwards.
const (
	bothSides  = 1.645             // deviations, 5 % on either side
	oneSide    = 1.2               // a little more than 10 % on one side, where the other is what the counts prove
	inwardsLow = 65 * person / 100 // before rounding
)

// estimate is how many people are in a zone, and how sure that is.
type estimate struct {
	persons   people // whole, the most likely; 0 or more
	low, high people // whole, low ≤ persons ≤ high
	raw       people
	anchor    telemetry.Instant
	known     bool
	reason    Reason
	detail    string

	mean      people // before rounding
	spread    people // the whole variance of mean, people²
	reflected people // what the counts prove
}

// err is half of the interval.
func (e *estimate) err() people { return (e.high - e.low) / 2 }

// finding begins a finding about the estimate; an estimate that is not known is not judged.
func (e *estimate) finding() finding {
	f := finding{verdict: Unknown, value: e.persons.number(), err: e.err().number(), unit: "1", reason: e.reason, detail: e.detail}
	f.low, f.high, f.hasRange = e.low.number(), e.high.number(), e.known
	f.hasValue = e.reason != ReasonNoData
	return f
}

// bound finds the interval. It never lies below what the counts prove; where that lifts its upper end, the lower one alone
// has to be right nine times in ten.
func (e *estimate) bound() {
	deviation := math.Sqrt(float64(e.spread)/float64(person)) * float64(person)
	nearest := wholePeopleOf(e.mean)
	e.high = max(nearest, wholePeopleOf(e.mean+people(math.Round(bothSides*deviation))))
	below := bothSides
	if least := (e.reflected + person - 1) / person * person; least > e.high {
		e.high, below = least, oneSide
	}
	e.low = max(0, min(nearest, wholePeopleOf(e.mean-people(math.Round(float64(below*deviation)))+inwardsLow)))
	e.persons = min(max(nearest, e.low), e.high)
}

// wholePeopleOf rounds to whole people.
func wholePeopleOf(p people) people {
	if p < 0 {
		return -wholePeopleOf(-p)
	}
	return (p + person/2) / person * person
}

// estimate gives the people in the zone at t, and when that changes next as far as it is known.
// Several rules ask for the same: while a record settles, when no fact changes, they get the same answer. It is good until the
// zone is asked again.
func (z *zoneState) estimate(t telemetry.Instant) (e *estimate, until telemetry.Instant) {
	last := &z.last
	if round := *z.round; round == 0 || round != last.round || t != last.t {
		last.estimate, last.until = z.guess(t)
		last.bound()
		last.t, last.round = t, round
	}
	return &last.estimate, last.until
}

// answered is the last estimate that somebody asked for.
type answered struct {
	estimate
	t, until telemetry.Instant
	round    uint64
}

// guess is the estimate without its interval.
func (z *zoneState) guess(t telemetry.Instant) (e estimate, until telemetry.Instant) {
	if z.derived() {
		return z.sum(t)
	}
	until = telemetry.Never
	i := z.line.size()
	lost := false
	if last := z.line.last(); last != nil {
		if last.at > t {
			i = z.line.upTo(t)
			until = z.line.get(i).at
		}
		if i > 0 {
			b := &z.line.get(i - 1).v
			if i == z.line.size() {
				b = &last.v
			}
			sway := float64(b.sway)
			e.raw, e.anchor, lost = b.raw(), b.anchor, b.lost
			e.mean, e.reflected, e.spread = b.mean, b.reflected(), b.spread+people(math.Round(float64(sway*sway)/float64(person)))
		}
	}
	if z.heard == 0 || t < z.heard {
		if z.heard != 0 {
			until = min(until, z.heard)
		}
		e.reason = ReasonNoData
	} else if e.anchor == 0 {
		e.reason = ReasonUncounted
	}
	if len(z.outages) > 0 || len(z.blind) > 0 {
		r, detail, next := z.outage(t, e.anchor)
		until = min(until, next)
		if r != "" && (e.reason == "" || e.reason == ReasonUncounted) || r == ReasonNoData {
			e.reason, e.detail = r, detail
		}
	}
	if lost && e.reason == "" && !z.watched(t) {
		e.reason, e.detail = ReasonGap, z.lostBy(t, e.anchor)
	}
	e.known = e.reason == ""
	if e.raw < 0 && e.known {
		e.reason = ReasonNegative // more left than came: somebody was inside before
	}
	return e, until
}

// sum is the guess about a zone without counters of its own.
func (z *zoneState) sum(t telemetry.Instant) (e estimate, until telemetry.Instant) {
	until = telemetry.Never
	e.known = true
	for _, c := range z.children {
		part, next := c.guess(t)
		until = min(until, next)
		e.mean += part.mean
		e.spread += part.spread
		e.reflected += part.reflected
		e.raw += part.raw
		if e.anchor == 0 || part.anchor < e.anchor {
			e.anchor = part.anchor
		}
		if !part.known && (e.known || e.reason == ReasonUncounted) {
			e.known, e.reason, e.detail = false, part.reason, part.detail
		}
		if e.reason == "" {
			e.reason = part.reason
		}
	}
	return e, until
}
