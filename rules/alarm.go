package rules

import (
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Demand is what a verdict asks of people.
type Demand int8

// The demands.
const (
	// Void: nothing is asked. An open alert may close.
	Void Demand = iota
	// Doubtful: nobody knows. An open alert stays open and is marked; a new one is not opened.
	Doubtful
	// Wanted: people must act.
	Wanted
)

// DemandOf reads a verdict.
//
// A breach that can no longer be observed is not over: silence, a gap, an implausible sensor or an interval over the limit
// leave it open until the rule says "within", or until the rule itself does not apply any more (closed, not in force,
// nothing due, no limit). A rule about devices is the other way round: there, not knowing is the fault.
func DemandOf(class Class, v Verdict, reason Reason) Demand {
	switch v {
	case Breached:
		if reason == ReasonParent {
			return Void // one alert names what it hangs on
		}
		return Wanted
	case Within:
		return Void
	}
	switch reason {
	case ReasonClosed, ReasonNotInForce, ReasonPending, ReasonIdle, ReasonFew, ReasonNoLimit:
		return Void
	case ReasonSilent, ReasonImplausible, ReasonGap, ReasonNegative:
		if class == ClassSensor {
			return Wanted
		}
	}
	return Doubtful
}

// alarm is what a verdict asks of people, shaped by the rule's For and KeepFiring.
type alarm struct {
	phase Phase
	doubt bool              // Firing only: nobody can tell any more
	since telemetry.Instant // of the phase; Pending: since when people are wanted
	// clear is since when nothing is asked while it fires: KeepFiring holds it. 0: it is asked.
	clear telemetry.Instant
}

// step is the alarm at t under a demand, and when it changes if the demand stays.
//
// While it is pending, doubt neither confirms nor ends it: For goes on, and it fires when people are wanted again. While it
// fires, doubt begins KeepFiring anew.
func (a alarm) step(t telemetry.Instant, d Demand, r *Rule) (alarm, telemetry.Instant) {
	if a.phase != Firing {
		switch d {
		case Void:
			if a.phase == Pending {
				return alarm{since: t}, telemetry.Never
			}
			return a, telemetry.Never
		case Doubtful:
			return a, telemetry.Never
		}
		if a.phase == Quiet {
			a = alarm{phase: Pending, since: t}
		}
		var wait time.Duration
		if r != nil {
			wait = r.For
		}
		if due := a.since.Add(wait); t < due {
			return a, due
		}
		return alarm{phase: Firing, since: t}, telemetry.Never
	}
	a.doubt = d == Doubtful
	if d != Void {
		a.clear = 0
		return a, telemetry.Never
	}
	if a.clear == 0 {
		a.clear = t
	}
	if r != nil && r.KeepFiring > 0 {
		if due := a.clear.Add(r.KeepFiring); t < due {
			return a, due
		}
	}
	return alarm{since: t}, telemetry.Never
}

// told is what the outside knows of an alarm.
type told struct {
	firing, doubt bool
	at            telemetry.Instant
	// A state that late data made is not told before it stood for the lateness bound: held is when it may be, and heldFrom
	// when that began. 0: nothing is held.
	held, heldFrom telemetry.Instant
}

// holdMost bounds how long a stream of late records can hold an alarm back: a device whose clock is always behind is heard
// all the same.
const holdMost = 5

// sound tells the outside how the alarm of an instance changed; path are its new states. What was told already is not told
// again, and late data opens nothing by itself: what it makes of the present is told once it has stood for the lateness bound.
func (e *Engine) sound(i *instance, path []change) {
	if len(path) == 0 && i.told.heldFrom == 0 && i.present().alarm.phase != Firing && !i.told.firing {
		return
	}
	for k := range path {
		if c := &path[k]; !e.late && c.at > i.told.at && i.told.held <= e.clock {
			e.say(i, c.at, &c.alarm)
		}
	}
	now := i.present().alarm
	opens := now.phase == Firing && !i.told.firing
	switch {
	case !opens:
		i.told.held, i.told.heldFrom = 0, 0
	case e.late:
		if i.told.heldFrom == 0 {
			i.told.heldFrom = e.clock
		}
		i.told.held = min(e.clock.Add(e.plan.late), i.told.heldFrom.Add(holdMost*e.plan.late))
	}
	if i.told.held > e.clock {
		e.queue.set(i.slot, min(i.told.held, e.queue.at[i.slot]))
		return
	}
	i.told.held, i.told.heldFrom = 0, 0
	e.say(i, e.clock, &now)
}

// say emits an alarm if it is another than the outside knows.
func (e *Engine) say(i *instance, at telemetry.Instant, a *alarm) {
	firing := a.phase == Firing
	if firing == i.told.firing && (a.doubt == i.told.doubt || !firing) {
		return
	}
	i.told.firing, i.told.doubt, i.told.at = firing, firing && a.doubt, max(at, i.told.at)
	if e.out == nil {
		return
	}
	era := i.eraOfRule(at)
	phase := Quiet
	if firing {
		phase = Firing
	}
	e.out.Alarms = append(e.out.Alarms, Alarm{
		Site: e.site, Rule: i.rule, Kind: era.rule.Kind, Class: era.class, Subject: i.subject, Severity: era.rule.severity(),
		At: at, Phase: phase, Doubt: i.told.doubt, Explanation: i.explain(at), Record: e.record,
	})
}
