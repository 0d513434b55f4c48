package simulate

import (
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
)

// Fault is something that goes wrong on purpose for a time. It begins to show with the first report from then on, and ends with
// the first after it.
type Fault struct {
	What FaultKind
	// Of is a device; for Missed and Copied a task.
	Of string
	// From and Until are when it lasts; without an end it lasts on.
	From, Until time.Time
}

// FaultKind is what goes wrong.
type FaultKind string

// The faults.
const (
	Silent   FaultKind = "silent"   // nothing comes: no power, no network; what happens meanwhile is lost
	Withheld FaultKind = "withheld" // it keeps what it measures, and delivers all of it at the end
	Stuck    FaultKind = "stuck"    // it says again what it said first
	Covered  FaultKind = "covered"  // a counter sees nobody, and says so
	Swapped  FaultKind = "swapped"  // a counter hangs the other way round: in is out
	Stuffy   FaultKind = "stuffy"   // an air sensor is in a room where nobody opens a window
	Missed   FaultKind = "missed"   // the task is not done
	Copied   FaultKind = "copied"   // the task is logged to the second as on the day before it began, done or not
)

func (f *Fault) holds(t time.Time) bool {
	return !t.Before(f.From) && (f.Until.IsZero() || t.Before(f.Until))
}

// fault is the fault of a device or task at a time; nil: there is none.
func (b *Building) fault(what FaultKind, of string, at time.Time) *Fault {
	for i := range b.o.Faults {
		if f := &b.o.Faults[i]; f.What == what && f.Of == of && f.holds(at) {
			return f
		}
	}
	return nil
}

// again is what a device that is stuck says in the place of readings: the first of the same sort.
func (b *Building) again(device, readings string) string {
	sort, _, _ := strings.Cut(readings, ":")
	key := device + " " + sort
	if b.fault(Stuck, device, b.now) == nil {
		delete(b.stuck, key)
		return readings
	}
	if first, ok := b.stuck[key]; ok {
		return first
	}
	b.stuck[key] = readings
	return readings
}

// withhold keeps a message until its device can send again, and reports whether it did.
func (b *Building) withhold(device string, m Message) bool {
	f := b.fault(Withheld, device, b.now)
	if f == nil {
		return false
	}
	if !f.Until.IsZero() {
		b.schedule(f.Until, func() (Message, bool) {
			m.At = b.now
			return m, true
		})
	}
	return true
}

// counted is what a counter says of so many.
func (b *Building) counted(d *facility.Device, in, out int) (int, int) {
	if b.fault(Covered, d.ID, b.now) != nil {
		return 0, 0
	}
	if (b.fault(Swapped, d.ID, b.now) != nil) != d.Swap {
		return out, in
	}
	return in, out
}

// routine are the times of day at which a task was done, as they are known or copied.
func (b *Building) routine(task string, day facility.Date, times []time.Time) []time.Time {
	midnight := day.In(b.site.Location.Location)
	for i := range b.o.Faults {
		f := &b.o.Faults[i]
		if f.What != Copied || f.Of != task || !f.holds(midnight.Add(12*time.Hour)) {
			continue
		}
		copied := make([]time.Time, len(b.usual[task]))
		for i, since := range b.usual[task] {
			copied[i] = midnight.Add(since)
		}
		return copied
	}
	b.usual[task] = make([]time.Duration, len(times))
	for i, t := range times {
		b.usual[task][i] = t.Sub(midnight)
	}
	return times
}
