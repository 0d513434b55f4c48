package configs

import (
	"fmt"
	"reflect"
	"time"

	"github.com/gerbang-iot/gerbang/configs/strict"
	"github.com/gerbang-iot/gerbang/rules"
)

// protocolDoc is a file of protocols/: a dated set of rules.
type protocolDoc struct {
	// ID names the protocol; sites list it.
	ID string `yaml:"id" required:"yes" pattern:"^[a-z0-9][a-z0-9_-]{0,63}$" want:"a-z, 0-9, - and _, at most 64 characters"`
	// Title is what people read, the same for all or by language.
	Title words `yaml:"title" required:"yes"`
	// Authority is who issued it, the same for all or by language.
	Authority words `yaml:"authority"`
	// Legal is the number of the regulation.
	Legal string `yaml:"legal"`
	// Source is where the regulation can be read.
	Source string `yaml:"source" pattern:"^https?://\\S+$" want:"a URL, such as https://peraturan.go.id"`
	// Area is where it applies: countries (ID), provinces (ID-JI) or places in them (ID-JI/probolinggo), one or a list; empty:
	// anywhere. gerbang check warns where a site that says its own area lies in none of them.
	Area []string `yaml:"area" single:"yes" pattern:"^[A-Z]{2}(-[A-Z0-9]{1,3})?(/[a-z0-9][a-z0-9-]*)*$" want:"a country such as ID, a province such as ID-JI, or a place in it such as ID-JI/probolinggo"`
	// From and Until bound the validity in the site's calendar: from is the first day, until the first day after. Where a decree
	// names a time of the day, it stands behind the date: 2022-07-05 18:00.
	From  moment `yaml:"from"`
	Until moment `yaml:"until"`
	// Levels are the shares of the full limits, by level; a site's file or a person chooses the level.
	Levels levelTable `yaml:"levels"`
	// Rules are the rules, by id. Where two protocols in force have a rule of one id, the one of the protocol that began later holds.
	Rules table[ruleDoc] `yaml:"rules" required:"yes"`
}

// levelTable is a mapping from the name of a level.
type levelTable []row[levelDoc]

// UnmarshalStrict reads the mapping and checks the names.
func (t *levelTable) UnmarshalStrict(n strict.Node) {
	(*table[levelDoc])(t).read(n, "level", levelForm, "letters, digits, spaces or the signs _-.: alone, at most 64 bytes, such as level-2")
}

// Element is the type of the values, for the schema.
func (levelTable) Element() reflect.Type { return reflect.TypeFor[levelDoc]() }

func (t levelTable) has(level string) bool { return table[levelDoc](t).has(level) }
func (t levelTable) ids() []string         { return table[levelDoc](t).ids() }

var levelForm = channelForm

// levelDoc is a level of a protocol: its share, or its share and what people call it.
type levelDoc struct {
	// Share of the full limits.
	Share share `yaml:"share" required:"yes"`
	// Name is what people call the level, the same for all or by language; empty: its id.
	Name words `yaml:"name"`
}

// Wanted says what a configuration takes.
func (levelDoc) Wanted() string {
	return "a share such as 50%, or share and name: {share: 50%, name: {id: …, en: …}}"
}

// UnmarshalStrict reads the short form, a share alone, as well.
func (l *levelDoc) UnmarshalStrict(n strict.Node) {
	if n.IsMap() {
		var both struct {
			Share share `yaml:"share" required:"yes"`
			Name  words `yaml:"name"`
		}
		n.Decode(&both)
		*l = levelDoc(both)
		return
	}
	n.Decode(&l.Share)
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
	p := rules.Protocol{
		ID: d.ID, Title: d.Title.plain(), Titles: d.Title.byLanguage(), Authority: d.Authority, Legal: d.Legal, Source: d.Source, Area: d.Area,
		From: d.From.Date, FromTime: d.From.Time, Until: d.Until.Date, UntilTime: d.Until.Time,
	}
	for _, l := range d.Levels {
		if p.Levels == nil {
			p.Levels = map[string]float64{}
		}
		p.Levels[l.ID] = float64(l.Value.Share)
		if len(l.Value.Name) == 0 {
			continue
		}
		if p.LevelNames == nil {
			p.LevelNames = map[string]map[string]string{}
		}
		p.LevelNames[l.ID] = l.Value.Name
	}
	for _, r := range d.Rules {
		p.Rules = append(p.Rules, r.Value.rule(r.ID))
	}
	return p
}

// protocolFile is a protocol with where its values stand.
type protocolFile struct {
	doc     protocolDoc
	places  *strict.Places
	builtIn bool // it came with the gateway
}

// rulePath is where a rule of the document stands, or one of its fields.
func rulePath(rule, field string) string {
	if field == "" {
		return fmt.Sprintf("rules.%s", rule)
	}
	return fmt.Sprintf("rules.%s.%s", rule, field)
}
