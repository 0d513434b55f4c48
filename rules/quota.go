package rules

import (
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Quota limits the visitors of a day: those who came in through the doors from outside since midnight, with the error of their count.
// Subject: the site, if it has a quota and something counts who comes in.
//
// It is breached when surely more came than may, within while surely not, and near it between. What a counter has lost makes it unknown
// for the rest of the day, unless those who were counted are too many already.
type Quota struct {
	// Visitors is how many may come in a day; 0 (default): as the site says (quota).
	Visitors int `yaml:"visitors" json:"visitors"`
	// Staff is how many of those who come in on a day are no visitors. Default 0.
	Staff int `yaml:"staff" json:"staff"`
}

// Validate checks values.
func (p *Quota) Validate() error {
	var c checks
	c.field(p.Visitors >= 0 && p.Visitors <= 10_000_000, "visitors", "%d: want visitors a day, 0 or more", p.Visitors)
	c.field(p.Staff >= 0 && p.Staff <= 100_000, "staff", "%d: want persons, 0 or more", p.Staff)
	return c.err()
}

// The constraints of the visitors of a day, and of a queue that their quota closes.
const (
	byVisitors = "visitors"
	// ByQuota is what a last ticket follows from whose time the quota sets.
	ByQuota = "quota"
)

var quotaKind = kind{
	name:  "quota",
	class: ClassBreach,
	advice: map[string]string{
		"en": "Let no more visitors in today; give those who wait an appointment for another day.",
		"id": "Jangan terima pengunjung lagi hari ini; beri yang menunggu jadwal di hari lain.",
	},
	params: func() Params { return &Quota{} },
	subjects: func(p *plan, r *Rule) []Subject {
		if r.Params.(*Quota).of(p) == 0 || !p.counts("") || len(r.Subjects) > 0 && !r.names(p.def.Site.ID) {
			return nil
		}
		return []Subject{{SubjectSite, p.def.Site.ID}}
	},
	judge: func(b *bench, s Subject) judge {
		p := b.rule.Params.(*Quota)
		return &quotaJudge{crowd: crowd{zone: b.crowd(s)}, engine: b.engine, plan: b.plan, quota: p.of(b.plan), staff: p.Staff}
	},
}

// of is how many visitors may come; 0: as many as will.
func (p *Quota) of(plan *plan) int {
	if p.Visitors > 0 {
		return p.Visitors
	}
	return plan.def.Site.Quota
}

type quotaJudge struct {
	crowd
	engine       *Engine
	plan         *plan
	quota, staff int
}

func (j *quotaJudge) judge(t telemetry.Instant, _ Verdict) (finding, telemetry.Instant) {
	v := j.engine.visitsAt(j.plan, t)
	v.excuse(j.staff)
	f := v.finding()
	f.limit, f.hasLimit, f.constraint = float64(j.quota), true, byVisitors
	switch {
	case f.reason == ReasonNoData:
	case f.low > f.limit:
		f.verdict, f.reason, f.detail = Breached, "", ""
	case !v.known:
	case f.high <= f.limit:
		f.verdict = Within
	default:
		f.reason = ReasonNear
	}
	return f, v.until
}

// excuse takes those out who are no visitors.
func (v *visits) excuse(staff int) {
	n := people(staff) * person
	v.persons, v.low, v.high = max(0, v.persons-n), max(0, v.low-n), max(0, v.high-n)
}

func (j *quotaJudge) show(t telemetry.Instant, x *Explanation) {
	v := j.engine.visitsAt(j.plan, t)
	x.Inputs = append(x.Inputs, Input{Name: InputQuota, Value: float64(j.quota)}, Input{Name: InputCame, Value: v.raw.number()})
	if j.staff > 0 {
		x.Inputs = append(x.Inputs, Input{Name: InputStaff, Value: float64(j.staff)})
	}
	if open, opened, _ := j.plan.open(t); open && opened > v.day {
		x.Inputs = append(x.Inputs, Input{Name: InputOpened, Value: minutes(t.Sub(opened)), Unit: "min"})
	}
}

// forecastStep is how often a forecast is made anew. It divides the slots of the thinned past, so that the same is found whenever it is
// asked about.
const forecastStep = coarse

// step is the last moment at or before t at which a forecast was made.
func step(t telemetry.Instant) telemetry.Instant { return t - t%telemetry.Instant(forecastStep) }

// cameBetween is how many people came into the building in [from, to), both moments at which a forecast is made.
func (e *Engine) cameBetween(from, to telemetry.Instant) people {
	z := e.building
	return max(0, z.sums(z.line.upTo(to-1)).in-z.sums(z.line.upTo(from-1)).in)
}

// hourly is a number of people in some time as people an hour.
func hourly(n people, in time.Duration) float64 { return n.number() * float64(time.Hour) / float64(in) }
