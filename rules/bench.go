package rules

import (
	"time"
)

// bench gives a judge in the making the facts about its subject, and notes which of them, when they change, must make the
// engine ask the judge again.
type bench struct {
	engine   *Engine
	plan     *plan
	protocol *Protocol
	rule     *Rule
	// instance is registered with the facts; nil for the judges of the past, which are asked along with the present one.
	instance *instance
}

// zone is the facts about a zone or, for a site, the building.
func (b *bench) zone(s Subject) *zoneState {
	if s.Kind == SubjectSite {
		return b.engine.building
	}
	return b.engine.zoneByID[s.ID]
}

// crowd is zone for a judge that reads how many people are there.
func (b *bench) crowd(s Subject) *zoneState {
	z := b.zone(s)
	if b.instance != nil {
		z.crowdWatchers = append(z.crowdWatchers, b.instance)
	}
	return z
}

// limits says that the judge limits the people in the zone; the first to say so is shown as the zone's limit.
func (b *bench) limits(z *zoneState) {
	if b.instance != nil && z.capacity == nil {
		z.capacity = b.instance
	}
}

// door is the facts about a door, for a judge that reads its counts.
func (b *bench) door(s Subject) *doorState {
	d := b.engine.doorByID[s.ID]
	if b.instance != nil {
		d.watchers = append(d.watchers, b.instance)
	}
	return d
}

// device is the facts about a device.
func (b *bench) device(s Subject) *deviceState { return b.engine.deviceByID[s.ID] }

// deviceError is the configured error bar of a device; 0: none.
func (b *bench) deviceError(s Subject) float64 {
	return b.plan.device(s.ID).Error
}

// task is the facts about a task.
func (b *bench) task(s Subject) *taskState {
	t := b.engine.taskByID[s.ID]
	if b.instance != nil {
		t.watchers = append(t.watchers, b.instance)
	}
	return t
}

// onReadings asks for the judge to be asked when one of the quantities was read at the subject.
func (b *bench) onReadings(s Subject, mask uint64) {
	if b.instance == nil || mask == 0 {
		return
	}
	w := readWatcher{b.instance, mask}
	switch s.Kind {
	case SubjectZone:
		z := b.zone(s)
		z.readWatchers = append(z.readWatchers, w)
	case SubjectDevice:
		d := b.device(s)
		d.watchers = append(d.watchers, w)
	}
}

// watch is the watch over a device's signs of life; nil for a bound of 0.
func (b *bench) watch(s Subject, bound time.Duration, mask uint64) *watch {
	if bound <= 0 {
		return nil
	}
	w := b.engine.watchFor(b.device(s), bound, mask)
	if b.instance != nil {
		w.watchers = append(w.watchers, b.instance)
	}
	return w
}

// levels is the site's level under the rule's protocol.
func (b *bench) levels() levels { return levels{&b.engine.levels, b.plan, b.protocol} }

// program is a compiled expression.
func (b *bench) program(kind SubjectKind, expr string, condition bool) *program {
	return b.plan.program(kind, expr, condition)
}
