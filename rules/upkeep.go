package rules

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Maintenance: for a time nothing is judged of a site, a zone, a door, a device or a rule. Judges are asked all the same, and what they
// find stays visible in the explanation; the verdict alone is taken out of their hands.

// mostUpkeep bounds how many entries of a site are kept: those that are over give way first, then what begins last.
const mostUpkeep = 256

// upkeepEntry is maintenance that a person entered.
type upkeepEntry struct {
	from, until telemetry.Instant
	made        telemetry.Instant
	id          string
	scope       facility.Scope
	by, reason  string
}

func compareUpkeep(a, b upkeepEntry) int {
	return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.made, b.made), strings.Compare(a.id, b.id))
}

// upkeepBook is what people entered.
type upkeepBook struct {
	entries []upkeepEntry // by from
	ends    []ending      // by id
}

// enter takes in an entry at the clock now.
func (b *upkeepBook) enter(e upkeepEntry, now telemetry.Instant) {
	for _, x := range b.ends {
		if e.id != "" && x.id == e.id {
			e.until = min(e.until, x.at)
		}
	}
	i, found := slices.BinarySearchFunc(b.entries, e, compareUpkeep)
	if found {
		b.entries[i].until = min(b.entries[i].until, e.until)
		return
	}
	b.entries = slices.Insert(b.entries, i, e)
	if len(b.entries) > mostUpkeep {
		n := b.leastNeeded(now)
		b.entries = slices.Delete(b.entries, n, n+1)
	}
}

// leastNeeded is the entry that ended first or, where none is over, the one that begins last: never one that is in force.
func (b *upkeepBook) leastNeeded(now telemetry.Instant) int {
	least := len(b.entries) - 1
	first := max(now, 0) + 1
	for i := range b.entries {
		if u := b.entries[i].until; u < first {
			least, first = i, u
		}
	}
	return least
}

// takeBack ends the entry with an id, also where it is heard of only later.
func (b *upkeepBook) takeBack(id string, at telemetry.Instant) {
	i, found := slices.BinarySearchFunc(b.ends, id, func(x ending, id string) int { return strings.Compare(x.id, id) })
	if found {
		b.ends[i].at = min(b.ends[i].at, at)
	} else {
		b.ends = slices.Insert(b.ends, i, ending{strings.Clone(id), at})
	}
	for k := range b.entries {
		if e := &b.entries[k]; e.id == id {
			e.until = min(e.until, at)
		}
	}
}

func (b *upkeepBook) forget(before telemetry.Instant) {
	b.entries = slices.DeleteFunc(b.entries, func(e upkeepEntry) bool { return max(e.until, e.made) < before })
	b.ends = slices.DeleteFunc(b.ends, func(x ending) bool { return x.at < before })
}

// upkeep is the maintenance that concerns one rule about one subject.
type upkeep struct {
	book    []int // of the entries
	planned []int // of the plan's
}

// maintain finds the maintenance that concerns each instance. Most sites have none. It costs a few look-ups an instance, however many
// entries there are: a large site is not to stall the others.
func (e *Engine) maintain() {
	entered := make(map[facility.Scope][]int, len(e.upkeep.entries))
	for n := range e.upkeep.entries {
		s := e.upkeep.entries[n].scope
		entered[s] = append(entered[s], n)
	}
	matchers := make(map[*plan]*upkeepMatcher, 1)
	for _, i := range e.instances {
		for k := range i.eras {
			era := &i.eras[k]
			era.upkeep, era.book = nil, &e.upkeep
			if len(era.plan.def.Site.Maintenance) == 0 && len(entered) == 0 {
				continue
			}
			m := matchers[era.plan]
			if m == nil {
				m = newUpkeepMatcher(era.plan, entered)
				matchers[era.plan] = m
			}
			era.upkeep = m.about(i.rule, i.subject)
		}
	}
}

// upkeepMatcher finds the maintenance that concerns an instance of one plan. Instances that the same scopes hold share what it finds.
type upkeepMatcher struct {
	plan    *plan
	entered map[facility.Scope][]int // entries by scope
	planned map[facility.Scope][]int // the plan's by scope
	ordinal map[facility.Scope]int   // of the scopes that there is maintenance about
	found   map[string]*upkeep       // by the ordinals of the scopes
	scopes  []facility.Scope
	key     []byte
}

func newUpkeepMatcher(p *plan, entered map[facility.Scope][]int) *upkeepMatcher {
	m := &upkeepMatcher{plan: p, entered: entered, planned: make(map[facility.Scope][]int), ordinal: make(map[facility.Scope]int), found: make(map[string]*upkeep)}
	for n := range p.def.Site.Maintenance {
		s := p.def.Site.Maintenance[n].Scope
		m.planned[s] = append(m.planned[s], n)
		m.ordinal[s] = 0
	}
	for s := range entered {
		m.ordinal[s] = 0
	}
	n := 0
	for s := range m.ordinal {
		m.ordinal[s] = n
		n++
	}
	return m
}

