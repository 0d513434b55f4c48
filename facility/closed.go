package facility

import "time"

// Calendar is a list of days that differ, and what the site does on them.
type Calendar struct {
	ID    string `json:"id"`
	Title string `json:"title,omitempty"`
	// Spans are the site's hours on the calendar's whole days; none: it is closed. For events of some hours it is closed in any case.
	Spans  []Span  `json:"spans,omitempty"`
	Events []Event `json:"events"`
}

// Unset reports whether nothing is said about hours: then the site is always open.
func (h *Hours) Unset() bool {
	for _, spans := range h.Weekly {
		if len(spans) > 0 {
			return false
		}
	}
	return len(h.Exceptions) == 0 && len(h.Calendars) == 0
}

// Reason is why the hours of a day differ from the week's: what an exception or a calendar calls it; empty: they do not.
func (h *Hours) Reason(d Date) string {
	for i := range h.Exceptions {
		if h.Exceptions[i].Date == d {
			return h.Exceptions[i].Reason
		}
	}
	if e, _ := h.holiday(d); e != nil {
		return e.Name
	}
	for i := range h.Calendars {
		for k := range h.Calendars[i].Events {
			if e := &h.Calendars[i].Events[k]; e.Days == 0 && e.begins(d) {
				return e.Name
			}
		}
	}
	return ""
}

// holiday finds the first calendar that has whole days on d; nil: none.
func (h *Hours) holiday(d Date) (*Event, *Calendar) {
	for i := range h.Calendars {
		for k := range h.Calendars[i].Events {
			if e := &h.Calendars[i].Events[k]; e.On(d) {
				return e, &h.Calendars[i]
			}
		}
	}
	return nil, nil
}

// closings are the times of the day d for which calendars close a site that would be open.
func (h *Hours) closings(d Date, loc *time.Location) []Opening {
	var all []Opening
	for i := range h.Calendars {
		for k := range h.Calendars[i].Events {
			if e := &h.Calendars[i].Events[k]; e.Days == 0 {
				all = append(all, e.Times(d, loc)...)
			}
		}
	}
	return all
}

// without is what is left of openings where a closing is taken out.
func without(openings []Opening, shut Opening) []Opening {
	left := make([]Opening, 0, len(openings)+1)
	for _, o := range openings {
		if !o.Open.Before(shut.Close) || !shut.Open.Before(o.Close) {
			left = append(left, o)
			continue
		}
		if o.Open.Before(shut.Open) {
			left = append(left, Opening{o.Open, shut.Open})
		}
		if shut.Close.Before(o.Close) {
			left = append(left, Opening{shut.Close, o.Close})
		}
	}
	return left
}

// mostBetween bounds the search for the next day of a calendar: 29 February is up to eight years away.
const mostBetween = 8*366 + 2

// calendarDay is the first day from d on, in the direction of step, that a calendar closes or shortens.
func (h *Hours) calendarDay(d Date, step int) (Date, bool) {
	if len(h.Calendars) == 0 {
		return Date{}, false
	}
	for range mostBetween {
		for i := range h.Calendars {
			c := &h.Calendars[i]
			for k := range c.Events {
				if e := &c.Events[k]; (e.Days == 0 || !allDay(c.Spans)) && e.Touches(d) {
					return d, true
				}
			}
		}
		d = d.AddDays(step)
	}
	return Date{}, false
}
