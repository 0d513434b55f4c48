package rehearse

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// verdict compares what a rule says now.
func (r *runner) verdict(want *Verdict, v *rules.View) {
	r.result.Checked++
	subject, ok := r.one(&want.About, want.At)
	if !ok {
		return
	}
	var got *rules.VerdictView
	for i := range v.Verdicts {
		if v.Verdicts[i].Rule == want.Rule && v.Verdicts[i].Subject == subject {
			got = &v.Verdicts[i]
		}
	}
	d := differences{}
	if got == nil {
		d.add("verdict", string(want.Verdict), "none: the rule is not in force")
		got = &rules.VerdictView{}
	} else {
		r.verdictParts(want, got, &d)
	}
	if d.any {
		r.fail(Failure{Place: want.Place, At: want.At, About: fmt.Sprintf("rule %q on %v", want.Rule, subject), Want: []string{strings.Join(d.want, ", ")}, Got: []string{strings.Join(d.got, ", "), r.finding(got)}})
	}
}

func (r *runner) verdictParts(want *Verdict, got *rules.VerdictView, d *differences) {
	x := &got.Explanation
	word := wordOf(got.Verdict, got.Near)
	if want.Verdict != "" && !want.Verdict.fits(word) {
		d.add("", string(want.Verdict), string(word))
	}
	d.number("value", want.Value, x.Value, x.HasValue)
	d.number("low", want.Low, x.Low, x.HasRange)
	d.number("high", want.High, x.High, x.HasRange)
	d.number("error", want.Error, x.Error, x.HasValue)
	d.number("limit", want.Limit, x.Limit, x.HasLimit)
	d.number("share", want.Share, x.Share, x.Share != 0)
	d.text("unit", want.Unit, x.Unit)
	d.text("constraint", want.Constraint, x.Constraint)
	d.text("reason", want.Reason, string(x.Reason))
	d.text("detail", want.Detail, x.Detail)
	if want.Phase != "" {
		d.text("phase", want.Phase, got.Phase.String())
	}
	if want.Since != 0 && want.Since != got.Since {
		d.add("since", r.clock(want.Since), r.clock(got.Since))
	}
	for _, in := range want.Inputs {
		at := slices.IndexFunc(x.Inputs, func(i rules.Input) bool { return i.Name == in.Name })
		if at < 0 {
			d.number("input "+in.Name, &in.Value, 0, false)
		} else {
			d.number("input "+in.Name, &in.Value, x.Inputs[at].Value, true)
		}
	}
	for _, lang := range r.texts.Languages() {
		title, text, todo := r.texts.ExplainVerdict(lang, got, nil)
		d.says("title."+lang, want.Title[lang], title)
		d.says("text."+lang, want.Text[lang], text)
		d.says("todo."+lang, want.Todo[lang], todo)
	}
}

// finding is a verdict in one line.
func (r *runner) finding(v *rules.VerdictView) string {
	if v.Rule == "" {
		return "(nothing)"
	}
	x := &v.Explanation
	s := string(wordOf(v.Verdict, v.Near))
	if x.Reason != "" {
		s += " (" + strings.TrimSpace(string(x.Reason)+" "+x.Detail) + ")"
	}
	if v.Since != 0 {
		s += " since " + r.clock(v.Since)
	}
	return "the verdict: " + s + values(x)
}

func values(x *rules.Explanation) string {
	s := ""
	if x.HasValue {
		s += ", value " + figure(x.Value)
		switch {
		case x.HasRange:
			s += fmt.Sprintf(" (%s to %s)", figure(x.Low), figure(x.High))
		case x.Error != 0:
			s += " ± " + figure(x.Error)
		}
	}
	if x.HasLimit {
		s += ", limit " + figure(x.Limit)
	}
	if x.Constraint != "" {
		s += " by " + x.Constraint
	}
	if x.Unit != "" && x.Unit != "1" && (x.HasValue || x.HasLimit) {
		s += ", in " + x.Unit
	}
	return s
}

