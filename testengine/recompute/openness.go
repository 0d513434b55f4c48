package recompute

import (
	"slices"
	"sort"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// openings in force: those of each configuration in its time.
func (s *Site) isOpen(t telemetry.Instant) bool { return s.config(t).days.isOpen(t) }

// turn is when the site next opens or closes after t.
func (s *Site) turn(t telemetry.Instant) telemetry.Instant {
	n := sort.Search(len(s.turns), func(i int) bool { return s.turns[i] > t })
	if n == len(s.turns) {
		return telemetry.Never
	}
	return s.turns[n]
}

// findTurns lists all times at which the site opens or closes.
func (s *Site) findTurns() {
	for _, c := range s.configs {
		s.turns = append(append(s.turns, c.from), c.days.borders()...)
	}
	slices.Sort(s.turns)
	s.turns = slices.DeleteFunc(slices.Compact(s.turns), func(at telemetry.Instant) bool { return s.isOpen(at) == s.isOpen(at-1) })
}

func (d *days) borders() []telemetry.Instant {
	if d.always {
		return nil
	}
	all := make([]telemetry.Instant, 0, 2*len(d.openings))
	for _, o := range d.openings {
		all = append(all, o.open, o.close)
	}
	return all
}

// opens is when it opens after t, at which it is closed.
func (s *Site) opens(t telemetry.Instant) telemetry.Instant { return s.turn(t) }

// openFor is when the site has been open for so long since a time.
func (s *Site) openFor(since telemetry.Instant, long time.Duration) telemetry.Instant {
	for t := since; ; {
		next := s.turn(t)
		if s.isOpen(t) {
			if next == telemetry.Never || next.Sub(t) >= long {
				return t.Add(long)
			}
			long -= next.Sub(t)
		}
		if next == telemetry.Never {
			return next
		}
		t = next
	}
}
