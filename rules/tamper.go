package rules

import (
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Tamper finds devices that say that somebody has opened or removed them. Subjects: the devices that are named, else all that can
// tell. It is breached for as long as the device says so.
type Tamper struct {
	// Stale is the age after which what it said counts as missing.
	// 0 (default): it holds until the device says otherwise.
	Stale time.Duration `yaml:"stale" json:"stale"`
}

// Validate checks values.
func (p *Tamper) Validate() error {
	var c checks
	c.field(p.Stale >= 0 && p.Stale <= 7*24*time.Hour, "stale", "%v: want a duration, 0 to 168h", p.Stale)
	return c.err()
}

var tamperKind = kind{
	name:  "tamper",
	class: ClassSensor,
	advice: map[string]string{
		"en": "Look at the device: is it in its place, closed and intact?",
		"id": "Periksa perangkat di tempatnya: masih terpasang, tertutup, dan utuh?",
	},
	params: func() Params { return &Tamper{} },
	subjects: func(p *plan, r *Rule) []Subject {
		return p.deviceSubjects(r, func(i int) bool { return i < len(p.measures) && p.measures[i]&maskOf(telemetry.Tamper) != 0 })
	},
	keeps: func(r *Rule) []kept {
		return []kept{{quantity: telemetry.Tamper, fresh: r.Params.(*Tamper).Stale, class: func(v, _ float64) uint64 { return sides(v, 0, tampered) }}}
	},
	judge: func(b *bench, s Subject) judge {
		b.onReadings(s, maskOf(telemetry.Tamper))
		return &tamperJudge{params: b.rule.Params.(*Tamper), device: b.device(s)}
	},
}

func tampered(v float64) bool { return v > 0 }

type tamperJudge struct {
	params *Tamper
	device *deviceState
}

func (j *tamperJudge) judge(t telemetry.Instant, _ Verdict) (finding, telemetry.Instant) {
	found, until := unknown(ReasonPending, ""), telemetry.Never
	for s := range j.device.allSeries(telemetry.Tamper) {
		e, k, _ := s.at(t)
		until = min(until, s.line.next(k+1))
		if e == nil {
			continue
		}
		if j.params.Stale > 0 && t >= e.v.last.Add(j.params.Stale) {
			if found.reason == ReasonPending {
				found = unknown(ReasonNoData, j.device.id)
			}
			continue
		}
		if j.params.Stale > 0 {
			until = min(until, e.v.last.Add(j.params.Stale))
		}
		switch {
		case tampered(e.v.v):
			found = finding{verdict: Breached, constraint: "tampered", detail: j.device.id}
		case found.verdict == Unknown:
			found = finding{verdict: Within, constraint: "intact", detail: j.device.id}
		}
	}
	return found, until
}

func (j *tamperJudge) evidence(t telemetry.Instant, to []Evidence) []Evidence {
	return j.device.evidence(t, telemetry.Tamper, to)
}
