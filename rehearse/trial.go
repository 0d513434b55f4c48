package rehearse

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/compliance"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Trial judges what a journal holds of one site again, under a change, and lays it beside what happened. It is used by one goroutine.
type Trial struct {
	site        string
	reform      *Reform
	period      Period
	from, until telemetry.Instant // once the site's zone is known
	course      *Course

	was, would side
	now        telemetry.Instant // receipt of the last record
	readings   uint64
	unfit      error // why the change is none for the site
	known      []string
	touched    map[string]bool
}

// Period is a time whose ends are instants, or local days of the site: whoever compares a fleet means the day of each.
type Period struct{ From, Until Edge }

// Edge is an end of a period: At, or where that is 0 the beginning of a day.
type Edge struct {
	At  telemetry.Instant
	Day facility.Date
}

func (e Edge) in(loc *time.Location) telemetry.Instant {
	if e.At != 0 {
		return e.At
	}
	return telemetry.InstantOf(e.Day.In(loc))
}

// side is one history: as it was, or as it would have been.
type side struct {
	terms       []compliance.Term
	transitions []rules.Transition
	alerts      []alerts.Alert
	notes       []telemetry.Record
}

// NewTrial begins a trial about a period. Records from before it only make the present known.
func NewTrial(site string, reform *Reform, period Period) *Trial {
	return &Trial{site: site, reform: reform, period: period, until: telemetry.Never, course: NewCourse(site), touched: map[string]bool{}}
}

// Readings is how many were judged.
func (t *Trial) Readings() uint64 { return t.readings }

// Apply judges a record of the site. It need not stay as it is afterwards.
func (t *Trial) Apply(rec *telemetry.Record) error {
	if rec.Received >= t.until || !rec.Judged() || t.reform.drops(rec) {
		return nil
	}
	t.now = max(t.now, rec.Received)
	switch rec.Kind {
	case telemetry.KindObservation:
		t.readings += uint64(len(rec.Observation.Readings))
	case telemetry.KindTick:
		return nil // the clock moves with the next record, and what came due meanwhile fires at its own time
	case telemetry.KindConfiguration:
		return t.configure(rec)
	case telemetry.KindService:
		note := *rec
		t.would.notes = append(t.would.notes, note)
	}
	// What the book tells people meanwhile is not looked at: its own deadlines need not be kept.
	if err := t.course.apply(rec); err != nil {
		return err
	}
	if len(t.course.Transitions)+len(t.course.Changes) > 0 {
		t.drain()
	}
	return nil
}

// configure brings the changed definition into force in place of the one that came into force then.
func (t *Trial) configure(rec *telemetry.Record) error {
	def := &rules.Definition{}
	if err := json.Unmarshal(rec.Configuration.Definition, def); err != nil {
		return fmt.Errorf("reading configuration %q of site %q: %w", rec.Configuration.Version, t.site, err)
	}
	if err := t.was.term(rec.Configuration.Definition, rec.Received); err != nil {
		return err
	}
	loc := def.Site.Location.Location
	t.from, t.until = t.period.From.in(loc), t.period.Until.in(loc)
	as, err := t.reform.Apply(def, func(p *rules.Protocol) bool {
		first, last := facility.DateOf(t.from.In(loc)), facility.DateOf(t.until.Add(-1).In(loc))
		return (p.From.IsZero() || !last.Before(p.From)) && (p.Until.IsZero() || first.Before(p.Until) || p.UntilTime > 0 && first == p.Until)
	})
	t.unfit, t.known = err, as.Known
	next := as.Definition
	for id := range as.Touched {
		t.touched[id] = true
	}
	changed, err := Configuration(next, rec.Received)
	if err != nil {
		return err
	}
	changed.Seq = rec.Seq
	if err := t.would.term(changed.Configuration.Definition, rec.Received); err != nil {
		return fmt.Errorf("site %q under the change: %w", t.site, err)
	}
	t.course.names.Set(next)
	t.course.Changes = t.course.book.Configure(next, rec.Received, t.course.Changes)
	if err := t.course.apply(&changed); err != nil {
		return err
	}
	t.drain()
	return nil
}

func (s *side) term(definition []byte, at telemetry.Instant) error {
	a, err := rules.NewAgenda(definition)
	if err != nil {
		return err
	}
	s.terms = append(s.terms, compliance.Term{From: at, Agenda: a})
	return nil
}

