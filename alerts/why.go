package alerts

import (
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/rules"
)

// Why says what set a limit and how to compute it again; empty: nothing to say.
func (t *Texts) Why(lang, kind string, x *rules.Explanation) string {
	return t.why(&statement{lang: lang, kind: kind, explanation: x})
}

func (t *Texts) inBrackets(s *statement) string {
	if why := t.why(s); why != "" {
		return " (" + why + ")"
	}
	return ""
}

// why names what set the limit, with the numbers it was computed from.
func (t *Texts) why(s *statement) string {
	w, x := t.in(s.lang), s.explanation
	if s.brief {
		short := *x
		short.Inputs = nil
		return t.why(&statement{lang: s.lang, kind: s.kind, explanation: &short})
	}
	parts := []string{t.setBy(s)}
	if x.Share > 0 && x.Share < 1 {
		parts = append(parts, w.say("why.level", map[string]any{"Share": w.number(x.Share*100, 1) + " %"}))
	}
	if n, ok := input(x, rules.InputInRow); ok && s.kind != "expression" {
		of, _ := input(x, rules.InputReadings)
		parts = append(parts, w.say("why.in_row", map[string]any{"N": w.number(n.Value, 0), "Of": w.number(of.Value, 0)}))
	}
	if _, ok := input(x, rules.InputAmbientUnknown); ok {
		parts = append(parts, w.say("why.ambient_unknown", nil))
	}
	if _, ok := input(x, rules.InputByValue); ok {
		parts = append(parts, w.say("why.by_value", nil))
	}
	for _, name := range []string{rules.InputCounted, rules.InputOpened, rules.InputClosed} {
		if in, ok := input(x, name); ok {
			parts = append(parts, t.moment(s, name, in.Value))
		}
	}
	parts = append(parts, t.forecast(s)...)
	if in, ok := input(x, rules.InputGrace); ok {
		span := t.exactDuration(s.lang, time.Duration(in.Value*float64(time.Minute)))
		parts = append(parts, w.say("why.grace", map[string]any{"Span": span}))
	}
	if in, ok := input(x, rules.InputOccupied); ok {
		parts = append(parts, w.say("why.occupied", map[string]any{"Span": t.Duration(s.lang, floorSpan(time.Duration(in.Value*float64(time.Minute))))}))
	}
	kept := parts[:0]
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, ", ")
}

// setBy names the constraint, with its inputs where they are known.
func (t *Texts) setBy(s *statement) string {
	w, x := t.in(s.lang), s.explanation
	data := map[string]any{}
	var rooms []string
	for _, in := range x.Inputs {
		if in.Name == rules.InputZone {
			rooms = append(rooms, in.Text+" "+w.number(in.Value, 0))
			continue
		}
		data[in.Name] = t.measured(s.lang, in.Unit, in.Value, 0, digitsOf(in.Value))
		if span, ok := durations[in.Unit]; ok {
			data[in.Name] = t.exactDuration(s.lang, time.Duration(in.Value*float64(span)))
		}
		if in.Name == rules.InputRoom {
			data["Room"] = in.Text
		}
	}
	has := func(name string) bool { return data[name] != nil }
	switch {
	case has(rules.InputEnteredHigh):
		return w.say("why.coverage.inputs", data)
	case has(rules.InputOthers):
		return w.say("why.credibility.others", data)
	case has(rules.InputReadingsOfDay):
		return w.say("why.credibility.inputs", data)
	case len(rooms) > 0:
		data["rooms"] = strings.Join(rooms, " + ")
		return w.say("why.zones.inputs", data)
	case has(rules.InputTaken):
		return w.say("why.seats.taken", data)
	case has(rules.InputCame) && has(rules.InputStaff):
		return w.say("why.quota.staff", data)
	case has(rules.InputCame):
		return w.say("why.quota.inputs", data)
	case has(rules.InputStaff) && has(rules.InputTolerance):
		return w.say("why.after_hours.tolerance", data)
	case has(rules.InputStaff):
		return w.say("why.after_hours.inputs", data)
	case has(rules.InputRoom) && x.Constraint != "queue":
		return w.say("why.room.inputs", data)
	case has(rules.InputWorn):
		return w.say("why.masks.inputs", data)
	case has(rules.InputUses):
		return w.say("why.uses.inputs", data)
	case has(rules.InputSprayed):
		return w.say("why.vehicles.inputs", data)
	case has(rules.InputGeneration):
		return w.say("why.air.inputs", data)
	case has(rules.InputSeatPitch):
		return w.say("why.seats.spaced", data)
	case has(rules.InputSeats):
		return w.say("why.seats.all", data)
	case has(rules.InputArea) && has(rules.InputFixtures):
		return w.say("why.area.fixtures", data)
	case has(rules.InputArea):
		return w.say("why.area.inputs", data)
	case has(rules.InputDeclared):
		return w.say("why.declared.inputs", data)
	}
	return w.say("why."+x.Constraint, nil)
}

