// Package figures keeps what was measured and makes tables of it.
package figures

import "slices"

// Percentile is the value that a share p (0 to 1) of the values does not exceed, rounded down to one that was measured; 0 of nothing.
// The values may have any order and stay as they are.
func Percentile(values []float64, p float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[int(p*float64(len(sorted)-1))]
}

// Median is the middle of the values, or between the two in the middle; 0 of nothing.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	half := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[half]
	}
	return (sorted[half-1] + sorted[half]) / 2
}
