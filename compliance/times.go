package compliance

import (
	"time"

	"github.com/gerbang-iot/gerbang/rules"
)

// Times is how long a measure was what, in a part of a period. Within, Breached, Near, Unknown and Idle add up to Open, exactly;
// Open and Closed to the part.
type Times struct {
	Open     time.Duration // while the site was open
	Within   time.Duration
	Breached time.Duration
	Near     time.Duration
	Unknown  time.Duration
	Idle     time.Duration
	Closed   time.Duration // while the site was closed
	// After is what of Closed the measure was breached: duties are missed and rooms are full outside opening hours, too.
	After time.Duration
	// Maintenance is what of Idle it was under maintenance: nothing was judged, because a person or the plan said so.
	Maintenance time.Duration
}

// Maintained is the share of the opening time that it was under maintenance, 0 to 1.
func (t Times) Maintained() float64 {
	share, _ := share0(t.Maintenance, t.Open)
	return share
}

// Asked is the time in which the measure could be judged: the opening hours less those in which there was nothing to judge.
func (t Times) Asked() time.Duration { return t.Open - t.Idle }

// Observed is the time in which somebody knew.
func (t Times) Observed() time.Duration { return t.Within + t.Breached + t.Near }

// Kept is the share of the observed time in which the measure was kept, 0 to 1. Near the limit is not kept. false: nobody observed
// anything, and there is no figure.
func (t Times) Kept() (share float64, ok bool) { return share0(t.Within, t.Observed()) }

// Share is the share of the time asked in which somebody knew, 0 to 1. false: nothing was asked.
func (t Times) Share() (share float64, ok bool) { return share0(t.Observed(), t.Asked()) }

func share0(part, whole time.Duration) (float64, bool) {
	if whole <= 0 {
		return 0, false
	}
	return float64(part) / float64(whole), true
}

// Plus is the sum of two.
func (t Times) Plus(o Times) Times {
	return Times{
		Open: t.Open + o.Open, Within: t.Within + o.Within, Breached: t.Breached + o.Breached, Near: t.Near + o.Near,
		Unknown: t.Unknown + o.Unknown, Idle: t.Idle + o.Idle, Closed: t.Closed + o.Closed, After: t.After + o.After,
		Maintenance: t.Maintenance + o.Maintenance,
	}
}

// State is the worst that there was: breached, else near the limit, else unknown, else within; Idle where nothing was asked.
func (t Times) State() State {
	switch {
	case t.Breached > 0:
		return Breached
	case t.Near > 0:
		return Near
	case t.Unknown > 0:
		return Unknown
	case t.Within > 0:
		return Within
	}
	return Idle
}

// of is the field that a state adds to.
func (t *Times) of(s State) *time.Duration {
	switch s {
	case Within:
		return &t.Within
	case Breached:
		return &t.Breached
	case Near:
		return &t.Near
	case Idle:
		return &t.Idle
	}
	return &t.Unknown
}

// sum is the function that adds verdict time up: how long of each part the measure was what, while the site was open. All three lists are
// in order, and each has no overlaps; the intervals cover the parts.
func sum(intervals []Interval, open, parts []Span) []Times {
	all := make([]Times, len(parts))
	k, o := 0, 0
	for p, part := range parts {
		t := &all[p]
		for at := part.From; at < part.Until; {
			for k < len(intervals) && intervals[k].Until <= at {
				k++
			}
			for o < len(open) && open[o].Until <= at {
				o++
			}
			end := part.Until
			state := Unknown
			if k < len(intervals) {
				if intervals[k].From > at {
					end = min(end, intervals[k].From)
				} else {
					state, end = intervals[k].State, min(end, intervals[k].Until)
				}
			}
			opened := false
			if o < len(open) {
				if opened = open[o].From <= at; opened {
					end = min(end, open[o].Until)
				} else {
					end = min(end, open[o].From)
				}
			}
			t.add(state, opened, end.Sub(at))
			if opened && state == Idle && intervals[k].Reason == rules.ReasonMaintenance {
				t.Maintenance += end.Sub(at)
			}
			at = end
		}
	}
	return all
}

func (t *Times) add(s State, open bool, d time.Duration) {
	if open {
		t.Open += d
		*t.of(s) += d
		return
	}
	t.Closed += d
	if s == Breached {
		t.After += d
	}
}
