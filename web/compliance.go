package web

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gerbang-iot/gerbang/compliance"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// What one question may ask. Reports are made outside the loop, two at a time, each within apiTimeout.
const (
	mostReports   = 2
	mostDays      = 400 // of one site
	mostHourDays  = 62  // by hours
	mostFleetDays = 62  // of all sites
	shownDays     = 7   // where nothing else is asked for
)

// period is what is asked about, and as it was known when.
type period struct {
	from, until time.Time
	by          compliance.By
	known       telemetry.Instant // 0: now
	atTheTime   bool
}

// wrong is what a question asks that cannot be answered, in a sentence that may be shown.
type wrong string

func (w wrong) Error() string { return string(w) }

// known reads the moment whose knowledge is asked for.
func (p *period) knownAt(text string, now time.Time) error {
	switch text {
	case "", "now":
		return nil
	case "then":
		p.atTheTime = true
		return nil
	}
	t, err := time.Parse(time.RFC3339, text)
	switch {
	case err != nil:
		return wrong(fmt.Sprintf("known is %.40q, want now, then, or a time such as 2026-11-30T08:00:00Z", text))
	case t.After(now):
		return wrong("known lies in the future: nobody knows yet what will be known then")
	case t.Year() < 2000:
		return wrong("known lies before the year 2000")
	}
	p.known = telemetry.InstantOf(t)
	return nil
}

// periodOf reads a period: days of the site's calendar, or times. Until is left open where it is not said: from is then followed by seven days, or
// until is now.
func periodOf(from, until string, by compliance.By, now time.Time, loc *time.Location) (p period, err error) {
	p.by = by
	today := facility.DateOf(now.In(loc))
	if p.until, err = momentOf("to", until, true, loc); err != nil {
		return p, err
	}
	if p.from, err = momentOf("from", from, false, loc); err != nil {
		return p, err
	}
	switch {
	case from == "" && until == "":
		p.from, p.until = today.AddDays(1-shownDays).In(loc), today.AddDays(1).In(loc)
	case from == "":
		p.from = facility.DateOf(p.until.Add(-1).In(loc)).AddDays(1 - shownDays).In(loc)
	case until == "":
		p.until = today.AddDays(1).In(loc)
	}
	days := p.until.Sub(p.from).Hours() / 24
	switch {
	case !p.from.Before(p.until):
		return p, wrong(fmt.Sprintf("the period ends at %s, want later than its begin %s", p.until.Format(time.RFC3339), p.from.Format(time.RFC3339)))
	case p.from.After(now):
		return p, wrong("the period lies in the future")
	case p.from.Year() < 2000:
		return p, wrong("the period begins before the year 2000")
	case by == compliance.ByHour && days > mostHourDays:
		return p, wrong(fmt.Sprintf("the period has more than %d days, which is as much as is added up by hours: ask for days, or a shorter period", mostHourDays))
	case days > mostDays+1:
		return p, wrong(fmt.Sprintf("the period has more than %d days, which is as much as is added up at once", mostDays))
	}
	return p, nil
}

// momentOf reads a day of the site's calendar, whose end is meant where it ends a period, or a time.
func momentOf(name, text string, end bool, loc *time.Location) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if d, err := facility.ParseDate(text); err == nil {
		if d.Year < 2000 || d.Year > 2200 {
			return time.Time{}, wrong(name + ": want a year from 2000 to 2200")
		}
		if end {
			d = d.AddDays(1)
		}
		return d.In(loc), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil || t.Year() < 2000 || t.Year() > 2200 {
		return time.Time{}, wrong(fmt.Sprintf("%s is %.40q, want a day such as 2026-11-30, or a time such as 2026-11-30T08:00:00Z", name, text))
	}
	return t, nil
}

// report adds up one site. It waits for its turn: whoever asks for much must not take the machine from the loop.
func (s *Server) report(ctx context.Context, site string, p *period, explained bool) (*compliance.Input, *compliance.Report, error) {
	select {
	case s.adding <- struct{}{}:
		defer func() { <-s.adding }()
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	in, err := s.opts.Histories.History(ctx, HistoryQuery{
		Site: site, From: telemetry.InstantOf(p.from), Until: telemetry.InstantOf(p.until), Known: p.known, AtTheTime: p.atTheTime, Explained: explained,
	})
	if err != nil {
		return nil, nil, err
	}
	in.Now = min(in.Now, telemetry.InstantOf(s.opts.Now()))
	r, err := compliance.Compute(in, p.by)
	if errors.Is(err, compliance.ErrTooLong) {
		err = fmt.Errorf("%w: %w", ErrTooMuch, err)
	}
	return in, r, err
}

// ruleOf is one rule of a report, with all that it is about.
type ruleOf struct {
	rule     string
	kind     string
	title    map[string]string
	counts   bool
	measures []int // places in Report.Measures
}

// rulesOf groups a report's measures by rule, those that count first.
func rulesOf(r *compliance.Report) []ruleOf {
	var counting, others []ruleOf
	for i := range r.Measures {
		m := &r.Measures[i]
		all := &others
		if m.Counts() {
			all = &counting
		}
		if n := len(*all); n == 0 || (*all)[n-1].rule != m.Rule {
			*all = append(*all, ruleOf{rule: m.Rule, kind: m.Kind, title: m.Title, counts: m.Counts()})
		}
		last := &(*all)[len(*all)-1]
		last.measures = append(last.measures, i)
	}
	return append(counting, others...)
}

// viewOf is a measure's state as pages write verdicts.
func viewOf(m *compliance.Measure, in *compliance.Input, x *compliance.Interval) rules.VerdictView {
	w := rules.VerdictView{
		Rule: m.Rule, Kind: m.Kind, Class: m.Class, Severity: m.Severity, Subject: m.Subject, SubjectName: m.SubjectName, Title: m.Title,
		Since: x.From, Legal: m.Legal, Explanation: rules.Explanation{Reason: x.Reason},
	}
	switch x.State {
	case compliance.Within:
		w.Verdict = rules.Within
	case compliance.Breached:
		w.Verdict = rules.Breached
	default:
		w.Verdict, w.Near = rules.Unknown, x.State == compliance.Near
	}
	if x.Change >= 0 {
		w.Explanation = in.Transitions[x.Change].Explanation
	}
	return w
}
