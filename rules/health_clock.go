package rules

import (
	"cmp"
	"strconv"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Clock finds devices whose clock is wrong: their own time was impossible, and replaced by the time of receipt. A clock that is
// merely late is believed (clock_past), so that what it sends counts as late data. Subjects: the devices that are named, else all.
// It is judged by whole hours.
type Clock struct {
	// Window is the time that is looked at, in whole hours. Default 24h.
	Window time.Duration `yaml:"window" json:"window"`
	// Messages is how many messages with a wrong time are one too many, 1 to 100000. Default 3: one or two come of a restart, before
	// the device has set its clock.
	Messages int `yaml:"messages" json:"messages"`
}

// Validate checks values.
func (p *Clock) Validate() error {
	var c checks
	c.hours("window", p.Window)
	c.field(p.Messages >= 1 && p.Messages <= 100_000, "messages", "%d: want messages, 1 to 100000", p.Messages)
	return c.err()
}

// hours checks a window of whole hours.
func (c *checks) hours(field string, v time.Duration) {
	c.field(v >= time.Hour && v <= 7*24*time.Hour && v%time.Hour == 0, field, "%v: want whole hours, 1h to 168h", v)
}

var clockKind = kind{
	name:  "clock",
	class: ClassSensor,
	advice: map[string]string{
		"en": "Set the device's clock, or let it ask a time server. Its readings count from when they were received.",
		"id": "Setel jam perangkat, atau hubungkan ke server waktu. Bacaannya dihitung sejak saat diterima.",
	},
	params: func() Params { return &Clock{Window: 24 * time.Hour, Messages: 3} },
	subjects: func(p *plan, r *Rule) []Subject {
		return p.deviceSubjects(r, func(int) bool { return true })
	},
	judge: func(b *bench, s Subject) judge {
		return &clockJudge{params: b.rule.Params.(*Clock), device: b.device(s), health: b.healthOf(s, healthHours)}
	},
}

type clockJudge struct {
	params *Clock
	device *deviceState
	health *health
}

func (j *clockJudge) judge(t telemetry.Instant, _ Verdict) (finding, telemetry.Instant) {
	sum := j.health.window(t, j.params.Window, func(h *healthHour) uint32 { return h.clocked })
	if sum.messages == 0 {
		return unknown(ReasonPending, ""), sum.next
	}
	f := finding{verdict: Within, hasValue: true, hasLimit: true, value: float64(sum.clocked), limit: float64(j.params.Messages), unit: "1",
		constraint: "clock", detail: j.device.id}
	if int(sum.clocked) >= j.params.Messages {
		f.verdict = Breached
	}
	return f, sum.next
}

func (j *clockJudge) evidence(t telemetry.Instant, to []Evidence) []Evidence {
	return j.device.evidence(t, telemetry.NoQuantity, to)
}

func (j *clockJudge) show(t telemetry.Instant, x *Explanation) {
	x.Bound = Below
	if !x.HasValue {
		return
	}
	sum := j.health.window(t, j.params.Window, func(h *healthHour) uint32 { return h.clocked })
	x.Inputs = append(x.Inputs, Input{Name: InputMessages, Value: float64(sum.messages), Unit: "1"}, Input{Name: InputWindow, Value: minutes(j.params.Window), Unit: "min"})
	if off := j.health.off; off.known && off.at <= t && sum.clocked > 0 {
		x.Inputs = append(x.Inputs, Input{Name: InputClockOff, Value: minutes(off.by), Unit: "min"})
	}
}

// clockOff is by how much a device's clock was wrong when it was last not believed.
type clockOff struct {
	at    telemetry.Instant
	by    time.Duration // the device's time less the gateway's; negative: it is behind
	known bool          // by is; what a device says of the time need not be a time
}

// note keeps what the newest message tells; of two for one time what is further off.
func (c *clockOff) note(at, received telemetry.Instant, said string) {
	is, ok := deviceTime(said)
	if !ok || at < c.at {
		return
	}
	by := is.Sub(received)
	if at == c.at && c.known && cmp.Or(cmp.Compare(by.Abs(), c.by.Abs()), cmp.Compare(by, c.by)) <= 0 {
		return
	}
	*c = clockOff{at: at, by: by, known: true}
}

// deviceTime reads what a device said of the time: RFC 3339, or seconds or milliseconds since 1970.
func deviceTime(said string) (telemetry.Instant, bool) {
	if t, err := time.Parse(time.RFC3339, said); err == nil {
		return telemetry.InstantOf(t), true
	}
	n, err := strconv.ParseFloat(said, 64)
	const far = 1e11 // in seconds the year 5138, in milliseconds 1973
	switch {
	case err != nil || !(n >= 0 && n < far*1e3): // also what is no number
		return 0, false
	case n >= far:
		return telemetry.Instant(n * 1e6), true
	}
	return telemetry.InstantOf(time.Unix(int64(n), 0)), true
}
