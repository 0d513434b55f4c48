package rules

import (
	"iter"
	"math"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

const (
	leastDays  = 2    // of which the stay must be known before it is used
	mostDays   = 10.0 // that it remembers
	mostChange = 4.0  // times: one strange day does not make people restless
)

// learnStay learns how long people stay, and how well their number follows from when they came, from a day between two anchors.
// The balance of the day is bridged: what was missed is spread over the passages.
func (l *learned) learnStay(z *zoneState, s *sample) {
	arrived := float64(s.to.in - s.from.in)
	passages := float64(s.to.in - s.from.in + s.to.out - s.from.out)
	if arrived < float64(fewPassages)/2 {
		return
	}
	missed := float64(s.residual*float64(person)) - float64(s.share*float64(s.to.in-s.to.out-s.from.in+s.from.out))
	bridged := func(b *balance) float64 {
		in, out := b.in-s.from.in, b.out-s.from.out
		net := float64(in - out)
		return max(0, float64(s.from.value)+float64(net*(1+s.share))+float64(missed*float64(in+out))/passages)
	}
	area := 0.0 // people × minutes, millionths
	for _, b := range z.borders(s.from.at, s.to.at) {
		area += float64(bridged(b) * coarse.Minutes())
	}
	stay := area / arrived
	if stay < 1 {
		return
	}
	l.stay += float64((stay - l.stay) / (l.stayWeight + 1))
	l.stayWeight = min(l.stayWeight+1, mostDays)

	var x law
	x.setStay(time.Duration(l.stay * float64(time.Minute)))
	var off, inside float64
	open, until := false, telemetry.Instant(0)
	for at, b := range z.borders(s.from.at, s.to.at) {
		if at >= until {
			open, until = z.hours.openAt(at)
		}
		if !open {
			continue
		}
		n := bridged(b)
		if n < float64(person)/2 {
			continue
		}
		expected, _ := z.arrived(&x, b, at, s.from)
		off += square((expected - n) / float64(person))
		inside += max(n/float64(person), 1)
	}
	if inside == 0 {
		return
	}
	restless := off / inside
	if l.restless == 0 {
		l.restless = restless
		return
	}
	l.restless += float64((min(restless, mostChange*l.restless) - l.restless) / l.stayWeight)
}

// borders are the balances before the borders of two slots of the thinned past, after one time up to another, as far as something had
// been counted. Such balances are never thinned out, so that what is learned from them does not depend on what arrived when.
func (z *zoneState) borders(from, to telemetry.Instant) iter.Seq2[telemetry.Instant, *balance] {
	return func(yield func(telemetry.Instant, *balance) bool) {
		at := slotBegin(from) + telemetry.Instant(coarse)
		i := z.line.upTo(at - 1)
		next := z.line.next(i)
		for ; at <= to; at += telemetry.Instant(coarse) {
			for next < at {
				i++
				next = z.line.next(i)
			}
			if i > 0 && !yield(at, &z.line.get(i-1).v) {
				return
			}
		}
	}
}

// stayView is how many minutes people usually stay, to a tenth; 0: not known.
func (l *learned) stayView() float64 {
	if l.stayWeight < leastDays {
		return 0
	}
	return math.Round(l.stay*10) / 10
}
