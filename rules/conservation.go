package rules

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Conservation finds doors that count more people in one direction than in the other. Whoever comes into a building leaves it
// again: from one time at which it was verified empty to the next, what its counters say must add up to nothing, and so must that
// of each zone which they enclose. What does not, as a share of the people who passed, is held against what the stated accuracy of
// the counters allows: half of what a counter may miss, for it misses that in one direction at worst. Subjects: the zones that are
// named, else the site with all zones. It is judged once a day, from the closings that were known then.
//
// A door between two zones is in the balances of both, with opposite signs, and doors that are used in other proportions on other
// days differ in that, too: as far as this tells one door from another, it is named; else the doors among which it is.
type Conservation struct {
	// Closings is from how many closings on is judged, 5 to 30. Default 7. No more than the last 30 are looked at.
	Closings int `yaml:"closings" json:"closings"`
}

// Validate checks values.
func (p *Conservation) Validate() error {
	var c checks
	c.field(p.Closings >= 5 && p.Closings <= keptClosings, "closings", "%d: want closings, 5 to %d", p.Closings, keptClosings)
	return c.err()
}

// staleBalance is after how long without a closing nobody knows any more whether the doors add up.
const staleBalance = 8 * 24 * time.Hour

var conservationKind = kind{
	name:  "conservation",
	class: ClassSensor,
	advice: map[string]string{
		"en": "Count at the door by hand for an hour and compare; look whether people pass beside the counter. Then accept what is proposed at the door, or the correction that you found.",
		"id": "Hitung manual di pintu itu selama satu jam lalu bandingkan; periksa apakah ada orang yang lewat di samping penghitung. Lalu terima usulan pada pintu itu, atau koreksi yang Anda temukan.",
	},
	params: func() Params { return &Conservation{Closings: 7} },
	subjects: func(p *plan, r *Rule) []Subject {
		if len(r.Subjects) == 0 {
			return p.allSubjects(SubjectSite, func(string) bool { return p.counts("") || len(p.def.Site.Zones) > 0 && p.countsSome() })
		}
		return append(p.allSubjects(SubjectSite, r.names), p.allSubjects(SubjectZone, r.names)...)
	},
	judge: func(b *bench, s Subject) judge {
		b.engine.conservers = b.joined(b.engine.conservers)
		return &conservationJudge{engine: b.engine, params: b.rule.Params.(*Conservation), subject: s}
	},
}

// countsSome reports whether some device counts people who pass.
func (p *plan) countsSome() bool {
	for i := range p.counters {
		if p.countsPassages(i) {
			return true
		}
	}
	return false
}

type conservationJudge struct {
	engine  *Engine
	params  *Conservation
	subject Subject
}

// found is what was known of the balances at t, and when something else is; nil: nothing yet.
func (j *conservationJudge) found(t telemetry.Instant) (c *conserved, until telemetry.Instant) {
	until = telemetry.Never
	all := j.engine.conserved
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].from <= t {
			return &all[i], until
		}
		until = all[i].from
	}
	return nil, until
}

// about are the balances that the judge looks at.
func (j *conservationJudge) about(c *conserved) []*zoneBalance {
	var all []*zoneBalance
	for i := range c.zones {
		if z := &c.zones[i]; j.subject.Kind == SubjectSite || z.zone == j.subject.ID {
			all = append(all, z)
		}
	}
	return all
}

func (j *conservationJudge) judge(t telemetry.Instant, _ Verdict) (finding, telemetry.Instant) {
	c, until := j.found(t)
	if c == nil {
		return unknown(ReasonPending, ""), until
	}
	all := j.about(c)
	var worst *zoneBalance
	var newest telemetry.Instant
	few, open := len(all) == 0, ""
	for _, z := range all {
		if z.open != "" {
			open = z.open
			continue
		}
		newest = max(newest, z.last)
		if z.closings < j.params.Closings {
			few = true
			continue
		}
		if worst == nil || z.beyond() > worst.beyond() {
			worst = z
		}
	}
	if worst == nil && open != "" {
		return unknown(ReasonUncounted, open), until
	}
	if worst == nil {
		return unknown(ReasonPending, ""), until
	}
	stale := newest.Add(staleBalance)
	if t >= stale {
		return unknown(ReasonNoData, ""), until
	}
	until = min(until, stale)
	f := worst.finding()
	if f.verdict == Within && open != "" {
		return unknown(ReasonUncounted, open), until
	}
	if f.verdict == Within && few {
		return unknown(ReasonPending, ""), until // of a zone nobody knows yet
	}
	f.detail = strings.Join(j.suspects(all), ",")
	f.inputs = j.inputs(c, all, worst)
	return f, until
}

