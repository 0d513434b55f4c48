package alerts

import (
	"slices"

	"github.com/gerbang-iot/gerbang/rules"
)

// keepWorst takes an explanation into Worst if its value is further on the wrong side of the limit. Only what confirms the
// alert may be given: the last value of a broken sensor is no worst.
func (a *Alert) keepWorst(x *rules.Explanation) {
	w := &a.Worst
	if !x.HasValue || w.HasValue && (w.Unit != x.Unit || !beyond(x, w)) {
		return
	}
	a.Worst = *x
	a.Worst.Evidence = slices.Clone(x.Evidence)
}

// beyond reports whether x is worse than y: the lower under a minimum, else the higher.
func beyond(x, y *rules.Explanation) bool {
	if x.Bound.Lower() {
		return x.Value < y.Value
	}
	return x.Value > y.Value
}
