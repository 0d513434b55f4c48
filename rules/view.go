package rules

import (
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// View is a site's live state at one moment: plain values, independent of the engine once made.
type View struct {
	Site string            `json:"site"`
	Name string            `json:"name"`
	Note map[string]string `json:"note,omitempty"` // what to know about the site, by language
	Zone string            `json:"timezone"`
	// Region and City are what the site is grouped and looked for by, Latitude and Longitude where it lies; empty and 0: not said.
	Region    string            `json:"region,omitempty"`
	City      string            `json:"city,omitempty"`
	Latitude  float64           `json:"latitude,omitempty"`
	Longitude float64           `json:"longitude,omitempty"`
	Now       telemetry.Instant `json:"now"`    // the engine's clock
	Record    uint64            `json:"record"` // last record that was applied
	Open      bool              `json:"open"`
	// NextChange is when it opens or closes next; zero: unknown.
	NextChange telemetry.Instant `json:"next_change"`
	Level      string            `json:"level,omitempty"`
	LevelName  map[string]string `json:"level_name,omitempty"` // by language; empty: it is called by its id
	Protocols  []string          `json:"protocols"`            // titles of those in force
	InForce    []ProtocolView    `json:"in_force"`             // the protocols in force; never changed
	Coming     []ProtocolView    `json:"coming,omitempty"`     // those that begin later, the soonest first; never changed
	Version    string            `json:"version"`              // of the configuration in force
	Verdict    Verdict           `json:"verdict"`              // the worst of all that are not idle: breached, else unknown, else within; of a device that is not heard: unknown
	Persons    Estimate          `json:"persons"`              // in the whole building
	Intake     *Intake           `json:"intake,omitempty"`     // of today's visitors and the queue; nil: no rule asks for it
	// Building is what the limit of the whole building is computed from; nil: no rule limits it.
	Building *Building    `json:"-"`
	Zones    []ZoneView   `json:"zones"`
	Doors    []DoorView   `json:"doors"`
	Devices  []DeviceView `json:"devices"`
	Tasks    []TaskView   `json:"tasks"`
	// Cases are those of the last seven days of the site, the oldest first, at most MaxCases.
	Cases    []CaseView    `json:"cases,omitempty"`
	CasesCut []CaseTally   `json:"cases_cut,omitempty"` // those that it leaves out, by day
	Verdicts []VerdictView `json:"verdicts"`            // of every rule and subject, by rule then subject
	// Outline stands in place of Verdicts, where these are left out; nil: they are there.
	Outline *Outline `json:"-"`

	// Levels are what can be chosen here, Chosen the levels that people chose and that hold or will hold, by when they begin.
	Levels []LevelChoice `json:"levels,omitempty"`
	Chosen []ChosenLevel `json:"chosen,omitempty"`
	// Maintenance is what is under maintenance, and what a person has entered for later.
	Maintenance []MaintenanceView `json:"maintenance,omitempty"`
	// Day is why today's hours differ from the week's: a holiday; empty: they do not.
	Day string `json:"day,omitempty"`
}

// LevelChoice is a level under a protocol of the site that is in force, or will be.
type LevelChoice struct {
	Level    string  `json:"level"`
	Share    float64 `json:"share"`    // of the full limits
	Protocol string  `json:"protocol"` // its title
}

// ChosenLevel is a level that a person chose.
type ChosenLevel struct {
	Entry string            `json:"entry"` // its id
	Level string            `json:"level"`
	From  telemetry.Instant `json:"from"`
	Until telemetry.Instant `json:"until,omitempty"` // 0: open
}

// Estimate is a number of people with what we do not know about it.
type Estimate struct {
	Persons float64 `json:"persons"` // ≥ 0
	Error   float64 `json:"error"`
	// Low and High are the interval at the stated confidence, in whole people: Low ≤ High.
	Low  float64 `json:"low"`
	High float64 `json:"high"`
	// Measured is false where nothing counts people: then nothing is known, nothing is judged, and nothing is wrong.
	Measured bool `json:"measured"`
	// Known is false when no counter feeds it or the balance was lost; Reason then says why.
	Known  bool   `json:"known"`
	Reason Reason `json:"reason,omitempty"`
	// Raw is the balance as counted; negative where exits were over-counted (then Reason is ReasonNegative).
	Raw float64 `json:"raw"`
	// Anchor is when the count was last known to be right.
	Anchor telemetry.Instant `json:"anchor"`
}

// ZoneView is a zone now.
type ZoneView struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Persons Estimate `json:"persons"`
	// Limit is how many people may be in; nobody may, where it is 0. HasLimit: false where nothing limits them.
	Limit    float64 `json:"limit"`
	HasLimit bool    `json:"has_limit"`
	Binding  string  `json:"binding,omitempty"`
	Verdict  Verdict `json:"verdict"`        // the worst about the zone
	Near     bool    `json:"near,omitempty"` // its people are near the limit: measured, and too close to tell
	// Stay is how many minutes people usually stay, as learned; 0: not known.
	Stay float64 `json:"usual_stay_minutes,omitempty"`
	// CountAsked is since when a manual count would pay; 0: it would not. At most once in two hours.
	CountAsked telemetry.Instant `json:"count_asked,omitempty"`
	Advice     Advice            `json:"advice"`
	// Held is the rule whose breach the advice follows, where it is another than the one about the zone's people.
	Held     string      `json:"held,omitempty"`
	Readings []LastValue `json:"readings,omitempty"` // newest air values and the like
	InToday  float64     `json:"in_today"`
	OutToday float64     `json:"out_today"`
	// Seats are those of its map, where a rule looks at them.
	Seats []SeatView `json:"seats,omitempty"`
	// Room is what its limit is computed from, without the level, which is the view's; nil: no rule limits its people. It is shared.
	Room *Room `json:"-"`
}

