package rules

import (
	"math"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

const (
	leastDays  = 2    // of which the stay must be known before it is used
	mostDays   = 10.0 // that it remembers
	stayStep   = 5 * time.Minute
	mostChange = 4.0 // times: one strange day does not make people restless
)

// learnStay learns how long people stay, and how well their number follows from when they came, from a day between two anchors.
// The balance of the day is bridged: what was missed is spread over the passages.
func (l *learned) learnStay(z *zoneState, s *sample) {
	first := z.line.upTo(s.from.at)
	last := z.line.upTo(s.to.at)
	if first == 0 || last-first < 3 {
		return
	}
	begin := z.line.get(first - 1).v
	arrived := float64(s.to.in - s.from.in)
	passages := float64(s.to.in - s.from.in + s.to.out - s.from.out)
	if arrived < float64(fewPassages)/2 {
		return
	}
	missed := float64(s.residual*float64(person)) - float64(s.share*float64(s.to.in-s.to.out-s.from.in+s.from.out))
	bridged := func(b *balance) float64 {
		net := float64(b.in - b.out - begin.in + begin.out)
		return max(0, float64(s.from.value)+float64(net*(1+s.share))+float64(missed*float64(b.in+b.out-begin.in-begin.out))/passages)
	}
	area := 0.0 // people × minutes, millionths
	for i := first; i < last; i++ {
		e := z.line.get(i - 1)
		area += float64(bridged(&e.v) * z.line.get(i).at.Sub(max(e.at, s.from.at)).Minutes())
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
	for i, next := first, telemetry.Instant(0); i < last; i++ {
		e := z.line.get(i)
		if e.at < next {
			continue
		}
		next = e.at.Add(stayStep)
		if open, _ := z.hours.openAt(e.at); !open {
			continue
		}
		n := bridged(&e.v)
		if n < float64(person)/2 {
			continue
		}
		expected, _ := z.arrived(&x, &e.v, e.at)
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

// stayView is how many minutes people usually stay, to a tenth; 0: not known.
func (l *learned) stayView() float64 {
	if l.stayWeight < leastDays {
		return 0
	}
	return math.Round(l.stay*10) / 10
}
