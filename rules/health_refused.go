package rules

import (
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Rejected finds devices whose messages are not understood: a new firmware, a wrong model, a broken sensor that says the impossible.
// What counts is the share of a device's messages in whole hours that was rejected. Subjects: the devices that are named, else all.
type Rejected struct {
	// Window is the time that is looked at, in whole hours. Default 6h.
	Window time.Duration `yaml:"window" json:"window"`
	// Share is how much of the messages may be rejected, 0 to 1. Default 0.2.
	Share float64 `yaml:"share" json:"share"`
	// Messages is how many must have been rejected before it is a fault, 1 to 100000. Default 5.
	Messages int `yaml:"messages" json:"messages"`
}

// Validate checks values.
func (p *Rejected) Validate() error {
	return checkShare(p.Window, p.Share, p.Messages)
}

var rejectedKind = kind{
	name:  "rejected",
	class: ClassSensor,
	advice: map[string]string{
		"en": "Look at what the device sends (page “Refused”), and at its model and firmware.",
		"id": "Lihat apa yang dikirim perangkat (halaman “Ditolak”), lalu periksa model dan firmware-nya.",
	},
	params: func() Params { return &Rejected{Window: 6 * time.Hour, Share: 0.2, Messages: 5} },
	subjects: func(p *plan, r *Rule) []Subject {
		return p.deviceSubjects(r, func(int) bool { return true })
	},
	judge: func(b *bench, s Subject) judge {
		p := b.rule.Params.(*Rejected)
		return &shareJudge{
			device: b.device(s), health: b.healthOf(s, healthHours), window: p.Window, share: p.Share, least: p.Messages, constraint: "rejected",
			bad: func(h *healthHour) uint32 { return h.refused },
		}
	},
}

// Lost finds devices of which messages are missing: the numbers that a device gives them have gaps. A device that begins to count
// anew has lost nothing, and what comes late fills its gap. What counts is the share of whole hours. Subjects: the devices that are
// named, else all that promise an interval; of one that numbers nothing nobody can tell.
type Lost struct {
	// Window is the time that is looked at, in whole hours. Default 24h.
	Window time.Duration `yaml:"window" json:"window"`
	// Share is how much of the messages may be missing, 0 to 1. Default 0.1.
	Share float64 `yaml:"share" json:"share"`
	// Messages is how many must be missing before it is a fault, 1 to 100000. Default 10.
	Messages int `yaml:"messages" json:"messages"`
}

// Validate checks values.
func (p *Lost) Validate() error {
	return checkShare(p.Window, p.Share, p.Messages)
}

var lostKind = kind{
	name:  "lost",
	class: ClassSensor,
	advice: map[string]string{
		"en": "Check the radio link or network of the device: distance, antenna, access point, battery.",
		"id": "Periksa sambungan radio atau jaringan perangkat: jarak, antena, titik akses, baterai.",
	},
	params: func() Params { return &Lost{Window: 24 * time.Hour, Share: 0.1, Messages: 10} },
	subjects: func(p *plan, r *Rule) []Subject {
		return p.deviceSubjects(r, func(i int) bool { return p.def.Site.Devices[i].Interval > 0 })
	},
	judge: func(b *bench, s Subject) judge {
		p := b.rule.Params.(*Lost)
		return &shareJudge{
			device: b.device(s), health: b.healthOf(s, healthHours|healthSequence), window: p.Window, share: p.Share, least: p.Messages,
			constraint: "lost", numbered: true, bad: func(h *healthHour) uint32 { return h.lost },
		}
	},
}

// checkShare checks the parameters of a rule about a share of messages.
func checkShare(window time.Duration, share float64, messages int) error {
	var c checks
	c.hours("window", window)
	c.field(share >= 0 && share < 1, "share", "%v: want a share, 0 or more and below 1", share)
	c.field(messages >= 1 && messages <= 100_000, "messages", "%d: want messages, 1 to 100000", messages)
	return c.err()
}

// shareJudge judges which share of a device's messages was bad.
type shareJudge struct {
	device     *deviceState
	health     *health
	window     time.Duration
	share      float64
	least      int
	constraint string
	numbered   bool // only devices that number their messages are judged
	bad        func(*healthHour) uint32
}

func (j *shareJudge) judge(t telemetry.Instant, _ Verdict) (finding, telemetry.Instant) {
	sum := j.health.window(t, j.window, j.bad)
	until := sum.next
	if j.numbered {
		switch first := j.health.numberedSince(); {
		case first > t:
			return unknown(ReasonPending, ""), min(until, first)
		case first == 0:
			return unknown(ReasonPending, ""), until
		}
	}
	if sum.messages+sum.bad == 0 {
		return unknown(ReasonPending, ""), until
	}
	of := float64(sum.messages) + float64(sum.bad)
	f := finding{
		verdict: Within, hasValue: true, hasLimit: true, value: 100 * float64(sum.bad) / of, limit: 100 * j.share, unit: "%",
		constraint: j.constraint, detail: j.device.id,
	}
	if int(sum.bad) >= j.least && float64(sum.bad) > j.share*of {
		f.verdict = Breached
	}
	return f, until
}

func (j *shareJudge) evidence(t telemetry.Instant, to []Evidence) []Evidence {
	return j.device.evidence(t, telemetry.NoQuantity, to)
}

func (j *shareJudge) show(t telemetry.Instant, x *Explanation) {
	if !x.HasValue {
		return
	}
	sum := j.health.window(t, j.window, j.bad)
	x.Inputs = append(x.Inputs, Input{Name: InputBad, Value: float64(sum.bad), Unit: "1"}, Input{Name: InputMessages, Value: float64(sum.messages), Unit: "1"},
		Input{Name: InputWindow, Value: minutes(j.window), Unit: "min"})
}
