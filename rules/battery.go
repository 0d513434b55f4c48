package rules

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Battery finds devices whose battery must soon be changed: its charge, or voltage, is low, or falls so that it will be within days.
// Subjects: the devices that are named, else all that measure their battery.
type Battery struct {
	// Below is the least charge, 0 to 100. Default 20.
	Below float64 `yaml:"below" json:"below" unit:"%"`
	// Voltage is the least voltage; it depends on the cell. 0 (default): the voltage is not judged.
	Voltage float64 `yaml:"voltage" json:"voltage" unit:"V"`
	// Days is in how many days the charge may fall to Below, by the line through its lowest of each of the last 30 days, at least 5 of
	// them, 0 to 90. Default 14; 0: the trend is not judged.
	Days int `yaml:"days" json:"days"`
	// Stale is the age after which the newest value counts as missing. Default 72h.
	Stale time.Duration `yaml:"stale" json:"stale"`
}

// Validate checks values.
func (p *Battery) Validate() error {
	var c checks
	c.field(p.Below >= 0 && p.Below < 100, "below", "%v: want percent, 0 or more and below 100", p.Below)
	c.field(p.Voltage >= 0 && p.Voltage <= 100, "voltage", "%v: want volts, 0 to 100", p.Voltage)
	c.field(p.Days >= 0 && p.Days <= 90, "days", "%d: want days, 0 to 90", p.Days)
	c.field(p.Stale > 0 && p.Stale <= 7*24*time.Hour, "stale", "%v: want a duration above 0, at most 168h", p.Stale)
	return c.err()
}

func (p *Battery) low(v float64) bool        { return v < p.Below }
func (p *Battery) lowVoltage(v float64) bool { return v < p.Voltage }

var batteryKind = kind{
	name:  "battery",
	class: ClassSensor,
	advice: map[string]string{
		"en": "Change the battery of the device, and log that you did.",
		"id": "Ganti baterai perangkat, lalu catat penggantiannya.",
	},
	params: func() Params { return &Battery{Below: 20, Days: 14, Stale: 72 * time.Hour} },
	subjects: func(p *plan, r *Rule) []Subject {
		const mask = 1<<telemetry.Battery | 1<<telemetry.BatteryVoltage
		return p.deviceSubjects(r, func(i int) bool { return i < len(p.measures) && p.measures[i]&mask != 0 })
	},
	keeps: func(r *Rule) []kept {
		p := r.Params.(*Battery)
		return []kept{
			{quantity: telemetry.Battery, fresh: p.Stale, class: func(v, _ float64) uint64 { return sides(v, 0, p.low) }},
			{quantity: telemetry.BatteryVoltage, fresh: p.Stale, class: func(v, _ float64) uint64 { return sides(v, 0, p.lowVoltage) }},
		}
	},
	judge: func(b *bench, s Subject) judge {
		p := b.rule.Params.(*Battery)
		j := &batteryJudge{params: p, device: b.device(s)}
		b.onReadings(s, 1<<telemetry.Battery|1<<telemetry.BatteryVoltage)
		if p.Days > 0 {
			j.health = b.healthOf(s, healthCharge)
		}
		return j
	},
}

type batteryJudge struct {
	params *Battery
	device *deviceState
	health *health // nil: the trend is not judged
}

func (j *batteryJudge) judge(t telemetry.Instant, _ Verdict) (finding, telemetry.Instant) {
	p := j.params
	found, until := unknown(ReasonPending, ""), telemetry.Never
	for _, q := range [...]telemetry.Quantity{telemetry.Battery, telemetry.BatteryVoltage} {
		if q == telemetry.BatteryVoltage && p.Voltage == 0 {
			continue
		}
		for s := range j.device.allSeries(q) {
			e, k, _ := s.at(t)
			until = min(until, s.line.next(k+1))
			if e == nil {
				continue
			}
			if t >= e.v.last.Add(p.Stale) {
				if found.reason == ReasonPending {
					found = unknown(ReasonNoData, j.device.id)
				}
				continue
			}
			until = min(until, e.v.last.Add(p.Stale))
			f := finding{verdict: Within, hasValue: true, hasLimit: true, value: e.v.v, limit: p.Below, unit: q.Unit(), constraint: "battery", detail: j.device.id}
			if q == telemetry.BatteryVoltage {
				f.limit = p.Voltage
			}
			if f.value < f.limit {
				f.verdict = Breached
			}
			if found.verdict == Unknown || f.verdict == Breached && found.verdict == Within {
				found = f
			}
		}
	}
	if j.health == nil || found.verdict != Within {
		return found, until
	}
	days, known, next := j.health.trend(t, p.Below)
	until = min(until, next)
	if known && days < float64(p.Days) {
		found.verdict, found.constraint = Breached, "trend"
		found.value, found.limit, found.unit = math.Floor(days), float64(p.Days), "d"
	}
	return found, until
}

