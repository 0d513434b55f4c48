package rules

import (
	"math"
	"slices"
	"sort"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// balance is what is known about the people in a zone from a time on: what was counted, and what follows from it. The sums are
// whole numbers, so that they do not depend on the order in which counts arrive; the estimate follows from the balance before it
// and what passed since, so that a count that comes late redoes it from its time on, up to the next anchor.
type balance struct {
	in, out people // counted into and out of the zone, since counting began
	shift   people // what anchors and corrections made of it: in − out + shift is the balance
	low     people // the least balance since the anchor

	drift  people // what the counters are expected to have missed, since counting began: in less out
	chance people // the variance of what they miss by chance, people²
	lever  people // how far drift is off if the learned rates are off by their deviation
	doubt  people // people who may have passed besides

	mean   people // people inside, most likely
	spread people // the variance of that by chance, people²
	sway   people // its deviation by what is not known of the drift

	anchor telemetry.Instant // when the people were last known; 0: never
	lost   bool              // since then counts were lost, and nobody knows how many are usual
}

// raw is the balance as counted since the anchor.
func (b *balance) raw() people { return b.in - b.out + b.shift }

// reflected is how many people must be inside at least if the counters missed nobody: when more have left than came, those
// who are left over were inside before, and everybody who came in since the lowest point and has not left is inside.
func (b *balance) reflected() people { return b.raw() - min(b.low, 0) }

// doubted is the deviation by people who may have passed besides. It is rounded before the difference of two is taken, so that
// thinning out what lies between them changes nothing.
func (b *balance) doubted() people { return people(math.Round(float64(b.doubt) / bothSides)) }

// passage is what some people who pass a counter mean for a zone.
type passage struct{ in, out, shift, drift, chance, lever, doubt people }

func (b *balance) add(p *passage) {
	b.in += p.in
	b.out += p.out
	b.shift += p.shift
	b.drift += p.drift
	b.chance += p.chance
	b.lever += p.lever
	b.doubt += p.doubt
}

// pass notes what passed at a time. What was before an anchor changes no estimate after it.
func (z *zoneState) pass(t telemetry.Instant, p passage) {
	for i := len(z.anchors) - 1; i >= 0 && z.anchors[i].at >= t; i-- {
		z.anchors[i].in += p.in
		z.anchors[i].out += p.out
	}
	last := z.line.last()
	if last == nil || t > last.at {
		e := entry[balance]{at: t}
		if last != nil {
			e.v = last.v
		}
		e.v.add(&p)
		if last != nil {
			z.follow(last.at, &last.v, t, &e.v)
		} else {
			z.follow(t, &balance{}, t, &e.v)
		}
		e.v.low = min(e.v.low, e.v.raw())
		z.line.add(e)
		return
	}
	i := z.cut(t, false)
	delta := p.in - p.out + p.shift
	before := z.line.get(i).v
	for k, n := i, z.line.size(); k < n; k++ {
		b := &z.line.get(k).v
		b.add(&p)
		if b.anchor >= t {
			b.shift -= delta
		}
	}
	z.redo(i, t, delta, &before)
}

// redo finds the estimates again from the i-th entry on, up to the first anchor at or after t, whose time it gives; Never: there
// is none. delta is by how much the balance of these entries has changed, before what the i-th was.
func (z *zoneState) redo(i int, t telemetry.Instant, delta people, before *balance) (until telemetry.Instant) {
	lowBefore := people(0)
	if i > 0 {
		lowBefore = z.line.get(i - 1).v.low
	}
	for n := z.line.size(); i < n; i++ {
		e := z.line.get(i)
		if e.v.anchor >= t {
			return e.v.anchor
		}
		low := e.v.low
		prev, at := &balance{}, e.at
		if i > 0 {
			p := z.line.get(i - 1)
			prev, at = &p.v, p.at
		}
		if e.v.anchor != prev.anchor {
			// The anchor lies in the same slot of the thinned past: what passed is added to what followed from it.
			prev, at, lowBefore = before, e.at, before.low
		}
		z.follow(at, prev, e.at, &e.v)
		e.v.low = min(prev.low, e.v.raw())
		if low < lowBefore {
			e.v.low = min(e.v.low, low+delta) // the lowest point lies inside the slot
		}
		lowBefore = low
	}
	return telemetry.Never
}

// again finds the estimates anew from a time on, up to the first anchor at or after it, whose time it gives; Never: there is none.
func (z *zoneState) again(from telemetry.Instant) (until telemetry.Instant) {
	i := z.line.upTo(from - 1)
	if i == z.line.size() {
		return telemetry.Never
	}
	before := z.line.get(i).v
	return z.redo(i, from, 0, &before)
}

// correct adds people at a time, as a person says, and what is not known of them: a variance.
func (z *zoneState) correct(t telemetry.Instant, n, spread people) {
	z.pass(t, passage{shift: n, chance: spread})
}

// anchorKind says how people came to be known. The numbers are stored in snapshots.
type anchorKind uint8

const (
	startAnchor   anchorKind = 0 // counting began in a closed building
	closingAnchor anchorKind = 1 // verified empty
	presentAnchor anchorKind = 2 // an absolute count
	countAnchor   anchorKind = 3 // counted by hand
)

// anchor is a time at which the people inside were known.
type anchor struct {
	at      telemetry.Instant
	kind    anchorKind
	value   people
	spread  people // the variance of value, people²
	in, out people // counted until then, since counting began
}

// fix sets the people at a time. Of two anchors at the same time the larger stays, unless replace is set.
func (z *zoneState) fix(a anchor, replace bool) {
	i := z.cut(a.at, true)
	e := z.line.get(i)
	if e.v.anchor == a.at && !replace && a.value <= e.v.mean {
		return
	}
	a.in, a.out = e.v.in, e.v.out
	delta := a.value - e.v.raw()
	was := e.v.anchor
	for k, n := i, z.line.size(); k < n; k++ {
		b := &z.line.get(k).v
		if b.anchor > a.at {
			break
		}
		b.shift += delta
		b.anchor = a.at
	}
	e.v.low, e.v.mean, e.v.spread, e.v.sway, e.v.lost = a.value, a.value, a.spread, 0, false
	z.remember(a)
	// Those after it follow from it.
	lowBefore := a.value
	for k, n := i+1, z.line.size(); k < n; k++ {
		next := z.line.get(k)
		if next.v.anchor != a.at {
			break
		}
		low := next.v.low
		prev := z.line.get(k - 1)
		z.follow(prev.at, &prev.v, next.at, &next.v)
		next.v.low = min(prev.v.low, next.v.raw())
		if low < lowBefore && was == a.at {
			next.v.low = min(next.v.low, low+delta)
		}
		lowBefore = low
	}
}

// remember keeps an anchor for learning; of absolute counts the first of each hour, in whatever order they come.
func (z *zoneState) remember(a anchor) {
	i := len(z.anchors)
	for i > 0 && z.anchors[i-1].at >= a.at {
		i--
	}
	if i < len(z.anchors) && z.anchors[i].at == a.at {
		z.anchors[i] = a
		return
	}
	if a.kind == presentAnchor {
		hour := a.at / telemetry.Instant(time.Hour)
		for k := i - 1; k >= 0 && z.anchors[k].at/telemetry.Instant(time.Hour) == hour; k-- {
			if z.anchors[k].kind == presentAnchor {
				return
			}
		}
		for k := i; k < len(z.anchors) && z.anchors[k].at/telemetry.Instant(time.Hour) == hour; k++ {
			if z.anchors[k].kind == presentAnchor {
				z.anchors = slices.Delete(z.anchors, k, k+1)
				break
			}
		}
	}
	z.anchors = slices.Insert(z.anchors, i, a)
}

// gate is how many deviations the arrivals may be off before they are not believed: everybody goes to lunch at once.
const gate = 3

// memory is for how many stays the arrivals say the same: twice the integral of the autocorrelation of the number inside, (1 + c²) by
// the mean stay where people come independently (the M/G/∞ queue), with c² = ⅓ for the stays of a gamma distribution of shape 3.
const memory = 4.0 / 3

// follow finds the estimate of cur, at a time, from that before it and what passed between. What arrivals tell is asked once in a
// slot of the thinned past, of its first moment: the balances before the borders of slots are never thinned out, so that the same
// is found again however much of what lies between is left.
//
// Explicit conversions keep the compiler from fusing products and sums, so that every machine finds the same.
func (z *zoneState) follow(prevAt telemetry.Instant, prev *balance, at telemetry.Instant, cur *balance) {
	mean, spread, sway := prev.mean, prev.spread, prev.sway
	cur.lost = prev.lost
	if border := slotBegin(at); prevAt < border {
		if law := z.lawAt(border); law != nil && law.stay > 0 {
			if gain, off := z.heed(law, prevAt, prev, border); gain > 0 {
				mean += people(math.Round(gain * off))
				spread = people(math.Round(float64(spread) * (1 - gain)))
				sway = people(math.Round(float64(sway) * (1 - gain)))
			}
		}
	}
	mean += cur.raw() - prev.raw() + cur.drift - prev.drift
	spread += cur.chance - prev.chance
	sway += cur.lever - prev.lever
	if cur.doubt != prev.doubt {
		sway += cur.doubted() - prev.doubted()
	}
	if n := len(z.outages); n > 0 && z.outages[n-1].to > prevAt {
		// They are in the order of their ends: a building of a thousand counters has as many.
		for i := sort.Search(n, func(k int) bool { return z.outages[k].to > prevAt }); i < n && z.outages[i].to <= at; i++ {
			o := &z.outages[i]
			if !o.lossy || o.to <= prev.anchor {
				continue
			}
			switch m := z.missed(o, max(o.from, prev.anchor)); {
			case !m.known:
				cur.lost = true
			default:
				mean += m.net
				spread += m.spread
			}
		}
	}
	cur.mean, cur.spread, cur.sway = max(0, mean), max(0, spread), sway
}

// heed is how much what arrivals tell at the border of two slots counts against what is known, 0 to 1, and how far it is off.
func (z *zoneState) heed(law *law, prevAt telemetry.Instant, prev *balance, border telemetry.Instant) (gain, off float64) {
	total := float64(prev.spread) + float64(float64(prev.sway)*float64(prev.sway))/float64(person)
	if total <= 0 {
		return 0, 0
	}
	expected, noise := z.arrived(law, prev, border, &anchor{})
	off = expected - float64(prev.mean)
	if float64(off*off)/float64(person) >= gate*gate*(noise+total) {
		return 0, 0
	}
	alike := float64(law.stay) * memory
	noise = float64(noise*alike) / min(float64(border.Sub(slotBegin(prevAt))), alike)
	return total / (total + noise), off
}

// slotBegin is the first moment of the slot of the thinned past in which t lies.
func slotBegin(t telemetry.Instant) telemetry.Instant { return t - t%telemetry.Instant(coarse) }

// arrived is how many people are inside at the border of two slots by those who came in since an anchor and how long people usually
// stay, and the variance of that at one moment, people². prev is the balance before the border.
func (z *zoneState) arrived(law *law, prev *balance, border telemetry.Instant, since *anchor) (expected, noise float64) {
	var left people
	for _, lag := range law.lags {
		nearest := min(border, slotBegin(border.Add(coarse/2-lag)))
		if nearest <= since.at {
			left += since.in
		} else if i := z.line.upTo(nearest - 1); i > 0 {
			left += z.line.get(i - 1).v.in
		}
	}
	n := float64(prev.in - left/people(len(law.lags)))
	return n, float64(float64(law.restless)*max(n, float64(person))) / 1e6
}

// cut makes sure that a balance begins at t and gives its index. In the thinned past, unless exact is asked, a
// neighbour in the same slot of time stands for it.
func (z *zoneState) cut(t telemetry.Instant, exact bool) int {
	i := z.line.upTo(t)
	if i > 0 && z.line.get(i-1).at == t {
		return i - 1
	}
	var b balance
	if i > 0 {
		b = z.line.get(i - 1).v
	}
	if i > 0 && !exact {
		if slot := telemetry.Instant(z.line.resolution(i)); slot > 0 {
			if next := z.line.get(i); next != nil && next.at/slot == t/slot && (next.v.anchor == b.anchor || next.v.anchor <= t) {
				return i
			}
			if prev := z.line.get(i - 1); prev.at/slot == t/slot && prev.v.anchor < t {
				prev.at = t
				return i - 1
			}
		}
	}
	if i == z.line.size() {
		z.line.add(entry[balance]{t, b})
	} else {
		z.line.insert(i, entry[balance]{t, b})
	}
	return i
}

// same allows thinning, for a balance carries all before it; but the times at which verdicts changed stay, so that judging
// the past again finds the same, and so do those at which a counter that had lost passages spoke again: until the next entry nobody
// would know of the loss.
func (z *zoneState) same(older, _ *entry[balance]) bool {
	for i := len(z.outages) - 1; i >= 0 && z.outages[i].to >= older.at; i-- {
		if z.outages[i].lossy && z.outages[i].to == older.at {
			return false
		}
	}
	for over := z; over != nil && (over == z || over.derived()); over = over.parent {
		for _, i := range over.crowdWatchers {
			if i.changedAt(older.at) {
				return false
			}
		}
	}
	return true
}

// mostDoubt is for how long the past stays exact because a running total may still tell it otherwise.
const mostDoubt = 2 * time.Hour

// age thins the past, except what may still be told otherwise: where in a slot people were is known no more once it is thinned.
func (z *zoneState) age(now telemetry.Instant, exact time.Duration) {
	if doubted := now.Sub(z.doubt); doubted < mostDoubt {
		exact = max(exact, doubted)
	}
	z.line.age(now, exact, z)
}

// weigh finds from when on running totals may still tell otherwise what passed.
func (z *zoneState) weigh() {
	z.doubt = telemetry.Never
	for _, d := range z.feeders {
		z.doubt = min(z.doubt, d.doubt)
	}
}
