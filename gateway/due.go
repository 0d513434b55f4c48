package gateway

import (
	"slices"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// dues are the sites' next deadlines, in the order of the sites. The loop asks for them several times with every commit: with
// thousands of sites to ask each engine would take it longer than the commit.
type dues struct {
	at []telemetry.Instant // Never: nothing is due, or the site is not judged; nil: to be found anew
}

// forget is for when sites come, go, stop, begin or are made again.
func (d *dues) forget() { d.at = nil }

// find asks every engine, where that is to be done.
func (d *dues) find(order []*site) {
	if d.at != nil {
		return
	}
	d.at = make([]telemetry.Instant, len(order))
	for i, s := range order {
		s.place = i
		d.at[i] = s.due()
	}
}

// judged notes that a site's engine has taken a record.
func (d *dues) judged(s *site) {
	if d.at != nil {
		d.at[s.place] = s.due()
	}
}

// next is the earliest.
func (d *dues) next() telemetry.Instant {
	if len(d.at) == 0 {
		return telemetry.Never
	}
	return slices.Min(d.at)
}

// due is when the site's engine next has something to do.
func (s *site) due() telemetry.Instant {
	if s.stopped != "" {
		return telemetry.Never
	}
	return s.engine.Due()
}
