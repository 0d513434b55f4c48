package rules

import (
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Most readings say what the one before them said, as far as a rule can tell: 612 ppm after 605 under a limit of 1,000. What allows two
// neighbours to become one run of the thinned past allows the second not to be asked about at all: the answer is the one before, and
// only the time from which it holds no longer without news is later. Who is asked at the earlier time finds that.

// steady is what a rule looks at of the values that its judges read, and nothing else of them decides.
type steady struct{ keep []kept }

// same reports whether the newest reading of a series leaves every answer up to now as it is.
func (r *steady) same(s *series, now telemetry.Instant) bool {
	n := s.line.size()
	if n < 2 {
		return false
	}
	older, newer := s.line.get(n-2), s.line.last()
	gap, known := max(newer.at, now).Sub(older.v.last), false // it may have been missed until the newer one came
	for i := range r.keep {
		k := &r.keep[i]
		if k.quantity != s.quantity {
			continue
		}
		known = true
		if k.exact || k.class == nil && !k.shown || k.class != nil && k.class(older.v.v, s.device.err) != k.class(newer.v.v, s.device.err) || k.fresh > 0 && gap >= k.fresh {
			return false
		}
	}
	return known
}

// news are the readings of a message that came behind all that was known of their series.
type news struct {
	series    []*series
	ordered   uint64 // their quantities, as bits
	elsewhere uint64 // quantities of which something came for a time that is known, or that is not kept
}

func (n *news) reset() { n.series, n.ordered, n.elsewhere = n.series[:0], 0, 0 }

// note takes in that a reading was kept; nil: it was not, or it is not the newest.
func (n *news) note(q telemetry.Quantity, s *series) {
	if s == nil {
		n.elsewhere |= maskOf(q)
		return
	}
	n.series = append(n.series, s)
	n.ordered |= maskOf(q)
}

// leaves reports whether the readings leave the answers of a judge as they are, who reads some quantities of them.
func (n *news) leaves(w *readWatcher, mask uint64, at, now telemetry.Instant) bool {
	if w.steady == nil || mask&^(n.ordered&^n.elsewhere) != 0 || at < w.instance.now().from || w.instance.told.firing {
		return false // of an alarm that fires each value may be the worst
	}
	for _, s := range n.series {
		if mask&maskOf(s.quantity) != 0 && !w.steady.same(s, now) {
			return false
		}
	}
	return true
}

// askNews asks those for whom the message that was read for a time tells something.
func (e *Engine) askNews(all []readWatcher, mask uint64, at telemetry.Instant) {
	for i := range all {
		if w := &all[i]; w.mask&mask != 0 && !e.news.leaves(w, w.mask&mask, at, e.clock) {
			e.ask(w.instance, at)
		}
	}
}
