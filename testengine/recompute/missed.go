package recompute

import (
	"math"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

const quarter = telemetry.Instant(15 * time.Minute)

// missed is what a counter lost in an outage from a time on, while the site was open: what usually passes in those hours, by the
// seven days before. Nobody can tell where less than half of the time is known; a silence of one interval lost nothing.
func (s *Site) missed(z *zone, o *outage, from telemetry.Instant) (net, variance float64, known bool) {
	k := question{o.device, from, o.to, z}
	l, ok := s.losses[k]
	if !ok {
		l.net, l.variance, l.known = s.lost(z, o, from)
		s.losses[k] = l
	}
	return l.net, l.variance, l.known
}

type loss struct {
	net, variance float64
	known         bool
}

func (s *Site) lost(z *zone, o *outage, from telemetry.Instant) (net, variance float64, known bool) {
	var in, out float64
	var open, told time.Duration
	for t := from; t < o.to; {
		next := min(s.turn(t), o.to)
		if s.isOpen(t) {
			open += next.Sub(t)
			i, u, d := o.device.usual(t, next)
			in, out, told = in+i, out+u, told+d
		}
		t = next
	}
	if open <= o.device.def.Interval {
		return 0, 0, true
	}
	if 2*told < open {
		return 0, 0, false
	}
	net = in - out
	if s.swapped(o.device, o.to) {
		net = -net
	}
	for _, f := range z.feeders {
		if f.device == o.device {
			net *= f.sign
		}
	}
	days := (in + out) / 6
	return net, 2*(in+out) + days*days, true
}

// usual is what a counter says in the same quarters of the hours of the seven days before, on average over those on which it
// spoke within the hour; known is of how much of the time that can be told.
func (d *device) usual(from, to telemetry.Instant) (in, out float64, known time.Duration) {
	for t := from; t < to; {
		slot := t / quarter
		end := min(to, (slot+1)*quarter)
		var i, o, days float64
		for day := telemetry.Instant(1); day <= 7; day++ {
			then := slot - day*96
			if !d.spoke((then-4)*quarter, (then+5)*quarter) {
				continue
			}
			days++
			for _, c := range d.counts {
				if c.at/quarter == then {
					i, o = i+c.in, o+c.out
				}
			}
		}
		if days > 0 {
			share := float64(end.Sub(t)) / float64(quarter)
			in, out, known = in+micro(i/days*share), out+micro(o/days*share), known+end.Sub(t)
		}
		t = end
	}
	return in, out, known
}

// spoke reports whether the device said a count in [from, to).
func (d *device) spoke(from, to telemetry.Instant) bool {
	for _, at := range d.said {
		if from <= at && at < to {
			return true
		}
	}
	return false
}

// micro rounds to millionths of people.
func micro(v float64) float64 { return math.Round(v*1e6) / 1e6 }
