package alerts

import (
	"math"

	"github.com/gerbang-iot/gerbang/rules"
)

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
