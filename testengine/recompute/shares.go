package recompute

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

func (c *config) task(id string) *facility.Task {
	for i := range c.Site.Tasks {
		if c.Site.Tasks[i].ID == id {
			return &c.Site.Tasks[i]
		}
	}
	return &facility.Task{}
}

// measuredAt reports whether a rule is about a door or zone: it names it, or a device there promises one of the quantities.
func (c *config) measuredAt(r *rule, k Key, all ...telemetry.Quantity) bool {
	if k.Kind != "door" && k.Kind != "zone" {
		return false
	}
	if len(r.Subjects) > 0 {
		return slices.Contains(r.Subjects, k.ID)
	}
	return slices.ContainsFunc(c.Site.Devices, func(d facility.Device) bool {
		at := facility.Place{Kind: facility.PlaceKind(k.Kind), ID: k.ID}
		there := d.Place == at || slices.ContainsFunc(d.Channels, func(ch facility.Channel) bool { return ch.Place == at })
		return there && slices.ContainsFunc(all, func(q telemetry.Quantity) bool { return slices.Contains(c.Measures[d.ID], q) })
	})
}

// at lists the devices at a place.
func (s *Site) at(place facility.Place) (all []*device) {
	for _, d := range s.devices {
		if d.place == place {
			all = append(all, d)
		}
	}
	return all
}

// measuring keeps the devices that measure one of the quantities, or promise it and never spoke.
func measuring(devices []*device, all ...telemetry.Quantity) (some []*device) {
	for _, d := range devices {
		if slices.ContainsFunc(all, func(q telemetry.Quantity) bool {
			return d.known[q] || d.channel == "" && len(d.signs) == 0 && slices.Contains(d.promised, q)
		}) {
			some = append(some, d)
		}
	}
	return some
}

// counted is the sum of what devices read of a quantity in [from, to).
func counted(devices []*device, q telemetry.Quantity, from, to telemetry.Instant) (n float64) {
	for _, d := range devices {
		for _, x := range d.readings {
			if x.quantity == q && x.at >= from && x.at < to {
				n += x.value
			}
		}
	}
	return n
}

// heard reports whether the devices were heard in all of [from, to).
func (s *Site) heard(devices []*device, from, to telemetry.Instant) bool {
	return !slices.ContainsFunc(devices, func(d *device) bool {
		return d.silent(to) || slices.ContainsFunc(s.outages(d), func(o outage) bool { return o.to != telemetry.Never && o.to > from && o.silent < to })
	})
}

func anySilent(devices []*device, t telemetry.Instant) bool {
	return slices.ContainsFunc(devices, func(d *device) bool { return d.silent(t) })
}

// window is the time a rule looks at, if the site is open.
func (s *Site) window(t telemetry.Instant, w time.Duration) (from, now telemetry.Instant, open bool) {
	o, open := s.config(t).days.at(t)
	return max(floor(t).Add(-w), floor(o.open)), floor(t), open
}

func share(low, high, least float64) Answer {
	switch {
	case high < least:
		return Answer{Verdict: Breached}
	case low >= least:
		return Answer{Verdict: Within}
	}
	return Answer{Verdict: Unknown, Near: true}
}

var idle = Answer{Verdict: Unknown, Idle: true}

func (s *Site) masks(r *rule, k Key, t telemetry.Instant) Answer {
	p := &r.params
	from, now, open := s.window(t, p.Window)
	if !open {
		return idle
	}
	devices := measuring(s.at(facility.Place{Kind: facility.PlaceKind(k.Kind), ID: k.ID}), telemetry.MaskWorn, telemetry.MaskMissing)
	if anySilent(devices, t) {
		return Answer{Verdict: Unknown}
	}
	worn := counted(devices, telemetry.MaskWorn, from, now)
	n := worn + counted(devices, telemetry.MaskMissing, from, now)
	if n < p.People {
		return idle
	}
	// The two shares of which what was seen is 1.645 deviations away: the roots of (share − worn/n)² = z² share (1 − share) / n.
	z2 := 1.645 * 1.645
	a, b, c := 1+z2/n, -(2*worn/n + z2/n), worn/n*worn/n
	root := math.Sqrt(max(0, b*b-4*a*c))
	return share(max(0, (-b-root)/(2*a)), min(1, (-b+root)/(2*a)), p.Least)
}

