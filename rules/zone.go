package rules

import (
	"slices"
	"sort"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// balance is what was counted in a zone since the anchor: the time at which the number of people was last known. Both
// numbers are sums, so that a flow that comes late is added to every balance after it, up to the next anchor.
type balance struct {
	raw    people
	err    people
	anchor telemetry.Instant // 0: since counting began, when the building is taken to be empty
}

// tally counts people in both directions.
type tally struct{ in, out people }

// zoneState is what is known about the people in a zone; the building as a whole is one too.
type zoneState struct {
	id       string // empty: the building
	index    int    // in the definition's order; the building: −1
	parent   *zoneState
	children []*zoneState

	line  timeline[balance]
	today tally
	// heard is the event time of the earliest count, absolute or not; 0: none, and nothing can be said.
	heard telemetry.Instant

	devices  []*deviceState // that hang in it
	feeders  []*deviceState // that count people through the zone's edge, as far as they have shown it
	absolute []*deviceState // that count the people present
	outages  []outage       // of feeders, by end then device
	blind    []outage       // of absolute counters
	sensors  []*series      // kept readings of the devices in the zone, by device then quantity

	crowdWatchers []*instance // judged when the people change
	readWatchers  []readWatcher
	capacity      *instance // the first capacity rule about the zone

	// The last sample, its deadline's slot, and whether one is due after the record.
	sampled Sample
	slot    int
	touched bool
}

// readWatcher is an instance that wants to be asked when one of the quantities was read.
type readWatcher struct {
	instance *instance
	mask     uint64
}

// outage is a time in which a counter at the zone's edge was not heard.
type outage struct {
	gap
	device *deviceState
	lossy  bool // what passed meanwhile is lost; false for running totals, which catch up
}

// flow adds people at a time: delta to the balance, err to its error. It is nothing to balances anchored at t or later.
func (z *zoneState) flow(t telemetry.Instant, delta, err people) {
	last := z.line.last()
	switch {
	case last == nil:
		z.line.add(entry[balance]{t, balance{raw: delta, err: err}})
	case t > last.at:
		b := last.v
		b.raw += delta
		b.err += err
		z.line.add(entry[balance]{t, b})
	default:
		for i, n := z.cut(t, false), z.line.size(); i < n; i++ {
			b := &z.line.get(i).v
			if b.anchor >= t {
				break
			}
			b.raw += delta
			b.err += err
		}
	}
}

// anchor sets the number of people at a time. Of two anchors at the same time the larger stays, unless replace is set.
func (z *zoneState) anchor(t telemetry.Instant, value, err people, replace bool) {
	i := z.cut(t, true)
	at := z.line.get(i).v
	if at.anchor == t && !replace && value <= at.raw {
		return
	}
	for n := z.line.size(); i < n; i++ {
		b := &z.line.get(i).v
		if b.anchor > t {
			break
		}
		b.raw += value - at.raw
		b.err += err - at.err
		b.anchor = t
	}
}

// cut makes sure that a balance begins at t and gives its index. In the thinned past, unless exact is asked, a
// neighbour in the same slot of time stands for it.
func (z *zoneState) cut(t telemetry.Instant, exact bool) int {
	i := z.line.upTo(t)
	if i > 0 && z.line.get(i-1).at == t {
		return i - 1
	}
	var b balance
	if i > 0 {
		b = z.line.get(i - 1).v
	}
	if i > 0 && !exact {
		if slot := telemetry.Instant(z.line.resolution(i)); slot > 0 {
			if next := z.line.get(i); next != nil && next.at/slot == t/slot && next.v.anchor == b.anchor {
				return i
			}
			if prev := z.line.get(i - 1); prev.at/slot == t/slot && prev.v.anchor < t {
				prev.at = t
				return i - 1
			}
		}
	}
	if i == z.line.size() {
		z.line.add(entry[balance]{t, b})
	} else {
		z.line.insert(i, entry[balance]{t, b})
	}
	return i
}

// same allows thinning, for a balance carries all before it; but the times at which verdicts changed stay, so that judging
// the past again finds the same.
func (z *zoneState) same(older, _ *entry[balance]) bool {
	for over := z; over != nil && (over == z || over.derived()); over = over.parent {
		for _, i := range over.crowdWatchers {
			if i.changedAt(older.at) {
				return false
			}
		}
	}
	return true
}

// age thins the past.
func (z *zoneState) age(now telemetry.Instant, exact time.Duration) { z.line.age(now, exact, z) }

// derived reports whether the zone has no counter of its own, so that its people are those of the zones in it.
func (z *zoneState) derived() bool {
	return len(z.feeders) == 0 && len(z.absolute) == 0 && len(z.children) > 0
}

// estimate is how many people are in a zone, and how sure that is.
type estimate struct {
	persons, err people // persons ≥ 0
	raw          people
	anchor       telemetry.Instant
	known        bool
	reason       Reason
	detail       string
}

// finding begins a finding about the estimate; an estimate that is not known is not judged.
func (e *estimate) finding() finding {
	f := finding{verdict: Unknown, value: e.persons.number(), err: e.err.number(), unit: "1", reason: e.reason, detail: e.detail}
	f.hasValue = e.reason != ReasonNoData
	return f
}

// estimate gives the people in the zone at t, and when that changes next as far as it is known.
func (z *zoneState) estimate(t telemetry.Instant) (e estimate, until telemetry.Instant) {
	if z.derived() {
		return z.sum(t)
	}
	until = telemetry.Never
	i := z.line.size()
	if last := z.line.last(); last != nil {
		if last.at > t {
			i = z.line.upTo(t)
			until = z.line.get(i).at
		}
		if i > 0 {
			b := &z.line.get(i - 1).v
			if i == z.line.size() {
				b = &last.v
			}
			e.raw, e.err, e.anchor = b.raw, b.err, b.anchor
		}
	}
	e.persons = e.raw
	if z.heard == 0 || t < z.heard {
		if z.heard != 0 {
			until = min(until, z.heard)
		}
		e.reason = ReasonNoData
	}
	if e.raw < 0 {
		// More left than came: the counters are wrong by at least that much.
		e.persons, e.err = 0, max(e.err, -e.raw)
		if e.reason == "" {
			e.reason = ReasonNegative
		}
	}
	if len(z.outages) > 0 || len(z.blind) > 0 {
		r, detail, next := z.outage(t, e.anchor)
		until = min(until, next)
		if r != "" && (e.reason == "" || e.reason == ReasonNegative) || r == ReasonNoData {
			e.reason, e.detail = r, detail
		}
	}
	e.known = e.reason == "" || e.reason == ReasonNegative
	return e, until
}

// sum is the estimate of a zone without counters of its own.
func (z *zoneState) sum(t telemetry.Instant) (e estimate, until telemetry.Instant) {
	until = telemetry.Never
	e.known = true
	for _, c := range z.children {
		part, next := c.estimate(t)
		until = min(until, next)
		e.persons += part.persons
		e.err += part.err
		e.raw += part.raw
		if e.anchor == 0 || part.anchor < e.anchor {
			e.anchor = part.anchor
		}
		if !part.known && e.known {
			e.known, e.reason, e.detail = false, part.reason, part.detail
		}
		if e.reason == "" {
			e.reason = part.reason
		}
	}
	return e, until
}

// outage says why the balance is not known at t: a counter is silent, or was silent since the anchor. Absolute counters
// that are alive make up for that.
func (z *zoneState) outage(t, anchor telemetry.Instant) (r Reason, detail string, until telemetry.Instant) {
	until = telemetry.Never
	look := func(all []outage, sticky bool) (r Reason, detail string) {
		for i := len(all) - 1; i >= 0; i-- {
			switch o := &all[i]; {
			case o.to <= anchor && o.to <= t:
				return r, detail
			case o.to > t:
				until = min(until, o.to)
				if o.silent > t {
					until = min(until, o.silent)
				} else if r == "" || r == ReasonGap {
					r, detail = ReasonSilent, o.device.id
					if o.unseen {
						r = ReasonNoData
					}
				}
			case o.lossy && sticky && r == "":
				r, detail = ReasonGap, o.device.id
			}
		}
		return r, detail
	}
	br, bd := look(z.blind, false)
	if br == "" && len(z.absolute) > 0 && z.promised() {
		return "", "", until
	}
	r, detail = look(z.outages, true)
	if r == "" && len(z.feeders) == 0 {
		r, detail = br, bd
	}
	return r, detail, until
}

// promised reports whether every absolute counter promised an interval, so that its silence would be noticed.
func (z *zoneState) promised() bool {
	for _, d := range z.absolute {
		if d.pulse == nil {
			return false
		}
	}
	return true
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
