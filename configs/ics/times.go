package ics

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
)

// moment is a day, with a clock where it is a time.
type moment struct {
	day      facility.Date
	clock    facility.TimeOfDay
	location facility.Location // nil: the site's
}

func (m moment) utc() time.Time {
	return time.Date(m.day.Year, m.day.Month, m.day.Day, 0, 0, 0, 0, time.UTC)
}

// time is the moment on its clock; where that is the site's it is as if in UTC.
func (m moment) time() time.Time {
	loc := time.UTC
	if m.location.Location != nil {
		loc = m.location.Location
	}
	return m.clock.On(m.day, loc)
}

// in is the moment on another clock. Of days, and of the site's own clock, nothing changes.
func (m moment) in(loc facility.Location) moment {
	if m.location.Location == nil || loc.Location == nil {
		return m
	}
	t := m.time().In(loc.Location)
	return moment{facility.DateOf(t), facility.TimeOfDay(time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute + time.Duration(t.Second())*time.Second), loc}
}

// moment reads a DATE or DATE-TIME with its zone; whole: it is a day.
func (r *reader) moment(l *line) (m moment, whole, ok bool) {
	value := strings.TrimSpace(l.value)
	for _, form := range []string{"20060102", "20060102T150405", "20060102T150405Z"} {
		t, err := time.Parse(form, value)
		if err != nil || t.Year() < 1 {
			continue
		}
		m.day, whole = facility.DateOf(t), len(form) == 8
		m.clock = facility.TimeOfDay(time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute + time.Duration(t.Second())*time.Second)
		if form[len(form)-1] == 'Z' {
			m.location = facility.Location{Location: time.UTC}
		} else if zone := l.params["TZID"]; zone != "" && !whole {
			loc, err := facility.LoadLocation(zone)
			if err != nil {
				r.wrong(l.at, "%v", err)
				return m, whole, false
			}
			m.location = loc
		}
		return m, whole, true
	}
	r.wrong(l.at, "%s %.40q, want a day (20260817) or a time (20260817T080000)", l.name, value)
	return m, whole, false
}

var durationForm = regexp.MustCompile(`^\+?P(?:(\d{1,3})W|(?:(\d{1,4})D)?(?:T(?:(\d{1,4})H)?(?:(\d{1,5})M)?(?:(\d{1,6})S)?)?)$`)

// duration reads P1W, P1D, PT2H30M.
func duration(s string) (time.Duration, bool) {
	m := durationForm.FindStringSubmatch(strings.TrimSpace(s))
	if m == nil {
		return 0, false
	}
	var all time.Duration
	for i, unit := range []time.Duration{7 * 24 * time.Hour, 24 * time.Hour, time.Hour, time.Minute, time.Second} {
		n, _ := strconv.Atoi("0" + m[i+1])
		all += time.Duration(n) * unit
	}
	return all, true
}

var weekdays = []string{"SU", "MO", "TU", "WE", "TH", "FR", "SA"}

// repeat reads the RRULE.
func (e *event) repeat(r *reader, from moment) bool {
	at, rep, count := e.rule.at, &facility.Repeat{}, 0
	seen := map[string]bool{}
	bad := func(format string, args ...any) bool {
		r.wrong(at, "RRULE: "+format, args...)
		return false
	}
	numbers := func(value string, least, most int) (all []int, ok bool) {
		for part := range strings.SplitSeq(value, ",") {
			n, err := strconv.Atoi(part)
			if err != nil || n < least || n > most || n == 0 {
				return nil, false
			}
			all = append(all, n)
		}
		return all, true
	}
	for part := range strings.SplitSeq(strings.ToUpper(e.rule.value), ";") {
		key, value, _ := strings.Cut(part, "=")
		if seen[key] {
			return bad("%.20s is given twice", key)
		}
		seen[key] = true
		switch key {
		case "FREQ":
			rep.Every = facility.Frequency(strings.ToLower(value))
			if !slices.Contains([]facility.Frequency{facility.Daily, facility.Weekly, facility.Monthly, facility.Yearly}, rep.Every) {
				return bad("FREQ %.20q, want DAILY, WEEKLY, MONTHLY or YEARLY", value)
			}
		case "INTERVAL":
			n, ok := numbers(value, 1, 1000)
			if !ok || len(n) != 1 {
				return bad("INTERVAL %.20q, want 1 to 1000", value)
			}
			rep.Interval = n[0]
		case "COUNT":
			n, ok := numbers(value, 1, 10000)
			if !ok || len(n) != 1 {
				return bad("COUNT %.20q, want 1 to 10000", value)
			}
			count = n[0]
		case "UNTIL":
			m, whole, ok := r.moment(&line{at: at, name: "UNTIL", value: value})
			if !ok {
				return false
			}
			if m = m.in(from.location); !whole && m.clock < from.clock {
				m.day = m.day.AddDays(-1) // it ends before the day's would begin
			}
			rep.Until = m.day
		case "BYMONTH":
			n, ok := numbers(value, 1, 12)
			if !ok {
				return bad("BYMONTH %.20q, want 1 to 12", value)
			}
			for _, m := range n {
				rep.Months = append(rep.Months, time.Month(m))
			}
		case "BYMONTHDAY":
			n, ok := numbers(value, -31, 31)
			if !ok {
				return bad("BYMONTHDAY %.20q, want 1 to 31, or -1 to -31 from the end", value)
			}
			rep.MonthDays = n
		case "BYDAY":
			for day := range strings.SplitSeq(value, ",") {
				i := -1
				if len(day) >= 2 {
					i = slices.Index(weekdays, day[len(day)-2:])
				}
				nth := 0
				if i >= 0 && len(day) > 2 {
					n, err := strconv.Atoi(day[:len(day)-2])
					if err != nil || n == 0 || n < -53 || n > 53 {
						i = -1
					}
					nth = n
				}
				if i < 0 {
					return bad("BYDAY %.20q, want such as MO, 1SU or -1FR", day)
				}
				rep.Weekdays = append(rep.Weekdays, facility.NthWeekday{Day: time.Weekday(i), Nth: nth})
			}
		case "WKST":
			if value != "MO" && rep.Interval > 1 {
				return bad("WKST %.20q, want weeks that begin on MO", value)
			}
		default:
			return bad("%.20s is not supported, want FREQ, INTERVAL, COUNT, UNTIL, BYMONTH, BYMONTHDAY, BYDAY", key)
		}
	}
	nth := slices.ContainsFunc(rep.Weekdays, func(w facility.NthWeekday) bool { return w.Nth != 0 })
	switch {
	case rep.Every == "":
		return bad("FREQ is missing")
	case count > 0 && !rep.Until.IsZero():
		return bad("COUNT and UNTIL, want one of them")
	case nth && rep.Every != facility.Monthly && rep.Every != facility.Yearly:
		return bad("a numbered BYDAY belongs to MONTHLY and YEARLY")
	case len(rep.MonthDays) > 0 && rep.Every == facility.Weekly:
		return bad("BYMONTHDAY does not belong to WEEKLY")
	}
	e.Repeat = rep
	if count > 0 {
		last, ok := e.Last(count, mostSteps)
		if !ok {
			return bad("COUNT=%d ends more than 60 years later, want UNTIL", count)
		}
		rep.Until = last
	}
	return true
}
