package rules

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// configure puts a plan in force at the clock. What is known about subjects that still exist stays.
func (e *Engine) configure(p *plan) {
	if e.plan != nil && e.plan.source.Equal(&p.source) {
		e.plan.version = p.version
		return
	}
	p.from = e.clock
	if e.plan == nil {
		e.since = max(1, e.clock)
	}
	e.plans, e.plan = append(e.plans, p), p
	e.lay()
	was := e.day
	if e.day = p.midnight(p.date(e.clock)); e.day != was {
		e.recountToday() // in another time zone
	}
	e.midnight, e.resetAt = p.nextMidnight(e.clock), p.nextReset(e.clock)
	e.learnAt, e.protocolAt = e.nextLearning(e.clock), p.nextProtocol(e.clock)
	e.refreshLevel()
	e.begin()
	e.enforce(e.clock)
	e.askAll(e.clock)
	for _, z := range e.allZones() {
		e.touch(z)
	}
}

// lay lays the facts out as the plan's site says, taking over those that are there by id.
func (e *Engine) lay() {
	site := &e.plan.def.Site
	since := max(1, e.clock)
	if e.building == nil {
		e.building = &zoneState{index: -1}
	}
	e.zones, e.zoneByID = carry(e.zoneByID, site.Zones, func(z facility.Zone) string { return z.ID }, func(id string) *zoneState { return &zoneState{id: id} })
	e.doors, e.doorByID = carry(e.doorByID, site.Doors, func(d facility.Door) string { return d.ID }, func(id string) *doorState { return &doorState{id: id} })
	e.tasks, e.taskByID = carry(e.taskByID, site.Tasks, func(t facility.Task) string { return t.ID }, func(id string) *taskState { return &taskState{id: id, since: since} })
	e.devices, e.deviceByID = carry(e.deviceByID, site.Devices, func(d facility.Device) string { return d.ID }, func(id string) *deviceState { return &deviceState{id: id, since: since} })

	for i, z := range e.allZones() {
		z.index = i - 1
		z.parent, z.children = nil, nil
		z.devices, z.edge = nil, nil
		z.hours, z.round = e, &e.round
		z.feeders, z.absolute, z.outages, z.blind, z.sensors = nil, nil, nil, nil, nil
		z.reopens.anchor, z.reopens.at = 0, 0
	}
	for i := range site.Zones {
		z, parent := e.zones[i], e.building
		if site.Zones[i].Parent != "" {
			parent = e.zoneByID[site.Zones[i].Parent]
		}
		z.parent = parent
		parent.children = append(parent.children, z)
	}
	for i, d := range e.doors {
		d.index = i
	}
	for i, t := range e.tasks {
		t.index = i
	}
	e.layParts()
	for i := range e.devices {
		e.place(i)
	}
	for i, d := range e.parts {
		e.placePart(i, d)
	}
	e.allOutages()
	for _, z := range e.allZones() {
		z.weigh()
	}
}

// allOutages finds the outages of all zones anew.
func (e *Engine) allOutages() {
	for d := range e.everyDevice() {
		now := d.outages(e.clock)
		for _, f := range d.effects {
			if d.feeds() {
				f.zone.outages = append(f.zone.outages, now...)
			}
		}
		if d.presentFlag {
			d.zone.blind = append(d.zone.blind, now...)
		}
	}
	for _, z := range e.allZones() {
		slices.SortFunc(z.outages, compareOutages)
		slices.SortFunc(z.blind, compareOutages)
	}
}

// carry makes the states of things in the definition's order, taking over the old ones by id.
func carry[S, T any](old map[string]*S, things []T, id func(T) string, make1 func(id string) *S) ([]*S, map[string]*S) {
	states := make([]*S, 0, len(things))
	byID := make(map[string]*S, len(things))
	for _, t := range things {
		s, ok := old[id(t)]
		if !ok {
			s = make1(id(t))
		}
		states = append(states, s)
		byID[id(t)] = s
	}
	return states, byID
}

// place configures the i-th device and connects it with its place.
func (e *Engine) place(i int) {
	def, d := &e.plan.def.Site.Devices[i], e.devices[i]
	d.index, d.whole = i, d
	d.apart, d.nowhere = e.plan.def.Apart[d.id], nil
	for _, c := range def.Channels {
		if c.Place.Kind == "" {
			d.nowhere = append(d.nowhere, c.Name)
		}
	}
	e.connect(d, def)
}

