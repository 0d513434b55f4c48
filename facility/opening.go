package facility

import (
	"slices"
	"time"
)

// Opening is one period during which the site is open: [Open, Close). A zero Open means that it has always been open, a zero
// Close that it never closes: hours around the clock.
type Opening struct{ Open, Close time.Time }

func (o Opening) holds(t time.Time) bool { return !t.Before(o.Open) && t.Before(o.Close) }

// Day lists what of the day d in loc the site is open, in order. Spans that touch are one; a span that a change of the clocks
// leaves no time is missing. An opening over midnight is cut there.
func (h *Hours) Day(d Date, loc *time.Location) []Opening {
	spans := h.On(d)
	openings := make([]Opening, 0, len(spans))
	for _, s := range spans {
		o := Opening{s.Open.On(d, loc), s.Close.On(d, loc)}
		if !o.Open.Before(o.Close) {
			continue
		}
		if n := len(openings); n > 0 && !openings[n-1].Close.Before(o.Open) {
			openings[n-1].Close = o.Close
			continue
		}
		openings = append(openings, o)
	}
	if len(openings) > 0 {
		for _, shut := range h.closings(d, loc) {
			openings = without(openings, shut)
		}
	}
	return openings
}

// At finds the opening that contains t, if the site is open then.
func (h *Hours) At(t time.Time, loc *time.Location) (Opening, bool) {
	d := DayAt(t, loc)
	for _, o := range h.Day(d, loc) {
		if o.holds(t) {
			return h.whole(o, d, loc), true
		}
	}
	return Opening{}, false
}

// Open reports whether the site is open at t.
func (h *Hours) Open(t time.Time, loc *time.Location) bool {
	return slices.ContainsFunc(h.Day(DayAt(t, loc), loc), func(o Opening) bool { return o.holds(t) })
}

// searchDays bounds how far Next and Previous look: a year and a day of holidays in a row is a closed site.
const searchDays = 366

// Next is the first opening that begins after t.
func (h *Hours) Next(t time.Time, loc *time.Location) (Opening, bool) {
	d := DayAt(t, loc)
	for range searchDays {
		for _, o := range h.Day(d, loc) {
			if o.Open.After(t) && !h.continues(o, d, loc) {
				return h.whole(o, d, loc), true
			}
		}
		d = d.AddDays(1)
	}
	return Opening{}, false
}

// Previous is the last opening that ended at or before t.
func (h *Hours) Previous(t time.Time, loc *time.Location) (Opening, bool) {
	d := DayAt(t, loc)
	for range searchDays {
		for _, o := range slices.Backward(h.Day(d, loc)) {
			if !o.Close.After(t) && !h.goesOn(o, d, loc) {
				return h.whole(o, d, loc), true
			}
		}
		d = d.AddDays(-1)
	}
	return Opening{}, false
}

// Service is a day's service in loc: from the first opening that begins on day d to the end of the last one, breaks
// included, which may lie on a later day. An opening that goes on from the day before belongs to that one.
func (h *Hours) Service(d Date, loc *time.Location) (Opening, bool) {
	openings := h.Day(d, loc)
	if len(openings) > 0 && h.continues(openings[0], d, loc) {
		openings = openings[1:]
	}
	if len(openings) == 0 {
		return Opening{}, false
	}
	last := h.whole(openings[len(openings)-1], d, loc)
	return Opening{openings[0].Open, last.Close}, true
}

// continues reports whether an opening of day d goes on from the day before.
func (h *Hours) continues(o Opening, d Date, loc *time.Location) bool {
	if !o.Open.Equal(d.In(loc)) {
		return false
	}
	before := h.Day(neighbour(d, -1, loc), loc)
	return len(before) > 0 && before[len(before)-1].Close.Equal(o.Open)
}

// goesOn reports whether an opening of day d goes on in the day after.
func (h *Hours) goesOn(o Opening, d Date, loc *time.Location) bool {
	d = neighbour(d, 1, loc)
	after := h.Day(d, loc)
	return len(after) > 0 && after[0].Open.Equal(o.Close)
}

// neighbour is the day before (−1) or after (+1), past dates that clocks skip.
func neighbour(d Date, step int, loc *time.Location) Date {
	for range mostDaysBack {
		if d = d.AddDays(step); d.Exists(loc) {
			break
		}
	}
	return d
}

// whole is all of the opening of which o is the part of day d.
func (h *Hours) whole(o Opening, d Date, loc *time.Location) Opening {
	return Opening{h.begin(o, d, loc), h.end(o, d, loc)}
}

func (h *Hours) begin(o Opening, d Date, loc *time.Location) time.Time {
	for range h.longest() {
		if !h.continues(o, d, loc) {
			return o.Open
		}
		d = neighbour(d, -1, loc)
		if h.aroundTheClock() {
			last, ok := h.interruption(d, -1)
			if !ok {
				return time.Time{}
			}
			if last.Before(d) {
				d = neighbour(last, 1, loc)
			}
		}
		openings := h.Day(d, loc)
		o = openings[len(openings)-1]
	}
	return o.Open
}

func (h *Hours) end(o Opening, d Date, loc *time.Location) time.Time {
	for range h.longest() {
		if !h.goesOn(o, d, loc) {
			return o.Close
		}
		d = neighbour(d, 1, loc)
		if h.aroundTheClock() {
			first, ok := h.interruption(d, 1)
			if !ok {
				return time.Time{}
			}
			if d.Before(first) {
				d = neighbour(first, -1, loc)
			}
		}
		o = h.Day(d, loc)[0]
	}
	return o.Close
}

// longest is more than the days that one opening can last. A weekly plan that is not around the clock has a break in every
// seven days, which only exceptions can bridge; where it is, begin and end go from exception to exception.
func (h *Hours) longest() int {
	days := 8 * (len(h.Exceptions) + 2)
	for i := range h.Calendars {
		if allDay(h.Calendars[i].Spans) {
			return days + mostBetween // they may bridge anything
		}
		days += 8 * len(h.Calendars[i].Events)
	}
	return days
}

// interruption is the first exception from day d on, in the direction of step, that is not open all day.
func (h *Hours) interruption(d Date, step int) (found Date, ok bool) {
	for i := range h.Exceptions {
		e := &h.Exceptions[i]
		if allDay(e.Spans) || step > 0 && e.Date.Before(d) || step < 0 && d.Before(e.Date) {
			continue
		}
		if !ok || step > 0 && e.Date.Before(found) || step < 0 && found.Before(e.Date) {
			found, ok = e.Date, true
		}
	}
	if e, is := h.calendarDay(d, step); is && (!ok || step > 0 && e.Before(found) || step < 0 && found.Before(e)) {
		return e, true
	}
	return found, ok
}

// aroundTheClock reports whether the weekly plan knows no closed time.
func (h *Hours) aroundTheClock() bool {
	for _, spans := range h.Weekly {
		if !allDay(spans) {
			return false
		}
	}
	return true
}

func allDay(spans []Span) bool {
	until := TimeOfDay(0)
	for _, s := range spans {
		if s.Open > until {
			return false
		}
		until = max(until, s.Close)
	}
	return until == TimeOfDay(24*time.Hour)
}
