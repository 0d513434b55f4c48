package rules

import (
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Norms have times: above 1,000 ppm for ten minutes. That is not how long an alert waits, but what is forbidden, so it is
// part of the verdict: before the time is over nothing is breached, and one reading below begins it anew.

// lasted judges a condition that is true at t by how long it has been so, or for how many readings. f is the finding without.
func (a *activation) lasted(t telemetry.Instant, v view, f *finding) telemetry.Instant {
	until := telemetry.Never
	var gap finding
	if over := a.judge.params.Over; over > 0 {
		// From the start of the time on, in steps in which nothing changes.
		var no, unsure telemetry.Instant // until when it was false, or not known
		for x := t.Add(-over); x < t; {
			h, next := a.then(x, v)
			next = min(next, t)
			switch h.verdict {
			case Within:
				no = next
			case Unknown:
				unsure, gap = next, h
			}
			x = next
		}
		if no != 0 {
			f.verdict = Within
			until = no.Add(over)
			a.since = no
		} else if unsure != 0 {
			f.verdict = Unknown
		}
		if unsure != 0 {
			until = min(until, unsure.Add(over))
		}
	}
	if n := a.judge.params.Readings; n > 1 && f.verdict == Breached {
		f.verdict, gap = a.counted(t, v, n)
	}
	if f.verdict == Unknown {
		f.reason, f.detail = gap.reason, gap.detail
	}
	// The question was about t.
	a.begin(t)
	a.see(t, v)
	return until
}

// then is what the condition was at another time; until is when it was another.
func (a *activation) then(x telemetry.Instant, v view) (finding, telemetry.Instant) {
	until := a.begin(x)
	if a.reason != "" {
		return unknown(a.reason, a.detail), until
	}
	var h finding
	until = min(until, a.holds(x, v, &h))
	return h, until
}

// counted looks at the readings in a row up to t.
func (a *activation) counted(t telemetry.Instant, v view, n int) (Verdict, finding) {
	x := t
	for n > 0 {
		// The newest reading at or before x, of any of the view's sensors.
		at, many := telemetry.Instant(0), 1
		for _, all := range v {
			for _, s := range all {
				if e, _, _ := s.at(x); e != nil && e.at > at {
					at, many = e.at, int(e.v.n)
				}
			}
		}
		if at == 0 {
			return Within, finding{}
		}
		h, _ := a.then(at, v)
		if h.verdict != Breached {
			return h.verdict, h
		}
		n -= many
		a.row += many
		x = at - 1
	}
	return Breached, finding{}
}
