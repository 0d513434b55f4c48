package rules

import (
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// A counter that is silent in a closed building misses nobody. One that is silent while it is open misses those who pass, and
// until it speaks again nobody knows how many; then what usually passes in those hours says by how much the estimate is off.

// loss is what a counter has missed in an outage.
type loss struct {
	known  bool
	net    people // in less out
	spread people // its variance, people²
}

// missed is what is usual in the open hours of an outage from a time on.
func (z *zoneState) missed(o *outage, from telemetry.Instant) (l loss) {
	var in, out people
	var open, told time.Duration
	l.known = true
	for t := from; t < o.to; {
		isOpen, until := z.hours.openAt(t)
		until = min(until, o.to)
		if isOpen {
			i, u, known := o.device.history.usual(t, until)
			in, out = in+i, out+u
			open += until.Sub(t)
			told += known
		}
		t = until
	}
	if open <= o.device.tolerated() {
		return l
	}
	if told*2 < open {
		l.known = false
		return l
	}
	for i := range o.device.effects {
		if f := &o.device.effects[i]; f.zone == z && f.reversed(o.to) {
			in, out = out, in
		}
	}
	l.net = in - out
	// Passages are as random as that, and days differ.
	days := float64(in+out) / 6
	l.spread = 2*(in+out) + people(float64(days*days)/float64(person))
	return l
}

// tolerated is for how long a device may be silent without having lost anything: one interval.
func (d *deviceState) tolerated() time.Duration {
	if d.pulse == nil {
		return 0
	}
	return d.pulse.bound / silenceFactor
}

// lostBy names the device whose last loss before t cannot be told.
func (z *zoneState) lostBy(t, anchor telemetry.Instant) string {
	for i := len(z.outages) - 1; i >= 0; i-- {
		if o := &z.outages[i]; o.lossy && o.to <= t && o.to > anchor {
			return o.device.id
		}
	}
	return ""
}

// outage says why the people are not known at t: a counter is silent that should not be. Absolute counters that are alive make
// up for that.
func (z *zoneState) outage(t, anchor telemetry.Instant) (r Reason, detail string, until telemetry.Instant) {
	until = telemetry.Never
	look := func(all []outage) (r Reason, detail string) {
		for i := len(all) - 1; i >= 0; i-- {
			o := &all[i]
			if o.to <= t {
				break
			}
			until = min(until, o.to)
			if o.silent > t {
				until = min(until, o.silent)
			}
			if from := z.silentFrom(o, anchor); from > t {
				until = min(until, from)
				continue
			}
			// The ones before it change nothing while it lasts.
			if o.unseen {
				return ReasonNoData, o.device.id
			}
			return ReasonSilent, o.device.id
		}
		return "", ""
	}
	br, bd := look(z.blind)
	if br == "" && z.watched(t) {
		return "", "", until
	}
	r, detail = look(z.outages)
	if r == "" && len(z.feeders) == 0 {
		r, detail = br, bd
	}
	return r, detail, until
}

// silentFrom is from when on an outage makes the people unknown: when the device was silent for its bound while the building was
// open. An anchor in a closed building makes good what was missed before: then it has its interval to speak again.
func (z *zoneState) silentFrom(o *outage, anchor telemetry.Instant) telemetry.Instant {
	switch {
	case o.counts != 0:
	case o.unseen:
		o.counts = opensBy(z.hours, o.silent)
	default:
		o.counts = openFor(z.hours, o.from, o.device.pulse.bound)
	}
	if anchor < o.counts {
		return o.counts
	}
	if z.reopens.anchor != anchor {
		z.reopens.anchor, z.reopens.at = anchor, opensBy(z.hours, anchor)
	}
	if z.reopens.at != anchor {
		return z.reopens.at.Add(o.device.tolerated())
	}
	return o.counts
}

// watched reports whether absolute counters say at t how many people there are.
func (z *zoneState) watched(t telemetry.Instant) bool {
	if len(z.absolute) == 0 || !z.promised() {
		return false
	}
	for _, d := range z.absolute {
		if d.silent(t) {
			return false
		}
	}
	return true
}

// promised reports whether every absolute counter promised an interval, so that its silence would be noticed.
func (z *zoneState) promised() bool {
	for _, d := range z.absolute {
		if d.pulse == nil {
			return false
		}
	}
	return true
}
