package rules

import (
	"math"
	"time"
)

// DefaultPassages is the most people that can pass one counter in a minute where the definition does not say. A door leaf of
// 0.9 to 1.2 m lets 74 to 98 people a minute through at the most that a metre of level way carries (82 a minute, Guide to
// Safety at Sports Grounds, on which fire exits are reckoned too). In the field it is far less: the busiest half hour of a
// library's main door is 10 a minute, the busiest four hours of a subway turnstile 11.
const DefaultPassages = 100

// usualStay bounds how far back a gap matters: who passed before has left again.
const usualStay = 2 * time.Hour

// doorway is what a counter's door lets through.
type doorway struct {
	perMinute float64 // people, at most
}

// bound is the most people that can pass in a time. Two readings may lie closer together than what they count.
func (w doorway) bound(d time.Duration) float64 { return w.perMinute * math.Max(1, minutes(d)) }

// link is what the step from one believed value to the next means.
type link uint8

const (
	climb   link = iota // people passed
	wrap                // people passed, and the register of 16 or 32 bits began again
	reset               // the counter began again at 0: what it has counted since then has passed
	restore             // it began again at a value that it had kept: nothing is known of what passed
	jump                // it rose by more than the door lets through: nothing is known, and much may have passed
)

// step explains the step from one value to the next, both believed, and gives how many passed as far as that is known.
func (w doorway) step(a, b *point) (link, float64) {
	bound := w.bound(b.at.Sub(a.at))
	d := b.v - a.v
	if d >= 0 {
		if d <= bound {
			return climb, d
		}
		return jump, 0
	}
	for _, width := range [...]float64{1 << 16, 1 << 32} {
		// A register that stands near its end may begin again for other reasons, too: few people speak for its end.
		if a.v < width && a.v >= width*0.9 && b.v <= width*0.1 && d+width <= bound/4 {
			return wrap, d + width
		}
	}
	// A counter that begins at 0 is far below where it was, if it was far; one that takes up a stored value is near.
	if b.v <= bound && (b.v < a.v/2 || w.begun(a)) {
		return reset, b.v
	}
	return restore, 0
}

// faults is how many faults a link from a supposes, in halves.
func (w doorway) faults(l link, a *point) int32 {
	switch {
	case l <= wrap:
		return 0
	case l != jump && w.begun(a):
		return faultAgain
	}
	return faultRestart
}

// begun reports whether a counter had only just begun to count.
func (w doorway) begun(p *point) bool { return p.v <= w.perMinute*agreeing }

// usual is how many people pass in a time at a rate per minute; rate < 0: it is not known, and as many as can.
func (w doorway) usual(rate float64, d time.Duration) float64 {
	bound := w.bound(min(d, usualStay))
	if rate < 0 {
		return bound
	}
	return math.Min(bound, math.Ceil(rate*minutes(min(d, usualStay))))
}
