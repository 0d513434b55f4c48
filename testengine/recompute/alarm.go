package recompute

import (
	"slices"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Alarm is a change of what a rule asks of people.
type Alarm struct {
	Key
	At            telemetry.Instant
	Firing, Doubt bool
}

// What an answer asks of people.
const (
	nothing = iota
	doubt
	people
)

func demand(a Answer) int {
	switch {
	case a.Verdict == Breached && !a.Explained:
		return people
	case a.Verdict == Breached || a.Verdict == Within || a.Idle && !a.Upkeep:
		return nothing
	}
	return doubt
}

// Alarms are what a rule asked of people about a subject if everything was known at its time. After For without the breach having
// ended it fires; it ends when for KeepFiring nothing was asked; not knowing neither begins nor ends it.
func (s *Site) Alarms(k Key) []Alarm {
	var all []Alarm
	firing, doubts := false, false
	wanted, clear := telemetry.Instant(0), telemetry.Instant(0) // since when
	times := slices.Clone(s.Times(k))
	for i := 0; i < len(times); i++ {
		t := times[i]
		again := func(at telemetry.Instant) {
			if n, found := slices.BinarySearch(times, at); !found && at <= s.end {
				times = slices.Insert(times, n, at)
			}
		}
		r := s.rule(k.Rule, t)
		if r != nil && !s.about(s.config(t), r, k) {
			r = nil // it is about others by now
		}
		d := demand(s.judge(k, t, false))
		if firing && d != people {
			d = max(d, demand(s.judge(k, t, true)))
		}
		was, wasDoubt := firing, doubts
		switch {
		case firing && d == nothing:
			if doubts = false; clear == 0 {
				clear = t
			}
			if due := clear; r != nil && t < due.Add(r.KeepFiring) {
				again(due.Add(r.KeepFiring))
				break
			}
			firing, wanted, clear = false, 0, 0
		case firing:
			clear, doubts = 0, d == doubt
		case d == nothing:
			wanted = 0
		case d == people:
			if wanted == 0 {
				wanted = t
			}
			if r != nil && t < wanted.Add(r.For) {
				again(wanted.Add(r.For))
				break
			}
			firing, clear, doubts = true, 0, false
		}
		if firing != was || firing && doubts != wasDoubt {
			all = append(all, Alarm{k, t, firing, firing && doubts})
		}
	}
	return all
}
