package rules

import (
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Direction finds counters that take in for out. Nobody leaves a room who has not come into it: where, since the building was verified
// empty, more people left a zone than came, by more than its counters may miss, something counts the wrong way. It is looked whether
// the counts of all zones would be possible if one counter took in for out; if no single one explains it, whether two do, or whether two
// doors have each other's counter. What is found holds until the counts of a later day contradict it, or a person says how the counter
// hangs (an entry of kind direction). A counter that closings have shown to hang the other way than configured is named as well.
// Subject: the site. It is judged by whole quarters of an hour; on a day on which a counter was not heard nobody can tell.
type Direction struct {
	// People is how many more than the counters may miss must have left, 3 to 1000: staff who were inside when the building was
	// taken for empty. Default 10.
	People int `yaml:"people" json:"people"`
}

// Validate checks values.
func (p *Direction) Validate() error {
	var c checks
	c.field(p.People >= 3 && p.People <= 1000, "people", "%d: want persons, 3 to 1000", p.People)
	return c.err()
}

const (
	// directionDays is how many days back a door that was found is still named, if nothing has contradicted it since.
	directionDays = 7
	// directionPassages are so many passages of a day, in times of Direction.People, that its counts are taken for possible.
	directionPassages = 3
)

var directionKind = kind{
	name:  "direction",
	class: ClassSensor,
	advice: map[string]string{
		"en": "Stand at the door that is named, and see which way its counter counts. Then turn it round, or accept that it counts the other way, and say so on the building's page: what was counted wrongly since is put right.",
		"id": "Berdirilah di pintu yang disebut dan lihat ke arah mana penghitungnya menghitung. Lalu balik alatnya, atau terima bahwa arahnya terbalik, dan catat di halaman gedung: hitungan yang keliru sejak itu dibetulkan.",
	},
	params: func() Params { return &Direction{People: 10} },
	subjects: func(p *plan, _ *Rule) []Subject {
		return p.allSubjects(SubjectSite, func(string) bool { return p.countsSome() })
	},
	judge: func(b *bench, _ Subject) judge {
		b.engine.directions = b.joined(b.engine.directions)
		return &directionJudge{engine: b.engine, plan: b.plan, params: b.rule.Params.(*Direction)}
	},
}

type directionJudge struct {
	engine *Engine
	plan   *plan
	params *Direction
}

func (j *directionJudge) judge(t telemetry.Instant, _ Verdict) (finding, telemetry.Instant) {
	until := telemetry.Instant((slotOf(t.Add(-j.plan.late)) + 1) * int64(quarter)).Add(j.plan.late)
	if ids, since := j.engine.turnedRound(t); len(ids) > 0 {
		f := finding{verdict: Breached, constraint: "learned", detail: strings.Join(ids, ",")}
		f.inputs = j.inputs(t, ids, ids, since)
		return f, until
	}
	days := j.daysBefore(t)
	if len(days) == 0 {
		return unknown(ReasonUncounted, ""), until
	}
	today := j.possible(days[0].from, days[0].to, t)
	if today.unheard != "" && !today.mute {
		return unknown(ReasonUncounted, today.unheard), until
	}
	found := &today
	for i := 1; !found.off && i < len(days); i++ {
		before := j.possible(days[i].from, days[i].to, t)
		if before.off && before.unheard == "" && !j.contradicted(&before, days[:i], t) {
			found = &before
		}
	}
	if found.off {
		f := finding{verdict: Breached, hasValue: true, hasLimit: true, value: shownPeople(found.short), limit: shownPeople(found.allowed), unit: "1", constraint: found.how}
		f.detail = strings.Join(found.suspects, ",")
		var named []string
		if found.how == "door" || found.how == "both" {
			named = found.suspects
		}
		f.inputs = j.inputs(t, found.suspects, named, found.since)
		f.inputs = append(f.inputs, Input{Name: InputPassages, Value: found.passages.number(), Unit: "1", Text: j.plan.zoneName(found.zone)})
		return f, until
	}
	if today.unheard != "" {
		return unknown(ReasonUncounted, today.unheard), until // what was found before holds until it is contradicted
	}
	if today.passages < people(directionPassages*j.params.People)*person {
		return unknown(ReasonPending, ""), until
	}
	return finding{verdict: Within, hasValue: true, hasLimit: true, value: shownPeople(max(0, today.short)), limit: shownPeople(today.allowed), unit: "1", constraint: "direction"}, until
}

// shownPeople is a number of people as people read it.
func shownPeople(n people) float64 { return wholePeopleOf(n).number() }

// inputs are since when it shows, whom it is about, and the way in which each counter that is named should be taken to hang.
func (j *directionJudge) inputs(t telemetry.Instant, suspects, named []string, since telemetry.Instant) []Input {
	in := []Input{{Name: InputSince, Value: float64(since / telemetry.Instant(time.Second)), Unit: "s"}}
	for _, id := range suspects {
		in = append(in, Input{Name: InputSuspect, Value: 1, Unit: "1", Text: j.engine.doorOf(id)})
	}
	for d := range j.engine.everyDevice() {
		for _, id := range named {
			if d.counterID() != id {
				continue
			}
			swap := !d.reversed(t)
			if w := d.turnAt(t); w != nil && w.from > 1 && !w.stated {
				swap = w.reversed // as the closings have shown
			}
			way := 0.0
			if swap {
				way = 1
			}
			in = append(in, Input{Name: InputProposedDirection, Value: way, Unit: "1", Text: id})
		}
	}
	return in
}

// contradicted reports whether the counts of one of the days would not be possible if what was found held still; where no counter is
// named, whether enough people passed.
func (j *directionJudge) contradicted(found *imbalance, days []countedDay, t telemetry.Instant) bool {
	for _, d := range days {
		b := j.book(d.from, d.to, t)
		if b.unheard != "" {
			continue
		}
		if len(found.hypothesis.turned) == 0 && found.hypothesis.exchanged[0] == "" {
			if b.passages >= people(directionPassages*j.params.People)*person {
				return true
			}
			continue
		}
		if !b.explained(b.indices(found.hypothesis)) {
			return true
		}
	}
	return false
}

func (j *directionJudge) evidence(t telemetry.Instant, to []Evidence) []Evidence {
	first := len(to)
	for d := range j.engine.everyDevice() {
		if d.flowFlag && d.counted.At != 0 && d.counted.At <= t {
			to = append(to, d.counted)
		}
	}
	return newestEvidence(to, first)
}

// turnedRound are the counters of which closings have shown that they hang the other way than configured, and nobody has said
// anything since; since is when the first of them was shown.
func (e *Engine) turnedRound(t telemetry.Instant) (ids []string, since telemetry.Instant) {
	for d := range e.everyDevice() {
		w := d.turnAt(t)
		if !d.flowFlag || w == nil || w.from <= 1 || w.stated || w.reversed == d.mounting.Swap {
			continue
		}
		if ids = append(ids, d.counterID()); since == 0 || w.from < since {
			since = w.from
		}
	}
	return ids, since
}

// turnAt is the turn that held at t; nil: none.
func (d *deviceState) turnAt(t telemetry.Instant) *turn {
	for i := len(d.turns) - 1; i >= 0; i-- {
		if d.turns[i].from <= t {
			return &d.turns[i]
		}
	}
	return nil
}
