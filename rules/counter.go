package rules

import (
	"math"
	"slices"
	"sort"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// quarter is the length of time in which a counter's counts are kept together: the clocks of all time zones are whole quarters apart.
const quarter = 15 * time.Minute

// bucket is what a counter said in one quarter of an hour, as it said it: before any exchange of directions.
type bucket struct {
	slot     int64 // quarters since 1970
	in, out  people
	messages int
}

// buckets are what a counter said within the horizon, by time. They do not depend on the order of arrival.
type buckets []bucket

func slotOf(t telemetry.Instant) int64 { return int64(t) / int64(quarter) }

// at gives the bucket of a time, making it if there is none.
func (h *buckets) at(t telemetry.Instant) *bucket {
	slot := slotOf(t)
	all := *h
	i := len(all)
	for i > 0 && all[i-1].slot > slot {
		i--
	}
	if i > 0 && all[i-1].slot == slot {
		return &all[i-1]
	}
	all = append(all, bucket{})
	copy(all[i+1:], all[i:])
	all[i] = bucket{slot: slot}
	*h = all
	return &all[i]
}

// from is the index of the first bucket at or after a slot.
func (h buckets) from(slot int64) int {
	return sort.Search(len(h), func(i int) bool { return h[i].slot >= slot })
}

// between sums what was said in [from, to), quarters that lie partly in it by their share.
func (h buckets) between(from, to telemetry.Instant) (in, out people) {
	for i := h.from(slotOf(from)); i < len(h); i++ {
		b := &h[i]
		begin := telemetry.Instant(b.slot * int64(quarter))
		if begin >= to {
			break
		}
		covered := min(to, begin.Add(quarter)).Sub(max(from, begin))
		if covered == quarter {
			in, out = in+b.in, out+b.out
			continue
		}
		in += people(float64(b.in) * float64(covered) / float64(quarter))
		out += people(float64(b.out) * float64(covered) / float64(quarter))
	}
	return in, out
}

// usualDays is how many days before are looked at for what is usual.
const usualDays = 7

// usual is what the counter usually says in [from, to): the mean over the same hours of the days before on which it was heard
// around them. known is of how much of the time it can tell.
func (h buckets) usual(from, to telemetry.Instant) (in, out people, known time.Duration) {
	for t := from; t < to; {
		end := min(to, telemetry.Instant((slotOf(t)+1)*int64(quarter)))
		share := float64(end.Sub(t)) / float64(quarter)
		var i, o people
		days := people(0)
		for day := int64(1); day <= usualDays; day++ {
			slot := slotOf(t) - day*int64(24*time.Hour/quarter)
			k := h.from(slot - 4)
			if k == len(h) || h[k].slot > slot+4 {
				continue // not heard within the hour
			}
			days++
			for ; k < len(h) && h[k].slot <= slot; k++ {
				if h[k].slot == slot {
					i, o = i+h[k].in, o+h[k].out
				}
			}
		}
		if days > 0 {
			known += end.Sub(t)
			in += people(math.Round(float64(i/days) * share))
			out += people(math.Round(float64(o/days) * share))
		}
		t = end
	}
	return in, out, known
}

// forget drops what lies before the time.
func (h *buckets) forget(before telemetry.Instant) {
	if n := h.from(slotOf(before)); n > 0 {
		*h = append((*h)[:0], (*h)[n:]...)
	}
}

// effect is what one person through a door means for a zone.
type effect struct {
	device *deviceState
	zone   *zoneState
	sign   people // +1: in at the door enters the zone; −1: leaves it
	rates  []rate // by from
}

// signIn is +1 where people who go in at the device come into the zone, −1 where they leave it; 0: neither.
func (d *deviceState) signIn(z *zoneState) people {
	for i := range d.effects {
		if d.effects[i].zone == z {
			return d.effects[i].sign
		}
	}
	return 0
}

// rate is what is expected of a counter's mistakes from a time on, in parts per million of the passages it counts.
type rate struct {
	from   telemetry.Instant
	drift  ppm // people it misses going in more than going out
	share  ppm // people it misses in either direction, of those going in that direction
	chance ppm // the variance of what it misses, people²
	lever  ppm // the deviation of drift
	// doubted: it may be mounted the other way. Until a closing has decided, it says nothing of the balance, and both are possible.
	doubted bool
}

// The rates of a counter of which nothing has been learned follow from its accuracy: misses by chance are as frequent as that,
// and the difference between the directions is unknown.
const (
	firstWeight = 2    // closings that the accuracy counts for
	firstDrift  = 0.5  // deviation of the drift, of the share of misses
	firstLever  = 0.35 // the same with two counters that are off independently
	mostShare   = 0.05
	// shareOfMisses is how many more they miss in both directions than chance alone shows: people who walk close together are one
	// to a counter more often than one is two.
	shareOfMisses = 1.25
)

// caution widens what rests on few closings, as Student's distribution does.
func caution(weight float64) float64 { return 1 + (1+2/weight)/weight }

// shareMissed is the share of people that a counter misses in either direction, when the variance of what it misses by chance is
// chance people² a passage.
func shareMissed(chance float64) ppm {
	return ppm(math.Round(1e6 * min(shareOfMisses*chance, mostShare)))
}

func firstRate(missed ppm) rate {
	k := caution(firstWeight)
	return rate{
		share: shareMissed(float64(missed) / 1e6), chance: ppm(math.Round(float64(missed) * k * k)), lever: ppm(math.Round(float64(missed) * firstLever * k)),
	}
}

// reversed reports whether at t in at the counter means out of the zone.
func (f *effect) reversed(t telemetry.Instant) bool { return f.device.reversed(t) != (f.sign < 0) }

// passage is what people who pass mean for the zone. doubt are people who may have passed besides.
func (f *effect) passage(t telemetry.Instant, in, out, doubt people) passage {
	if f.reversed(t) {
		in, out = out, in
	}
	i := len(f.rates) - 1
	for i > 0 && f.rates[i].from > t {
		i--
	}
	r := &f.rates[i]
	n := in + out
	p := passage{in: in, out: out, drift: r.drift.of(n) + r.share.of(in-out), chance: r.chance.of(n), lever: r.lever.of(n), doubt: doubt}
	if r.doubted {
		p.drift -= in - out
		p.lever += in - out // an interval that holds both, with room for what is missed besides
	}
	return p
}

// turn is a way a counter is mounted from a time on, as it was learned or configured anew.
type turn struct {
	from     telemetry.Instant
	reversed bool // what it says is out is in
	stated   bool // by the configuration or a person; else the closings have shown it
}

// mount notes that the counter is mounted a way from now on, as learned or, where that is stated, as a new configuration or a person says;
// was is the way that was configured until then.
func (d *deviceState) mount(now telemetry.Instant, reversed, was, stated bool) {
	if len(d.turns) == 0 {
		d.turns = append(d.turns, turn{1, was, true})
	}
	if last := &d.turns[len(d.turns)-1]; last.reversed != reversed || stated && !last.stated {
		d.turns = append(d.turns, turn{max(1, now), reversed, stated})
	}
}

// reversed reports whether at t what the counter says is out is in: as learned, else as configured.
func (d *deviceState) reversed(t telemetry.Instant) bool {
	for _, way := range slices.Backward(d.turns) {
		if way.from <= t {
			return way.reversed
		}
	}
	return d.mounting.Swap
}

// directed is what the counter says of a time as what it means there.
func (d *deviceState) directed(t telemetry.Instant, in, out people) (people, people) {
	if d.reversed(t) {
		return out, in
	}
	return in, out
}

// forgetCounts drops what lies before the time, except the way the counter was mounted then.
func (d *deviceState) forgetCounts(before telemetry.Instant) {
	d.history.forget(before)
	n := 0
	for n+1 < len(d.turns) && d.turns[n+1].from < before {
		n++
	}
	d.turns = append(d.turns[:0], d.turns[n:]...)
}
