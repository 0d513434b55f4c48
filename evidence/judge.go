package evidence

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// mostDifferences bounds how many changes of verdict that differ are named.
const mostDifferences = 10

// judging judges the records of a pack again.
type judging struct {
	v      *verifier
	engine *rules.Engine // nil: nothing is judged again
	out    rules.Output
	next   int // of the pack's verdicts, the first that may belong to the next record
	same   int
	wrong  []string
	more   int
	asking *asking
}

// judge passes the records by: reads them strictly, compares the table of readings, and judges them again.
func (v *verifier) judge(ctx context.Context) error {
	j := &judging{v: v}
	if err := j.begin(); err != nil {
		return err
	}
	m := v.a.read(fileRecords)
	table := v.a.read(tableReadings)
	if m == nil || table == nil {
		return fmt.Errorf("%s or %s is missing", fileRecords, tableReadings)
	}
	c := &comparer{in: table, line: 1}
	last, policy := v.b.m.First, v.firstPolicy()
	err := tableOf(c, readingsHead, func(row func(...string) error) error {
		t := readings{row: row}
		return eachLine(m, func(n int, line []byte) error {
			if n%1024 == 0 {
				if err := ctx.Err(); err != nil {
					return err
				}
			}
			var r Record
			if err := decode(line, &r); err != nil {
				return fmt.Errorf("%s: %w", fileRecords, err)
			}
			if r.Record <= last || r.Record > v.b.m.Last {
				return fmt.Errorf("%s: record %d comes behind %d, and the pack ends with %d", fileRecords, r.Record, last, v.b.m.Last)
			}
			if err := v.timely(r.Received); err != nil {
				return fmt.Errorf("%s: record %d %w", fileRecords, r.Record, err)
			}
			last = r.Record
			rec, err := r.of(v.b.m.Site, v.b.texts)
			if err != nil {
				return fmt.Errorf("%s: %w", fileRecords, err)
			}
			if rec.Kind == telemetry.KindConfiguration {
				if policy >= len(v.b.policies) || !v.isPolicy(&v.b.policies[policy], &rec) {
					return fmt.Errorf("%s does not have the policy of record %d", filePolicy, rec.Seq)
				}
				policy++
			}
			v.b.see(&r)
			if err := t.add(&r); err != nil {
				return fmt.Errorf("%s: %w", tableReadings, err)
			}
			return j.record(&rec)
		})
	})
	if err != nil {
		return err
	}
	if err := c.end(); err != nil {
		return fmt.Errorf("%s: %w", tableReadings, err)
	}
	if policy != len(v.b.policies) {
		return fmt.Errorf("%s has a policy of record %d, which %s has not", filePolicy, v.b.policies[policy].Record, fileRecords)
	}
	v.r.Records = v.b.seen
	v.r.add(Holds, "the records", "%d, in order, each read strictly; the table of readings says the same", v.b.seen)
	j.end()
	return nil
}

// mostBefore and mostBehind bound how far from the period the records of a pack may be received: late data revises eight days, and clocks that
// are wrong are wrong by less. An engine lives through every day up to the record that it is given.
const (
	mostBefore = 10 * 366 * 24 * time.Hour
	mostBehind = 2 * 366 * 24 * time.Hour
)

// timely refuses a time of receipt that no record of the pack can have.
func (v *verifier) timely(received telemetry.Instant) error {
	if m := v.b.m; received < m.From.Add(-mostBefore) || received > m.Until.Add(mostBehind) {
		return fmt.Errorf("was received at %v, and the pack is about %v to %v", received, m.From, m.Until)
	}
	return nil
}

// firstPolicy is the place of the first policy that came into force among the records.
func (v *verifier) firstPolicy() int {
	n := 0
	for n < len(v.b.policies) && v.b.policies[n].Record <= v.b.m.First {
		n++
	}
	return n
}

func (v *verifier) isPolicy(p *Policy, rec *telemetry.Record) bool {
	return p.Record == rec.Seq && p.Version == rec.Configuration.Version && p.Received == rec.Received && p.Author == rec.Configuration.Author
}

