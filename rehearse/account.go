package rehearse

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Account is how a verdict came to be, step by step.
type Account struct {
	Site     string            `json:"site"`
	Timezone string            `json:"timezone"`
	At       time.Time         `json:"at"`
	Verdict  rules.VerdictView `json:"verdict"`
	Steps    []Step            `json:"steps"`
}

// Step is one step of an account.
type Step struct {
	What  string   `json:"what"`
	Lines []string `json:"lines"`
}

// Witness follows the records of one site up to a time, to give account of a verdict then. It is used by one goroutine.
type Witness struct {
	site   string
	course *Course

	configured telemetry.Record // the last
	def        *rules.Definition
	agenda     *rules.Agenda
	chosen     []chosen                     // levels that persons chose
	ended      map[string]telemetry.Instant // when those were taken back, by id
	first      telemetry.Instant            // receipt of the first record
}

// NewWitness begins before the first record.
func NewWitness(site string) *Witness { return &Witness{site: site, course: NewCourse(site)} }

// Apply judges a record. It need not stay as it is afterwards.
func (w *Witness) Apply(rec *telemetry.Record) error {
	if w.first == 0 {
		w.first = rec.Received
	}
	switch {
	case rec.Kind == telemetry.KindConfiguration:
		def := &rules.Definition{}
		if err := json.Unmarshal(rec.Configuration.Definition, def); err != nil {
			return fmt.Errorf("reading configuration %q of site %q: %w", rec.Configuration.Version, w.site, err)
		}
		agenda, err := rules.NewAgenda(rec.Configuration.Definition)
		if err != nil {
			return err
		}
		w.configured, w.def, w.agenda = *rec, def, agenda
		w.course.names.Set(def)
	case rec.Kind == telemetry.KindEntry && rec.Entry != nil && rec.Entry.Kind == telemetry.EntryLevel:
		w.choose(rec)
	}
	err := w.course.apply(rec)
	w.course.Transitions, w.course.Changes = w.course.Transitions[:0], w.course.Changes[:0]
	return err
}

// Location is the site's zone; nil: no configuration came yet.
func (w *Witness) Location() *time.Location {
	if w.agenda == nil {
		return nil
	}
	return w.agenda.Location()
}

// First is when the first record was received; 0: there was none.
func (w *Witness) First() telemetry.Instant { return w.first }

// At moves the clock to the time that is asked about and gives what was judged then.
func (w *Witness) At(at telemetry.Instant) (rules.View, error) {
	if err := w.course.Until(at); err != nil {
		return rules.View{}, err
	}
	if err := w.course.apply(&telemetry.Record{Seq: w.course.seq, Kind: telemetry.KindTick, Site: w.site, At: at, Received: at}); err != nil {
		return rules.View{}, err
	}
	return w.course.engine.View(), nil
}

// Account gives account of a verdict of the view that At gave.
func (w *Witness) Account(v *rules.View, verdict *rules.VerdictView, at telemetry.Instant, texts *alerts.Texts) *Account {
	a := &Account{Site: w.site, Timezone: v.Zone, At: at.In(w.Location()), Verdict: *verdict}
	a.add("in force", w.inForce(verdict, at)...)
	a.add("level", w.levels(v, verdict, at)...)
	a.add("hours", w.hours(v, at))
	x := &verdict.Explanation
	a.add("limit", limitLines(x)...)
	a.add("readings", w.evidence(x)...)
	a.add("value", valueLine(x))
	a.add("verdict", judgement(verdict)...)
	since := "since " + w.time(verdict.Since)
	if verdict.Phase != rules.Quiet {
		since += fmt.Sprintf("; people: %v since %s", verdict.Phase, w.time(verdict.PhaseSince))
		if verdict.AlarmDue != 0 {
			since += ", are called at " + w.time(verdict.AlarmDue) + " if nothing changes"
		}
	}
	a.add("since", since)
	for _, lang := range texts.Languages() {
		title, text, _ := texts.ExplainVerdict(lang, verdict, nil)
		a.add("in words, "+lang, title+". "+text)
	}
	return a
}

func (a *Account) add(what string, lines ...string) {
	lines = slices.DeleteFunc(lines, func(s string) bool { return s == "" })
	if len(lines) > 0 {
		a.Steps = append(a.Steps, Step{what, lines})
	}
}

func (w *Witness) time(at telemetry.Instant) string {
	if at == 0 {
		return "never"
	}
	return ClockIn(at, 0, w.Location())
}

// inForce says which rule of which protocol and configuration it was, and which others have a rule of its id.
func (w *Witness) inForce(v *rules.VerdictView, at telemetry.Instant) []string {
	c := &w.configured
	lines := []string{fmt.Sprintf("configuration %s of %s (record %d, by %s)", c.Configuration.Version, w.time(c.Received), c.Seq, cmp.Or(c.Configuration.Author, "nobody"))}
	protocol := ""
	for _, d := range w.agenda.At(at) {
		if d.Rule == v.Rule && d.Subject == v.Subject {
			protocol = d.Protocol
		}
	}
	for i := range w.def.Protocols {
		p := &w.def.Protocols[i]
		for k := range p.Rules {
			r := &p.Rules[k]
			if r.ID != v.Rule {
				continue
			}
			text := fmt.Sprintf("protocol %s (%s)", p.ID, cmp.Or(r.Legal, p.Legal, p.Title))
			if !p.From.IsZero() {
				text += ", from " + p.From.String()
			}
			if !p.Until.IsZero() {
				text += ", until " + p.Until.String()
			}
			if p.ID == protocol {
				lines = append(lines, text+": this rule, "+r.Kind+" "+spelled(r.Params))
			} else {
				lines = append(lines, text+": has a rule of that id, too, "+notApplied(p, facility.DayAt(at.In(w.Location()), w.Location())))
			}
		}
	}
	return lines
}

