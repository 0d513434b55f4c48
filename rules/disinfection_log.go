package rules

import (
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Why a log of a task is no evidence. They are the names of inputs of an explanation.
const (
	LogAgent     = "log_agent"     // it names an agent that is not allowed
	LogContact   = "log_contact"   // the agent had not long enough to work
	LogPace      = "log_pace"      // it follows that of another item too soon
	LogWalk      = "log_walk"      // whoever logged it was at another place too shortly before
	LogEmpty     = "log_empty"     // nobody was in the building
	LogBackdated = "log_backdated" // it was entered too long after the deed
	LogCopied    = "log_copied"    // it repeats one of a day before to the second
	LogUnsure    = "log_unsure"    // the clock of the phone that it was entered on was set: nobody knows when it was
)

// proof is what the judge of a task knows to tell whether its logs can be true.
type proof struct {
	zone     *zoneState // the task's place; nil: a door, or a place that nothing counts
	building *zoneState
	walks    []walked // to other places
	strict   bool     // some log may be no evidence
}

// walked is a task at another place.
type walked struct {
	task  *taskState
	first bool // of two logs at one time, that task's counts as the earlier
}

// prove gathers it, and asks to be asked when it changes.
func (j *disinfectionJudge) prove(b *bench, def *facility.Task) {
	p := j.params
	j.strict = len(p.Agents) > 0 || p.Contact > 0 || p.Pace > 0 || p.Walk > 0 || p.Inside > 0 || p.Backdate > 0 || p.Copies
	j.building = b.engine.building
	if def.Place.Kind == facility.AtZone {
		j.zone = b.engine.zoneByID[def.Place.ID]
	}
	if p.Anchor == anchorPeople || p.Inside > 0 || p.Contact > 0 || p.Occupied || p.AfterPeople > 0 {
		b.crowd(Subject{SubjectSite, ""})
		if j.zone != nil {
			b.crowd(Subject{SubjectZone, j.zone.id})
		}
	}
	if p.Walk == 0 {
		return
	}
	for i := range b.plan.def.Site.Tasks {
		other := &b.plan.def.Site.Tasks[i]
		t := b.engine.taskByID[other.ID]
		if t == nil || other.Place == def.Place {
			continue
		}
		t.nearby = b.joined(t.nearby)
		j.walks = append(j.walks, walked{t, other.ID < def.ID})
	}
}

// refused is why the k-th log is no evidence, as it is known at t; empty: it is. Of a log whose time nobody knows only its agent is asked.
func (j *disinfectionJudge) refused(k int, t telemetry.Instant) string {
	if !j.strict {
		return ""
	}
	p, d := j.params, &j.task.done[k]
	switch {
	case len(p.Agents) > 0 && d.agent != "" && !slices.Contains(p.Agents, d.agent):
		return LogAgent
	case d.unsure():
		return "" // it has no moment that another could be too near to
	case p.Backdate > 0 && d.by != "" && d.device == "" && d.received.Sub(d.at) > p.Backdate:
		return LogBackdated
	case p.Pace > 0 && j.hurried(k):
		return LogPace
	case p.Walk > 0 && slices.ContainsFunc(j.walks, func(w walked) bool { return w.elsewhere(d, p.Walk) }):
		return LogWalk
	case p.Copies && j.repeats(k) && k > 0 && j.repeats(k-1):
		return LogCopied
	case p.Inside > 0 && j.deserted(d, t):
		return LogEmpty
	case p.Contact > 0 && j.disturbed(d, t):
		return LogContact
	}
	return ""
}

// hurried reports whether the log before is of another item and too near.
func (j *disinfectionJudge) hurried(k int) bool {
	d := &j.task.done[k]
	for i := k - 1; i >= 0; i-- {
		if e := &j.task.done[i]; d.at.Sub(e.at) >= j.params.Pace {
			break
		} else if e.item != d.item && !e.unsure() {
			return true
		}
	}
	return false
}

// elsewhere reports whether whoever made a log was at the other task less than a walk before.
func (w *walked) elsewhere(d *doneAt, walk time.Duration) bool {
	for i := len(w.task.done) - 1; i >= 0; i-- {
		e := &w.task.done[i]
		switch {
		case e.at > d.at, e.at == d.at && !w.first, e.unsure():
			continue
		case d.at.Sub(e.at) >= walk:
			return false
		case e.source() == d.source():
			return true
		}
	}
	return false
}

// repeats reports whether the same was logged by the same source whole days before, to the second.
func (j *disinfectionJudge) repeats(k int) bool {
	const day, second = 24 * time.Hour, telemetry.Instant(time.Second)
	d := &j.task.done[k]
	if d.unsure() {
		return false
	}
	for i := k - 1; i >= 0; i-- {
		e := &j.task.done[i]
		apart := (d.at/second - e.at/second) * second
		if apart > 0 && time.Duration(apart)%day == 0 && e.item == d.item && e.source() == d.source() && !e.unsure() {
			return true
		}
	}
	return false
}

// deserted reports whether the counters prove at t that nobody was in the building around a log.
func (j *disinfectionJudge) deserted(d *doneAt, t telemetry.Instant) bool {
	from, to := minuteOf(d.at.Add(-j.params.Inside)), minuteAfter(d.at.Add(j.params.Inside))
	if t < to || from <= 0 || !j.building.seen(from, to) {
		return false
	}
	e, _ := j.building.estimate(from - 1)
	return e.known && e.high == 0 && j.building.cameIn(from, to) == 0
}

// disturbed reports whether it is known at t that the agent had not its time.
func (j *disinfectionJudge) disturbed(d *doneAt, t telemetry.Instant) bool {
	contact := j.params.Contact
	if d.began > 0 && d.at.Sub(d.began) >= contact {
		return false
	}
	z := j.zone
	if z == nil || len(z.feeders) == 0 || z.derived() {
		return d.began > 0 // nothing else says how long it was
	}
	return z.cameIn(minuteAfter(d.at), min(minuteOf(d.at.Add(contact)), minuteOf(t))) > 0
}

// proofTurns is when what is known of a log, of the opening or of the people may change next.
func (j *disinfectionJudge) proofTurns(t telemetry.Instant) telemetry.Instant {
	p, until := j.params, telemetry.Never
	if p.Anchor == anchorPeople {
		until = j.building.nextPassing(t)
		for i := range j.building.outages {
			if o := &j.building.outages[i]; o.to > t {
				for _, at := range []telemetry.Instant{o.silent, minuteAfter(o.silent + 1), o.to, minuteAfter(o.to)} {
					if at > t {
						until = min(until, at)
					}
				}
			}
		}
		days := j.plan.serviceDays(t)
		for _, d := range days.all() {
			for _, at := range []telemetry.Instant{d.open.Add(-p.Drift), d.open.Add(p.Drift), d.close.Add(-p.Drift), d.close.Add(p.Drift), d.close} {
				if d.ok && at != telemetry.Never && minuteAfter(at) > t {
					until = min(until, minuteAfter(at))
				}
			}
		}
	}
	if p.Inside == 0 && p.Contact == 0 {
		return until
	}
	if p.Contact > 0 && j.zone != nil {
		until = min(until, j.zone.nextPassing(t))
	}
	for i := len(j.task.done) - 1; i >= 0; i-- {
		d := &j.task.done[i]
		if d.at.Add(p.Inside+p.Contact+2*time.Minute) < t {
			break
		}
		if at := minuteAfter(d.at.Add(p.Inside)); p.Inside > 0 && at > t {
			until = min(until, at)
		}
	}
	return until
}

// doubts are the newest logs up to t that are no evidence, newest first, at most three.
func (j *disinfectionJudge) doubts(t telemetry.Instant) (all []Input) {
	for k, d := range slices.Backward(j.task.done) {
		if d.at > t {
			continue
		}
		if why := j.refused(k, t); why != "" {
			all = append(all, Input{Name: why, Value: minutes(t.Sub(d.at)), Unit: "min", Text: d.item})
		} else if d.unsure() {
			all = append(all, Input{Name: LogUnsure, Value: minutes(t.Sub(d.at)), Unit: "min", Text: d.item})
		} else if d.item == "" || len(j.items) == 0 {
			break // what is older matters no more
		}
		if len(all) == 3 {
			break
		}
	}
	return all
}
