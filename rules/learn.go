package rules

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// What counters miss is learned from anchors: between two of them the people who came are those who left and the difference of
// the two, whatever the counters say. Learning happens once a day, some time after the building was verified empty, from the
// facts as they are known then; what is learned holds for what passes from then on.

const (
	// learnDelay is how long after a closing is learned from it, besides the lateness bound: a quarter of an hour is over by then.
	learnDelay = quarter + 2*time.Minute
	// relearned is for how long a closing is learned from anew each day, so that counts that come later count; the day before it is
	// then still known.
	relearned = horizon - 2*24*time.Hour
	// fewPassages are too few to learn from.
	fewPassages = 10 * person
	// mostApart is how many counters of a zone are learned one by one; more of them share one drift.
	mostApart = 8
	// keptClosings is how many closings the history of a counter shows.
	keptClosings = 30
)

// law is what was learned about a zone, as it holds from a time on.
type law struct {
	from     telemetry.Instant
	stay     time.Duration // how long people stay on average; 0: not known
	lags     [4]time.Duration
	restless ppm // the variance of those inside around what their arrivals say, of their number
	scale    ppm // how much more counters miss by chance than their accuracy says
	caution  ppm // by how much deviations are widened
	lever    ppm // the deviation of the drift of all passages together
	drifts   []drift
}

// drift is what a counter misses on average, per passage, going in less going out.
type drift struct {
	device  string // empty: all counters of the zone together
	rate    ppm
	doubted bool // it may be mounted the other way
}

// stayQuantiles are how long the first, second, third and fourth quarter of people stay, by the mean: of a gamma distribution of
// shape 3, between those who come for a moment and those who wait their turn.
var stayQuantiles = [4]float64{0.383, 0.721, 1.129, 1.767}

// lawAt is the law of a time; nil: nothing had been learned.
func (z *zoneState) lawAt(t telemetry.Instant) *law {
	for i := len(z.laws) - 1; i >= 0; i-- {
		if z.laws[i].from <= t {
			return &z.laws[i]
		}
	}
	return nil
}

// rate is what the law expects of a counter.
func (l *law) rate(device string, missed ppm) rate {
	chance := missed * l.scale / 1e6
	r := rate{from: l.from, share: shareMissed(float64(chance) / 1e6)}
	r.chance = ppm(math.Round(float64(chance) * float64(l.caution) * float64(l.caution) / 1e12))
	if missed > 0 {
		r.lever = l.lever * l.caution / 1e6
	}
	for _, d := range l.drifts {
		if d.device == device || d.device == "" {
			r.drift, r.doubted = d.rate, d.doubted
		}
	}
	return r
}

// learned is what is known of a zone's counters and of those who come, as of a time.
type learned struct {
	until telemetry.Instant // anchors up to here are in it
	last  anchor            // the last of them
	since bool              // there is a last

	closings int
	weight   float64 // closings that scale rests on
	scale    float64 // how much more is missed by chance than the accuracy says

	counters []learnedCounter // in the order of their ids; of one with an empty id where they are too many
	variance []float64        // of their drifts, a square matrix
	lever    float64          // the deviation of the drift of all passages together

	stay       float64 // minutes
	stayWeight float64
	restless   float64
}

// learnedCounter is what is known of one counter in a zone.
type learnedCounter struct {
	id       string
	drift    float64           // people per passage
	doubt    float64           // evidence that it is mounted the other way than taken for
	reversed bool              // as taken for
	turned   telemetry.Instant // when that was learned; 0: it is as configured
	drifting telemetry.Instant // since when it drifts more than its accuracy allows; 0: it does not
	closings []Closing
}

// clone copies all that would be shared.
func (l *learned) clone() learned {
	c := *l
	c.variance = slices.Clone(l.variance)
	c.counters = slices.Clone(l.counters)
	for i := range c.counters {
		c.counters[i].closings = slices.Clone(c.counters[i].closings)
	}
	return c
}

// shared reports whether the zone's counters are learned together.
func (l *learned) shared() bool { return len(l.counters) == 1 && l.counters[0].id == "" }

// missedShare is the share of passages that a counter misses by its configuration.
func (d *deviceState) missedShare() float64 { return float64(d.rate) / 1e6 }