// forecast tells when the queue must close, and what that was found from.
func (t *Texts) forecast(s *statement) []string {
	w, x := t.in(s.lang), s.explanation
	if _, ok := input(x, rules.InputArrivals); !ok {
		return nil
	}
	var parts []string
	data := map[string]any{}
	for _, name := range []string{rules.InputLast, rules.InputFull} {
		if in, ok := input(x, name); ok {
			parts = append(parts, t.moment(s, name, -in.Value))
		}
	}
	for _, name := range []string{rules.InputLately, rules.InputService, rules.InputBeforeEnd} {
		if in, ok := input(x, name); ok {
			data[name] = t.exactDuration(s.lang, time.Duration(in.Value*float64(time.Minute)))
		}
	}
	for _, name := range []string{rules.InputArrivals, rules.InputRate, rules.InputLeft, rules.InputQuota} {
		if in, ok := input(x, name); ok {
			data[name] = w.number(in.Value, 0)
		}
	}
	parts = append(parts, w.say("why.arrivals", data))
	for _, name := range []string{rules.InputRate, rules.InputLeft, rules.InputService, rules.InputBeforeEnd} {
		if data[name] != nil {
			parts = append(parts, w.say("why."+name, data))
		}
	}
	return parts
}

// refusedLogs says which logs of a task are no evidence, and why: whoever wrote them must know, also in a hurry.
func (t *Texts) refusedLogs(s *statement) string {
	w, x := t.in(s.lang), s.explanation
	var all []string
	for _, in := range x.Inputs {
		if !strings.HasPrefix(in.Name, "log_") {
			continue
		}
		ago := time.Duration(in.Value * float64(time.Minute))
		data := map[string]any{"Because": w.say("why."+in.Name, nil), "Item": in.Text}
		if s.at != 0 {
			data["Time"] = t.Time(s.lang, s.at.Add(-ago), s.timezone)
		} else {
			data["Span"] = t.Duration(s.lang, floorSpan(ago))
		}
		all = append(all, w.say("text.refused", data))
		if s.brief {
			break // the newest
		}
	}
	return sentences(all...)
}

// moment tells a time by how long ago it was; in what is read later, by the clock.
func (t *Texts) moment(s *statement, name string, minutes float64) string {
	w, ago := t.in(s.lang), time.Duration(minutes*float64(time.Minute))
	if s.at != 0 {
		return w.say("why."+name+"_at", map[string]any{"Time": t.Time(s.lang, s.at.Add(-ago), s.timezone)})
	}
	if ago < 0 {
		return w.say("why."+name+"_in", map[string]any{"Span": t.Duration(s.lang, ago)})
	}
	return w.say("why."+name, map[string]any{"Span": t.Duration(s.lang, floorSpan(ago))})
}

// input finds an input by its name.
func input(x *rules.Explanation, name string) (rules.Input, bool) {
	for _, in := range x.Inputs {
		if in.Name == name {
			return in, true
		}
	}
	return rules.Input{}, false
}
