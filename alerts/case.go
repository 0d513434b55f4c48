package alerts

import (
	"time"

	"github.com/gerbang-iot/gerbang/rules"
)

// caseOf says of somebody who was too warm how far the second check has come; false: that is not what it is about.
func (t *Texts) caseOf(s *statement, data map[string]any) (string, bool) {
	w, x := t.in(s.lang), s.explanation
	due, ok := input(x, rules.InputRecheck)
	id := "text.case." + string(x.Reason)
	if s.kind != "temperature" || !ok || !w.has[id] {
		return "", false
	}
	data["When"] = t.recheck(s, time.Duration(due.Value*float64(time.Minute)))
	if second, ok := input(x, rules.InputSecond); ok {
		data["Second"] = t.quantity(s.lang, s.kind, second.Unit, second.Value, 0)
	}
	more := ""
	if n, ok := input(x, rules.InputCases); ok && n.Value > 1 {
		more = w.say("text.case.more", map[string]any{"N": w.number(n.Value, 0)})
	}
	return sentences(w.say(id, data), more), true
}

// recheck says when the second check is due, or was: by the clock, or where nobody knows what the clock shows by how far away that is.
func (t *Texts) recheck(s *statement, ago time.Duration) string {
	w := t.in(s.lang)
	if s.at != 0 {
		return w.say("why.recheck_at", map[string]any{"Time": t.near(s.lang, s.at.Add(-ago), s.at, s.timezone)})
	}
	if ago < 0 {
		return w.say("why.recheck_in", map[string]any{"Span": t.Duration(s.lang, ago)})
	}
	return w.say("why.recheck", map[string]any{"Span": t.Duration(s.lang, floorSpan(ago))})
}
