package facility

import (
	"slices"
	"time"
)

// Event is something on a calendar: whole days, or a part of one. It may come again.
type Event struct {
	Name string `json:"name,omitempty"`
	// From is the day on which it begins for the first time.
	From Date `json:"from"`
	// Days is how many whole days it lasts; 0: it lasts for a time, from At on.
	Days  int           `json:"days,omitempty"`
	At    TimeOfDay     `json:"at,omitzero"`
	Lasts time.Duration `json:"lasts,omitempty"`
	// ByClock: Lasts is how far the clock goes on, as from 00:00 to 06:00, also where clocks are changed meanwhile. Otherwise it is time
	// that passes.
	ByClock bool `json:"by_clock,omitempty"`
	// Location is where the clock of At hangs; without one it is the site's.
	Location Location `json:"timezone,omitzero"`
	// Repeat says when it comes again; nil: never.
	Repeat *Repeat `json:"repeat,omitempty"`
	// Except are days on which it would begin and does not.
	Except []Date `json:"except,omitempty"`
}

// Bounds of events: longer ones are no holidays and no maintenance.
const (
	MostEventDays = 366
	MostEventTime = 31 * 24 * time.Hour
)

// On reports whether one of the event's whole days is d.
func (e *Event) On(d Date) bool {
	if e.Repeat == nil && e.Days <= 1 {
		return e.Days > 0 && d == e.From && !slices.Contains(e.Except, d)
	}
	if e.Repeat == nil {
		return !d.Before(e.From) && d.Before(e.From.AddDays(e.Days)) && !slices.Contains(e.Except, e.From)
	}
	for range e.Days {
		if e.begins(d) {
			return true
		}
		d = d.AddDays(-1)
	}
	return false
}

// Touches reports whether any of the event's time may lie on the day d, whatever its clocks: a day before or behind counts.
func (e *Event) Touches(d Date) bool {
	if e.Days > 0 {
		return e.On(d)
	}
	for k := range e.around() {
		if e.begins(d.AddDays(2 - k)) {
			return true
		}
	}
	return false
}

// around is on how many days an event of some hours can begin that touches a given day: clocks are up to 26 hours apart.
func (e *Event) around() int { return int(e.Lasts/(24*time.Hour)) + 5 }

// Times lists the times of an event that lasts for some hours, as far as they touch the day d of loc, in order. Of whole days it is
// all of the day.
func (e *Event) Times(d Date, loc *time.Location) []Opening {
	if e.Days > 0 {
		if e.On(d) {
			return []Opening{{d.In(loc), d.AddDays(1).In(loc)}}
		}
		return nil
	}
	clock := loc
	if e.Location.Location != nil {
		clock = e.Location.Location
	}
	begin, end := d.In(loc), d.AddDays(1).In(loc)
	var all []Opening
	for k := e.around() - 1; k >= 0; k-- {
		day := d.AddDays(2 - k)
		if !e.begins(day) {
			continue
		}
		from := e.At.On(day, clock)
		if until := e.Ends(day, clock); from.Before(end) && begin.Before(until) && from.Before(until) {
			all = append(all, Opening{from, until})
		}
	}
	return all
}

// Ends is when an event that lasts for some hours ends that begins on the day d of the clock. Where clocks skip all of it, it ends as it
// begins.
func (e *Event) Ends(d Date, clock *time.Location) time.Time {
	if e.ByClock {
		return (e.At + TimeOfDay(e.Lasts)).On(d, clock)
	}
	return e.At.On(d, clock).Add(e.Lasts)
}

// begins reports whether the event begins on the day d.
func (e *Event) begins(d Date) bool {
	if e.Repeat == nil {
		return d == e.From && !slices.Contains(e.Except, d)
	}
	return !d.Before(e.From) && e.Repeat.falls(d, e.From) && !slices.Contains(e.Except, d)
}

// Repeat is when an event comes again: the part of RFC 5545 that holidays and closings need. Weeks begin on Monday.
type Repeat struct {
	Every Frequency `json:"every"`
	// Interval: every second, third … of them; 0 and 1: each.
	Interval int `json:"interval,omitempty"`
	// Until is the last day on which it may begin; zero: open.
	Until Date `json:"until,omitzero"`
	// Weekdays, MonthDays (negative: from the month's end) and Months say on which days it falls; empty: as on the first.
	Weekdays  []NthWeekday `json:"weekdays,omitempty"`
	MonthDays []int        `json:"month_days,omitempty"`
	Months    []time.Month `json:"months,omitempty"`
}

