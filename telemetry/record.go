// Package telemetry holds the plain values that travel through Gerbang: quantities, readings, rejections, entries and the
// journal record that carries them. It does no I/O, has no clock and starts no goroutine.
package telemetry

// Record is one element of the journal: the ordered, durable list that everything else is computed from.
//
// Records are numbered from 1 without gaps in the order in which they were committed. A site's verdicts depend only on the
// records of that site, in that order.
type Record struct {
	Seq  uint64 // position in the journal; 0 before it is assigned
	Kind Kind
	Site string // the unit of partition; empty for a rejection whose site is unknown and for the gateway itself
	// At is when it happened, Received when the gateway learned of it. At is trusted: a device's impossible clock has
	// already been replaced by Received (and flagged).
	At, Received Instant
	// Identity recognises a repeated message: a hash over site and device and (boot, seq), or the radio frame counter, or the
	// device's own time and the payload, or else the MQTT delivery (see DeliveryIdentity). 0: not subject to the duplicate
	// window (ticks, configuration).
	Identity uint64

	Observation   Observation    // KindObservation
	Rejection     *Rejection     // KindRejection
	Entry         *Entry         // KindEntry
	Configuration *Configuration // KindConfiguration
	Engine        *Engine        // KindEngine
	Service       *Service       // KindService
}

// Moment is when it happened as all that judges or shows it takes it: a reading from the future happened at the latest when it
// was received.
func (r *Record) Moment() Instant {
	if r.Received == 0 {
		return max(1, r.At)
	}
	return max(1, min(r.At, r.Received))
}

// Judged reports whether the rules are told of the record. Of the messages that were not understood they are told where those say
// something of a device; what was set aside later, or made a rule fail, says nothing of it.
func (r *Record) Judged() bool {
	if r.Kind != KindRejection {
		return true
	}
	return r.Rejection != nil && r.Rejection.Device != "" && r.Rejection.Reason != ReasonClock && r.Rejection.Reason != ReasonFault
}

// Kind says which part of a Record is set.
type Kind uint8

// The kinds. Their numbers are stored; never renumber them.
const (
	KindObservation   Kind = 1 // readings of one device at one time
	KindRejection     Kind = 2 // a message that was not understood
	KindEntry         Kind = 3 // something a person did
	KindTick          Kind = 4 // time passed and a deadline came due
	KindConfiguration Kind = 5 // the site's definition changed
	KindEngine        Kind = 6 // another version of the engine judges the site from here on
	KindService       Kind = 7 // the gateway did not listen for a while, or its clock was set
)

var kindNames = map[Kind]string{
	KindObservation: "observation", KindRejection: "rejection", KindEntry: "entry", KindTick: "tick", KindConfiguration: "configuration",
	KindEngine:  "engine",
	KindService: "service",
}

// String is the kind's name.
func (k Kind) String() string { return kindNames[k] }

// Engine says which version of the rule engine judges a site from a record on. What older versions judged stays as it was:
// an upgrade begins anew with what happened lately, and never rewrites a verdict.
type Engine struct {
	Version string // of the rules package
	// After is the record behind which the engine began to read to know the present: the site's configuration and level
	// in force there, then everything after it, without judging for the record.
	After uint64
	// Deaf is since when nobody listened to the devices there; 0: somebody did.
	Deaf Instant `json:",omitempty"`
}

// Observation is what one device reported for one time: one or more readings, or a task log.
type Observation struct {
	Device string
	// Boot and Sequence are the device's own identity of the message, where it sends one.
	Boot        string
	Sequence    uint64
	HasSequence bool
	Provenance  Provenance
	Flags       Flags
	// DeviceTime is what the device claimed, verbatim and bounded, where Flags has FlagClock.
	DeviceTime string
	Readings   []Reading
	Task       *TaskLog
}

// Counts reports whether a reading of the observation is reckoned with where people, visitors and presses are counted. A count
// of a period is not where the message carries the running total as well. Of a message that the broker only repeats the state of
// something is taken alone: neither what happened nor where a count stood is told anew.
func (o *Observation) Counts(r *Reading) bool {
	if o.Flags.Has(FlagRetained) {
		f := r.Quantity.Definition().Form
		return f == Gauge || f == Flag
	}
	total := r.Quantity.Total()
	if total == NoQuantity {
		return true
	}
	for i := range o.Readings {
		if o.Readings[i].Quantity == total {
			return false
		}
	}
	return true
}

// Reading is one value of one quantity, in the quantity's unit.
type Reading struct {
	Quantity Quantity
	Value    float64 // finite, within the quantity's physical range; flags are 0 or 1
	// Channel tells the lines, regions or probes of one device apart; empty if there is one.
	Channel string
	// Text is the kind of a Button press; empty otherwise.
	Text string
}

// TaskLog is a duty reported as done (or not) by a device or terminal.
type TaskLog struct {
	Task  string // the task's id
	Done  bool
	Agent string // the disinfectant or tool
	Item  string // what was treated, within the task
	By    string // who; dropped on arrival unless the site keeps it
	// Began is when the deed began, where the log says so: it was finished at the record's time. 0: not said.
	Began Instant `json:",omitempty"`
}

// Provenance says where a value comes from.
type Provenance uint8

// The provenances. Their numbers are stored.
const (
	Sensor    Provenance = 0
	Manual    Provenance = 1
	Corrected Provenance = 2
	Estimated Provenance = 3
)

// String is the provenance's name.
func (p Provenance) String() string {
	switch p {
	case Manual:
		return "manual"
	case Corrected:
		return "corrected"
	case Estimated:
		return "estimated"
	}
	return "sensor"
}

// Flags mark what a reader of an observation must know.
type Flags uint8

// The flags. Their values are stored.
const (
	// FlagClock: the device's time was impossible; At is the time of receipt.
	FlagClock Flags = 0x01
	// FlagRetained: an old message that the broker repeated on subscribing; it is state, never a new event.
	FlagRetained Flags = 0x02
	// FlagLate: older than the lateness bound on arrival; it revises history and raises no live alert.
	FlagLate Flags = 0x04
	// FlagHistory: the device marked the values as stored history.
	FlagHistory Flags = 0x08
	// FlagUnacknowledged: it came at QoS 0, which promises nothing.
	FlagUnacknowledged Flags = 0x10
)

// Has reports whether all of g is set in f.
func (f Flags) Has(g Flags) bool { return f&g == g }
