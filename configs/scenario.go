package configs

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/configs/strict"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rehearse"
	"github.com/gerbang-iot/gerbang/rules"
)

// scenariosDoc is a file of scenarios: a site, the rules that are tried on it, and what happens. docs/rules.md says how to write one.
type scenariosDoc struct {
	// Site is a building of the file's own, the path of a site's file, or the id of a shipped one.
	Site siteRef `yaml:"site" required:"yes" want:"a building (zones, doors, devices, …), the file of one, or the id of a shipped one"`
	// Protocols are ids of shipped protocols, paths of files, or protocols of the file's own. With them or Rules the site's own list is
	// not looked at.
	Protocols []protocolRef `yaml:"protocols" single:"yes"`
	// Rules are a protocol of the file's own that is always in force.
	Rules table[ruleDoc] `yaml:"rules"`
	// Calendars are files of calendars (*.yaml and *.ics) that the site's own list, and its maintenance, may name besides the shipped ones.
	Calendars []string `yaml:"calendars" single:"yes"`
	// Levels replace those of the site.
	Levels map[facility.Date]string `yaml:"levels"`
	// Scenarios are what happens, and what is to come of it.
	Scenarios []scenarioDoc `yaml:"scenarios" required:"yes" want:"a list of scenarios (name, start, readings, events, expect)"`
}

// scenarioDoc is one scenario.
type scenarioDoc struct {
	Name string `yaml:"name" required:"yes"`
	// Start is the local time from which on the rules are in force.
	Start scenarioTime `yaml:"start" required:"yes" want:"a local time such as 2026-03-02 08:00"`
	// Until is how long the clock runs; empty: to the last time in the scenario.
	Until scenarioTime `yaml:"until"`
	// Interval lies between two values of a series that has none of its own.
	Interval time.Duration `yaml:"interval" min:"1s" max:"30d"`
	Readings []flatDoc     `yaml:"readings"`
	Events   []flatDoc     `yaml:"events"`
	Expect   expectDoc     `yaml:"expect" required:"yes" want:"what is expected (verdicts, changes, alerts)"`
}

// Wanted says what a configuration takes.
func (scenarioDoc) Wanted() string { return "a scenario (name, start, readings, events, expect)" }

// SetDefaults gives series a value each minute.
func (s *scenarioDoc) SetDefaults() { s.Interval = time.Minute }

// siteRef is a building, or where one is written.
type siteRef struct {
	name string
	doc  *siteDoc
}

// plainSite is what a building in a scenario need not say.
const plainSite = `
id: site
name: Site
timezone: Asia/Jakarta
protocols: []
hours: {mon-sun: "00:00-24:00"}
`

// UnmarshalStrict reads the name or the building.
func (s *siteRef) UnmarshalStrict(n strict.Node) {
	if name, ok := n.Text(); ok && name != "" {
		s.name = name
		return
	}
	if !n.IsMap() {
		n.Problem("site is %s, want a building, the file of one, or the id of a shipped one", n.What())
		return
	}
	s.doc = &siteDoc{}
	n.Or(plainSite).Decode(s.doc)
}

// protocolRef is a protocol, or where one is written.
type protocolRef struct {
	name string
	doc  *protocolDoc
}

// UnmarshalStrict reads the name or the protocol.
func (p *protocolRef) UnmarshalStrict(n strict.Node) {
	if name, ok := n.Text(); ok && name != "" {
		p.name = name
		return
	}
	if !n.IsMap() {
		n.Problem("a protocol is %s, want the id of a shipped one, the file of one, or one with its rules", n.What())
		return
	}
	p.doc = &protocolDoc{}
	n.Or("id: protocol\ntitle: Protocol\n").Decode(p.doc)
}

// ownRules is the id of the protocol that a scenario's rules are.
const ownRules = "rules"

