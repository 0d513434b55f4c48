package journal

import (
	"context"
	"time"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Hours are the long memory of how many people were where: a figure an hour, kept for as long as the samples it was made of and read a year
// at a time.
type Hours interface {
	// Condense makes hours of the samples of all hours that were over at a time, and tells how many it made. It works in steps between the
	// commits, until nothing is left or ctx ends; what it has made it makes no more. An hour is made once more where a sample of it comes
	// later.
	Condense(ctx context.Context, now telemetry.Instant) (int, error)
	// Hours lists the hours of a zone (empty: the building) that begin in [from, until), in order. One in which nothing changed is left out:
	// it is as the one before ended. Where the first is not the beginning, one before it is listed as well, if there is one. Hours that are
	// not condensed yet are made for the answer.
	Hours(ctx context.Context, site, zone string, from, until telemetry.Instant) ([]Hour, error)
}

// Hour is what was known of the people in a zone in an hour of UTC.
type Hour struct {
	At telemetry.Instant
	// Known is for how long anybody knew, Area the people in it by the seconds they were there: Area ÷ Known is their mean.
	Known time.Duration
	Area  float64
	// Over is for how long their number was breached, Near for how long it was too close to tell.
	Over, Near time.Duration
	// Peak is the greatest number, with its time; Known false: nobody ever knew.
	Peak rules.Sample
	// Last is what held at the end of the hour, with its own time.
	Last rules.Sample
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
func FoldHour(samples []rules.Sample, from, until telemetry.Instant) (Hour, bool) {
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
		case s.Verdict == rules.Breached:
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
	q, _ := FoldHour([]rules.Sample{h.Last}, at, at.Add(long))
	return q
}

// HourOf is the beginning of the hour of UTC in which a time lies.
func HourOf(t telemetry.Instant) telemetry.Instant { return t - t%telemetry.Instant(time.Hour) }

// FoldHours makes the hours of the samples of [from, until) in order, with the one that held before: those in which something changed, and the
// first.
func FoldHours(samples []rules.Sample, from, until telemetry.Instant) []Hour {
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
