package alerts

import (
	"cmp"
	"math"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// aboutDoors adds what sentences about doors that do not add up are made of.
func (t *Texts) aboutDoors(s *statement, data map[string]any) {
	w, x := t.in(s.lang), s.explanation
	number := func(v float64, digits int) string { return w.number(math.Abs(v), digits) }
	var doors, proposed []string
	bias := make(map[string]float64)
	for _, in := range x.Inputs {
		switch in.Name {
		case rules.InputSuspect:
			doors = append(doors, in.Text)
		case rules.InputDoorBias:
			bias[in.Text] = in.Value
		case rules.InputProposedAccuracy:
			id, of := "text.conservation_accuracy", map[string]any{"Counter": in.Text, "Accuracy": w.number(in.Value, 1)}
			if b, ok := bias[in.Text]; ok {
				if id = "text.conservation_in"; b < 0 {
					id = "text.conservation_out"
				}
				of["Bias"] = number(b, 2)
			}
			proposed = append(proposed, w.say(id, of))
		}
	}
	data["Doors"], data["Proposed"] = strings.Join(doors, ", "), strings.Join(proposed, "; ")
	missing, ok := input(x, rules.InputUnexplained)
	if !ok {
		return
	}
	perDay, _ := input(x, rules.InputPerDay)
	since, _ := input(x, rules.InputSince)
	passages, _ := input(x, rules.InputPassages)
	closings, _ := input(x, rules.InputClosings)
	id := "text.conservation_more_out"
	if missing.Value < 0 {
		id = "text.conservation_more_in"
	}
	data["Balance"] = w.say(id, map[string]any{"N": number(missing.Value, 0), "PerDay": number(perDay.Value, 1)})
	data["Since"] = t.Time(s.lang, telemetry.Instant(since.Value*float64(time.Second)), s.timezone)
	data["Passages"], data["Closings"] = w.number(passages.Value, 0), w.number(closings.Value, 0)
	data["Room"] = cmp.Or(missing.Text, w.say("text.conservation_building", nil))
}

// aboutDirection adds what sentences about counters that take in for out are made of.
func (t *Texts) aboutDirection(s *statement, data map[string]any) {
	w, x := t.in(s.lang), s.explanation
	var doors []string
	for _, in := range x.Inputs {
		if in.Name == rules.InputSuspect {
			doors = append(doors, in.Text)
		}
	}
	since, _ := input(x, rules.InputSince)
	passages, _ := input(x, rules.InputPassages)
	data["Doors"], data["Since"] = strings.Join(doors, ", "), t.Time(s.lang, telemetry.Instant(since.Value*float64(time.Second)), s.timezone)
	data["Room"] = cmp.Or(passages.Text, w.say("text.conservation_building", nil))
	data["Surplus"] = w.say("text.direction_since", data)
}
