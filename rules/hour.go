package rules

import (
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Hour is what was known of the people in a zone in an hour of UTC.
type Hour struct {
	At telemetry.Instant
	// Known is for how long anybody knew, Area the people in it by the seconds they were there: Area ÷ Known is their mean.
	Known time.Duration
	Area  float64
	// Over is for how long their number was breached, Near for how long it was too close to tell.
	Over, Near time.Duration
	// Peak is the greatest number, with its time; Known false: nobody ever knew.
	Peak Sample
	// Last is what held at the end of the hour, with its own time.
	Last Sample
}

// Mean is the mean number of people in the time in which somebody knew; false: nobody did.
func (h *Hour) Mean() (float64, bool) {
	if h.Known <= 0 {
		return 0, false
	}
	return h.Area / h.Known.Seconds(), true
}

// FoldHour makes an hour of the samples of a zone in order: the last one that held when it began, if there is one, and those in it, of a span
// [from, until) of at most an hour. false: there is no sample.
func FoldHour(samples []Sample, from, until telemetry.Instant) (Hour, bool) {
	h := Hour{At: from}
	for i := range samples {
		s := &samples[i]
		if s.At >= until {
			break
		}
		end := until
		if i+1 < len(samples) {
			end = min(until, samples[i+1].At)
		}
		h.Last = *s
		begin := max(s.At, from)
		if end <= begin {
			continue
		}
		long := end.Sub(begin)
		switch {
		case s.Verdict == Breached:
			h.Over += long
		case s.Near:
			h.Near += long
		}
		if !s.Known {
			continue
		}
		h.Known += long
		h.Area += s.Persons * long.Seconds()
		if !h.Peak.Known || s.Persons > h.Peak.Persons {
			h.Peak = *s
			h.Peak.At = begin
		}
	}
	return h, len(samples) > 0 && samples[0].At < until
}

// Quiet is an hour in which nothing changed, behind another one.
func (h *Hour) Quiet(at telemetry.Instant, long time.Duration) Hour {
	q, _ := FoldHour([]Sample{h.Last}, at, at.Add(long))
	return q
}

// HourOf is the beginning of the hour of UTC in which a time lies.
func HourOf(t telemetry.Instant) telemetry.Instant { return t - t%telemetry.Instant(time.Hour) }

// FoldHours makes the hours of the samples of [from, until) in order, with the one that held before: those in which something changed, and the
// first.
func FoldHours(samples []Sample, from, until telemetry.Instant) []Hour {
	var all []Hour
	i := 0 // the first sample that is not of an hour before
	for at := HourOf(from); at < until; at = at.Add(time.Hour) {
		n := i
		for n < len(samples) && samples[n].At < at.Add(time.Hour) {
			n++
		}
		if n > i {
			if h, ok := FoldHour(samples[max(0, i-1):n], at, min(at.Add(time.Hour), until)); ok {
				all = append(all, h)
			}
		}
		i = n
	}
	return all
}
