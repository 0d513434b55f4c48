package configs

import (
	"fmt"
	"time"

	"github.com/gerbang-iot/gerbang/configs/strict"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
)

// protocolDoc is a file of protocols/: a dated set of rules.
type protocolDoc struct {
	// ID names the protocol; sites list it.
	ID string `yaml:"id" required:"yes" pattern:"^[a-z0-9][a-z0-9_-]{0,63}$" want:"a-z, 0-9, - and _, at most 64 characters"`
	// Title is what people read.
	Title string `yaml:"title" required:"yes"`
	// Legal is the number of the regulation.
	Legal string `yaml:"legal"`
	// From and Until bound the validity in the site's calendar: from is the first day, until the first day after.
	From  facility.Date `yaml:"from" want:"a date such as 2022-01-04"`
	Until facility.Date `yaml:"until" want:"a date such as 2022-07-05"`
	// Levels are the shares of the full limits, by level.
	Levels map[string]share `yaml:"levels"`
	// Rules are the rules, by id.
	Rules table[ruleDoc] `yaml:"rules" required:"yes"`
}

// ruleDoc is one rule: what all kinds have, and beside it the parameters of its own kind.
type ruleDoc struct {
	common ruleCommon
	params rules.Params
}

// ruleCommon is what every kind of rule has.
type ruleCommon struct {
	// Kind says what is judged and which other keys the rule has.
	Kind string `yaml:"kind" required:"yes"`
	// Title is what people call the rule, by language; empty: by its kind and what it measures.
	Title map[string]string `yaml:"title"`
	// Severity orders rules for people and routes; empty: the kind's own.
	Severity rules.Severity `yaml:"severity" enum:"critical warning info"`
	// Class of the alerts; empty: the kind's own.
	Class rules.Class `yaml:"class" enum:"breach overdue sensor"`
	// Subjects restricts the rule to zones, doors, devices or tasks by id; empty: all that have a device which measures what
	// the rule needs. A subject that is named and not measured is unknown.
	Subjects []string `yaml:"subjects"`
	// For is how long a breach must last before people are called. The verdict does not wait for it.
	For time.Duration `yaml:"for" max:"1d"`
	// KeepFiring is how long the breach must be over before the alert ends. The verdict does not wait for it.
	KeepFiring time.Duration `yaml:"keep_firing" max:"1d"`
	// Legal is the rule's own reference, where it differs from the protocol's.
	Legal string `yaml:"legal"`
	// Advice says what to do, by language.
	Advice map[string]string `yaml:"advice"`
}

// Wanted says what a configuration takes.
func (ruleDoc) Wanted() string { return "a rule (kind and the kind's parameters)" }

// UnmarshalStrict finds the kind first, because it decides which keys there are.
func (r *ruleDoc) UnmarshalStrict(n strict.Node) {
	if !n.IsMap() {
		n.Problem("%s is %s, want %s", lastKey(n.Path()), n.What(), r.Wanted())
		return
	}
	var err error
	for _, e := range n.Entries() {
		if e.Name != "kind" {
			continue
		}
		kind, _ := e.Text()
		if r.params, err = rules.NewParams(kind); err != nil {
			e.Problem("kind is %s, %s", e.What(), strict.Suggestion(kind, rules.Kinds()))
			r.common.Kind = kind // the other keys cannot be judged
			return
		}
	}
	if r.params == nil {
		n.ProblemAt(n.Key(), "kind is missing, want one of the kinds of rule: %s", list(rules.Kinds()))
		return
	}
	n.Decode(&r.common, r.params)
}

func (r *ruleDoc) rule(id string) rules.Rule {
	c := r.common
	return rules.Rule{
		ID: id, Kind: c.Kind, Title: c.Title, Severity: c.Severity, Class: c.Class, Subjects: c.Subjects, For: c.For, KeepFiring: c.KeepFiring,
		Legal: c.Legal, Advice: c.Advice, Params: r.params,
	}
}

// protocol makes the plain value. It is meaningful only if the document has no problems.
func (d *protocolDoc) protocol() rules.Protocol {
	p := rules.Protocol{ID: d.ID, Title: d.Title, Legal: d.Legal, From: d.From, Until: d.Until}
	for level, s := range d.Levels {
		if p.Levels == nil {
			p.Levels = map[string]float64{}
		}
		p.Levels[level] = float64(s)
	}
	for _, r := range d.Rules {
		p.Rules = append(p.Rules, r.Value.rule(r.ID))
	}
	return p
}

// protocolFile is a protocol with where its values stand.
type protocolFile struct {
	doc    protocolDoc
	places *strict.Places
}

// rulePath is where a rule of the document stands, or one of its fields.
func rulePath(rule, field string) string {
	if field == "" {
		return fmt.Sprintf("rules.%s", rule)
	}
	return fmt.Sprintf("rules.%s.%s", rule, field)
}
