package rules

import (
	"math"
	"slices"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// turnRound takes in what somebody says of how a counter hangs. It holds from its receipt on. What the counter said the wrong way
// since the building was last verified empty is put right for those who are inside now; what was known until then stays as it was.
func (e *Engine) turnRound(rec *telemetry.Record) {
	id, channel, x, configured, ok := facility.AcceptedDirection(rec)
	if !ok {
		return
	}
	d := e.deviceByID[id]
	if channel != "" {
		d = e.partByKey[id+"\x00"+channel]
	}
	if d == nil || configured != d.mounting.Swap {
		return // whoever configured it anew since has said how it hangs
	}
	now := max(1, rec.Received)
	for i := range d.effects {
		f := &d.effects[i]
		if a, ok := f.zone.putRight(d, x.Since, now); ok {
			f.zone.fix(a, true)
		}
	}
	d.directions = append(slices.Clone(d.directions), x)
	d.state(turn{now, x.Swap, true})
	for _, z := range e.allZones() {
		if z.remount(d.counterID(), x.Swap, now) {
			z.laws = append(z.laws, z.now.law(now))
		}
	}
	for d := range e.everyDevice() {
		e.attach(d)
	}
	for i := range d.effects {
		e.crowdChanged(d.effects[i].zone, now)
	}
	e.conserve()
	e.askAllOf(e.directions, now)
}

// state notes how the counter is said to hang from a time on.
func (d *deviceState) state(w turn) {
	if len(d.turns) == 0 {
		d.turns = append(d.turns, turn{1, d.mounting.Swap, true})
	}
	i := len(d.turns)
	for i > 1 && d.turns[i-1].from > w.from {
		i--
	}
	d.turns = slices.Insert(d.turns, i, w)
}

// putRight is how many people are in the zone now, if a counter has hung the other way since a time than it was taken to: those who
// were known last, and what passed since. false: nobody knew, or nothing was counted the wrong way.
func (z *zoneState) putRight(d *deviceState, since, now telemetry.Instant) (anchor, bool) {
	i := len(z.anchors)
	for i > 0 && z.anchors[i-1].at > now {
		i--
	}
	if i == 0 || since >= now {
		return anchor{}, false
	}
	last := &z.anchors[i-1]
	n, chance := last.value, 0.0
	for _, f := range z.feeders {
		for k := f.history.from(slotOf(last.at)); k < len(f.history) && f.history[k].slot <= slotOf(now); k++ {
			b := &f.history[k]
			in, out := b.in, b.out
			at := telemetry.Instant(b.slot * int64(quarter))
			if f.reversed(at) != (f == d && at.Add(quarter) > since) {
				in, out = out, in
			}
			n += f.signIn(z) * (in - out)
			chance += float64(f.missedShare() * (in + out).number())
		}
	}
	return anchor{at: now, kind: countAnchor, value: max(0, wholePeopleOf(n)), spread: last.spread + people(math.Round(chance*float64(person)))}, true
}
