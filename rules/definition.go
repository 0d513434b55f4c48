package rules

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Definition is everything that decides how a site's records are judged. Its canonical JSON is a journal record, so that
// history is judged by the rule then in force and a replay needs nothing but the journal.
type Definition struct {
	Site      facility.Site `json:"site"`
	Protocols []Protocol    `json:"protocols"`
	// Lateness is how far behind its receipt a reading may lie before it is late: it then revises history and raises no
	// live alert. 0: DefaultLateness.
	Lateness time.Duration `json:"lateness,omitempty"`
	// MaxPassages is the most people that can pass one counter in a minute: a running total that steps further is not
	// believed. 0: DefaultPassages.
	MaxPassages float64 `json:"max_passages,omitempty"`
	// Measures are the quantities that a device's model can deliver, by device id, where they are known. A device that is
	// listed is judged as what it is before its first message: a thermometer that never spoke is unknown. One that is not
	// shows what it is by what it sends.
	Measures map[string][]telemetry.Quantity `json:"measures,omitempty"`
	// Apart are the channels of a device that measure something else than the place where it hangs, by device id: a probe in
	// a refrigerator is not the air of the room. They are judged only where the site gives them a place.
	Apart map[string][]Probe `json:"apart,omitempty"`
}

// Probe is a quantity on a channel that is not about the device's own place.
type Probe struct {
	Quantity telemetry.Quantity `json:"quantity"`
	Channel  string             `json:"channel"`
}

// DefaultLateness is the lateness bound where the configuration does not set one.
const DefaultLateness = 2 * time.Minute

// Protocol is a dated set of rules with its legal reference.
type Protocol struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Legal string `json:"legal,omitempty"` // number of the regulation
	// From and Until bound the validity in the site's calendar: [From, Until). Zero: open.
	From  facility.Date `json:"from,omitzero"`
	Until facility.Date `json:"until,omitzero"`
	// Levels are the shares (0 < s ≤ 1) of the full limit by level name.
	Levels map[string]float64 `json:"levels,omitempty"`
	Rules  []Rule             `json:"rules"`
}

// Severity orders rules for people and routes.
type Severity string

// The severities.
const (
	Critical Severity = "critical"
	Warning  Severity = "warning"
	Info     Severity = "info"
)

// Rule is one rule of a protocol: what is common to all kinds, and the parameters of its own kind.
type Rule struct {
	ID       string   `json:"id"`
	Kind     string   `json:"kind"`
	Severity Severity `json:"severity,omitempty"`
	// Class of the alerts; empty: the kind's own.
	Class Class `json:"class,omitempty"`
	// Subjects restricts the rule to subjects by id (zones, doors, devices or tasks, by kind of rule); empty: all that fit.
	Subjects []string `json:"subjects,omitempty"`
	// For is how long a breach must last before people are called. The verdict does not wait for it.
	For time.Duration `json:"for,omitempty"`
	// KeepFiring is how long the breach must be over before the alert ends. The verdict does not wait for it.
	KeepFiring time.Duration `json:"keep_firing,omitempty"`
	// Legal is the rule's own reference, where it differs from the protocol's.
	Legal string `json:"legal,omitempty"`
	// Title is what people call the rule, by language ("id", "en"); empty: by its kind and what it measures.
	Title map[string]string `json:"title,omitempty"`
	// Advice says what to do, by language ("id", "en"); empty: the kind's own words.
	Advice map[string]string `json:"advice,omitempty"`
	// Params are the kind's own parameters: a pointer to the struct that NewParams(Kind) gives.
	Params Params `json:"params"`
}

// Params are the parameters of one kind of rule. Its exported fields carry yaml and json tags of the same name; durations
// are time.Duration.
type Params interface {
	// Validate checks values; err names the field as it is written in YAML and what was expected. All problems at once
	// (errors.Join of *FieldError).
	Validate() error
}

// FieldError is a problem with one field of a rule's parameters.
type FieldError struct {
	Field string // path as in YAML: "above", "every"
	Err   error
}

func (e *FieldError) Error() string { return e.Field + ": " + e.Err.Error() }

// Unwrap gives the cause.
func (e *FieldError) Unwrap() error { return e.Err }

// UnmarshalJSON reads a rule, choosing the parameters' type by kind.
func (r *Rule) UnmarshalJSON(b []byte) error {
	type plain Rule
	var raw struct {
		*plain
		Params json.RawMessage `json:"params"`
	}
	raw.plain = (*plain)(r)
	if err := json.Unmarshal(b, &raw); err != nil {
		return fmt.Errorf("reading a rule: %w", err)
	}
	p, err := NewParams(r.Kind)
	if err != nil {
		return fmt.Errorf("reading rule %q: %w", r.ID, err)
	}
	if len(raw.Params) > 0 {
		if err := json.Unmarshal(raw.Params, p); err != nil {
			return fmt.Errorf("reading the parameters of rule %q: %w", r.ID, err)
		}
	}
	r.Params = p
	return nil
}
