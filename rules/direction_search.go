package rules

import (
	"cmp"
	"math"
	"slices"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// imbalance is what one day's counts say.
type imbalance struct {
	unheard  string // a counter that was not heard: then nobody can tell
	mute     bool   // it is one that promises no interval and has said nothing since the building opened
	off      bool   // more people left a zone than came
	zone     string
	short    people // by so many, at most at any time of the day
	allowed  people // so many the counters may have missed
	passages people // in all zones, both ways together
	since    telemetry.Instant

	hypothesis hypothesis
	how        string   // door, one_of, both, exchanged, none
	suspects   []string // counters
}

// hypothesis is what would make the counts possible.
type hypothesis struct {
	turned    []string // counters that take in for out
	exchanged [2]string
}

// supposed is a hypothesis by the places of the counters in a book.
type supposed struct {
	turned    [2]int // −1: none
	exchanged [2]int
}

var asTheyAre = supposed{[2]int{-1, -1}, [2]int{-1, -1}}

// dayBook is what the counters said on a day, slot by slot, and of which zones.
type dayBook struct {
	unheard  string
	mute     bool
	passages people
	counters []*deviceState
	ids      []string
	net      [][]people // by counter and slot: in less out, as it is taken to hang
	passed   [][]people // both ways together
	zones    []edgeBook
	people   people
}

// edgeBook is a zone with all doors counted: what its counters mean for it, and what they may miss, slot by slot.
type edgeBook struct {
	id      string
	signs   []people // by counter of the book; 0: it does not lead there
	allowed []people // so many may have left too many by the end of a slot
	doubt   []people // the same, where it is asked whether a hypothesis makes the counts possible
}

// leastMissed is the share of passages that counters are taken to miss at least, whatever their accuracy: one that is a little worse than
// stated overlooks people, and does not hang the wrong way round.
const leastMissed = 0.05

// possibleRest is how many people a hypothesis may leave unexplained besides what counters miss by chance.
const possibleRest = 3 * person

// book collects what was counted in [from, to) of slots.
func (j *directionJudge) book(from, to int64, t telemetry.Instant) *dayBook {
	e, p := j.engine, j.plan
	b := &dayBook{people: people(j.params.People) * person}
	begin, end := telemetry.Instant(from*int64(quarter)), telemetry.Instant(to*int64(quarter))
	opens := p.opensAfter(begin)
	closes := min(end, p.closesAfter(opens))
	steps := int(max(0, to-from))
	mute := ""
	for _, z := range e.allZones() {
		for _, d := range z.edge {
			if closes <= opens || d.messages > 0 || !d.feeds() {
				continue
			}
			// It never spoke: those whom it would have counted leave by other doors.
			if d.pulse == nil {
				mute = cmp.Or(mute, d.id)
			} else {
				b.unheard = cmp.Or(b.unheard, d.id)
			}
		}
		if len(z.feeders) == 0 || z.derived() || e.openDoor(z) != "" {
			continue
		}
		for _, d := range z.feeders {
			if slices.Contains(b.counters, d) {
				continue
			}
			b.counters, b.ids = append(b.counters, d), append(b.ids, d.counterID())
			switch {
			case closes <= opens:
			case d.pulse == nil && !d.countedIn(opens, closes):
				mute = cmp.Or(mute, d.id)
			case b.unheard == "" && !d.countedAll(opens, closes):
				b.unheard = d.id
			}
		}
	}
	if b.unheard == "" && len(b.counters) > 0 && e.deafness.long(opens, closes) {
		b.unheard = b.counters[0].id
	}
	if b.unheard == "" && mute != "" {
		b.unheard, b.mute = mute, true
	}
	if b.unheard != "" {
		return b
	}
	for _, d := range b.counters {
		net, passed := make([]people, steps), make([]people, steps)
		for i := d.history.from(from); i < len(d.history) && d.history[i].slot < to; i++ {
			h := &d.history[i]
			in, out := d.directed(telemetry.Instant(h.slot*int64(quarter)), h.in, h.out)
			net[h.slot-from], passed[h.slot-from] = in-out, in+out
			b.passages += in + out
		}
		b.net, b.passed = append(b.net, net), append(b.passed, passed)
	}
	for _, z := range e.allZones() {
		if len(z.feeders) == 0 || z.derived() || e.openDoor(z) != "" {
			continue
		}
		b.zones = append(b.zones, b.edge(z, steps, t))
	}
	return b
}

// countedAll reports whether the device was heard in all of [from, to), as far as it promises an interval: one that was switched off
// before, or spoke for the first time, has as long as it may be silent to speak.
func (d *deviceState) countedAll(from, to telemetry.Instant) bool {
	if d.pulse == nil {
		return true
	}
	for i := len(d.pulse.gaps) - 1; i >= 0; i-- {
		g := &d.pulse.gaps[i]
		if g.to <= from {
			break
		}
		begin := g.silent
		if g.unseen || g.from < from {
			begin = max(begin, from.Add(d.pulse.bound))
		}
		if begin < min(g.to, to) {
			return false
		}
	}
	return to < from.Add(d.pulse.bound) || !d.silent(to)
}

// countedIn reports whether the device said a count in [from, to), in whole quarters of an hour: of one that promises no interval nobody
// knows otherwise that it is alive.
func (d *deviceState) countedIn(from, to telemetry.Instant) bool {
	i := d.history.from(slotOf(from))
	return i < len(d.history) && telemetry.Instant(d.history[i].slot*int64(quarter)) < to
}

// edge adds up what a zone's counters may miss: in one direction alone at worst, for what is not possible; as far as chance goes and half of
// it in one direction, for what is.
func (b *dayBook) edge(z *zoneState, steps int, t telemetry.Instant) edgeBook {
	x := edgeBook{id: z.id, signs: make([]people, len(b.counters)), allowed: make([]people, steps), doubt: make([]people, steps)}
	missed := make([]float64, len(b.counters))
	for k, d := range b.counters {
		x.signs[k], missed[k] = d.signIn(z), float64(d.rateAt(t))/1e6
	}
	sum, worst := 0.0, 0.0
	for s := range steps {
		for k := range b.counters {
			if n := b.passed[k][s].number(); x.signs[k] != 0 {
				sum += float64(missed[k] * n)
				worst += float64(max(missed[k], leastMissed) * n)
			}
		}
		x.allowed[s] = b.people + people(math.Round(worst*float64(person)))
		x.doubt[s] = min(x.allowed[s], possibleRest+people(math.Round((float64(firstDrift*sum)+float64(sureOf*root(sum)))*float64(person))))
	}
	return x
}

// lowest walks a zone's balance through the day as a hypothesis would have it. It gives the most by which it goes below what bound
// allows, negative where it never does, with how far below zero it is then.
func (b *dayBook) lowest(z *edgeBook, h supposed, bound []people) (beyond, short people, at int) {
	balance, beyond := people(0), people(math.MinInt64)
	for s := range bound {
		for k, sign := range z.signs {
			if sign == 0 {
				continue
			}
			from := k
			switch k {
			case h.exchanged[0]:
				from = h.exchanged[1]
			case h.exchanged[1]:
				from = h.exchanged[0]
			}
			n := sign * b.net[from][s]
			if k == h.turned[0] || k == h.turned[1] {
				n = -n
			}
			balance += n
		}
		if -balance-bound[s] > beyond {
			beyond, short, at = -balance-bound[s], -balance, s
		}
	}
	return beyond, short, at
}

// explained reports whether the counts of all zones are possible under a hypothesis.
func (b *dayBook) explained(h supposed) bool {
	for i := range b.zones {
		if beyond, _, _ := b.lowest(&b.zones[i], h, b.zones[i].doubt); beyond > 0 {
			return false
		}
	}
	return true
}

// indices are the counters of a hypothesis in the book.
func (b *dayBook) indices(h hypothesis) supposed {
	x := asTheyAre
	for i, id := range h.turned {
		x.turned[i] = slices.Index(b.ids, id)
	}
	if h.exchanged[0] != "" {
		x.exchanged = [2]int{slices.Index(b.ids, h.exchanged[0]), slices.Index(b.ids, h.exchanged[1])}
	}
	return x
}

// possible asks whether the counts of a day are possible, and what would make them so.
func (j *directionJudge) possible(from, to int64, t telemetry.Instant) imbalance {
	b := j.book(from, to, t)
	x := imbalance{unheard: b.unheard, mute: b.mute, passages: b.passages, since: telemetry.Instant(from * int64(quarter)), allowed: b.people}
	most := people(math.MinInt64)
	for i := range b.zones {
		z := &b.zones[i]
		beyond, short, at := b.lowest(z, asTheyAre, z.allowed)
		if beyond > most && len(z.allowed) > 0 {
			most, x.zone, x.short, x.allowed = beyond, z.id, short, z.allowed[at]
		}
		if z.id == "" && most > 0 {
			break // of the building everybody knows what it means
		}
	}
	if x.off = most > 0; x.off {
		j.explain(b, &x)
	}
	return x
}

// explain looks for what would make the counts possible: one counter, else two.
func (j *directionJudge) explain(b *dayBook, x *imbalance) {
	var touched []int // counters of zones that are off
	for i := range b.zones {
		z := &b.zones[i]
		if beyond, _, _ := b.lowest(z, asTheyAre, z.allowed); beyond <= 0 {
			continue
		}
		for k, sign := range z.signs {
			if sign != 0 && !slices.Contains(touched, k) {
				touched = append(touched, k)
			}
		}
	}
	slices.Sort(touched)
	for _, k := range touched {
		if b.explained(supposed{[2]int{k, -1}, asTheyAre.exchanged}) {
			x.suspects = append(x.suspects, b.ids[k])
			x.hypothesis = hypothesis{turned: []string{b.ids[k]}}
		}
	}
	if len(x.suspects) > 0 {
		x.how = "door"
		// One that counted nobody all day is covered, maybe, and those whom it missed left by another door.
		for k, d := range b.passed {
			if !slices.ContainsFunc(d, func(n people) bool { return n > 0 }) && slices.Contains(touched, k) && !slices.Contains(x.suspects, b.ids[k]) {
				x.suspects = append(x.suspects, b.ids[k])
			}
		}
		if len(x.suspects) > 1 {
			x.how, x.hypothesis = "one_of", hypothesis{}
		}
		return
	}
	x.how = "none"
	if len(touched) > mostGraph {
		return
	}
	pairs := 0
	for n, i := range touched {
		for k := range b.counters {
			if k <= i && slices.Contains(touched[:n+1], k) {
				continue // the pair was looked at
			}
			for _, way := range [...]string{"both", "exchanged"} {
				h, is := supposed{[2]int{i, k}, asTheyAre.exchanged}, hypothesis{turned: []string{b.ids[i], b.ids[k]}}
				if way == "exchanged" {
					h, is = supposed{asTheyAre.turned, [2]int{i, k}}, hypothesis{exchanged: [2]string{b.ids[i], b.ids[k]}}
				}
				if !b.explained(h) {
					continue
				}
				pairs++
				x.how, x.hypothesis = way, is
				for _, id := range [...]string{b.ids[i], b.ids[k]} {
					if !slices.Contains(x.suspects, id) {
						x.suspects = append(x.suspects, id)
					}
				}
			}
		}
	}
	if pairs > 1 {
		x.how, x.hypothesis = "one_of", hypothesis{}
	}
}
