package rules

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// What the balance of a zone says is kept as it was known on each day: closings that late counts change are learned from anew, and
// the next day's finding says so.

const (
	// sureOf is how many deviations beyond what is allowed a balance must lie, where the day from which on it is off was looked for.
	sureOf = 2.576
	// leastSince is how many closings the shortest time has that a bias is looked for in.
	leastSince = 5
	// mostGraph is how many counters and zones are looked at together.
	mostGraph = 24
	// anyBias is the deviation of a bias of which nothing is known: of the people who pass.
	anyBias = 0.25
)

// conserved is what was known of the balances from a time on, until the next.
type conserved struct {
	from  telemetry.Instant
	zones []zoneBalance
	doors []doorBalance
	// outer is what came in through the doors that lead outside, less what went out, since counting began, and how many passed them.
	outer, passages people
}

// doorBalance is what was counted at a door since counting began.
type doorBalance struct {
	id    string
	total tally
}

// zoneBalance is what does not add up at the edge of a zone, from a closing on.
type zoneBalance struct {
	zone      string            // empty: the building
	doors     []string          // that lead into or out of it and have a counter
	open      string            // a door of it that has none: then nothing has to add up
	closings  int               // that are known at all
	since     telemetry.Instant // the first that is counted
	last      telemetry.Instant
	counted   int // closings from since on
	passages  float64
	residual  float64 // people who were missed going in, less those going out
	deviation float64 // of residual
	allowed   float64 // people
	off       bool    // it is more than what is allowed, for certain
	suspects  []string
	proposals []proposal // of those suspects that can be told from the others
}

// proposal is what a counter is off by, in people of one passage, give or take a deviation.
type proposal struct {
	id               string
	drift, deviation float64
}

// accuracy is the accuracy that would explain the bias, %, to tenths and rounded down.
func (p *proposal) accuracy() float64 {
	return accuracyOf(math.Abs(p.drift) + float64(bothSides*p.deviation))
}

// accuracyOf is the accuracy whose worst is a share of all passages.
func accuracyOf(share float64) float64 { return math.Floor(1000*max(0.5, 1-share/firstDrift)) / 10 }

func (z *zoneBalance) accuracy() float64 {
	return accuracyOf((math.Abs(z.residual) + float64(bothSides*z.deviation)) / z.passages)
}

// days is how long the time is that is counted, from closing to closing.
func (z *zoneBalance) days() float64 { return 1 + float64(z.last.Sub(z.since))/float64(24*time.Hour) }

// doorOf is what people call the place where a counter hangs, with its own id where others count there too.
func (e *Engine) doorOf(counter string) string {
	for d := range e.everyDevice() {
		switch {
		case d.counterID() != counter:
		case d.door != nil:
			name := cmp.Or(e.plan.door(d.door.id).Name, d.door.id)
			for other := range e.everyDevice() {
				if other != d && other.door == d.door && other.flowFlag {
					return name + " (" + counter + ")"
				}
			}
			return name
		case d.zone != nil:
			return cmp.Or(e.plan.zone(d.zone.id).Name, d.zone.id)
		}
	}
	return counter
}

// beyond is by how much the share that does not add up is above what is allowed, for certain.
func (z *zoneBalance) beyond() float64 {
	return (math.Abs(z.residual) - float64(sureOf*z.deviation) - z.allowed) / max(1, z.passages)
}

func (z *zoneBalance) finding() finding {
	f := finding{
		hasValue: true, hasLimit: true, unit: "%", constraint: "doors",
		value: hundredths(100 * math.Abs(z.residual) / z.passages), err: hundredths(100 * bothSides * z.deviation / z.passages), limit: hundredths(100 * z.allowed / z.passages),
	}
	off := math.Abs(z.residual)
	switch {
	case z.off:
		f.verdict, f.constraint = Breached, "one_of"
		if len(z.suspects) == len(z.proposals) {
			f.constraint = "door"
		}
	case off+float64(bothSides*z.deviation) <= z.allowed:
		f.verdict = Within
	default:
		f.verdict, f.reason = Unknown, ReasonNear
	}
	return f
}

