package recompute

import (
	"math"
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// device is a device, or a channel of one that has a place of its own.
type device struct {
	def      facility.Device // of the last configuration
	channel  string          // empty: a whole device
	place    facility.Place
	promised []telemetry.Quantity // what it can measure, by its configuration
	known    map[telemetry.Quantity]bool
	signs    []sign
	readings []reading          // that rules look back at
	lines    map[line][]reading // the same, by quantity and channel
	present  []reading
	totals   []*total
	counts   []count             // what it said to have counted, before any exchange of directions
	said     []telemetry.Instant // when it said a count of any kind
}

type sign struct {
	at         telemetry.Instant
	quantities []telemetry.Quantity
}

// line is one sensor of a device.
type line struct {
	quantity telemetry.Quantity
	channel  string
}

type reading struct {
	at       telemetry.Instant
	quantity telemetry.Quantity
	channel  string
	value    float64
}

// count is how many people passed a device at a time; doubt are people who may have passed besides.
type count struct {
	at             telemetry.Instant
	in, out, doubt float64
}

type door struct {
	counter      bool
	thermometers []*device
	in           []count // people who came in, in the direction of the door
}

// build makes the places and devices of the last configuration, and what was there of earlier ones.
func (s *Site) build() {
	c := s.last()
	s.zones[""] = &zone{}
	for _, z := range c.Site.Zones {
		s.zones[z.ID] = &zone{id: z.ID}
	}
	for _, z := range c.Site.Zones {
		s.zones[z.ID].parent = s.zones[z.Parent]
		s.zones[z.Parent].children = append(s.zones[z.Parent].children, s.zones[z.ID])
	}
	for _, d := range c.Site.Doors {
		s.doors[d.ID] = &door{}
	}
	add := func(def facility.Device, channel string, place facility.Place) {
		d := &device{def: def, channel: channel, place: place, known: map[telemetry.Quantity]bool{}, lines: map[line][]reading{}, promised: c.Measures[def.ID]}
		if place.Kind == facility.AtZone {
			s.zones[place.ID].devices = append(s.zones[place.ID].devices, d)
		}
		s.devices = append(s.devices, d)
	}
	for _, d := range c.Site.Devices {
		add(d, "", d.Place)
	}
	for _, d := range c.Site.Devices {
		channels := slices.Clone(d.Channels)
		slices.SortFunc(channels, func(a, b facility.Channel) int { return cmp(a.Name, b.Name) })
		for _, ch := range channels {
			if ch.Place.Kind != "" {
				add(d, ch.Name, ch.Place)
			}
		}
	}
}

func cmp[T int64 | string | float64 | telemetry.Instant](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func (s *Site) device(id string) *device {
	for _, d := range s.devices {
		if d.def.ID == id && d.channel == "" {
			return d
		}
	}
	return nil
}

// whole lists a device and its channels that have places.
func (s *Site) whole(id string) []*device {
	var all []*device
	for _, d := range s.devices {
		if d.def.ID == id {
			all = append(all, d)
		}
	}
	return all
}

func (d *device) measures(q telemetry.Quantity) bool {
	return d.known[q] || slices.Contains(d.promised, q)
}

// swapped reports whether the device was mounted the other way round at t.
func (s *Site) swapped(d *device, t telemetry.Instant) bool {
	def := s.config(t).device(d.def.ID)
	return def.Mounting(d.channel).Swap
}

var counting = []telemetry.Quantity{telemetry.PeopleIn, telemetry.PeopleOut, telemetry.PeopleInTotal, telemetry.PeopleOutTotal}

func (d *device) flows() bool {
	return slices.ContainsFunc(counting, func(q telemetry.Quantity) bool { return d.known[q] })
}

func (d *device) runs() bool {
	return d.known[telemetry.PeopleInTotal] || d.known[telemetry.PeopleOutTotal]
}

// take sorts one record in.
func (s *Site) take(r *telemetry.Record) {
	at := max(1, min(r.At, r.Received))
	s.noteLate(r, at)
	switch r.Kind {
	case telemetry.KindConfiguration:
		s.start(s.config(r.Received))
	case telemetry.KindObservation:
		s.observe(r, at)
	case telemetry.KindRejection:
		s.noteRefusal(r.Rejection, at)
	case telemetry.KindEntry:
		s.enter(r, at)
	case telemetry.KindService:
		n := len(s.deaf)
		if n > 0 && s.deaf[n-1].to == telemetry.Never {
			s.deaf[n-1].to = r.Received
		}
		if v := r.Service; v.Since != 0 {
			s.deaf = append(s.deaf, span{min(v.Since, r.Received), r.Received})
		}
		if r.Service.Deaf {
			s.deaf = append(s.deaf, span{r.Received, telemetry.Never})
		}
	}
}

// start: counting that begins in a closed building begins with nobody.
func (s *Site) start(c *config) {
	reset := slices.ContainsFunc(s.configs[0].days.resets, func(at telemetry.Instant) bool { return at > s.configs[0].from && at <= c.from })
	if c.days.isOpen(c.from) || reset {
		return
	}
	for _, z := range s.zones {
		if !z.touched {
			z.touched = true
			z.anchors = append(z.anchors, anchor{at: c.from - 1, known: c.from}) // who passes at that very moment is counted
		}
	}
}

// observe sorts an observation in. What the broker only repeats is state: neither a sign of life nor something that happened.
func (s *Site) observe(r *telemetry.Record, at telemetry.Instant) {
	o := &r.Observation
	if o.Flags.Has(telemetry.FlagRetained) || s.device(o.Device) == nil {
		return
	}
	def := s.config(r.Received).device(o.Device)
	s.noteMessage(o, at)
	var all []telemetry.Quantity
	for _, x := range o.Readings {
		all = append(all, x.Quantity)
	}
	for _, d := range s.whole(o.Device) {
		mine := func(channel string) bool {
			i := slices.IndexFunc(def.Channels, func(c facility.Channel) bool { return c.Name == channel })
			if i < 0 {
				return d.channel == ""
			}
			return d.channel == channel && def.Channels[i].Place.Kind != ""
		}
		share := *o
		share.Readings = nil
		var quantities []telemetry.Quantity
		for _, x := range o.Readings {
			if mine(x.Channel) {
				share.Readings = append(share.Readings, x)
				quantities = append(quantities, x.Quantity)
			}
		}
		if d.channel != "" {
			share.Task = nil
		} else {
			quantities = all // what is nowhere shows too that it is alive
		}
		d.signs = append(d.signs, sign{at, quantities})
		s.observed(d, def, &share, at, r.Received)
	}
}

func (s *Site) observed(d *device, def *facility.Device, o *telemetry.Observation, at, received telemetry.Instant) {
	mounting := def.Mounting(d.channel)
	var passed count
	var counts, presents bool
	var present float64
	has := func(q telemetry.Quantity) bool {
		return slices.ContainsFunc(o.Readings, func(x telemetry.Reading) bool { return x.Quantity == q })
	}
	for _, x := range o.Readings {
		d.known[x.Quantity] = true
		switch x.Quantity {
		case telemetry.PeopleIn:
			counts = true
			if !has(telemetry.PeopleInTotal) {
				passed.in += x.Value
			}
		case telemetry.PeopleOut:
			counts = true
			if !has(telemetry.PeopleOutTotal) {
				passed.out += x.Value
			}
		case telemetry.PeopleInTotal, telemetry.PeopleOutTotal:
			counts = true
			s.total(d, def, &mounting, x, at)
		case telemetry.PeoplePresent:
			presents = true
			present += x.Value
		case telemetry.BodyTemperature:
			v := x.Value
			if mounting.Offset != 0 {
				v = math.Round((v+mounting.Offset)*1e6) / 1e6
			}
			d.readings = append(d.readings, reading{at, x.Quantity, x.Channel, v})
		case telemetry.Button:
			if mounting.Place.Kind == facility.AtTask {
				s.tasks[mounting.Place.ID] = append(s.tasks[mounting.Place.ID], taskLog{at: at, received: received, press: x.Text, from: o.Device})
			}
		default:
			d.readings = append(d.readings, reading{at, x.Quantity, x.Channel, x.Value})
		}
	}
	if counts {
		passed.at = at
		for z := range s.edges(d) {
			z.touched = true
		}
		d.counts = append(d.counts, passed)
		d.said = append(d.said, at)
	}
	if presents {
		if d.place.Kind == facility.AtZone {
			s.zones[d.place.ID].touched = true
		}
		d.present = append(d.present, reading{at: at, value: present})
	}
	if t := o.Task; t != nil && t.Done {
		id := t.Task
		if id == "" && d.place.Kind == facility.AtTask {
			id = d.place.ID
		}
		l := taskLog{at: at, began: t.Began, received: received, item: t.Item, agent: t.Agent, from: o.Device}
		if t.By != "" {
			l.from = ":" + t.By
		}
		s.tasks[id] = append(s.tasks[id], l)
	}
}

func (s *Site) enter(r *telemetry.Record, at telemetry.Instant) {
	e := r.Entry
	switch e.Kind {
	case telemetry.EntryCount, telemetry.EntryCorrection:
		id := e.Subject
		if id == s.id {
			id = ""
		}
		z := s.zones[id]
		if z == nil {
			return
		}
		z.entered, z.touched = append(z.entered, at), true
		if e.Kind == telemetry.EntryCorrection {
			z.passed = append(z.passed, passage{at: at, net: e.Value})
			return
		}
		v := max(0, e.Value)
		z.anchors = append(z.anchors, anchor{at: at, known: r.Received, value: v, deviation: 0.02 * v, replaces: true})
	case telemetry.EntryTask:
		if e.Value != 0 {
			l := taskLog{at: at, began: e.Began, received: r.Received, item: e.Item, agent: e.Text, person: e.Author != "" && e.Phone.Done == 0}
			if e.Earliest > 0 && e.Earliest < at {
				l.early = e.Earliest
			}
			if e.Author != "" {
				l.from = ":" + e.Author
			}
			s.tasks[e.Subject] = append(s.tasks[e.Subject], l)
		}
	case telemetry.EntryMaintenance:
		if e.Ends != "" {
			s.overs = append(s.overs, levelBack{e.Ends, at})
		} else {
			s.upkeeps = append(s.upkeeps, workTime{e.ID, e.Subject, max(at, e.From), e.Until})
		}
	case telemetry.EntryOutcome:
		s.hearOutcome(e, at)
	case telemetry.EntryLevel:
		if e.Ends != "" {
			s.backs = append(s.backs, levelBack{e.Ends, at})
			return
		}
		known := false
		c := s.config(r.Received)
		for _, p := range c.Protocols {
			known = known || p.Levels[e.Text] > 0
		}
		if known {
			s.levels = append(s.levels, levelEntry{max(at, e.From), at, e.Until, e.ID, e.Text})
		}
	}
}

// takeBack ends the levels that somebody took back; those that had not begun never hold.
func (s *Site) takeBack() {
	for _, b := range s.backs {
		for i := range s.levels {
			if l := &s.levels[i]; l.id == b.id && (l.until == 0 || b.at < l.until) {
				l.until = b.at
			}
		}
	}
	s.levels = slices.DeleteFunc(s.levels, func(l levelEntry) bool { return l.until != 0 && l.until <= l.from })
	slices.SortStableFunc(s.levels, func(a, b levelEntry) int {
		if a.from != b.from {
			return cmp(a.from, b.from)
		}
		if a.made != b.made {
			return cmp(a.made, b.made)
		}
		return cmp(a.id, b.id)
	})
}

// level is the site's level at t: of the dates of the configuration and the entries that hold, the one that began last.
func (s *Site) level(t telemetry.Instant) string {
	c := s.config(t)
	level, since := "", telemetry.Instant(0)
	for _, l := range c.Site.Levels {
		if from := c.days.begin(l.From); from <= t && from >= since {
			level, since = l.Level, from
		}
	}
	for _, e := range s.levels {
		if e.from <= t && (e.until == 0 || t < e.until) && e.from >= since {
			level, since = e.level, e.from
		}
	}
	return level
}

// share is the level's share of full limits under a protocol; ok is false where it has levels, and none that it knows is chosen.
func (s *Site) share(p *protocol, t telemetry.Instant) (share float64, ok bool) {
	if len(p.Levels) == 0 {
		return 0, true
	}
	share = p.Levels[s.level(t)]
	return share, share != 0
}

// bound is how long a device may be silent; 0: for ever.
func (p *params) bound(interval time.Duration) time.Duration {
	if p.After > 0 {
		return p.After
	}
	return time.Duration(p.Factor * float64(interval))
}
