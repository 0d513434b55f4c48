package alerts

import (
	"slices"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// ease follows what the verdict behind an open alert says once it asks nothing any more. People are told at once, but of one alert
// not more often than once in UpdateInterval: a value that swings around its limit would be noise.
func (b *Book) ease(e *entry, v *rules.VerdictView, at telemetry.Instant, dst []Change) []Change {
	was := e.alert.Eased
	if was != nil && was.Since == v.Since && was.Ends == v.AlarmEnds && !moved(&was.Explanation, &v.Explanation) || at < e.easedDue() {
		return dst
	}
	x := v.Explanation
	x.Evidence = slices.Clone(x.Evidence)
	e.alert.Eased, e.easedAt = &Easing{Since: v.Since, Ends: v.AlarmEnds, Explanation: x}, at
	e.alert.Updated, b.stale = at, true
	return append(dst, e.change(Updated, at))
}

// press ends an easing: the rule is broken again.
func (b *Book) press(e *entry, at telemetry.Instant, dst []Change) []Change {
	if e.alert.Eased == nil {
		return dst
	}
	e.alert.Eased, e.easedAt = nil, at
	e.alert.Updated, b.stale = at, true
	return append(dst, e.change(Updated, at))
}

// easedDue is when people may be told again that the alert has eased.
func (e *entry) easedDue() telemetry.Instant {
	if e.easedAt == 0 {
		return 0
	}
	return e.easedAt.Add(UpdateInterval)
}

// eased says until when it was so and how bad, what is so now, and when the alert ends.
func (t *Texts) eased(s *statement, a *Alert) string {
	w := t.in(s.lang)
	now := *s
	now.verdict, now.explanation, now.detail, now.near, now.at = rules.Within, &a.Eased.Explanation, s.named(a, a.Eased.Explanation.Detail), false, 0
	data := map[string]any{"Until": t.near(s.lang, a.Eased.Since, a.Updated, a.Timezone), "Now": t.text(&now)}
	was := "text.eased"
	if worst := &a.Worst; worst.HasValue {
		data["Worst"] = t.alone(s, worst)
		was = "text.eased_worst"
	}
	ends := w.say("text.eased_value", nil)
	if a.Eased.Ends != 0 {
		ends = w.say("text.eased_ends", map[string]any{"Time": t.near(s.lang, a.Eased.Ends, a.Updated, a.Timezone)})
	}
	return sentences(w.say(was, data), ends)
}

// named is a detail by its name.
func (s *statement) named(a *Alert, detail string) string {
	if detail == a.Subject.ID {
		return orID(a.SubjectName, detail)
	}
	return detail
}
