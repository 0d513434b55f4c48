package rules

import (
	"github.com/gerbang-iot/gerbang/telemetry"
)

// While an alarm fires, what is worst of it is told with the record that shows it. Views come a few times a second at most, and a value
// that came and went between two of them would be in none.

// peaker is a judge whose finding shows one of several values that are wrong at once.
type peaker interface {
	// peak is the worst of them at t, and what it rests on; ok is false where there is none.
	peak(t telemetry.Instant) (value float64, on []Evidence, ok bool)
}

// peaks tells of each time at which an instance was found breached while its alarm fires whether its value is worse than it was just
// before: the worst value of all is at such a time, or at the alarm's beginning. was says that the alarm fired before these times were
// asked about. What comes late is no news of an alarm, and what grows because time passes is none either.
func (e *Engine) peaks(i *instance, times []telemetry.Instant, was bool) {
	if e.late || e.out == nil || !i.told.firing {
		return
	}
	since := i.present().alarm.since
	for _, t := range times {
		if t < since || !was && t <= i.told.at {
			continue
		}
		now, before := i.shown(t), i.shown(t-1)
		comparable := before.hasValue && before.unit == now.unit && now.on == nil // what one of several shows may have been shown by another
		if !now.hasValue || now.unit == "min" || comparable && now.value == before.value {
			continue
		}
		x := i.explain(t)
		x.Value = now.value
		if now.on != nil {
			x.Evidence = now.on
		}
		if comparable && (now.value < before.value) != x.Bound.Lower() {
			continue
		}
		e.out.Alarms = append(e.out.Alarms, Alarm{
			Site: e.site, Rule: i.rule, Kind: i.eraOfRule(t).rule.Kind, Class: i.eraOfRule(t).class, Subject: i.subject, Severity: i.eraOfRule(t).rule.severity(),
			At: t, Phase: Firing, Doubt: i.told.doubt, Worse: true, Explanation: x, Record: e.record,
		})
	}
}

// shownValue is the value of a finding.
type shownValue struct {
	value    float64
	unit     string
	hasValue bool
	on       []Evidence // nil: what the finding rests on
}

// shown is the value that is told of a time.
func (i *instance) shown(t telemetry.Instant) shownValue {
	f, _ := i.ask(t, Within)
	v := shownValue{value: f.value, unit: f.unit, hasValue: f.hasValue}
	if era, _ := i.eraAt(t); f.hasValue && f.verdict == Breached {
		if p, ok := era.judge.(peaker); ok {
			if value, on, ok := p.peak(t); ok {
				v.value, v.on = value, on
			}
		}
	}
	return v
}
