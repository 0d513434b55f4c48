package rules

import (
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// deafness are the times in which nobody could hear the devices: the gateway did not run, or had no connection to the broker.
// Silence is judged by the time in which somebody listened.
type deafness struct{ spans []deafSpan } // in order, apart from each other

// deafSpan is one such time; to is Never while it lasts.
type deafSpan struct{ from, to telemetry.Instant }

// add notes that nobody listened in [from, to).
func (d *deafness) add(from, to telemetry.Instant) {
	if to <= from {
		return
	}
	i := len(d.spans)
	for i > 0 && d.spans[i-1].to >= from {
		i--
		from, to = min(from, d.spans[i].from), max(to, d.spans[i].to)
	}
	d.spans = append(d.spans[:i], deafSpan{from, to})
}

// end notes that somebody listens again, if nobody did.
func (d *deafness) end(at telemetry.Instant) {
	if n := len(d.spans); n > 0 && d.spans[n-1].to == telemetry.Never {
		if d.spans[n-1].to = at; at <= d.spans[n-1].from {
			d.spans = d.spans[:n-1]
		}
	}
}

// at reports whether nobody listened at t, and when that changed next.
func (d *deafness) at(t telemetry.Instant) (deaf bool, until telemetry.Instant) {
	for _, s := range d.spans {
		switch {
		case t < s.from:
			return false, s.from
		case t < s.to:
			return true, s.to
		}
	}
	return false, telemetry.Never
}

// began is when the time began that ends at a time; 0: none does.
func (d *deafness) began(end telemetry.Instant) telemetry.Instant {
	if n := len(d.spans); n > 0 && d.spans[n-1].to == end {
		return d.spans[n-1].from
	}
	return 0
}

// lost reports whether t lies in a time that is over in which nobody listened for long, and when that changed next. What lasts
// still is the present, which says by itself what it knows.
func (d *deafness) lost(t telemetry.Instant) (lost bool, until telemetry.Instant) {
	for _, s := range d.spans {
		switch {
		case s.to == telemetry.Never || s.to.Sub(s.from) < lastingDeafness || s.to <= t:
		case t < s.from:
			return false, s.from
		default:
			return true, s.to
		}
	}
	return false, telemetry.Never
}

// long reports whether nobody listened for long at some time in [from, to).
func (d *deafness) long(from, to telemetry.Instant) bool {
	for _, s := range d.spans {
		if s.from < to && s.to > from && (s.to == telemetry.Never || s.to.Sub(s.from) >= lastingDeafness) {
			return true
		}
	}
	return false
}

// due is when something that was heard at a time is silent for too long: after so much time in which somebody listened, and
// not before it had a grace after the last time in which nobody did.
func (d *deafness) due(heard telemetry.Instant, bound, grace time.Duration) telemetry.Instant {
	due := heard.Add(bound)
	for _, s := range d.spans {
		switch {
		case s.to <= heard:
		case s.from >= due:
			return due
		case s.to == telemetry.Never:
			return telemetry.Never
		default:
			due = max(due.Add(s.to.Sub(max(s.from, heard))), s.to.Add(grace))
		}
	}
	return due
}

// Patience is the shortest time after which a device of the site is silent; 0: none ever is.
func (e *Engine) Patience() time.Duration {
	var least time.Duration
	for _, w := range e.watches {
		if w.bound > 0 && (least == 0 || w.bound < least) {
			least = w.bound
		}
	}
	return least
}

// forget drops what ended before the time.
func (d *deafness) forget(before telemetry.Instant) {
	d.spans = slices.DeleteFunc(d.spans, func(s deafSpan) bool { return s.to < before })
}
