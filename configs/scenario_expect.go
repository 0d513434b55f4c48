package configs

import (
	"slices"

	"github.com/gerbang-iot/gerbang/configs/strict"
	"github.com/gerbang-iot/gerbang/rehearse"
	"github.com/gerbang-iot/gerbang/rules"
)

// expectDoc is what is to come of a scenario.
type expectDoc struct {
	// Verdicts at times.
	Verdicts []verdictDoc `yaml:"verdicts"`
	// Changes are all changes of a verdict, in order.
	Changes []changesDoc `yaml:"changes"`
	// Alerts are all alerts that there are; [] is none.
	Alerts *[]alertDoc `yaml:"alerts"`
	// AlertsOf restricts the alerts to those of rules.
	AlertsOf []string `yaml:"alerts_of" single:"yes"`
}

// verdictDoc is a verdict at a time.
type verdictDoc struct {
	At         scenarioTime  `yaml:"at" required:"yes"`
	Rule       string        `yaml:"rule" required:"yes"`
	Subject    string        `yaml:"subject"`
	Verdict    rehearse.Word `yaml:"verdict"`
	Value      *numberDoc    `yaml:"value"`
	Low        *numberDoc    `yaml:"low"`
	High       *numberDoc    `yaml:"high"`
	Error      *numberDoc    `yaml:"error"`
	Limit      *numberDoc    `yaml:"limit"`
	Share      *numberDoc    `yaml:"share"`
	Unit       string        `yaml:"unit"`
	Constraint string        `yaml:"constraint"`
	// Reason is the code of the reason, or none.
	Reason string               `yaml:"reason"`
	Detail string               `yaml:"detail"`
	Since  scenarioTime         `yaml:"since"`
	Phase  string               `yaml:"phase" enum:"quiet pending firing"`
	Inputs map[string]numberDoc `yaml:"inputs"`
	Title  map[string]string    `yaml:"title"`
	Text   map[string]string    `yaml:"text"`
	Todo   map[string]string    `yaml:"todo"`
}

// Wanted says what a configuration takes.
func (verdictDoc) Wanted() string { return "a verdict (at, rule, verdict, …)" }

// changesDoc is all changes of a verdict.
type changesDoc struct {
	Rule    string      `yaml:"rule" required:"yes"`
	Subject string      `yaml:"subject"`
	All     []changeDoc `yaml:"all" required:"yes" want:"a list of changes such as {at: \"10:12\", to: breached}"`
}

// Wanted says what a configuration takes.
func (changesDoc) Wanted() string { return "all changes of a verdict (rule, subject, all)" }

// changeDoc is one change.
type changeDoc struct {
	At     scenarioTime  `yaml:"at" required:"yes"`
	To     rehearse.Word `yaml:"to" required:"yes"`
	Reason string        `yaml:"reason"`
	Late   bool          `yaml:"late"`
	Until  scenarioTime  `yaml:"until"`
	Value  *numberDoc    `yaml:"value"`
	Limit  *numberDoc    `yaml:"limit"`
}

// Wanted says what a configuration takes.
func (changeDoc) Wanted() string { return "a change such as {at: \"10:12\", to: breached}" }

// alertDoc is an alert.
type alertDoc struct {
	Rule     string         `yaml:"rule" required:"yes"`
	Subject  string         `yaml:"subject"`
	Class    rules.Class    `yaml:"class" enum:"breach overdue sensor"`
	Severity rules.Severity `yaml:"severity" enum:"critical warning info"`
	Raised   scenarioTime   `yaml:"raised" required:"yes"`
	// Resolved is empty for one that is open at the end.
	Resolved scenarioTime      `yaml:"resolved"`
	Title    map[string]string `yaml:"title"`
	Text     map[string]string `yaml:"text"`
	Todo     map[string]string `yaml:"todo"`
	Ending   map[string]string `yaml:"ending"`
}

// Wanted says what a configuration takes.
func (alertDoc) Wanted() string { return "an alert (rule, raised, resolved, …)" }

// about checks the names.
func (b *scenarioBuilder) about(path, rule, subject string) rehearse.About {
	b.rule(path+".rule", rule)
	if known := b.subjects(); subject != "" && !slices.Contains(known, subject) {
		b.at(path+".subject", "subject %q is not in the site, %s", subject, strict.Suggestion(subject, known))
	}
	return rehearse.About{Place: b.places.At(path).String(), Rule: rule, Subject: subject}
}

