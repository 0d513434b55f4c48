package rules

import (
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// AfterHours finds people who are inside while the building is closed: visitors who were not let out, a party, a burglar.
// Subjects: the whole building, or the zones that are named; of these, those whose people something counts.
//
// It is judged from some time after the day's last closing until some time before the next opening; breaks of the day are no
// closing. The people are judged by their interval, so that what counters miss accuses nobody.
type AfterHours struct {
	// Staff is how many may be inside at any time: guards, cleaners. Default 5.
	Staff int `yaml:"staff" json:"staff"`
	// Tolerance is how many more the count may be off, beyond its own interval. Default 0.
	Tolerance int `yaml:"tolerance" json:"tolerance"`
	// Leave is how long after closing people may take to go. Default 30m.
	Leave time.Duration `yaml:"leave" json:"leave"`
	// Arrive is how long before opening people may come in: staff, and who waits for the opening. Default 1h.
	Arrive time.Duration `yaml:"arrive" json:"arrive"`
}

// Validate checks values.
func (p *AfterHours) Validate() error {
	var c checks
	c.field(p.Staff >= 0 && p.Staff <= 100_000, "staff", "%d: want persons, 0 or more", p.Staff)
	c.field(p.Tolerance >= 0 && p.Tolerance <= 100_000, "tolerance", "%d: want persons, 0 or more", p.Tolerance)
	c.field(p.Leave >= 0 && p.Leave <= 12*time.Hour, "leave", "%v: want a duration, 0 to 12h", p.Leave)
	c.field(p.Arrive >= 0 && p.Arrive <= 12*time.Hour, "arrive", "%v: want a duration, 0 to 12h", p.Arrive)
	return c.err()
}

// byAfterHours is the constraint of those who may stay.
const byAfterHours = "after_hours"

var afterHoursKind = kind{
	name:  "afterhours",
	class: ClassBreach,
	advice: map[string]string{
		"en": "Walk through all rooms, see everybody out, then count who stays and enter it.",
		"id": "Periksa semua ruangan, antar pengunjung keluar, lalu hitung yang tinggal dan catat.",
	},
	params: func() Params { return &AfterHours{Staff: 5, Leave: 30 * time.Minute, Arrive: time.Hour} },
	subjects: func(p *plan, r *Rule) []Subject {
		var out []Subject
		if (len(r.Subjects) == 0 || r.names(p.def.Site.ID)) && p.counts("") {
			out = append(out, Subject{SubjectSite, p.def.Site.ID})
		}
		for i := range p.def.Site.Zones {
			if id := p.def.Site.Zones[i].ID; r.names(id) && p.counts(id) {
				out = append(out, Subject{SubjectZone, id})
			}
		}
		return out
	},
	judge: func(b *bench, s Subject) judge {
		return &afterHoursJudge{crowd: crowd{zone: b.crowd(s)}, params: b.rule.Params.(*AfterHours), plan: b.plan}
	},
}

type afterHoursJudge struct {
	crowd
	params *AfterHours
	plan   *plan
}

func (j *afterHoursJudge) judge(t telemetry.Instant, was Verdict) (finding, telemetry.Instant) {
	from, until := j.closed(t)
	if t < from {
		return unknown(ReasonPending, ""), min(from, until)
	}
	est, next := j.zone.estimate(t)
	f := est.finding()
	f.limit, f.hasLimit, f.constraint = float64(j.params.Staff+j.params.Tolerance), true, byAfterHours
	f.compare(est, was, 0)
	return f, min(until, next)
}

// closed is the time around t in which it is judged: from some time on, and until when that is so; from is later than t where t lies in
// no such time.
func (j *afterHoursJudge) closed(t telemetry.Instant) (from, until telemetry.Instant) {
	days := j.plan.serviceDays(t)
	if days.now.ok {
		until = days.now.open.Add(-j.params.Arrive)
		if until <= t { // it is open, or about to be
			return days.now.close.Add(j.params.Leave), days.now.close
		}
	} else {
		until = telemetry.Never
	}
	if days.past.ok {
		from = days.past.close.Add(j.params.Leave)
	}
	return from, until
}

func (j *afterHoursJudge) show(t telemetry.Instant, x *Explanation) {
	if !x.HasLimit {
		return
	}
	x.Inputs = append(x.Inputs, Input{Name: InputStaff, Value: float64(j.params.Staff)})
	if j.params.Tolerance > 0 {
		x.Inputs = append(x.Inputs, Input{Name: InputTolerance, Value: float64(j.params.Tolerance)})
	}
	if past := j.plan.serviceDays(t).past; past.ok {
		x.Inputs = append(x.Inputs, Input{Name: InputClosed, Value: minutes(t.Sub(past.close)), Unit: "min"},
			Input{Name: InputGrace, Value: minutes(j.params.Leave), Unit: "min"})
	}
}