// closed is what was counted from one closing to the next, by all counters of a zone.
type closed struct {
	at       telemetry.Instant
	residual float64   // after what was accepted as known
	by       []float64 // passages by counter
}

// ledger is a zone with its closings.
type ledger struct {
	zone     *zoneState
	counters []*deviceState
	signs    []float64 // of the counters in this zone
	closings []closed
	scale    float64
}

// conserve finds what is known now of all balances.
func (e *Engine) conserve() {
	if len(e.conservers) == 0 {
		return
	}
	c := conserved{from: e.clock}
	books := e.ledgers()
	whole := slices.DeleteFunc(slices.Clone(books), func(l *ledger) bool { return e.openDoor(l.zone) != "" })
	for _, l := range books {
		z := l.balance()
		if z.open = e.openDoor(l.zone); z.off && z.open == "" {
			l.blame(&z, whole)
		}
		c.zones = append(c.zones, z)
	}
	for i, d := range e.doors {
		if d.counted == 0 {
			continue
		}
		c.doors = append(c.doors, doorBalance{d.id, d.total})
		switch def := &e.plan.def.Site.Doors[i]; {
		case def.From == facility.Outside:
			c.outer += d.total.in - d.total.out
		case def.To == facility.Outside:
			c.outer += d.total.out - d.total.in
		default:
			continue
		}
		c.passages += d.total.in + d.total.out
	}
	e.conserved = append(e.conserved, c)
	e.askAllOf(e.conservers, e.clock)
}

// openDoor finds a door into or out of a zone at which nobody counts; empty: there is none, or a counter hangs in the zone itself.
func (e *Engine) openDoor(z *zoneState) string {
	if slices.ContainsFunc(z.feeders, func(d *deviceState) bool { return d.zone == z }) {
		return ""
	}
	for i := range e.plan.def.Site.Doors {
		d := &e.plan.def.Site.Doors[i]
		if slices.Contains(e.behind(d.From), z) == slices.Contains(e.behind(d.To), z) {
			continue
		}
		if !slices.ContainsFunc(z.feeders, func(f *deviceState) bool { return f.door != nil && f.door.id == d.ID }) {
			return d.ID
		}
	}
	return ""
}

// behind lists a side of a door and all it lies in, with the building; nothing for outside.
func (e *Engine) behind(id string) []*zoneState {
	if id == facility.Outside {
		return nil
	}
	return e.around(id)
}

// ledgers are the closings of all zones that are counted. Where the building and a zone have the same counters they are one.
func (e *Engine) ledgers() []*ledger {
	var all []*ledger
	for k, z := range slices.Backward(e.allZones()) {
		l := e.ledger(z)
		if l == nil || k == 0 && slices.ContainsFunc(all, func(other *ledger) bool { return other.sameAs(z) }) {
			continue
		}
		all = append(all, l)
	}
	slices.Reverse(all)
	return all
}

// sameAs reports whether the counters at the edge of a zone are those of the ledger, with the same signs.
func (l *ledger) sameAs(z *zoneState) bool {
	n := 0
	for _, d := range z.feeders {
		if !slices.Contains(l.counters, d) {
			continue
		}
		if float64(d.signIn(z)) != l.signs[slices.Index(l.counters, d)] {
			return false
		}
		n++
	}
	return n == len(l.counters) && len(z.feeders) == n
}

