package alerts

import "github.com/gerbang-iot/gerbang/rules"

// Past says what an alert that is over was about: what raised it, the worst, and how it ended, without the times.
func (t *Texts) Past(lang string, a *Alert) string {
	s := statement{
		lang: lang, rule: a.Rule, kind: a.Kind, class: a.Class, verdict: rules.Breached, explanation: &a.Explanation,
		timezone: a.Timezone, detail: a.Explanation.Detail, at: a.Updated,
	}
	if a.Class == rules.ClassService {
		_, text, _ := t.explainFault(&s, a)
		return text
	}
	return t.course(&s, a)
}

// course is an alert's life in values: what raised it, then the worst and the last where they differ.
func (t *Texts) course(s *statement, a *Alert) string {
	w := t.in(s.lang)
	raised := &a.Raised
	if !raised.HasValue && !raised.HasLimit && raised.Reason == "" {
		raised = &a.Explanation // from before it was kept
	}
	data := map[string]any{
		"Worst": t.alone(s, &a.Worst), "Last": t.alone(s, &a.Explanation),
		"Limit": t.limit(s.lang, a.Kind, raised),
	}
	was := *raised
	if was.Reason == rules.ReasonOverdue {
		was.Reason = "" // it is done, or over in another way
	}
	first := *s
	first.explanation, first.detail, first.unconfirmed, first.near, first.at = &was, was.Detail, 0, false, a.Opened
	text := t.text(&first)
	if _, span := durations[raised.Unit]; span {
		if a.Worst.HasValue && raised.HasLimit && beyond(&a.Worst, raised) {
			text = sentences(text, w.say("text.course_span", data))
		}
		return text
	}
	if !raised.HasValue || !a.Explanation.HasValue || raised == &a.Explanation {
		return text
	}
	if data["Worst"] == t.alone(s, raised) || !a.Worst.HasValue {
		if data["Last"] == data["Worst"] {
			return text
		}
		return sentences(text, w.say("text.course_last", data))
	}
	return sentences(text, w.say("text.course", data))
}

// soFar is the worst value of an open alert where it is worse than the present one. A tenth of a degree is not.
func (t *Texts) soFar(s *statement, a *Alert) string {
	x := &a.Explanation
	if !a.Worst.HasValue || !x.HasValue || x.Unit != a.Worst.Unit || !beyond(&a.Worst, x) || t.alone(s, &a.Worst) == t.alone(s, x) ||
		x.Unit == "Cel" && a.Worst.Value-x.Value < materialDegrees-tolerance {
		return ""
	}
	return t.in(s.lang).say("text.so_far", map[string]any{"Worst": t.alone(s, &a.Worst)})
}

// tolerance forgives the last bit of a difference of decimal fractions.
const tolerance = 1e-9

// alone is a value without its error: that has been said with the first one.
func (t *Texts) alone(s *statement, x *rules.Explanation) string {
	y := *x
	if !y.HasRange && !countsPeople(s.kind) {
		y.Error = 0
	}
	return t.value(s.lang, s.kind, &y)
}