// counting lists the counters at the zone's edge that had counted somebody by a time.
func (z *zoneState) counting(now telemetry.Instant) []*deviceState {
	var all []*deviceState
	for _, d := range z.feeders {
		if len(d.history) > 0 && d.history[0].slot < slotOf(now) {
			all = append(all, d)
		}
	}
	return all
}

// meet makes sure that all counters of the zone are known.
func (l *learned) meet(z *zoneState, counters []*deviceState) {
	if len(counters) > mostApart {
		if !l.shared() {
			var worst float64
			for _, d := range counters {
				worst = max(worst, d.missedShare())
			}
			l.counters = []learnedCounter{{}}
			l.variance = []float64{square(firstDrift * worst)}
			l.weight, l.scale = firstWeight, 1
		}
		return
	}
	if l.shared() {
		l.counters, l.variance = nil, nil
	}
	if l.weight == 0 {
		l.weight, l.scale = firstWeight, 1
	}
	for _, d := range counters {
		i, found := slices.BinarySearchFunc(l.counters, d.counterID(), func(c learnedCounter, id string) int { return strings.Compare(c.id, id) })
		if found {
			continue
		}
		l.counters = slices.Insert(l.counters, i, learnedCounter{id: d.counterID(), reversed: d.reversed(telemetry.Never), drift: d.biasIn(z, telemetry.Never)})
		l.variance = widened(l.variance, len(l.counters)-1, i, square(firstDrift*d.missedShare()))
	}
	for i, c := range slices.Backward(l.counters) {
		if !slices.ContainsFunc(counters, func(d *deviceState) bool { return d.counterID() == c.id }) {
			l.variance = narrowed(l.variance, len(l.counters), i)
			l.counters = slices.Delete(l.counters, i, i+1)
		}
	}
}

// widened inserts a row and column with v on the diagonal into an n × n matrix.
func widened(m []float64, n, at int, v float64) []float64 {
	to := make([]float64, (n+1)*(n+1))
	for i := range n {
		for k := range n {
			to[(i+shiftFrom(i, at))*(n+1)+k+shiftFrom(k, at)] = m[i*n+k]
		}
	}
	to[at*(n+1)+at] = v
	return to
}

func shiftFrom(i, at int) int {
	if i >= at {
		return 1
	}
	return 0
}

// narrowed removes a row and column from an n × n matrix.
func narrowed(m []float64, n, at int) []float64 {
	var to []float64
	for i := range n {
		for k := range n {
			if i != at && k != at {
				to = append(to, m[i*n+k])
			}
		}
	}
	return to
}

func square(v float64) float64 { return float64(v * v) }

// learn learns from the anchors up to now, and puts what it learned in force.
func (e *Engine) learn() {
	now := e.settled()
	for _, z := range e.allZones() {
		counters := z.counting(now)
		if len(counters) == 0 {
			continue
		}
		z.base.meet(z, counters)
		z.base.fold(z, counters, now.Add(-relearned))
		was := z.now.until
		z.now = z.base.clone()
		if z.now.fold(z, counters, now); z.now.until != was || len(z.laws) == 0 {
			z.laws = append(z.laws, z.now.law(e.clock))
		}
		for i := range z.now.counters {
			c := &z.now.counters[i]
			d := counterOf(counters, c.id)
			if d != nil && d.effects[0].zone == z && d.reversed(e.clock) != c.reversed {
				d.mount(e.clock, c.reversed, d.mounting.Swap, false)
			}
		}
	}
	for d := range e.everyDevice() {
		e.attach(d)
	}
	e.learnIntervals()
	e.conserve()
}

// counterOf finds one of some counters; nil: it is none of them, or they are learned of together.
func counterOf(all []*deviceState, id string) *deviceState {
	for _, d := range all {
		if d.counterID() == id {
			return d
		}
	}
	return nil
}

// settled is up to when nothing new can arrive in time, at the border of two quarters: whatever the order of arrival, the same
// is learned from what lies before.
func (e *Engine) settled() telemetry.Instant {
	return telemetry.Instant(slotOf(e.clock.Add(-e.plan.exact())) * int64(quarter))
}

