package rules

import "github.com/gerbang-iot/gerbang/telemetry"

// nextLearning is the first time after t at which is learned from the anchors of a day.
func (e *Engine) nextLearning(t telemetry.Instant) telemetry.Instant {
	delay := learnDelay + e.plan.exact()
	at := e.plan.nextReset(t.Add(-delay))
	if at == telemetry.Never {
		at = e.plan.nextMidnight(t.Add(-delay))
	}
	if at == telemetry.Never {
		return at
	}
	return at.Add(delay)
}

// begin is what a new definition means for the people inside: counting that begins in a closed building begins with nobody, in
// an open one nobody knows with how many. And where it says that a counter is mounted another way, hangs elsewhere or is another
// one, what was learned of how it hangs is learned of something that is no more.
func (e *Engine) begin() {
	if open, _, _ := e.plan.open(e.clock); !open {
		for _, z := range e.allZones() {
			if z.heard == 0 && z.line.size() == 0 {
				z.fix(anchor{at: max(1, e.clock-1), kind: startAnchor}, false) // who passes at this very moment is counted
			}
		}
	}
	if len(e.plans) < 2 {
		return
	}
	before := e.plans[len(e.plans)-2]
	for d := range e.everyDevice() {
		k, ok := find(before.def.Site.Devices, before.deviceAt, d.id, deviceID)
		if !ok {
			continue
		}
		was := before.def.Site.Devices[k].Mounting(d.channel)
		if before.unit(k, was.Place, was.Swap) == d.unit {
			continue
		}
		d.mount(e.clock, d.mounting.Swap, was.Swap, true)
		for _, z := range e.allZones() {
			z.remount(d.counterID(), d.mounting.Swap, e.clock)
		}
	}
}

// remount notes that a counter is mounted another way from now on, as somebody says who has seen it: what was counted before is
// not learned from again. It reports whether something is learned of the counter here.
func (z *zoneState) remount(counter string, reversed bool, now telemetry.Instant) (known bool) {
	for i := range z.now.counters {
		if z.now.counters[i].id != counter {
			continue
		}
		c := &z.now.counters[i]
		c.reversed, c.turned, c.doubt = reversed, 0, 0
		z.now.since, z.now.until = false, now
		z.base = z.now.clone()
		known = true
	}
	return known
}