// LoadScenarios reads a file of scenarios with the site and the protocols that it names. There are no scenarios where anything in
// them is wrong.
func LoadScenarios(file string) ([]rehearse.Scenario, Problems) {
	l := newLoader(folder{base: filepath.Dir(file)})
	var doc scenariosDoc
	if !l.document(l.folder, file, &doc, &l.places) {
		return nil, l.all()
	}
	c := &Config{}
	c.SetDefaults()
	l.readModels(c)
	l.readProtocols(c)
	c.CalendarFiles = doc.Calendars
	l.readCalendars(c)
	site := l.scenarioSite(file, &doc)
	if site == nil || len(l.problems) > 0 {
		return nil, l.all()
	}
	l.scenarioProtocols(file, &doc, site)
	if len(l.problems) > 0 {
		return nil, l.all()
	}
	l.sites = []*siteFile{site}
	l.checkProtocols()
	l.checkSites()
	if len(l.problems) > 0 {
		return nil, l.all()
	}
	l.assemble(c)
	definitions := c.Definitions()
	l.compile(definitions)
	if len(l.problems) > 0 {
		return nil, l.all()
	}
	b := &scenarioBuilder{loader: l, file: filepath.ToSlash(file), definition: definitions[0]}
	for _, p := range site.doc.Protocols {
		b.rules = append(b.rules, l.protocols[p].doc.Rules.ids()...)
	}
	scenarios := make([]rehearse.Scenario, 0, len(doc.Scenarios))
	names := map[string]bool{}
	for i := range doc.Scenarios {
		s := &doc.Scenarios[i]
		if names[s.Name] {
			l.at(item("scenarios", i)+".name", "scenario %q is there already, want every name once", s.Name)
		}
		names[s.Name] = true
		scenarios = append(scenarios, b.build(item("scenarios", i), s))
	}
	if len(doc.Scenarios) == 0 {
		l.at("scenarios", "no scenario, want at least one")
	}
	if all := l.all(); len(all) > 0 {
		return nil, all
	}
	return scenarios, nil
}

// scenarioSite is the site of the scenarios: from the file itself, from another one, or shipped.
func (l *loader) scenarioSite(file string, doc *scenariosDoc) *siteFile {
	if doc.Site.doc != nil {
		s := &siteFile{name: filepath.ToSlash(file), doc: *doc.Site.doc, places: l.places.Under("site"), sound: len(l.problems) == 0}
		if doc.Levels != nil {
			s.doc.Levels = doc.Levels
		}
		return s
	}
	if doc.Site.name == "" {
		return nil // a problem already
	}
	f, name := l.named("sites", doc.Site.name)
	if f.embedded && !f.exists(name) {
		l.at("site", "site %q is not shipped, %s; a file of your own is named by its path, such as sites/%s.yaml", doc.Site.name, strict.Suggestion(doc.Site.name, f.ids("sites")), doc.Site.name)
		return nil
	}
	s := &siteFile{name: filepath.ToSlash(name)}
	before := len(l.problems)
	if !l.document(f, name, &s.doc, &s.places) {
		return nil
	}
	s.sound = len(l.problems) == before
	if doc.Levels != nil {
		s.doc.Levels = doc.Levels
	}
	return s
}

