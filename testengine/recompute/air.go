package recompute

import (
	"math"
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

const step = 5 * minute

// breathed is a question about air that is asked again and again: its answer holds for a step.
type breathed struct {
	Key
	rule *rule
	at   telemetry.Instant
}

// air reckons the outdoor air for each person in a room at the last five minutes that are over.
func (s *Site) air(r *rule, k Key, t telemetry.Instant) Answer {
	p, c, z := &r.params, s.config(t), s.zones[k.ID]
	def := c.zone(k.ID)
	volume := 1000 * def.Area * def.Height
	t -= t % step
	if volume == 0 {
		return Answer{Verdict: Unknown, Idle: true}
	}
	if e := s.People(k.ID, t-1); e.Known && e.Persons == 0 {
		if n := s.presence(z, t.Add(-p.Window), t); n.known && n.mean == 0 {
			return Answer{Verdict: Unknown, Idle: true}
		}
	}
	var sensors []exhaled
	pending := true
	for _, d := range z.devices {
		for _, channel := range d.channelsOf(telemetry.CO2) {
			x, late := s.exhaled(d, channel, t, p)
			if x != nil {
				sensors = append(sensors, *x)
			}
			pending = pending && late
		}
	}
	if len(sensors) == 0 {
		return Answer{Verdict: Unknown, Idle: pending && len(z.devices) > 0}
	}
	var from, to telemetry.Instant
	var mean, rise, off, outside float64
	for _, x := range sensors {
		outside += x.outside
		from, to = max(from, x.from), max(to, x.to)
		mean, rise, off = mean+x.mean, rise+x.rise, off+x.err
	}
	n := float64(len(sensors))
	mean, rise, off, outside = mean/n, rise/n, off/n, outside/n
	people := s.presence(z, from, to)
	if !people.known {
		return Answer{Verdict: Unknown}
	}
	if people.mean < p.People {
		return Answer{Verdict: Unknown, Idle: true}
	}
	low, high := math.Inf(1), 0.0
	for corner := range 16 {
		sign := func(bit int) float64 { return float64(corner>>bit&1)*2 - 1 }
		generation := p.Generation * (1 + sign(0)*p.GenerationError)
		number := people.high
		if sign(1) < 0 {
			number = max(people.low, min(people.mean, 0.5))
		}
		excess := mean - outside + sign(2)*(off+p.OutdoorError)
		v := math.Inf(1)
		if excess > 0 {
			stored := volume * (rise + sign(3)*p.Noise) / number / to.Sub(from).Seconds()
			v = max(0, (1e6*generation-stored)/excess)
		}
		low, high = min(low, v), max(high, v)
	}
	switch least := p.Least; {
	case min(high, 100) < least:
		return Answer{Verdict: Breached}
	case min(low, 100) >= least:
		return Answer{Verdict: Within}
	}
	return Answer{Verdict: Unknown, Near: true}
}

// exhaled is what one sensor says of a window.
type exhaled struct {
	from, to        telemetry.Instant
	mean, rise, err float64
	outside         float64 // what it shows of the outdoor air
}

// exhaled follows a sensor's readings back; nil: they do not say enough. late: it has not been heard for long enough yet.
func (s *Site) exhaled(d *device, channel string, t telemetry.Instant, p *params) (x *exhaled, late bool) {
	all := d.upTo(telemetry.CO2, channel, t-1)
	if len(all) == 0 || t >= all[len(all)-1].at.Add(p.Stale) {
		return nil, false
	}
	begin := t.Add(-p.Window)
	first := len(all) - 1
	for first > 0 && all[first].at > begin && all[first].at.Sub(all[first-1].at) <= p.Stale {
		first--
	}
	x = &exhaled{from: all[first].at, to: all[len(all)-1].at, err: p.Error}
	if e := s.config(t).device(d.def.ID).Error; e > 0 {
		x.err = e
	}
	if x.from.Sub(begin) > p.Stale || x.from == x.to {
		return nil, true
	}
	for i := first; i+1 < len(all); i++ {
		x.mean += (all[i].value + all[i+1].value) / 2 * all[i+1].at.Sub(all[i].at).Seconds()
	}
	x.mean /= x.to.Sub(x.from).Seconds()
	x.rise = all[len(all)-1].value - all[first].value
	// Of three readings in a row within a day that can be air, the largest; of all such, the least.
	x.outside = p.Outdoor
	inRow := 0
	for i, a := range all {
		if inRow++; a.value < 0.7*p.Outdoor || a.at < t.Add(-24*time.Hour) {
			inRow = 0
		}
		if inRow >= 3 {
			x.outside = min(x.outside, max(a.value, all[i-1].value, all[i-2].value))
		}
	}
	return x, false
}

// presence is the mean number of people in a zone, minute by minute.
type presence struct {
	mean, low, high float64
	known           bool
}

func (s *Site) presence(z *zone, from, to telemetry.Instant) presence {
	x := presence{known: true}
	n := 0.0
	for m := floor(from); m < ceil(to); m += minute {
		e := s.People(z.id, m+minute-1)
		x.known = x.known && e.Known
		x.mean, x.low, x.high = x.mean+e.Persons, x.low+e.Low, x.high+e.High
		n++
	}
	x.mean, x.low, x.high = x.mean/n, x.low/n, x.high/n
	return x
}

// airEvents are when the air of a zone is reckoned anew, as far as something happened.
func (s *Site) airEvents(k Key) (all []telemetry.Instant) {
	for _, r := range s.rulesOf(k) {
		if r.Kind != "air" {
			continue
		}
		around := func(at telemetry.Instant) {
			for _, after := range []time.Duration{0, r.params.Window, r.params.Stale} {
				t := at.Add(after)
				all = append(all, t-t%step, t-t%step+step)
			}
		}
		for _, d := range s.zones[k.ID].devices {
			for _, x := range d.readings {
				if x.quantity == telemetry.CO2 {
					around(x.at)
				}
			}
		}
		for _, x := range s.zones[k.ID].passed {
			around(x.at)
		}
	}
	return all
}

// hasVolume reports whether a zone's air can be reckoned by default: its volume is known, and a device there promises CO₂.
func (c *config) hasVolume(id string) bool {
	z := c.zone(id)
	return z.Area > 0 && z.Height > 0 && slices.ContainsFunc(c.Site.Devices, func(d facility.Device) bool {
		there := d.Place == facility.Place{Kind: facility.AtZone, ID: id} || slices.ContainsFunc(d.Channels, func(ch facility.Channel) bool { return ch.Place.ID == id && ch.Place.Kind == facility.AtZone })
		return there && slices.Contains(c.Measures[d.ID], telemetry.CO2)
	})
}
