package web

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// sitePage is one building with everything in it, and a form to say how many are inside.
type sitePage struct {
	livePage
	Form    *countForm // nil: nothing counts people here
	Saved   string
	Entries []entryRow
	// Calibrate is where a thermometer is held against a reference; nil: there is none.
	Calibrate *calibrateForm
	// Counting is where a person accepts what is proposed about counters; nil: nothing is.
	Counting *countingForm
	Notes    *noteBox
	Devices  string       // the page of the devices
	Duties   string       // the page of the tasks, for a phone
	Waiting  *handoverRow // a shift that nobody has taken yet; nil: there is none
	WaitsAt  string
	Author   string
	Shift    string // where a shift is handed over; empty: whoever looks has none
}

func (s *Server) site(w http.ResponseWriter, r *http.Request) error {
	v, err := s.judgedView(r.PathValue("site"))
	if err != nil {
		return err
	}
	lang := s.tongues.choose(r)
	what := s.topicOf("site", r, callerOf(r.Context()))
	chunks, err := s.compose(what)
	if err != nil {
		return err
	}
	p := sitePage{livePage: livePage{s.frame(r, lang, v.Name), join(chunks)}}
	p.Live, p.Devices, p.Duties = what.path(), "/site/"+v.Site+"/devices", doPath(v.Site, "")
	sc := s.scene(lang, v)
	name := nameOf(r)
	p.Saved = saved(lang, r)
	calibrates, counts := p.May[string(accounts.Calibrate)], p.May[string(accounts.Count)]
	if p.Counting = countingFormOf(sc, calibrates); p.Counting != nil {
		p.Typing = p.Typing || calibrates
	}
	if p.Calibrate = calibrateFormOf(sc); p.Calibrate != nil {
		p.Typing = p.Typing || calibrates
	}
	if p.Form = countFormOf(sc, wholeSite, v.Persons, false, name); p.Form != nil {
		p.Typing, p.Entries = p.Typing || counts, s.entriesOf(r.Context(), sc, "")
	}
	if p.May[string(accounts.Acknowledge)] {
		p.Shift, p.WaitsAt, p.Author = "/handover?site="+v.Site, v.Site, name
		p.Waiting = s.waiting(r, sc)
		p.Typing = p.Typing || p.Waiting != nil && name == ""
	}
	if p.Notes, err = s.notesOf(r, sc, "", facility.DateOf(sc.now.In(sc.loc))); err != nil {
		return err
	}
	return s.render(w, http.StatusOK, lang, "site", p)
}

func (s *Server) composeSite(c *composer, v *rules.View) {
	sc := s.scene(c.lang, v)
	sc.may = c.may
	open := s.openAlerts(v.Site)
	c.add("site-head", "site-head", s.headOf(sc, s.gatewayFault(c.lang)))
	c.add("site-maintenance", "site-maintenance", map[string]any{"Site": v.Site, "Rows": upkeepRows(sc)})
	c.add("site-alerts", "site-alerts", alertCards(sc, open))
	c.add("site-cases", "site-cases", caseSectionOf(sc))
	c.add("site-intake", "site-intake", map[string]any{"ID": "site-intake", "Card": intakeOf(sc)})
	s.composePlan(c, sc)
	c.add("", "site-zones-open", nil)
	for i := range v.Zones {
		z := &v.Zones[i]
		card := zoneCardOf(sc, z)
		if card.Persons.Counted {
			card.Spark = s.sparks.of(sc, v.Site, z.ID)
		}
		c.add("zone-"+z.ID, "site-zone", card)
	}
	c.add("", "site-zones-close", nil)
	c.add("site-tasks", "site-tasks", taskRows(sc))
	c.add("site-doors", "site-doors", doorRows(sc))
	c.add("site-devices", "site-devices", deviceRows(sc))
	c.add("site-checks", "site-checks", checkRows(sc))
	c.add("site-protocols", "site-protocols", protocolCards(sc))
}

