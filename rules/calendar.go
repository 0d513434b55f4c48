package rules

import (
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// date is the site's day of t: the last that has begun, so that it never goes back.
func (p *plan) date(t telemetry.Instant) facility.Date { return facility.DayAt(t.In(p.loc), p.loc) }

// Instants reach from 1970 to 2262. A day before is the first instant, one behind never comes.
const (
	firstYear = 1970
	lastYear  = 2261
)

// midnight is the first moment of the site's day.
func (p *plan) midnight(d facility.Date) telemetry.Instant {
	switch {
	case d.Year < firstYear:
		return 1
	case d.Year > lastYear:
		return telemetry.Never
	}
	return max(1, telemetry.InstantOf(d.In(p.loc)))
}

// nextMidnight is the first moment of the day after t's. It is later than t.
func (p *plan) nextMidnight(t telemetry.Instant) telemetry.Instant {
	return p.midnight(p.date(t).AddDays(1))
}

// resetDays bounds the search for a reset: a building that is open at that hour for so long is never verified empty.
const resetDays = 366

// nextReset is the next time after t at which the building is verified empty; Never: there is none. On a day on which the
// building is open at that hour, by an exception, nobody finds it empty.
func (p *plan) nextReset(t telemetry.Instant) telemetry.Instant {
	if p.def.Site.Reset == nil {
		return telemetry.Never
	}
	d := p.date(t)
	for range resetDays {
		at := p.def.Site.Reset.On(d, p.loc)
		if telemetry.InstantOf(at) > t && d.Exists(p.loc) && (p.always || !p.def.Site.Hours.Open(at, p.loc)) {
			return telemetry.InstantOf(at)
		}
		d = d.AddDays(1)
	}
	return telemetry.Never
}

// open reports whether the site is open at t, since when (0: it is not, or always was), and when that changes.
func (p *plan) open(t telemetry.Instant) (open bool, opened, until telemetry.Instant) {
	if p.always {
		return true, 0, telemetry.Never
	}
	// Nearly all questions are about the present, and hours take a while to work out.
	if last := &p.lastOpen; t < last.from || t >= last.valid {
		*last = openState{from: t}
		last.open, last.opened, last.until = p.openAt(t)
		// "Never" means that nothing changes as far as is looked ahead, which is further than a day.
		last.valid = min(last.until, t.Add(24*time.Hour))
	}
	return p.lastOpen.open, p.lastOpen.opened, p.lastOpen.until
}

// openState is the answer to open for all times from one on, until it changes.
type openState struct {
	from, valid   telemetry.Instant
	open          bool
	opened, until telemetry.Instant
}

func (p *plan) openAt(t telemetry.Instant) (open bool, opened, until telemetry.Instant) {
	h := &p.def.Site.Hours
	if o, ok := h.At(t.In(p.loc), p.loc); ok {
		return true, telemetry.InstantOf(o.Open), closing(o)
	}
	if o, ok := h.Next(t.In(p.loc), p.loc); ok {
		return false, 0, telemetry.InstantOf(o.Open)
	}
	return false, 0, telemetry.Never
}

// closing is when an opening ends; Never for one around the clock.
func closing(o facility.Opening) telemetry.Instant {
	if o.Close.IsZero() {
		return telemetry.Never
	}
	return telemetry.InstantOf(o.Close)
}

// serviceDay is a day with service: from its first opening to its last closing, breaks included. Openings over midnight
// belong to the day on which they begin.
type serviceDay struct {
	open, close telemetry.Instant
	ok          bool
}

// holds reports whether t lies in the day's service.
func (d serviceDay) holds(t telemetry.Instant) bool { return d.ok && d.open <= t && t < d.close }

// serviceDays are the days around a time: the last that is over, the one that is running or comes next, the one after.
type serviceDays struct{ past, now, next serviceDay }

func (d *serviceDays) all() [3]serviceDay { return [3]serviceDay{d.past, d.now, d.next} }

// after is the day that follows one of them.
func (d *serviceDays) after(day serviceDay) serviceDay {
	switch day {
	case d.past:
		return d.now
	case d.now:
		return d.next
	}
	return serviceDay{}
}

// serviceState is the answer to serviceDays for all times from one on, until it changes.
type serviceState struct {
	from, until telemetry.Instant
	days        serviceDays
}

// serviceDays finds the days with service around t.
func (p *plan) serviceDays(t telemetry.Instant) serviceDays {
	if last := &p.lastService; t < last.from || t >= last.until {
		*last = serviceState{from: t, days: p.findServiceDays(t)}
		last.until = p.nextMidnight(t)
		if now := last.days.now; now.ok {
			last.until = min(now.close, t.Add(24*time.Hour))
		}
	}
	return p.lastService.days
}

func (p *plan) findServiceDays(t telemetry.Instant) (days serviceDays) {
	if p.always {
		days.now = serviceDay{1, telemetry.Never, true}
		return days
	}
	h := &p.def.Site.Hours
	o, ok := h.At(t.In(p.loc), p.loc)
	if !ok {
		o, ok = h.Next(t.In(p.loc), p.loc)
	}
	days.now = p.service(o, ok)
	if days.now.ok && days.now.close != telemetry.Never {
		days.next = p.service(h.Next(days.now.close.In(p.loc), p.loc))
	}
	days.past = p.service(h.Previous(t.In(p.loc), p.loc))
	if days.past.ok && days.past.close > t { // it has a break, and t lies in it
		days.past = p.service(h.Previous(days.past.open.In(p.loc), p.loc))
	}
	return days
}

// service is the service of the day to which an opening belongs.
func (p *plan) service(o facility.Opening, ok bool) serviceDay {
	if !ok {
		return serviceDay{}
	}
	if o.Open.IsZero() {
		return serviceDay{1, closing(o), true}
	}
	if whole, ok := p.def.Site.Hours.Service(facility.DayAt(o.Open, p.loc), p.loc); ok {
		o = whole
	}
	return serviceDay{telemetry.InstantOf(o.Open), closing(o), true}
}
