package rules

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Restore replaces the state. A snapshot of another version or site is an error: the caller then replays from the start.
// After an error the engine is as it was.
func (e *Engine) Restore(b []byte) error {
	old := *e
	*e = *New(old.site)
	err := errCut
	if n := len(b) - checksumSize; n >= 0 && binary.LittleEndian.Uint32(b[n:]) == checksum(b[:n]) {
		err = e.restore(&decoder{b: b[:n]})
	}
	if err != nil {
		*e = old
		return fmt.Errorf("restoring the engine of site %q: %w", old.site, err)
	}
	return nil
}

func (e *Engine) restore(c *decoder) error {
	if format := c.string(); format != snapshotFormat {
		return fmt.Errorf("format %.32q: want %q", format, snapshotFormat)
	}
	if site := c.string(); site != e.site {
		return fmt.Errorf("it is of site %.64q", site)
	}
	c.quantities()
	e.clock, e.record = c.instant(), c.uint()
	for range c.count() {
		version, from, source := c.string(), c.instant(), c.string()
		if c.err != nil {
			return c.err
		}
		p, err := newPlan([]byte(source), version, from)
		if err != nil {
			return err
		}
		e.plans = append(e.plans, p)
	}
	if len(e.plans) == 0 || c.err != nil {
		return c.err
	}
	e.plan = e.plans[len(e.plans)-1]
	for _, at := range []*telemetry.Instant{&e.since, &e.enforced, &e.day, &e.midnight, &e.resetAt, &e.levelAt, &e.levels.since} {
		*at = c.instant()
	}
	e.levels.now = c.string()
	for range c.count() {
		l := levelEntry{c.deadline(), c.deadline(), c.deadline(), c.string(), c.string()}
		if l.from == l.made {
			l.from = c.present(l.from) // what was planned for later stays planned
		}
		l.made = c.present(l.made)
		e.levels.entries = append(e.levels.entries, l)
	}
	slices.SortStableFunc(e.levels.entries, compareLevels)
	for range c.count() {
		e.levels.ends = append(e.levels.ends, ending{c.string(), c.instant()})
	}
	for range c.count() {
		x := upkeepEntry{from: c.deadline(), until: c.deadline(), made: c.deadline(), id: c.string()}
		x.scope, x.by, x.reason = facility.Scope{Kind: facility.ScopeKind(c.string()), ID: c.string()}, c.string(), c.string()
		if x.from == x.made {
			x.from = c.present(x.from)
		}
		x.made = c.present(x.made)
		e.upkeep.entries = append(e.upkeep.entries, x)
	}
	slices.SortStableFunc(e.upkeep.entries, compareUpkeep)
	for range c.count() {
		e.upkeep.ends = append(e.upkeep.ends, ending{c.string(), c.instant()})
	}
	for range c.count() {
		e.deafness.spans = append(e.deafness.spans, deafSpan{c.instant(), c.instant()})
	}
	c.balances(e)
	e.learnAt, e.protocolAt = e.nextLearning(e.clock), e.plan.nextProtocol(e.clock)
	sampleDue := e.facts(c)
	if c.err != nil {
		return c.err
	}
	e.lay()
	instanceDue, err := e.judged(c)
	if err != nil {
		return err
	}
	if c.err != nil {
		return c.err
	}
	if len(c.b) > 0 {
		return errors.New("the snapshot is damaged: it goes on behind its end")
	}
	e.enforcedPlan, e.enforcedRefs = e.plan, e.plan.inForce(e.clock)
	for n, i := range e.instances {
		i.order = n
	}
	e.wire()
	for n, z := range e.allZones() {
		e.queue.set(z.slot, sampleDue[n])
	}
	for n, i := range e.instances {
		e.queue.set(i.slot, instanceDue[n])
	}
	e.learnKins()
	return nil
}

