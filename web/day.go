package web

import (
	"time"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// day is what was known of the people in a zone from the beginning of a day to its end, or to now.
type day struct {
	from, end telemetry.Instant
	// samples are one a minute, the last of it, at the minute's start; a minute without one is as the one before it. The first
	// is what held at from, if anything did.
	samples []rules.Sample
	// peak is the greatest number, which its minute need not have ended with; nil: nobody ever knew.
	peak *rules.Sample
}

// dayOf makes a day of samples in order; what was sampled before from held until then.
func dayOf(samples []rules.Sample, from, end telemetry.Instant) day {
	d := day{from: from, end: end}
	for i := range samples {
		s := samples[i]
		s.At = max(s.At, from)
		if last := i+1 == len(samples); s.Known && (last || samples[i+1].At > s.At) && (d.peak == nil || s.Persons > d.peak.Persons) {
			d.peak = &s
		}
		minute := s
		minute.At -= s.At % telemetry.Instant(time.Minute)
		if n := len(d.samples); n > 0 && d.samples[n-1].At == minute.At {
			d.samples[n-1] = minute
			continue
		}
		d.samples = append(d.samples, minute)
	}
	return d
}

// run is a time in which somebody knew: from each sample to the next, and from the last to the end.
type run struct {
	samples []rules.Sample
	end     telemetry.Instant
}

// runs are the times in which somebody knew, from a time on; between them are gaps. The minute of the peak is drawn as the peak.
func (d *day) runs(from telemetry.Instant) []run {
	var all []run
	open := false
	for i, s := range d.samples {
		end := d.end
		if i+1 < len(d.samples) {
			end = d.samples[i+1].At
		}
		if end <= from || end <= s.At {
			continue
		}
		if !s.Known {
			open = false
			continue
		}
		s.At = max(s.At, from)
		if p := d.peak; s.At <= p.At && p.At < s.At.Add(time.Minute) && p.Persons > s.Persons {
			s.Persons, s.Low, s.High = p.Persons, p.Low, p.High
		}
		if !open {
			all, open = append(all, run{}), true
		}
		r := &all[len(all)-1]
		r.samples, r.end = append(r.samples, s), end
	}
	return all
}

// begins is when there is something to see: the first time at which somebody was in, else the first at which anybody knew. The
// night before a building opens is no news.
func (d *day) begins() (at telemetry.Instant, ok bool) {
	for _, s := range d.samples {
		if s.Known && s.Persons > 0 {
			return s.At, true
		}
	}
	for _, s := range d.samples {
		if s.Known {
			return s.At, true
		}
	}
	return 0, false
}

// limits are the samples from a time on with which the limit changed, which holds whether or not anybody knows the people.
func (d *day) limits(from telemetry.Instant) []rules.Sample {
	var all []rules.Sample
	for i, s := range d.samples {
		if i+1 < len(d.samples) && d.samples[i+1].At <= from {
			continue
		}
		s.At = max(s.At, from)
		if n := len(all); n == 0 && !s.HasLimit || n > 0 && all[n-1].HasLimit == s.HasLimit && all[n-1].Limit == s.Limit {
			continue
		}
		all = append(all, s)
	}
	return all
}
