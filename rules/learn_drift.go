package rules

import (
	"math"
)

// How fast what was learned is forgotten.
const (
	driftPerDay = 0.0015 // deviation of a drift's change from one closing to the next
	mostWeight  = 25.0   // closings that the scale remembers
	leastScale  = 0.025
	outlier     = 3.0  // deviations: what is further away counts as that
	anchorNoise = 0.25 // people²: what stands still between the doors
)

// sample is what passed between two anchors, as the counters said.
type sample struct {
	counters []*deviceState
	from, to *anchor
	residual float64   // people who came in and were not counted, less those who left and were not
	passages []float64 // by counter
	net      []float64 // in less out by counter, as it is taken to be mounted
	share    float64   // what is missed in both directions, of the passages
	shared   float64   // the residual that is expected by that
	chance   float64   // variance of the residual by chance at the accuracy, before the scale
	fixed    float64   // variance that has nothing to do with passages
	total    float64   // passages
}

// sample collects what the counters said between two anchors; nil: not enough.
func (l *learned) sample(z *zoneState, counters []*deviceState, a, b *anchor) *sample {
	s := &sample{counters: counters, from: a, to: b, passages: make([]float64, len(l.counters)), net: make([]float64, len(l.counters))}
	counted := (b.in - b.out - a.in + a.out).number()
	for _, d := range counters {
		i := 0
		if !l.shared() {
			for i < len(l.counters) && l.counters[i].id != d.counterID() {
				i++
			}
			if i == len(l.counters) {
				return nil
			}
		}
		in, out := d.history.between(a.at, b.at)
		if d.signIn(z) < 0 {
			in, out = out, in
		}
		applied := d.reversed(b.at)
		taken := applied
		if !l.shared() {
			taken = l.counters[i].reversed
		}
		if taken {
			in, out = out, in
		}
		net, n := (in - out).number(), (in + out).number()
		if applied != taken {
			counted += 2 * net // it was counted the other way
		}
		s.net[i] += net
		s.passages[i] += n
		s.total += n
		s.chance += float64(d.missedShare() * n)
		share := float64(shareMissed(float64(d.missedShare()*l.scale))) / 1e6
		s.share += float64(share * n)
		s.shared += float64(share * net)
	}
	s.residual = (b.value - a.value).number() - counted
	s.fixed = anchorNoise + (a.spread + b.spread).number()
	if s.total <= 0 || s.chance <= 0 {
		return nil // counters that miss nobody have nothing to learn
	}
	s.share /= s.total
	return s
}

// expected is the residual by what was learned, and its variance.
func (l *learned) expected(s *sample) (residual, variance float64) {
	residual = s.shared
	variance = s.fixed + float64(l.scale*s.chance)
	n := len(l.counters)
	for i := range n {
		residual += float64(l.counters[i].drift * s.passages[i])
		for k := range n {
			variance += float64(float64(s.passages[i]*s.passages[k]) * l.variance[i*n+k])
		}
	}
	return residual, variance
}

// learnDrift is a step of a Kalman filter for the drifts, which may change from closing to closing, and one of a forgetting mean
// for the scale. One closing that nothing explains moves both by what three deviations would.
func (l *learned) learnDrift(z *zoneState, s *sample) {
	n := len(l.counters)
	for i := range n {
		if l.variance[i*n+i] > 0 {
			l.variance[i*n+i] += square(driftPerDay)
		}
	}
	expected, variance := l.expected(s)
	deviation := math.Sqrt(variance)
	news := max(-outlier*deviation, min(outlier*deviation, s.residual-expected))
	width := float64(bothSides*caution(l.weight)) * deviation
	along := make([]float64, n)
	for i := range n {
		for k := range n {
			along[i] += float64(l.variance[i*n+k] * s.passages[k])
		}
	}
	for i := range n {
		l.counters[i].drift += float64(along[i] / variance * news)
		for k := range n {
			l.variance[i*n+k] -= float64(along[i] * along[k] / variance)
		}
	}
	part := float64(l.scale*s.chance) / variance
	l.scale += float64(l.scale * part * (float64(news*news)/variance - 1) / (l.weight + 1))
	l.scale = max(l.scale, leastScale)
	l.weight = min(l.weight+1, mostWeight)
	l.closings++
	var lever float64
	for i := range n {
		for k := range n {
			lever += float64(float64(s.passages[i]*s.passages[k]) * l.variance[i*n+k])
		}
	}
	l.lever = root(lever) / s.total
	for i := range n {
		l.counters[i].note(z, s, expected, width, l.variance[i*n+i], i)
	}
}

// note writes a closing into the counter's history and judges its drift.
func (c *learnedCounter) note(z *zoneState, s *sample, expected, width, variance float64, i int) {
	c.closings = append(c.closings, Closing{
		At: s.to.at, Passages: s.passages[i], Residual: hundredths(s.residual), Expected: hundredths(expected), Shared: hundredths(s.shared), HalfWidth: hundredths(width),
		Drift: hundredths(100 * c.drift), Uncertainty: hundredths(100 * bothSides * root(variance)),
	})
	if len(c.closings) > keptClosings {
		c.closings = append(c.closings[:0], c.closings[1:]...)
	}
	allowed, stated := 0.0, 0.0
	for _, d := range s.counters {
		if d.counterID() == c.id || c.id == "" {
			allowed = max(allowed, firstDrift*d.missedShare())
		}
		if d.counterID() == c.id {
			stated = d.biasIn(z, s.to.at)
		}
	}
	switch drift := math.Abs(c.drift - stated); {
	case drift-float64(bothSides*root(variance)) > allowed:
		if c.drifting == 0 {
			c.drifting = s.to.at
		}
	case drift < allowed:
		c.drifting = 0
	}
}

// hundredths rounds for people.
func hundredths(v float64) float64 { return math.Round(v*100) / 100 }
