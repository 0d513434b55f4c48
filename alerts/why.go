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

// reckoning is a sentence about how a limit or a value was computed, and the inputs that it is made of.
type reckoning struct {
	message string
	inputs  []string
	not     string // a constraint whose inputs are told otherwise
}

// reckonings are tried in this order: the first of which all inputs are there is said. Where none is, the constraint's own words are
// ("why." and its name), which need no numbers.
var reckonings = []reckoning{
	{message: "why.coverage.inputs", inputs: []string{rules.InputEnteredHigh}},
	{message: "why.credibility.others", inputs: []string{rules.InputOthers}},
	{message: "why.credibility.inputs", inputs: []string{rules.InputReadingsOfDay}},
	{message: "why.zones.inputs", inputs: []string{rules.InputZone}},
	{message: "why.seats.taken", inputs: []string{rules.InputTaken}},
	{message: "why.quota.staff", inputs: []string{rules.InputCame, rules.InputStaff}},
	{message: "why.quota.inputs", inputs: []string{rules.InputCame}},
	{message: "why.after_hours.tolerance", inputs: []string{rules.InputStaff, rules.InputTolerance}},
	{message: "why.after_hours.inputs", inputs: []string{rules.InputStaff}},
	{message: "why.room.inputs", inputs: []string{rules.InputRoom}, not: "queue"},
	{message: "why.masks.inputs", inputs: []string{rules.InputWorn}},
	{message: "why.uses.inputs", inputs: []string{rules.InputUses}},
	{message: "why.vehicles.inputs", inputs: []string{rules.InputSprayed}},
	{message: "why.air.inputs", inputs: []string{rules.InputGeneration}},
	{message: "why.seats.spaced", inputs: []string{rules.InputSeatPitch}},
	{message: "why.seats.all", inputs: []string{rules.InputSeats}},
	{message: "why.area.fixtures", inputs: []string{rules.InputArea, rules.InputFixtures}},
	{message: "why.area.inputs", inputs: []string{rules.InputArea}},
	{message: "why.declared.inputs", inputs: []string{rules.InputDeclared}},
}

// fits reports whether the sentence can be said of a constraint with these inputs.
func (r *reckoning) fits(constraint string, inputs map[string]any) bool {
	for _, name := range r.inputs {
		if inputs[name] == nil {
			return false
		}
	}
	return r.not == "" || r.not != constraint
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
	if len(rooms) > 0 {
		data[rules.InputZone], data["rooms"] = len(rooms), strings.Join(rooms, " + ")
	}
	for i := range reckonings {
		if r := &reckonings[i]; r.fits(x.Constraint, data) {
			return w.say(r.message, data)
		}
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
