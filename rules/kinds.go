package rules

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// kind is all the engine knows about one kind of rule. A new kind is a file with these functions and a line in the table.
type kind struct {
	name  string
	class Class // of its alerts, where a rule names none
	// finds says that a breach is what the rule is there to find, as a visitor with a fever: who finds it has kept the protocol.
	finds bool
	// severity where a rule names none; empty: a warning.
	severity Severity
	// advice is what people should do on a breach, by language.
	advice map[string]string
	params func() Params
	// subjects lists what a rule judges of a site, in the order of the definition. A rule's own list of subjects has the
	// last word: it picks from all, those that are not listed by default included.
	subjects func(p *plan, r *Rule) []Subject
	// thermometer asks about each subject that a rule may judge, no longer judge or judge otherwise because the i-th device has
	// shown that it measures body temperature, and says whether subjects would list it now; nil: the kind looks at none.
	thermometer func(p *plan, r *Rule, i int, about func(s Subject, listed bool))
	// keeps lists the quantities whose past readings the kind's judges look at; nil: none.
	keeps func(r *Rule) []kept
	// judge makes the judge of one subject and registers the facts it reads with the bench.
	judge func(b *bench, s Subject) judge
}

// judge is one rule about one subject. It keeps no state: what it answers depends on the engine's facts alone, and those
// are kept for the past too, so that it can be asked about any time in the acceptance window.
type judge interface {
	// judge answers for the time t. was is Within for the truth of the moment; Breached asks whether an alarm that fires may
	// end, which is where hysteresis belongs. until is the next time after t at which the answer can be another with nothing
	// new arriving.
	judge(t telemetry.Instant, was Verdict) (f finding, until telemetry.Instant)
	// evidence appends the readings at or before t that the answer rests on, newest last, at most MaxEvidence.
	evidence(t telemetry.Instant, to []Evidence) []Evidence
}

// decider is a judge that can say what history keeps of its answer without the rest of it, which is asked for where a verdict is
// explained: most questions are asked at every count. It gives the verdict and reason of judge for Within.
type decider interface {
	decide(t telemetry.Instant) (v Verdict, r Reason, until telemetry.Instant)
}

// finding is a judge's answer: an Explanation without the evidence.
type finding struct {
	verdict    Verdict
	hasValue   bool
	hasLimit   bool
	value      float64
	err        float64
	limit      float64
	share      float64
	unit       string
	constraint string
	reason     Reason
	detail     string
	// The interval of a count of people, and what the limit was computed from.
	low, high float64
	hasRange  bool
	inputs    []Input
}

// answerOf is what history keeps of a finding.
func answerOf(v Verdict, r Reason) answer {
	if v != Unknown {
		return answer{verdict: v}
	}
	return answer{v, r == ReasonNear, r.Idle(), r == ReasonMaintenance}
}

// unknown is the finding of a judge that cannot tell.
func unknown(r Reason, detail string) finding {
	return finding{verdict: Unknown, reason: r, detail: detail}
}

// kinds is the table of all kinds, by name.
func kinds() [29]*kind {
	return [...]*kind{
		&afterHoursKind, &airKind, &batteryKind, &capacityKind, &clockKind, &conservationKind, &coverageKind, &credibilityKind, &cutoffKind, &deadCounterKind, &directionKind, &disinfectionKind,
		&distancingKind, &expressionKind, &frozenKind, &hygieneKind, &lostKind, &masksKind, &outageKind, &queueKind, &quotaKind, &rejectedKind, &screeningKind,
		&seatsKind, &silenceKind, &staffKind, &tamperKind, &temperatureKind, &vehiclesKind,
	}
}

// kindByName finds a kind; with the error it gives an empty one.
func kindByName(name string) (*kind, error) {
	for _, k := range kinds() {
		if k.name == name {
			return k, nil
		}
	}
	return new(kind), fmt.Errorf("unknown kind of rule %q: want one of %s", name, strings.Join(Kinds(), ", "))
}

// NewParams gives a pointer to the default parameters of a kind of rule.
func NewParams(kind string) (Params, error) {
	k, err := kindByName(kind)
	if err != nil {
		return nil, err
	}
	return k.params(), nil
}

// Kinds lists the names of all kinds of rule, sorted.
func Kinds() []string {
	all := kinds()
	names := make([]string, 0, len(all))
	for _, k := range all {
		names = append(names, k.name)
	}
	slices.Sort(names)
	return names
}

// DefaultClass is the class of a kind's alerts where a rule names none; empty for an unknown kind.
func DefaultClass(kind string) Class {
	k, _ := kindByName(kind)
	return k.class
}

// Finds reports whether a breach of a kind is what its rules are there to find, as a visitor with a fever: it asks something of
// people, and is no failure of the building.
func Finds(kind string) bool {
	k, _ := kindByName(kind)
	return k.finds
}

// AdviceFor says what to do when the rule is breached, by language: the rule's own words over those of its kind.
func AdviceFor(r *Rule) map[string]string {
	k, _ := kindByName(r.Kind)
	words := maps.Clone(k.advice)
	if words == nil {
		words = make(map[string]string, len(r.Advice))
	}
	maps.Copy(words, r.Advice)
	return words
}

// checks collects problems with the fields of parameters.
type checks []error

func (c *checks) field(ok bool, field, format string, args ...any) {
	if !ok {
		*c = append(*c, &FieldError{Field: field, Err: fmt.Errorf(format, args...)})
	}
}

func (c checks) err() error { return errors.Join(c...) }