func (s *Site) hygiene(r *rule, k Key, t telemetry.Instant) Answer {
	p, place := &r.params, facility.Place{Kind: facility.PlaceKind(k.Kind), ID: k.ID}
	devices := s.at(place)
	level, leveled := Answer{Verdict: Within}, false
	for _, d := range devices {
		for _, channel := range d.channelsOf(telemetry.FillLevel) {
			all := d.upTo(telemetry.FillLevel, channel, t)
			if len(all) == 0 {
				continue
			}
			leveled = true
			last, off := all[len(all)-1], s.config(t).device(d.def.ID).Error
			one := share(last.value-off, last.value+off, p.Empty)
			if t >= last.at.Add(p.Stale) || d.silent(t) {
				one = Answer{Verdict: Unknown}
			}
			if worse(one, level) || one.Verdict == level.Verdict && level.Verdict == Unknown && !level.Near && one.Near {
				level = one
			}
		}
	}
	uses, used := s.uses(p, k, devices, t)
	switch {
	case !leveled && !used:
		return Answer{Verdict: Unknown}
	case !leveled, used && !uses.Idle && leveled && worse(uses, level):
		return uses
	}
	return level
}

// uses is how many of those who came in used a dispenser; used: that is measured.
func (s *Site) uses(p *params, k Key, devices []*device, t telemetry.Instant) (a Answer, used bool) {
	for _, d := range devices {
		used = used || slices.ContainsFunc(d.readings, func(x reading) bool { return x.quantity == telemetry.Dispensed && x.at <= t })
	}
	counters := slices.DeleteFunc(slices.Clone(devices), func(d *device) bool {
		promised := d.channel == "" && slices.ContainsFunc(counting, func(q telemetry.Quantity) bool { return slices.Contains(d.promised, q) })
		return !d.flows() && !promised
	})
	counts := len(counters) > 0
	if k.Kind == "zone" {
		counts = s.zones[k.ID].counts()
	}
	if !used || !counts || p.Least == 0 {
		return Answer{}, false
	}
	_, now, open := s.window(t, p.Window)
	if !open {
		return idle, true
	}
	soap := measuring(devices, telemetry.Dispensed)
	// Up to the last word of the slowest dispenser that is not stale.
	last := now
	for _, d := range soap {
		for _, channel := range d.channelsOf(telemetry.Dispensed) {
			said := telemetry.Instant(0)
			for _, x := range d.upTo(telemetry.Dispensed, channel, now-1) {
				said = floor(x.at) + minute
			}
			if said > 0 && said.Add(p.Stale) > now {
				last = min(last, said)
			}
		}
	}
	o, _ := s.config(t).days.at(t)
	now = last
	from := min(now, max(now.Add(-p.Window), floor(o.open)))
	came, heard := 0.0, false
	if k.Kind == "zone" {
		came, _ = s.zones[k.ID].came(from, now)
		heard = s.zones[k.ID].seen(from, now)
	} else {
		heard = s.heard(counters, from, now)
		for _, c := range s.doors[k.ID].in {
			if c.at >= from && c.at < now {
				came += c.in
			}
		}
	}
	came = max(0, came)
	switch {
	case anySilent(soap, t), !heard, !s.heard(measuring(soap, telemetry.Dispensed), from, now):
		return Answer{Verdict: Unknown}, true
	case came < p.People:
		return idle, true
	}
	each := counted(soap, telemetry.Dispensed, from, now) / came
	return share(each, each, p.Least), true
}

func (s *Site) vehicles(r *rule, k Key, t telemetry.Instant) Answer {
	p, c := &r.params, s.config(t)
	w := p.Window
	if w == 0 {
		w = 1000 * time.Hour
	}
	from, now, open := s.window(t, w)
	if !open {
		return idle
	}
	from = max(from, 0)
	devices := s.at(c.task(k.ID).Place)
	if !slices.ContainsFunc(devices, func(d *device) bool { return slices.Contains(d.promised, telemetry.VehiclesIn) }) {
		devices = slices.DeleteFunc(slices.Clone(s.devices), func(d *device) bool {
			return d.channel != "" || !slices.Contains(d.promised, telemetry.VehiclesIn)
		})
	}
	if len(devices) == 0 {
		return Answer{Verdict: Unknown}
	}
	some := measuring(devices, telemetry.VehiclesIn)
	if anySilent(some, t) || !s.heard(slices.DeleteFunc(slices.Clone(some), func(d *device) bool { return !d.known[telemetry.VehiclesIn] }), from, now) {
		return Answer{Verdict: Unknown}
	}
	entered := counted(devices, telemetry.VehiclesIn, from, now)
	if entered < p.Vehicles {
		return idle
	}
	sprayed, can := 0.0, 0.0
	for _, l := range s.tasks[k.ID] {
		first := l.at
		if l.early != 0 {
			first = l.early
		}
		if l.at >= from && l.at < now {
			can++
			if first >= from {
				sprayed++
			}
		}
	}
	switch {
	case can < p.Least*entered:
		return Answer{Verdict: Breached}
	case sprayed < p.Least*entered:
		return Answer{Verdict: Unknown}
	}
	return Answer{Verdict: Within}
}

