package compliance

import "github.com/gerbang-iot/gerbang/telemetry"

// Difference is a time about which something else is known now than was then.
type Difference struct {
	Key
	From, Until telemetry.Instant
	Then, Now   State
	// Change is the place, in the later report's Input.Transitions, of the transition that says the new; −1: none does.
	Change int
}

// Differences lists where two reports about one site differ, by measure and time, in what both are about. then is the one with less knowledge.
func Differences(then, now *Report) []Difference {
	var all []Difference
	from, until := max(then.From, now.From), min(then.Until, now.Until)
	for i := range now.Measures {
		m := &now.Measures[i]
		var old []Interval
		for k := range then.Measures {
			if then.Measures[k].Key == m.Key {
				old = then.Measures[k].Intervals
			}
		}
		a, b := 0, 0
		for t := from; t < until; {
			for a < len(old) && old[a].Until <= t {
				a++
			}
			for b < len(m.Intervals) && m.Intervals[b].Until <= t {
				b++
			}
			was, is, end, change := Idle, Unknown, until, -1
			if a < len(old) && old[a].From <= t {
				was, end = old[a].State, min(end, old[a].Until)
			}
			if b < len(m.Intervals) && m.Intervals[b].From <= t {
				is, end, change = m.Intervals[b].State, min(end, m.Intervals[b].Until), m.Intervals[b].Change
			}
			if was != is {
				if n := len(all); n > 0 && all[n-1].Key == m.Key && all[n-1].Until == t && all[n-1].Then == was && all[n-1].Now == is && all[n-1].Change == change {
					all[n-1].Until = end
				} else {
					all = append(all, Difference{m.Key, t, end, was, is, change})
				}
			}
			t = end
		}
	}
	return all
}
