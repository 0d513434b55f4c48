package rules

import (
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Who judges by how many people came looks at whole minutes that are over: the past is thinned to them, and so the answer about it
// stays that of the time itself.

// minuteOf is the begin of the minute in which t lies, minuteAfter the first begin of one at or after t.
func minuteOf(t telemetry.Instant) telemetry.Instant { return t - t%telemetry.Instant(time.Minute) }

func minuteAfter(t telemetry.Instant) telemetry.Instant {
	if t == telemetry.Never {
		return t
	}
	return minuteOf(t + telemetry.Instant(time.Minute) - 1)
}

// upTo is what was counted into and out of the zone before a time, since counting began.
func (z *zoneState) upTo(before telemetry.Instant) (in, out people) {
	if i := z.line.upTo(before - 1); i > 0 {
		b := &z.line.get(i - 1).v
		return b.in, b.out
	}
	return 0, 0
}

// cameIn is how many people were counted into the zone in [from, to), in whole minutes.
func (z *zoneState) cameIn(from, to telemetry.Instant) people {
	if to <= from {
		return 0
	}
	before, _ := z.upTo(from)
	in, _ := z.upTo(to)
	return in - before
}

// nextPassing is the end of the first minute at or after the one of t in which the zone's people change.
func (z *zoneState) nextPassing(t telemetry.Instant) telemetry.Instant {
	next := z.line.next(z.line.upTo(minuteOf(t) - 1))
	if next == telemetry.Never {
		return next
	}
	return minuteOf(next).Add(time.Minute)
}

// reached is the end of the minute in which the count of those who came in since a time passed n; Never: it has not before to.
func (z *zoneState) reached(from, to telemetry.Instant, n people) telemetry.Instant {
	before, _ := z.upTo(from)
	for i, size := z.line.upTo(from-1), z.line.size(); i < size; i++ {
		e := z.line.get(i)
		if e.at >= to {
			break
		}
		if e.v.in-before > n {
			return minuteOf(e.at).Add(time.Minute)
		}
	}
	return telemetry.Never
}

// left is the end of the minute in which all but n of those who left in [from, to) had left; from: nobody else did.
func (z *zoneState) left(from, to telemetry.Instant, n people) telemetry.Instant {
	_, before := z.upTo(from)
	_, all := z.upTo(to)
	if all-before <= n {
		return from
	}
	for i, size := z.line.upTo(from-1), z.line.size(); i < size; i++ {
		if e := z.line.get(i); e.v.out >= all-n {
			return min(to, minuteOf(e.at).Add(time.Minute))
		}
	}
	return to
}

// seen reports whether the counters at the zone's edge were heard for all of [from, to), as far as they promise an interval.
func (z *zoneState) seen(from, to telemetry.Instant) bool {
	if z.heard == 0 || z.heard > from || len(z.feeders) == 0 || z.derived() {
		return false
	}
	for i := len(z.outages) - 1; i >= 0; i-- {
		o := &z.outages[i]
		if o.to <= from {
			break
		}
		if o.silent < to {
			return false
		}
	}
	return true
}