// breached reports whether a balance is off for certain.
func (j *conservationJudge) breached(z *zoneBalance) bool {
	return z.open == "" && z.closings >= j.params.Closings && z.off
}

// suspects are the counters that are named, or among which the one is that is off, of all balances that are.
func (j *conservationJudge) suspects(all []*zoneBalance) []string {
	var ids []string
	for _, z := range all {
		if !j.breached(z) {
			continue
		}
		for _, id := range z.suspects {
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// inputs are what the finding was reckoned from, and what it proposes.
func (j *conservationJudge) inputs(c *conserved, all []*zoneBalance, worst *zoneBalance) []Input {
	in := []Input{
		{Name: InputClosings, Value: float64(worst.counted), Unit: "1"},
		{Name: InputPassages, Value: rounded(worst.passages, 1), Unit: "1"},
		{Name: InputUnexplained, Value: hundredths(worst.residual), Unit: "1", Text: j.engine.plan.zoneName(worst.zone)},
		{Name: InputPerDay, Value: hundredths(worst.residual / worst.days()), Unit: "1"},
		{Name: InputSince, Value: float64(worst.since / telemetry.Instant(time.Second)), Unit: "s"},
	}
	for _, z := range all {
		if z != worst {
			in = append(in, Input{Name: InputUnexplainedOther, Value: hundredths(z.residual), Unit: "1", Text: j.engine.plan.zoneName(z.zone)})
		}
	}
	for _, id := range j.suspects(all) {
		in = append(in, Input{Name: InputSuspect, Value: 1, Unit: "1", Text: j.engine.doorOf(id)})
	}
	for _, d := range c.doors {
		if slices.ContainsFunc(all, func(z *zoneBalance) bool { return slices.Contains(z.doors, d.id) }) {
			in = append(in, Input{Name: InputDoorBalance, Value: (d.total.in - d.total.out).number(), Unit: "1", Text: cmp.Or(j.engine.plan.door(d.id).Name, d.id)})
		}
	}
	if j.subject.Kind == SubjectSite && c.passages > 0 {
		in = append(in, Input{Name: InputTogether, Value: c.outer.number(), Unit: "1"}, Input{Name: InputAllPassages, Value: c.passages.number(), Unit: "1"},
			Input{Name: InputCountingSince, Value: float64(j.engine.since / telemetry.Instant(time.Second)), Unit: "s"})
	}
	return append(in, j.proposed(all)...)
}

// proposed are a correction and an accuracy for each counter that is named, else an accuracy for those among which it is.
func (j *conservationJudge) proposed(all []*zoneBalance) (in []Input) {
	var of []string
	accuracy := func(id string, value float64) {
		if !slices.Contains(of, id) {
			of = append(of, id)
			in = append(in, Input{Name: InputProposedAccuracy, Value: value, Unit: "%", Text: id})
		}
	}
	for _, z := range all {
		if !j.breached(z) {
			continue
		}
		for _, p := range z.proposals {
			if !slices.Contains(of, p.id) {
				in = append(in, Input{Name: InputDoorBias, Value: hundredths(100 * p.drift), Unit: "%", Text: p.id})
			}
			accuracy(p.id, p.accuracy())
		}
		if len(z.proposals) > 0 {
			continue
		}
		for _, id := range z.suspects {
			accuracy(id, z.accuracy())
		}
	}
	return in
}

// zoneName is what people call a zone; empty for the building.
func (p *plan) zoneName(id string) string { return cmp.Or(p.zone(id).Name, id) }

func (j *conservationJudge) evidence(t telemetry.Instant, to []Evidence) []Evidence {
	first := len(to)
	for d := range j.engine.everyDevice() {
		if d.flowFlag && d.counted.At != 0 && d.counted.At <= t {
			to = append(to, d.counted)
		}
	}
	return newestEvidence(to, first)
}