// begin makes the engine as it was before the first record that is judged.
func (j *judging) begin() error {
	v, m := j.v, j.v.b.m
	if v.firstPolicy() > 1 {
		return fmt.Errorf("%s has more than one policy from before the period", filePolicy)
	}
	switch {
	case m.State.Basis == BasisNone:
		v.r.add(Unknown, "the verdicts", "verifiable, not recomputable: %s", whys["en"][m.State.Why])
		return nil
	case m.Engine != rules.EngineVersion:
		v.r.add(Unknown, "the verdicts", "verifiable, not recomputable: version %.20s of the rules engine judged them, and this program has version %s", m.Engine, rules.EngineVersion)
		return nil
	}
	j.engine = rules.New(m.Site)
	if m.State.Basis == BasisBeginning {
		if v.firstPolicy() > 0 {
			return errors.New("it says that it has the site from its first record on, and has a policy from before")
		}
		j.asking = asked(nil, 0)
		return nil
	}
	if m.State.Record < m.First || m.State.Record > m.Last {
		return fmt.Errorf("its state is that of record %d, and its records are %d to %d", m.State.Record, m.First+1, m.Last)
	}
	if err := j.engine.Restore(v.state); err != nil {
		return fmt.Errorf("%s: %w", fileState, err)
	}
	if err := v.timely(j.engine.Clock()); err != nil {
		return fmt.Errorf("%s: its last record %w", fileState, err)
	}
	j.asking = asked(v.b.alerts, j.engine.Clock())
	return j.begun()
}

// begun compares the state with what was recorded before it: the policy in force, and where every verdict stood.
func (j *judging) begun() error {
	v := j.v
	text := ""
	for i := range v.b.policies {
		if p := &v.b.policies[i]; p.Record <= v.b.m.State.Record {
			text = string(v.b.texts[p.Version])
		}
	}
	if j.engine.InForce() != text {
		return fmt.Errorf("%s judges by another policy than the one that was in force", fileState)
	}
	type key struct {
		rule    string
		subject rules.Subject
	}
	stood := map[key]*rules.Transition{}
	for i := range v.b.verdicts {
		if t := &v.b.verdicts[i]; t.Record <= v.b.m.State.Record && !t.Late {
			stood[key{t.Rule, t.Subject}] = t
		}
	}
	view := j.engine.View()
	for i := range view.Verdicts {
		now := &view.Verdicts[i]
		was := stood[key{now.Rule, now.Subject}]
		if was != nil && (was.To != now.Verdict || was.Near != now.Near) {
			j.differs("%s: %s, and %s says %s", fileVerdicts, named(was), fileState, now.Verdict)
		}
	}
	return nil
}

// record judges one record and compares what it causes.
func (j *judging) record(rec *telemetry.Record) error {
	m := j.v.b.m
	if j.engine == nil || rec.Seq <= m.State.Record || m.StoppedRecord != 0 && rec.Seq >= m.StoppedRecord || !rec.Judged() {
		return nil
	}
	if rec.Kind == telemetry.KindEngine && rec.Engine.Version != rules.EngineVersion {
		return fmt.Errorf("record %d lets another version of the engine judge, and the pack says that this one did", rec.Seq)
	}
	j.out.Reset()
	if err := j.engine.Apply(rec, &j.out); err != nil {
		return fmt.Errorf("judging record %d again: %w", rec.Seq, err)
	}
	j.asking.record(rec, &j.out)
	for i := range j.out.Transitions {
		j.compare(&j.out.Transitions[i])
	}
	return nil
}

// about reports whether a change of verdict that was judged must be in the pack.
func (j *judging) about(t *rules.Transition) bool {
	m := j.v.b.m
	return j.v.b.wants(t.Rule) && t.At < m.Until && (t.At >= m.From || t.Late && t.Until > m.From)
}

