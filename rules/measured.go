package rules

// measured judges a measured value that may be wrong by err against a condition on it. near: it may hold or not, as far as
// the error bar tells; the value is near the limit, and the verdict unknown.
func measured(v, err float64, breaches func(v float64) bool) (verdict Verdict, near bool) {
	low := breaches(v - err)
	switch {
	case err > 0 && breaches(v+err) != low:
		return Unknown, true
	case low:
		return Breached, false
	}
	return Within, false
}

// sides are what measured makes of a value, as a class of it.
func sides(v, err float64, breaches func(v float64) bool) uint64 {
	verdict, near := measured(v, err, breaches)
	switch {
	case near:
		return 2
	case verdict == Breached:
		return 1
	}
	return 0
}
