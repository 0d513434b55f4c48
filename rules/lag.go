package rules

import (
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// mostLag is the longest time that a counter is taken to look back in one message. One that promises a longer interval sends when
// somebody passes, or no rule of minutes could say anything of its door.
const mostLag = quarter

// lag is how long after people passed the counters among devices may tell of them: each speaks for the time since its last
// message. What they tell until then after something may be of before it.
func (p *plan) lag(devices []*deviceState) (longest time.Duration) {
	for _, d := range devices {
		if p.countsPeople(d) {
			longest = max(longest, min(p.def.Site.Devices[d.whole.index].Interval, mostLag))
		}
	}
	return longest
}

// countsPeople reports whether a device counts people who pass: it has, or it promises to. One that promised and never spoke is one:
// without what it would say nobody knows who came.
func (p *plan) countsPeople(d *deviceState) bool {
	i := d.whole.index
	return d.flowFlag || d.channel == "" && i < len(p.measures) && p.measures[i]&countMask != 0
}

// told is up to when the devices of a spot have told what they counted of a quantity, at most now: the earliest of their last words, of
// those that are not stale at now, which is a whole minute. What happened since they may tell later. until is the whole minute at which
// one of them is stale: before it the answer stays, though its age is over.
func (p *spot) told(q telemetry.Quantity, now telemetry.Instant, stale time.Duration) (end, until telemetry.Instant) {
	end, until = now, telemetry.Never
	for _, d := range p.devices {
		for _, s := range d.kept {
			if s.quantity != q {
				continue
			}
			i := s.line.upTo(now - 1)
			if i == 0 {
				continue
			}
			said := minuteOf(s.line.get(i - 1).at).Add(time.Minute)
			if over := said.Add(stale); over > now {
				end, until = min(end, said), min(until, minuteAfter(over))
			}
		}
	}
	return end, until
}