// facts reads the facts about the plan's site, and when each zone's sample is due.
func (e *Engine) facts(c *decoder) (sampleDue []telemetry.Instant) {
	site := &e.plan.def.Site
	e.zoneByID = make(map[string]*zoneState, len(site.Zones))
	for n := range len(site.Zones) + 1 {
		z := c.zone()
		sampleDue = append(sampleDue, c.instant())
		if n == 0 {
			e.building = z
		} else {
			e.zoneByID[z.id] = z
		}
		z.sampled.Site, z.sampled.Zone = e.site, z.id
	}
	e.doorByID = make(map[string]*doorState, len(site.Doors))
	for range site.Doors {
		d := &doorState{id: c.string(), total: c.tally(), today: c.tally(), screened: c.uint(), tooWarm: c.uint()}
		for range c.count() {
			d.takeScreening(screening{c.int(), c.uint(), c.uint()}, c.limit)
		}
		d.counted = c.instant()
		var at telemetry.Instant
		for range c.count() {
			at += telemetry.Instant(c.whole(int64(time.Minute)))
			d.minutes = append(d.minutes, doorMinute{at, people(c.whole(int64(person))), uint32(c.uint()), uint32(c.uint())})
		}
		d.cases = c.caseBook()
		e.doorByID[d.id] = d
	}
	e.taskByID = make(map[string]*taskState, len(site.Tasks))
	for range site.Tasks {
		t := c.task()
		e.taskByID[t.id] = t
	}
	e.deviceByID = make(map[string]*deviceState, len(site.Devices))
	for i := range site.Devices {
		d := c.device(&e.clock)
		c.spreads(d)
		d.cases = c.caseBook()
		e.deviceByID[d.id] = d
		e.plan.thermometers[i] = e.plan.thermometers[i] || d.known&maskOf(telemetry.BodyTemperature) != 0
		if d.known&crowdMask != 0 {
			e.plan.showsCounter(i)
		}
	}
	e.partByKey = make(map[string]*deviceState)
	for _, p := range partsOf(site) {
		d := c.device(&e.clock)
		d.channel = p.channel.Name
		e.partByKey[p.key()] = d
		e.plan.thermometers[p.device] = e.plan.thermometers[p.device] || d.known&maskOf(telemetry.BodyTemperature) != 0
		if d.known&crowdMask != 0 {
			e.plan.showsCounter(p.device)
		}
	}
	return sampleDue
}

// judged reads the instances, and when each is due.
func (e *Engine) judged(c *decoder) (due []telemetry.Instant, err error) {
	for range c.count() {
		i := &instance{rule: c.string(), subject: Subject{SubjectKind(c.string()), c.string()}}
		for range c.count() {
			era := era{from: c.instant()}
			n := c.uint()
			if n >= uint64(len(e.plans)) {
				return nil, errDamaged
			}
			era.plan = e.plans[n]
			if c.bool() {
				p, r := c.uint(), c.uint()
				if p >= uint64(len(era.plan.def.Protocols)) || r >= uint64(len(era.plan.def.Protocols[p].Rules)) {
					return nil, errDamaged
				}
				era.ref = ruleRef{int(p), int(r)}
				era.rule, era.protocol = era.plan.rule(era.ref), era.plan.protocol(era.ref)
				if !fits(era.rule, i.subject) {
					return nil, errDamaged
				}
			}
			i.eras = append(i.eras, era)
		}
		for range c.count() {
			p := change{at: c.deadline()}
			p.verdict, p.near, p.idle, p.upkeep = Verdict(c.int()), c.bool(), c.bool(), c.bool()
			p.since = c.present(p.at - c.deadline())
			p.alarm.phase, p.alarm.doubt = Phase(c.int()), c.bool()
			p.alarm.since = c.present(p.at - c.deadline())
			p.alarm.clear = c.instant()
			p.at = c.present(p.at)
			if n := len(i.past); n > 0 && i.past[n-1].at == p.at && c.limit != 0 {
				i.past = i.past[:n-1] // the clock was set back: only the last of them is left
			}
			i.past = append(i.past, p)
		}
		i.told = told{firing: c.bool(), doubt: c.bool(), at: c.instant(), held: c.instant(), heldFrom: c.instant()}
		i.news = c.instant()
		due = append(due, c.instant())
		if len(i.eras) == 0 || !e.exists(i.subject) {
			return nil, errDamaged
		}
		e.instances = append(e.instances, i)
	}
	return due, nil
}