// scenarioProtocols brings the protocols that the file names or has into the site's list.
func (l *loader) scenarioProtocols(file string, doc *scenariosDoc, site *siteFile) {
	var ids []string
	own := map[string]string{}
	use := func(at string, p *protocolFile, from string) {
		if other, twice := own[p.doc.ID]; twice {
			l.at(at, "protocol %q is in %s already, want every id once", p.doc.ID, other)
			return
		}
		own[p.doc.ID] = from
		l.protocols[p.doc.ID] = p
		ids = append(ids, p.doc.ID)
	}
	for i, ref := range doc.Protocols {
		at := item("protocols", i)
		if ref.doc != nil {
			use(at, &protocolFile{doc: *ref.doc, places: l.places.Under(at)}, filepath.ToSlash(file))
			continue
		}
		f, name := l.named("protocols", ref.name)
		if !f.embedded {
			p := &protocolFile{}
			if l.document(f, name, &p.doc, &p.places) && p.doc.ID != "" {
				use(at, p, name)
			}
			continue
		}
		p := l.protocols[ref.name]
		if p == nil {
			l.at(at, "protocol %q is not shipped, %s; a file of your own is named by its path, such as protocols/%s.yaml", ref.name, strict.Suggestion(ref.name, f.ids("protocols")), ref.name)
			continue
		}
		use(at, p, "the program")
	}
	if len(doc.Rules) > 0 {
		use("rules", &protocolFile{doc: protocolDoc{ID: ownRules, Title: words{"": "Rules"}, Rules: doc.Rules}, places: l.places}, filepath.ToSlash(file))
	}
	if len(ids) > 0 {
		site.doc.Protocols = ids
		if doc.Levels == nil && doc.Site.doc == nil {
			site.doc.Levels = l.levelsOf(site.doc.Levels, ids)
		}
	}
	if len(site.doc.Protocols) == 0 && len(l.problems) == 0 {
		l.at("", "no rule is tried, want rules, or protocols, or a site that lists some")
	}
}

// levelsOf are the chosen levels that some protocol has: a shipped site has others for protocols that are not tried.
func (l *loader) levelsOf(chosen map[facility.Date]string, ids []string) map[facility.Date]string {
	kept := map[facility.Date]string{}
	for date, level := range chosen {
		if slices.ContainsFunc(ids, func(id string) bool { return l.protocols[id].doc.Levels.has(level) }) {
			kept[date] = level
		}
	}
	return kept
}

// named is the file that a name means: a path, or the id of a shipped document.
func (l *loader) named(kind, name string) (folder, string) {
	if strings.ContainsAny(name, `/\`) || strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml") {
		return l.folder, l.folder.resolve(name)
	}
	return folder{embedded: true}, path.Join(kind, name+".yaml")
}

func (f folder) exists(name string) bool {
	_, err := f.stat(name)
	return err == nil
}

// ids are the ids of the shipped documents of a kind.
func (f folder) ids(kind string) []string {
	files, err := f.expand(kind)
	if err != nil {
		return nil
	}
	for i, name := range files {
		files[i] = strings.TrimSuffix(path.Base(name), path.Ext(name))
	}
	slices.Sort(files)
	return files
}

// ShippedProtocols are the ids of the protocols that come with the gateway, sorted.
func ShippedProtocols() []string { return folder{embedded: true}.ids("protocols") }

// ShippedProtocol is the file of a protocol that comes with the gateway, as it was written.
func ShippedProtocol(id string) ([]byte, error) {
	names := ShippedProtocols()
	if !slices.Contains(names, id) {
		return nil, fmt.Errorf("there is no shipped protocol %q, %s", id, strict.Suggestion(id, names))
	}
	return examples.ReadFile("protocols/" + id + ".yaml")
}

// LoadProtocol reads a protocol of one's own, or a shipped one by its id. The error is of type Problems.
func LoadProtocol(name string) (rules.Protocol, error) {
	l := newLoader(folder{})
	l.readProtocols(&Config{})
	f, file := l.named("protocols", name)
	p := &protocolFile{}
	switch {
	case f.embedded && l.protocols[name] == nil:
		l.problems.Add(strict.Position{File: name}, "there is no shipped protocol of that id, %s; a file of your own is named by its path, such as ./%s.yaml", strict.Suggestion(name, f.ids("protocols")), name)
	case f.embedded:
		p = l.protocols[name]
	case l.document(f, file, &p.doc, &p.places):
		l.protocols = map[string]*protocolFile{p.doc.ID: p}
		l.checkProtocols()
	}
	if err := l.all().Err(); err != nil {
		return rules.Protocol{}, err
	}
	return p.doc.protocol(), nil
}
