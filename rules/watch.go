package rules

import (
	"slices"
	"sort"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// silenceFactor times its interval is how long a device may be silent before what it feeds is unknown.
const silenceFactor = 3

// watch follows the signs of life of one device. Only the gaps are kept: the pauses between neighbours in event time that
// are longer than the bound. So the answer does not depend on the order of arrival, and a healthy device costs nothing.
type watch struct {
	device *deviceState
	clock  *telemetry.Instant // the engine's
	bound  time.Duration
	mask   uint64            // quantities that count as a sign of life; 0: any message
	since  telemetry.Instant // configured since
	first  telemetry.Instant // earliest sign of life; 0: none yet
	last   telemetry.Instant // newest sign of life
	gaps   []gap             // closed ones, in order

	slot     int         // of its deadline: the moment of silence
	watchers []*instance // judged when the answer changes
}

// gap is a time in which a device was silent: unknown from Silent on, until the message at To.
type gap struct {
	from, silent, to telemetry.Instant
	unseen           bool // before the device's first message
}

// due is when the device becomes silent if nothing more comes.
func (w *watch) due() telemetry.Instant {
	if w.last == 0 {
		return w.since.Add(w.bound)
	}
	return w.last.Add(w.bound)
}

// sign records a message at t. changed is the earliest time from which the answer is another than before; 0: it is not,
// apart from due.
func (w *watch) sign(t telemetry.Instant) (changed telemetry.Instant) {
	switch {
	case w.last == 0:
		w.first, w.last = t, t
		if t > w.since {
			w.gaps = append(w.gaps, gap{from: w.since, silent: w.since, to: t, unseen: true})
		}
		return t
	case t > w.last:
		was, due := w.last, w.due()
		w.last = t
		if t > due {
			w.gaps = append(w.gaps, gap{from: was, silent: due, to: t})
		}
		if due <= *w.clock {
			return max(due, t) // it was taken for silent, at least while the message was under way
		}
		return 0
	case t < w.first:
		w.first = t
	}
	i := sort.Search(len(w.gaps), func(k int) bool { return w.gaps[k].to > t })
	if i == len(w.gaps) || w.gaps[i].from >= t && !w.gaps[i].unseen {
		return 0
	}
	g := w.gaps[i]
	var parts []gap
	switch {
	case g.unseen && g.from < t:
		parts = append(parts, gap{from: g.from, silent: g.from, to: t, unseen: true})
	case !g.unseen && t.Sub(g.from) > w.bound:
		parts = append(parts, gap{from: g.from, silent: g.silent, to: t})
	}
	if g.to.Sub(t) > w.bound {
		parts = append(parts, gap{from: t, silent: t.Add(w.bound), to: g.to})
	}
	w.gaps = slices.Replace(w.gaps, i, i+1, parts...)
	return max(g.silent, t)
}

// lastBefore is the last sign of life at or before t (0: none), and when the answer changed next, up to the clock: at the
// next gap or its end. What is still to come the watch's own deadline brings. Inside a stretch without gaps the last sign
// is t itself, for some message lay within the bound.
func (w *watch) lastBefore(t telemetry.Instant) (last, until telemetry.Instant) {
	until = telemetry.Never
	if t >= w.last {
		if due := w.due(); due > t && due <= *w.clock {
			until = due
		}
		return w.last, until
	}
	i := sort.Search(len(w.gaps), func(k int) bool { return w.gaps[k].to > t })
	if i == len(w.gaps) {
		return t, w.last
	}
	switch g := w.gaps[i]; {
	case t < g.from:
		return t, g.silent
	case g.unseen:
		until = g.to
		if due := g.from.Add(w.bound); due > t {
			until = min(until, due)
		}
		return 0, until
	case t < g.silent:
		return g.from, g.silent
	default:
		return g.from, g.to
	}
}

// forget drops gaps that ended before the time.
func (w *watch) forget(before telemetry.Instant) {
	n := 0
	for n < len(w.gaps) && w.gaps[n].to < before {
		n++
	}
	w.gaps = slices.Delete(w.gaps, 0, n)
}