// connect connects a device, or a channel of it, with its place.
func (e *Engine) connect(d *deviceState, def *facility.Device) {
	d.mounting = def.Mounting(d.channel)
	at := d.mounting.Place
	d.err, d.configured, d.presentErr, d.room = def.Error, errorRate(def.Accuracy), presentSpread(def.Error), def.Whole
	d.rate = d.rateAt(e.clock)
	d.canCount = e.plan.mayCount(d.whole.index)
	d.canSee = e.plan.measures[d.whole.index]&maskOf(telemetry.PeoplePresent) != 0
	d.zone, d.door, d.task, d.effects = nil, nil, nil, nil
	d.flowFlag, d.presentFlag, d.shown = false, false, shownOutages{}
	switch at.Kind {
	case facility.AtZone:
		d.zone = e.zoneByID[at.ID]
		// A counter that hangs in a zone counts who comes into it, from wherever.
		d.effects = []effect{{device: d, zone: d.zone, sign: 1}}
		d.canCount = false
		d.zone.devices = append(d.zone.devices, d)
	case facility.AtDoor:
		d.door = e.doorByID[at.ID]
		d.effects = e.effects(d, e.plan.door(at.ID))
	case facility.AtTask:
		d.task = e.taskByID[at.ID]
	}
	for i := range d.effects {
		z := d.effects[i].zone
		z.edge = append(z.edge, d)
	}
	e.attach(d)
	d.unit, d.doorway = e.plan.unit(d.whole.index, at, d.mounting.Swap), e.plan.doorway(at)
	d.weigh()
	d.pulse = nil
	if def.Interval > 0 {
		d.pulse, d.bound = e.watchFor(d, silenceFactor*def.Interval, 0), 0
	} else if d.bound > 0 {
		d.pulse = e.watchFor(d, d.bound, 0)
	}
	d.kept = slices.DeleteFunc(d.kept, func(s *series) bool { return !e.keeps(s.quantity) })
	for _, s := range d.kept {
		s.keep = e.wanted(s.quantity)
	}
	if d.zone != nil {
		d.zone.sensors = append(d.zone.sensors, d.kept...)
	}
	if d.known&countMask != 0 {
		d.flowFlag = true
		for _, f := range d.effects {
			f.zone.feeders = append(f.zone.feeders, d)
		}
	}
	if d.known&maskOf(telemetry.PeoplePresent) != 0 && d.zone != nil {
		d.presentFlag = true
		d.zone.absolute = append(d.zone.absolute, d)
	}
}

// wanted is what rules of any plan look at of a quantity.
func (e *Engine) wanted(q telemetry.Quantity) []kept {
	if len(e.plans) == 1 {
		return e.plan.wanted(q)
	}
	var all []kept
	for _, p := range e.plans {
		all = append(all, p.wanted(q)...)
	}
	return all
}

// keeps reports whether a rule of any plan looks back at a quantity.
func (e *Engine) keeps(q telemetry.Quantity) bool {
	return slices.ContainsFunc(e.plans, func(p *plan) bool { return p.keeps&maskOf(q) != 0 })
}

// effects are what a person who goes in at a door means: he enters the zones that hold where the door leads and not where
// it comes from, and leaves those of which the opposite is true. A door between two children changes nothing for their
// parent.
func (e *Engine) effects(device *deviceState, d *facility.Door) []effect {
	from, to := e.around(d.From), e.around(d.To)
	var all []effect
	for _, z := range to {
		if !slices.Contains(from, z) {
			all = append(all, effect{device: device, zone: z, sign: 1})
		}
	}
	for _, z := range from {
		if !slices.Contains(to, z) {
			all = append(all, effect{device: device, zone: z, sign: -1})
		}
	}
	return all
}

// around lists a zone and all it lies in, up to the building; nothing for outside.
func (e *Engine) around(id string) []*zoneState {
	var all []*zoneState
	for z := e.zoneByID[id]; z != nil; z = z.parent {
		all = append(all, z)
	}
	return all
}

