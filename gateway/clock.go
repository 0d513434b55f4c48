package gateway

import (
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// The wall clock of a small computer jumps: it starts in another zone, or years ago, until the network sets it. What was
// judged with a time that is still to come cannot be judged again, so the loop's clock is a steady one: it follows the wall
// clock while that goes with the time that passes, goes on by itself when the wall clock jumps, and takes the new time over
// only when it stays.
const (
	// clockSlack is how far the wall clock may move at once to be followed without a word: a time server slews it by less.
	clockSlack = time.Second
	// clockPatience is how long a wall clock that jumped must stay where it is to be believed.
	clockPatience = 30 * time.Second
)

// A wall clock that shows a time before this program was written, or one that nobody will see, is never believed.
var (
	clockEarliest = telemetry.InstantOf(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC))
	clockLatest   = telemetry.InstantOf(time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC))
)

// clock is the loop's clock. It is used by one goroutine.
type clock struct {
	wall    func() time.Time
	elapsed func() time.Duration // since any fixed moment, whatever the wall clock does

	base    telemetry.Instant // the time at which elapsed was zero, as far as is believed
	last    telemetry.Instant // it never goes back, except where it is set
	jumped  bool
	by      time.Duration // how far the wall clock is ahead
	since   time.Duration // elapsed, when it jumped
	set     bool          // from was to is; not told yet
	was, is telemetry.Instant
}

// newClock makes a clock that shows the wall clock's time, but none before a time that was used already.
func newClock(wall func() time.Time, elapsed func() time.Duration, used telemetry.Instant) *clock {
	start := beginning(telemetry.InstantOf(wall()), used)
	return &clock{wall: wall, elapsed: elapsed, base: start - telemetry.Instant(elapsed()), last: max(start, used)}
}

// beginning is the time with which a clock begins: the wall clock's, or the latest that was used where the wall clock is behind
// it or impossible.
func beginning(wall, used telemetry.Instant) telemetry.Instant {
	if used.Sub(wall) > clockSlack || used != 0 && !possible(wall) {
		return used
	}
	return wall
}

func possible(wall telemetry.Instant) bool { return wall >= clockEarliest && wall < clockLatest }

// now is the present. It never goes back until the clock is set.
func (c *clock) now() telemetry.Instant {
	passed, wall := c.elapsed(), telemetry.InstantOf(c.wall())
	steady := c.base + telemetry.Instant(passed)
	by := wall.Sub(steady)
	switch {
	case by > -clockSlack && by < clockSlack:
		c.base, steady, c.jumped = wall-telemetry.Instant(passed), wall, false
	case !c.jumped || by-c.by > clockSlack || c.by-by > clockSlack:
		c.jumped, c.by, c.since = true, by, passed
	case passed-c.since >= clockPatience && possible(wall):
		if !c.set {
			c.was = max(c.last, steady)
		}
		c.base, c.is, c.set, c.jumped, c.last = wall-telemetry.Instant(passed), wall, true, false, 0
		steady = wall
	}
	c.last = max(c.last, steady)
	return c.last
}

// received is the steady time of something that the wall clock saw come shortly before now: before or after it jumped,
// whichever is nearer.
func (c *clock) received(at, now telemetry.Instant) telemetry.Instant {
	if c.jumped {
		if shifted := at - telemetry.Instant(c.by); max(now-shifted, shifted-now) < max(now-at, at-now) {
			at = shifted
		}
	}
	return min(at, now)
}

// taken gives a change of the time that was taken over, once.
func (c *clock) taken() (was, is telemetry.Instant, set bool) {
	was, is, set = c.was, c.is, c.set
	c.set = false
	return was, is, set
}

// trouble says how far the wall clock is off, as +1h0m0s; empty: it is right, as far as can be told.
func (c *clock) trouble() string {
	switch {
	case !c.jumped:
		return ""
	case c.by > 0:
		return "+" + c.by.Round(time.Second).String()
	}
	return c.by.Round(time.Second).String()
}
