package alerts

import (
	"math"

	"github.com/gerbang-iot/gerbang/rules"
)

// demand is what a verdict means for the alert of its rule and subject.
type demand int8

const (
	// void: nothing is asked. An open alert resolves.
	void demand = iota
	// doubt: nobody knows. An open alert stays open and is marked; a new one is not opened.
	doubt
	// wanted: people must act. An alert is opened, or an open one is confirmed.
	wanted
)

// demandOf reads a verdict.
//
// A breach that can no longer be observed is not over: silence, a gap, an implausible sensor or an error bar over the limit
// leave it open until the rule says "within", or until the rule itself does not apply any more (closed, not in force,
// nothing due, no limit). A rule about devices is the other way round: there, not knowing is the fault.
func demandOf(class rules.Class, v rules.Verdict, reason rules.Reason) demand {
	switch v {
	case rules.Breached:
		return wanted
	case rules.Within:
		return void
	}
	switch reason {
	case rules.ReasonClosed, rules.ReasonNotInForce, rules.ReasonPending, rules.ReasonIdle, rules.ReasonNoLimit, rules.ReasonNoLevel:
		return void
	case rules.ReasonSilent, rules.ReasonImplausible, rules.ReasonGap, rules.ReasonNegative:
		if class == rules.ClassSensor {
			return wanted
		}
	}
	return doubt
}

// materialShare is the part of the limit (or of the value, where there is no limit) by which a value must move before
// people are told again; temperatures move by materialDegrees.
const (
	materialShare   = 0.1
	materialDegrees = 0.5
)

// moved reports whether people should learn of the difference between two explanations of an open alert.
func moved(old, now *rules.Explanation) bool {
	// Which of several sensors is the worst is no news by itself.
	if old.Reason != now.Reason || now.Reason != "" && old.Detail != now.Detail || old.Constraint != now.Constraint ||
		old.HasValue != now.HasValue || old.HasLimit != now.HasLimit || old.Limit != now.Limit || old.Unit != now.Unit {
		return true
	}
	if !now.HasValue {
		return false
	}
	// That time passes is no news: whoever knows since when knows how long.
	if _, span := durations[now.Unit]; span {
		return false
	}
	step := materialShare * math.Abs(old.Value)
	if now.HasLimit {
		step = materialShare * math.Abs(now.Limit)
	}
	if now.Unit == "Cel" {
		step = materialDegrees
	}
	d := math.Abs(now.Value - old.Value)
	return d > 0 && d >= step
}