// watchFor finds the watch over a device with a bound and mask, making it if it is new.
func (e *Engine) watchFor(d *deviceState, bound time.Duration, mask uint64) *watch {
	for _, w := range d.watches {
		if w.bound == bound && w.mask == mask {
			return w
		}
	}
	w := &watch{device: d, clock: &e.clock, bound: bound, mask: mask, since: max(1, e.clock), slot: -1}
	// The signs of life so far are not kept; the last one is.
	if mask == 0 && d.seen != 0 {
		w.first, w.last = d.seen, d.seen
	}
	d.watches = append(d.watches, w)
	slices.SortFunc(d.watches, compareWatches)
	return w
}

func compareWatches(a, b *watch) int {
	return cmp.Or(cmp.Compare(a.bound, b.bound), cmp.Compare(a.mask, b.mask))
}

// instanceKey tells instances apart.
type instanceKey struct {
	rule    string
	subject Subject
}

func compareInstances(a, b *instance) int {
	if c := strings.Compare(a.rule, b.rule); c != 0 {
		return c
	}
	if c := strings.Compare(string(a.subject.Kind), string(b.subject.Kind)); c != 0 {
		return c
	}
	return strings.Compare(a.subject.ID, b.subject.ID)
}

// enforce makes the instances those of the rules in force at the clock. New ones begin at from. The verdict of a rule that
// is in force no more ends: a transition to unknown, reason not_in_force, even where it was unknown before, so that
// whoever acts on it lets go.
func (e *Engine) enforce(from telemetry.Instant) {
	for d := range e.everyDevice() {
		if d.known&maskOf(telemetry.BodyTemperature) != 0 {
			e.plan.thermometers[d.whole.index] = true
		}
		if d.known&crowdMask != 0 {
			e.plan.showsCounter(d.whole.index)
		}
	}
	old := make(map[instanceKey]*instance, len(e.instances))
	for _, i := range e.instances {
		old[instanceKey{i.rule, i.subject}] = i
	}
	var next, begun []*instance
	for _, ref := range e.plan.inForce(e.clock) {
		r := e.plan.rule(ref)
		kind, _ := kindByName(r.Kind)
		for _, s := range kind.subjects(e.plan, r) {
			key := instanceKey{r.ID, s}
			i := old[key]
			delete(old, key)
			if i == nil {
				i = &instance{rule: r.ID, subject: s}
			}
			now := era{from: from, plan: e.plan, ref: ref, rule: r, protocol: e.plan.protocol(ref)}
			switch n := len(i.eras); {
			case n > 0 && i.eras[n-1].plan == e.plan && i.eras[n-1].ref == ref && i.eras[n-1].rule != nil:
			case n > 0 && i.eras[n-1].from == from:
				i.eras[n-1] = now
				begun = append(begun, i)
			default:
				i.eras = append(i.eras, now)
				begun = append(begun, i)
			}
			next = append(next, i)
		}
	}
	horizonStart := e.clock.Add(-horizon)
	for _, i := range e.instances {
		if _, over := old[instanceKey{i.rule, i.subject}]; !over {
			continue
		}
		if i.now().rule != nil {
			e.end(i)
		}
		if e.exists(i.subject) && i.now().from > horizonStart {
			next = append(next, i)
		}
	}
	slices.SortFunc(next, compareInstances)
	e.instances = next
	for n, i := range e.instances {
		i.order = n
		for len(i.eras) > 1 && i.eras[1].from < horizonStart {
			i.eras = i.eras[1:]
		}
	}
	e.plans = slices.DeleteFunc(e.plans, func(p *plan) bool { return p != e.plan && !e.judges(p) })
	for d := range e.everyDevice() {
		for _, s := range d.kept {
			s.keep = e.wanted(s.quantity)
		}
	}
	e.wire()
	// A rule of whose subjects none is known yet is in force all the same: one that is found later is judged from here on.
	if refs := e.plan.inForce(e.clock); len(begun) > 0 || e.enforcedPlan != e.plan || !slices.Equal(refs, e.enforcedRefs) {
		e.enforced, e.enforcedPlan, e.enforcedRefs = from, e.plan, refs
	}
	for _, i := range begun {
		e.ask(i, from)
	}
}

// end is the end of a verdict whose rule is in force no more.
func (e *Engine) end(i *instance) {
	was := i.present().answer
	i.eras = append(i.eras, era{from: e.clock, plan: e.plan})
	over := beginning(e.clock)
	over.idle = true
	i.past = append(i.past, change{e.clock, over})
	e.emit(i, e.clock, 0, was, answer{verdict: Unknown, idle: true})
	e.sound(i, i.past[len(i.past)-1:])
}

