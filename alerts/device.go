package alerts

import (
	"time"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// aboutDevice adds what sentences about the health of a device are made of: counts and time spans of the explanation's inputs.
func (t *Texts) aboutDevice(s *statement, data map[string]any) {
	w, x := t.in(s.lang), s.explanation
	number := func(name string) string {
		in, _ := input(x, name)
		return w.number(in.Value, 0)
	}
	span := func(minutes float64) string {
		return t.exactDuration(s.lang, time.Duration(minutes*float64(time.Minute)))
	}
	switch s.kind {
	case "clock", "dead_counter", "lost", "rejected":
		window, _ := input(x, rules.InputWindow)
		data["Window"], data["Messages"], data["Bad"] = span(window.Value), number(rules.InputMessages), number(rules.InputBad)
		data["Expected"], data["Elsewhere"], data["Off"] = number(rules.InputExpected), number(rules.InputElsewhere), ""
		if off, ok := input(x, rules.InputClockOff); ok {
			of := map[string]any{"Span": t.Duration(s.lang, time.Duration(max(off.Value, -off.Value)*float64(time.Minute)))}
			if data["Off"] = w.say("text.clock_ahead", of); off.Value < 0 {
				data["Off"] = w.say("text.clock_behind", of)
			}
		}
	case "frozen":
		data["Sensor"] = ""
		for _, in := range x.Inputs {
			if q, err := telemetry.ParseQuantity(in.Name); err == nil {
				of := map[string]any{"Value": t.quantity(s.lang, s.kind, in.Unit, in.Value, 0), "Measure": w.variable(q.String())}
				data["Sensor"] = " " + w.say("text.frozen_at", of)
			}
		}
	case "conservation":
		t.aboutDoors(s, data)
	case "direction":
		t.aboutDirection(s, data)
	case "outage":
		data["Of"] = number(rules.InputBehind)
	}
}
