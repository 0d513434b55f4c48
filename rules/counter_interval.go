package rules

import (
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

const (
	// intervalDays is how many days a counter must have been heard on before its longest pause says anything.
	intervalDays = 2
	// leastBound is the least silence that is noticed of a counter that promised no interval.
	leastBound = 45 * time.Minute
	mostBound  = 12 * time.Hour
)

// learnIntervals gives counters that promise no interval one that follows from their longest pause while the building was open, so
// that one that dies is noticed. It grows in doublings: a bound that changes each day would be none.
func (e *Engine) learnIntervals() {
	var changed []*deviceState
	for d := range e.everyDevice() {
		if !d.flowFlag && !d.presentFlag || e.plan.def.Site.Devices[d.whole.index].Interval > 0 {
			continue
		}
		bound := d.usualBound(e.plan, e.settled())
		if bound == 0 || bound == d.bound {
			continue
		}
		d.bound = bound
		d.pulse = e.watchFor(d, bound, 0)
		changed = append(changed, d)
	}
	if len(changed) == 0 {
		return
	}
	e.wire()
	for _, d := range changed {
		e.pulseChanged(d, e.clock)
	}
}

// usualBound is how long the counter may be silent; 0: not known yet. A day on which it was dead for hours is no habit: the day in the
// middle counts.
func (d *deviceState) usualBound(p *plan, now telemetry.Instant) time.Duration {
	var pauses []time.Duration
	for day := range usualDays {
		to := now.Add(-time.Duration(day) * 24 * time.Hour)
		if pause, ok := d.longestPause(p, to.Add(-24*time.Hour), to); ok {
			pauses = append(pauses, pause)
		}
	}
	if len(pauses) < intervalDays {
		return 0
	}
	slices.Sort(pauses)
	bound := leastBound
	for bound < silenceFactor*(pauses[len(pauses)/2]+quarter) && bound < mostBound {
		bound *= 2
	}
	return min(bound, mostBound)
}

// longestPause is the longest time in open hours before which and after which something was heard, or the building was opened, in
// quarters of an hour; ok is false where nothing was heard at all.
func (d *deviceState) longestPause(p *plan, from, to telemetry.Instant) (longest time.Duration, ok bool) {
	var pause time.Duration
	i := d.history.from(slotOf(from))
	for slot := slotOf(from); slot < slotOf(to); slot++ {
		for i < len(d.history) && d.history[i].slot < slot {
			i++
		}
		if i < len(d.history) && d.history[i].slot == slot && d.history[i].messages > 0 {
			longest, pause, ok = max(longest, pause), 0, true
			continue
		}
		if open, _, _ := p.open(telemetry.Instant(slot * int64(quarter))); open {
			pause += quarter
		}
	}
	return longest, ok
}