// DoorView is a door today.
type DoorView struct {
	ID        string            `json:"id"`
	Name      string            `json:"name"`
	From      string            `json:"from"`
	To        string            `json:"to"`
	InToday   float64           `json:"in_today"`
	OutToday  float64           `json:"out_today"`
	InTotal   float64           `json:"in_total"`  // since the journal began
	OutTotal  float64           `json:"out_total"` // since the journal began
	Screened  float64           `json:"screened_today"`
	TooWarm   float64           `json:"too_warm_today"`
	LastCount telemetry.Instant `json:"last_count"`
	Verdict   Verdict           `json:"verdict"`
	// Counters is what was learned of the counters at the door.
	Counters []CounterView `json:"counters,omitempty"`
}

// CounterView is what was learned of a people counter from closings that were verified empty, and from counts.
type CounterView struct {
	Device string `json:"device"`
	// Drift is how many people of 100 passages it misses going in more than going out, give or take Uncertainty (90 %).
	Drift       float64 `json:"drift_per_100"`
	Uncertainty float64 `json:"uncertainty_per_100"`
	// Dispersion is the variance of what it misses by chance, in people² per passage.
	Dispersion float64 `json:"dispersion"`
	// Drifting is since when it misses more in one direction than its accuracy allows; 0: it does not, as far as is known.
	Drifting telemetry.Instant `json:"drifting,omitempty"`
	// Reversed is since when closings say that it is mounted the other way than configured; 0: they do not. The estimate reckons
	// with it; what is counted at the door is shown as configured.
	Reversed telemetry.Instant `json:"reversed,omitempty"`
	Closings []Closing         `json:"closings,omitempty"` // the last ones, oldest first
	// Accuracies and Biases are what people accepted about it, the oldest first.
	Accuracies facility.Accuracies `json:"accuracies,omitempty"`
	Biases     facility.Biases     `json:"biases,omitempty"`
	// Directions are what people said of how it hangs, likewise. Swap is how it is configured.
	Directions []facility.Direction `json:"directions,omitempty"`
	Swap       bool                 `json:"swap,omitempty"`
}

// Closing is one time at which the people in a zone became known, and what its counters had said.
type Closing struct {
	At       telemetry.Instant `json:"at"`
	Passages float64           `json:"passages"` // at the counter, since the people were last known
	// Residual is how many people the zone's counters missed going in, less those going out; Expected is what was to be expected of
	// it, give or take HalfWidth (90 %), by what earlier closings had told.
	Residual float64 `json:"residual"`
	Expected float64 `json:"expected"`
	// Shared is the part of Residual that follows from what counters miss in both directions alike, where more came in by one door
	// and left by another.
	Shared      float64 `json:"shared"`
	HalfWidth   float64 `json:"half_width"`
	Drift       float64 `json:"drift_per_100"` // as learned with it
	Uncertainty float64 `json:"uncertainty_per_100"`
}

// DeviceView is a device now.
type DeviceView struct {
	ID       string            `json:"id"`
	Name     string            `json:"name"`
	Model    string            `json:"model"`
	Place    facility.Place    `json:"place"`
	LastSeen telemetry.Instant `json:"last_seen"` // 0: never
	Messages uint64            `json:"messages"`
	Verdict  Verdict           `json:"verdict"` // the worst about the device; unknown if never seen
	Readings []LastValue       `json:"readings,omitempty"`
	// Offset is what the configuration adds to its body temperatures, Cel; Offsets are its calibrations, the oldest first, the last of which
	// holds now.
	Offset  float64           `json:"offset_cel,omitempty"`
	Offsets []facility.Offset `json:"offsets,omitempty"`
	// Parts are its channels with a place of their own, which are calibrated by themselves.
	Parts []PartView `json:"parts,omitempty"`
}

