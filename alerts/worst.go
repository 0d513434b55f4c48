package alerts

import (
	"slices"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// keepWorst takes an explanation into Worst if its value is further on the wrong side of the limit. Only what confirms the
// alert may be given: the last value of a broken sensor is no worst.
func (a *Alert) keepWorst(x *rules.Explanation) bool {
	w := &a.Worst
	if !x.HasValue || w.HasValue && (w.Unit != x.Unit || !beyond(x, w)) {
		return false
	}
	a.Worst = *x
	a.Worst.Evidence = slices.Clone(x.Evidence)
	return true
}

// worsen takes an explanation into the worst of an open alert. What is worse because time passes is again after a restart.
func (b *Book) worsen(e *entry, x *rules.Explanation) {
	if _, span := durations[x.Unit]; e.alert.keepWorst(x) && !span {
		b.stale = b.stale || !e.worse
		e.worse = true
	}
}

// keep makes a worst that nothing else has told a change by itself, so that a restart does not lose it: at once where it is materially
// worse than the one that is kept, else once in UpdateInterval.
func (b *Book) keep(e *entry, at telemetry.Instant, dst []Change) []Change {
	if !e.worse || at < e.keepDue() && !moved(&e.kept, &e.alert.Worst) {
		return dst
	}
	b.stale = true
	return append(dst, e.change(Worsened, at))
}

// keepDue is when a worst that is not materially worse is kept.
func (e *entry) keepDue() telemetry.Instant { return e.keptAt.Add(UpdateInterval) }

// change is a step in the life of the open alert. It carries all of it, the worst included.
func (e *entry) change(what What, at telemetry.Instant) Change {
	e.kept, e.keptAt, e.worse = e.alert.Worst, at, false
	return Change{Alert: e.alert, What: what, At: at}
}

// beyond reports whether x is worse than y: the lower under a minimum, else the higher.
func beyond(x, y *rules.Explanation) bool {
	if x.Bound.Lower() {
		return x.Value < y.Value
	}
	return x.Value > y.Value
}