// drain keeps of what the records have caused what the sums need.
func (t *Trial) drain() {
	c := t.course
	for i := range c.Transitions {
		t.would.transition(&c.Transitions[i])
	}
	for i := range c.Changes {
		t.would.alert(&c.Changes[i].Alert)
	}
	c.Transitions, c.Changes = c.Transitions[:0], c.Changes[:0]
}

func (s *side) transition(t *rules.Transition) {
	short := *t
	short.Explanation = rules.Explanation{Reason: t.Explanation.Reason}
	s.transitions = append(s.transitions, short)
}

func (s *side) alert(a *alerts.Alert) {
	for i := range slices.Backward(s.alerts) {
		if s.alerts[i].ID == a.ID {
			s.alerts[i] = *a
			return
		}
	}
	s.alerts = append(s.alerts, *a)
}

// Was takes a change of verdict as the journal has it.
func (t *Trial) Was(transition *rules.Transition) { t.was.transition(transition) }

// WasAlert takes an alert as the journal has it.
func (t *Trial) WasAlert(a *alerts.Alert) {
	if a.Class != rules.ClassService {
		t.was.alerts = append(t.was.alerts, *a)
	}
}

// Outcome is what a change would have made of a site.
type Outcome struct {
	Site     string `json:"site"`
	Timezone string `json:"timezone"`
	// From and Until are the period, which ends where the journal does.
	From  time.Time `json:"from"`
	Until time.Time `json:"until"`
	// Unfit says why the change is none for the site; then nothing was compared.
	Unfit    string    `json:"unfit,omitempty"`
	Known    []string  `json:"-"`        // protocols or levels that there would have been
	Readings uint64    `json:"readings"` // that were judged again, those before the period included
	Measures []Measure `json:"measures"`
	Was      Side      `json:"was"`
	Would    Side      `json:"would"`
}

// Side is one of two histories of a site.
type Side struct {
	Alerts []AlertTime `json:"alerts"` // that were raised in the period
	// Over is for how long of the opening hours at least one of the rules that the change is about was breached, Near for how long none
	// was and one at least was near its limit.
	Over time.Duration `json:"-"`
	Near time.Duration `json:"-"`
}

// AlertTime is when there was an alert.
type AlertTime struct {
	Rule     string         `json:"rule"`
	Subject  string         `json:"subject"`
	Severity rules.Severity `json:"severity"`
	Raised   time.Time      `json:"raised"`
	Resolved *time.Time     `json:"resolved,omitempty"` // nil: not in the period
}

// Measure is one rule about one subject, as it was and as it would have been.
type Measure struct {
	Rule        string `json:"rule"`
	Kind        string `json:"kind"`
	Subject     string `json:"subject"`
	SubjectName string `json:"subject_name"`
	Was         Sums   `json:"was"`
	Would       Sums   `json:"would"`
	// Differs is for how long of the opening hours the two say something else.
	Differs time.Duration `json:"-"`
	// Touched says that the change is about the rule.
	Touched bool `json:"touched"`
}

// Same reports whether the change changes nothing that is counted.
func (m *Measure) Same() bool { return m.Was == m.Would && m.Differs == 0 }

// Sums are the times of a verdict over the opening hours, its changes and its alerts. They are compliance.Times, by its one function.
type Sums struct {
	compliance.Times
	Changes int // of verdict, those by late data included
	Alerts  int // raised
}

// End ends the trial and compares. now is the end of what the journal knows.
func (t *Trial) End(now telemetry.Instant) (*Outcome, error) {
	until := min(t.until, now)
	o := &Outcome{Site: t.site, From: t.from.Time(), Until: until.Time(), Readings: t.readings, Measures: []Measure{}}
	if n := len(t.was.terms); n > 0 {
		o.Timezone = t.was.terms[n-1].Agenda.Location().String()
	}
	switch {
	case len(t.was.terms) == 0:
		o.Unfit = "the journal has no configuration of it"
	case t.unfit != nil:
		o.Unfit, o.Known = t.unfit.Error(), t.known
	case until <= t.from:
		o.Unfit = "the journal ends before the period begins"
	}
	if o.Unfit != "" {
		return o, nil
	}
	if err := t.course.Until(until); err != nil {
		return nil, err
	}
	t.drain()
	was, err := t.compute(&t.was, until)
	if err != nil {
		return nil, err
	}
	would, err := t.compute(&t.would, until)
	if err != nil {
		return nil, err
	}
	o.Measures = t.measures(was, would, until)
	o.Was.Alerts, o.Would.Alerts = t.was.raised(t.from, until), t.would.raised(t.from, until)
	o.Was.Over, o.Was.Near = t.over(was)
	o.Would.Over, o.Would.Near = t.over(would)
	return o, nil
}