// openAlerts are the open alerts of a site, the most urgent first.
func (s *Server) openAlerts(site string) []alerts.Alert {
	open := slices.DeleteFunc(s.opts.Alerts.Open(), func(a alerts.Alert) bool { return a.Site != site })
	slices.SortStableFunc(open, func(a, b alerts.Alert) int {
		return cmp.Or(
			compareBool(a.Ack != nil, b.Ack != nil),
			cmp.Compare(a.Severity.Rank(), b.Severity.Rank()),
			cmp.Compare(a.Opened, b.Opened),
		)
	})
	return open
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// siteHead is the top of a site's page.
type siteHead struct {
	ID, Name  string
	Chip      chip
	Hours     string
	Open      bool
	Level     string
	Levels    bool // it can be chosen
	Day       string
	Protocols string
	Persons   persons
	Summary   string // the worst verdict in a sentence, with its subject
	Pending   string
	Basis     string
	Fresh     string
	Clock     string
	Gateway   string
	Note      string
	Shares    bool   // who looks may make links for displays
	Exports   bool   // who looks may take evidence along
	Limits    bool   // there is a page of the limits, and who looks may read it
	Adds      bool   // verdicts are added up: there is a page of it, and who looks may read it
	Counts    bool   // who looks may say how many are inside
	WhatIf    string // where the limits are asked about; empty: no rule limits the people
}

func (s *Server) headOf(sc *scene, gateway string) siteHead {
	h := siteHeadOf(sc, gateway)
	h.Shares = sc.may[string(accounts.Share)]
	h.Exports = s.opts.Evidence != nil && sc.may[string(accounts.Export)]
	h.Limits = s.opts.Limits != nil && sc.may[string(accounts.Review)]
	h.Adds = s.opts.Histories != nil && sc.may[string(accounts.Review)]
	h.Counts = h.Persons.Counted && sc.may[string(accounts.Count)]
	return h
}

func siteHeadOf(sc *scene, gateway string) siteHead {
	v := sc.view
	row := siteRowOf(sc, nil)
	h := siteHead{
		ID: v.Site, Name: v.Name, Chip: sc.siteChip(v), Hours: row.Hours, Open: v.Open, Level: sc.levelName(), Levels: len(v.Levels) > 0, Day: v.Day,
		Protocols: sc.protocolTitles(), Persons: sc.persons(v.Persons), Fresh: row.Fresh, Gateway: gateway,
		Clock: sc.now.In(sc.loc).Format("MST"), Note: sc.note(v.Note),
	}
	if _, limited := buildingAsIs(v); limited {
		h.WhatIf = whatIfPath(v.Site, "")
	}
	w, ok := v.Worst()
	if !ok {
		h.Summary = sc.T("site.all_well")
		return h
	}
	e := sc.explain(&w)
	h.Summary, h.Pending, h.Basis = sc.ruleName(&w)+", "+w.SubjectName+": "+sc.brief(&w), e.Pending, e.Basis
	return h
}

// note is a text in the reader's language, else in English or in the first that there is.
func (t *tongue) note(byLanguage map[string]string) string {
	if text := cmp.Or(byLanguage[t.Tag], byLanguage["en"]); text != "" || len(byLanguage) == 0 {
		return text
	}
	return byLanguage[slices.Min(slices.Collect(maps.Keys(byLanguage)))]
}

// zoneCard is a room.
type zoneCard struct {
	ID, Name, Site string
	Chip           chip
	Persons        persons
	Limit          string // empty: none
	Binding        string
	WhatIf         string // where the limit is asked about; empty: no rule limits the people
	CountAsked     bool   // a manual count would pay, and who looks may give it
	Bar            bar
	Advice         chip
	Seats          string // how many are taken; empty: there is no map that a rule looks at
	SeatsWrong     bool
	Findings       []finding
	Air            []measure
	In, Out        string
	Spark          *spark
}

// finding is a verdict with its explanation.
type finding struct {
	Chip    chip
	Rule    string
	Subject string
	explanation
	Brief string // the text without how to compute it again, for where that is shown already
	Legal string
}

type measure struct{ Name, Value, At string }

func zoneCardOf(sc *scene, z *rules.ZoneView) zoneCard {
	card := zoneCard{
		ID: z.ID, Name: z.Name, Site: sc.view.Site, Chip: sc.subjectChip(rules.SubjectZone, z.ID, z.Verdict, z.Near),
		Persons: sc.persons(z.Persons), CountAsked: z.CountAsked != 0 && sc.may[string(accounts.Count)],
	}
	if card.Persons.Counted || z.Advice == rules.AdviceStop && sc.view.Open {
		card.Advice = sc.adviceChip(z.Advice)
	}
	if passed(sc.view, z) {
		card.In, card.Out = sc.Number(z.InToday, 0), sc.Number(z.OutToday, 0)
	}
	crowd := card.Chip.Class
	if z.HasLimit {
		card.Limit, card.Binding = sc.Number(z.Limit, 0), sc.constraint(z.Binding)
	}
	if m := seatMapOf(sc, z.Seats); m != nil {
		card.Seats, card.SeatsWrong = m.brief(sc.tongue), m.Legend[0].Class == "wrong"
	}
	if z.Room != nil {
		card.WhatIf = whatIfPath(sc.view.Site, z.ID)
	}
	for i := range sc.view.Verdicts {
		w := &sc.view.Verdicts[i]
		if w.Subject.Kind != rules.SubjectZone || w.Subject.ID != z.ID {
			continue
		}
		card.Findings = append(card.Findings, findingOf(sc, w))
		if w.Kind == "capacity" {
			crowd = sc.stateChip(w.Verdict, w.Near).Class
			card.Binding = cmp.Or(sc.texts.Why(sc.Tag, w.Kind, &w.Explanation), card.Binding)
		}
	}
	card.Bar = newBar(z.Persons, z.Limit, z.HasLimit, crowd)
	if card.Bar.HasLimit {
		card.Bar.Label = sc.T("zone.bar", "Persons", card.Persons.interval(), "Limit", card.Limit)
	}
	for _, r := range z.Readings {
		card.Air = append(card.Air, sc.measureOf(r))
	}
	return card
}

// adviceChip is what the display at a zone says: of a closed building, that it is closed.
func (t *scene) adviceChip(a rules.Advice) chip {
	if !t.view.Open {
		return chip{Class: "closed", Icon: "closed", Word: t.T("site.closed")}
	}
	switch a {
	case rules.AdviceGo, rules.AdviceStop:
	default:
		a = rules.AdviceWait
	}
	return chip{Class: "advice-" + string(a), Icon: string(a), Word: t.T("advice." + string(a))}
}

func (t *tongue) constraint(name string) string {
	if name == "" || !t.Has("constraint."+name) {
		return name
	}
	return t.T("constraint." + name)
}

func findingOf(sc *scene, w *rules.VerdictView) finding {
	return finding{
		Chip: sc.stateChip(w.Verdict, w.Near), Rule: sc.ruleName(w), Subject: w.SubjectName,
		explanation: sc.explain(w), Brief: sc.brief(w), Legal: w.Legal,
	}
}

// ruleName is what people call a rule: its title in the language, else what it measures, else its kind. Never its id.
func (t *tongue) ruleName(w *rules.VerdictView) string {
	return t.nameOf(w.Title, w.Kind, &w.Explanation)
}

// ruleOf is what people call the rule of an alert.
func (t *tongue) ruleOf(a *alerts.Alert) string { return t.nameOf(a.Title, a.Kind, &a.Explanation) }

func (t *tongue) nameOf(title map[string]string, kind string, x *rules.Explanation) string {
	if title := title[t.Tag]; title != "" {
		return title
	}
	if kind == "expression" {
		var all []string
		for _, e := range x.Evidence {
			if name := "quantity." + e.Quantity.String(); t.Has(name) && !slices.Contains(all, t.T(name)) {
				all = append(all, t.T(name))
			}
		}
		if len(all) > 0 {
			return strings.Join(all, ", ")
		}
	}
	if t.Has("kind." + kind) {
		return t.T("kind." + kind)
	}
	return t.T("kind.expression")
}

func (t *scene) measureOf(r rules.LastValue) measure {
	name := r.Quantity.String()
	if t.Has("quantity." + name) {
		name = t.T("quantity." + name)
	}
	if r.Channel != "" {
		name += " " + r.Channel
	}
	value := t.Measure(r.Value)
	switch {
	case r.Quantity.Definition().Form == telemetry.Flag:
		value = t.T("flag.no")
		if r.Value != 0 {
			value = t.T("flag.yes")
		}
	case r.Unit == "Cel":
		value = t.Degrees(r.Value) + " °C"
	case r.Unit != "" && r.Unit != "1":
		value += " " + strings.Replace(r.Unit, "ug/m3", "µg/m³", 1)
	}
	return measure{Name: name, Value: value, At: t.when(r.At)}
}

// taskRow is a duty.
type taskRow struct {
	Page           string // where it is logged
	Name, Place    string
	Chip           chip
	Done, Due, Why string
	Overdue        bool
}

func taskRows(sc *scene) []taskRow {
	rows := make([]taskRow, 0, len(sc.view.Tasks))
	for i := range sc.view.Tasks {
		t := &sc.view.Tasks[i]
		row := taskRow{
			Page: taskPath(sc.view.Site, t.ID), Name: t.Name, Place: sc.place(t.Place), Chip: sc.subjectChip(rules.SubjectTask, t.ID, t.Verdict, false), Done: sc.lastDone(t), Due: sc.nextDue(t),
			Overdue: t.Verdict == rules.Breached,
		}
		row.Why = sc.why(rules.SubjectTask, t.ID)
		rows = append(rows, row)
	}
	return rows
}

// why is the finding of the worst verdict about a subject that is not within; empty: all is well.
func (t *scene) why(kind rules.SubjectKind, id string) string {
	var found *rules.VerdictView
	for i := range t.view.Verdicts {
		w := &t.view.Verdicts[i]
		if w.Subject.Kind != kind || w.Subject.ID != id || w.Verdict == rules.Within {
			continue
		}
		if found == nil || rules.CompareVerdicts(w, found) < 0 {
			found = w
		}
	}
	if found == nil {
		return ""
	}
	return t.finding(found)
}

// place names where something is.
func (t *scene) place(p facility.Place) string {
	if p.ID == facility.Outside {
		return t.T("place.outside")
	}
	return t.subjectName(p.ID)
}

// doorRow is a passage today.
type doorRow struct {
	Name, Way                  string
	Chip                       chip
	In, Out, Screened, TooWarm string
	Last, Why                  string
	Warm                       bool
	Learned                    []learned
}

func doorRows(sc *scene) []doorRow {
	rows := make([]doorRow, 0, len(sc.view.Doors))
	for i := range sc.view.Doors {
		d := &sc.view.Doors[i]
		row := doorRow{
			Name: d.Name, Chip: sc.subjectChip(rules.SubjectDoor, d.ID, d.Verdict, false),
			Way: sc.place(facility.Place{ID: d.From}) + " → " + sc.place(facility.Place{ID: d.To}),
			In:  "–", Out: "–", Screened: "–", TooWarm: "–", Last: "–", Why: sc.why(rules.SubjectDoor, d.ID),
			Learned: learnedOf(sc, d),
		}
		if d.LastCount != 0 {
			row.In, row.Out, row.Last = sc.Number(d.InToday, 0), sc.Number(d.OutToday, 0), sc.ago(d.LastCount)
		}
		if screens(sc.view, d) {
			row.Screened, row.TooWarm, row.Warm = sc.Number(d.Screened, 0), sc.Number(d.TooWarm, 0), d.TooWarm > 0
		}
		rows = append(rows, row)
	}
	return rows
}

// deviceRow is a sensor or button.
type deviceRow struct {
	ID, Name, Place, Model string
	Chip                   chip
	Dead                   bool // it says nothing: it must not look alive
	Seen, Battery, Why     string
	BatteryLow             bool
	Values                 string
}

// batteryLow is the charge, in %, below which a battery is shown as a fault.
const batteryLow = 20

func deviceRows(sc *scene) []deviceRow {
	rows := make([]deviceRow, 0, len(sc.view.Devices))
	dead := sc.view.Unheard()
	for i := range sc.view.Devices {
		rows = append(rows, deviceRowOf(sc, &sc.view.Devices[i], dead))
	}
	// The ones that need a person come first; the rest keep their order.
	slices.SortStableFunc(rows, func(a, b deviceRow) int { return compareBool(b.Dead, a.Dead) })
	return rows
}

// deviceRowOf is a device; dead are those that are not heard.
func deviceRowOf(sc *scene, d *rules.DeviceView, dead []string) deviceRow {
	row := deviceRow{
		ID: d.ID, Name: cmp.Or(d.Name, d.ID), Place: sc.place(d.Place), Model: d.Model, Chip: sc.verdictChip(d.Verdict),
		Dead: slices.Contains(dead, d.ID), Seen: sc.ago(d.LastSeen), Battery: "–", Why: sc.why(rules.SubjectDevice, d.ID),
	}
	if row.Dead {
		row.Chip = chip{Class: row.Chip.Class + " dead", Icon: "dead", Word: sc.T("device.silent")}
		if d.LastSeen == 0 {
			row.Chip.Word = sc.T("device.never")
		} else if d.Verdict == rules.Breached && sc.reasonOf(d.ID) != rules.ReasonSilent {
			row.Chip.Word = sc.T("device.fault")
		}
	} else if d.Verdict == rules.Unknown {
		// It reports, and no rule says more: neither green nor a fault.
		row.Chip = chip{Class: "closed", Icon: "heard", Word: sc.T("device.heard")}
	}
	if sc.maintained(rules.SubjectDevice, d.ID) {
		row.Chip = chip{Class: "closed", Icon: "clock", Word: sc.T("maintenance.title")}
	}
	var values []string
	for _, r := range d.Readings {
		m := sc.measureOf(r)
		switch r.Quantity {
		case telemetry.Battery:
			row.Battery, row.BatteryLow = m.Value, r.Value < batteryLow
		case telemetry.BatteryVoltage:
			if row.Battery == "–" {
				row.Battery = m.Value
			}
		default:
			values = append(values, m.Name+" "+m.Value)
		}
	}
	row.Values = strings.Join(values, " · ")
	return row
}

func (t *scene) reasonOf(device string) rules.Reason {
	for i := range t.view.Verdicts {
		w := &t.view.Verdicts[i]
		if w.Subject.Kind == rules.SubjectDevice && w.Subject.ID == device && w.Verdict != rules.Within {
			return w.Explanation.Reason
		}
	}
	return ""
}

// checkRows are all verdicts, those that need a person first.
func checkRows(sc *scene) []finding {
	sorted := slices.Clone(sc.view.Verdicts)
	slices.SortStableFunc(sorted, func(a, b rules.VerdictView) int {
		return cmp.Compare(a.Rank(), b.Rank())
	})
	rows := make([]finding, 0, len(sorted))
	for i := range sorted {
		rows = append(rows, findingOf(sc, &sorted[i]))
	}
	return rows
}