// about is the maintenance of a rule about a subject; nil: there is none.
func (m *upkeepMatcher) about(rule string, s Subject) *upkeep {
	m.scopes, m.key = m.plan.scopes(rule, s, m.scopes[:0]), m.key[:0]
	for _, scope := range m.scopes {
		if n, ok := m.ordinal[scope]; ok {
			m.key = binary.AppendUvarint(m.key, uint64(n))
		}
	}
	if len(m.key) == 0 {
		return nil
	}
	if u, ok := m.found[string(m.key)]; ok {
		return u
	}
	u := new(upkeep)
	for k, scope := range m.scopes {
		if !slices.Contains(m.scopes[:k], scope) {
			u.book = append(u.book, m.entered[scope]...)
			u.planned = append(u.planned, m.planned[scope]...)
		}
	}
	slices.Sort(u.book)
	slices.Sort(u.planned)
	m.found[string(m.key)] = u
	return u
}

// scopes appends the scopes that hold what a rule judges: the site and the rule; a subject by its id and kind; the zone or door where it is,
// such as those of devices and tasks, and the zones around a zone.
func (p *plan) scopes(rule string, s Subject, all []facility.Scope) []facility.Scope {
	all = append(all, facility.Scope{}, facility.Scope{Kind: facility.OfRule, ID: rule})
	at := facility.Place{}
	switch s.Kind {
	case SubjectZone:
		at = facility.Place{Kind: facility.AtZone, ID: s.ID}
	case SubjectDoor:
		at = facility.Place{Kind: facility.AtDoor, ID: s.ID}
	case SubjectDevice:
		all = append(all, facility.Scope{Kind: facility.OfDevice, ID: s.ID})
		at = p.device(s.ID).Place
	case SubjectTask:
		at = p.task(s.ID).Place
	}
	if at.Kind == facility.AtTask {
		at = p.task(at.ID).Place
	}
	switch at.Kind {
	case facility.AtDoor:
		all = append(all, facility.Scope{Kind: facility.OfDoor, ID: at.ID})
	case facility.AtZone:
		for id, n := at.ID, 0; id != "" && n <= len(p.def.Site.Zones); n++ {
			all = append(all, facility.Scope{Kind: facility.OfZone, ID: id})
			id = p.zone(id).Parent
		}
	}
	return all
}

// maintained reports whether there is maintenance at t, and when that may change.
func (e *era) maintained(t telemetry.Instant) (held bool, until telemetry.Instant) {
	until = telemetry.Never
	for _, n := range e.upkeep.book {
		x := &e.book.entries[n]
		switch {
		case t < x.from:
			until = min(until, x.from)
		case t < x.until:
			return true, x.until
		}
	}
	for _, n := range e.upkeep.planned {
		held, next := e.plan.planned(n, t)
		if held {
			return true, next
		}
		until = min(until, next)
	}
	return false, until
}

// planned reports whether the n-th maintenance of the plan is at t, and when that may change: at the latest with the day.
func (p *plan) planned(n int, t telemetry.Instant) (held bool, until telemetry.Instant) {
	w := &p.def.Site.Maintenance[n].When
	until = p.nextMidnight(t)
	if w.Repeat == nil {
		// What comes once needs no midnight to be looked for.
		from, end := onlyTime(w, p.loc)
		switch {
		case slices.Contains(w.Except, w.From) || t >= end:
			return false, telemetry.Never
		case t < from:
			return false, from
		}
		return true, end
	}
	for _, o := range w.Times(p.date(t), p.loc) {
		from, end := telemetry.InstantOf(o.Open), telemetry.InstantOf(o.Close)
		if from <= t && t < end {
			return true, end
		}
		if t < from {
			until = min(until, from)
		}
	}
	return false, until
}

// onlyTime is the time of an event that comes once.
func onlyTime(w *facility.Event, loc *time.Location) (from, until telemetry.Instant) {
	if w.Days > 0 {
		return telemetry.InstantOf(w.From.In(loc)), telemetry.InstantOf(w.From.AddDays(w.Days).In(loc))
	}
	if w.Location.Location != nil {
		loc = w.Location.Location
	}
	begin := w.At.On(w.From, loc)
	return telemetry.InstantOf(begin), telemetry.InstantOf(w.Ends(w.From, loc))
}

// MaintenanceView is maintenance that is, or that a person entered and is to come.
type MaintenanceView struct {
	Entry  string            `json:"entry,omitempty"` // its id; empty: it is of the configuration
	Scope  facility.Scope    `json:"scope"`
	From   telemetry.Instant `json:"from,omitempty"` // 0: it has begun
	Until  telemetry.Instant `json:"until"`
	By     string            `json:"by,omitempty"`
	Reason string            `json:"reason,omitempty"`
}

// maintenance lists what is under maintenance now, and what people entered for later.
func (e *Engine) maintenance() []MaintenanceView {
	var all []MaintenanceView
	for i := range e.plan.def.Site.Maintenance {
		if held, until := e.plan.planned(i, e.clock); held {
			m := &e.plan.def.Site.Maintenance[i]
			all = append(all, MaintenanceView{Scope: m.Scope, Until: until, By: m.By, Reason: m.Reason})
		}
	}
	for i := range e.upkeep.entries {
		x := &e.upkeep.entries[i]
		if e.clock >= x.until || x.until <= x.from {
			continue
		}
		all = append(all, MaintenanceView{Entry: x.id, Scope: x.scope, From: x.from, Until: x.until, By: x.by, Reason: x.reason})
	}
	return all
}
