package rules

import (
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Vehicles asks that vehicles which enter are sprayed: logs of the spraying ÷ vehicles counted at its place, or of the whole site
// where nothing counts them there. It is what regulations asked for, and weak evidence of health: WHO advises against spraying
// outdoors, so its alerts are for information. Subjects: the tasks that are named, else those of kind vehicles.
type Vehicles struct {
	// Window is the time that is looked at, in whole minutes; 0: since the day's opening. Default 2h.
	Window time.Duration `yaml:"window" json:"window"`
	// Least is the share of vehicles that must be sprayed, above 0, at most 1. Default 0.9.
	Least float64 `yaml:"least" json:"least"`
	// Vehicles is how many must have entered, 1 to 10000. Default 5.
	Vehicles int `yaml:"vehicles" json:"vehicles"`
}

// Validate checks values.
func (p *Vehicles) Validate() error {
	var c checks
	c.field(p.Window == 0 || p.Window >= 5*time.Minute && p.Window <= 24*time.Hour && p.Window%time.Minute == 0, "window", "%v: want 0 or whole minutes, 5m to 24h", p.Window)
	c.field(p.Least > 0 && p.Least <= 1, "least", "%v: want a share, above 0, at most 1", p.Least)
	c.field(p.Vehicles >= 1 && p.Vehicles <= 10_000, "vehicles", "%d: want vehicles, 1 to 10000", p.Vehicles)
	return c.err()
}

const vehicleMask = 1 << telemetry.VehiclesIn

var vehiclesKind = kind{
	name:     "vehicles",
	class:    ClassBreach,
	severity: Info,
	advice: map[string]string{
		"en": "Go to the gate and see that the sprayer works and somebody is there.",
		"id": "Periksa gerbang: pastikan alat semprot berfungsi dan ada petugasnya.",
	},
	params: func() Params { return &Vehicles{Window: 2 * time.Hour, Least: 0.9, Vehicles: 5} },
	subjects: func(p *plan, r *Rule) []Subject {
		return p.taskSubjects(r, facility.TaskVehicles)
	},
	keeps: func(*Rule) []kept { return []kept{{quantity: telemetry.VehiclesIn, exact: true}} },
	judge: func(b *bench, s Subject) judge {
		place := b.plan.task(s.ID).Place
		j := &vehiclesJudge{params: b.rule.Params.(*Vehicles), task: b.task(s)}
		if b.plan.measuredAt(place, vehicleMask) {
			j.spot = b.spot(place, vehicleMask)
			return j
		}
		j.spot = spot{plan: b.plan}
		for i := range b.plan.measures {
			if d := b.engine.deviceByID[b.plan.def.Site.Devices[i].ID]; d != nil && b.plan.measures[i]&vehicleMask != 0 {
				j.devices = append(j.devices, d)
				b.onReadings(Subject{SubjectDevice, d.id}, vehicleMask)
			}
		}
		return j
	},
}

type vehiclesJudge struct {
	params *Vehicles
	task   *taskState
	spot
}

func (j *vehiclesJudge) judge(t telemetry.Instant, _ Verdict) (finding, telemetry.Instant) {
	p := j.params
	open, opened, until := j.plan.open(t)
	if !open {
		return unknown(ReasonClosed, ""), until
	}
	if len(j.devices) == 0 {
		return unknown(ReasonNoData, ""), until
	}
	now := minuteOf(t)
	window := p.Window
	if window == 0 || now.Add(-window) < opened {
		window = now.Sub(minuteOf(max(1, opened)))
	}
	from := now.Add(-window)
	until = min(until, j.turns(vehicleMask, t, window), j.logged(now, window))
	if d := j.quiet(vehicleMask, t); d != nil {
		return unknown(ReasonSilent, d.id), until
	}
	if !j.heard(vehicleMask, from, now) {
		return unknown(ReasonGap, ""), until
	}
	entered := j.counts(telemetry.VehiclesIn, from, now)
	sprayed, most := 0.0, 0.0
	for i := range j.task.done {
		if d := &j.task.done[i]; d.within(from, now-1, false) {
			sprayed++
			most++
		} else if d.within(from, now-1, true) {
			most++
		}
	}
	f := finding{limit: 100 * p.Least, hasLimit: true, unit: "%", constraint: "vehicles"}
	f.inputs = []Input{{Name: InputSprayed, Value: sprayed, Unit: "1"}, {Name: InputVehicles, Value: entered, Unit: "1"}, {Name: InputWindow, Value: minutes(window), Unit: "min"}}
	if entered < float64(p.Vehicles) {
		f.verdict, f.reason = Unknown, ReasonFew
		return f, until
	}
	f.value, f.hasValue = min(100, 100*sprayed/entered), true
	switch f.verdict = Within; {
	case sprayed >= p.Least*entered:
	case most >= p.Least*entered:
		f.verdict, f.reason = Unknown, ReasonUnsure
	default:
		f.verdict = Breached
	}
	return f, until
}

// logged is when a log comes into the window or leaves it.
func (j *vehiclesJudge) logged(now telemetry.Instant, window time.Duration) telemetry.Instant {
	until := telemetry.Never
	for i := range j.task.done {
		switch at := j.task.done[i].at; {
		case at >= now:
			return min(until, minuteOf(at).Add(time.Minute))
		case at >= now.Add(-window):
			until = min(until, minuteOf(at).Add(window+time.Minute))
			if since := j.task.done[i].since(); since >= now.Add(-window) {
				until = min(until, minuteOf(since).Add(window+time.Minute))
			}
		}
	}
	return until
}

func (j *vehiclesJudge) evidence(t telemetry.Instant, to []Evidence) []Evidence {
	return j.spot.evidence(vehicleMask, t, to)
}

func (j *vehiclesJudge) show(_ telemetry.Instant, x *Explanation) { x.Bound = AtLeast }
