package telemetry

import (
	"math"
	"testing"
	"time"
)

// A time that nobody can have measured at is the nearest that can be said, not one of another century.
func TestInstantsAtTheEndsOfTime(t *testing.T) {
	year := func(y int) time.Time { return time.Date(y, 6, 1, 0, 0, 0, 0, time.UTC) }
	var was Instant = math.MinInt64
	for _, y := range []int{-5000, 1, 1600, 1678, 1969, 1971, 2026, 2261, 2263, 9999, 200_000} {
		is := InstantOf(year(y))
		if is < was {
			t.Errorf("the year %d is earlier than the one before", y)
		}
		if was = is; y >= 1678 && y <= 2261 && !is.Time().Equal(year(y)) {
			t.Errorf("the year %d became %v", y, is.Time())
		}
	}
}
