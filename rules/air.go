package rules

import (
	"math"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Air asks for so much outdoor air for every person in a room, in litres a second, reckoned from its CO₂ and the people in it by the
// mass balance of the room: what the people breathe out is either carried away by the air or raises the CO₂ of the volume.
//
//	volume × rise of CO₂ = window × (people × generation − air × (CO₂ − outdoor CO₂))
//
// (ASTM D6245; generation rates: Persily and de Jonge, Indoor Air 27, 2017.) The rise makes it hold while CO₂ still climbs or falls;
// in a steady state it is the known rule generation ÷ (CO₂ − outdoor). Subjects: the zones that are named, else all with an area,
// a height and a device that measures CO₂. What the sensors, the count of people, the outdoor air and the people's metabolism may be
// off makes an interval, by which it is judged.
type Air struct {
	// Least is the air a person needs at least, L/s. Default 10 (WHO roadmap to improve ventilation, 2021).
	Least float64 `yaml:"least" json:"least"`
	// Window is the time over which it is reckoned, 10m to 4h, in steps of five minutes. Default 30m.
	Window time.Duration `yaml:"window" json:"window"`
	// Outdoor is the CO₂ of the outdoor air, ppm. Default 430. No room is fresher than that: where a sensor showed less within the
	// day before, as one that is off by its zero does, what it showed at its lowest is taken for it.
	Outdoor float64 `yaml:"outdoor" json:"outdoor"`
	// OutdoorError is how far that may be off, ppm. Default 20.
	OutdoorError float64 `yaml:"outdoor_error" json:"outdoor_error"`
	// Generation is the CO₂ that a person breathes out, L/s. Default 0.005: adults who sit, stand and walk a little breathe out 0.004
	// to 0.006.
	Generation float64 `yaml:"generation" json:"generation"`
	// GenerationError is how far the mean of the people inside may be off from it, as a share. Default 0.2.
	GenerationError float64 `yaml:"generation_error" json:"generation_error"`
	// Error is how far a sensor is off whose device has no error of its own, ppm. Default 30.
	Error float64 `yaml:"error" json:"error"`
	// Noise is how far two readings of one sensor may be off against each other, ppm. Default 10.
	Noise float64 `yaml:"noise" json:"noise"`
	// People is the mean number of people inside below which it is not judged. Default 1.
	People float64 `yaml:"people" json:"people"`
	// Stale is the longest time from one reading of CO₂ to the next. Default 15m.
	Stale time.Duration `yaml:"stale" json:"stale"`
}

// airStep is how often it is reckoned.
const airStep = 5 * time.Minute

// Validate checks values.
func (p *Air) Validate() error {
	var c checks
	c.field(p.Least > 0 && p.Least <= 200, "least", "%v: want litres a second, above 0, at most 200", p.Least)
	c.field(p.Window >= 2*airStep && p.Window <= 4*time.Hour && p.Window%airStep == 0, "window", "%v: want steps of 5m, 10m to 4h", p.Window)
	c.field(p.Outdoor >= 300 && p.Outdoor <= 1000, "outdoor", "%v: want ppm, 300 to 1000", p.Outdoor)
	c.field(p.OutdoorError >= 0 && p.OutdoorError <= 200, "outdoor_error", "%v: want ppm, 0 to 200", p.OutdoorError)
	c.field(p.Generation >= 0.001 && p.Generation <= 0.03, "generation", "%v: want litres a second, 0.001 to 0.03", p.Generation)
	c.field(p.GenerationError >= 0 && p.GenerationError < 1, "generation_error", "%v: want a share, 0 to below 1", p.GenerationError)
	c.field(p.Error >= 0 && p.Error <= 500, "error", "%v: want ppm, 0 to 500", p.Error)
	c.field(p.Noise >= 0 && p.Noise <= 500, "noise", "%v: want ppm, 0 to 500", p.Noise)
	c.field(p.People > 0 && p.People <= 1000, "people", "%v: want persons, above 0, at most 1000", p.People)
	c.field(p.Stale >= time.Minute && p.Stale <= 4*time.Hour, "stale", "%v: want a duration, 1m to 4h", p.Stale)
	return c.err()
}

var airKind = kind{
	name:  "air",
	class: ClassBreach,
	advice: map[string]string{
		"en": "Open windows and doors, switch on the fans, and let fewer people in.",
		"id": "Buka jendela dan pintu, nyalakan kipas, dan kurangi orang yang masuk.",
	},
	params: func() Params {
		return &Air{Least: 10, Window: 30 * time.Minute, Outdoor: 430, OutdoorError: 20, Generation: 0.005, GenerationError: 0.2, Error: 30, Noise: 10, People: 1, Stale: 15 * time.Minute}
	},
	subjects: func(p *plan, r *Rule) []Subject {
		return p.allSubjects(SubjectZone, func(id string) bool {
			if len(r.Subjects) > 0 {
				return r.names(id)
			}
			z := p.zone(id)
			return z.Area > 0 && z.Height > 0 && p.measuredIn(id, maskOf(telemetry.CO2))
		})
	},
	keeps: func(*Rule) []kept { return []kept{{quantity: telemetry.CO2, exact: true}} },
	judge: func(b *bench, s Subject) judge {
		z := b.plan.zone(s.ID)
		b.onReadings(s, maskOf(telemetry.CO2))
		return &airJudge{params: b.rule.Params.(*Air), instance: b.instance, zone: b.crowd(s), volume: 1000 * z.Area * z.Height}
	},
}

type airJudge struct {
	params   *Air
	instance *instance
	zone     *zoneState
	volume   float64 // L; 0: not known
	last     reckoned
}

// reckoned is the last answer: it holds for a step of time, whatever happens in it. A fact of the time before comes with a question
// about that time, and then it is reckoned anew; only of the time before the rule was in force nobody asks.
type reckoned struct {
	at, until telemetry.Instant
	f         finding
}

func (j *airJudge) judge(t telemetry.Instant, _ Verdict) (finding, telemetry.Instant) {
	at := t - t%telemetry.Instant(airStep)
	if j.last.at != at || at <= j.instance.eras[0].from {
		j.last = reckoned{at: at}
		j.last.f, j.last.until = j.reckon(at)
		return j.last.f, j.last.until
	}
	// Something happened since: an empty room, of which nobody would have asked again, may not be empty at the next step.
	return j.last.f, min(j.last.until, at.Add(airStep))
}

// reckon reckons with what happened before a time.
func (j *airJudge) reckon(t telemetry.Instant) (finding, telemetry.Instant) {
	p, until := j.params, t.Add(airStep)
	if j.volume == 0 {
		return unknown(ReasonNoLimit, ""), telemetry.Never
	}
	if est, changes := j.zone.estimate(t - 1); est.known && est.persons == 0 {
		if came := j.inside(t.Add(-p.Window), t); came.reason == "" && came.mean == 0 {
			// It stays so until somebody comes, and then it is asked again.
			if changes == telemetry.Never {
				return unknown(ReasonIdle, ""), changes
			}
			return unknown(ReasonIdle, ""), max(until, changes-changes%telemetry.Instant(airStep))
		}
	}
	air := j.mean(t)
	if air.sensors == 0 {
		return unknown(air.reason, air.detail), until
	}
	people := j.inside(air.from, air.to)
	if people.reason != "" {
		return unknown(people.reason, people.detail), until
	}
	if people.mean < p.People {
		return unknown(ReasonIdle, ""), until
	}
	seconds := air.to.Sub(air.from).Seconds()
	// The air a person has if everything is as said, and at worst and best.
	share := func(generation, people, excess, rise float64) float64 {
		carried := 1e6*generation - j.volume*rise/(people*seconds)
		if excess <= 0 {
			return math.Inf(1) // no more CO₂ than outside
		}
		return math.Max(0, carried/excess)
	}
	excess := air.mean - air.outdoor
	value := share(p.Generation, people.mean, excess, air.rise)
	low, high := math.Inf(1), 0.0
	off := air.err + p.OutdoorError
	for _, g := range [...]float64{1 - p.GenerationError, 1 + p.GenerationError} {
		for _, n := range [...]float64{math.Max(people.low, math.Min(people.mean, 0.5)), people.high} {
			for _, d := range [...]float64{-p.Noise, p.Noise} {
				for _, o := range [...]float64{-off, off} {
					v := share(p.Generation*g, n, excess+o, air.rise+d)
					low, high = math.Min(low, v), math.Max(high, v)
				}
			}
		}
	}
	f := finding{limit: p.Least, hasLimit: true, hasValue: true, unit: "L/s", constraint: "air"}
	f.value, low, high = math.Min(value, mostAir), math.Min(low, mostAir), math.Min(high, mostAir)
	f.err = math.Max(high-f.value, f.value-low)
	switch {
	case high < p.Least:
		f.verdict = Breached
	case low >= p.Least:
		f.verdict = Within
	default:
		f.verdict, f.reason = Unknown, ReasonNear
	}
	f.inputs = []Input{
		{Name: InputAirLow, Value: rounded(low, 10), Unit: "L/s"}, {Name: InputAirHigh, Value: rounded(high, 10), Unit: "L/s"},
		{Name: "co2", Value: rounded(air.mean, 10), Unit: "ppm"}, {Name: InputRise, Value: rounded(air.rise, 10), Unit: "ppm"},
		{Name: InputOutdoor, Value: rounded(air.outdoor, 10), Unit: "ppm"},
		{Name: "persons", Value: rounded(people.mean, 100), Unit: "1"}, {Name: "low", Value: rounded(people.low, 100), Unit: "1"},
		{Name: "high", Value: rounded(people.high, 100), Unit: "1"}, {Name: InputVolume, Value: j.volume / 1000, Unit: "m3"},
		{Name: InputGeneration, Value: p.Generation, Unit: "L/s"}, {Name: InputWindow, Value: rounded(minutes(air.to.Sub(air.from)), 10), Unit: "min"},
	}
	return f, until
}

// rounded is a number in parts of a whole.
func rounded(v, parts float64) float64 { return math.Round(v*parts) / parts }

// mostAir is where the scale ends: a room as fresh as the outdoors says no more.
const mostAir = 100

// breath is the CO₂ of a room in a window, from one reading to another.
type breath struct {
	sensors    int
	from, to   telemetry.Instant
	mean, rise float64 // ppm
	outdoor    float64 // as the sensors show it, ppm
	err        float64
	reason     Reason
	detail     string
}

// mean is the CO₂ in the window that ends at a time, over all sensors that were heard in it all the time.
func (j *airJudge) mean(t telemetry.Instant) (b breath) {
	b.reason = ReasonNoData
	for _, s := range j.zone.sensors {
		if s.quantity != telemetry.CO2 || s.probe() {
			continue
		}
		one := j.sensor(s, t)
		if one.sensors == 0 {
			if b.sensors == 0 && (b.reason == ReasonNoData || one.reason == ReasonSilent) {
				b.reason, b.detail = one.reason, one.detail
			}
			continue
		}
		// The window of all is that of the one that was heard latest.
		b.from, b.to = max(b.from, one.from), max(b.to, one.to)
		n := float64(b.sensors)
		b.mean, b.rise, b.err = (b.mean*n+one.mean)/(n+1), (b.rise*n+one.rise)/(n+1), (b.err*n+one.err)/(n+1)
		b.outdoor = (b.outdoor*n + one.outdoor) / (n + 1)
		b.sensors++
	}
	return b
}

// sensor is what one sensor says. Between two readings CO₂ goes straight from one to the other.
func (j *airJudge) sensor(s *series, t telemetry.Instant) (b breath) {
	p, id := j.params, s.device.id
	last := s.line.upTo(t-1) - 1
	if last < 0 {
		return breath{reason: ReasonNoData, detail: id}
	}
	if to := s.line.get(last).v.last; t >= to.Add(p.Stale) {
		return breath{reason: ReasonSilent, detail: id}
	}
	begin := t.Add(-p.Window)
	area := 0.0
	newest := s.line.get(last)
	b = breath{sensors: 1, to: newest.v.last, from: newest.at, err: s.bar()}
	if b.err == 0 {
		b.err = p.Error
	}
	first := newest.v.v
	for i := last - 1; i >= 0 && b.from > begin; i-- {
		e := s.line.get(i)
		gap := b.from.Sub(e.at)
		if gap > p.Stale {
			break
		}
		area += (e.v.v + first) / 2 * gap.Seconds()
		first, b.from = e.v.v, e.at
	}
	if b.from > begin && b.from.Sub(begin) > p.Stale {
		return breath{reason: ReasonPending, detail: id} // it has not been heard for long enough
	}
	if seconds := b.to.Sub(b.from).Seconds(); seconds > 0 {
		b.mean, b.rise = area/seconds, newest.v.v-first
		b.outdoor = j.freshest(s, t)
		return b
	}
	return breath{reason: ReasonPending, detail: id}
}

const (
	// freshDay is how long back a sensor's lowest reading is looked for: a night is in it.
	freshDay = 24 * time.Hour
	// leastFresh is the share of the outdoor air below which a reading is none of air, but of a sensor that begins, or is broken.
	leastFresh = 0.7
	// freshRow is how many readings in a row must be as low, so that one alone says nothing.
	freshRow = 3
)

// freshest is what a sensor shows of the outdoor air at t: as configured, or what it showed at its lowest in the day before.
func (j *airJudge) freshest(s *series, t telemetry.Instant) float64 {
	lowest := j.params.Outdoor
	from := t.Add(-freshDay)
	row := [freshRow]float64{}
	n := 0
	for i := s.line.upTo(t-1) - 1; i >= 0; i-- {
		e := s.line.get(i)
		if e.v.last < from {
			break
		}
		v := e.v.v
		if v < leastFresh*j.params.Outdoor {
			n = 0
			continue
		}
		row[n%freshRow] = v
		if n++; n >= freshRow {
			lowest = min(lowest, max(row[0], row[1], row[2]))
		}
	}
	return lowest
}

// attendance is the mean number of people in a window.
type attendance struct {
	mean, low, high float64
	reason          Reason
	detail          string
}

// inside is how many people were in the zone in [from, to) on average, minute by minute.
func (j *airJudge) inside(from, to telemetry.Instant) (a attendance) {
	from, to = minuteOf(from), minuteAfter(to)
	for m := from; m < to; {
		last := m.Add(time.Minute) - 1
		e, until := j.zone.estimate(last)
		if !e.known {
			return attendance{reason: e.reason, detail: e.detail}
		}
		next := to
		if until > last && until != telemetry.Never {
			next = min(to, max(m.Add(time.Minute), minuteOf(until)))
		}
		// Added up before it is divided: one person who is there all the time is one, and not a little less.
		span := float64(next - m)
		a.mean += float64(e.persons.number() * span)
		a.low += float64(e.low.number() * span)
		a.high += float64(e.high.number() * span)
		m = next
	}
	whole := float64(to - from)
	a.mean, a.low, a.high = a.mean/whole, a.low/whole, a.high/whole
	return a
}

func (j *airJudge) evidence(t telemetry.Instant, to []Evidence) []Evidence {
	first := len(to)
	for _, s := range j.zone.sensors {
		if s.quantity != telemetry.CO2 || s.probe() {
			continue
		}
		for i, n := s.line.upTo(t)-1, 0; i >= 0 && n < MaxEvidence/2; i, n = i-1, n+1 {
			to = append(to, s.evidence(s.line.get(i), t))
		}
	}
	to = j.zone.countEvidence(t, to)
	return newestEvidence(to, first)
}

func (j *airJudge) show(_ telemetry.Instant, x *Explanation) {
	if x.HasLimit {
		x.Bound = AtLeast
	}
}