// ledger collects the closings of a zone; nil: there are none.
func (e *Engine) ledger(z *zoneState) *ledger {
	known := &z.now
	if len(known.counters) == 0 || len(z.feeders) == 0 {
		return nil
	}
	l := &ledger{zone: z, scale: known.scale}
	from := telemetry.Instant(0)
	var drifts []float64
	for i := range known.counters {
		if known.shared() {
			break
		}
		d := counterOf(z.feeders, known.counters[i].id)
		if d == nil {
			return nil
		}
		l.counters = append(l.counters, d)
		l.signs = append(l.signs, float64(d.signIn(z)))
		drift := 0.0
		if b, ok := d.biases.At(e.clock); ok {
			from, drift = max(from, b.Since), float64(b.Value*float64(d.signIn(z)))
		}
		drifts = append(drifts, drift)
	}
	if known.shared() {
		l.counters = append(l.counters, z.feeders...)
		for _, d := range z.feeders {
			l.signs = append(l.signs, float64(d.signIn(z)))
		}
	}
	// The closings of a zone are those of all its counters; one that was hung up later has fewer.
	longest := 0
	for i := range known.counters {
		if len(known.counters[i].closings) > len(known.counters[longest].closings) {
			longest = i
		}
	}
	for _, x := range known.counters[longest].closings {
		if x.At < from {
			continue
		}
		one, passed := closed{at: x.At, residual: x.Residual - x.Shared}, 0.0
		for i := range known.counters {
			n := 0.0
			if k, ok := slices.BinarySearchFunc(known.counters[i].closings, x.At, func(c Closing, t telemetry.Instant) int { return cmp.Compare(c.At, t) }); ok {
				n = known.counters[i].closings[k].Passages
			}
			one.by, passed = append(one.by, n), passed+n
			if len(drifts) > 0 {
				one.residual -= float64(drifts[i] * n)
			}
		}
		if passed > 0 {
			l.closings = append(l.closings, one)
		}
	}
	if len(l.closings) == 0 {
		return nil
	}
	return l
}

// missedBy is the share that the i-th column of the ledger may miss by its stated accuracy.
func (l *ledger) missedBy(i int) float64 {
	if len(l.closings[0].by) == len(l.counters) {
		return l.counters[i].missedShare()
	}
	var worst float64
	for _, d := range l.counters {
		worst = max(worst, d.missedShare())
	}
	return worst
}

// sum adds up the closings from one on.
func (l *ledger) sum(from int) (z zoneBalance) {
	var chance, n2, nr, r2 float64
	for _, c := range l.closings[from:] {
		total := 0.0
		for i, n := range c.by {
			missed := l.missedBy(i)
			total += n
			chance += float64(missed * n * l.scale)
			z.allowed += float64(firstDrift * missed * n)
		}
		chance += anchorNoise
		z.passages += total
		z.residual += c.residual
		n2, nr, r2 = n2+square(total), nr+float64(total*c.residual), r2+square(c.residual)
	}
	z.counted = len(l.closings) - from
	z.since = l.closings[from].at
	// As far apart as the closings themselves lie, where that is more than the counters' accuracy and what was learned say.
	if k := float64(z.counted); k > 1 && z.passages > 0 {
		share := z.residual / z.passages
		off := r2 - float64(2*share*nr) + float64(square(share)*n2)
		chance = max(chance, off*k/(k-1))
	}
	z.deviation = root(chance)
	return z
}

// balance finds what does not add up, and since when: the closing from which on it stands out most, if it does at all; else of all.
func (l *ledger) balance() zoneBalance {
	whole := l.sum(0)
	found, most := whole, 0.0
	for from := 0; from+leastSince <= len(l.closings); from++ {
		z := l.sum(from)
		if z.passages <= 0 || z.beyond() <= 0 {
			continue
		}
		if clear := math.Abs(z.residual) / z.deviation; clear > most {
			found, most = z, clear
			found.off = true
		}
	}
	found.zone, found.closings, found.last = l.zone.id, len(l.closings), l.closings[len(l.closings)-1].at
	for _, d := range l.counters {
		if d.door != nil && !slices.Contains(found.doors, d.door.id) {
			found.doors = append(found.doors, d.door.id)
		}
	}
	return found
}
