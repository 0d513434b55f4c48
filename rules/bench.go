package rules

import (
	"slices"
	"time"
)

// bench gives a judge in the making the facts about its subject, and notes which of them, when they change, must make the
// engine ask the judge again.
type bench struct {
	engine   *Engine
	plan     *plan
	protocol *Protocol
	rule     *Rule
	instance *instance // registered with the facts
	present  bool      // the judge is of the rule in force, and not of the past
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
	z.crowdWatchers = b.joined(z.crowdWatchers)
	return z
}

// limits says that the judge limits the people in the zone; the first to say so is shown as the zone's limit.
func (b *bench) limits(z *zoneState) {
	z.limiters = b.joined(z.limiters)
	if b.present && z.capacity == nil {
		z.capacity, b.instance.limited = b.instance, z
	}
}

// door is the facts about a door, for a judge that reads its counts.
func (b *bench) door(s Subject) *doorState {
	d := b.engine.doorByID[s.ID]
	d.watchers = b.joined(d.watchers)
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
	t.watchers = b.joined(t.watchers)
	return t
}

// onReadings asks for the judge to be asked when one of the quantities was read at the subject.
func (b *bench) onReadings(s Subject, mask uint64) { b.onNews(s, mask, nil) }

// onNews is the same for a judge to which some values are no news.
func (b *bench) onNews(s Subject, mask uint64, like *steady) {
	if mask == 0 {
		return
	}
	join := func(all []readWatcher) []readWatcher {
		for k := range slices.Backward(all) {
			if all[k].instance == b.instance {
				all[k].mask |= mask
				all[k].steady = like
				return all
			}
		}
		return append(all, readWatcher{b.instance, mask, like})
	}
	switch s.Kind {
	case SubjectZone:
		z := b.zone(s)
		z.readWatchers = join(z.readWatchers)
	case SubjectDevice:
		d := b.device(s)
		d.watchers = join(d.watchers)
	}
}

// joined adds the instance to those that are asked, if another era of it has not.
func (b *bench) joined(all []*instance) []*instance {
	for _, i := range slices.Backward(all) {
		if i == b.instance {
			return all
		}
	}
	return append(all, b.instance)
}

// watch is the watch over a device's signs of life; nil for a bound of 0.
func (b *bench) watch(s Subject, bound time.Duration, mask uint64) *watch {
	if bound <= 0 {
		return nil
	}
	w := b.engine.watchFor(b.device(s), bound, mask)
	w.watchers = b.joined(w.watchers)
	return w
}

// levels is the site's level under the rule's protocol.
func (b *bench) levels() levels { return levels{&b.engine.levels, b.plan, b.protocol} }

// program is a compiled expression.
func (b *bench) program(kind SubjectKind, expr string, condition bool) *program {
	return b.plan.program(kind, expr, condition)
}
