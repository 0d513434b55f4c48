package rules

import (
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Verdict is the answer of a rule about a subject. Unknown is an answer too, and never a good one.
type Verdict int8

// The verdicts. Their numbers are stored and written to InfluxDB.
const (
	Unknown  Verdict = -1
	Within   Verdict = 0
	Breached Verdict = 1
)

// String is the verdict's word.
func (v Verdict) String() string {
	switch v {
	case Within:
		return "within"
	case Breached:
		return "breached"
	}
	return "unknown"
}

// MarshalText writes the word.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads the word; anything else is Unknown.
func (v *Verdict) UnmarshalText(b []byte) error {
	switch string(b) {
	case "within":
		*v = Within
	case "breached":
		*v = Breached
	default:
		*v = Unknown
	}
	return nil
}

// SubjectKind says what a verdict is about.
type SubjectKind string

// The kinds of subject.
const (
	SubjectSite   SubjectKind = "site"
	SubjectZone   SubjectKind = "zone"
	SubjectDoor   SubjectKind = "door"
	SubjectDevice SubjectKind = "device"
	SubjectTask   SubjectKind = "task"
	SubjectUplink SubjectKind = "uplink" // what devices hang on, and no device itself
)

// Subject is what a verdict is about, within a site.
type Subject struct {
	Kind SubjectKind `json:"kind"`
	ID   string      `json:"id"`
}

// String is kind/id.
func (s Subject) String() string { return string(s.Kind) + "/" + s.ID }

// Class says what a breached (or unknown) verdict asks of people.
type Class string

// The classes. ClassService is raised by the gateway about itself, never by a rule.
const (
	ClassBreach  Class = "breach"  // a limit is exceeded: act
	ClassOverdue Class = "overdue" // a duty was not done in time: do it
	ClassSensor  Class = "sensor"  // a device is silent or implausible: repair it
	ClassService Class = "service" // the gateway or a service behind it has a fault
)

// Explanation is why a verdict is what it is.
type Explanation struct {
	// Value ± Error against Limit, in Unit. Each is meaningful only where HasValue / HasLimit says so.
	Value    float64 `json:"value"`
	Error    float64 `json:"error"`
	Limit    float64 `json:"limit"`
	HasValue bool    `json:"has_value"`
	HasLimit bool    `json:"has_limit"`
	Unit     string  `json:"unit,omitempty"` // UCUM
	// Constraint names what set the limit: "declared", "seats", "area", "threshold", "window", "interval", "expression", …
	Constraint string `json:"constraint,omitempty"`
	// Reason is a code, mostly for Unknown: see the Reason constants. Empty when value and limit say it all.
	Reason Reason `json:"reason,omitempty"`
	// Detail belongs to Reason: a device or task id, a count; never free text from a device.
	Detail string `json:"detail,omitempty"`
	// Share is the level's share of the full limit that was applied; 0: none.
	Share float64 `json:"share,omitempty"`
	// Low and High bound a count of people at the stated confidence: whole numbers, Low ≤ High. They say more than Error
	// where the interval is not symmetric. Meaningful only where HasRange says so.
	Low      float64 `json:"low,omitempty"`
	High     float64 `json:"high,omitempty"`
	HasRange bool    `json:"has_range,omitempty"`
	// Bound is how the value must stand to the limit; empty: at most the limit.
	Bound Bound `json:"bound,omitempty"`
	// Condition is the CEL expression on which the rule is breached, where value and limit alone do not decide. Inputs then
	// hold what it was evaluated with.
	Condition string `json:"condition,omitempty"`
	// Inputs are what the limit was computed from (seats, pitch, spacing, area, …), so that everybody can compute it again.
	Inputs []Input `json:"inputs,omitempty"`
	// Evidence are the readings the verdict rests on, newest last, at most MaxEvidence.
	Evidence []Evidence `json:"evidence,omitempty"`
}

// Bound is how a value must stand to its limit to keep a rule.
type Bound string

// The bounds.
const (
	AtMost  Bound = ""
	Below   Bound = "below"
	AtLeast Bound = "at_least"
	Above   Bound = "above"
	// Apart: neither is better. The condition decides, and the limit is only what the value is shown beside.
	Apart Bound = "apart"
)

// Holds reports whether a value keeps the bound.
func (b Bound) Holds(value, limit float64) bool {
	switch b {
	case Below:
		return value < limit
	case AtLeast:
		return value >= limit
	case Above:
		return value > limit
	}
	return value <= limit
}

// Lower reports whether small values are the bad ones.
func (b Bound) Lower() bool { return b == AtLeast || b == Above }

// Input is one number that a limit or a value was computed from. See the Input constants for the names.
type Input struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit,omitempty"` // UCUM
	Text  string  `json:"text,omitempty"` // of what: a zone's name, a level; empty: the name says it
}

