package rules

import "testing"

func TestIntervalsAreWholePeople(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ persons, err, low, high float64 }{
		{42, 3, 39, 45}, {42, 2.5, 40, 44}, {12.5, 2, 11, 14}, {2, 3.9, 0, 5}, {0, 0, 0, 0}, {7.4, 0, 7, 7}, {7.6, 0.2, 8, 8}, {-0.4, 0.2, 0, 0},
	} {
		if low, high := Interval(tt.persons, tt.err); low != tt.low || high != tt.high {
			t.Errorf("%v ± %v: got %v–%v, want %v–%v", tt.persons, tt.err, low, high, tt.low, tt.high)
		}
	}
}