func (b *scenarioBuilder) rule(path, id string) {
	if id != "" && !slices.Contains(b.rules, id) {
		b.at(path, "rule %q is in none of the protocols that are tried, %s", id, strict.Suggestion(id, b.rules))
	}
}

// subjects are all names of what a verdict can be about.
func (b *scenarioBuilder) subjects() []string {
	site := &b.definition.Site
	ids := []string{site.ID}
	kinds := []rules.SubjectKind{rules.SubjectSite}
	add := func(kind rules.SubjectKind, id string) { ids, kinds = append(ids, id), append(kinds, kind) }
	for i := range site.Zones {
		add(rules.SubjectZone, site.Zones[i].ID)
	}
	for i := range site.Doors {
		add(rules.SubjectDoor, site.Doors[i].ID)
	}
	for i := range site.Devices {
		add(rules.SubjectDevice, site.Devices[i].ID)
	}
	for i := range site.Tasks {
		add(rules.SubjectTask, site.Tasks[i].ID)
	}
	for i := range site.Uplinks {
		add(rules.SubjectUplink, site.Uplinks[i].ID)
	}
	for i, kind := range kinds {
		ids = append(ids, rules.Subject{Kind: kind, ID: ids[i]}.String())
	}
	return ids
}

func (b *scenarioBuilder) words(path string, byLanguage map[string]string) map[string]string {
	for lang := range byLanguage {
		if lang != "id" && lang != "en" {
			b.at(path+"."+lang, "text in language %q, want id or en", lang)
		}
	}
	return byLanguage
}

// expect makes the plain values.
func (b *scenarioBuilder) expect(path string, d *expectDoc) rehearse.Expect {
	e := rehearse.Expect{AlertsOf: d.AlertsOf, HasAlerts: d.Alerts != nil, Place: b.places.At(path + ".alerts").String()}
	for i := range d.Verdicts {
		at, v := item(path+".verdicts", i), &d.Verdicts[i]
		out := rehearse.Verdict{
			About: b.about(at, v.Rule, v.Subject), At: b.time(v.At), Verdict: v.Verdict, Value: v.Value.number(), Low: v.Low.number(), High: v.High.number(),
			Error: v.Error.number(), Limit: v.Limit.number(), Share: v.Share.number(), Unit: v.Unit, Constraint: v.Constraint, Reason: v.Reason, Detail: v.Detail,
			Since: b.time(v.Since), Phase: v.Phase,
			Title: b.words(at+".title", v.Title), Text: b.words(at+".text", v.Text), Todo: b.words(at+".todo", v.Todo),
		}
		for name, n := range v.Inputs {
			out.Inputs = append(out.Inputs, rehearse.Input{Name: name, Value: n.Number})
		}
		sortBy(out.Inputs, func(i rehearse.Input) string { return i.Name })
		e.Verdicts = append(e.Verdicts, out)
	}
	for i := range d.Changes {
		at, c := item(path+".changes", i), &d.Changes[i]
		out := rehearse.Changes{About: b.about(at, c.Rule, c.Subject)}
		for k, x := range c.All {
			out.All = append(out.All, rehearse.Change{
				Place: b.places.At(item(at+".all", k)).String(), At: b.time(x.At), To: x.To, Reason: x.Reason, Late: x.Late, Until: b.time(x.Until),
				Value: x.Value.number(), Limit: x.Limit.number(),
			})
		}
		e.Changes = append(e.Changes, out)
	}
	if d.Alerts != nil {
		for i := range *d.Alerts {
			at, a := item(path+".alerts", i), &(*d.Alerts)[i]
			e.Alerts = append(e.Alerts, rehearse.Alert{
				About: b.about(at, a.Rule, a.Subject), Class: string(a.Class), Severity: string(a.Severity), Raised: b.time(a.Raised), Resolved: b.time(a.Resolved),
				Title: b.words(at+".title", a.Title), Text: b.words(at+".text", a.Text), Todo: b.words(at+".todo", a.Todo), Ending: b.words(at+".ending", a.Ending),
			})
		}
	} else if len(d.AlertsOf) > 0 {
		b.at(path+".alerts_of", "alerts_of without alerts, want both, or no alerts_of ([] is none)")
	}
	for i, id := range d.AlertsOf {
		b.rule(item(path+".alerts_of", i), id)
	}
	if len(e.Verdicts)+len(e.Changes) == 0 && d.Alerts == nil {
		b.at(path, "nothing is expected, want verdicts, changes or alerts")
	}
	return e
}
