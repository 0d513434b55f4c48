package recompute

import (
	"math"
	"slices"
	"sort"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// zone is a room or the building.
type zone struct {
	id       string
	parent   *zone
	children []*zone
	devices  []*device // that hang in it
	counted  bool      // something counts its people
	feeders  []feeder
	outages  []outage // of feeders
	blind    []outage // of absolute counters
	passed   []passage
	flows    []count                    // who came in and who left
	minutes  map[telemetry.Instant]bool // whether somebody was inside at their end, as far as it was asked
	entered  []telemetry.Instant        // when people entered something about it by hand
	anchors  []anchor
	edged    bool // a counter hangs at its edge or in it, or one that may be and never spoke
	touched  bool // something was counted, or is known
	absolute []*device
	heard    telemetry.Instant // when anything was first counted; 0: never

	// The last question and its answer: rules ask the same one behind the other.
	asked, askedBy telemetry.Instant
	answered       guess
}

// feeder is a counter through which people come in (+1) or go out of the zone (−1) when they go in at it.
type feeder struct {
	device *device
	sign   float64
}

// passage is by how many people the zone's balance changes at a time, and what may have passed besides.
type passage struct {
	at         telemetry.Instant
	net, doubt float64
}

// anchor is a time at which the people inside are known, with the deviation of their number.
type anchor struct {
	at, known        telemetry.Instant
	value, deviation float64
	replaces         bool // whatever another says of the same time
}

// outage is a time in which a counter is not heard. What passes meanwhile is lost, unless it tells a running total.
type outage struct {
	device           *device
	from, silent, to telemetry.Instant
	unseen, lossy    bool
}

// Estimate is how many people are in a zone.
type Estimate struct {
	Persons, Low, High float64
	Known              bool
	Uncounted          bool // nobody knows with how many people counting began, and that is all that is not known
}

// inside lists a zone and all it lies in, the building last; nothing for outside.
func (s *Site) inside(id string) []*zone {
	var all []*zone
	for z := s.zones[id]; z != nil && id != facility.Outside; z = z.parent {
		all = append(all, z)
	}
	return all
}

// edges are the zones that people enter or leave who go in at a device's place.
func (s *Site) edges(d *device) map[*zone]float64 {
	all := map[*zone]float64{}
	switch d.place.Kind {
	case facility.AtZone:
		all[s.zones[d.place.ID]] = 1
	case facility.AtDoor:
		def := s.last().door(d.place.ID)
		for _, z := range s.inside(def.To) {
			all[z]++
		}
		for _, z := range s.inside(def.From) {
			all[z]--
		}
		for z, sign := range all {
			if sign == 0 {
				delete(all, z)
			}
		}
	}
	return all
}

// pulse is how long a device may be silent before what it counts is not known; 0: for ever.
func (d *device) pulse() time.Duration { return 3 * d.def.Interval }

// finish sorts everything by time and finds what follows from all records together.
func (s *Site) finish() {
	s.takeBack()
	for id := range s.tasks {
		slices.SortStableFunc(s.tasks[id], func(a, b taskLog) int { return cmp(a.at, b.at) })
		s.tasks[id] = once(s.tasks[id])
	}
	for _, d := range s.devices {
		slices.SortStableFunc(d.signs, func(a, b sign) int { return cmp(a.at, b.at) })
		slices.SortStableFunc(d.readings, func(a, b reading) int {
			if a.at != b.at {
				return cmp(a.at, b.at)
			}
			return cmp(a.value, b.value)
		})
		for _, r := range d.readings {
			l := line{r.quantity, r.channel}
			d.lines[l] = append(d.lines[l], r)
		}
		for _, t := range d.totals {
			counted, doubted := t.explain()
			s.decided(t, counted)
			for i, v := range t.values {
				c := count{at: v.at, in: counted[i], doubt: doubted[i]}
				if t.quantity == telemetry.PeopleOutTotal {
					c.in, c.out = 0, c.in
				}
				d.counts = append(d.counts, c)
			}
		}
		slices.SortStableFunc(d.counts, func(a, b count) int { return cmp(a.at, b.at) })
		slices.SortStableFunc(d.present, func(a, b reading) int { return cmp(a.at, b.at) })
		slices.Sort(d.said)
	}
	for _, d := range s.devices {
		may := len(d.promised) == 0 && len(d.signs) == 0 || slices.ContainsFunc(counting, func(q telemetry.Quantity) bool { return slices.Contains(d.promised, q) })
		feeds := d.flows() || len(d.signs) == 0 && may && d.place.Kind == facility.AtDoor
		for z, sign := range s.edges(d) {
			z.edged = z.edged || feeds
			if feeds {
				z.outages = append(z.outages, s.outages(d)...)
			}
			if d.flows() {
				z.feeders = append(z.feeders, feeder{d, sign})
			}
			for _, c := range d.counts {
				in := c.in - c.out
				if s.swapped(d, c.at) {
					in = -in
				}
				z.passed = append(z.passed, passage{c.at, sign * in, c.doubt})
				if s.swapped(d, c.at) != (sign < 0) {
					c.in, c.out = c.out, c.in
				}
				z.flows = append(z.flows, c)
			}
			for _, at := range d.said {
				z.hear(at)
			}
		}
		if d.place.Kind == facility.AtZone && len(d.signs) == 0 && slices.Contains(d.promised, telemetry.PeoplePresent) {
			s.zones[d.place.ID].edged = true
		}
		if d.place.Kind == facility.AtZone && d.known[telemetry.PeoplePresent] {
			z := s.zones[d.place.ID]
			z.edged = true
			z.absolute = append(z.absolute, d)
			z.blind = append(z.blind, s.outages(d)...)
			for _, p := range d.present {
				z.hear(p.at)
			}
		}
		if d.place.Kind == facility.AtDoor {
			x := s.doors[d.place.ID]
			guess := len(d.promised) == 0 && !d.known[telemetry.BodyTemperature]
			x.counter = x.counter || guess || slices.ContainsFunc(counting, func(q telemetry.Quantity) bool { return slices.Contains(d.promised, q) })
			if d.measures(telemetry.BodyTemperature) {
				x.thermometers = append(x.thermometers, d)
			}
			for _, c := range d.counts {
				if s.swapped(d, c.at) {
					c.in, c.out = c.out, c.in
				}
				x.in = append(x.in, c)
			}
			slices.SortStableFunc(x.in, func(a, b count) int { return cmp(a.at, b.at) })
		}
	}
	for _, z := range s.zones {
		for _, at := range z.entered {
			z.hear(at)
		}
		s.anchor(z)
		slices.SortStableFunc(z.flows, func(a, b count) int { return cmp(a.at, b.at) })
		slices.SortStableFunc(z.passed, func(a, b passage) int { return cmp(a.at, b.at) })
	}
	s.examine()
	s.measure()
	s.findKeys()
}

func (z *zone) hear(at telemetry.Instant) {
	if z.heard == 0 || at < z.heard {
		z.heard = at
	}
}

// anchor collects the zone's anchors: resets, a start in a closed building, counts by hand, absolute counts.
func (s *Site) anchor(z *zone) {
	for i, c := range s.configs {
		until := s.end
		if i+1 < len(s.configs) {
			until = s.configs[i+1].from
		}
		for _, at := range c.days.resets {
			if at > c.from && at <= until {
				z.anchors = append(z.anchors, anchor{at: at, known: at})
			}
		}
	}
	// Whoever sees all of the room says how many there are; those who see a part of it add up.
	var parts []*device
	for _, d := range z.absolute {
		if !d.def.Whole {
			parts = append(parts, d)
			continue
		}
		for _, p := range d.present {
			z.anchors = append(z.anchors, anchor{at: p.at, value: p.value, deviation: d.def.Error / 1.645})
		}
	}
	for _, d := range parts {
		for _, p := range d.present {
			a := anchor{at: p.at}
			for _, other := range parts {
				if n := sort.Search(len(other.present), func(i int) bool { return other.present[i].at > p.at }); n > 0 {
					most := 0.0
					for i := n - 1; i >= 0 && other.present[i].at == other.present[n-1].at; i-- {
						most = max(most, other.present[i].value)
					}
					a.value += most
					a.deviation = math.Hypot(a.deviation, other.def.Error/1.645)
				}
			}
			z.anchors = append(z.anchors, a)
		}
	}
	slices.SortStableFunc(z.anchors, func(a, b anchor) int {
		switch {
		case a.at != b.at:
			return cmp(a.at, b.at)
		case a.replaces != b.replaces:
			if b.replaces {
				return -1
			}
			return 1
		case a.replaces:
			return cmp(a.known, b.known)
		}
		return cmp(a.value, b.value)
	})
	// One for each time: the last.
	kept := z.anchors[:0]
	for i, a := range z.anchors {
		if i+1 == len(z.anchors) || z.anchors[i+1].at != a.at {
			kept = append(kept, a)
		}
	}
	z.anchors = kept
}

// measure finds which zones are counted: at their edge, in them, or in all that lie in them.
func (s *Site) measure() {
	for _, d := range s.devices {
		of := s.device(d.def.ID) // a device is a counter with all its channels
		isCounter := slices.ContainsFunc(append(counting, telemetry.PeoplePresent), of.measures) || len(d.promised) == 0 && of.place.Kind == facility.AtDoor
		for _, part := range s.whole(d.def.ID) {
			isCounter = isCounter || part.flows() || part.known[telemetry.PeoplePresent]
		}
		if !isCounter {
			continue
		}
		for z := range s.edges(d) {
			z.counted = true
		}
	}
	var look func(z *zone) bool
	look = func(z *zone) bool {
		all := len(z.children) > 0
		for _, c := range z.children {
			all = look(c) && all
		}
		z.counted = z.counted || all
		return z.counted
	}
	look(s.zones[""])
}

// outages are the times in which a device that promises an interval is not heard.
func (s *Site) outages(d *device) []outage {
	bound := d.pulse()
	if bound == 0 {
		return nil
	}
	since := s.configs[0].from
	var all []outage
	last := telemetry.Instant(0)
	for _, x := range d.signs {
		switch {
		case last == 0 && x.at > since:
			all = append(all, outage{d, since, since, x.at, true, x.at.Sub(since) > bound})
		case last != 0 && x.at.Sub(last) > bound:
			all = append(all, outage{d, last, last.Add(bound), x.at, false, !d.runs()})
		}
		last = x.at
	}
	switch {
	case last == 0:
		all = append(all, outage{d, since, since, telemetry.Never, true, true})
	case s.end >= last.Add(bound):
		all = append(all, outage{d, last, last.Add(bound), telemetry.Never, false, !d.runs()})
	}
	return all
}

// People is how many people are in a zone (the building: "") at t.
func (s *Site) People(id string, t telemetry.Instant) Estimate {
	x := s.guess(s.zones[id], t)
	deviation := math.Sqrt(x.variance)
	mean := math.Round(x.mean)
	e := Estimate{Known: x.known, Uncounted: x.uncounted}
	e.High = max(mean, math.Round(x.mean+1.645*deviation))
	below := 1.645
	if least := math.Ceil(x.reflected - 1e-9); least > e.High {
		e.High, below = least, 1.2
	}
	e.Low = max(0, min(mean, math.Round(x.mean-below*deviation+0.65)))
	e.Persons = min(max(mean, e.Low), e.High)
	e.Low, e.High = e.Low+s.slackLow, e.High+s.slackHigh
	return e
}

type guess struct {
	mean, variance, reflected float64
	known, uncounted          bool
}

// guess counts from the last anchor on: people who leave an empty room were inside before.
func (s *Site) guess(z *zone, t telemetry.Instant) guess {
	if z.asked != t || z.askedBy != s.passedBy {
		z.asked, z.askedBy, z.answered = t, s.passedBy, s.count(z, t)
	}
	return z.answered
}

func (s *Site) count(z *zone, t telemetry.Instant) guess {
	if !z.edged && len(z.children) > 0 {
		all := guess{known: true, uncounted: true}
		for _, c := range z.children {
			x := s.guess(c, t)
			all.mean, all.variance, all.reflected, all.known = all.mean+x.mean, all.variance+x.variance, all.reflected+x.reflected, all.known && x.known
			all.uncounted = all.uncounted && (x.known || x.uncounted)
		}
		all.uncounted = all.uncounted && !all.known
		return all
	}
	n := sort.Search(len(z.anchors), func(i int) bool { return z.anchors[i].at > t })
	var a anchor
	if n > 0 {
		a = z.anchors[n-1]
	}
	x := guess{mean: a.value, variance: a.deviation * a.deviation}
	raw, low, doubt, lost := a.value, a.value, 0.0, false
	until := t
	if s.passedBy != 0 {
		until = s.passedBy
	}
	i := sort.Search(len(z.passed), func(i int) bool { return z.passed[i].at > a.at })
	losses := make([]outage, 0, 8)
	for _, o := range z.outages {
		if o.lossy && o.to > a.at && o.to <= until {
			losses = append(losses, o)
		}
	}
	slices.SortFunc(losses, func(a, b outage) int { return cmp(a.to, b.to) })
	for {
		next := telemetry.Never
		if i < len(z.passed) {
			next = z.passed[i].at
		}
		if len(losses) > 0 {
			next = min(next, losses[0].to)
		}
		if next > until || next == telemetry.Never {
			break
		}
		for ; i < len(z.passed) && z.passed[i].at == next; i++ {
			x.mean += z.passed[i].net
			raw += z.passed[i].net
			doubt += z.passed[i].doubt
		}
		for ; len(losses) > 0 && losses[0].to == next; losses = losses[1:] {
			net, variance, known := s.missed(z, &losses[0], max(losses[0].from, a.at))
			lost = lost || !known
			x.mean += net
			x.variance += variance
		}
		x.mean, low = max(0, x.mean), min(low, raw)
	}
	x.reflected = raw - min(low, 0)
	x.variance += doubt / 1.645 * doubt / 1.645
	heard := z.heard != 0 && t >= z.heard && !s.deafened(z, t, a.at)
	x.known = heard && a.at != 0 && (!lost || s.watched(z, t))
	x.uncounted = heard && a.at == 0
	return x
}

// deafened reports whether a counter is silent at t that should not be; absolute counters that are alive make up for that.
func (s *Site) deafened(z *zone, t, anchor telemetry.Instant) bool {
	look := func(all []outage) bool {
		return slices.ContainsFunc(all, func(o outage) bool { return o.to > t && s.silentFrom(&o, anchor) <= t })
	}
	blind := look(z.blind)
	if !blind && s.watched(z, t) {
		return false
	}
	return look(z.outages) || len(z.feeders) == 0 && blind
}

// silentFrom is from when on an outage makes the people unknown: when the building was open for as long as the device may be
// silent. Who is known to be inside while it is closed stays known until it opens, and one interval longer.
func (s *Site) silentFrom(o *outage, anchor telemetry.Instant) telemetry.Instant {
	k := question{o.device, o.silent, anchor, nil}
	if _, ok := s.from[k]; !ok {
		s.from[k] = s.silentSince(o, anchor)
	}
	return s.from[k]
}

func (s *Site) silentSince(o *outage, anchor telemetry.Instant) telemetry.Instant {
	at := o.silent
	if !o.unseen {
		at = s.openFor(o.from, o.device.pulse())
	} else if !s.isOpen(at) {
		at = s.opens(at)
	}
	if anchor < at || s.isOpen(anchor) {
		return at
	}
	return s.opens(anchor).Add(o.device.def.Interval)
}

// watched reports whether all absolute counters promise an interval and are heard.
func (s *Site) watched(z *zone, t telemetry.Instant) bool {
	return len(z.absolute) > 0 && !slices.ContainsFunc(z.absolute, func(d *device) bool { return d.pulse() == 0 || d.silent(t) })
}

// silent reports whether a device that promises an interval is not heard at t.
func (d *device) silent(t telemetry.Instant) bool {
	n := sort.Search(len(d.signs), func(i int) bool { return d.signs[i].at > t })
	return d.pulse() > 0 && (n == 0 || t >= d.signs[n-1].at.Add(d.pulse()))
}