func (t *Trial) compute(s *side, until telemetry.Instant) (*compliance.Report, error) {
	r, err := compliance.Compute(&compliance.Input{
		Site: t.site, Terms: s.terms, Transitions: s.transitions, Gaps: compliance.GapsOf(t.would.notes), From: t.from, Until: until, Now: until,
	}, compliance.Total)
	if err != nil {
		return nil, fmt.Errorf("site %q: %w", t.site, err)
	}
	return r, nil
}

// measures lays the two histories side by side.
func (t *Trial) measures(was, would *compliance.Report, until telemetry.Instant) []Measure {
	all := map[compliance.Key]*Measure{}
	var keys []compliance.Key
	at := func(m *compliance.Measure) *Measure {
		one := all[m.Key]
		if one == nil {
			one = &Measure{Rule: m.Rule, Kind: m.Kind, Subject: m.Subject.String(), SubjectName: m.SubjectName}
			all[m.Key] = one
			keys = append(keys, m.Key)
		}
		return one
	}
	for i := range was.Measures {
		m := &was.Measures[i]
		at(m).Was = t.was.sums(m, t.from, until)
	}
	for i := range would.Measures {
		m := &would.Measures[i]
		at(m).Would = t.would.sums(m, t.from, until)
	}
	for _, d := range compliance.Differences(was, would) {
		if m := all[d.Key]; m != nil {
			m.Differs += openTime(would.Open, d.From, d.Until)
		}
	}
	slices.SortFunc(keys, func(a, b compliance.Key) int {
		return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Subject.String(), b.Subject.String()))
	})
	out := make([]Measure, len(keys))
	for i, k := range keys {
		out[i] = *all[k]
		out[i].Touched = t.touched[k.Rule]
	}
	return out
}

// over is for how long of the opening hours one of the touched rules was breached, and else near its limit.
func (t *Trial) over(r *compliance.Report) (over, near time.Duration) {
	type turn struct {
		at   telemetry.Instant
		n    int // how many more are breached from then on
		near int
	}
	var turns []turn
	for i := range r.Measures {
		m := &r.Measures[i]
		if !t.touched[m.Rule] {
			continue
		}
		for _, p := range r.Pieces(m) {
			switch {
			case p.Open && p.State == compliance.Breached:
				turns = append(turns, turn{at: p.From, n: 1}, turn{at: p.Until, n: -1})
			case p.Open && p.State == compliance.Near:
				turns = append(turns, turn{at: p.From, near: 1}, turn{at: p.Until, near: -1})
			}
		}
	}
	slices.SortFunc(turns, func(a, b turn) int { return cmp.Compare(a.at, b.at) })
	var last turn
	for _, x := range turns {
		switch d := x.at.Sub(last.at); {
		case last.n > 0:
			over += d
		case last.near > 0:
			near += d
		}
		last = turn{x.at, last.n + x.n, last.near + x.near}
	}
	return over, near
}

func openTime(open []compliance.Span, from, until telemetry.Instant) (d time.Duration) {
	for _, o := range open {
		if a, b := max(o.From, from), min(o.Until, until); a < b {
			d += b.Sub(a)
		}
	}
	return d
}

func (s *side) sums(m *compliance.Measure, from, until telemetry.Instant) Sums {
	out := Sums{Times: m.Times}
	for i := range s.transitions {
		if t := &s.transitions[i]; t.Rule == m.Rule && t.Subject == m.Subject && t.At >= from && t.At < until {
			out.Changes++
		}
	}
	for i := range s.alerts {
		if a := &s.alerts[i]; a.Rule == m.Rule && a.Subject == m.Subject && a.Opened >= from && a.Opened < until {
			out.Alerts++
		}
	}
	return out
}

func (s *side) raised(from, until telemetry.Instant) []AlertTime {
	out := []AlertTime{}
	for i := range s.alerts {
		a := &s.alerts[i]
		if a.Opened < from || a.Opened >= until {
			continue
		}
		x := AlertTime{Rule: a.Rule, Subject: a.Subject.String(), Severity: a.Severity, Raised: a.Opened.Time()}
		if a.Resolved != 0 && a.Resolved < until {
			at := a.Resolved.Time()
			x.Resolved = &at
		}
		out = append(out, x)
	}
	slices.SortStableFunc(out, func(a, b AlertTime) int { return a.Raised.Compare(b.Raised) })
	return out
}
