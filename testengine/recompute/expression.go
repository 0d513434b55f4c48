package recompute

import (
	"math"
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// condition is an expression written in Go.
type condition struct {
	gauges  []telemetry.Quantity
	crowd   bool // persons
	limit   bool
	leveled bool
	minutes []int // of minutes_since_open, from which on it can be another
	// Of periods: quantities that are summed, and whether it asks who passed.
	sums   []telemetry.Quantity
	passes bool
	closes []int // minutes before closing, or (lead) before the queue closes, from which on it can be another
	lead   bool
	holds  func(m *moment) bool
}

// moment are the values of an expression.
type moment struct {
	gauge          map[telemetry.Quantity]float64
	persons, limit float64
	open           bool
	since          float64 // minutes since it opened; −1 while closed
	level          string
	near           bool
	toClose, queue float64 // minutes until it closes, and the queue
	hour, today    map[telemetry.Quantity]float64
	// People who passed in the last hour and half hour.
	in, out, inHalf, outHalf float64
}

// conditions are the expressions that are known, by their text.
func conditions() map[string]condition {
	const co2, fill, temp, hum, bat, contact = telemetry.CO2, telemetry.FillLevel, telemetry.Temperature, telemetry.Humidity, telemetry.Battery, telemetry.ContactOpen
	const cars, worn, bare, gel = telemetry.VehiclesIn, telemetry.MaskWorn, telemetry.MaskMissing, telemetry.Dispensed
	gauges := func(all ...telemetry.Quantity) []telemetry.Quantity { return all }
	return map[string]condition{
		"co2 > 1000":                                      {gauges: gauges(co2), holds: func(m *moment) bool { return m.gauge[co2] > 1000 }},
		"co2 > 800 && open":                               {gauges: gauges(co2), holds: func(m *moment) bool { return m.gauge[co2] > 800 && m.open }},
		"fill_level < 20":                                 {gauges: gauges(fill), holds: func(m *moment) bool { return m.gauge[fill] < 20 }},
		"battery < 20":                                    {gauges: gauges(bat), holds: func(m *moment) bool { return m.gauge[bat] < 20 }},
		"temperature > 27.0 && humidity > 60.0":           {gauges: gauges(temp, hum), holds: func(m *moment) bool { return m.gauge[temp] > 27 && m.gauge[hum] > 60 }},
		"temperature + humidity / 10.0 > 33.0":            {gauges: gauges(temp, hum), holds: func(m *moment) bool { return m.gauge[temp]+m.gauge[hum]/10 > 33 }},
		"persons > limit * 0.9":                           {crowd: true, limit: true, holds: func(m *moment) bool { return m.persons > m.limit*0.9 }},
		"persons > 5.0 && co2 > 900":                      {gauges: gauges(co2), crowd: true, holds: func(m *moment) bool { return m.persons > 5 && m.gauge[co2] > 900 }},
		"minutes_since_open > 30.0 && persons < 1.0":      {crowd: true, minutes: []int{31}, holds: func(m *moment) bool { return m.since > 30 && m.persons < 1 }},
		`level == "l2" && persons > 6.0`:                  {crowd: true, leveled: true, holds: func(m *moment) bool { return m.level == "l2" && m.persons > 6 }},
		"near":                                            {crowd: true, limit: true, holds: func(m *moment) bool { return m.near }},
		"queue_closes < 30.0 && open":                     {closes: []int{29, 30}, lead: true, holds: func(m *moment) bool { return m.queue < 30 && m.open }},
		"minutes_to_close < 60.0 && persons > 3.0":        {crowd: true, closes: []int{59, 60}, holds: func(m *moment) bool { return m.toClose < 60 && m.persons > 3 }},
		"vehicles_in > 5.0":                               {sums: gauges(cars), holds: func(m *moment) bool { return m.hour[cars] > 5 }},
		"vehicles_in_today > 30.0":                        {sums: gauges(cars), holds: func(m *moment) bool { return m.today[cars] > 30 }},
		"mask_missing > 0.3 * (mask_worn + mask_missing)": {sums: gauges(worn, bare), holds: func(m *moment) bool { return m.hour[bare] > 0.3*(m.hour[worn]+m.hour[bare]) }},
		"dispensed_today > 40.0 || dispensed > 12.0":      {sums: gauges(gel), holds: func(m *moment) bool { return m.today[gel] > 40 || m.hour[gel] > 12 }},
		"in_hour > 12.0":                                  {passes: true, holds: func(m *moment) bool { return m.in > 12 }},
		"out_hour - in_half_hour > 4.0":                   {passes: true, holds: func(m *moment) bool { return m.out-m.inHalf > 4 }},
		"in_hour > 6.0 && dispensed < 0.5 * in_hour":      {sums: gauges(gel), passes: true, holds: func(m *moment) bool { return m.in > 6 && m.hour[gel] < 0.5*m.in }},
		"out_half_hour > 5.0":                             {passes: true, holds: func(m *moment) bool { return m.outHalf > 5 }},
		"contact_open == 1.0 && open":                     {gauges: gauges(contact), holds: func(m *moment) bool { return m.gauge[contact] == 1 && m.open }},
	}
}

// sensor is a device that measures a gauge of an expression, on one channel.
type sensor struct {
	device  *device
	channel string
}

// sensors lists who measures a gauge at a subject at t: who has measured it by then, or is known to by the configuration.
func (s *Site) sensors(k Key, p *params, q telemetry.Quantity, t telemetry.Instant) []sensor {
	var all []sensor
	devices := s.whole(k.ID)
	if k.Kind == "zone" {
		devices = s.zones[k.ID].devices
	}
	for _, d := range devices {
		if p.named() && d.def.ID != p.Of {
			continue
		}
		spoke := false
		for _, channel := range d.channelsOf(q) {
			if len(d.upTo(q, channel, t)) > 0 {
				all = append(all, sensor{d, channel})
				spoke = true
			}
		}
		if !spoke && k.Kind == "zone" && d.channel == "" && slices.Contains(d.promised, q) && (d.quiet(t) || slices.Contains(d.def.Measures, q)) {
			all = append(all, sensor{d, ""})
		}
	}
	return all
}

func (d *device) quiet(t telemetry.Instant) bool { return len(d.signs) == 0 || d.signs[0].at > t }

func (p *params) named() bool {
	return !slices.Contains([]string{"", "worst", "any", "all", "mean"}, p.Of)
}

func (s *Site) expression(r *rule, k Key, t telemetry.Instant) Answer {
	p := &r.params
	c, ok := s.cond[p.Expr]
	if !ok {
		panic("no Go for the expression " + p.Expr)
	}
	if a, ok := s.ready(&c, r, k, t); !ok {
		return a
	}
	if len(c.gauges) == 0 {
		return s.lasting(&c, r, k, nil, t)
	}
	var sets [][]sensor
	for _, q := range c.gauges {
		all := s.sensors(k, p, q, t)
		if len(all) == 0 {
			return Answer{Verdict: Unknown}
		}
		sets = append(sets, all)
	}
	if p.Of == "mean" {
		return s.lasting(&c, r, k, sets, t)
	}
	var answers []Answer
	for _, view := range views(sets) {
		answers = append(answers, s.lasting(&c, r, k, view, t))
	}
	count := func(v int, near bool) (n int) {
		for _, a := range answers {
			if a.Verdict == v && a.Near == near {
				n++
			}
		}
		return n
	}
	missing, near := count(Unknown, false) > 0, count(Unknown, true) > 0
	breached, within := count(Breached, false) > 0, count(Within, false) > 0
	switch p.Of {
	case "any":
		switch {
		case breached:
			return Answer{Verdict: Breached}
		case near:
			return Answer{Verdict: Unknown, Near: true}
		case within:
			return Answer{Verdict: Within}
		}
		return Answer{Verdict: Unknown}
	case "all":
		switch {
		case within:
			return Answer{Verdict: Within}
		case missing || near:
			return Answer{Verdict: Unknown, Near: !missing}
		}
		return Answer{Verdict: Breached}
	}
	switch {
	case breached:
		return Answer{Verdict: Breached}
	case missing || near:
		return Answer{Verdict: Unknown, Near: !missing}
	}
	return Answer{Verdict: Within}
}

// views are the ways of giving each gauge its value by one sensor. A device that measures several gives its own values of all.
func views(sets [][]sensor) [][][]sensor {
	all := [][][]sensor{{}}
	for _, set := range sets {
		var more [][][]sensor
		for _, view := range all {
			choice := set
			for _, chosen := range view {
				own := slices.IndexFunc(set, func(x sensor) bool { return x.device == chosen[0].device })
				if own >= 0 {
					choice = set[own : own+1]
					break
				}
			}
			for _, x := range choice {
				more = append(more, append(slices.Clone(view), []sensor{x}))
			}
		}
		all = more
	}
	return all
}

// ready reports whether all but the gauges is known at t.
func (s *Site) ready(c *condition, r *rule, k Key, t telemetry.Instant) (Answer, bool) {
	if _, ok := s.share(r.protocol, t); c.leveled && !ok {
		return Answer{Verdict: Unknown}, false
	}
	if c.crowd && !s.People(k.zone(), t).Known {
		return Answer{Verdict: Unknown}, false
	}
	if c.limit {
		x, limits := s.limits(k, t)
		if x == nil {
			return Answer{Verdict: Unknown, Idle: true}, false
		}
		if _, none, noLevel := s.limit(x, limits, t); none || noLevel {
			return Answer{Verdict: Unknown, Idle: none}, false
		}
	}
	for _, q := range c.sums {
		from := t - t%quarter - 4*quarter
		if begin := s.config(t).days.midnight(t); strings.Contains(r.params.Expr, "_today") {
			from = min(from, begin-begin%quarter)
		}
		if !s.told(k, q, from, t) {
			return Answer{Verdict: Unknown}, false
		}
	}
	if c.passes && !s.passing(k, t) {
		return Answer{Verdict: Unknown}, false
	}
	if o, open := s.config(t).days.at(t); len(c.closes) > 0 && open && s.config(t).days.endless(o) {
		return Answer{Verdict: Unknown, Idle: true}, false // it never closes
	}
	return Answer{}, true
}

// limits finds the first capacity rule about a subject's people.
func (s *Site) limits(k Key, t telemetry.Instant) (*rule, Key) {
	for _, other := range s.keys {
		if r := s.rule(other.Rule, t); r != nil && r.Kind == "capacity" && other.zone() == k.zone() && s.about(s.config(t), r, other) {
			return r, other
		}
	}
	return nil, Key{}
}

// lasting asks that the condition held for the whole of the time that the norm allows, and for so many readings in a row.
func (s *Site) lasting(c *condition, r *rule, k Key, view [][]sensor, t telemetry.Instant) Answer {
	p := &r.params
	now := s.holds(c, r, k, view, t)
	if now.Verdict != Breached {
		return now
	}
	if p.Over > 0 {
		from := t.Add(-p.Over)
		times := []telemetry.Instant{from}
		for _, at := range s.turning(k) {
			if at > from && at < t {
				times = append(times, at)
			}
		}
		unsure := Answer{Verdict: Within}
		for _, at := range times {
			switch a := s.holds(c, r, k, view, at); a.Verdict {
			case Within:
				return Answer{Verdict: Within}
			case Unknown:
				unsure = a
			}
		}
		if unsure.Verdict == Unknown {
			return unsure
		}
	}
	if p.Readings > 1 {
		var times []telemetry.Instant
		for i, set := range view {
			for _, x := range set {
				for _, y := range x.device.upTo(c.gauges[i], x.channel, t) {
					times = append(times, y.at)
				}
			}
		}
		slices.Sort(times)
		times = slices.Compact(times)
		if len(times) == 0 {
			return Answer{Verdict: Within}
		}
		for i := range p.Readings {
			if i == len(times) {
				return Answer{Verdict: Within}
			}
			if a := s.holds(c, r, k, view, times[len(times)-1-i]); a.Verdict != Breached {
				return a
			}
		}
	}
	return now
}

// holds says whether the condition is true at t: for all values that the errors allow, for none, or for some.
func (s *Site) holds(c *condition, r *rule, k Key, view [][]sensor, t telemetry.Instant) Answer {
	if a, ok := s.ready(c, r, k, t); !ok {
		return a
	}
	o, open := s.config(t).days.at(t)
	m := moment{gauge: map[telemetry.Quantity]float64{}, open: open, since: -1, level: s.level(t)}
	if open {
		m.since = math.Floor(t.Sub(o.open).Minutes())
	}
	s.measurePeriods(c, k, o, &m, t)
	type bar struct {
		quantity  telemetry.Quantity // none: people
		low, high float64
	}
	var bars []bar
	for i, set := range view {
		var sum, err float64
		for _, x := range set {
			all := x.device.upTo(c.gauges[i], x.channel, t)
			if len(all) == 0 || t >= all[len(all)-1].at.Add(r.params.Stale) || x.device.silent(t) {
				return Answer{Verdict: Unknown}
			}
			sum += all[len(all)-1].value
			if c.gauges[i].Definition().Form == telemetry.Gauge {
				err += x.device.def.Error
			}
		}
		n := float64(len(set))
		m.gauge[c.gauges[i]] = sum / n
		if err > 0 {
			bars = append(bars, bar{c.gauges[i], sum/n - err/n, sum/n + err/n})
		}
	}
	if c.crowd {
		e := s.People(k.zone(), t)
		if m.persons = e.Persons; e.Low < e.High {
			bars = append(bars, bar{telemetry.NoQuantity, e.Low, e.High})
		}
		if c.limit {
			x, limits := s.limits(k, t)
			m.limit, _, _ = s.limit(x, limits, t)
			m.near = e.Low <= m.limit && m.limit < e.High
		}
	}
	var yes, no bool
	for corner := range 1 << len(bars) {
		for i, b := range bars {
			v := b.low
			if corner>>i&1 == 1 {
				v = b.high
			}
			if b.quantity == telemetry.NoQuantity {
				m.persons = v
			} else {
				m.gauge[b.quantity] = v
			}
		}
		if c.holds(&m) {
			yes = true
		} else {
			no = true
		}
	}
	switch {
	case yes && no:
		return Answer{Verdict: Unknown, Near: true}
	case yes:
		return Answer{Verdict: Breached}
	}
	return Answer{Verdict: Within}
}
