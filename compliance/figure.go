package compliance

import "time"

// Figure is a site's compliance figure: that of its worst measure, with all of them behind it. It is no mean: nobody can make up for a full
// room with a clean one.
//
// Method, in one sentence: of each measure the share of the observed opening time in which it was kept; the site's figure is the
// smallest of these shares among the measures that were observed for an hour at least, beside the share of the opening time in which
// anybody observed all measures together. Where none was observed so long, all count.
type Figure struct {
	// State is the worst that any measure was: breached, near, unknown, within; Idle where nothing was asked.
	State State
	// Kept is the worst measure's share of the observed time, 0 to 1. Known is false where nothing was observed: there is no figure.
	Kept  float64
	Known bool
	// Near and Broken are the rest of that time: it was too close to its limit to tell, or breached. The three add up to 1 where Known.
	Near, Broken float64
	// Worst is the place of that measure in Report.Measures; −1: there is none.
	Worst int
	// Observed is the share of the time that was asked of all measures in which somebody knew, 0 to 1; Asked is false where nothing was.
	Observed float64
	Asked    bool
	// Measures is how many were asked, Fully how many of them were kept whenever they were observed, and observed at all, Blind how many nobody observed.
	Measures, Fully, Blind int
	// Times are the sums over all measures that count.
	Times Times
}

// LeastObserved is how long a measure must have been observed to decide a figure, where another was; of a part it is a twentieth, if that
// is less. A quarter of an hour in which seven people came says nothing about a week.
const LeastObserved = time.Hour

// Whole is the part of FigureOf that is the whole period.
const Whole = -1

// FigureOf is the figure of some measures of a report, whether or not they count for the site's, in one of its parts or in the Whole.
func (r *Report) FigureOf(part int, fits func(*Measure) bool) Figure {
	f := Figure{State: Idle, Worst: -1}
	span := Span{r.From, r.Until}
	if part != Whole {
		span = r.Parts[part]
	}
	least := min(LeastObserved, span.Long()/20)
	var worst *Times
	for i := range r.Measures {
		m := &r.Measures[i]
		if !fits(m) {
			continue
		}
		t := &m.Times
		if part != Whole {
			t = &m.Parts[part]
		}
		f.Times = f.Times.Plus(*t)
		if t.Asked() == 0 {
			continue
		}
		f.Measures++
		if worseState(t.State(), f.State) {
			f.State = t.State()
		}
		kept, ok := t.Kept()
		if !ok {
			f.Blind++
			continue
		}
		if kept == 1 {
			f.Fully++
		}
		long, longer := t.Observed() >= least, worst != nil && worst.Observed() >= least
		if !f.Known || long && !longer || long == longer && (kept < f.Kept || kept == f.Kept && less(t, worst)) {
			f.Kept, f.Known, f.Worst, worst = kept, true, i, t
			f.Near, _ = share0(t.Near, t.Observed())
			f.Broken, _ = share0(t.Breached, t.Observed())
		}
	}
	f.Observed, f.Asked = f.Times.Share()
	return f
}

// less reports whether less of a was observed than of b.
func less(a, b *Times) bool {
	x, _ := a.Share()
	y, _ := b.Share()
	return x < y
}

// rank orders states by how much they ask for, as rules.Worst orders verdicts.
var ranks = [...]int{Idle: 0, Within: 1, Unknown: 2, Near: 3, Breached: 4}

func worseState(a, b State) bool { return ranks[a] > ranks[b] }

// Worst is the worst of states; of none it is Idle.
func Worst(states ...State) State {
	w := Idle
	for _, s := range states {
		if worseState(s, w) {
			w = s
		}
	}
	return w
}
