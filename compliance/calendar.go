package compliance

import (
	"slices"
	"sort"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Span is a time: [From, Until).
type Span struct{ From, Until telemetry.Instant }

// Long is how long it lasts.
func (s Span) Long() time.Duration { return s.Until.Sub(s.From) }

// By says into which parts a period is cut.
type By string

// The parts. Days and hours are those of the site's clocks: a day with a change of the clocks has 23 or 25 hours.
const (
	Total  By = "total"
	ByDay  By = "day"
	ByHour By = "hour"
)

// cuts cuts a period into days or hours of a zone; the first and the last may be parts of one.
func cuts(by By, from, until telemetry.Instant, loc *time.Location) []Span {
	if from >= until {
		return nil
	}
	if by != ByDay && by != ByHour {
		return []Span{{from, until}}
	}
	var all []Span
	for t := from; t < until; {
		next := nextDay(t, loc)
		if by == ByHour {
			next = min(next, nextHour(t, loc))
		}
		next = min(next, until)
		all = append(all, Span{t, next})
		t = next
	}
	return all
}

// nextDay is when the day after that of t begins. It is later than t.
func nextDay(t telemetry.Instant, loc *time.Location) telemetry.Instant {
	d := facility.DayAt(t.In(loc), loc)
	for {
		d = d.AddDays(1)
		if at := telemetry.InstantOf(d.In(loc)); at > t {
			return at
		}
	}
}

// nextHour is when clocks show the next full hour, or are changed. It is later than t.
func nextHour(t telemetry.Instant, loc *time.Location) telemetry.Instant {
	local := t.In(loc)
	into := time.Duration(local.Minute())*time.Minute + time.Duration(local.Second())*time.Second + time.Duration(local.Nanosecond())
	next := t.Add(time.Hour - into)
	if _, until := local.ZoneBounds(); !until.IsZero() {
		if change := telemetry.InstantOf(until); change > t {
			next = min(next, change)
		}
	}
	return next
}

// openings lists when the site was open in [from, end), by the hours that were in force then.
func openings(terms []Term, from, end telemetry.Instant) []Span {
	var all []Span
	for i, t := range terms {
		until := end
		if i+1 < len(terms) {
			until = min(until, terms[i+1].From)
		}
		for _, o := range t.Agenda.Openings(max(from, t.From), until) {
			if n := len(all); n > 0 && all[n-1].Until == o.From {
				all[n-1].Until = o.Until
				continue
			}
			all = append(all, Span(o))
		}
	}
	return all
}

// duty is what was asked by a measure, and when.
type duty struct {
	rules.Duty
	spans []Span // in order, apart from each other
}

// duties finds what was in force in [from, end). Of a measure that changed the newest is told.
func duties(terms []Term, from, end telemetry.Instant) map[Key]*duty {
	all := make(map[Key]*duty)
	for i, t := range terms {
		until := end
		if i+1 < len(terms) {
			until = min(until, terms[i+1].From)
		}
		for at := max(from, t.From); at < until; {
			next := min(until, t.Agenda.Next(at))
			for _, d := range t.Agenda.At(at) {
				k := Key{d.Rule, d.Subject}
				m := all[k]
				if m == nil {
					m = &duty{}
					all[k] = m
				}
				m.Duty = d
				if n := len(m.spans); n > 0 && m.spans[n-1].Until == at {
					m.spans[n-1].Until = next
				} else {
					m.spans = append(m.spans, Span{at, next})
				}
			}
			at = next
		}
	}
	return all
}

// holding is the place of the first span that ends after t.
func holding(spans []Span, t telemetry.Instant) int {
	return sort.Search(len(spans), func(i int) bool { return spans[i].Until > t })
}

// without lists what of [from, until) lies in none of the spans.
func without(spans []Span, from, until telemetry.Instant) []Span {
	var all []Span
	for _, s := range spans[holding(spans, from):] {
		if s.From >= until {
			break
		}
		if s.From > from {
			all = append(all, Span{from, s.From})
		}
		from = s.Until
	}
	if from < until {
		all = append(all, Span{from, until})
	}
	return slices.Clip(all)
}
