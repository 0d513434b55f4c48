// Package rules decides whether a site keeps its protocol. Its engine is a pure state machine: the same records in the same
// order give the same verdicts, bit for bit. It does no I/O, reads no clock, starts no goroutine and logs nothing.
package rules

import (
	"fmt"
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// SampleInterval is the least event time between two occupancy samples of one zone with the same verdict.
const SampleInterval = 10 * time.Second

// Engine judges one site. It is a discrete-event machine: its clock is the greatest Received seen, and before a record is
// applied every deadline up to the record's Received fires in order, each at its own time. Ticks therefore only move the
// clock; when they come does not change what is decided.
//
// An Engine is used by one goroutine at a time.
type Engine struct {
	site   string
	clock  telemetry.Instant
	record uint64            // the last that was applied
	since  telemetry.Instant // when the first configuration was applied: nobody counted before; 0: none was
	// received is when that record was received, which may be before the clock: it was set back, or waits to be.
	received telemetry.Instant

	plans    []*plan           // those that some instance was judged by within the horizon; the last is in force
	plan     *plan             // nil until a configuration was applied
	enforced telemetry.Instant // when the rules in force last changed
	// Which they were then; after a restart nil, until they are put in force again.
	enforcedPlan *plan
	enforcedRefs []ruleRef
	instances    []*instance // by rule, kind of subject, subject
	levels       levelBook
	upkeep       upkeepBook
	day          telemetry.Instant // the midnight that began today
	midnight     telemetry.Instant // the next one
	resetAt      telemetry.Instant // the next reset
	levelAt      telemetry.Instant // the next change of level
	// protocolAt is when the next protocol begins or ends.
	protocolAt telemetry.Instant
	round      uint64            // of settling, while it lasts: no fact changes meanwhile; 0: none
	rounds     uint64            // there have been
	learnAt    telemetry.Instant // when what the counters miss is learned next
	deafness   deafness          // when nobody listened to the devices
	conserved  []conserved       // what was known of the doors' balances, by time

	// The facts, in the definition's order.
	building   *zoneState
	zones      []*zoneState
	doors      []*doorState
	devices    []*deviceState
	parts      []*deviceState // channels with a place of their own, by device then name
	tasks      []*taskState
	zoneByID   map[string]*zoneState
	doorByID   map[string]*doorState
	deviceByID map[string]*deviceState
	partByKey  map[string]*deviceState
	taskByID   map[string]*taskState

	// What rules about the credibility of thermometers look at.
	spreadWatchers []*instance // asked when readings of an hour that is over come
	spreadEdits    uint64      // how often they came
	keepsSpread    bool        // there is such a rule
	medians        medians

	// The queue's slots: the calendar, the watches, the instances, the zones with the building first.
	queue   deadlines
	watches []*watch

	// While a record is applied.
	out     *Output
	index   int  // of the next transition
	late    bool // the record is late: it revises the past
	dirty   []*instance
	touched []*zoneState
	old     []change
	// breaches are when the instance that is judged was found breached while its alarm fires.
	breaches []telemetry.Instant
	flows    []flowChange
	news     news                // the message that was read
	shares   []telemetry.Reading // of the message's parts
	work     work

	// By wire: who is asked where facts of many devices change.
	outages      map[string][]*instance // by parent
	fallen       telemetry.Instant      // up to which those that fall silent are on their boards
	unlearned    bool                   // outages do not know yet what those behind them are judged by
	deadCounters []*instance
	directions   []*instance // who asks whether counters take in for out
	climates     []climate   // by wire: thermometers with a window of the air around them
	conservers   []*instance // by wire: who asks whether the doors add up

	activations []*activation // of the questions to expressions that are being answered, the outermost first
	answers     int           // how many of them are

	snapshotSize int // of the last one: how much memory the next will want
}

// New makes an engine for a site. Until a configuration record is applied it judges nothing.
func New(site string) *Engine {
	return &Engine{site: site, midnight: telemetry.Never, resetAt: telemetry.Never, levelAt: telemetry.Never, learnAt: telemetry.Never, protocolAt: telemetry.Never}
}

// Apply advances the engine by one record of its site and appends what it caused to out. The record must not be retained,
// nor any slice in it. Records that are not the site's only move the clock. A configuration that cannot be
// read is an error and leaves the engine as it was. The only other error wraps ErrNoProgress: the engine must not be used then.
func (e *Engine) Apply(rec *telemetry.Record, out *Output) (err error) {
	e.work, e.answers = work{}, 0
	defer e.work.end(e.site, &err)
	var next *plan
	mine := rec.Site == e.site
	if mine && rec.Kind == telemetry.KindConfiguration && rec.Configuration != nil {
		p, err := newPlan(rec.Configuration.Definition, rec.Configuration.Version, max(e.clock, rec.Received))
		if err == nil {
			err = Compile(p.def)
		}
		if err != nil {
			return fmt.Errorf("applying configuration %q of site %q: %w", rec.Configuration.Version, e.site, err)
		}
		if p.def.Site.ID != e.site {
			return fmt.Errorf("applying configuration %q of site %q: it is about site %q", rec.Configuration.Version, e.site, p.def.Site.ID)
		}
		next = p
	}
	e.out, e.record, e.received, e.index, e.late = out, rec.Seq, rec.Received, 0, false
	if mine && rec.Kind == telemetry.KindService && rec.Service != nil && e.plan != nil {
		if err := e.serve(rec.Service, rec.Received); err != nil {
			return err
		}
	}
	e.advance(rec.Received)
	if next != nil {
		e.configure(next)
		e.settle()
	}
	if !mine || e.plan == nil {
		return nil
	}
	at := rec.Moment()
	e.late = at < rec.Received.Add(-e.plan.late)
	switch rec.Kind {
	case telemetry.KindObservation:
		e.late = e.late || rec.Observation.Flags.Has(telemetry.FlagLate)
		e.observe(rec, at)
	case telemetry.KindRejection:
		if rec.Rejection != nil {
			e.refused(rec.Rejection, at)
		}
	case telemetry.KindEntry:
		if rec.Entry != nil {
			e.enter(rec.Entry, at, rec.Received)
			e.calibrate(rec)
			e.accept(rec)
			e.turnRound(rec)
		}
	case telemetry.KindEngine:
		e.restate()
	}
	e.settle()
	e.late = false
	return nil
}

// restate says every verdict and alarm as it is, without a change: an engine that takes over from another version begins
// with it. From and To are equal: what was recorded before, and what of this is news, the caller knows.
func (e *Engine) restate() {
	for _, i := range e.instances {
		if i.now().rule == nil || len(i.past) == 0 {
			continue
		}
		now := i.present()
		e.emit(i, e.clock, 0, now.answer, now.answer)
		i.told = told{firing: now.alarm.phase != Firing}
		e.say(i, e.clock, &now.alarm)
	}
}

// Due is the next deadline: when a KindTick record would change something. telemetry.Never: none.
func (e *Engine) Due() telemetry.Instant {
	for {
		slot, at := e.queue.next()
		if k := slot - 1; k < 0 || k >= len(e.watches) || !e.postponed(e.watches[k], at) {
			return at
		}
	}
}

// postponed moves the deadline of a watch whose device was heard since it was set. A device that reports moves it with each message:
// it is moved when it would come due.
func (e *Engine) postponed(w *watch, at telemetry.Instant) bool {
	due := w.due()
	if due <= at || at == telemetry.Never {
		return false
	}
	e.queue.set(w.slot, due)
	return true
}

// Clock is the greatest time that was applied.
func (e *Engine) Clock() telemetry.Instant { return e.clock }

// Deaf reports whether nobody listens to the devices, as far as the records say.
func (e *Engine) Deaf() bool {
	deaf, until := e.deafness.at(e.clock)
	return deaf && until == telemetry.Never
}

// advance moves the clock and fires the deadlines on the way, each at its own time.
func (e *Engine) advance(to telemetry.Instant) {
	for {
		slot, at := e.queue.next()
		if at > to || at == telemetry.Never {
			break
		}
		e.clock = max(e.clock, at)
		e.work.fired(e, slot)
		e.fallSilent()
		e.fire(slot)
		e.settle()
		if e.queue.at[slot] == at {
			e.queue.set(slot, telemetry.Never) // whoever is asked gives the next
		}
	}
	e.clock = max(e.clock, to)
}

// fire does what is due in a slot.
func (e *Engine) fire(slot int) {
	switch i, k := slot-1, slot-1-len(e.watches); {
	case slot == 0:
		e.turn()
	case i < len(e.watches):
		if w := e.watches[i]; !e.postponed(w, e.clock) {
			e.fellSilent(w)
		}
	case k < len(e.instances):
		e.ask(e.instances[k], e.clock)
	default:
		z := e.building
		if k -= len(e.instances); k > 0 {
			z = e.zones[k-1]
		}
		e.touch(z)
	}
}

// turn is a turn of the calendar: midnight, the reset, a protocol that begins or ends, a change of level, the time to learn.
func (e *Engine) turn() {
	if e.clock >= e.midnight {
		e.newDay()
	}
	if e.clock >= e.protocolAt { // in the middle of a day
		e.newRules()
	}
	if e.clock >= e.levelAt {
		e.refreshLevel()
		e.askAll(e.clock)
	}
	if e.clock >= e.resetAt {
		e.resetAt = e.plan.nextReset(e.clock)
		for _, z := range e.allZones() {
			z.fix(anchor{at: e.clock, kind: closingAnchor}, false)
			e.crowdChanged(z, e.clock)
		}
	}
	if e.clock >= e.learnAt {
		e.learnAt = e.nextLearning(e.clock)
		e.learn()
	}
	e.queue.set(0, e.nextTurn())
}

// nextTurn is the next turn of the calendar. Opening and closing are turns too: what displays say depends on them.
func (e *Engine) nextTurn() telemetry.Instant {
	_, _, until := e.plan.open(e.clock)
	return min(e.midnight, e.resetAt, e.levelAt, e.learnAt, e.protocolAt, until)
}

// newDay begins a day of the site: the counts of the day, the protocols in force, and an end to what is too old.
func (e *Engine) newDay() {
	e.day, e.midnight = e.plan.midnight(e.plan.date(e.clock)), e.plan.nextMidnight(e.clock)
	e.resetToday()
	old := e.clock.Add(-horizon)
	e.medians = medians{}
	for _, d := range e.doors {
		d.forget(old)
		d.forgetScreens(e.clock)
	}
	for _, b := range e.caseBooks() {
		b.forget(old)
	}
	e.deafness.forget(old)
	e.forgetOutages()
	for _, w := range e.watches {
		w.forget(old)
	}
	for _, z := range e.allZones() {
		z.forgetLearning(old)
	}
	for d := range e.everyDevice() {
		d.forgetCounts(old)
		d.forgetSpreads(old)
		d.forgetHealth(old)
		d.forgetSums(old)
		if d.flowFlag || d.presentFlag {
			e.refreshOutages(d)
		}
	}
	for _, t := range e.tasks {
		t.forget(old)
	}
	for _, i := range e.instances {
		i.forget(old)
	}
	e.levels.forget(old)
	e.forgetBalances(old)
	if n := len(e.upkeep.entries); n > 0 {
		if e.upkeep.forget(old); len(e.upkeep.entries) < n {
			e.maintain()
		}
	}
	e.newRules()
}

// newRules puts the rules in force that are at the clock.
func (e *Engine) newRules() {
	e.protocolAt = e.plan.nextProtocol(e.clock)
	e.enforce(e.clock)
	e.askAll(e.clock)
	for _, z := range e.allZones() {
		e.touch(z) // a rule may have ended
	}
}

// refreshLevel finds the level at the clock and when it changes next.
func (e *Engine) refreshLevel() {
	level, since := e.levels.find(e.plan, e.clock)
	e.levels.now, e.levels.since = level, max(since, e.plan.from)
	e.levelAt = e.levels.next(e.plan, e.clock)
}

// allZones lists the building and the zones.
func (e *Engine) allZones() []*zoneState {
	if e.building == nil {
		return nil
	}
	return append([]*zoneState{e.building}, e.zones...)
}

// ask marks an instance to be judged again from a time on.
func (e *Engine) ask(i *instance, from telemetry.Instant) {
	if i.dirty == 0 {
		e.dirty = append(e.dirty, i)
		i.dirty = from
		return
	}
	i.dirty = min(i.dirty, from)
}

func (e *Engine) askAll(from telemetry.Instant) {
	for _, i := range e.instances {
		e.ask(i, from)
	}
}

func (e *Engine) askReaders(all []readWatcher, mask uint64, from telemetry.Instant) {
	for _, w := range all {
		if w.mask&mask != 0 {
			e.ask(w.instance, from)
		}
	}
}

// crowdChanged marks who must be judged again because the people in a zone changed from a time on.
func (e *Engine) crowdChanged(z *zoneState, from telemetry.Instant) {
	for {
		for _, i := range z.crowdWatchers {
			e.ask(i, from)
		}
		e.touch(z)
		if z = z.parent; z == nil || !z.derived() {
			return
		}
	}
}

// touch marks a zone whose sample is due.
func (e *Engine) touch(z *zoneState) {
	if !z.touched {
		z.touched = true
		e.touched = append(e.touched, z)
	}
}

// settle judges what was marked, in the fixed order, and takes samples.
func (e *Engine) settle() {
	e.rounds++
	e.round = e.rounds
	if len(e.outages) > 0 {
		e.tellKins()
	}
	if len(e.dirty) > 1 {
		slices.SortFunc(e.dirty, func(a, b *instance) int { return a.order - b.order })
	}
	for _, i := range e.dirty {
		from := i.dirty
		i.dirty = 0
		e.rejudge(i, min(from, e.clock))
		if i.limited != nil {
			e.touch(i.limited) // a verdict and a limit change with the time too
		}
	}
	e.dirty = e.dirty[:0]
	if len(e.touched) > 1 {
		slices.SortFunc(e.touched, func(a, b *zoneState) int { return a.index - b.index })
	}
	for _, z := range e.touched {
		z.touched = false
		e.sample(z)
	}
	e.touched = e.touched[:0]
	if e.unlearned {
		e.learnKins()
	}
	e.round = 0
}

// fellSilent is the moment at which a device was to be heard at the latest.
func (e *Engine) fellSilent(w *watch) {
	for _, i := range w.watchers {
		e.ask(i, e.clock)
	}
	e.kinChanged(w, e.clock)
	if w == w.device.pulse {
		e.pulseChanged(w.device, e.clock)
	}
}

// pulseChanged tells those who rest on a device's values that from a time on it is silent, or no longer.
func (e *Engine) pulseChanged(d *deviceState, from telemetry.Instant) {
	if d.flowFlag || d.presentFlag || d.messages == 0 {
		e.refreshOutages(d)
		for _, f := range d.effects {
			e.crowdChanged(f.zone, from)
		}
		if d.presentFlag {
			e.crowdChanged(d.zone, from)
		}
	}
	if d.flowFlag && slotOf(from) < slotOf(e.clock) {
		e.askAllOf(e.directions, from)
	}
	e.askReaders(d.whole.watchers, d.known, from)
	e.askAllOf(d.summers, from)
	if d.zone != nil {
		e.askReaders(d.zone.readWatchers, d.known, from)
	}
}

// refreshOutages tells a device's zones when it was not heard. One that never spoke may be a counter, as far as is known.
func (e *Engine) refreshOutages(d *deviceState) {
	now, feeds := d.outages(e.clock), d.feeds()
	if d.shown.is(now, feeds, d.presentFlag) {
		return // a building whose thousand counters fall silent together, or begin to speak, is told what is new
	}
	d.shown = shownOutages{now, feeds, d.presentFlag, true}
	for _, f := range d.effects {
		if feeds {
			f.zone.setLosses(d, now, e.clock.Add(-horizon))
		} else {
			f.zone.setLosses(d, nil, e.clock.Add(-horizon))
		}
	}
	if d.presentFlag {
		d.zone.blind = setOutages(d.zone.blind, d, now)
	}
}