func (j *batteryJudge) evidence(t telemetry.Instant, to []Evidence) []Evidence {
	first := len(to)
	to = j.device.evidence(t, telemetry.Battery, to)
	to = j.device.evidence(t, telemetry.BatteryVoltage, to)
	return newestEvidence(to, first)
}

func (j *batteryJudge) show(t telemetry.Instant, x *Explanation) {
	if x.HasLimit {
		x.Bound = AtLeast
	}
	if x.Constraint == "trend" {
		for i := range j.device.values {
			if v := &j.device.values[i]; v.quantity == telemetry.Battery && v.at <= t {
				x.Inputs = append(x.Inputs, Input{Name: telemetry.Battery.String(), Value: v.value, Unit: "%"})
				break
			}
		}
	}
}

// charge is the lowest charge that a battery had in one day of UTC.
type charge struct {
	day int64 // since 1970
	low float64
}

const (
	trendDays  = 30 // how far back the trend of a battery looks
	trendLeast = 5  // days that make one
)

func dayOf(t telemetry.Instant) int64 { return int64(t) / int64(24*time.Hour) }

// charged takes in a charge, and reports whether its day is lower than it was.
func (h *health) charged(v float64, at telemetry.Instant) bool {
	i, found := slices.BinarySearchFunc(h.lowest, dayOf(at), func(c charge, day int64) int { return cmp.Compare(c.day, day) })
	switch {
	case !found:
		h.lowest = slices.Insert(h.lowest, i, charge{dayOf(at), v})
	case v < h.lowest[i].low:
		h.lowest[i].low = v
	default:
		return false
	}
	return true
}

// trend is in how many days the charge will have fallen to a level, by the line through the days that were over at t; known is false
// where too few are known, or it does not fall. A battery that was changed begins anew.
func (h *health) trend(t telemetry.Instant, to float64) (days float64, known bool, next telemetry.Instant) {
	today := dayOf(t)
	n, _ := slices.BinarySearchFunc(h.lowest, today, func(c charge, day int64) int { return cmp.Compare(c.day, day) })
	next = telemetry.Never
	if n < len(h.lowest) {
		next = telemetry.Instant((h.lowest[n].day + 1) * int64(24*time.Hour))
	}
	from := n
	for from > 0 && h.lowest[from-1].day >= today-trendDays && (from == n || h.lowest[from-1].low >= h.lowest[from].low-renewed) {
		from--
	}
	all := h.lowest[from:n]
	if len(all) > 0 {
		next = min(next, telemetry.Instant((all[0].day+trendDays+1)*int64(24*time.Hour)))
	}
	if len(all) < trendLeast {
		return 0, false, next
	}
	var x, y, xx, xy float64
	for _, c := range all {
		d := float64(c.day - today)
		x += d
		y += c.low
		xx += float64(d * d)
		xy += float64(d * c.low)
	}
	k := float64(len(all))
	slope := (float64(k*xy) - float64(x*y)) / (float64(k*xx) - float64(x*x))
	if slope >= 0 {
		return 0, false, next
	}
	return max(0, (to-(y-float64(slope*x))/k)/slope), true, next
}

// renewed is by how much a charge rises in a day only if the battery was changed, or charged.
const renewed = 10

// forgetCharges drops the days that no trend looks at, of what may still be asked about.
func (h *health) forgetCharges(before telemetry.Instant) {
	if h.wants&healthCharge == 0 {
		h.lowest = nil
		return
	}
	h.lowest = slices.DeleteFunc(h.lowest, func(c charge) bool { return c.day < dayOf(before)-trendDays })
}
