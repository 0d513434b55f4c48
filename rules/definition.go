package rules

import (
	"encoding/json"
	"fmt"
	"time"
	once "unique"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules/shared"
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
	// Titles is the title by language ("id", "en"); nil: Title is the only one.
	Titles map[string]string `json:"titles,omitempty"`
	// Authority is who issued it, by language; under an empty language the name that is the same in all.
	Authority map[string]string `json:"authority,omitempty"`
	Legal     string            `json:"legal,omitempty"` // number of the regulation
	// Source is where the regulation can be read: a URL.
	Source string `json:"source,omitempty"`
	// Area is where it applies, as facility.Site.Area is written; empty: anywhere.
	Area []string `json:"area,omitempty"`
	// From and Until bound the validity in the site's calendar: [From, Until). Zero: open. FromTime and UntilTime are the local
	// times on these days; zero: midnight.
	From      facility.Date      `json:"from,omitzero"`
	FromTime  facility.TimeOfDay `json:"from_time,omitempty"`
	Until     facility.Date      `json:"until,omitzero"`
	UntilTime facility.TimeOfDay `json:"until_time,omitempty"`
	// Levels are the shares (0 < s ≤ 1) of the full limit by level name.
	Levels map[string]float64 `json:"levels,omitempty"`
	// LevelNames are what people call the levels, by level and language; a level without any is called by its id.
	LevelNames map[string]map[string]string `json:"level_names,omitempty"`
	Rules      []Rule                       `json:"rules"`
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

// What rules of many sites have in common is kept once, by its JSON: it is the larger part of a definition, and nobody changes it.
var (
	wordings   = shared.Table[string, map[string]string]{Most: 4096}
	levelNames = shared.Table[string, map[string]map[string]string]{Most: 1024}
	parameters = shared.Table[[2]string, Params]{Most: 4096}
	locations  = shared.Table[string, facility.Location]{Most: 1024}
)

// UnmarshalJSON reads a rule, choosing the parameters' type by kind. Title, Advice and Params may be shared with other rules and must
// not be changed.
func (r *Rule) UnmarshalJSON(b []byte) error {
	type plain Rule
	var raw struct {
		*plain
		Title  json.RawMessage `json:"title"`
		Advice json.RawMessage `json:"advice"`
		Params json.RawMessage `json:"params"`
	}
	raw.plain = (*plain)(r)
	if err := json.Unmarshal(b, &raw); err != nil {
		return fmt.Errorf("reading a rule: %w", err)
	}
	r.ID, r.Kind, r.Legal = once.Make(r.ID).Value(), once.Make(r.Kind).Value(), once.Make(r.Legal).Value()
	r.Severity, r.Class = once.Make(r.Severity).Value(), once.Make(r.Class).Value()
	for _, w := range []struct {
		raw json.RawMessage
		to  *map[string]string
	}{{raw.Title, &r.Title}, {raw.Advice, &r.Advice}} {
		if len(w.raw) == 0 {
			continue
		}
		words, err := wordings.Get(string(w.raw), func() (words map[string]string, err error) {
			err = json.Unmarshal(w.raw, &words)
			return words, err
		})
		if err != nil {
			return fmt.Errorf("reading the words of rule %q: %w", r.ID, err)
		}
		*w.to = words
	}
	p, err := parameters.Get([2]string{r.Kind, string(raw.Params)}, func() (Params, error) {
		p, err := NewParams(r.Kind)
		if err != nil {
			return nil, fmt.Errorf("reading rule %q: %w", r.ID, err)
		}
		if len(raw.Params) > 0 {
			if err := json.Unmarshal(raw.Params, p); err != nil {
				return nil, fmt.Errorf("reading the parameters of rule %q: %w", r.ID, err)
			}
		}
		return p, nil
	})
	if err != nil {
		return err
	}
	r.Params = p
	return nil
}

// compact gives up the room to grow that reading has left in the lists of a definition, and keeps texts once that are the same in
// many sites. A definition that was read never changes.
func (d *Definition) compact() {
	d.Protocols = trimmed(d.Protocols)
	for i := range d.Protocols {
		p := &d.Protocols[i]
		p.ID, p.Title, p.Legal = once.Make(p.ID).Value(), once.Make(p.Title).Value(), once.Make(p.Legal).Value()
		p.Source = once.Make(p.Source).Value()
		p.Titles, p.Authority, p.LevelNames = one(&wordings, p.Titles), one(&wordings, p.Authority), one(&levelNames, p.LevelNames)
		for k := range p.Area {
			p.Area[k] = once.Make(p.Area[k]).Value()
		}
		p.Rules = trimmed(p.Rules)
		for k := range p.Rules {
			p.Rules[k].Subjects = trimmed(p.Rules[k].Subjects)
		}
	}
	s := &d.Site
	if s.Location.Location != nil {
		s.Location, _ = locations.Get(s.Location.String(), func() (facility.Location, error) { return s.Location, nil })
	}
	s.Uplinks = trimmed(s.Uplinks)
	s.Zones, s.Doors, s.Devices, s.Tasks = trimmed(s.Zones), trimmed(s.Doors), trimmed(s.Devices), trimmed(s.Tasks)
	for i := range s.Devices {
		x := &s.Devices[i]
		x.Model = once.Make(x.Model).Value()
		x.Place.Kind = once.Make(x.Place.Kind).Value()
	}
}

// one is the map that has the same JSON and was first in the table.
func one[M map[string]string | map[string]map[string]string](table *shared.Table[string, M], m M) M {
	if len(m) == 0 {
		return nil
	}
	key, err := json.Marshal(m)
	if err != nil {
		return m // texts have JSON
	}
	m, _ = table.Get(string(key), func() (M, error) { return m, nil })
	return m
}

// trimmed is a slice without room to grow.
func trimmed[T any](s []T) []T {
	if len(s) == cap(s) {
		return s
	}
	return append(make([]T, 0, len(s)), s...)
}
