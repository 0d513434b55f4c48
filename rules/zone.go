package rules

import (
	"slices"
	"sort"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// tally counts people in both directions.
type tally struct{ in, out people }

// zoneState is what is known about the people in a zone; the building as a whole is one too.
type zoneState struct {
	id       string // empty: the building
	index    int    // in the definition's order; the building: −1
	parent   *zoneState
	children []*zoneState

	line  timeline[balance]
	doubt telemetry.Instant // what passed from then on a running total at its edge may still tell otherwise; Never: nothing
	today tally
	hours openHours // they say when a silent counter misses somebody
	round *uint64   // of the engine
	last  answered

	// What was learned: from which anchors, what follows from those that are too old to change, and from all, and as it held.
	anchors   []anchor
	base, now learned
	laws      []law
	// heard is the event time of the earliest count, absolute or not; 0: none, and nothing can be said.
	heard telemetry.Instant

	devices  []*deviceState // that hang in it
	edge     []*deviceState // through which people come into it or leave it, if they count
	feeders  []*deviceState // that count people through the zone's edge, as far as they have shown it
	absolute []*deviceState // that count the people present
	outages  []outage       // of feeders, by end then device
	blind    []outage       // of absolute counters
	sensors  []*series      // kept readings of the devices in the zone, by device then quantity

	// reopens is when the site opens again after an anchor, as silentFrom has found.
	reopens struct{ anchor, at telemetry.Instant }

	crowdWatchers []*instance // judged when the people change
	readWatchers  []readWatcher
	capacity      *instance   // the first capacity rule about the zone
	limiters      []*instance // all of them, those of the past too

	// The last sample, its deadline's slot, and whether one is due after the record.
	sampled Sample
	slot    int
	touched bool
}

// readWatcher is an instance that wants to be asked when one of the quantities was read.
type readWatcher struct {
	instance *instance
	mask     uint64
	steady   *steady // what its rule in force makes of values; nil: each of them may matter
}

// outage is a time in which a counter at the zone's edge was not heard.
type outage struct {
	gap
	device *deviceState
	lossy  bool // what passed meanwhile is lost; false for running totals, which catch up
	// counts is from when on it makes the people unknown where no anchor makes up for it, as silentFrom has found; 0: nobody has
	// asked. The calendar takes a thousand times longer than the rest, and all of a site's devices may be silent.
	counts telemetry.Instant
	// lost is from when on it has lost more since a time than one that is none, likewise.
	lost struct{ since, from telemetry.Instant }
}

// is reports whether two outages are the same.
func (o *outage) is(p *outage) bool {
	return o.gap == p.gap && o.device == p.device && o.lossy == p.lossy
}

// shownOutages are the outages of a device as its zones know them, and as what they took it.
type shownOutages struct {
	all            []outage
	feeds, present bool
	valid          bool
}

func (s *shownOutages) is(now []outage, feeds, present bool) bool {
	return s.valid && s.feeds == feeds && s.present == present && slices.EqualFunc(s.all, now, func(a, b outage) bool { return a.is(&b) })
}

// derived reports whether the zone has no counter of its own, so that its people are those of the zones in it. One that never
// spoke is one: without what it would say nobody knows who is there.
func (z *zoneState) derived() bool {
	return len(z.feeders) == 0 && len(z.absolute) == 0 && len(z.children) > 0 &&
		!slices.ContainsFunc(z.edge, (*deviceState).feeds) && !slices.ContainsFunc(z.devices, (*deviceState).sees)
}

// setLosses replaces the outages of one counter at the zone's edge, and finds the estimates again from wherever what it lost changed.
func (z *zoneState) setLosses(d *deviceState, now []outage, since telemetry.Instant) {
	var changed []telemetry.Instant
	differ := func(a, b []outage) {
		for i := range a {
			o := &a[i]
			if o.device == d && o.lossy && o.to > since && o.to != telemetry.Never && !slices.ContainsFunc(b, func(p outage) bool { return p.gap == o.gap && p.device == d && p.lossy }) {
				changed = append(changed, o.to)
			}
		}
	}
	differ(z.outages, now)
	differ(now, z.outages)
	var lost []telemetry.Instant
	for _, o := range now {
		if o.lossy && slices.Contains(changed, o.to) && z.line.upTo(o.to) > 0 && !slices.ContainsFunc(z.outages, func(p outage) bool { return p.is(&o) }) {
			lost = append(lost, o.to)
		}
	}
	z.outages = setOutages(z.outages, d, now)
	for _, at := range lost {
		// What was lost is lost when the counter speaks again, whether or not it counts somebody in that message.
		z.cut(at, true)
	}
	// The estimate after an anchor does not follow from what was before it, so each part is found again for itself.
	slices.Sort(changed)
	until := telemetry.Instant(0) // found again up to here
	for _, at := range changed {
		if at >= until {
			until = z.again(at)
		}
	}
}

// setOutages replaces the outages of one device.
func setOutages(all []outage, d *deviceState, now []outage) []outage {
	all = slices.DeleteFunc(all, func(o outage) bool { return o.device == d })
	for _, o := range now {
		i := sort.Search(len(all), func(k int) bool { return compareOutages(all[k], o) > 0 })
		all = slices.Insert(all, i, o)
	}
	return all
}

func compareOutages(a, b outage) int {
	switch {
	case a.to < b.to:
		return -1
	case a.to > b.to:
		return 1
	}
	return a.device.index - b.device.index
}

// countEvidence appends the newest counts that the estimate at t rests on.
func (z *zoneState) countEvidence(t telemetry.Instant, to []Evidence) []Evidence {
	first := len(to)
	to = z.collectEvidence(t, to)
	return newestEvidence(to, first)
}

func (z *zoneState) collectEvidence(t telemetry.Instant, to []Evidence) []Evidence {
	if z.derived() {
		for _, c := range z.children {
			to = c.collectEvidence(t, to)
		}
		return to
	}
	for _, d := range z.feeders {
		if d.counted.At != 0 && d.counted.At <= t {
			to = append(to, d.counted)
		}
	}
	for _, d := range z.absolute {
		if d.counted.At != 0 && d.counted.At <= t && !d.flowFlag {
			to = append(to, d.counted)
		}
	}
	return to
}

// newestEvidence orders the evidence from index first on, newest last, and keeps at most MaxEvidence.
func newestEvidence(all []Evidence, first int) []Evidence {
	part := all[first:]
	slices.SortStableFunc(part, func(a, b Evidence) int {
		switch {
		case a.At < b.At:
			return -1
		case a.At > b.At:
			return 1
		}
		return 0
	})
	if n := len(part) - MaxEvidence; n > 0 {
		copy(part, part[n:])
		all = all[:len(all)-n]
	}
	return all
}
