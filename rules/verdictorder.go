package rules

// rank orders verdicts by how much they ask for: breached, unknown, within.
func rank(v Verdict) int {
	switch v {
	case Breached:
		return 2
	case Unknown:
		return 1
	}
	return 0
}

// worse reports whether a asks for more than b.
func worse(a, b Verdict) bool { return rank(a) > rank(b) }

// Worst is the worst of verdicts: breached, else unknown, else within. Of none it is Unknown: nothing was judged.
func Worst(all ...Verdict) Verdict {
	if len(all) == 0 {
		return Unknown
	}
	w := all[0]
	for _, v := range all[1:] {
		if worse(v, w) {
			w = v
		}
	}
	return w
}
