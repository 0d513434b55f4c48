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

// The total of all buildings was 187 (175 to 199) while one of them alone was 13 (11 to 32).
func TestTotalOfBuildings(t *testing.T) {
	e := func(persons, low, high, raw float64) Estimate {
		return Estimate{Known: true, Measured: true, Persons: persons, Low: low, High: high, Raw: raw}
	}
	for _, tc := range []struct {
		name               string
		all                []Estimate
		persons, low, high float64
	}{
		{"one that is not even", []Estimate{e(13, 11, 32, 13)}, 13, 11, 32},
		{"each side for itself", []Estimate{e(13, 11, 32, 13), e(20, 17, 24, 20)}, 33, 29, 52},
		{"ten that are even", []Estimate{e(30, 27, 33, 30), e(30, 27, 33, 30), e(30, 27, 33, 30), e(30, 27, 33, 30)}, 120, 114, 126},
		{"what the counters say is inside", []Estimate{e(10, 9, 14, 14), e(10, 9, 14, 14)}, 20, 19, 28},
		{"an unknown one", []Estimate{e(5, 4, 6, 5), {Measured: true, Persons: 70, High: 90}}, 5, 4, 6},
		{"none", nil, 0, 0, 0},
	} {
		if got := Total(tc.all...); got.Persons != tc.persons || got.Low != tc.low || got.High != tc.high {
			t.Errorf("%s: got %v (%v to %v), want %v (%v to %v)", tc.name, got.Persons, got.Low, got.High, tc.persons, tc.low, tc.high)
		}
	}
}