// MaxEvidence bounds the evidence of one verdict.
const MaxEvidence = 8

// Evidence is one reading behind a verdict.
type Evidence struct {
	Device   string             `json:"device"`
	Quantity telemetry.Quantity `json:"quantity,omitempty"`
	At       telemetry.Instant  `json:"at"`
	Value    float64            `json:"value"`
	Sequence uint64             `json:"seq"`    // the device's own number; 0: none
	Record   uint64             `json:"record"` // position in the journal
}

// Reason is the closed set of reasons for a verdict that a number alone does not explain. Pages and notifications
// translate them.
type Reason string

// The reasons.
const (
	ReasonNoData      Reason = "no_data"      // nothing was ever received
	ReasonSilent      Reason = "silent"       // device Detail stopped reporting
	ReasonNear        Reason = "near"         // the interval contains the limit: near it, and too close to tell
	ReasonNegative    Reason = "negative"     // the raw balance is negative: shown as 0 ± error
	ReasonImplausible Reason = "implausible"  // the value lies outside the plausible window
	ReasonNoLimit     Reason = "no_limit"     // nothing in the configuration gives a limit
	ReasonClosed      Reason = "closed"       // outside the hours in which the rule applies
	ReasonPending     Reason = "pending"      // not due yet
	ReasonOverdue     Reason = "overdue"      // due and not done
	ReasonMissed      Reason = "missed"       // the window passed and nothing was done
	ReasonExpression  Reason = "expression"   // the expression could not be evaluated (Detail)
	ReasonNotInForce  Reason = "not_in_force" // the protocol is not valid on this date
	ReasonGap         Reason = "gap"          // the counters were not observed for a while, the balance is lost
	ReasonUncounted   Reason = "uncounted"    // nothing has said yet how many people are there: no anchor
	ReasonUnlistened  Reason = "unlistened"   // the gateway itself did not listen
	ReasonIdle        Reason = "idle"         // nobody came in, so there was nobody to measure
	ReasonMaintenance Reason = "maintenance"  // it is under maintenance: a person, or the plan, says that nothing is judged
	ReasonUnsure      Reason = "unsure"       // it was done, and nobody knows when: the clock of the phone that says so was set
	ReasonFew         Reason = "few"          // too few were seen to speak of a share
	ReasonStopped     Reason = "stopped"      // the gateway does not judge the site: its engine failed
	ReasonWaiting     Reason = "waiting"      // somebody waits for the second check
	ReasonDue         Reason = "due"          // the second check is to be made now
	ReasonIncredible  Reason = "incredible"   // thermometer Detail is not credible: what it reads is no evidence
	ReasonConfirmed   Reason = "confirmed"    // the second check showed the same
	ReasonParent      Reason = "parent"       // what it hangs on, Detail, fell silent with all behind it
	ReasonNoLevel     Reason = "no_level"     // the protocol has levels, and none that it knows is chosen (Detail)
)

// Idle reports whether the reason says that there was nothing to judge: nobody had to be observed, and nothing is wrong.
func (r Reason) Idle() bool {
	switch r {
	case ReasonClosed, ReasonPending, ReasonNotInForce, ReasonIdle, ReasonMaintenance:
		return true
	}
	return false
}

// Transition is a change of verdict: a fact of the compliance history.
type Transition struct {
	Site    string  `json:"site"`
	Rule    string  `json:"rule"`
	Kind    string  `json:"kind"` // the rule's kind
	Class   Class   `json:"class"`
	Subject Subject `json:"subject"`
	// At is when the verdict changed, in event time.
	At   telemetry.Instant `json:"at"`
	From Verdict           `json:"from"`
	To   Verdict           `json:"to"`
	// FromNear and Near say that the unknown verdict before or after is "near the limit": measured, and too close to tell.
	// A change between near and any other unknown is a transition too.
	FromNear bool `json:"from_near,omitempty"`
	Near     bool `json:"near,omitempty"`
	// FromIdle and Idle say that the unknown verdict before or after is no ignorance: there was nothing to judge (Reason.Idle). A
	// change between idle and any other unknown is a transition too.
	FromIdle bool     `json:"from_idle,omitempty"`
	Idle     bool     `json:"idle,omitempty"`
	Severity Severity `json:"severity,omitempty"`
	// Late: late data changed history. For [At, Until) the verdict is To instead of From; the earlier judgement is kept.
	// A late transition never raises or resolves an alert.
	Late        bool              `json:"late,omitempty"`
	Until       telemetry.Instant `json:"until,omitempty"`
	Explanation Explanation       `json:"explanation"`
	// Record is the journal record that caused the change, Index the number of this transition among those of that record.
	Record uint64 `json:"record"`
	Index  int    `json:"index"`
	// Told is when the gateway could know: the receipt of that record.
	Told telemetry.Instant `json:"told,omitempty"`
}