// errDamaged is what restore finds in a snapshot that names what its own definitions do not hold.
var errDamaged = errors.New("the snapshot is damaged: it names what it does not hold")

// fits reports whether a rule's kind judges subjects of that kind.
func fits(r *Rule, s Subject) bool {
	switch p := r.Params.(type) {
	case *AfterHours, *Capacity:
		return s.Kind == SubjectZone || s.Kind == SubjectSite
	case *Air, *Distancing, *Queue, *Seats:
		return s.Kind == SubjectZone
	case *Conservation:
		return s.Kind == SubjectSite || s.Kind == SubjectZone
	case *Cutoff, *Direction, *Quota:
		return s.Kind == SubjectSite
	case *Credibility, *Temperature, *Silence, *Battery, *Clock, *DeadCounter, *Frozen, *Lost, *Rejected, *Tamper:
		return s.Kind == SubjectDevice
	case *Outage:
		return s.Kind == SubjectDevice || s.Kind == SubjectUplink
	case *Coverage, *Screening:
		return s.Kind == SubjectDoor
	case *Hygiene, *Masks:
		return s.Kind == SubjectDoor || s.Kind == SubjectZone
	case *Disinfection, *Staff, *Vehicles:
		return s.Kind == SubjectTask
	case *Expression:
		return s.Kind == p.SubjectKind
	}
	return false
}

// instant reads a time at which something happened, or began to hold.
func (c *decoder) instant() telemetry.Instant { return c.present(c.deadline()) }

// deadline reads a time that may be still to come, or a difference of two times.
func (c *decoder) deadline() telemetry.Instant { return telemetry.Instant(c.int()) }

// present is a time, or the present where the clock was set back behind it.
func (c *decoder) present(t telemetry.Instant) telemetry.Instant {
	if c.limit != 0 && t > c.limit && t != telemetry.Never {
		return c.limit
	}
	return t
}

func (c *decoder) tally() tally { return tally{people(c.int()), people(c.int())} }

func (c *decoder) zone() *zoneState {
	z := &zoneState{id: c.string()}
	var was entry[balance]
	decodeTimeline(c, &z.line, func() entry[balance] {
		was.at += telemetry.Instant(c.whole(int64(time.Millisecond)))
		c.balance(&was.v)
		now := was
		now.at, now.v.anchor = c.present(was.at), c.present(was.v.anchor)
		return now
	})
	c.learning(z)
	z.today, z.heard = c.tally(), c.instant()
	if z.sampled.At = c.instant(); z.sampled.At != 0 {
		z.sampled.Persons, z.sampled.Error, z.sampled.Limit = c.float(), c.float(), c.float()
		z.sampled.Low, z.sampled.High = c.float(), c.float()
		z.sampled.Known, z.sampled.HasLimit = c.bool(), c.bool()
		z.sampled.Verdict, z.sampled.Near, z.sampled.Record = Verdict(c.int()), c.bool(), c.uint()
	}
	return z
}

func decodeTimeline[V any](c *decoder, l *timeline[V], one func() entry[V]) {
	for t := range l.tiers {
		n := c.count()
		if n == 0 {
			continue
		}
		all := make([]entry[V], n)
		for i := range all {
			all[i] = one()
		}
		if c.limit != 0 {
			all = collapse(all, c.limit)
		}
		l.setTier(t, all)
	}
}

func (c *decoder) task() *taskState {
	t := &taskState{id: c.string(), since: c.instant()}
	for range c.count() {
		t.done = append(t.done, doneAt{
			at: c.instant(), item: c.string(), press: c.string(), device: c.string(), by: c.string(), agent: c.string(),
			began: c.instant(), received: c.instant(), earliest: c.instant(), quantity: c.quantity(), sequence: c.uint(), record: c.uint(),
		})
	}
	return t
}

