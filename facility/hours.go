package facility

import (
	"slices"
	"time"
)

// Hours are a site's opening hours: a weekly plan with dated exceptions, all in the site's zone.
type Hours struct {
	// Weekly holds the spans of each weekday, Sunday first, ordered and without overlap. A day without spans is closed.
	Weekly [7][]Span `json:"weekly"`
	// Exceptions replace the plan of single days; an exception without spans is a closed day.
	Exceptions []Exception `json:"exceptions,omitempty"`
	// QueueCloses is how long before closing the queue takes no more visitors; 0: at closing.
	QueueCloses time.Duration `json:"queue_closes,omitempty"`
}

// Span is open from Open (inclusive) to Close (exclusive), Open < Close.
type Span struct {
	Open  TimeOfDay `json:"open"`
	Close TimeOfDay `json:"close"`
}

// Exception is one day that differs from the weekly plan.
type Exception struct {
	Date   Date   `json:"date"`
	Spans  []Span `json:"spans,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// On lists the spans of the day d.
func (h *Hours) On(d Date) []Span {
	for _, e := range h.Exceptions {
		if e.Date == d {
			return e.Spans
		}
	}
	return h.Weekly[d.Weekday()]
}

// Opening is one period during which the site is open: [Open, Close).
type Opening struct{ Open, Close time.Time }

// Day lists the openings of the day d in loc.
func (h *Hours) Day(d Date, loc *time.Location) []Opening {
	spans := h.On(d)
	openings := make([]Opening, 0, len(spans))
	for _, s := range spans {
		openings = append(openings, Opening{s.Open.On(d, loc), s.Close.On(d, loc)})
	}
	return openings
}

// At finds the opening that contains t, if the site is open then.
func (h *Hours) At(t time.Time, loc *time.Location) (Opening, bool) {
	for _, o := range h.Day(DateOf(t.In(loc)), loc) {
		if !t.Before(o.Open) && t.Before(o.Close) {
			return o, true
		}
	}
	return Opening{}, false
}

// searchDays bounds how far Next and Previous look: a year and a day of holidays in a row is a closed site.
const searchDays = 366

// Next is the first opening that begins after t.
func (h *Hours) Next(t time.Time, loc *time.Location) (Opening, bool) {
	d := DateOf(t.In(loc))
	for range searchDays {
		for _, o := range h.Day(d, loc) {
			if o.Open.After(t) {
				return o, true
			}
		}
		d = d.AddDays(1)
	}
	return Opening{}, false
}

// Previous is the last opening that ended at or before t.
func (h *Hours) Previous(t time.Time, loc *time.Location) (Opening, bool) {
	d := DateOf(t.In(loc))
	for range searchDays {
		for _, o := range slices.Backward(h.Day(d, loc)) {
			if !o.Close.After(t) {
				return o, true
			}
		}
		d = d.AddDays(-1)
	}
	return Opening{}, false
}
