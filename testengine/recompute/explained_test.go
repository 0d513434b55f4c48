package recompute

import (
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// explained reports whether a difference is no more than that the engine keeps the past only to the minute: what it says is right of
// another second of the same minute, or of this second with who had passed by another, or of a balance that is off by what passed in one.
func explained(s *Site, p *past, d difference) bool {
	slot := s.Slot(d.Key, d.at)
	if slot == 0 {
		return false
	}
	begin := d.at - d.at%telemetry.Instant(slot)
	times := []telemetry.Instant{begin, begin.Add(slot), begin.Add(slot - time.Second)}
	for _, at := range s.Times(d.Key) {
		if at >= begin && at <= begin.Add(slot) {
			times = append(times, at, at.Add(-time.Second))
		}
	}
	slack := min(s.Slack(d.Key, d.at), 12)
	for _, at := range times {
		if a := s.PassedBy(d.Key, d.at, at); word(a.Verdict, a.Near) == d.got {
			return true
		}
		for low := -slack; low <= slack; low++ {
			for high := -slack; high <= slack; high++ {
				if a := s.Shifted(d.Key, at, low, high); word(a.Verdict, a.Near) == d.got {
					return true
				}
			}
		}
	}
	return false
}
