package recompute

import (
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// days are the days and openings of a site around its records, one by one.
type days struct {
	always   bool
	dates    []facility.Date
	begins   []telemetry.Instant // of each date
	openings []opening           // those that touch are one
	services []opening           // from a day's first opening to its last closing
	resets   []telemetry.Instant
}

type opening struct{ open, close telemetry.Instant }

// daysAround is how many days before the first and behind the last record are looked at.
const daysAround = 16

func newDays(site *facility.Site, records []telemetry.Record) *days {
	loc := site.Location.Location
	first, last := telemetry.Never, telemetry.Instant(0)
	for i := range records {
		r := &records[i]
		first, last = min(first, r.Received, r.At), max(last, r.Received)
	}
	d := &days{always: len(site.Hours.Exceptions) == 0}
	for _, spans := range site.Hours.Weekly {
		d.always = d.always && len(spans) == 0
	}
	date := facility.DateOf(first.In(loc)).AddDays(-daysAround)
	for ; ; date = date.AddDays(1) {
		begin := shown(date, 0, loc)
		if begin > last.Add(daysAround*24*time.Hour) {
			break
		}
		d.dates, d.begins = append(d.dates, date), append(d.begins, begin)
		var begun []int // openings that begin on this date
		for _, span := range spansOf(&site.Hours, date) {
			o := opening{shown(date, span.Open, loc), shown(date, span.Close, loc)}
			if o.open >= o.close {
				continue
			}
			if n := len(d.openings); n > 0 && d.openings[n-1].close == o.open {
				d.openings[n-1].close = o.close
				continue
			}
			begun = append(begun, len(d.openings))
			d.openings = append(d.openings, o)
		}
		if len(begun) > 0 {
			// Which opening belongs to a service is told by its index until all are as long as they are.
			d.services = append(d.services, opening{telemetry.Instant(begun[0]), telemetry.Instant(begun[len(begun)-1])})
		}
	}
	for i, v := range d.services {
		d.services[i] = opening{d.openings[v.open].open, d.openings[v.close].close}
	}
	if site.Reset != nil {
		for i, date := range d.dates[:len(d.dates)-1] {
			at := shown(date, *site.Reset, loc)
			if exists := d.begins[i] < d.begins[i+1]; exists && (d.always || !d.isOpen(at)) {
				d.resets = append(d.resets, at)
			}
		}
		slices.Sort(d.resets)
		d.resets = slices.Compact(d.resets)
	}
	return d
}

func spansOf(h *facility.Hours, date facility.Date) []facility.Span {
	for _, e := range h.Exceptions {
		if e.Date == date {
			return e.Spans
		}
	}
	return h.Weekly[date.Weekday()]
}

// shown is the first moment at which the clocks in loc show a time of a date, or a later one. It looks at them second by second,
// from a day before on, which is all that clocks can be apart; far from the moment it looks at every quarter of an hour.
func shown(date facility.Date, clock facility.TimeOfDay, loc *time.Location) telemetry.Instant {
	want := time.Date(date.Year, date.Month, date.Day, 0, 0, 0, 0, time.UTC).Unix() + int64(time.Duration(clock)/time.Second)
	shows := func(unix int64) bool {
		_, offset := time.Unix(unix, 0).In(loc).Zone()
		return unix+int64(offset) >= want
	}
	unix := want - 27*3600
	for !shows(unix + 900) {
		unix += 900
	}
	for !shows(unix) {
		unix++
	}
	return telemetry.Instant(unix * int64(time.Second))
}

// begin is the first moment of a date, also of one far away.
func (d *days) begin(date facility.Date) telemetry.Instant {
	for i := range d.dates {
		if d.dates[i] == date {
			return d.begins[i]
		}
	}
	if date.Before(d.dates[0]) {
		return 1
	}
	return telemetry.Never
}

// at finds the opening of t.
func (d *days) at(t telemetry.Instant) (opening, bool) {
	if d.always {
		return opening{0, telemetry.Never}, true
	}
	for _, o := range d.openings {
		if o.open <= t && t < o.close {
			return o, true
		}
	}
	return opening{}, false
}

func (d *days) isOpen(t telemetry.Instant) bool {
	_, ok := d.at(t)
	return ok
}
