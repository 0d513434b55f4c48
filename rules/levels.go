package rules

import (
	"slices"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// levelEntry is a level that somebody switched on by hand.
type levelEntry struct {
	from, until telemetry.Instant // until 0: open
	level       string
}

// levelBook knows the site's level at every time. What came into force last holds: a date of the configuration or an
// entry; an entry that ends gives way to what would hold without it.
type levelBook struct {
	entries []levelEntry // by from
	now     string       // at the clock
	since   telemetry.Instant
}

// enter adds an entry; one with the same begin is replaced.
func (b *levelBook) enter(e levelEntry) {
	i, found := slices.BinarySearchFunc(b.entries, e, func(a, b levelEntry) int {
		return int(max(-1, min(1, a.from-b.from)))
	})
	if found {
		b.entries[i] = e
		return
	}
	b.entries = slices.Insert(b.entries, i, e)
}

// find gives the level at t and since when it holds.
func (b *levelBook) find(p *plan, t telemetry.Instant) (level string, since telemetry.Instant) {
	for _, l := range p.def.Site.Levels {
		if from := p.midnight(l.From); from <= t && from >= since {
			level, since = l.Level, from
		}
	}
	for _, e := range b.entries {
		if e.from <= t && (e.until == 0 || t < e.until) && e.from >= since {
			level, since = e.level, e.from
		}
	}
	// Entries that ended after the level began hid it until then.
	began := since
	for _, e := range b.entries {
		if e.from >= began && e.until != 0 && e.until <= t {
			since = max(since, e.until)
		}
	}
	return level, since
}

// next is when the level can change after t; Never: not by itself.
func (b *levelBook) next(p *plan, t telemetry.Instant) telemetry.Instant {
	next := telemetry.Never
	turn := func(at telemetry.Instant) {
		if at > t {
			next = min(next, at)
		}
	}
	for _, l := range p.def.Site.Levels {
		turn(p.midnight(l.From))
	}
	for _, e := range b.entries {
		turn(e.from)
		if e.until != 0 {
			turn(e.until)
		}
	}
	return next
}

// forget drops entries that ended, or were overruled by another entry, before the time.
func (b *levelBook) forget(before telemetry.Instant) {
	kept := b.entries[:0:0]
	for i, e := range b.entries {
		ended := e.until != 0 && e.until < before
		overruled := i+1 < len(b.entries) && b.entries[i+1].from < before && b.entries[i+1].until == 0
		if !ended && !overruled {
			kept = append(kept, e)
		}
	}
	b.entries = kept
}

// levels is a judge's sight of the level under its own protocol.
type levels struct {
	book     *levelBook
	plan     *plan
	protocol *Protocol
}

func (l levels) at(t telemetry.Instant) string {
	if t >= l.book.since {
		return l.book.now
	}
	level, _ := l.book.find(l.plan, t)
	return level
}

// share is the level's share of the full limits at t; 0: the protocol gives the level none.
func (l levels) share(t telemetry.Instant) float64 {
	if len(l.protocol.Levels) == 0 {
		return 0
	}
	return l.protocol.Levels[l.at(t)]
}

// missing reports whether the protocol has levels and t has none that it knows: then nobody can say what applies. level is
// the one that is chosen; empty: none.
func (l levels) missing(t telemetry.Instant) (level string, missing bool) {
	if len(l.protocol.Levels) == 0 {
		return "", false
	}
	level = l.at(t)
	return level, l.protocol.Levels[level] == 0
}

// next is when the level changed after t, up to the clock; Never: it did not. What is to come the calendar brings.
func (l levels) next(t telemetry.Instant) telemetry.Instant {
	if t >= l.book.since {
		return telemetry.Never
	}
	return min(l.book.since, l.book.next(l.plan, t))
}
