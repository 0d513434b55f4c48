package rules

import (
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// date is the site's day of t.
func (p *plan) date(t telemetry.Instant) facility.Date { return facility.DateOf(t.In(p.loc)) }

// midnight is the first moment of the site's day.
func (p *plan) midnight(d facility.Date) telemetry.Instant { return telemetry.InstantOf(d.In(p.loc)) }

// nextMidnight is the first moment of the day after t's.
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
		_, open := p.def.Site.Hours.At(at, p.loc)
		if telemetry.InstantOf(at) > t && (p.always || !open) {
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
	if last := &p.lastOpen; t < last.from || t >= last.until || last.until == telemetry.Never {
		*last = openState{from: t}
		last.open, last.opened, last.until = p.openAt(t)
	}
	return p.lastOpen.open, p.lastOpen.opened, p.lastOpen.until
}

// openState is the answer to open for all times from one on, until it changes.
type openState struct {
	from          telemetry.Instant
	open          bool
	opened, until telemetry.Instant
}

func (p *plan) openAt(t telemetry.Instant) (open bool, opened, until telemetry.Instant) {
	h := &p.def.Site.Hours
	if o, ok := h.At(t.Time(), p.loc); ok {
		return true, telemetry.InstantOf(o.Open), telemetry.InstantOf(o.Close)
	}
	if o, ok := h.Next(t.Time(), p.loc); ok {
		return false, 0, telemetry.InstantOf(o.Open)
	}
	return false, 0, telemetry.Never
}

// serviceDay is a day with service: from its first opening to its last closing, breaks included.
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

// searchDays bounds the search for a day with service: a year of holidays in a row is a closed site.
const searchDays = 366

// serviceDays finds the days with service around t.
func (p *plan) serviceDays(t telemetry.Instant) (days serviceDays) {
	if p.always {
		days.now = serviceDay{1, telemetry.Never, true}
		return days
	}
	today := p.date(t)
	day := today
	for range searchDays {
		if d := p.service(day); d.ok && d.close > t {
			if days.now.ok {
				days.next = d
				break
			}
			days.now = d
		}
		day = day.AddDays(1)
	}
	day = today
	for range searchDays {
		if d := p.service(day); d.ok && d.close <= t {
			days.past = d
			break
		}
		day = day.AddDays(-1)
	}
	return days
}

// service is the service of one day.
func (p *plan) service(day facility.Date) serviceDay {
	openings := p.def.Site.Hours.Day(day, p.loc)
	if len(openings) == 0 {
		return serviceDay{}
	}
	return serviceDay{telemetry.InstantOf(openings[0].Open), telemetry.InstantOf(openings[len(openings)-1].Close), true}
}
