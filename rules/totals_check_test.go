package rules

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// checkTotal holds a total to what it would be if its values were explained all at once, and what it told to that.
func checkTotal(t *testing.T, c *total, door doorway, tally map[telemetry.Instant][2]people) {
	t.Helper()
	whole := &total{cut: c.cut, thinAt: firstThin, points: append([]point(nil), c.points...)}
	for k := range whole.points {
		whole.points[k].kept = false
	}
	for k := range whole.points {
		whole.best(k, door)
	}
	whole.end = whole.last()
	whole.tell(0, len(whole.points), door, nil)
	if whole.end != c.end {
		t.Fatalf("the last believed point: got %d, want %d", c.end, whole.end)
	}
	for k := range c.points {
		got, want := c.points[k], whole.points[k]
		if got.faults != want.faults || got.back != want.back || got.kept != want.kept || got.count != want.count || got.doubt != want.doubt {
			t.Fatalf("point %d of %d: got %+v, want %+v", k, len(c.points), got, want)
		}
		if sum := tally[got.at]; sum != [2]people{got.count, got.doubt} {
			t.Fatalf("point %d: told %v, holds %v and %v", k, sum, got.count, got.doubt)
		}
	}
}

// What is told step by step is what all values together say.
func TestTotalsAreExplainedAsAWhole(t *testing.T) {
	seeds(t, 15, func(t *testing.T, rng *rand.Rand) {
		c, door := newTotal(inTotal, "", ""), doorway{DefaultPassages}
		tally := map[telemetry.Instant][2]people{}
		v, noise := 1000.0, rng.IntN(6)
		for i := range 400 {
			at := telemetry.Instant(i+1) * telemetry.Instant(time.Minute)
			v += float64(rng.IntN(1 + rng.IntN(4)))
			said := v
			switch rng.IntN(20 + 10*noise) {
			case 0:
				said = 0
			case 1:
				said = v + 5000
			case 2:
				v = 0
				said = 0
			case 3:
				v -= 20
				said = v
			case 4:
				said--
			case 5, 6, 7:
				at -= telemetry.Instant(rng.IntN(300)) * telemetry.Instant(time.Minute)
				at = max(at, 1)
			}
			flows, _ := c.record(at, max(0, said), door, nil)
			for _, f := range flows {
				sum := tally[f.at]
				tally[f.at] = [2]people{sum[0] + f.count, sum[1] + f.doubt}
			}
			checkTotal(t, c, door, tally)
		}
	})
}