// Frequency is how often an event comes.
type Frequency string

// The frequencies.
const (
	Daily   Frequency = "daily"
	Weekly  Frequency = "weekly"
	Monthly Frequency = "monthly"
	Yearly  Frequency = "yearly"
)

// NthWeekday is a weekday: each (Nth 0), or the nth of the month or year, negative from its end.
type NthWeekday struct {
	Day time.Weekday `json:"day"`
	Nth int          `json:"nth,omitempty"`
}

// falls reports whether an event that first began on a day begins on d, which is not before it.
func (r *Repeat) falls(d, first Date) bool {
	if !r.Until.IsZero() && r.Until.Before(d) || len(r.Months) > 0 && !slices.Contains(r.Months, d.Month) {
		return false
	}
	every := max(1, r.Interval)
	weekday := func() bool {
		return slices.ContainsFunc(r.Weekdays, func(w NthWeekday) bool { return w.Day == d.Weekday() })
	}
	switch r.Every {
	case Daily:
		return daysBetween(first, d)%every == 0 && (len(r.MonthDays) == 0 || r.monthDay(d)) && (len(r.Weekdays) == 0 || weekday())
	case Weekly:
		monday := func(d Date) Date { return d.AddDays(-(int(d.Weekday()) + 6) % 7) }
		if daysBetween(monday(first), monday(d))/7%every != 0 {
			return false
		}
		if len(r.Weekdays) == 0 {
			return d.Weekday() == first.Weekday()
		}
		return weekday()
	case Monthly:
		if ((d.Year-first.Year)*12+int(d.Month)-int(first.Month))%every != 0 {
			return false
		}
		return r.inMonth(d, first)
	case Yearly:
		switch {
		case (d.Year-first.Year)%every != 0:
			return false
		case len(r.MonthDays) > 0 || len(r.Months) > 0:
			return r.inMonth(d, first)
		case len(r.Weekdays) > 0:
			return r.nth(d, d.yearDay(), daysBetween(Date{d.Year, time.January, 1}, Date{d.Year + 1, time.January, 1}))
		}
		return d.Month == first.Month && d.Day == first.Day
	}
	return false
}

// inMonth reports whether d is one of the days of its month.
func (r *Repeat) inMonth(d, first Date) bool {
	switch {
	case len(r.MonthDays) > 0 && len(r.Weekdays) > 0:
		return r.monthDay(d) && r.nth(d, d.Day, d.monthDays())
	case len(r.MonthDays) > 0:
		return r.monthDay(d)
	case len(r.Weekdays) > 0:
		return r.nth(d, d.Day, d.monthDays())
	}
	return d.Day == first.Day
}

func (r *Repeat) monthDay(d Date) bool {
	return slices.Contains(r.MonthDays, d.Day) || slices.Contains(r.MonthDays, d.Day-d.monthDays()-1)
}

// nth reports whether d, the day-th of the days of its month or year, is one of the weekdays.
func (r *Repeat) nth(d Date, day, of int) bool {
	return slices.ContainsFunc(r.Weekdays, func(w NthWeekday) bool {
		return w.Day == d.Weekday() && (w.Nth == 0 || w.Nth == (day-1)/7+1 || w.Nth == -((of-day)/7+1))
	})
}

func (d Date) monthDays() int {
	return DateOf(time.Date(d.Year, d.Month+1, 0, 0, 0, 0, 0, time.UTC)).Day
}

func (d Date) yearDay() int { return d.utc().YearDay() }

// daysBetween is how many days b lies behind a.
func daysBetween(a, b Date) int { return int(b.utc().Sub(a.utc()) / (24 * time.Hour)) }

// Last is the day on which a repeated event begins for the count-th time, within so many days; false: it does not.
func (e *Event) Last(count, within int) (Date, bool) {
	d := e.From
	for range within {
		if e.Repeat.falls(d, e.From) {
			if count--; count == 0 {
				return d, true
			}
		}
		d = d.AddDays(1)
	}
	return Date{}, false
}
