package rules

import (
	"cmp"
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// levelEntry is a level that somebody switched on by hand.
type levelEntry struct {
	from, until telemetry.Instant // until 0: open
	made        telemetry.Instant // when it was chosen
	id          string
	level       string
}

// void reports whether the entry was taken back before it began.
func (e *levelEntry) void() bool { return e.until != 0 && e.until <= e.from }

// ending takes an entry back that is not there yet: records come in any order.
type ending struct {
	id string
	at telemetry.Instant
}

// levelBook knows the site's level at every time. What came into force last holds: a date of the configuration or an
// entry; an entry that ends, or is taken back, gives way to what would hold without it.
type levelBook struct {
	entries []levelEntry // by from; of those that begin together the one that was chosen last holds
	ends    []ending     // by id
	now     string       // at the clock
	since   telemetry.Instant
}

// mostLevels bounds how many entries that stand without an end are kept behind newer ones: each may hold again, where those are taken back.
const mostLevels = 64

func compareLevels(a, b levelEntry) int {
	return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.made, b.made), strings.Compare(a.id, b.id))
}

// enter adds an entry. The same again changes nothing.
func (b *levelBook) enter(e levelEntry) {
	for _, x := range b.ends {
		if e.id != "" && x.id == e.id {
			e.end(x.at)
		}
	}
	i, found := slices.BinarySearchFunc(b.entries, e, compareLevels)
	if found {
		e.until = earlier(e.until, b.entries[i].until)
		b.entries[i] = e
		return
	}
	b.entries = slices.Insert(b.entries, i, e)
}

// end ends the entry at a time, if it does not end before. One that has not begun never does.
func (e *levelEntry) end(at telemetry.Instant) { e.until = earlier(e.until, at) }

// earlier is the earlier of two ends; 0: there is none.
func earlier(a, b telemetry.Instant) telemetry.Instant {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// takeBack ends the entry with an id, also where it is heard of only later.
func (b *levelBook) takeBack(id string, at telemetry.Instant) {
	i, found := slices.BinarySearchFunc(b.ends, id, func(x ending, id string) int { return strings.Compare(x.id, id) })
	if found {
		b.ends[i].at = min(b.ends[i].at, at)
	} else {
		b.ends = slices.Insert(b.ends, i, ending{strings.Clone(id), at})
	}
	for k := range b.entries {
		if b.entries[k].id == id {
			b.entries[k].end(at)
		}
	}
}

// find gives the level at t and since when it holds.
func (b *levelBook) find(p *plan, t telemetry.Instant) (level string, since telemetry.Instant) {
	for _, l := range p.def.Site.Levels {
		if from := p.midnight(l.From); from <= t && from >= since {
			level, since = l.Level, from
		}
	}
	for i := range b.entries {
		if e := &b.entries[i]; e.from <= t && (e.until == 0 || t < e.until) && e.from >= since {
			level, since = e.level, e.from
		}
	}
	// Entries that ended after the level began hid it until then.
	began := since
	for i := range b.entries {
		if e := &b.entries[i]; e.from >= began && e.until != 0 && e.until <= t && !e.void() {
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
	for i := range b.entries {
		if e := &b.entries[i]; !e.void() {
			turn(e.from)
			if e.until != 0 {
				turn(e.until)
			}
		}
	}
	return next
}

// forget drops entries that ended before the time, and the oldest of many that newer ones stand over.
func (b *levelBook) forget(before telemetry.Instant) {
	b.entries = slices.DeleteFunc(b.entries, func(e levelEntry) bool { return e.until != 0 && max(e.until, e.made) < before })
	b.ends = slices.DeleteFunc(b.ends, func(x ending) bool { return x.at < before })
	over := len(b.entries) - mostLevels
	b.entries = slices.DeleteFunc(b.entries, func(e levelEntry) bool {
		drop := over > 0 && e.from < before
		if drop {
			over--
		}
		return drop
	})
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

// levelChoices are the levels of the site's protocols that are in force on a day or later: those of one protocol from the strictest on.
func (p *plan) levelChoices(day facility.Date) []LevelChoice {
	if c := &p.choices; c.day != day {
		c.day, c.all = day, nil
		for i := range p.def.Protocols {
			protocol := &p.def.Protocols[i]
			if !p.applies(protocol) || !protocol.Until.IsZero() && !day.Before(protocol.Until) {
				continue
			}
			first := len(c.all)
			for level, share := range protocol.Levels {
				c.all = append(c.all, LevelChoice{level, share, protocol.Title})
			}
			slices.SortFunc(c.all[first:], func(a, b LevelChoice) int {
				return cmp.Or(cmp.Compare(a.Share, b.Share), strings.Compare(a.Level, b.Level))
			})
		}
	}
	return p.choices.all
}

// chosen are the entries that hold at t, or will.
func (b *levelBook) chosen(t telemetry.Instant) []ChosenLevel {
	var all []ChosenLevel
	for i := range b.entries {
		if e := &b.entries[i]; !e.void() && (e.until == 0 || t < e.until) {
			all = append(all, ChosenLevel{e.id, e.level, e.from, e.until})
		}
	}
	return all
}