// compare wants a change of verdict to be the next of the pack.
func (j *judging) compare(t *rules.Transition) {
	all := j.v.b.verdicts
	for j.next < len(all) && compareVerdicts(&all[j.next], t) < 0 {
		if all[j.next].Record > j.v.b.m.State.Record {
			j.differs("%s, line %d: %s: the readings give no such change", fileVerdicts, j.next+1, named(&all[j.next]))
		}
		j.next++
	}
	switch {
	case j.next < len(all) && compareVerdicts(&all[j.next], t) == 0:
		if equalLines(&all[j.next], t) {
			j.same++
		} else {
			j.differs("%s, line %d: %s: the readings give %s", fileVerdicts, j.next+1, named(&all[j.next]), named(t))
		}
		j.next++
	case j.about(t):
		j.differs("%s lacks: %s, which the readings give", fileVerdicts, named(t))
	}
}

func (j *judging) differs(format string, args ...any) {
	if len(j.wrong) >= mostDifferences {
		j.more++
		return
	}
	j.wrong = append(j.wrong, fmt.Sprintf(format, args...))
}

// named says which change of verdict it is.
func named(t *rules.Transition) string {
	text := fmt.Sprintf("rule %.64q on %.80s at %v by record %d, from %s to %s", t.Rule, t.Subject, t.At, t.Record, t.From, t.To)
	if x := &t.Explanation; x.HasValue {
		text += fmt.Sprintf(", value %v", x.Value)
	}
	if t.Explanation.HasLimit {
		text += fmt.Sprintf(", limit %v", t.Explanation.Limit)
	}
	return text
}

// end says what came out.
func (j *judging) end() {
	if j.engine == nil {
		return
	}
	v := j.v
	all := v.b.verdicts
	before := 0
	for i := range all {
		if all[i].Record <= v.b.m.State.Record {
			before++
		}
	}
	for ; j.next < len(all); j.next++ {
		if all[j.next].Record > v.b.m.State.Record {
			j.differs("%s, line %d: %s: the readings give no such change", fileVerdicts, j.next+1, named(&all[j.next]))
		}
	}
	v.r.Judged = j.same
	outcome := Fails
	if v.b.m.Deleted && v.b.m.State.Basis == BasisState || len(v.b.m.Damage) > 0 {
		outcome = Unknown // what is missing could have made the difference
	}
	for _, text := range j.wrong {
		v.r.add(outcome, "the verdicts", "%s", plain(text))
	}
	switch {
	case j.more > 0:
		v.r.add(outcome, "the verdicts", "and %d more differ", j.more)
	case len(j.wrong) == 0:
		v.r.add(Holds, "the verdicts", "%d changes were judged again from %d records, each came out the same", j.same, v.b.seen)
	}
	j.alerts(outcome)
	if before > 0 {
		v.r.add(Limit, "before the period", "%d changes stood when the judging began: they follow from records that are not in the pack", before)
	}
	if v.b.m.State.Basis == BasisState {
		v.r.add(Limit, "the state", "what the engine knew before the period is taken from the pack (%s)", fileState)
	}
}

// alerts says whether people were asked as the readings ask.
func (j *judging) alerts(outcome Outcome) {
	v := j.v
	if j.asking.set {
		v.r.add(Unknown, "the alerts", "the gateway's clock was set in the period: when an alert was raised cannot be told from the readings")
		return
	}
	wrong, compared := j.asking.compare(v.b)
	for i, text := range wrong {
		if i == mostDifferences {
			v.r.add(outcome, "the alerts", "and %d more differ", len(wrong)-i)
			break
		}
		v.r.add(outcome, "the alerts", "%s", plain(text))
	}
	if len(wrong) == 0 {
		v.r.add(Holds, "the alerts", "%d of rules were raised and ended as the readings ask", compared)
	}
}

// jsonCompact takes the spaces out of a JSON text.
func jsonCompact(to *bytes.Buffer, text []byte) error { return json.Compact(to, text) }

var _ io.Writer = (*comparer)(nil)
