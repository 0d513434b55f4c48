package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// complaint is something that is wrong with a journal; of says which records it is about, where it is about records.
type complaint struct {
	text string
	of   journal.Finding
}

// complaints collects what is wrong with a journal.
type complaints struct{ all []complaint }

// mostComplaints bounds how many of one kind are listed.
const mostComplaints = 10

func (c *complaints) add(err error) {
	if err != nil {
		c.once(complaint{text: err.Error()})
	}
}

func (c *complaints) finding(f journal.Finding) { c.once(complaint{f.String(), f}) }

func (c *complaints) once(one complaint) {
	if !slices.ContainsFunc(c.all, func(other complaint) bool { return other.text == one.text }) {
		c.all = append(c.all, one)
	}
}

// divided tells what is new from what was accepted.
func (c *complaints) divided(accepted journal.Acceptances) (news []complaint, known []*journal.Acceptance) {
	for _, one := range c.all {
		switch a := accepted.Of(one.text, one.of); {
		case a == nil:
			news = append(news, one)
		case !slices.Contains(known, a):
			known = append(known, a)
		}
	}
	return news, known
}

// some is a counter of complaints of one kind.
type some struct {
	to *complaints
	n  int
}

func (s *some) add(format string, args ...any) {
	if s.n++; s.n <= mostComplaints {
		s.to.add(fmt.Errorf(format, args...))
	}
}

func (s *some) end(what string) {
	if more := s.n - mostComplaints; more > 0 {
		s.to.add(fmt.Errorf("and %d more %s", more, what))
	}
}

// checkJournal compares the journal with its checksums and all that was derived from it. What another version of the engine judged
// is counted and not compared: only that version could judge it again.
func checkJournal(ctx context.Context, w io.Writer, j audited, outside [][]byte) error {
	report := printer{w: w}
	var wrong complaints
	if _, err := examine(ctx, &report, j, outside, &wrong); err != nil {
		return err
	}
	accepted, err := j.Accepted(ctx)
	if err != nil {
		return err
	}
	news, known := wrong.divided(accepted)
	for _, a := range known {
		report.line("%s", a.String())
	}
	if len(news) == 0 {
		return report.err
	}
	texts := make([]error, len(news))
	for i := range news {
		texts[i] = errors.New(news[i].text)
	}
	return errors.Join(report.err, fmt.Errorf("the journal is not as it was written:\n%w", errors.Join(texts...)))
}

// looked is what a check has looked at; State is nil where no more could be read.
type looked struct {
	Chain *journal.Verification
	State *journal.State
}

// examine looks for all that is wrong with a journal, and reports what it looked at.
func examine(ctx context.Context, report *printer, j audited, outside [][]byte, wrong *complaints) (x looked, err error) {
	// The anchor first: it is older than all that is read behind it.
	chain, err := j.Compare(ctx)
	if err != nil {
		return x, err
	}
	x.Chain = chain
	for _, f := range chain.Findings {
		wrong.finding(f)
	}
	broken, err := j.Integrity(ctx)
	if err != nil {
		return x, err
	}
	lines := some{to: wrong}
	for _, line := range broken {
		lines.add("the database is damaged: %s", line)
	}
	lines.end("lines about the database")
	st, err := j.State(ctx)
	if err != nil {
		wrong.add(err)
		return x, nil // no more can be read
	}
	x.State = st
	f, err := j.Freeze(ctx)
	if err != nil {
		wrong.add(err)
		return x, nil // no more can be read
	}
	defer f.Close()
	at := f.Moment()
	c := st.Counters
	if sum := c.Stored + c.Duplicate + c.Rejected + c.Ignored; sum != c.Received {
		wrong.add(fmt.Errorf("received %d, but stored %d + duplicate %d + rejected %d + ignored %d = %d", c.Received, c.Stored, c.Duplicate,
			c.Rejected, c.Ignored, sum))
	}
	if err := checkColumns(ctx, f, wrong); err != nil {
		wrong.add(err)
	}
	r := recomputation{stopped: st.Stopped, journal: j, engines: map[string]*rules.Engine{}, last: map[subjectOf]rules.Transition{},
		derived: derived{frozen: f, moment: at, alerts: map[string]alerts.Alert{}, minutes: map[minuteOf]*journal.Minute{}, known: map[string]bool{}, foreign: map[string]bool{}}}
	for site := range st.Stopped {
		r.derived.foreign[site] = true
	}
	if !at.Deleted {
		if err := r.judgeAgain(ctx, j, f, wrong); err != nil {
			wrong.add(err)
		}
	}

	switch {
	case chain.Records == 0:
		report.line("no record is chained yet")
	case chain.Begins > 1:
		report.line("records %d to %d are chained; an older version wrote those before", chain.Begins, chain.Last)
	default:
		report.line("records 1 to %d are chained, %d of them are kept", chain.Last, chain.Records)
	}
	if at.Deleted {
		report.line("retention has deleted old records: what was derived cannot be derived again, and is compared with itself")
	} else if len(wrong.all) == 0 {
		report.line("%d records, %d sites, %d changes of verdict: all as recorded", at.LastSeq, len(r.sites), r.same)
		report.line("%d samples, %d flows, %d alerts, %d minutes: all as derived", r.derived.samples, r.derived.flows, len(r.derived.alerts), len(r.derived.minutes))
	}
	if r.waiting > 0 {
		report.line("%d records are not judged yet: their sites have stopped", r.waiting)
	}
	if r.foreign > 0 {
		report.line("%d changes of verdict by another version of the engine: recorded, not recomputable here", r.foreign)
	}
	for _, note := range r.derived.notes {
		report.line("%s", note)
	}
	if err := examineLogs(ctx, report, j, outside, wrong); err != nil {
		wrong.add(err)
	}
	report.line("received %d = stored %d + duplicate %d + rejected %d + ignored %d", c.Received, c.Stored, c.Duplicate, c.Rejected, c.Ignored)
	return x, nil
}

// checkColumns wants what stands beside verdicts and alerts to be what they say themselves.
func checkColumns(ctx context.Context, f journal.Frozen, wrong *complaints) error {
	verdicts, told := some{to: wrong}, some{to: wrong}
	err := errors.Join(
		f.Verdicts(ctx, func(id int64, differs string) error {
			verdicts.add("change of verdict %d: %s", id, differs)
			return nil
		}),
		f.Alerts(ctx, func(a *alerts.Alert, differs string) error {
			if differs != "" {
				told.add("alert %s of %q: %s", a.ID, a.Site, differs)
			}
			return nil
		}))
	verdicts.end("changes of verdict")
	told.end("alerts")
	return err
}

// judgeAgain replays the journal up to the frozen moment.
func (r *recomputation) judgeAgain(ctx context.Context, j journal.Auditor, f journal.Frozen, wrong *complaints) error {
	r.history = readHistory(ctx, j)
	defer r.history.stop()
	defer r.derived.read(ctx, j)()
	err := j.Replay(ctx, "", 0, func(rec *telemetry.Record) error {
		if rec.Seq > f.Moment().LastSeq {
			return errEnough // written since we began
		}
		return r.record(ctx, rec)
	})
	switch {
	case errors.Is(err, errEnough):
	case err != nil:
		return err
	default:
		if rest := r.history.rest(f.Moment().LastSeq); rest != "" {
			return fmt.Errorf("the history has a change of verdict behind all records:\n  %s", rest)
		}
	}
	return r.derived.compare(ctx, wrong)
}