// notApplied says why a protocol's rule is not the one that judged.
func notApplied(p *rules.Protocol, day facility.Date) string {
	switch {
	case !p.From.IsZero() && day.Before(p.From):
		return "and is not in force yet"
	case !p.Until.IsZero() && !day.Before(p.Until):
		return "and is over"
	}
	return "whose place another protocol's takes"
}

// levels says which level there was and who chose it.
func (w *Witness) levels(v *rules.View, verdict *rules.VerdictView, at telemetry.Instant) []string {
	if v.Level == "" {
		return nil
	}
	line := v.Level
	if s := verdict.Explanation.Share; s != 0 {
		line += fmt.Sprintf(": %s %% of the full limit", figure(100*s))
	}
	by := ""
	for _, l := range w.def.Site.Levels {
		if l.Level == v.Level && telemetry.InstantOf(l.From.In(w.Location())) <= at {
			by = "chosen in the site's file from " + l.From.String()
		}
	}
	if person := w.levelBy(v.Level, at, w.time); person != "" {
		by = person
	}
	return []string{line, by}
}

func (w *Witness) hours(v *rules.View, at telemetry.Instant) string {
	word := "the site was closed"
	if v.Open {
		word = "the site was open"
	}
	if v.NextChange > at {
		word += " until " + w.time(v.NextChange)
	}
	return word
}

func limitLines(x *rules.Explanation) []string {
	var lines []string
	if x.HasLimit {
		line := measured(x.Limit, x.Unit)
		if x.Constraint != "" {
			line += ", set by " + x.Constraint
		}
		if x.Bound != "" {
			line += " (kept: " + strings.ReplaceAll(string(x.Bound), "_", " ") + ")"
		}
		lines = append(lines, line)
	}
	if x.Condition != "" {
		lines = append(lines, "breached on: "+strings.Join(strings.Fields(x.Condition), " "))
	}
	for _, in := range x.Inputs {
		value := measured(in.Value, in.Unit)
		if in.Text != "" {
			value += " (" + in.Text + ")"
		}
		lines = append(lines, "  "+in.Name+" = "+value)
	}
	return lines
}

func (w *Witness) evidence(x *rules.Explanation) []string {
	var lines []string
	for _, e := range x.Evidence {
		line := fmt.Sprintf("record %d: %s", e.Record, e.Device)
		if e.Record == 0 {
			line = "a reading of " + e.Device // of the past of a series its record is not kept
		}
		if e.Quantity != telemetry.NoQuantity {
			line += fmt.Sprintf(" %v %s", e.Quantity, measured(e.Value, e.Quantity.Unit()))
		}
		lines = append(lines, line+" at "+ClockIn(e.At, 0, w.Location()))
	}
	if len(lines) == rules.MaxEvidence {
		lines = append(lines, "(the newest; a count rests on all since it was known last)")
	}
	return lines
}

// measured is a number with its unit; what is counted has none.
func measured(v float64, unit string) string {
	if unit == "1" {
		unit = ""
	}
	return strings.TrimSpace(figure(v) + " " + unit)
}

func valueLine(x *rules.Explanation) string {
	if !x.HasValue {
		return ""
	}
	s := measured(x.Value, x.Unit)
	switch {
	case x.HasRange:
		s += fmt.Sprintf(", between %s and %s for sure enough", figure(x.Low), figure(x.High))
	case x.Error != 0:
		s += " ± " + figure(x.Error)
	}
	return s
}

// judgement is the three-valued step.
func judgement(v *rules.VerdictView) []string {
	x := &v.Explanation
	word := strings.ToUpper(string(wordOf(v.Verdict, v.Near)))
	if x.Reason != "" {
		word += " (" + strings.TrimSpace(string(x.Reason)+" "+x.Detail) + ")"
	}
	step := ""
	switch low, high := x.Value-x.Error, x.Value+x.Error; {
	case v.Verdict == rules.Unknown && !v.Near:
		step = "nobody could tell: unknown is never within, and never breached"
	case !x.HasValue || !x.HasLimit || x.Bound == rules.Apart || x.Condition != "":
	default:
		if x.HasRange {
			low, high = x.Low, x.High
		}
		if slices.ContainsFunc(x.Inputs, func(i rules.Input) bool { return i.Name == rules.InputByValue }) {
			low, high = x.Value, x.Value
		}
		step = fmt.Sprintf("%s to %s against %s: ", figure(low), figure(high), figure(x.Limit))
		switch {
		case v.Near:
			step += "the limit lies between them, so that nobody can tell"
		case v.Verdict == rules.Within:
			step += "all of it keeps the limit"
		default:
			step += "it does not keep the limit"
		}
		if low == high {
			step = fmt.Sprintf("%s against %s", figure(low), figure(x.Limit))
		}
	}
	return []string{word, step}
}
