package rules

import "math"

// Interval is persons ± err in whole people: those numbers of people that lie within, or the nearest one where none does. It is for
// numbers that were recorded or added up without an interval of their own.
func Interval(persons, err float64) (low, high float64) {
	low, high = math.Max(0, math.Ceil(persons-err)), math.Floor(persons+err)
	if low > high {
		low = math.Max(0, math.Round(persons))
		high = low
	}
	return low, high
}
