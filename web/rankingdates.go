package web

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
)

// dates is a period by days of each site's own calendar; both belong to it.
type dates struct{ from, to facility.Date }

// The periods that are one tap away.
const (
	byMonth = "month"
	byWeek  = "week"  // seven days up to one
	byDates = "dates" // from one day to another
)

// monthOf is the month in which a day lies.
func monthOf(d facility.Date) dates {
	first := facility.Date{Year: d.Year, Month: d.Month, Day: 1}
	next := facility.DateOf(time.Date(d.Year, d.Month+1, 1, 0, 0, 0, 0, time.UTC))
	return dates{first, next.AddDays(-1)}
}

// days is how many there are.
func (d dates) days() int {
	return int(d.to.In(time.UTC).Sub(d.from.In(time.UTC)).Hours()/24) + 1
}

// before is the period that it is compared with: the month before a month, else as many days right before.
func (d dates) before() dates {
	if d == monthOf(d.from) {
		return monthOf(d.from.AddDays(-1))
	}
	return dates{d.from.AddDays(-d.days()), d.from.AddDays(-1)}
}

// misdate is a parameter of a period that means nothing: which, what it is, and what it can be, a key of the catalogues below "want.".
type misdate struct {
	name, got, want string
	why             wrong
}

func (e *misdate) Error() string { return e.why.Error() }
func (e *misdate) Unwrap() error { return e.why }

// misaskedBy answers a page's address of which datesOf can make nothing.
func misaskedBy(err error) error {
	if m, ok := errors.AsType[*misdate](err); ok {
		return misasked(m.name, m.got, m.want)
	}
	return errBadForm
}

// datesOf reads which period is asked about: by month (the present one where on says no other), by the seven days up to on, or from one day to
// another. by says which of them it is. The error is a *misdate, of the kind wrong.
func datesOf(q url.Values, today facility.Date) (d dates, by string, err error) {
	day := func(name string, other facility.Date) facility.Date {
		text := q.Get(name)
		if text == "" {
			return other
		}
		x, bad := facility.ParseDate(text)
		if bad != nil || x.Year < 2000 || x.Year > 2200 {
			err = &misdate{name, text, "day", wrong(fmt.Sprintf("%s is %.40q, want a day such as 2026-11-30", name, text))}
			return other
		}
		return x
	}
	on := day("on", today)
	if today.Before(on) {
		on = today
	}
	switch by = q.Get("by"); {
	case q.Get("from") != "" || q.Get("to") != "":
		by = byDates
		d.to = day("to", today)
		d.from = day("from", monthOf(d.to).from)
	case by == byWeek:
		d = dates{on.AddDays(1 - shownDays), on}
	default:
		if by != "" && by != byMonth && by != byDates {
			err = &misdate{"by", by, "choose", wrong(fmt.Sprintf("by is %.40q, want month or week", by))}
		}
		by, d = byMonth, monthOf(on)
	}
	from := cmp.Or(q.Get("from"), d.from.String())
	switch {
	case err != nil:
	case d.to.Before(d.from):
		err = &misdate{"from", from, "before", "the period ends before it begins"}
	case today.AddDays(1).Before(d.from):
		err = &misdate{"from", from, "day", "the period lies in the future"}
	case d.days() > mostDays:
		err = &misdate{"from", from, "days", wrong(fmt.Sprintf("the period has more than %d days, which is as much as is added up at once", mostDays))}
	}
	return d, by, err
}
