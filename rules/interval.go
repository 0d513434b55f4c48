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

// Total is the number of people in several buildings together. Buildings err independently of each other, so each side of the interval is
// the root of the sum of the squares of that side: of a building that is 13 (11 to 32) there may well be 19 more, and hardly 2 fewer.
// What is not known is left out; the counters' balance, which proves that so many may be inside, is never above the interval.
func Total(all ...Estimate) Estimate {
	sum := Estimate{Known: true, Measured: true}
	var below, above, raw float64
	for _, e := range all {
		if !e.Known {
			continue
		}
		sum.Persons += e.Persons
		below += (e.Persons - e.Low) * (e.Persons - e.Low)
		above += (e.High - e.Persons) * (e.High - e.Persons)
		raw += max(0, e.Raw)
	}
	sum.Low = max(0, math.Round(sum.Persons-math.Sqrt(below)))
	sum.High = max(math.Round(sum.Persons+math.Sqrt(above)), math.Ceil(raw), sum.Low)
	sum.Raw, sum.Error = raw, (sum.High-sum.Low)/2
	return sum
}
