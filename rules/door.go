package rules

import (
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// doorState is what passed a door.
type doorState struct {
	id       string
	index    int
	total    tally // since the journal began
	today    tally
	screened uint64 // credible body temperatures today
	tooWarm  uint64 // of them, beyond the threshold
	screens  []screening
	counted  telemetry.Instant

	timed   bool         // a rule asks what happened when
	minutes []doorMinute // by time; only those in which something happened

	watchers []*instance
	cases    *caseBook // of those who were too warm; nil: no rule asks
}

// doorMinute is what happened at a door in a minute.
type doorMinute struct {
	at          telemetry.Instant // its begin
	in          people
	credible    uint32 // body temperatures
	implausible uint32 // readings that are none
}

func compareMinute(m doorMinute, t telemetry.Instant) int {
	switch {
	case m.at < t:
		return -1
	case m.at > t:
		return 1
	}
	return 0
}

// minute finds the minute of t, making it if it is new; nil: no rule asks.
func (d *doorState) minute(t telemetry.Instant) *doorMinute {
	if !d.timed {
		return nil
	}
	t -= t % telemetry.Instant(time.Minute)
	n := len(d.minutes)
	if n > 0 && d.minutes[n-1].at == t {
		return &d.minutes[n-1]
	}
	i, found := slices.BinarySearchFunc(d.minutes, t, compareMinute)
	if !found {
		d.minutes = slices.Insert(d.minutes, i, doorMinute{at: t})
	}
	return &d.minutes[i]
}

// entered notes people who came in; what a correction takes back is negative.
func (d *doorState) entered(t telemetry.Instant, in people) {
	if in != 0 {
		if m := d.minute(t); m != nil {
			m.in += in
		}
	}
}

// measured notes a reading of a thermometer.
func (d *doorState) measured(t telemetry.Instant, credible bool) {
	switch m := d.minute(t); {
	case m == nil:
	case credible:
		m.credible++
	default:
		m.implausible++
	}
}

// forget drops what lies before the time.
func (d *doorState) forget(before telemetry.Instant) {
	if !d.timed {
		d.minutes = nil
	}
	n, _ := slices.BinarySearchFunc(d.minutes, before, compareMinute)
	d.minutes = slices.Delete(d.minutes, 0, n)
}
