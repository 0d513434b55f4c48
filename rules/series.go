package rules

import (
	"iter"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// stretch is a value that a device read, or a run of them: readings one behind the other that no rule tells apart.
type stretch struct {
	v    float64           // the newest of them
	last telemetry.Instant // when that was read
	n    uint32            // how many there are
}

// series are the past readings of one quantity and channel of a device. An entry begins when its first reading was taken.
//
// The past is thinned, but never so that a verdict about it would change: readings become one run only where every rule
// takes them for the same, no rule would have missed them meanwhile, and no rule that counts readings in a row is still
// counting. What a run cannot tell is where in it a reading belongs that comes late and says otherwise: it then ends the
// run, and holds until the run's last reading at the latest. A run is no longer than the resolution of its age.
type series struct {
	device   *deviceState
	quantity telemetry.Quantity
	channel  string
	keep     []kept // what rules want of it
	line     timeline[stretch]
	edits    uint64 // how often a reading came that was not the newest
}

// kept is what a rule looks at of the past readings of a quantity.
type kept struct {
	quantity telemetry.Quantity
	// class is what the rule makes of a value with an error bar: readings of one class are alike. nil: all are.
	class func(v, err float64) uint64
	// row is how many readings in a row the rule counts; 0: it does not count.
	row int
	// fresh is the longest time from one reading to the next in which the rule does not miss any; 0: as long as it takes.
	fresh time.Duration
	// exact keeps every reading as it is.
	exact bool
	// shown: the value is shown, and decides nothing.
	shown bool
}

// alike reports whether every rule takes two values for the same.
func (s *series) alike(a, b float64) bool {
	for i := range s.keep {
		k := &s.keep[i]
		if k.exact || k.class != nil && k.class(a, s.device.err) != k.class(b, s.device.err) {
			return false
		}
	}
	return true
}

// same allows two neighbours to become one run.
func (s *series) same(older, newer *entry[stretch]) bool {
	if !s.alike(older.v.v, newer.v.v) {
		return false
	}
	gap, row := newer.at.Sub(older.v.last), 0
	for i := range s.keep {
		if fresh := s.keep[i].fresh; fresh > 0 && gap >= fresh {
			return false
		}
		row = max(row, s.keep[i].row)
	}
	return row <= 1 || s.row(s.line.upTo(older.at), row, func(v float64) bool { return s.alike(v, older.v.v) }) >= row
}

// join makes the older of two neighbours stand for both.
func (s *series) join(older, newer *entry[stretch]) {
	older.v.v, older.v.last = newer.v.v, newer.v.last
	older.v.n += newer.v.n
}

// row counts the readings in a row, back from the i-th entry (exclusive), that are alike; it stops at most.
func (s *series) row(i, most int, alike func(v float64) bool) int {
	n := 0
	for i--; i >= 0 && n < most; i-- {
		e := s.line.get(i)
		if !alike(e.v.v) {
			break
		}
		n += int(e.v.n)
	}
	return min(n, most)
}

// at is the entry that holds at t, and its index; nil: there is none. read is when its newest reading up to t was taken.
func (s *series) at(t telemetry.Instant) (e *entry[stretch], i int, read telemetry.Instant) {
	if i = s.line.upTo(t) - 1; i < 0 {
		return nil, i, 0
	}
	e = s.line.get(i)
	return e, i, min(t, e.v.last)
}

// record takes in a reading, in any order. It reports whether it is the newest.
func (s *series) record(t telemetry.Instant, v float64, now telemetry.Instant, exact time.Duration) (newest bool) {
	one := entry[stretch]{t, stretch{v, t, 1}}
	if last := s.line.last(); last == nil || t > last.v.last {
		s.line.add(one)
		s.line.age(now, exact, s)
		return true
	}
	s.edits++
	i := s.line.upTo(t)
	if i > 0 && s.line.get(i-1).v.last >= t && s.line.get(i-1).v.n > 1 {
		s.into(i-1, one)
		return false
	}
	// Of two readings at the same time the higher comes last, whichever arrived first. Equal ones are two all the same: clocks of a
	// second give two visitors one time, and a repeated message never comes this far.
	for i > 0 && s.line.get(i-1).at == t && s.line.get(i-1).v.v > v {
		i--
	}
	if i > 0 {
		// The thinned past stays thin.
		prev := s.line.get(i - 1)
		if slot := telemetry.Instant(s.line.resolution(i)); slot > 0 && prev.at/slot == t/slot && s.same(prev, &one) {
			s.join(prev, &one)
			return false
		}
	}
	s.line.insert(i, one)
	return false
}

// into puts a reading into the time of the i-th entry, a run.
func (s *series) into(i int, one entry[stretch]) {
	run := s.line.get(i)
	if s.alike(run.v.v, one.v.v) {
		run.v.n++
		if one.at == run.v.last {
			run.v.v = max(run.v.v, one.v.v)
		}
		return
	}
	if one.at == run.v.last && one.v.v > run.v.v {
		s.line.insert(i+1, one)
		return
	}
	// It stands between the first and the last of them.
	rest := entry[stretch]{run.v.last, stretch{run.v.v, run.v.last, run.v.n - 1}}
	run.v.last = max(run.at, one.at-1)
	run.v.n--
	s.line.insert(i+1, one)
	s.line.insert(i+2, rest)
}

// series finds the kept readings of a quantity and channel; nil: none yet, or no rule looks back at them.
func (d *deviceState) series(q telemetry.Quantity, channel string) *series {
	for _, s := range d.kept {
		if s.quantity == q && s.channel == channel {
			return s
		}
	}
	return nil
}

// allSeries goes through the kept readings of a quantity of a whole device, its channels included; without probes.
func (d *deviceState) allSeries(q telemetry.Quantity) iter.Seq[*series] {
	return func(yield func(*series) bool) {
		for i := -1; i < len(d.parts); i++ {
			part := d
			if i >= 0 {
				part = d.parts[i]
			}
			for _, s := range part.kept {
				if s.quantity == q && !s.probe() && !yield(s) {
					return
				}
			}
		}
	}
}

// measures reports whether a device in the zone ever read a quantity that rules look back at.
func (z *zoneState) measures(q telemetry.Quantity) bool {
	for _, s := range z.sensors {
		if s.quantity == q {
			return true
		}
	}
	return false
}

// evidence is the newest reading up to t of an entry. Where it was taken from is known of the newest reading of all.
func (s *series) evidence(e *entry[stretch], t telemetry.Instant) Evidence {
	ev := Evidence{Device: s.device.id, Quantity: s.quantity, At: min(t, e.v.last), Value: e.v.v}
	for i := range s.device.values {
		if v := &s.device.values[i]; v.quantity == s.quantity && v.channel == s.channel && v.at == e.v.last {
			ev.Sequence, ev.Record = v.sequence, v.record
		}
	}
	return ev
}

func compareSeries(a, b *series) int {
	if a.device.index != b.device.index {
		return a.device.index - b.device.index
	}
	if a.quantity != b.quantity {
		return int(a.quantity) - int(b.quantity)
	}
	return strings.Compare(a.channel, b.channel)
}
