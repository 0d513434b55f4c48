package compliance

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Report is how the measures of a site were kept in a period, as it is known at one moment.
type Report struct {
	Site string
	// From and Until are the period that the sums are about: Until is cut where nothing can be known yet.
	From, Until telemetry.Instant
	Location    *time.Location // whose days and hours the parts are
	Open        []Span         // when the site was open, in order
	Parts       []Span         // of the period, in order
	Measures    []Measure      // by rule, then subject
	Figure      Figure         // over the whole period
	Figures     []Figure       // of each part
}

// Measure is one rule about one subject in the period.
type Measure struct {
	Key
	Kind        string
	Class       rules.Class
	Severity    rules.Severity
	SubjectName string
	Title       map[string]string
	Legal       string
	Protocol    string
	// Intervals are its history over the whole period, closed hours included, in order and without a hole.
	Intervals []Interval
	Times     Times
	Parts     []Times // of each part
}

// Counts reports whether the measure counts for the site's figure. Rules about devices do not: that a sensor is silent is no breach of the
// protocol, and makes unknown what it should have measured. Nor do rules that find something, as fevers: a building that finds more of
// them keeps the protocol no worse. What a measure of unknown kind is about nobody knows: it does not count.
func (m *Measure) Counts() bool {
	return m.Kind != "" && m.Class != rules.ClassSensor && m.Class != rules.ClassService && !rules.Finds(m.Kind)
}

// The bounds of one computation.
const (
	// MostParts bounds into how many parts a period is cut.
	MostParts = 10_000
	// MostDays bounds a period: two years and the days that they may have more.
	MostDays = 740
)

// ErrTooLong is what Compute says of a period that has more days or parts than it adds up at once.
var ErrTooLong = errors.New("the period is too long")

// Compute adds the history of all measures up. Equal inputs give equal reports. Errors: ErrTooLong, or that the period is none.
func Compute(in *Input, by By) (*Report, error) {
	if in.From >= in.Until {
		return nil, fmt.Errorf("adding up verdicts: the period ends at %v, want later than its begin %v", in.Until, in.From)
	}
	end := in.end()
	if end.Sub(in.From) > MostDays*24*time.Hour {
		return nil, fmt.Errorf("adding up verdicts: %w: %v, want at most %d days", ErrTooLong, end.Sub(in.From), MostDays)
	}
	terms := in.terms()
	r := &Report{Site: in.Site, From: in.From, Until: end, Location: time.UTC}
	if n := len(terms); n > 0 {
		r.Location = terms[n-1].Agenda.Location()
	}
	if by == ByHour && end.Sub(in.From) > MostParts*time.Hour {
		return nil, fmt.Errorf("adding up verdicts: %w: more than %d hours", ErrTooLong, MostParts)
	}
	r.Open, r.Parts = openings(terms, in.From, end), cuts(by, in.From, end, r.Location)
	in.measure(r, terms, end)
	r.Figures = make([]Figure, len(r.Parts))
	for p := range r.Parts {
		r.Figures[p] = r.FigureOf(p, (*Measure).Counts)
	}
	r.Figure = r.FigureOf(Whole, (*Measure).Counts)
	return r, nil
}

// measure finds the measures of the period, with their intervals and sums.
func (in *Input) measure(r *Report, terms []Term, end telemetry.Instant) {
	if in.From >= end {
		return
	}
	asked, lists, gaps := duties(terms, in.From, end), in.lists(), in.gaps(in.From, end)
	if in.Judged != 0 && in.Judged < end {
		end = max(in.Judged, in.From) // what is behind it is made unknown below
	}
	for k, list := range lists {
		if asked[k] == nil {
			asked[k] = in.unasked(list, r.Until)
		}
	}
	keys := slices.SortedFunc(maps.Keys(asked), Key.compare)
	whole := []Span{{r.From, r.Until}}
	r.Measures = make([]Measure, 0, len(keys))
	for _, k := range keys {
		d := asked[k]
		if len(d.spans) == 0 {
			continue
		}
		m := Measure{
			Key: k, Kind: d.Kind, Class: d.Class, Severity: d.Severity, SubjectName: d.SubjectName, Title: d.Title, Legal: d.Legal, Protocol: d.Protocol,
		}
		m.Intervals = in.intervals(lists[k], d.spans, r.From, end, r.Until, gaps)
		m.Times = sum(m.Intervals, r.Open, whole)[0]
		m.Parts = sum(m.Intervals, r.Open, r.Parts)
		r.Measures = append(r.Measures, m)
	}
}

// unasked is a measure of which no definition tells: a thermometer that only its readings show to be one. It is asked from its first
// verdict on.
func (in *Input) unasked(list []int, end telemetry.Instant) *duty {
	first := &in.Transitions[list[0]]
	d := &duty{Duty: rules.Duty{Rule: first.Rule, Kind: first.Kind, Class: first.Class, Severity: first.Severity, Subject: first.Subject, SubjectName: first.Subject.ID}}
	at := end
	for _, i := range list {
		at = min(at, in.Transitions[i].At)
	}
	if from := max(at, in.From); from < end {
		d.spans = []Span{{from, end}}
	}
	return d
}

// intervals makes the history of one measure: what was judged up to judged, unknown from there to end, and idle where it was not in force.
func (in *Input) intervals(list []int, spans []Span, from, judged, end telemetry.Instant, gaps []Gap) []Interval {
	var l line
	if from < judged {
		l = in.history(list, from, judged, gaps)
	} else {
		l = line{{from, Unknown, ReasonStopped, -1}}
	}
	if from < judged && judged < end {
		l = append(l, step{judged, Unknown, ReasonStopped, -1})
	}
	for _, s := range without(spans, from, end) {
		until := s.Until
		if until == end {
			until = telemetry.Never
		}
		l = l.set(step{s.From, Idle, ReasonNotInForce, -1}, until)
	}
	all := make([]Interval, 0, len(l))
	for i, s := range l {
		until := end
		if i+1 < len(l) {
			until = l[i+1].at
		}
		if s.at >= until {
			continue
		}
		if n := len(all); n > 0 && all[n-1].State == s.state && all[n-1].Reason == s.reason {
			all[n-1].Until = until
			continue
		}
		all = append(all, Interval{s.at, until, s.state, s.reason, s.change})
	}
	return slices.Clip(all)
}

// String is rule and subject, as files and logs write a measure.
func (k Key) String() string { return strings.Join([]string{k.Rule, k.Subject.String()}, " ") }
