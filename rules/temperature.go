package rules

import (
	"math"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Temperature judges every body temperature by itself: breached on a reading beyond the threshold, back to within by the
// next one that is not. Subjects: the devices that are named, else all that ever sent a body temperature; so a new
// thermometer is judged from its first reading on.
type Temperature struct {
	// Above is the threshold in Cel. Default 37.3 (KMK HK.01.07/MENKES/382/2020); malls in DKI use 37.5.
	Above float64 `yaml:"above" json:"above"`
	// Operator is > (default) or >=.
	Operator string `yaml:"operator" json:"operator"`
	// PlausibleMin and PlausibleMax bound what a living person can show, Cel. Default 30 to 43; an empty scene reads
	// about 24, and chip temperatures occur. A reading outside is never a fever.
	PlausibleMin float64 `yaml:"plausible_min" json:"plausible_min"`
	PlausibleMax float64 `yaml:"plausible_max" json:"plausible_max"`
	// Implausible is how many readings in a row outside the plausible window make the verdict unknown, 1 to 20. Default 3.
	Implausible int `yaml:"implausible" json:"implausible"`
	// UseError makes a reading unknown when its error bar contains the threshold. Default false: official thresholds
	// already allow for the instrument.
	UseError bool `yaml:"use_error" json:"use_error"`
	// Error is the error bar in Cel of devices that give none. Default 0.3, the laboratory limit for clinical infrared
	// thermometers.
	Error float64 `yaml:"error" json:"error"`
	// Stale is how long a verdict stands without another reading. Default 4h.
	Stale time.Duration `yaml:"stale" json:"stale"`
}

// Validate checks values.
func (p *Temperature) Validate() error {
	var c checks
	c.field(p.PlausibleMin >= 0 && p.PlausibleMin < p.PlausibleMax, "plausible_min", "%v: want Cel, 0 or more and below plausible_max", p.PlausibleMin)
	c.field(p.PlausibleMax <= 60, "plausible_max", "%v: want Cel, at most 60", p.PlausibleMax)
	c.field(p.Above > p.PlausibleMin && p.Above < p.PlausibleMax, "above", "%v: want Cel, inside the plausible window", p.Above)
	c.field(p.Operator == ">" || p.Operator == ">=", "operator", "%q: want > or >=", p.Operator)
	c.field(p.Implausible >= 1 && p.Implausible <= 20, "implausible", "%d: want 1 to 20", p.Implausible)
	c.field(p.Error >= 0 && p.Error <= 5, "error", "%v: want Cel, 0 to 5", p.Error)
	c.field(p.Stale > 0, "stale", "%v: want a duration above 0", p.Stale)
	return c.err()
}

// The classes of a body temperature under a rule.
const (
	normal int8 = iota
	hot
	unclear // its error bar contains the threshold
	implausible
)

var temperatureKind = kind{
	name:  "temperature",
	class: ClassBreach,
	advice: map[string]string{
		"en": "Take the visitor aside and measure again after five minutes.",
		"id": "Arahkan pengunjung ke samping dan ukur ulang setelah lima menit.",
	},
	params: func() Params {
		return &Temperature{Above: 37.3, Operator: ">", PlausibleMin: 30, PlausibleMax: 43, Implausible: 3, Error: 0.3, Stale: 4 * time.Hour}
	},
	subjects: func(p *plan, r *Rule) []Subject {
		return p.deviceSubjects(r, func(i int) bool { return p.thermometers[i] })
	},
	keeps: func(r *Rule) []kept {
		return []kept{{telemetry.BodyTemperature, (&temperatureJudge{params: r.Params.(*Temperature)}).class}}
	},
	judge: func(b *bench, s Subject) judge {
		p := b.rule.Params.(*Temperature)
		d := b.device(s)
		j := &temperatureJudge{params: p, plan: b.plan, device: d, err: p.Error}
		if e := b.deviceError(s); e > 0 {
			j.err = e
		}
		b.onReadings(s, maskOf(telemetry.BodyTemperature))
		if d != nil {
			d.screen = j
		}
		return j
	},
}

type temperatureJudge struct {
	params *Temperature
	plan   *plan
	device *deviceState
	err    float64
}

// class of a reading, the device's offset already added.
func (j *temperatureJudge) class(v float64) int8 {
	p := j.params
	switch {
	case v < p.PlausibleMin || v > p.PlausibleMax:
		return implausible
	case p.UseError && math.Abs(v-p.Above) <= j.err:
		return unclear
	case v > p.Above || v == p.Above && p.Operator == ">=":
		return hot
	}
	return normal
}

func (j *temperatureJudge) judge(t telemetry.Instant, _ Verdict) (finding, telemetry.Instant) {
	readings := j.device.series(telemetry.BodyTemperature)
	if readings == nil {
		return unknown(ReasonNoData, ""), telemetry.Never
	}
	line := &readings.line
	i := line.upTo(t)
	until := line.next(i)
	if i == 0 {
		return unknown(ReasonNoData, ""), until
	}
	newest := line.get(i - 1).at
	f := finding{verdict: Unknown, hasLimit: true, limit: j.params.Above, unit: telemetry.BodyTemperature.Unit(), constraint: "threshold"}
	if stale := newest.Add(j.params.Stale); t >= stale {
		var next telemetry.Instant
		f.reason, next = j.waiting(t, newest)
		f.detail = j.device.id
		return f, min(until, next)
	} else {
		until = min(until, stale)
	}
	// A few impossible readings say nothing about people; as many as the rule allows in a row say that the sensor is
	// broken. Before that the last possible reading still speaks.
	for back := 1; back <= i; back++ {
		v := line.get(i - back).v
		f.value, f.err, f.hasValue = v, j.err, true
		switch c := j.class(v); {
		case c != implausible:
			f.verdict, f.reason = [...]Verdict{normal: Within, hot: Breached, unclear: Unknown}[c], ""
			if c == unclear {
				f.reason = ReasonNear
			}
			return f, until
		case back >= j.params.Implausible || back == i:
			f.reason, f.detail = ReasonImplausible, j.device.id
			return f, until
		}
	}
	return f, until
}

// waiting is why there is no verdict long after the last reading: closed, just opened, or a thermometer nobody uses.
func (j *temperatureJudge) waiting(t, newest telemetry.Instant) (Reason, telemetry.Instant) {
	open, opened, next := j.plan.open(t)
	switch due := max(opened, newest).Add(j.params.Stale); {
	case !open:
		return ReasonClosed, next
	case t < due:
		return ReasonPending, min(next, due)
	}
	return ReasonSilent, next
}

func (j *temperatureJudge) evidence(t telemetry.Instant, to []Evidence) []Evidence {
	return j.device.evidence(t, telemetry.BodyTemperature, to)
}
