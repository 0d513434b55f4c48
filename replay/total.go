package replay

import (
	"cmp"
	"slices"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// runningTotal is the newest part of one counter's history, by time.
type runningTotal struct {
	recent []totalValue
	cut    bool // older values were forgotten
}

type totalValue struct {
	at    telemetry.Instant
	value float64
}

// totalKept is how many values of a counter may be overtaken by one that comes late.
const totalKept = 256

// insert puts a value in its place and returns by how much the sum of all increments grows. A value older than all that are
// kept changes nothing.
func (t *runningTotal) insert(at telemetry.Instant, value float64) (grown float64) {
	v := totalValue{at, value}
	i, _ := slices.BinarySearchFunc(t.recent, v, func(a, b totalValue) int { return cmp.Compare(a.at, b.at) })
	for i < len(t.recent) && t.recent[i].at == at {
		i++ // behind what came first
	}
	if i == 0 && t.cut {
		return 0
	}
	before, after := i > 0, i < len(t.recent)
	if before && after {
		grown -= step(t.recent[i-1].value, t.recent[i].value)
	}
	if before {
		grown += step(t.recent[i-1].value, value)
	}
	if after {
		grown += step(value, t.recent[i].value)
	}
	t.recent = slices.Insert(t.recent, i, v)
	if len(t.recent) > totalKept {
		t.recent, t.cut = slices.Delete(t.recent, 0, 1), true
	}
	return grown
}

// step is the increment from one value of a running total to the next.
func step(from, to float64) float64 {
	if to < from {
		return to
	}
	return to - from
}
