package rehearse

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Result is how a scenario went.
type Result struct {
	File     string    `json:"file"`
	Name     string    `json:"scenario"`
	Timezone string    `json:"timezone"`
	Checked  int       `json:"checked"` // expectations
	Failures []Failure `json:"failures,omitempty"`
}

// Failure is one expectation that was not met.
type Failure struct {
	// Place is where the expectation is written: file:line:col.
	Place string            `json:"place"`
	At    telemetry.Instant `json:"-"`            // 0: it is about the whole scenario
	Time  string            `json:"at,omitempty"` // the same, in the site's zone
	About string            `json:"about"`
	Want  []string          `json:"want"`
	Got   []string          `json:"got"`
}

// Run takes a site through a scenario. It fails where the engine does; what differs from what is expected is in the result.
func Run(s *Scenario, texts *alerts.Texts) (*Result, error) {
	r := &runner{scenario: s, texts: texts, course: NewCourse(s.Definition.Site.ID)}
	r.result = &Result{File: s.File, Name: s.Name, Timezone: s.Definition.Site.Location.String()}
	if err := r.run(); err != nil {
		return nil, fmt.Errorf("%s: %s: %w", s.File, s.Name, err)
	}
	return r.result, nil
}

// runner is one run.
type runner struct {
	scenario *Scenario
	texts    *alerts.Texts
	course   *Course
	result   *Result
	subjects map[string][]rules.Subject // that a rule has judged, by rule
}

func (r *runner) run() error {
	s := r.scenario
	c := r.course
	if err := c.Apply(&telemetry.Record{Kind: telemetry.KindEngine, Site: s.Definition.Site.ID, At: s.Start, Received: s.Start, Engine: &telemetry.Engine{Version: rules.EngineVersion}}); err != nil {
		return err
	}
	if err := c.Configure(&s.Definition, s.Start); err != nil {
		return err
	}
	looks := slices.Clone(s.Expect.Verdicts)
	slices.SortStableFunc(looks, func(a, b Verdict) int { return cmp.Compare(a.At, b.At) })
	r.subjects = map[string][]rules.Subject{}
	look := func(until telemetry.Instant) error {
		for len(looks) > 0 && looks[0].At < until {
			at := looks[0].At
			if err := c.Until(at); err != nil {
				return err
			}
			v := c.View(at)
			r.know(&v)
			for len(looks) > 0 && looks[0].At == at {
				r.verdict(&looks[0], &v)
				looks = looks[1:]
			}
		}
		return nil
	}
	for i := range s.Records {
		rec := s.Records[i]
		if err := look(rec.Received); err != nil {
			return err
		}
		if err := c.Apply(&rec); err != nil {
			return err
		}
		if len(c.Open()) > 0 {
			v := c.View(rec.Received) // people are told how it goes on
			r.know(&v)
		}
	}
	if err := look(telemetry.Never); err != nil {
		return err
	}
	if err := c.Until(s.End); err != nil {
		return err
	}
	v := c.View(s.End)
	r.know(&v)
	for i := range c.Transitions {
		t := &c.Transitions[i]
		r.knows(t.Rule, t.Subject)
	}
	for i := range s.Expect.Changes {
		r.changes(&s.Expect.Changes[i])
	}
	if s.Expect.HasAlerts {
		r.alerts()
	}
	slices.SortStableFunc(r.result.Failures, func(a, b Failure) int { return cmp.Compare(a.At, b.At) })
	return nil
}

func (r *runner) know(v *rules.View) {
	for i := range v.Verdicts {
		r.knows(v.Verdicts[i].Rule, v.Verdicts[i].Subject)
	}
}

func (r *runner) knows(rule string, s rules.Subject) {
	if !slices.Contains(r.subjects[rule], s) {
		r.subjects[rule] = append(r.subjects[rule], s)
	}
}

// fail notes an expectation that was not met.
func (r *runner) fail(f Failure) {
	if f.At != 0 {
		f.Time = f.At.In(r.scenario.Definition.Site.Location.Location).Format(time.RFC3339)
	}
	r.result.Failures = append(r.result.Failures, f)
}

// called reports whether a subject is called by an id or kind/id; by nothing every one is.
func called(s rules.Subject, name string) bool {
	return name == "" || s.ID == name || s.String() == name
}

// title names a rule and its subject in a failure.
func (a *About) title() string {
	if a.Subject == "" {
		return fmt.Sprintf("rule %q", a.Rule)
	}
	return fmt.Sprintf("rule %q on %s", a.Rule, a.Subject)
}

// one finds the subject that an expectation is about; ok is false where it is none or several, which is a failure.
func (r *runner) one(a *About, at telemetry.Instant) (s rules.Subject, ok bool) {
	var found []rules.Subject
	var there []string
	for _, s := range r.subjects[a.Rule] {
		there = append(there, s.String())
		if called(s, a.Subject) {
			found = append(found, s)
		}
	}
	slices.Sort(there)
	if len(found) == 1 {
		return found[0], true
	}
	f := Failure{Place: a.Place, At: at, About: a.title(), Want: []string{"a verdict about " + cmp.Or(a.Subject, "one subject")}, Got: []string{"verdicts about " + list(there)}}
	switch {
	case len(there) == 0:
		f.Got = []string{"the rule judges nothing here: it is not in force, or nothing measures what it needs"}
	case len(found) > 1:
		f.Got[0] += ": name one as subject"
	}
	r.fail(f)
	return s, false
}