// changes compares all changes of one verdict.
func (r *runner) changes(want *Changes) {
	r.result.Checked++
	subject, ok := r.one(&want.About, 0)
	if !ok {
		return
	}
	var got []rules.Transition
	for _, t := range r.course.Transitions {
		if t.Rule == want.Rule && t.Subject == subject {
			got = append(got, t)
		}
	}
	place, same := want.Place, len(got) == len(want.All)
	for i := range want.All {
		if i >= len(got) || !want.All[i].fits(&got[i]) {
			if same || i < len(got) {
				place = want.All[i].Place
			}
			same = false
			break
		}
	}
	if same {
		return
	}
	f := Failure{Place: place, About: fmt.Sprintf("rule %q on %v: changes of verdict", want.Rule, subject), Want: []string{}, Got: []string{}}
	for i := range want.All {
		f.Want = append(f.Want, r.changeText(&want.All[i]))
	}
	for i := range got {
		f.Got = append(f.Got, r.transitionText(&got[i]))
	}
	r.fail(f)
}

func (c *Change) fits(got *rules.Transition) bool {
	x := &got.Explanation
	return c.At == got.At && c.To.fits(wordOf(got.To, got.Near)) && c.Late == got.Late && (c.Until == 0 || c.Until == got.Until) &&
		(c.Reason == "" || c.Reason == string(x.Reason) || c.Reason == None && x.Reason == "") &&
		(c.Value == nil || x.HasValue && c.Value.fits(x.Value)) && (c.Limit == nil || x.HasLimit && c.Limit.fits(x.Limit))
}

func (r *runner) changeText(c *Change) string {
	s := r.clock(c.At) + " " + string(c.To)
	if c.Reason != "" {
		s += " (" + c.Reason + ")"
	}
	if c.Value != nil {
		s += ", value " + c.Value.String()
	}
	if c.Limit != nil {
		s += ", limit " + c.Limit.String()
	}
	if c.Late {
		s += ", by late data"
		if c.Until != 0 {
			s += " until " + r.clock(c.Until)
		}
	}
	return s
}

func (r *runner) transitionText(t *rules.Transition) string {
	x := &t.Explanation
	s := r.clock(t.At) + " " + string(wordOf(t.To, t.Near))
	if x.Reason != "" {
		s += " (" + strings.TrimSpace(string(x.Reason)+" "+x.Detail) + ")"
	}
	s += values(x)
	if t.Late {
		s += ", by late data until " + r.clock(t.Until)
	}
	return s
}

// life is an alert as it came: as it was raised, and as it was last.
type life struct{ raised, last alerts.Alert }

// alerts compares all alerts, each with the one that is expected of its rule and subject, in the order in which they were raised.
func (r *runner) alerts() {
	want := r.scenario.Expect
	var lives []*life
	byID := map[string]*life{}
	for _, c := range r.course.Changes {
		if len(want.AlertsOf) > 0 && !slices.Contains(want.AlertsOf, c.Alert.Rule) {
			continue
		}
		l := byID[c.Alert.ID]
		if l == nil {
			l = &life{raised: c.Alert}
			byID[c.Alert.ID], lives = l, append(lives, l)
		}
		l.last = c.Alert
	}
	slices.SortStableFunc(lives, func(a, b *life) int { return cmp.Compare(a.raised.Opened, b.raised.Opened) })
	for i := range want.Alerts {
		r.result.Checked++
		w := &want.Alerts[i]
		at := slices.IndexFunc(lives, func(l *life) bool { return l.raised.Rule == w.Rule && called(l.raised.Subject, w.Subject) })
		if at < 0 {
			r.fail(Failure{Place: w.Place, At: w.Raised, About: w.title() + ": an alert", Want: []string{"raised " + r.clock(w.Raised)}, Got: []string{"no alert"}})
			continue
		}
		r.alert(w, lives[at])
		lives = slices.Delete(lives, at, at+1)
	}
	if len(want.Alerts) == 0 {
		r.result.Checked++
	}
	for _, l := range lives {
		r.fail(Failure{
			Place: want.Place, At: l.raised.Opened, About: fmt.Sprintf("rule %q on %v: an alert", l.raised.Rule, l.raised.Subject), Want: []string{"no alert, or no further one"}, Got: r.lifeText(l),
		})
	}
}

