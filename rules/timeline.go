package rules

import (
	"slices"
	"sort"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// horizon is how far back facts and verdicts are kept: the acceptance window of seven days and a day to spare.
const horizon = 8 * 24 * time.Hour

// The resolutions of the past: exact within the lateness bound, a minute for a day, five minutes beyond. A quiet hour
// costs nothing, for only changes are kept.
const (
	minuteAge = 24 * time.Hour
	coarseAge = horizon
	fine      = time.Minute
	coarse    = 5 * time.Minute
)

// entry is a value that holds from a time on.
type entry[V any] struct {
	at telemetry.Instant
	v  V
}

// timeline keeps values in the order of their event time, thinned with age. The zero timeline is empty and ready. An entry that it
// gave may be another after the next change.
type timeline[V any] struct {
	tiers [3][]entry[V] // oldest first: five minutes, minutes, exact
	gone  [3]int32      // of each, how many at its beginning have moved on: their room is used again before there is more
}

const (
	coarseTier = iota
	fineTier
	exactTier
)

// tier is one of them, oldest first.
func (l *timeline[V]) tier(t int) []entry[V] { return l.tiers[t][l.gone[t]:] }

// setTier replaces one of them.
func (l *timeline[V]) setTier(t int, s []entry[V]) { l.tiers[t], l.gone[t] = s, 0 }

// count is the number of entries in a tier.
func (l *timeline[V]) count(t int) int { return len(l.tiers[t]) - int(l.gone[t]) }

// size is the number of entries.
func (l *timeline[V]) size() int { return l.count(coarseTier) + l.count(fineTier) + l.count(exactTier) }

// get is the i-th entry, oldest first.
func (l *timeline[V]) get(i int) *entry[V] {
	for t := range l.tiers {
		n := l.count(t)
		if i < n {
			return &l.tiers[t][int(l.gone[t])+i]
		}
		i -= n
	}
	return nil
}

// last is the newest entry; nil: there is none.
func (l *timeline[V]) last() *entry[V] {
	for t := exactTier; t >= 0; t-- {
		if l.count(t) > 0 {
			return &l.tiers[t][len(l.tiers[t])-1]
		}
	}
	return nil
}

// upTo is the number of entries at or before t.
func (l *timeline[V]) upTo(t telemetry.Instant) int {
	after := 0
	for i := exactTier; i >= 0; i-- {
		s := l.tier(i)
		n := len(s)
		if n == 0 || s[0].at > t {
			after += n
			continue
		}
		if s[n-1].at > t {
			after += n - sort.Search(n, func(k int) bool { return s[k].at > t })
		}
		break
	}
	return l.size() - after
}

// next is the time of the i-th entry; Never: there is none.
func (l *timeline[V]) next(i int) telemetry.Instant {
	if e := l.get(i); e != nil {
		return e.at
	}
	return telemetry.Never
}

// add appends an entry that is not older than any other.
func (l *timeline[V]) add(e entry[V]) { l.push(exactTier, &e) }

// push appends an entry to a tier.
func (l *timeline[V]) push(t int, e *entry[V]) {
	// As long as something moves on for what comes, the same room is enough: it is moved down at most once in so many entries.
	if s := l.tiers[t]; len(s) == cap(s) && l.gone[t] > 0 && (len(s) <= 16 || int(l.gone[t]) >= len(s)/4) {
		n := copy(s, s[l.gone[t]:])
		clear(s[n:])
		l.tiers[t], l.gone[t] = s[:n], 0
	}
	l.tiers[t] = append(l.tiers[t], *e)
}

// shift drops the first entry of a tier.
func (l *timeline[V]) shift(t int) {
	if l.gone[t]++; int(l.gone[t]) == len(l.tiers[t]) {
		l.tiers[t], l.gone[t] = l.tiers[t][:0], 0
	}
}

// insert puts an entry at index i.
func (l *timeline[V]) insert(i int, e entry[V]) {
	for t := range l.tiers {
		n := l.count(t)
		if i < n || i == n && t == exactTier {
			l.tiers[t] = slices.Insert(l.tiers[t], int(l.gone[t])+i, e)
			return
		}
		i -= n
	}
}

// resolution is that of the tier in which the i-th entry lies; 0: exact.
func (l *timeline[V]) resolution(i int) time.Duration {
	switch n := l.count(coarseTier); {
	case i < n:
		return coarse
	case i < n+l.count(fineTier):
		return fine
	}
	return 0
}

// thinner says what may be forgotten of the past.
type thinner[V any] interface {
	// same reports whether the older of two neighbours in one slot of time may give way to the newer.
	same(older, newer *entry[V]) bool
}

// joiner is a thinner whose entries can stand for several.
type joiner[V any] interface {
	// join makes the older of two neighbours stand for both; without it the newer takes its place.
	join(older, newer *entry[V])
}

// age thins what has become older than exact and drops what lies beyond the horizon, except the value that held there.
func (l *timeline[V]) age(now telemetry.Instant, exact time.Duration, by thinner[V]) {
	if s := l.tier(exactTier); len(s) > 1 && s[0].at < now.Add(-exact) {
		l.move(exactTier, now.Add(-exact), fine, by)
	}
	if s := l.tier(fineTier); len(s) > 1 && s[0].at < now.Add(-minuteAge) {
		l.move(fineTier, now.Add(-minuteAge), coarse, by)
	}
	if s := l.tier(coarseTier); len(s) > 1 && s[1].at < now.Add(-coarseAge) {
		l.shift(coarseTier)
	}
}

// move hands the entries before the time over to the next older tier.
func (l *timeline[V]) move(from int, before telemetry.Instant, slot time.Duration, by thinner[V]) {
	for l.count(from) > 1 && l.tier(from)[0].at < before {
		e := &l.tier(from)[0]
		to := l.tier(from - 1)
		if n := len(to); n > 0 && to[n-1].at/telemetry.Instant(slot) == e.at/telemetry.Instant(slot) && by.same(&to[n-1], e) {
			if j, ok := by.(joiner[V]); ok {
				j.join(&to[n-1], e)
			} else {
				to[n-1] = *e
			}
		} else {
			l.push(from-1, e)
		}
		l.shift(from)
	}
}
