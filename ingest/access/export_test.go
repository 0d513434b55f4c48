package access

// LongestWait is shown to tests.
const LongestWait = longestWait

// Remembered is how many things are remembered.
func (a *Attempts) Remembered() int { return len(a.pairs) + len(a.addresses) + len(a.known) }