func (r *runner) alert(want *Alert, got *life) {
	d := differences{}
	if want.Raised != got.raised.Opened {
		d.add("raised", r.clock(want.Raised), r.clock(got.raised.Opened))
	}
	if want.Resolved != got.last.Resolved {
		open := func(at telemetry.Instant) string {
			if at == 0 {
				return "open at the end"
			}
			return r.clock(at)
		}
		d.add("resolved", open(want.Resolved), open(got.last.Resolved))
	}
	d.text("class", want.Class, string(got.raised.Class))
	d.text("severity", want.Severity, string(got.raised.Severity))
	for _, lang := range r.texts.Languages() {
		title, text, todo := r.texts.Explain(lang, &got.raised)
		d.says("title."+lang, want.Title[lang], title)
		d.says("text."+lang, want.Text[lang], text)
		d.says("todo."+lang, want.Todo[lang], todo)
		if want.Ending[lang] != "" {
			_, ending, _ := r.texts.Explain(lang, &got.last)
			d.says("ending."+lang, want.Ending[lang], ending)
		}
	}
	if d.any {
		r.fail(Failure{
			Place: want.Place, At: want.Raised, About: fmt.Sprintf("rule %q on %v: an alert", want.Rule, got.raised.Subject), Want: []string{strings.Join(d.want, ", ")},
			Got: append([]string{strings.Join(d.got, ", ")}, r.lifeText(got)...),
		})
	}
}

func (r *runner) lifeText(l *life) []string {
	a := &l.last
	s := fmt.Sprintf("the alert: %s, %s, raised %s", l.raised.Class, l.raised.Severity, r.clock(l.raised.Opened))
	if a.Open() {
		s += ", open at the end"
	} else {
		s += ", resolved " + r.clock(a.Resolved)
	}
	_, text, _ := r.texts.Explain("en", &l.raised)
	return []string{s, text}
}

// clock is a time as the scenario writes it: of its own day without the date.
func (r *runner) clock(at telemetry.Instant) string {
	loc := r.scenario.Definition.Site.Location.Location
	switch at {
	case 0:
		return "never"
	case telemetry.Never:
		return "for ever"
	}
	return ClockIn(at, r.scenario.Start, loc)
}

// ClockIn is a local time; with its date where that is another than the one of beside (0: always), and seconds where there are any.
func ClockIn(at, beside telemetry.Instant, loc *time.Location) string {
	t := at.In(loc)
	layout := "15:04"
	if t.Nanosecond() != 0 {
		layout = "15:04:05.999"
	} else if t.Second() != 0 {
		layout = "15:04:05"
	}
	if beside == 0 || t.Format(time.DateOnly) != beside.In(loc).Format(time.DateOnly) {
		layout = time.DateOnly + " " + layout
	}
	return t.Format(layout)
}

// differences are parts of one expectation that differ.
type differences struct {
	want, got []string
	any       bool
}

func (d *differences) add(name, want, got string) {
	d.any = true
	d.want = append(d.want, strings.TrimSpace(name+" "+want))
	d.got = append(d.got, strings.TrimSpace(name+" "+got))
}

func (d *differences) number(name string, want *Number, got float64, has bool) {
	switch {
	case want == nil || has && want.fits(got):
	case !has:
		d.add(name, want.String(), None)
	default:
		d.add(name, want.String(), figure(got))
	}
}

func (d *differences) text(name, want, got string) {
	if want == "" || want == got || want == None && got == "" {
		return
	}
	d.add(name, want, cmp.Or(got, None))
}

func (d *differences) says(name, want, got string) {
	if want != "" && !Says(want, got) {
		d.add(name, fmt.Sprintf("%q", want), fmt.Sprintf("%q", got))
	}
}

func list(words []string) string { return strings.Join(words, ", ") }