// shiftsOf is a rule about staff under a configuration.
type shiftsOf struct {
	c *config
	p *params
}

// shiftsOf are all shifts around the records.
func (s *Site) shiftsOf(c *config, p *params) (all []opening) {
	if len(p.Shifts) == 0 {
		if c.days.always {
			return []opening{{1, telemetry.Never}}
		}
		return c.days.openings
	}
	if all, ok := s.shifts[shiftsOf{c, p}]; ok {
		return all
	}
	defer func() {
		if s.shifts == nil {
			s.shifts = map[shiftsOf][]opening{}
		}
		s.shifts[shiftsOf{c, p}] = all
	}()
	for _, date := range c.days.dates {
		for _, text := range p.Shifts {
			begin, end, _ := strings.Cut(text, "-")
			from, _ := facility.ParseTimeOfDay(begin)
			to, _ := facility.ParseTimeOfDay(end)
			o := opening{shown(date, from, c.Site.Location.Location), shown(date, to, c.Site.Location.Location)}
			if c.days.always || c.days.isOpen(o.open) {
				all = append(all, o)
			}
		}
	}
	return all
}

func (s *Site) staff(r *rule, k Key, t telemetry.Instant) Answer {
	p, c := &r.params, s.config(t)
	var now *opening
	for _, o := range s.shiftsOf(c, p) {
		runs := o.open <= t
		if t >= o.open.Add(-p.Before) && t < o.close && (now == nil || runs && o.open > now.open) {
			now = &o
		}
	}
	if now == nil || now.open.Add(p.Within) <= s.configs[0].from {
		return idle
	}
	items := c.task(k.ID).Items
	if len(items) == 0 {
		items = []string{""}
	}
	done, can := 0, 0
	for _, item := range items {
		sure, maybe := false, false
		for _, l := range s.tasks[k.ID] {
			if l.at < now.open.Add(-p.Before) || l.at > t || l.item != "" && item != "" && l.item != item {
				continue
			}
			maybe = true
			sure = sure || l.early == 0 || l.early >= now.open.Add(-p.Before)
		}
		if sure {
			done++
		}
		if maybe {
			can++
		}
	}
	switch {
	case done < len(items) && can == len(items) && t >= now.open.Add(p.Within):
		return Answer{Verdict: Unknown}
	case done < len(items) && t >= now.open.Add(p.Within):
		return Answer{Verdict: Breached}
	case done < len(items):
		return idle
	}
	return Answer{Verdict: Within}
}

// sharesEvents are when the answer of a rule about shares or shifts may change.
func (s *Site) sharesEvents(k Key) (all []telemetry.Instant) {
	for _, r := range s.rulesOf(k) {
		switch r.Kind {
		case "staff":
			for _, c := range s.configs {
				for _, o := range s.shiftsOf(c, &r.params) {
					all = append(all, o.open.Add(-r.params.Before), o.open, o.open.Add(r.params.Within), o.close)
				}
			}
			continue
		case "masks", "hygiene", "vehicles":
		default:
			continue
		}
		around := func(at telemetry.Instant) {
			all = append(all, at, floor(at)+minute, floor(at).Add(r.params.Window)+minute, at.Add(r.params.Stale), floor(at).Add(r.params.Stale)+minute)
		}
		for _, d := range s.devices {
			if r.Kind != "vehicles" && d.place.ID != k.ID {
				continue
			}
			for _, x := range d.readings {
				around(x.at)
			}
			for _, o := range s.outages(d) {
				for _, at := range []telemetry.Instant{o.silent, o.to} {
					if at != telemetry.Never {
						all = append(all, at, ceil(at), floor(at)+minute, floor(at).Add(r.params.Window)+minute)
					}
				}
			}
		}
		for _, l := range s.tasks[k.ID] {
			around(l.at)
			around(max(l.early, 1))
		}
		if d := s.doors[k.ID]; d != nil {
			for _, c := range d.in {
				around(c.at)
			}
		}
		if z := s.zones[k.ID]; z != nil {
			for _, c := range z.flows {
				around(c.at)
			}
			for _, o := range z.outages {
				for _, at := range []telemetry.Instant{o.silent, o.to} {
					if at != telemetry.Never {
						all = append(all, at, ceil(at), floor(at)+minute, floor(at).Add(r.params.Window)+minute)
					}
				}
			}
		}
	}
	return slices.DeleteFunc(all, func(t telemetry.Instant) bool { return t <= 0 || t >= telemetry.Never-step })
}
