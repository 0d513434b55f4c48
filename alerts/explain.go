package alerts

import (
	"slices"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Explain says in a language what an alert is about: a title that fits a phone's notification, a text of one or a few short
// sentences with value ± error, limit and what set it, and what to do (empty once it is over).
func (t *Texts) Explain(lang string, a *Alert) (title, text, todo string) {
	if a.Drill != nil {
		return t.explainDrill(lang, a)
	}
	s := statement{
		lang: lang, rule: a.Rule, kind: a.Kind, class: a.Class, verdict: rules.Breached, place: t.place(lang, a),
		explanation: &a.Explanation, unconfirmed: a.Unconfirmed, timezone: a.Timezone, advice: a.Advice, at: a.Updated,
		detail: a.Explanation.Detail, titles: a.Title,
		brief: true,
		near:  a.Unconfirmed != 0 && a.Explanation.Reason == rules.ReasonNear,
	}
	if s.detail == a.Subject.ID {
		s.detail = orID(a.SubjectName, s.detail)
	}
	if a.Class == rules.ClassService {
		return t.explainFault(&s, a)
	}
	title, todo = t.title(&s), t.todo(&s)
	switch {
	case a.Open() && a.Eased != nil:
		return t.in(lang).say("title.eased", map[string]any{"Title": title}), t.eased(&s, a), ""
	case a.Open():
		return title, sentences(t.text(&s), t.soFar(&s, a)), todo
	}
	return title, sentences(t.lasted(lang, a), t.course(&s, a)), ""
}

// ExplainVerdict says the same of a verdict that may or may not have raised an alert. advice are the rule's own words by
// language (rules.AdviceFor); nil: general ones.
func (t *Texts) ExplainVerdict(lang string, v *rules.VerdictView, advice map[string]string) (title, text, todo string) {
	s := statement{
		lang: lang, rule: v.Rule, kind: v.Kind, class: v.Class, verdict: v.Verdict, place: orID(v.SubjectName, v.Subject.ID),
		explanation: &v.Explanation, advice: advice, detail: v.Explanation.Detail, titles: v.Title, near: v.Near,
	}
	if s.detail == v.Subject.ID {
		s.detail = orID(v.SubjectName, s.detail)
	}
	return t.title(&s), t.text(&s), t.todo(&s)
}

// Moment is when and where a verdict is read: times of day can be told then.
type Moment struct {
	At       telemetry.Instant // of what is known
	Timezone string            // IANA name
	// Past: it is over. Whatever happened before it is told by the clock, never by how long ago it was.
	Past bool
}

// Finding is a verdict's text alone, as it is read at a moment; brief: without how to compute it again.
func (t *Texts) Finding(lang string, v *rules.VerdictView, m Moment, brief bool) string {
	s := statement{
		lang: lang, rule: v.Rule, kind: v.Kind, class: v.Class, verdict: v.Verdict, place: orID(v.SubjectName, v.Subject.ID),
		explanation: &v.Explanation, detail: v.Explanation.Detail, near: v.Near, brief: brief, row: brief, timezone: m.Timezone,
	}
	// Since when a device is silent, and when a second check is due, stays true while nobody writes the page anew; for how long does not.
	if m.Past || (v.Kind == "silence" || v.Kind == "temperature") && v.Verdict == rules.Breached {
		s.at, s.page = m.At, true
	}
	if s.detail == v.Subject.ID {
		s.detail = orID(v.SubjectName, s.detail)
	}
	return t.text(&s)
}

// statement is what is said of an alert or a verdict.
type statement struct {
	lang, rule, kind string
	class            rules.Class
	verdict          rules.Verdict
	place            string
	explanation      *rules.Explanation
	unconfirmed      telemetry.Instant
	timezone         string
	detail           string // the explanation's, by its name
	near             bool   // measured, and too close to the limit to tell
	// brief leaves out how to compute it again: whoever is to act at once finds that on the page.
	brief bool
	// row: it stands in a list, which has space for one short sentence.
	row bool
	// at is when the explanation was true; 0: it is now. A time span of then is told by when it began: a notification is
	// read later, and repeated.
	at telemetry.Instant
	// page: it is read there and now, so that a time of today needs no date.
	page   bool
	advice map[string]string
	titles map[string]string // the rule's own name, by language
}

// place is the subject, the zone it is in, and the site, each once.
func (t *Texts) place(lang string, a *Alert) string {
	subject, site := orID(a.SubjectName, a.Subject.ID), orID(a.SiteName, a.Site)
	switch {
	case a.Site == "":
		return t.in(lang).say("place.gateway", nil)
	case a.Subject.Kind == rules.SubjectSite:
		return site
	case a.Zone != "" && a.Subject.Kind != rules.SubjectZone && orID(a.ZoneName, a.Zone) != subject:
		subject += " (" + orID(a.ZoneName, a.Zone) + ")"
	}
	return subject + ", " + site
}

func (t *Texts) title(s *statement) string {
	w := t.in(s.lang)
	data := map[string]any{"Place": s.place, "Title": s.titles[w.lang], "Measure": w.measure(s.explanation)}
	if s.near && s.verdict == rules.Unknown {
		return w.say("title.near", data)
	}
	// A rule about devices calls silence by its name even where that leaves its verdict unknown.
	asks := rules.DemandOf(s.class, s.verdict, s.explanation.Reason)
	if s.verdict == rules.Breached {
		asks = rules.Wanted // whom it asks: one alert may stand for many
	}
	switch asks {
	case rules.Wanted:
		switch {
		case s.titles[w.lang] != "":
			return w.say("title.named", data)
		case s.kind == "expression" && data["Measure"] != "":
			return w.say("title.measure", data)
		}
		return w.first(data, "title."+s.kind, "title.class."+string(s.class))
	case rules.Doubtful:
		return w.say("title.unknown", data)
	}
	if s.verdict == rules.Unknown {
		return w.say("title.unknown", data)
	}
	return w.say("title.within", data)
}

// text is the value against the limit, then why it is not known or no longer known.
func (t *Texts) text(s *statement) string {
	w, x := t.in(s.lang), s.explanation
	data := map[string]any{"Detail": orID(s.detail, w.say("detail.device", nil))}
	if id := "text." + s.kind + "." + string(x.Reason); x.Reason != "" && w.has[id] {
		return w.say(id, data)
	}
	form := "none"
	switch {
	case x.HasValue && x.HasLimit:
		form = "value_limit"
	case x.HasValue:
		form = "value"
	case x.HasLimit:
		form = "limit"
	}
	if span, ok := durations[x.Unit]; ok && form == "value_limit" && s.at != 0 {
		form = "last_limit"
		last := s.at.Add(-time.Duration(x.Value * float64(span)))
		if data["Last"] = t.Time(s.lang, last, s.timezone); s.page {
			data["Last"] = t.near(s.lang, last, s.at, s.timezone)
		}
	}
	data["Value"], data["Limit"] = t.value(s.lang, s.kind, x), t.limit(s.lang, s.kind, x)
	data["Why"], data["Interval"] = t.inBrackets(s), t.bare(s)
	if promised, ok := input(x, rules.InputInterval); ok {
		data["Promised"] = t.exactDuration(s.lang, time.Duration(promised.Value*float64(time.Minute)))
	}
	t.aboutDevice(s, data)
	base := ""
	switch lost := s.lost(); {
	case s.near && form == "value_limit":
		ids := []string{"text.near." + s.kind, "text.near"}
		if s.row {
			ids = slices.Insert(ids, 0, "row.near."+s.kind)
		}
		base = w.first(data, ids...)
	case lost && s.unconfirmed != 0 && form == "value_limit":
		base = w.say("text.last_known", data) // the time follows
	case lost && x.HasLimit:
		base = w.first(data, t.forms(s, "limit")...)
	case lost:
		form = "none"
	default:
		base = w.first(data, t.forms(s, form)...)
	}
	reason := ""
	if x.Reason != "" && !s.near {
		reason = t.reason(s, data)
	}
	// "Nothing was measured" adds nothing to a reason.
	if form == "none" && reason != "" {
		base = ""
	}
	if s.kind == "silence" && x.Reason == rules.ReasonSilent && x.HasValue {
		reason = ""
	}
	return sentences(base, t.sensor(s, data), t.lasting(s), t.done(s, data), t.doubt(s), reason, t.missing(s, data), t.refusedLogs(s), t.condition(s))
}

// lost reports whether nobody knows any more, or yet, how many people there are: the number was true once, if ever, and is not said
// as if people were there. A breach that is certain all the same is one by a number.
func (s *statement) lost() bool {
	x := s.explanation
	if s.near || !x.HasValue || !countsPeople(s.kind) || x.Unit != "1" && x.Unit != "" || s.verdict == rules.Breached && s.unconfirmed == 0 {
		return false
	}
	switch x.Reason {
	case rules.ReasonNoData, rules.ReasonSilent, rules.ReasonGap, rules.ReasonUnlistened, rules.ReasonUncounted:
		return true
	}
	return false
}

// forms lists the messages for a form from the special to the general: what set the limit, the unit (a distance is no
// number of people), the kind, and for a duty the class. Each says first how the value must stand to the limit.
func (t *Texts) forms(s *statement, form string) []string {
	x, kind := s.explanation, "text."+s.kind+"."
	var ids []string
	if s.row {
		ids = append(ids, "row."+s.kind+"."+x.Constraint)
	}
	if _, ok := input(x, rules.InputInterval); ok {
		ids = append(ids, kind+form+".promised")
	}
	ids = append(ids, kind+x.Constraint+"."+form, kind+x.Constraint, kind+x.Unit+"."+form)
	if x.Bound == rules.AtMost || s.kind != "expression" {
		ids = append(ids, kind+form)
	}
	if _, span := durations[x.Unit]; span && s.class == rules.ClassOverdue {
		ids = append(ids, "text.overdue."+form)
	}
	if x.Bound != rules.AtMost {
		ids = append(ids, "text."+form+"."+string(x.Bound))
	}
	if x.Unit == "1" || x.Unit == "" {
		ids = append(ids, "text.count."+form)
	}
	return append(ids, "text."+form, "text.value_limit")
}

// reason is why it is not known, or what is odd.
func (t *Texts) reason(s *statement, data map[string]any) string {
	w, x := t.in(s.lang), s.explanation
	if text, ok := t.caseOf(s, data); ok {
		return text
	}
	if low, ok := input(x, rules.InputPlausibleMin); ok && x.Reason == rules.ReasonImplausible {
		high, _ := input(x, rules.InputPlausibleMax)
		data["Low"], data["High"] = w.number(low.Value, 1), t.quantity(s.lang, s.kind, high.Unit, high.Value, 0)
		return w.say("reason.implausible.window", data)
	}
	// What has a value has data: it is the time, or the row of readings, that is not full since anything is known.
	if x.Reason == rules.ReasonNoData && x.HasValue && s.kind == "expression" {
		if over, ok := input(x, rules.InputOver); ok {
			span := t.exactDuration(s.lang, time.Duration(over.Value*float64(time.Minute)))
			return w.say("reason.no_data.over", map[string]any{"Over": span})
		}
		if of, ok := input(x, rules.InputReadings); ok {
			return w.say("reason.no_data.readings", map[string]any{"Of": w.number(of.Value, 0)})
		}
	}
	if id := "reason." + s.kind + "." + string(x.Reason); w.has[id] {
		return w.say(id, data)
	}
	return w.say("reason."+string(x.Reason), data)
}

// done says of a duty at a fixed time when it was last done: that is no part of its own sentence.
func (t *Texts) done(s *statement, data map[string]any) string {
	x, w := s.explanation, t.in(s.lang)
	if s.kind != "disinfection" || x.Constraint == "every" || x.Constraint == "after_people" || x.Constraint == "" || !x.HasLimit {
		return ""
	}
	switch {
	case !x.HasValue:
		return w.say("text.never_done", data)
	case data["Last"] != nil:
		return w.say("text.last_done_at", data)
	}
	return w.say("text.last_done", data)
}

// doubt says since when nobody can tell, or since when it is too close to tell.
func (t *Texts) doubt(s *statement) string {
	if s.unconfirmed == 0 {
		return ""
	}
	id := "text.unconfirmed"
	if s.near {
		id = "text.unconfirmed_near"
	}
	return t.in(s.lang).say(id, map[string]any{"Time": t.Time(s.lang, s.unconfirmed, s.timezone)})
}

// sensor names the sensor that decided an expression about several.
func (t *Texts) sensor(s *statement, data map[string]any) string {
	if x := s.explanation; s.kind != "expression" || x.Detail == "" || x.Reason != "" && x.Reason != rules.ReasonNear || s.brief {
		return ""
	}
	return t.in(s.lang).say("text.sensor", data)
}

// lasting says how long, or how often in a row, a norm allows what it forbids, and how much of that is over.
func (t *Texts) lasting(s *statement) string {
	if s.kind != "expression" {
		return ""
	}
	w, x := t.in(s.lang), s.explanation
	over, timed := input(x, rules.InputOver)
	lasted, lasts := input(x, rules.InputLasted)
	row, some := input(x, rules.InputInRow)
	span := func(in rules.Input) string {
		return t.Duration(s.lang, floorSpan(time.Duration(in.Value*float64(time.Minute))))
	}
	switch {
	case timed && lasts:
		return w.say("text.lasts", map[string]any{"Over": span(over), "Lasted": span(lasted)})
	case some:
		of, _ := input(x, rules.InputReadings)
		return w.say("text.in_row", map[string]any{"N": w.number(row.Value, 0), "Of": w.number(of.Value, 0)})
	case timed && !s.brief:
		return w.say("text.over", map[string]any{"Over": span(over)})
	}
	return ""
}

// missing lists what a duty still lacks.
func (t *Texts) missing(s *statement, data map[string]any) string {
	if s.class != rules.ClassOverdue || s.explanation.Detail == "" || s.explanation.Reason == rules.ReasonExpression ||
		s.explanation.Reason == rules.ReasonNoData || s.explanation.Reason == rules.ReasonSilent || s.kind == "expression" {
		return ""
	}
	return t.in(s.lang).say("text.items", data)
}

// todo is the rule's advice; nothing where nothing is asked.
func (t *Texts) todo(s *statement) string {
	w := t.in(s.lang)
	switch {
	case s.near:
		if s.unconfirmed == 0 {
			return ""
		}
		if !s.explanation.HasRange { // nobody counts degrees
			return w.say("todo.near_value", nil)
		}
		return w.say("todo.near", nil)
	case s.unconfirmed != 0 && s.class == rules.ClassBreach:
		return w.say("todo.unconfirmed", nil)
	case rules.DemandOf(s.class, s.verdict, s.explanation.Reason) != rules.Wanted:
		return ""
	}
	if id := "todo." + s.kind + "." + string(s.explanation.Reason); s.kind == "temperature" && w.has[id] {
		return w.say(id, nil) // the rule's own words are about the first check
	}
	for lang, advice := range s.advice {
		if advice != "" && t.in(lang) == w {
			return advice
		}
	}
	return w.first(nil, "todo."+s.kind, "todo.class."+string(s.class))
}

func (t *Texts) explainFault(s *statement, a *Alert) (title, text, todo string) {
	w := t.in(s.lang)
	data := map[string]any{"Place": s.place, "Rule": a.Rule, "Detail": a.Explanation.Detail}
	name := "fault." + string(FaultName(a.Rule).known())
	title, text = w.say(name+".title", data), w.say(name+".text", data)
	if !a.Open() {
		return title, t.lasted(s.lang, a), ""
	}
	return title, text, w.say(name+".todo", data)
}

func (t *Texts) lasted(lang string, a *Alert) string {
	return t.in(lang).say("text.lasted", map[string]any{
		"Time": t.Time(lang, a.Resolved, a.Timezone), "Lasted": t.Duration(lang, a.Resolved.Sub(a.Opened))})
}

func sentences(parts ...string) string {
	out := make([]string, 0, len(parts))
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, " ")
}
