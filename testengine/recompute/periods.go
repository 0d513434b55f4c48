package recompute

import (
	"math"
	"slices"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Finding R20: what devices count of vehicles, masks and uses, and who passed, in the last whole quarters of an hour.

// tellers are the devices at a subject; around: also those that people pass who come into a zone.
func (s *Site) tellers(k Key, around bool) (all []*device) {
	for _, d := range s.devices {
		at := d.place == facility.Place{Kind: facility.PlaceKind(k.Kind), ID: k.ID}
		switch {
		case k.Kind == "device":
			at = d.def.ID == k.ID
		case k.Kind == "site":
			at = !around || s.edges(d)[s.zones[""]] != 0
		case k.Kind == "zone" && around:
			at = s.edges(d)[s.zones[k.ID]] != 0
		}
		if at {
			all = append(all, d)
		}
	}
	return all
}

// since is when the records begin to tell of a device: what it counted before nobody knows.
func (s *Site) since(d *device) telemetry.Instant {
	for _, c := range s.configs {
		if slices.ContainsFunc(c.Site.Devices, func(x facility.Device) bool { return x.ID == d.def.ID }) {
			return c.from
		}
	}
	return telemetry.Never
}

// told reports whether something has counted a quantity in a quarter of an hour that is over, and none that has is silent now, or was not
// there yet when what is asked about began.
func (s *Site) told(k Key, q telemetry.Quantity, from, t telemetry.Instant) bool {
	counted := false
	for _, d := range s.tellers(k, false) {
		has := slices.ContainsFunc(d.readings, func(x reading) bool { return x.quantity == q && x.at < t-t%quarter })
		if counted = counted || has; has && (d.silent(t) || s.since(d) > from) {
			return false
		}
	}
	return counted
}

// summed is what was counted of a quantity in [from, to).
func (s *Site) summed(k Key, q telemetry.Quantity, from, to telemetry.Instant) float64 {
	return counted(s.tellers(k, false), q, from, to)
}

// passing reports whether a counter has said who passed, in a quarter of an hour that is over, and none that has is silent now.
func (s *Site) passing(k Key, t telemetry.Instant) bool {
	counted := false
	for _, d := range s.tellers(k, true) {
		has := slices.ContainsFunc(d.said, func(at telemetry.Instant) bool { return at < t-t%quarter })
		if counted = counted || has; has && (d.silent(t) || s.since(d) > t-t%quarter-4*quarter) {
			return false
		}
	}
	return counted
}

// passages are who came in and went out at a subject in so many whole quarters of an hour.
func (s *Site) passages(k Key, quarters telemetry.Instant, t telemetry.Instant) (in, out float64) {
	to := t - t%quarter
	for _, d := range s.tellers(k, true) {
		for _, c := range d.counts {
			if c.at < to-quarters*quarter || c.at >= to {
				continue
			}
			turned := s.swapped(d, c.at)
			if k.Kind == "site" || k.Kind == "zone" {
				turned = turned != (s.edges(d)[s.zones[k.zone()]] < 0)
			}
			if turned {
				in, out = in+c.out, out+c.in
			} else {
				in, out = in+c.in, out+c.out
			}
		}
	}
	return in, out
}

// endless reports whether an opening never ends, as far as days are known.
func (d *days) endless(o opening) bool { return d.always || o == d.openings[len(d.openings)-1] }

// midnight is when the day of t began.
func (d *days) midnight(t telemetry.Instant) telemetry.Instant { return d.begins[d.today(t)] }

// measurePeriods finds what an expression asks of counts and of closing.
func (s *Site) measurePeriods(c *condition, k Key, o opening, m *moment, t telemetry.Instant) {
	if m.toClose = -1; m.open && o.close != telemetry.Never {
		m.toClose = math.Ceil(o.close.Sub(t).Minutes())
		m.queue = max(0, math.Ceil(o.close.Add(-s.config(t).Site.Hours.QueueCloses).Sub(t).Minutes()))
	}
	now := t - t%quarter
	m.hour, m.today = map[telemetry.Quantity]float64{}, map[telemetry.Quantity]float64{}
	for _, q := range c.sums {
		begin := s.config(t).days.midnight(t)
		m.hour[q], m.today[q] = s.summed(k, q, now-4*quarter, now), s.summed(k, q, begin-begin%quarter, now)
	}
	if c.passes {
		m.in, m.out = s.passages(k, 4, t)
		m.inHalf, m.outHalf = s.passages(k, 2, t)
	}
}
