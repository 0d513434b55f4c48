package rules

import (
	"math"
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// observe takes in what a device reported for the time at.
func (e *Engine) observe(rec *telemetry.Record, at telemetry.Instant) {
	d := e.deviceByID[rec.Observation.Device]
	if d != nil && d.health != nil {
		e.examine(d, rec, at)
	}
	switch {
	case d == nil:
	case len(d.parts)+len(d.nowhere)+len(d.apart) > 0:
		e.divide(d, rec, at)
	default:
		e.take(d, rec, at)
	}
}

// take takes in what a device, or a channel with a place of its own, reported for the time at.
func (e *Engine) take(d *deviceState, rec *telemetry.Record, at telemetry.Instant) {
	o := &rec.Observation
	news := lastValue{at: at, sequence: o.Sequence, record: rec.Seq}
	if o.Flags.Has(telemetry.FlagRetained) {
		// State that the broker repeats: it may fill a hole, but it is no sign of life and nothing that happened.
		for i := range o.Readings {
			r := &o.Readings[i]
			news.quantity, news.value = r.Quantity, r.Value
			if usable(r.Quantity) && sound(r) {
				d.read(r, news, true)
			}
		}
		return
	}
	var mask uint64
	for i := range o.Readings {
		if sound(&o.Readings[i]) {
			mask |= maskOf(o.Readings[i].Quantity)
		}
	}
	first := d.messages == 0
	d.messages++
	d.seen = max(d.seen, at)
	fresh := mask &^ d.known
	d.known |= mask
	if fresh != 0 {
		e.discover(d, fresh)
	}
	if first {
		e.unfitted(d)
		e.askAllOf(d.whole.credit, at) // of one that has said nothing at all something else is not known
	}
	e.signs(d, mask, at, first)
	e.news.reset()
	var in, out, present people
	var counts, presents bool
	for i := range o.Readings {
		r := &o.Readings[i]
		if !sound(r) {
			continue
		}
		q, v := d.meaning(r, at)
		news.quantity, news.value = q, v
		d.read(r, news, false)
		switch r.Quantity {
		case telemetry.PeopleIn:
			counts = true
			if o.Counts(r) {
				in += peopleOf(r.Value)
			}
		case telemetry.PeopleOut:
			counts = true
			if o.Counts(r) {
				out += peopleOf(r.Value)
			}
		case telemetry.PeopleInTotal, telemetry.PeopleOutTotal:
			counts = true
			e.total(d, r, at)
		case telemetry.PeoplePresent:
			presents = true
			present += peopleOf(r.Value)
		case telemetry.BodyTemperature:
			e.screen(d, r.Channel, v, at)
		case telemetry.Button:
			if task := e.taskByID[d.mounting.Task(r)]; task != nil {
				e.log(task, doneAt{at: at, press: r.Text, device: d.id, received: rec.Received, quantity: r.Quantity, sequence: o.Sequence, record: rec.Seq})
			}
		default:
			if d.summing != 0 && o.Counts(r) {
				e.sum(d, r, at)
			}
			e.keep(d, r.Quantity, r.Channel, r.Value, at)
		}
	}
	if counts {
		e.counted(d, Evidence{Device: d.id, At: at, Sequence: o.Sequence, Record: rec.Seq}, o)
		e.flow(d, at, in, out, 0)
	}
	if presents {
		e.present(d, at, present, Evidence{Device: d.id, Quantity: telemetry.PeoplePresent, At: at, Value: present.number(), Sequence: o.Sequence, Record: rec.Seq})
	}
	if t := o.Task; t != nil && t.Done {
		task := d.task
		if t.Task != "" {
			task = e.taskByID[t.Task]
		}
		if task != nil {
			e.log(task, doneAt{at: at, item: t.Item, device: d.id, by: t.By, agent: t.Agent, began: t.Began, received: rec.Received, sequence: o.Sequence, record: rec.Seq})
		}
	}
	if w := d.whole.watchers; len(w) > 0 {
		e.askNews(w, mask, at)
	}
	if d.zoneWatchers {
		e.askNews(d.zone.readWatchers, mask, at)
	}
}

// sound reports whether a reading can be reckoned with. Decoders deliver no other; a journal written by something else might.
func sound(r *telemetry.Reading) bool {
	return !math.IsNaN(r.Value) && !math.IsInf(r.Value, 0) && (r.Value >= 0 || maskOf(r.Quantity)&(countMask|1<<telemetry.PeoplePresent) == 0)
}

// signs tells the device's watches that it is alive.
func (e *Engine) signs(d *deviceState, mask uint64, at telemetry.Instant, first bool) {
	for _, w := range d.watches {
		if w.mask != 0 && w.mask&mask == 0 {
			continue
		}
		changed := w.sign(at)
		switch due := w.due(); {
		case due <= e.clock:
			e.queue.set(w.slot, telemetry.Never) // it is silent again already
		case e.queue.at[w.slot] > due:
			e.queue.set(w.slot, due) // else it is postponed when it comes due
		}
		if changed == 0 {
			if at > e.clock {
				e.heardAhead(w)
			}
			continue
		}
		for _, i := range w.watchers {
			e.ask(i, changed)
		}
		e.kinChanged(w, changed)
		if w == d.pulse {
			if first && !d.flowFlag {
				// It may have been taken for a counter until now.
				e.refreshOutages(d)
				for _, f := range d.effects {
					e.crowdChanged(f.zone, changed)
				}
			}
			e.pulseChanged(d, changed)
		}
	}
}

// discover learns from a device's first reading of a quantity what the device is.
func (e *Engine) discover(d *deviceState, fresh uint64) {
	if fresh&countMask != 0 && !d.flowFlag || fresh&totalMask != 0 {
		// A counter with running totals has lost nothing in the times it was not heard.
		e.nowCounts(d)
		for _, f := range d.effects {
			e.crowdChanged(f.zone, 1) // it counts in all of history, whichever definition held
		}
	}
	if fresh&maskOf(telemetry.PeoplePresent) != 0 && d.zone != nil && !d.presentFlag {
		e.nowPresent(d)
		e.crowdChanged(d.zone, 1)
	}
	// Others judge a zone that is counted, and what a thermometer reads. A site of ten thousand counters has one such moment a
	// zone, but ten thousand thermometers have one each.
	switch {
	case fresh&crowdMask != 0 && e.plan.showsCounter(d.whole.index):
		e.enforce(e.enforced)
	case fresh&maskOf(telemetry.BodyTemperature) != 0 && !e.plan.thermometers[d.whole.index]:
		e.foundThermometer(d.whole.index)
	}
}

// unfitted tells the zones of a device that spoke for the first time if they may have waited for it to count: one that does not is
// no counter of theirs.
func (e *Engine) unfitted(d *deviceState) {
	if d.canCount && !d.flowFlag {
		for _, f := range d.effects {
			e.crowdChanged(f.zone, 1)
		}
	}
	if d.canSee && !d.presentFlag && d.zone != nil {
		e.crowdChanged(d.zone, 1)
	}
}

// nowCounts makes a device one of the counters at the edge of its zones.
func (e *Engine) nowCounts(d *deviceState) {
	d.flowFlag = true
	for _, f := range d.effects {
		f.zone.feeders = insertDevice(f.zone.feeders, d)
		f.zone.weigh()
	}
	e.refreshOutages(d)
}

// nowPresent makes a device one of the absolute counters of its zone.
func (e *Engine) nowPresent(d *deviceState) {
	d.presentFlag = true
	d.zone.absolute = insertDevice(d.zone.absolute, d)
	e.refreshOutages(d)
}

// nowKeeps begins to keep a device's readings of a quantity and channel.
func (e *Engine) nowKeeps(d *deviceState, q telemetry.Quantity, channel string) *series {
	if s := d.series(q, channel); s != nil {
		return s
	}
	s := &series{device: d, quantity: q, channel: strings.Clone(channel), keep: e.wanted(q)}
	d.kept = append(d.kept, s)
	slices.SortFunc(d.kept, compareSeries)
	if d.zone != nil {
		i, _ := slices.BinarySearchFunc(d.zone.sensors, s, compareSeries)
		d.zone.sensors = slices.Insert(d.zone.sensors, i, s)
	}
	return s
}

func insertDevice(all []*deviceState, d *deviceState) []*deviceState {
	i, found := slices.BinarySearchFunc(all, d, func(a, b *deviceState) int { return a.index - b.index })
	if found {
		return all
	}
	return slices.Insert(all, i, d)
}

// keep remembers a reading that rules look back at.
func (e *Engine) keep(d *deviceState, q telemetry.Quantity, channel string, v float64, at telemetry.Instant) {
	s := d.series(q, channel)
	if s == nil {
		if e.plan.keeps&maskOf(q) == 0 {
			e.news.note(q, nil)
			return
		}
		s = e.nowKeeps(d, q, channel)
		if channel == "" && len(d.kept) > 1 {
			e.unveil(d, q)
		}
	}
	if !s.record(at, v, e.clock, e.plan.exact()) {
		s = nil
	}
	e.news.note(q, s)
	if q == telemetry.Temperature && len(e.climates) > 0 {
		e.warmed(d, at)
	}
}

// screen takes in a body temperature as it is meant, the device's offset added.
func (e *Engine) screen(d *deviceState, channel string, v float64, at telemetry.Instant) {
	e.keep(d, telemetry.BodyTemperature, channel, v, at)
	e.sighted(d, channel, v, at)
	e.noteSpread(d, v, at)
	if d.door == nil {
		return
	}
	credible, warm := d.screens(v)
	d.door.measured(at, credible)
	if credible {
		d.door.screenedAt(at, warm, at > e.day)
	}
	e.doorChanged(d.door, at)
}

func (e *Engine) doorChanged(d *doorState, at telemetry.Instant) {
	for _, i := range d.watchers {
		e.ask(i, at)
	}
}

// log notes that a task was done.
func (e *Engine) log(t *taskState, d doneAt) {
	i := t.find(d)
	if i < 0 {
		return
	}
	d.item, d.press, d.by, d.agent = strings.Clone(d.item), strings.Clone(d.press), strings.Clone(d.by), strings.Clone(d.agent)
	t.done = slices.Insert(t.done, i, d)
	for _, i := range t.watchers {
		e.ask(i, d.at)
	}
	for _, i := range t.nearby {
		e.ask(i, d.at)
	}
}

// counted keeps the newest count of a device as evidence. A total is better evidence than what it stepped by.
func (e *Engine) counted(d *deviceState, ev Evidence, o *telemetry.Observation) {
	d.history.at(ev.At).messages++
	if d.door != nil {
		d.door.counted = max(d.door.counted, ev.At)
	}
	if ev.At < d.counted.At {
		return
	}
	for i := range o.Readings {
		r := &o.Readings[i]
		if maskOf(r.Quantity)&countMask != 0 {
			ev.Quantity, ev.Value = r.Quantity, r.Value
			if d.mounting.Swap {
				ev.Quantity = r.Quantity.Opposite()
			}
			break
		}
	}
	d.counted = ev
}

// total takes in a running total and corrects what passed.
func (e *Engine) total(d *deviceState, r *telemetry.Reading, at telemetry.Instant) {
	c := d.total(r.Quantity, r.Channel)
	// Not between the two directions of one message: what is told of a time is told of both.
	if c.touched = e.record; c.other == nil || c.other.touched != e.record {
		c.thin(e.clock.Add(-e.plan.exact()), e.clock.Add(-horizon))
	}
	flows, taken := c.record(at, r.Value, d.doorway, e.flows[:0])
	e.flows = flows
	if d.weigh() {
		for _, f := range d.effects {
			f.zone.weigh()
		}
	}
	late := e.clock.Add(-e.plan.late)
	for _, f := range e.flows {
		// A value may decide what older ones meant: that revises history, as late data does.
		e.late = e.late || f.at < late
		in, out := f.count, people(0)
		if r.Quantity == telemetry.PeopleOutTotal {
			in, out = 0, in
		}
		e.flow(d, f.at, in, out, f.doubt)
		e.passed(d, c, f.at)
	}
	if taken {
		e.passed(d, c, at)
	}
}

// passed tells what running totals say of a time, in both directions. It is told once a record, however often it changes.
func (e *Engine) passed(d *deviceState, c *total, at telemetry.Instant) {
	in, out := c.passed(at).number(), c.other.passed(at).number()
	if c.quantity == telemetry.PeopleOutTotal {
		in, out = out, in
	}
	if d.reversed(at) {
		in, out = out, in
	}
	for i := len(e.out.Flows) - 1; i >= 0; i-- {
		f := &e.out.Flows[i]
		if f.Record != e.record {
			break
		}
		if f.At == at && f.Device == d.id && f.Channel == c.channel {
			f.In, f.Out = in, out
			return
		}
	}
	e.out.Flows = append(e.out.Flows, Flow{Site: e.site, Device: d.id, Channel: c.channel, At: at, In: in, Out: out, Record: e.record})
}

// flow counts people who passed a device at a time; doubt are people who may have passed besides.
func (e *Engine) flow(d *deviceState, at telemetry.Instant, in, out, doubt people) {
	rawIn, rawOut := in, out
	in, out = d.directed(at, in, out)
	if at > e.day {
		e.today(d, in, out)
	}
	if d.door != nil {
		d.door.entered(at, in)
		d.door.total.in += in
		d.door.total.out += out
		e.doorChanged(d.door, at)
	}
	if slotOf(at) < slotOf(e.clock) {
		e.askAllOf(e.deadCounters, at)
		e.askAllOf(e.directions, at)
		e.askAllOf(d.summers, at)
	}
	if in != 0 || out != 0 {
		b := d.history.at(at)
		b.in += rawIn
		b.out += rawOut
	}
	for i := range d.effects {
		f := &d.effects[i]
		z := f.zone
		if z.heard == 0 || at < z.heard {
			z.heard = at
		}
		z.pass(at, f.passage(at, rawIn, rawOut, doubt))
		z.age(e.clock, e.plan.exactCrowd())
		e.crowdChanged(z, at)
	}
}

// present takes in an absolute count of the people in a device's zone.
func (e *Engine) present(d *deviceState, at telemetry.Instant, n people, ev Evidence) {
	z := d.zone
	if z == nil {
		return
	}
	d.history.at(at).messages++
	if ev.At >= d.counted.At {
		d.counted = ev
	}
	if z.heard == 0 || at < z.heard {
		z.heard = at
	}
	if d.room || !z.shared() {
		if last := d.presents.last(); last == nil || last.at <= at {
			d.presents = timeline[people]{}
			d.presents.add(entry[people]{at, n})
		}
		z.fix(anchor{at: at, kind: presentAnchor, value: n, spread: d.presentErr}, false)
	} else {
		d.noteZonePart(at, n, e.clock, e.plan.exact())
		z.addUp(d, at)
	}
	z.age(e.clock, e.plan.exactCrowd())
	e.crowdChanged(z, at)
}

// meaning is what a reading means at the device's place, by the calibration then in force.
func (d *deviceState) meaning(r *telemetry.Reading, at telemetry.Instant) (telemetry.Quantity, float64) {
	if !d.mounting.Swap && r.Quantity != telemetry.BodyTemperature {
		return r.Quantity, r.Value // as nearly all do
	}
	var meant telemetry.Reading
	if len(d.offsets) == 0 || r.Quantity != telemetry.BodyTemperature {
		meant = d.mounting.Meaning(*r)
	} else {
		m := d.mounting.At(at, d.offsets)
		meant = m.Meaning(*r)
	}
	return meant.Quantity, meant.Value
}

// calibrate takes in what somebody found of a thermometer. It holds for what is measured from then on.
func (e *Engine) calibrate(rec *telemetry.Record) {
	id, channel, o, ok := facility.Calibration(rec)
	if !ok {
		return
	}
	d := e.deviceByID[id]
	if channel != "" {
		d = e.partByKey[id+"\x00"+channel]
	}
	if d != nil {
		d.offsets = d.offsets.With(o)
	}
}