// PartView is a channel of a device with a place of its own.
type PartView struct {
	Channel string            `json:"channel"`
	Offset  float64           `json:"offset_cel,omitempty"`
	Offsets []facility.Offset `json:"offsets,omitempty"`
}

// LastValue is the newest value of one quantity and channel.
type LastValue struct {
	Quantity telemetry.Quantity `json:"quantity"`
	Channel  string             `json:"channel,omitempty"`
	Value    float64            `json:"value"`
	Unit     string             `json:"unit"`
	At       telemetry.Instant  `json:"at"`
	Device   string             `json:"device"`
}

// TaskView is a duty now.
type TaskView struct {
	ID       string            `json:"id"`
	Name     string            `json:"name"`
	Place    facility.Place    `json:"place"`
	LastDone telemetry.Instant `json:"last_done"` // all of it: with items that of the one that waits longest; 0: never
	// LastSince is since when it may have been done last, where nobody knows when; 0: at LastDone.
	LastSince telemetry.Instant `json:"last_since,omitempty"`
	NextDue   telemetry.Instant `json:"next_due"` // 0: nothing is due
	Verdict   Verdict           `json:"verdict"`
	Kind      facility.TaskKind `json:"kind,omitempty"`
	Items     []ItemView        `json:"items,omitempty"` // as configured; none: the task is logged as a whole
}

// ItemView is one thing of a task.
type ItemView struct {
	Name     string            `json:"name"`
	LastDone telemetry.Instant `json:"last_done"` // logged, alone or with the whole task; 0: never
	// LastSince is since when that may have been, where nobody knows when; 0: at LastDone.
	LastSince telemetry.Instant `json:"last_since,omitempty"`
}

// VerdictView is the present verdict of one rule about one subject.
type VerdictView struct {
	Rule        string            `json:"rule"`
	Kind        string            `json:"kind"`
	Class       Class             `json:"class"`
	Severity    Severity          `json:"severity"`
	Subject     Subject           `json:"subject"`
	SubjectName string            `json:"subject_name"`
	Verdict     Verdict           `json:"verdict"`
	Near        bool              `json:"near,omitempty"` // unknown because it is near the limit
	Since       telemetry.Instant `json:"since"`
	// Phase is what is asked of people: pending while Rule.For holds it back; PhaseSince is since when.
	Phase      Phase             `json:"phase"`
	PhaseSince telemetry.Instant `json:"phase_since,omitempty"`
	// AlarmDue is when a pending rule will ask people, if nothing changes; 0: it is not pending.
	AlarmDue telemetry.Instant `json:"alarm_due,omitempty"`
	// AlarmEnds is when a firing rule that asks nothing any more (Rule.KeepFiring) falls quiet, if nothing changes; 0: it asks, or the
	// value must come further below its limit first (hysteresis).
	AlarmEnds telemetry.Instant `json:"alarm_ends,omitempty"`
	// Title is what the rule's author calls it, by language; empty: it has no name but its kind's.
	Title       map[string]string `json:"title,omitempty"`
	Explanation Explanation       `json:"explanation"`
	Legal       string            `json:"legal,omitempty"`
}

// OfSite is what a verdict says of the building as a whole. A sensor that is silent, or wrong, breaks no rule of the protocol: what it
// should have measured is not known, as for the sums of package compliance.
func (v *VerdictView) OfSite() Verdict {
	switch {
	case !v.ofEquipment():
	case v.Verdict == Breached:
		return Unknown
	case v.Near: // it was measured, and is nearly as wrong as it may be
		return Within
	}
	return v.Verdict
}

// NearOfSite reports whether the verdict says that the building is near a limit. Counters that are nearly as wrong as they may be say nothing
// about how full it is.
func (v *VerdictView) NearOfSite() bool { return v.Near && !v.ofEquipment() }

func (v *VerdictView) ofEquipment() bool { return v.Class == ClassSensor || v.Class == ClassService }

// aside reports whether a search for faults of counters cannot tell: its own verdict is unknown, and nothing that the counters have
// measured becomes unknown by it.
func (v *VerdictView) aside() bool {
	return v.Verdict == Unknown && (v.Kind == directionKind.name || v.Kind == conservationKind.name)
}

// Idle reports whether nothing was to be judged: a thermometer in a closed building, or before the day's first visitor. It is
// unknown, and nothing is wrong: it does not make the site unknown.
func (v *VerdictView) Idle() bool {
	if v.Verdict != Unknown {
		return false
	}
	switch v.Explanation.Reason {
	case ReasonClosed, ReasonPending, ReasonFew, ReasonMaintenance:
		return true
	}
	return false
}
