package configs

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/configs/strict"
	"github.com/gerbang-iot/gerbang/facility"
)

// hoursDoc is the opening hours of a site as they are written: days or ranges of days with their spans.
//
//	mon-thu: "08:00-15:00"
//	fri: ["08:00-11:30", "13:00-15:00"]
//	queue_closes: 30m
//	exceptions:
//	  2026-08-17: {hours: closed, reason: Hari Kemerdekaan}
//	  12-31: {hours: "08:00-12:00", reason: Tutup buku}
type hoursDoc struct {
	facility.Hours
}

// hoursRest are the keys of the opening hours that are not days.
type hoursRest struct {
	// QueueCloses is how long before closing the queue takes no more visitors.
	QueueCloses time.Duration `yaml:"queue_closes" max:"12h"`
	// Exceptions are single days that differ, by date, or by month and day (12-25) where they do so every year.
	Exceptions map[exceptionDay]exceptionDoc `yaml:"exceptions"`
}

// exceptionDay is a date, or a day of every year.
type exceptionDay struct {
	date   facility.Date
	yearly yearlyDay
}

// UnmarshalText reads YYYY-MM-DD or MM-DD.
func (d *exceptionDay) UnmarshalText(b []byte) error {
	if len(b) == len("12-25") {
		return d.yearly.UnmarshalText(b)
	}
	var err error
	if d.date, err = facility.ParseDate(string(b)); err != nil {
		return fmt.Errorf("day %q: want YYYY-MM-DD, or MM-DD for every year, and a day that exists", b)
	}
	return nil
}

// String is the day as it is written.
func (d exceptionDay) String() string {
	if !d.date.IsZero() {
		return d.date.String()
	}
	return fmt.Sprintf("%02d-%02d", int(d.yearly.Month), d.yearly.Day)
}

// Wanted says what a configuration takes.
func (exceptionDay) Wanted() string { return "a date, or a day of the year such as 12-25" }

// exceptionDoc is one day that differs from the week.
type exceptionDoc struct {
	// Hours of that day, or closed.
	Hours spansDoc `yaml:"hours" required:"yes"`
	// Reason is shown beside the hours.
	Reason string `yaml:"reason" required:"yes"`
}

var days = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// UnmarshalStrict reads the days, then the rest.
func (h *hoursDoc) UnmarshalStrict(n strict.Node) {
	if !n.IsMap() {
		n.Problem("hours is %s, want a mapping such as mon-fri: \"08:00-15:00\"", n.What())
		return
	}
	given := map[time.Weekday]bool{}
	for _, e := range n.Entries() {
		which, ok := weekdays(e.Name)
		if !ok {
			continue
		}
		var spans spansDoc
		e.Decode(&spans)
		for _, d := range which {
			if given[d] {
				n.ProblemAt(e.Key(), "%s is given twice, want every day once", days[d])
			}
			given[d] = true
			h.Weekly[d] = spans
		}
	}
	isDay := func(key string) bool { _, ok := weekdays(key); return ok }
	var rest hoursRest
	n.Without(isDay, append([]string{"mon-fri"}, days...)...).Decode(&rest)
	other := slices.ContainsFunc(n.Entries(), func(e strict.Entry) bool { return e.Name != "queue_closes" && e.Name != "exceptions" })
	if len(given) == 0 && !other { // a misspelt day is a problem already
		n.Problem("hours name no day, want at least one such as mon-fri: \"08:00-15:00\"")
	}
	h.QueueCloses = rest.QueueCloses
	for day, x := range rest.Exceptions {
		if !day.date.IsZero() {
			h.Exceptions = append(h.Exceptions, facility.Exception{Date: day.date, Spans: x.Hours, Reason: x.Reason})
			continue
		}
		h.Calendars = append(h.Calendars, facility.Calendar{ID: day.String(), Spans: x.Hours, Events: []facility.Event{day.yearly.event(x.Reason)}})
	}
	sortBy(h.Calendars, func(c facility.Calendar) string { return c.ID })
	slices.SortFunc(h.Exceptions, func(a, b facility.Exception) int { return strings.Compare(a.Date.String(), b.Date.String()) })
}

// weekdays reads "mon", "mon-fri" or "tue,thu".
func weekdays(key string) ([]time.Weekday, bool) {
	var which []time.Weekday
	for part := range strings.SplitSeq(key, ",") {
		first, last, isRange := strings.Cut(strings.TrimSpace(part), "-")
		if !isRange {
			last = first
		}
		from, to := slices.Index(days, first), slices.Index(days, last)
		if from < 0 || to < 0 {
			return nil, false
		}
		for d := from; ; d = (d + 1) % len(days) {
			which = append(which, time.Weekday(d))
			if d == to {
				break
			}
		}
	}
	return which, true
}

// spansDoc is the hours of a day: "08:00-15:00", a list of such, or closed.
type spansDoc []facility.Span

const (
	closed    = "closed"
	wantSpans = `hours such as "08:00-15:00", a list of them, or closed`
)

// UnmarshalStrict reads the spans and checks that a day can be like that.
func (s *spansDoc) UnmarshalStrict(n strict.Node) {
	if text, ok := n.Text(); ok && text == closed {
		return
	}
	items := []strict.Node{n}
	if n.IsList() {
		items = n.Items()
	}
	for _, item := range items {
		text, ok := item.Text()
		if !ok {
			item.Problem("hours are %s, want %s", item.What(), wantSpans)
			continue
		}
		span, err := parseSpan(text)
		if err != nil {
			item.Problem("%v", err)
			continue
		}
		for _, other := range *s {
			if span.Open < other.Close && other.Open < span.Close {
				item.Problem("hours %s overlap %s-%s, want spans apart from each other", text, other.Open, other.Close)
			}
		}
		*s = append(*s, span)
	}
	slices.SortFunc(*s, func(a, b facility.Span) int { return cmp.Compare(a.Open, b.Open) })
}

// Wanted says what a configuration takes.
func (spansDoc) Wanted() string { return wantSpans }

func parseSpan(text string) (facility.Span, error) {
	from, to, ok := strings.Cut(text, "-")
	if !ok {
		return facility.Span{}, fmt.Errorf("hours %q, want %s", text, wantSpans)
	}
	open, err := facility.ParseTimeOfDay(strings.TrimSpace(from))
	if err != nil {
		return facility.Span{}, fmt.Errorf("hours %q: %w", text, err)
	}
	shut, err := facility.ParseTimeOfDay(strings.TrimSpace(to))
	if err != nil {
		return facility.Span{}, fmt.Errorf("hours %q: %w", text, err)
	}
	if shut <= open {
		return facility.Span{}, fmt.Errorf("hours %q close before they open, want the earlier time first (past midnight: end at 24:00 and begin the next day at 00:00)", text)
	}
	return facility.Span{Open: open, Close: shut}, nil
}
