package facility

import "time"

// Hours are a site's opening hours: a weekly plan with dated exceptions, all in the site's zone. Spans that touch are one
// opening, also over midnight and over any number of days: Friday 18:00-24:00 and Saturday 00:00-02:00 are one night.
type Hours struct {
	// Weekly holds the spans of each weekday, Sunday first, ordered and without overlap. A day without spans is closed.
	Weekly [7][]Span `json:"weekly"`
	// Exceptions replace the plan of single days; an exception without spans is a closed day.
	Exceptions []Exception `json:"exceptions,omitempty"`
	// Calendars are lists of days that differ too. Where several have a day, the first decides; an exception comes before all.
	Calendars []Calendar `json:"calendars,omitempty"`
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

// On lists the spans of the day d, before what calendars take out of them; see Day.
func (h *Hours) On(d Date) []Span {
	for _, e := range h.Exceptions {
		if e.Date == d {
			return e.Spans
		}
	}
	if _, c := h.holiday(d); c != nil {
		return c.Spans
	}
	return h.Weekly[d.Weekday()]
}
