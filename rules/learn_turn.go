package rules

import (
	"math"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

const (
	leastToTurn   = 5    // closings before a counter is taken for mounted the other way
	doubtStep     = 6.0  // the most that one closing says
	doubtKept     = 0.75 // of the doubt of the closing before
	enoughDoubt   = 8.0  // so that it takes two in a row
	someDoubt     = 5.0  // a closing that says so much says more of how a counter hangs than of what it misses
	wellExplained = 3.0
	mostSurprise  = 40.0 // squared deviations, beyond which one explanation is as bad as another
)

// findTurn asks whether a counter is mounted the other way than it is taken for: whether the closing, and the lowest balance of
// the day, and how long people stayed, would be explained better. A day that nothing explains well says nothing. Doubt adds up over closings that follow each
// other; enough turns the counter. It reports whether the closing says
// more of how a counter is mounted than of what it misses.
func (l *learned) findTurn(z *zoneState, s *sample) bool {
	if l.shared() {
		return false
	}
	expected, variance := l.expected(s)
	surprise := func(turned int) float64 {
		off := s.residual - expected
		if turned >= 0 {
			off += float64(2 * s.net[turned])
		}
		day := l.course(z, s, turned)
		return (min(square(off)/variance, mostSurprise) + min(square(day.lowest())/variance, mostSurprise) + l.strange(z, s, &day)) / 2
	}
	now := surprise(-1)
	best, least, contested := -1, 0.0, false
	for i := range l.counters {
		c := &l.counters[i]
		turned := surprise(i)
		better := now - turned
		if better > 0 && turned > wellExplained {
			better = 0 // a day that nothing explains
		}
		c.doubt = float64(doubtKept*max(0, c.doubt)) + max(-doubtStep, min(doubtStep, better))
		contested = contested || l.closings >= leastToTurn && better > someDoubt
		if l.closings >= leastToTurn && c.doubt > enoughDoubt && (best < 0 || c.doubt > l.counters[best].doubt || c.doubt == l.counters[best].doubt && turned < least) {
			best, least = i, turned
		}
	}
	if best < 0 {
		return contested
	}
	for i := range l.counters {
		l.counters[i].doubt = 0
	}
	c := &l.counters[best]
	c.reversed = !c.reversed
	c.turned = s.to.at
	for _, d := range s.counters {
		if d.counterID() == c.id && d.mounting.Swap == c.reversed {
			c.turned = 0
		}
	}
	return true
}

// course is what the counters said between two anchors, in steps of half an hour, if one of them is mounted the other way.
type course struct {
	from     telemetry.Instant // of the first step, at whose end the first values hold
	in, out  []float64         // since the first anchor
	value    float64           // people at the first anchor
	residual float64
}

// courseStep is the length of its steps, in quarters of an hour.
const courseStep = 2

func (l *learned) course(z *zoneState, s *sample, turned int) course {
	c := course{from: telemetry.Instant(slotOf(s.from.at) * int64(quarter)), value: s.from.value.number(), residual: s.residual}
	if turned >= 0 {
		c.residual += float64(2 * s.net[turned])
	}
	steps := int((slotOf(s.to.at) - slotOf(s.from.at) + courseStep - 1) / courseStep)
	c.in, c.out = make([]float64, steps), make([]float64, steps)
	for _, d := range s.counters {
		other := d.signIn(z) < 0
		for i := range l.counters {
			if l.counters[i].id == d.counterID() && l.counters[i].reversed != (i == turned) {
				other = !other
			}
		}
		for i := d.history.from(slotOf(s.from.at)); i < len(d.history); i++ {
			step := int((d.history[i].slot - slotOf(s.from.at)) / courseStep)
			if step >= steps {
				break
			}
			in, out := d.history[i].in.number(), d.history[i].out.number()
			if other {
				in, out = out, in
			}
			c.in[step] += in
			c.out[step] += out
		}
	}
	for i := 1; i < steps; i++ {
		c.in[i] += c.in[i-1]
		c.out[i] += c.out[i-1]
	}
	return c
}

// lowest is the least balance; 0 or less.
func (c *course) lowest() float64 {
	low := 0.0
	for i := range c.in {
		low = min(low, c.value+c.in[i]-c.out[i])
	}
	return low
}

// entered is how many had come in by a time.
func (c *course) entered(t telemetry.Instant) float64 {
	at := t.Sub(c.from).Minutes() / (courseStep * quarter.Minutes())
	i := int(math.Floor(at))
	if at <= 0 || len(c.in) == 0 {
		return 0
	}
	if i >= len(c.in) {
		return c.in[len(c.in)-1]
	}
	before := 0.0
	if i > 0 {
		before = c.in[i-1]
	}
	return before + float64((c.in[i]-before)*(at-float64(i)))
}

// strange is how far the people inside are from what their arrivals and the usual stay say, in squared deviations beyond the usual;
// it is bounded.
func (l *learned) strange(z *zoneState, s *sample, c *course) float64 {
	n := len(c.in)
	if l.stayWeight < leastDays || l.restless <= 0 || n == 0 {
		return 0
	}
	var x law
	x.setStay(time.Duration(l.stay * float64(time.Minute)))
	net, passages := c.in[n-1]-c.out[n-1], c.in[n-1]+c.out[n-1]
	missed := c.residual - float64(s.share*net)
	var off, inside, open float64
	isOpen, until := false, telemetry.Instant(0)
	for i := range n {
		end := c.from.Add(courseStep * quarter * time.Duration(i+1))
		if end > until {
			isOpen, until = z.hours.openAt(end - 1)
		}
		if !isOpen {
			continue
		}
		open += courseStep * quarter.Minutes()
		now := max(0, c.value+float64((c.in[i]-c.out[i])*(1+s.share))+float64(missed*(c.in[i]+c.out[i]))/passages)
		expected := c.in[i]
		for _, lag := range x.lags {
			expected -= c.entered(end.Add(-lag)) / float64(len(x.lags))
		}
		off += square(expected - now)
		inside += max(now, expected, 1)
	}
	if inside == 0 {
		return 0
	}
	return min(open/l.stay*max(0, off/inside/l.restless-2), mostSurprise)
}
