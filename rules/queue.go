package rules

import (
	"math"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Queue limits the people in a queue: to a number, to a share of what the room holds for which they wait, or the smaller of both.
// Subjects: the zones that are queues (queue_for), or are named; of these, those whose people something counts. What the room holds is
// its limit by the rules on capacity, with the level then in force.
type Queue struct {
	// Limit is the most people in the queue; 0 (default): only the share counts.
	Limit int `yaml:"limit" json:"limit"`
	// Share of the room's limit that may queue, 0 to 1. Default 0.5 (DKI Jakarta: at most half of the room); 0: only the limit counts.
	Share float64 `yaml:"share" json:"share"`
	// Hysteresis in persons: an alert ends only this far below the limit; the verdict knows no hysteresis. Default 0.
	Hysteresis float64 `yaml:"hysteresis" json:"hysteresis"`
}

// Validate checks values.
func (p *Queue) Validate() error {
	var c checks
	c.field(p.Limit >= 0 && p.Limit <= 100_000, "limit", "%d: want persons, 0 or more", p.Limit)
	c.field(p.Share >= 0 && p.Share <= 1, "share", "%v: want a share, 0 to 1", p.Share)
	c.field(p.Limit > 0 || p.Share > 0, "limit", "0: want a limit, a share or both")
	c.field(p.Hysteresis >= 0 && p.Hysteresis <= 100_000, "hysteresis", "%v: want persons, 0 or more", p.Hysteresis)
	return c.err()
}

// The constraints of a queue.
const (
	byQueue = "queue" // the number
	byRoom  = "room"  // the share of what the room holds
)

var queueKind = kind{
	name:  "queue",
	class: ClassBreach,
	advice: map[string]string{
		"en": "Open another counter, send people to wait outside or to come back later, and let nobody join the queue.",
		"id": "Buka loket tambahan, arahkan pengunjung menunggu di luar atau datang lagi nanti, dan hentikan antrean baru.",
	},
	params: func() Params { return &Queue{Share: 0.5} },
	subjects: func(p *plan, r *Rule) []Subject {
		var out []Subject
		for i := range p.def.Site.Zones {
			z := &p.def.Site.Zones[i]
			if (r.names(z.ID) || len(r.Subjects) == 0 && z.QueueFor != "") && p.counts(z.ID) {
				out = append(out, Subject{SubjectZone, z.ID})
			}
		}
		return out
	},
	judge: func(b *bench, s Subject) judge {
		j := &queueJudge{crowd: crowd{zone: b.crowd(s)}, params: b.rule.Params.(*Queue)}
		def := b.plan.zone(s.ID)
		room := def.QueueFor
		if room == "" {
			room = def.Parent
		}
		if j.room = b.engine.zoneByID[room]; j.room != nil {
			j.roomName = b.plan.zone(room).Name
		}
		return j
	},
}

type queueJudge struct {
	crowd
	params   *Queue
	room     *zoneState // for which they wait; nil: none that is known
	roomName string
}

func (j *queueJudge) judge(t telemetry.Instant, was Verdict) (finding, telemetry.Instant) {
	est, until := j.zone.estimate(t)
	f := est.finding()
	limit, constraint, room, next := j.limit(t)
	until = min(until, next)
	if constraint != "" {
		f.limit, f.hasLimit, f.constraint = limit, true, constraint
		f.compare(est, was, j.params.Hysteresis)
	}
	// What the room holds may be less than the number alone says.
	switch noLevel := room.reason == ReasonNoLevel; {
	case noLevel && f.verdict != Breached:
		f.verdict, f.reason, f.detail = Unknown, room.reason, room.detail
	case constraint == "":
		f.verdict, f.reason, f.detail = Unknown, ReasonNoLimit, ""
	}
	return f, until
}

// limit is the smaller of what applies, and what set it; an empty constraint: nothing does. room is the finding about the room.
func (j *queueJudge) limit(t telemetry.Instant) (limit float64, constraint string, room finding, until telemetry.Instant) {
	limit, until = math.Inf(1), telemetry.Never
	if j.params.Limit > 0 {
		limit, constraint = float64(j.params.Limit), byQueue
	}
	if j.params.Share > 0 && j.room != nil {
		room, until = j.room.limitAt(t)
		if share := wholePeople(room.limit * j.params.Share); room.hasLimit && share < limit {
			limit, constraint = share, byRoom
		}
	}
	return limit, constraint, room, until
}

func (j *queueJudge) show(t telemetry.Instant, x *Explanation) {
	if !x.HasLimit {
		return
	}
	if j.params.Limit > 0 {
		x.Inputs = append(x.Inputs, Input{Name: InputQueue, Value: float64(j.params.Limit)})
	}
	if _, _, room, _ := j.limit(t); room.hasLimit {
		x.Inputs = append(x.Inputs, Input{Name: InputRoom, Value: room.limit, Text: j.roomName},
			Input{Name: InputRoomShare, Value: 100 * j.params.Share, Unit: "%"})
	}
}

// limitAt is what the first rule on capacity that is in force at t says of the zone's limit, and when that changes; a finding without
// limit and without reason: none is.
func (z *zoneState) limitAt(t telemetry.Instant) (f finding, until telemetry.Instant) {
	until = telemetry.Never
	for _, i := range z.limiters {
		era, next := i.eraAt(t)
		if era.from > t {
			until = min(until, era.from)
			continue
		}
		until = min(until, next)
		if era.rule == nil {
			continue
		}
		f, next = i.ask(t, Unknown)
		return f, min(until, next)
	}
	return f, until
}
