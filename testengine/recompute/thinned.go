package recompute

import (
	"math"
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// An engine that must not grow keeps the past only to the minute, and what is older than a day to five minutes. What comes later
// than it keeps everything exactly is put into such a slot: when in the slot the people changed is not known then, and where a
// balance was lifted to zero meanwhile, it may be off by what passed in the slot.

// kept is for how long everything is kept exactly: the lateness bound and a minute.
func (c *config) kept() time.Duration { return c.Lateness + time.Minute }

// Slot is how exactly the past around t is known of a rule's people; 0: to the second, for nothing came that late.
func (s *Site) Slot(k Key, t telemetry.Instant) time.Duration {
	if k.Kind != "zone" && k.Kind != "site" && !s.byPeople(k) {
		return 0
	}
	slot := time.Duration(0)
	for _, l := range s.late {
		switch {
		case l.at > t.Add(5*time.Minute):
		case l.by > 24*time.Hour-5*time.Minute:
			return 5 * time.Minute
		default:
			slot = time.Minute
		}
	}
	return slot
}

// byPeople reports whether a rule about a task asks for people.
func (s *Site) byPeople(k Key) bool {
	return k.Kind == "task" && slices.ContainsFunc(s.rulesOf(k), func(r *rule) bool {
		p := &r.params
		return p.Anchor == "people" || p.Contact > 0 || p.Occupied || p.AfterPeople > 0 || p.Inside > 0
	})
}

// Slack is by how many people a balance may be off at t: what passed in one slot since the last anchor, where the balance was lifted
// to zero.
func (s *Site) Slack(k Key, t telemetry.Instant) int {
	slot := telemetry.Instant(s.Slot(k, t))
	if slot == 0 || k.Kind == "task" {
		return 0
	}
	slack := 0.0
	s.each(s.zones[k.zone()], func(z *zone) {
		anchor := telemetry.Instant(0)
		for _, a := range z.anchors {
			if a.at <= t {
				anchor = a.at
			}
		}
		sum, mean, lifted, last, first := 0.0, 0.0, false, telemetry.Instant(-1), telemetry.Instant(0)
		for _, a := range z.anchors {
			if a.at == anchor {
				mean = a.value
			}
		}
		for _, p := range z.passed {
			if p.at <= anchor || p.at > t {
				continue
			}
			if p.at/slot != last {
				last, sum, first = p.at/slot, 0, p.at
			}
			mean += p.net
			lifted = lifted || mean < 0
			mean = max(0, mean)
			if sum += math.Abs(p.net); lifted && p.at != first {
				slack = max(slack, sum)
			}
		}
	})
	return int(math.Ceil(slack))
}

// each calls do with a zone and all on which its people rest.
func (s *Site) each(z *zone, do func(*zone)) {
	do(z)
	for _, c := range z.children {
		s.each(c, do)
	}
}

// Shifted is At if the interval of people were shifted.
func (s *Site) Shifted(k Key, t telemetry.Instant, low, high int) Answer {
	s.slackLow, s.slackHigh = float64(low), float64(high)
	defer func() { s.slackLow, s.slackHigh = 0, 0 }()
	return s.At(k, t)
}

// PassedBy is At if people had passed up to another time of the slot, while who is heard is as at t.
func (s *Site) PassedBy(k Key, t, by telemetry.Instant) Answer {
	s.passedBy = by
	defer func() { s.passedBy = 0 }()
	return s.At(k, t)
}

// lateness is something that was learned late: then all about the past may be judged again.
type lateness struct {
	at telemetry.Instant
	by time.Duration
}

// noteLate notes a record that came later than everything is kept exactly.
func (s *Site) noteLate(r *telemetry.Record, at telemetry.Instant) {
	if by := r.Received.Sub(at); by > s.config(r.Received).kept() {
		s.late = append(s.late, lateness{at, by})
	}
}

// decided notes where a total's later values said what an earlier one meant: that is learned late too.
func (s *Site) decided(t *total, counted []float64) {
	for i := 1; i < len(t.values); i++ {
		if t.values[i].v-t.values[i-1].v == counted[i] {
			continue
		}
		later := t.values[min(i+8, len(t.values)-1)].at
		s.late = append(s.late, lateness{t.values[i-1].at, later.Sub(t.values[i-1].at)})
	}
}