// exists reports whether a subject is one of the plan in force.
func (e *Engine) exists(s Subject) bool {
	var ok bool
	switch s.Kind {
	case SubjectSite:
		return s.ID == e.site
	case SubjectZone:
		_, ok = e.zoneByID[s.ID]
	case SubjectDoor:
		_, ok = e.doorByID[s.ID]
	case SubjectDevice:
		_, ok = e.deviceByID[s.ID]
	case SubjectTask:
		_, ok = e.taskByID[s.ID]
	case SubjectUplink:
		_, ok = e.plan.def.Site.Uplink(s.ID)
	}
	return ok
}

// judges reports whether some instance was judged by a plan within the horizon.
func (e *Engine) judges(p *plan) bool {
	return slices.ContainsFunc(e.instances, func(i *instance) bool {
		return slices.ContainsFunc(i.eras, func(r era) bool { return r.plan == p })
	})
}

// wire makes the judges of all eras anew and connects facts, instances and deadlines.
func (e *Engine) wire() {
	for _, z := range e.allZones() {
		z.crowdWatchers, z.readWatchers, z.capacity, z.limiters = nil, nil, nil, nil
	}
	for _, d := range e.doors {
		d.watchers, d.timed = nil, false
	}
	for _, t := range e.tasks {
		t.watchers, t.nearby = nil, nil
	}
	e.spreadWatchers, e.keepsSpread, e.medians = nil, false, medians{}
	for _, b := range e.caseBooks() {
		b.folds, b.watchers = nil, nil
	}
	for d := range e.everyDevice() {
		d.watchers, d.screen, d.credit, d.explainers = nil, nil, nil, nil
		d.summing, d.summers = 0, nil
		d.unasked()
		for _, w := range d.watches {
			w.watchers = nil
		}
	}
	e.outages, e.deadCounters, e.directions, e.conservers, e.climates = nil, nil, nil, nil, nil
	e.fallen, e.unlearned = 0, true
	due := make([]telemetry.Instant, len(e.instances))
	for n, i := range e.instances {
		i.limited = nil
		due[n] = telemetry.Never
		if i.slot > 0 && i.slot < len(e.queue.at) {
			due[n] = e.queue.at[i.slot]
		}
		for k := range i.eras {
			// The past is judged again by the facts that its own rule reads, also where that rule has ended.
			e.wireEra(i, k)
		}
	}
	for d := range e.everyDevice() {
		d.sumAsked(e.clock)
	}
	e.maintain()
	e.watches = e.watches[:0]
	for d := range e.everyDevice() {
		d.zoneWatchers = d.zone != nil && len(d.zone.readWatchers) > 0
		e.watches = append(e.watches, d.watches...)
	}
	samples := make([]telemetry.Instant, 0, len(e.zones)+1)
	for _, z := range e.allZones() {
		at := telemetry.Never
		if z.slot > 0 && z.slot < len(e.queue.at) {
			at = e.queue.at[z.slot]
		}
		samples = append(samples, at)
	}
	e.queue.reset(1 + len(e.watches) + len(e.instances) + len(e.zones) + 1)
	e.queue.set(0, e.nextTurn())
	slot := 1
	for _, w := range e.watches {
		w.slot = slot
		if due := w.due(); due > e.clock {
			e.queue.set(slot, due)
		}
		slot++
	}
	for n, i := range e.instances {
		i.slot = slot
		e.queue.set(slot, due[n])
		slot++
	}
	for n, z := range e.allZones() {
		z.slot = slot
		e.queue.set(slot, samples[n])
		slot++
	}
}

// wireEra makes the judge of the k-th era of an instance anew, and connects it with the facts that it reads.
func (e *Engine) wireEra(i *instance, k int) {
	era := &i.eras[k]
	if era.rule == nil {
		return
	}
	b := &bench{engine: e, plan: era.plan, protocol: era.protocol, rule: era.rule, instance: i, present: k == len(i.eras)-1}
	kind, _ := kindByName(era.rule.Kind)
	era.judge, era.class = kind.judge(b, i.subject), era.rule.class()
}
