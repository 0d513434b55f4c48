// Package rehearse judges what has not happened: scenarios that a rule's author writes, and what a journal holds under rules
// that were not in force. It drives the engine and the book of alerts as the gateway does, on the clock of the records: it has no
// clock of its own, does no I/O, and the same input gives the same result.
package rehearse

import (
	"math"
	"strconv"
	"strings"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Scenario is a site, what its devices and people tell the gateway, and what is to come of that.
type Scenario struct {
	File, Name string
	Definition rules.Definition
	// Start is when the definition comes into force, End until when the clock runs.
	Start, End telemetry.Instant
	// Records are in the order of their receipt, without numbers. They do not change.
	Records []telemetry.Record
	Expect  Expect
}

// Expect is what a scenario's author expects.
type Expect struct {
	Verdicts []Verdict
	Changes  []Changes
	// Alerts are all that there are of the rules in AlertsOf (empty: of all), where HasAlerts says so. Place is where they stand.
	Alerts    []Alert
	AlertsOf  []string
	HasAlerts bool
	Place     string
}

// About names a rule and what it is about: an id, kind/id, or nothing where the rule has one subject.
type About struct {
	Place         string // where it is written: file:line:col
	Rule, Subject string
}

// Verdict is what a rule says at a time, when all was taken in that was received by then. What is nil or empty is not looked at.
type Verdict struct {
	About
	At           telemetry.Instant
	Verdict      Word
	Value, Limit *Number
	Low, High    *Number
	Error, Share *Number
	Unit         string
	Constraint   string
	Reason       string // None: there is none
	Detail       string
	Since        telemetry.Instant
	Phase        string
	Inputs       []Input
	// Title, Text and Todo are the words by language; see Says.
	Title, Text, Todo map[string]string
}

// None is the word for a reason that is not there.
const None = "none"

// Input is one number that a value or limit was computed from.
type Input struct {
	Name  string
	Value Number
}

// Changes are all changes of the verdict of one rule about one subject.
type Changes struct {
	About
	All []Change
}

// Change is a change of verdict.
type Change struct {
	Place  string
	At     telemetry.Instant
	To     Word
	Reason string
	// Late: late data changed the history of At to Until.
	Late         bool
	Until        telemetry.Instant
	Value, Limit *Number
}

// Alert is an alert from its beginning to its end.
type Alert struct {
	About
	Class, Severity string
	Raised          telemetry.Instant
	Resolved        telemetry.Instant // 0: it is open at the end
	// Title, Text and Todo are what people are told when it is raised, Ending the text when it is resolved; by language, see Says.
	Title, Text, Todo, Ending map[string]string
}

// Word is a verdict in a word: within, breached, unknown, or near for the unknown that is near the limit. unknown is any unknown.
type Word string

// Words are the verdicts.
func (Word) Words() []string { return []string{"within", "breached", "unknown", near} }

const near = "near"

// wordOf is the verdict's word.
func wordOf(v rules.Verdict, isNear bool) Word {
	if v == rules.Unknown && isNear {
		return near
	}
	return Word(v.String())
}

// fits reports whether the expected word is the one that came.
func (w Word) fits(got Word) bool {
	return w == got || w == Word(rules.Unknown.String()) && got == near
}

// Number is an expected number.
type Number struct {
	Value float64
	// About allows what rounds to Value; 0: it must be the same.
	About float64
}

// ParseNumber reads 52.5, or ~52.5 for what rounds to it at so many digits.
func ParseNumber(text string) (Number, bool) {
	bare, about := strings.CutPrefix(strings.TrimSpace(text), "~")
	f, ok := number(bare)
	n := Number{Value: f}
	if about {
		_, fraction, _ := strings.Cut(bare, ".")
		n.About = math.Pow10(-len(fraction)) / 2
	}
	return n, ok
}

func (n *Number) fits(got float64) bool {
	return math.Abs(got-n.Value) <= max(n.About, 1e-9*max(1, math.Abs(n.Value)))
}

func (n *Number) String() string {
	s := figure(n.Value)
	if n.About > 0 {
		s = "~" + s
	}
	return s
}

// figure is a number as people read it: without the last bits of a computation.
func figure(f float64) string {
	return strconv.FormatFloat(math.Round(f*1e6)/1e6, 'f', -1, 64)
}

// Says reports whether a text is the expected one. A … (or ...) at an end of what is expected stands for anything.
func Says(want, got string) bool {
	want = strings.ReplaceAll(strings.Join(strings.Fields(want), " "), "...", "…")
	got = strings.Join(strings.Fields(got), " ")
	rest, open := strings.CutPrefix(want, "…")
	rest, more := strings.CutSuffix(rest, "…")
	rest = strings.TrimSpace(rest)
	switch {
	case open && more:
		return strings.Contains(got, rest)
	case open:
		return strings.HasSuffix(got, rest)
	case more:
		return strings.HasPrefix(got, rest)
	}
	return got == want
}