// Phase is how far a rule has come in asking people about a subject.
type Phase int8

// The phases. Their numbers are stored.
const (
	Quiet   Phase = 0 // nothing is asked
	Pending Phase = 1 // the verdict asks for people, and Rule.For holds the alarm back
	Firing  Phase = 2 // people are asked
)

// String is the phase's word.
func (p Phase) String() string {
	return [...]string{"quiet", "pending", "firing"}[min(max(p, Quiet), Firing)]
}

// MarshalText writes the word.
func (p Phase) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// Alarm is a change of what a rule asks of people about a subject: the verdicts, shaped by For, KeepFiring and hysteresis.
// Verdicts are the truth of their moment and know none of the three; alarms open, doubt and close alerts and nothing else.
type Alarm struct {
	Site     string   `json:"site"`
	Rule     string   `json:"rule"`
	Kind     string   `json:"kind"`
	Class    Class    `json:"class"`
	Subject  Subject  `json:"subject"`
	Severity Severity `json:"severity,omitempty"`
	// At is when it changed, in event time.
	At telemetry.Instant `json:"at"`
	// Phase is Firing or Quiet; pending alarms are shown in the View only.
	Phase Phase `json:"phase"`
	// Doubt: it fires, and nobody can tell any more whether it still holds.
	Doubt bool `json:"doubt,omitempty"`
	// Worse: nothing changed but the value, which is further on the wrong side of the limit than it was just before. Only the worst of
	// the alert may follow from that.
	Worse       bool        `json:"worse,omitempty"`
	Explanation Explanation `json:"explanation"`
	Record      uint64      `json:"record"`
}

// Flow is what passed a counter of running totals at one reading, as the engine counts it. It is a state: a later Flow with
// the same device, channel and time replaces the earlier one.
type Flow struct {
	Site    string            `json:"site"`
	Device  string            `json:"device"`
	Channel string            `json:"channel,omitempty"`
	At      telemetry.Instant `json:"at"`
	In      float64           `json:"in"`  // people who went in at that reading, swap applied
	Out     float64           `json:"out"` // people who went out
	Record  uint64            `json:"record"`
}

// Sample is a derived value at a time: the occupancy of a zone, from then until the next sample of it.
type Sample struct {
	Site    string            `json:"site"`
	Zone    string            `json:"zone"` // empty: the whole site
	At      telemetry.Instant `json:"at"`
	Persons float64           `json:"persons"`
	Error   float64           `json:"error"`
	Low     float64           `json:"low"` // whole people; Low ≤ truth ≤ High at the stated confidence
	High    float64           `json:"high"`
	// Known is false from when on nobody knows how many people there are. The numbers are then what was left of the count, and not
	// to be shown.
	Known bool `json:"known"`
	// Limit is how many people may be in; nobody may, where it is 0. HasLimit: false where nothing limits them.
	Limit    float64 `json:"limit"`
	HasLimit bool    `json:"has_limit"`
	Verdict  Verdict `json:"verdict"`
	Near     bool    `json:"near,omitempty"` // unknown because it is near the limit
	Record   uint64  `json:"record"`
}

// Output collects what records caused. The caller owns it and may reuse it.
type Output struct {
	Transitions []Transition
	// Samples are thinned: per zone at most one in SampleInterval of event time, and one at every change of verdict and of
	// Known.
	Samples []Sample
	Alarms  []Alarm
	Flows   []Flow
}

// Reset empties the output and keeps its memory.
func (o *Output) Reset() {
	o.Transitions, o.Samples, o.Alarms, o.Flows = o.Transitions[:0], o.Samples[:0], o.Alarms[:0], o.Flows[:0]
}