// attach gives a device's effects the rates that were learned.
func (e *Engine) attach(d *deviceState) {
	for i := range d.effects {
		f := &d.effects[i]
		f.rates = append(f.rates[:0], firstRate(d.rateAt(0)))
		next := 0 // of what somebody accepted, which holds from then on with what had been learned
		for k := range f.zone.laws {
			from := f.zone.laws[k].from
			for ; next < len(d.accuracies) && d.accuracies[next].From < from; next++ {
				f.accepted(d, d.accuracies[next].From)
			}
			f.rates = append(f.rates, f.zone.laws[k].rate(d.counterID(), d.rateAt(from)))
		}
		for ; next < len(d.accuracies); next++ {
			f.accepted(d, d.accuracies[next].From)
		}
	}
}

// law is what was learned, as it holds from a time on.
func (l *learned) law(from telemetry.Instant) law {
	x := law{
		from: from, scale: ppm(math.Round(l.scale * 1e6)), caution: ppm(math.Round(caution(l.weight) * 1e6)),
		lever: ppm(math.Round(l.lever * 1e6)), restless: ppm(math.Round(l.restless * 1e6)),
	}
	doubted := false
	for i := range l.counters {
		c := &l.counters[i]
		x.drifts = append(x.drifts, drift{c.id, ppm(math.Round(c.drift * 1e6)), l.closings >= leastToTurn && c.doubt >= someDoubt})
		doubted = doubted || x.drifts[i].doubted
	}
	if l.stayWeight >= leastDays && !doubted { // one that may be mounted the other way does not know who came in
		x.setStay(time.Duration(l.stay * float64(time.Minute)))
	}
	return x
}

func (l *law) setStay(stay time.Duration) {
	l.stay = stay
	for i, q := range stayQuantiles {
		l.lags[i] = min(time.Duration(q*float64(stay)), 24*time.Hour) // what lies further back is no longer known of late data
	}
}

// forgetLearning drops what lies before the time, except what held there.
func (z *zoneState) forgetLearning(before telemetry.Instant) {
	n := 0
	for n+1 < len(z.laws) && z.laws[n+1].from < before {
		n++
	}
	z.laws = append(z.laws[:0], z.laws[n:]...)
	n = 0
	for n < len(z.anchors) && z.anchors[n].at < before {
		n++
	}
	z.anchors = append(z.anchors[:0], z.anchors[n:]...)
}

// fold learns from the anchors in (until, to].
func (l *learned) fold(z *zoneState, counters []*deviceState, to telemetry.Instant) {
	for i := range z.anchors {
		a := &z.anchors[i]
		if a.at <= l.until || a.at > to {
			continue
		}
		if l.since && a.kind == presentAnchor && a.in+a.out-l.last.in-l.last.out < 5*fewPassages {
			continue // an absolute count says more of the passages when there were more of them
		}
		if l.since {
			l.take(z, counters, &l.last, a)
		}
		l.last, l.since, l.until = *a, true, a.at
	}
}

// take learns from what passed between two anchors.
func (l *learned) take(z *zoneState, counters []*deviceState, a, b *anchor) {
	if b.in+b.out-a.in-a.out < fewPassages || z.lossy(a.at, b.at) {
		return
	}
	s := l.sample(z, counters, a, b)
	if s == nil {
		return
	}
	if b.kind == closingAnchor && l.findTurn(z, s) {
		return // evidence about a door is no reason to doubt all others
	}
	l.learnDrift(z, s)
	if b.kind == closingAnchor && a.kind != presentAnchor {
		l.learnStay(z, s)
	}
}

// lossy reports whether a counter lost passages between two times.
func (z *zoneState) lossy(from, to telemetry.Instant) bool {
	for i := range z.outages {
		o := &z.outages[i]
		if !o.lossy || o.to <= from || o.from >= to {
			continue
		}
		part := *o
		part.to = min(part.to, to)
		if m := z.missed(&part, max(part.from, from)); !m.known || m.net != 0 || m.spread != 0 {
			return true
		}
	}
	return false
}

func root(v float64) float64 { return math.Sqrt(max(0, v)) }
