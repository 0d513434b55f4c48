package alerts

import (
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Explain says in a language what an alert is about: a title that fits a phone's notification, a text of one or a few short
// sentences with value ± error, limit and what set it, and what to do (empty once it is over).
func (t *Texts) Explain(lang string, a *Alert) (title, text, todo string) {
	s := statement{
		lang: lang, rule: a.Rule, kind: a.Kind, class: a.Class, verdict: rules.Breached, place: t.place(lang, a),
		explanation: &a.Explanation, unconfirmed: a.Unconfirmed, timezone: a.Timezone, advice: a.Advice, at: a.Updated,
		detail: a.Explanation.Detail,
	}
	if s.detail == a.Subject.ID {
		s.detail = orID(a.SubjectName, s.detail)
	}
	if a.Class == rules.ClassService {
		return t.explainFault(&s, a)
	}
	title, todo = t.title(&s), t.todo(&s)
	if a.Open() {
		return title, t.text(&s), todo
	}
	if _, span := durations[s.explanation.Unit]; span {
		return title, t.lasted(lang, a), "" // how long it has not been done is over
	}
	return title, sentences(t.lasted(lang, a), t.text(&s)), ""
}

// ExplainVerdict says the same of a verdict that may or may not have raised an alert. advice are the rule's own words by
// language (rules.AdviceFor); nil: general ones.
func (t *Texts) ExplainVerdict(lang string, v *rules.VerdictView, advice map[string]string) (title, text, todo string) {
	s := statement{
		lang: lang, rule: v.Rule, kind: v.Kind, class: v.Class, verdict: v.Verdict, place: orID(v.SubjectName, v.Subject.ID),
		explanation: &v.Explanation, advice: advice, detail: v.Explanation.Detail,
	}
	if s.detail == v.Subject.ID {
		s.detail = orID(v.SubjectName, s.detail)
	}
	return t.title(&s), t.text(&s), t.todo(&s)
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
	// at is when the explanation was true; 0: it is now. A time span of then is told by when it began: a notification is
	// read later, and repeated.
	at     telemetry.Instant
	advice map[string]string
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
	data := map[string]any{"Place": s.place, "Rule": s.rule}
	// A rule about devices calls silence by its name even where that leaves its verdict unknown.
	switch demandOf(s.class, s.verdict, s.explanation.Reason) {
	case wanted:
		return w.first(data, "title."+s.kind, "title.class."+string(s.class))
	case doubt:
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
		data["Last"] = t.Time(s.lang, s.at.Add(-time.Duration(x.Value*float64(span))), s.timezone)
	}
	data["Value"] = t.quantity(s.lang, s.kind, x.Unit, x.Value, x.Error)
	data["Limit"] = t.quantity(s.lang, s.kind, x.Unit, x.Limit, 0)
	data["Why"] = w.why(x)
	base := w.first(data, t.forms(s, form)...)
	reason := ""
	if x.Reason != "" {
		reason = w.say("reason."+string(x.Reason), data)
	}
	// "Nothing was measured" adds nothing to a reason.
	if form == "none" && reason != "" {
		base = ""
	}
	if s.kind == "silence" && x.Reason == rules.ReasonSilent && x.HasValue {
		reason = ""
	}
	doubt := ""
	if s.unconfirmed != 0 {
		doubt = w.say("text.unconfirmed", map[string]any{"Time": t.Time(s.lang, s.unconfirmed, s.timezone)})
	}
	items := ""
	switch {
	case s.kind == "expression" && x.Detail != "" && (x.Reason == "" || x.Reason == rules.ReasonNear):
		items = w.say("text.sensor", data)
	case s.class == rules.ClassOverdue && x.Detail != "":
		items = w.say("text.items", data)
	}
	over := ""
	for _, in := range x.Inputs {
		if in.Name == "over" {
			over = w.say("text.over", map[string]any{"Over": t.Duration(s.lang, time.Duration(in.Value*float64(time.Minute)))})
		}
	}
	return sentences(base, over, doubt, reason, items)
}

// forms lists the messages for a form from the special to the general: what set the limit, the unit (a distance is no
// number of people), the kind, and for a duty the class.
func (t *Texts) forms(s *statement, form string) []string {
	x, kind := s.explanation, "text."+s.kind+"."
	ids := []string{kind + x.Constraint + "." + form, kind + x.Constraint, kind + x.Unit + "." + form, kind + form}
	if _, span := durations[x.Unit]; span && s.class == rules.ClassOverdue {
		ids = append(ids, "text.overdue."+form)
	}
	return append(ids, "text."+form, "text.value_limit")
}

// why names what set the limit, in brackets behind it.
func (w *words) why(x *rules.Explanation) string {
	var parts []string
	if s := w.say("why."+x.Constraint, nil); s != "" {
		parts = append(parts, s)
	}
	if x.Share > 0 && x.Share < 1 {
		parts = append(parts, w.say("why.level", map[string]any{"Share": w.number(x.Share*100, 0) + " %"}))
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

// todo is the rule's advice; nothing where nothing is asked.
func (t *Texts) todo(s *statement) string {
	w := t.in(s.lang)
	switch {
	case s.unconfirmed != 0 && s.class == rules.ClassBreach:
		return w.say("todo.unconfirmed", nil)
	case demandOf(s.class, s.verdict, s.explanation.Reason) != wanted:
		return ""
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
