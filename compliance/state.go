// Package compliance adds verdicts up: it makes intervals of a history of verdicts, and sums how long each measure was kept,
// breached, near its limit or unknown while the site was open. It is the one place where that is done: pages, API, InfluxDB's test,
// reports, backtests and packs ask Compute. It is pure: no clock, no I/O; the same transitions give the same sums, exactly.
//
// docs/compliance.md says in plain words how a figure is made, for whoever computes one again by hand.
package compliance

import (
	"fmt"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// State is what a moment was for one measure.
type State uint8

// The states. Of a moment at which nobody knew, Unknown is the answer, whatever was so before and after.
const (
	Unknown  State = iota // nobody knew
	Within                // kept
	Breached              // not kept
	Near                  // measured, and too close to the limit to tell
	Idle                  // there was nothing to judge: the rule was not in force, nothing was due, nobody came
)

var stateNames = [...]string{"unknown", "within", "breached", "near", "idle"}

// String is the state's word.
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return fmt.Sprintf("state %d", s)
}

// MarshalText writes the word.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// StateOf is the state that a verdict stands for.
func StateOf(v rules.Verdict, near, idle bool) State {
	switch {
	case v == rules.Within:
		return Within
	case v == rules.Breached:
		return Breached
	case near:
		return Near
	case idle:
		return Idle
	}
	return Unknown
}

// Reasons of states that no verdict gave.
const (
	// ReasonStopped is that of the time after the site was judged last.
	ReasonStopped = rules.ReasonStopped
	// ReasonUnlistened is that of the time in which nobody listened to the site's devices.
	ReasonUnlistened = rules.ReasonUnlistened
	// ReasonNoData is that of a rule that is in force and has said nothing yet.
	ReasonNoData = rules.ReasonNoData
	// ReasonNotInForce is that of the time in which a rule was not in force.
	ReasonNotInForce = rules.ReasonNotInForce
)

// Interval is a time in which a measure's state was the same: [From, Until).
type Interval struct {
	From, Until telemetry.Instant
	State       State
	// Reason is why it is unknown or idle, as it was when the interval began; empty: value and limit say it all.
	Reason rules.Reason
	// Change is the place, in Input.Transitions, of the transition that says so; −1: none does.
	Change int
}