// spreads reads what a thermometer read, hour by hour; what lies behind a clock that was set back is of now.
func (c *decoder) spreads(d *deviceState) {
	var hour int64
	for range c.count() {
		hour += c.int()
		x := spreadHour{hour, uint16(leastTenth + min(c.uint(), mostTenth-leastTenth)), uint32(c.uint())}
		if c.limit != 0 {
			x.hour = min(hour, int64(c.limit)/int64(time.Hour))
		}
		i, found := slices.BinarySearchFunc(d.spreads, x, compareSpreads)
		if found {
			d.spreads[i].n += x.n
		} else {
			d.spreads = slices.Insert(d.spreads, i, x)
		}
	}
}

func (c *decoder) caseBook() *caseBook {
	if !c.bool() {
		return nil
	}
	b := new(caseBook)
	for range c.count() {
		b.sensors = append(b.sensors, caseSensor{c.string(), c.string()})
	}
	var was telemetry.Instant
	decodeTimeline(c, &b.line, func() entry[sighting] {
		was += telemetry.Instant(c.whole(int64(time.Millisecond)))
		e := entry[sighting]{at: c.present(was)}
		e.v.value = c.float()
		e.v.last = c.present(was + telemetry.Instant(c.whole(int64(time.Millisecond))))
		if n := c.uint(); n < uint64(len(b.sensors)) {
			e.v.sensor = uint16(n)
		} else {
			c.fail()
		}
		return e
	})
	for range c.count() {
		b.said = append(b.said, saying{c.instant(), c.string(), c.deadline(), Outcome(c.string())})
	}
	return b
}

func (c *decoder) device(clock *telemetry.Instant) *deviceState {
	d := &deviceState{id: c.string(), seen: c.instant(), messages: c.uint(), known: c.mask()}
	if n := c.count(); n > 0 {
		d.values = make([]lastValue, n)
	}
	for i := range d.values {
		d.values[i] = lastValue{
			quantity: c.quantity(), channel: c.string(), value: c.float(), at: c.instant(), sequence: c.uint(), record: c.uint(),
		}
	}
	if at := c.instant(); at != 0 {
		d.counted = Evidence{Device: d.id, At: at, Quantity: c.quantity(), Value: c.float(), Sequence: c.uint(), Record: c.uint()}
	}
	decodeTimeline(c, &d.presents, func() entry[people] { return entry[people]{c.instant(), people(c.int())} })
	c.counts(d)
	d.health = c.health()
	c.sums(d)
	d.since = c.instant()
	for range c.count() {
		t := c.total(c.quantity())
		t.setBack(c.limit)
		d.totals = append(d.totals, t)
	}
	d.pairTotals()
	for range c.count() {
		s := &series{device: d, quantity: c.quantity(), channel: c.string()}
		var was telemetry.Instant
		decodeTimeline(c, &s.line, func() entry[stretch] {
			at := was + telemetry.Instant(c.whole(int64(time.Millisecond)))
			e := entry[stretch]{at, stretch{v: c.float(), last: at}}
			n := c.uint()
			if e.v.n = uint32(n / 2); n%2 == 1 {
				e.v.last += telemetry.Instant(c.whole(int64(time.Millisecond)))
			}
			was = e.v.last
			e.at, e.v.last = c.present(e.at), c.present(e.v.last)
			return e
		})
		d.kept = append(d.kept, s)
	}
	for range c.count() {
		w := &watch{device: d, clock: clock, bound: time.Duration(c.int()), mask: c.mask(), since: c.instant(), first: c.instant(), last: c.instant()}
		for range c.count() {
			if g := (gap{c.instant(), c.instant(), c.instant(), c.bool()}); g.silent < g.to {
				w.gaps = append(w.gaps, g)
			}
		}
		d.watches = append(d.watches, w)
	}
	for range c.count() {
		d.offsets = append(d.offsets, facility.Offset{From: c.instant(), Value: c.float(), Pairs: int(c.uint()), Spread: c.float()})
	}
	c.accepted(d)
	// In the order of this version's quantities; pairTotals has seen to the totals.
	slices.SortFunc(d.values, compareValues)
	slices.SortFunc(d.kept, compareSeries)
	slices.SortFunc(d.watches, compareWatches)
	return d
}
