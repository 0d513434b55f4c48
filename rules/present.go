package rules

import (
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Several absolute counters of one zone each see a part of it, and add up. What each said is kept, so that a count that comes late
// changes the sum from its time on, up to the next count of the same counter.

// shared reports whether more than one counter of a part hangs in the zone, as far as is known.
func (z *zoneState) shared() bool {
	parts := 0
	for _, d := range z.devices {
		if !d.room && (d.presentFlag || d.canSee) {
			parts++
		}
	}
	return parts > 1
}

// newest thins what a counter said: of one slot of time the last.
type newest struct{}

func (newest) same(_, _ *entry[people]) bool { return true }

// noteZonePart keeps what a counter of a part of a zone said; of two counts for one time the larger.
func (d *deviceState) noteZonePart(at telemetry.Instant, n people, now telemetry.Instant, exact time.Duration) {
	switch i := d.presents.upTo(at); {
	case i > 0 && d.presents.get(i-1).at == at:
		e := d.presents.get(i - 1)
		e.v = max(e.v, n)
	case i == d.presents.size():
		d.presents.add(entry[people]{at, n})
		d.presents.age(now, exact, newest{})
	default:
		d.presents.insert(i, entry[people]{at, n})
	}
}

// addUp finds the sums anew that a count of d at a time is part of.
func (z *zoneState) addUp(d *deviceState, at telemetry.Instant) {
	until := d.presents.next(d.presents.upTo(at))
	times := []telemetry.Instant{at}
	for _, a := range z.absolute {
		if a.room || a == d {
			continue
		}
		for i := a.presents.upTo(at); i < a.presents.size(); i++ {
			t := a.presents.get(i).at
			if t >= until {
				break
			}
			times = append(times, t)
		}
	}
	slices.Sort(times)
	for _, t := range slices.Compact(times) {
		sum := anchor{at: t, kind: presentAnchor}
		for _, a := range z.absolute {
			if i := a.presents.upTo(t); i > 0 && !a.room {
				sum.value += a.presents.get(i - 1).v
				sum.spread += a.presentErr
			}
		}
		z.fix(sum, true)
	}
}
