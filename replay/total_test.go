package replay

import (
	"math/rand/v2"
	"testing"

	"github.com/gerbang-iot/gerbang/telemetry"
	"github.com/gerbang-iot/gerbang/testengine"
)

// The sum of a counter that is reset now and then does not depend on the order in which its values arrive.
func TestRunningTotalInAnyOrder(t *testing.T) {
	seed := testengine.Seed(t)
	rng := rand.New(rand.NewPCG(seed, 0))
	values := make([]totalValue, 200)
	want, count := 0.0, 1000.0
	for i := range values {
		values[i] = totalValue{telemetry.Instant(i), count}
		passed := float64(rng.IntN(5))
		if i == len(values)-1 {
			break
		}
		// A reset after which as many or more have passed as before it cannot be told from values alone.
		if want += passed; rng.IntN(20) == 0 && passed < count {
			count = 0
		}
		count += passed
	}
	rng.Shuffle(len(values), func(i, j int) { values[i], values[j] = values[j], values[i] })
	var total runningTotal
	got := 0.0
	for _, v := range values {
		got += total.insert(v.at, v.value)
	}
	if got != want {
		t.Errorf("seed %d: got %v, want %v", seed, got, want)
	}
}
