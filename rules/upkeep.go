package rules

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Maintenance: for a time nothing is judged of a site, a zone, a door, a device or a rule. Judges are asked all the same, and what they
// find stays visible in the explanation; the verdict alone is taken out of their hands.

// mostUpkeep bounds how many entries of a site are kept: the oldest give way.
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

func (b *upkeepBook) enter(e upkeepEntry) {
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
		b.entries = slices.Delete(b.entries, 0, 1)
	}
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

// maintain finds the maintenance that concerns each instance. Most sites have none.
func (e *Engine) maintain() {
	for _, i := range e.instances {
		for k := range i.eras {
			era := &i.eras[k]
			site := &era.plan.def.Site
			era.upkeep, era.book = nil, &e.upkeep
			if len(site.Maintenance) == 0 && len(e.upkeep.entries) == 0 {
				continue
			}
			var u upkeep
			concerned := func(s facility.Scope) bool {
				return site.Holds(s, i.rule, facility.ScopeKind(i.subject.Kind), i.subject.ID)
			}
			for n := range site.Maintenance {
				if concerned(site.Maintenance[n].Scope) {
					u.planned = append(u.planned, n)
				}
			}
			for n := range e.upkeep.entries {
				if concerned(e.upkeep.entries[n].scope) {
					u.book = append(u.book, n)
				}
			}
			if len(u.planned)+len(u.book) > 0 {
				era.upkeep = &u
			}
		}
	}
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
		case len(w.Except) > 0 || t >= end:
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
