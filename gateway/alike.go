package gateway

import (
	"context"
	"hash/maphash"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Rejections that are alike are kept once in an hour and counted: whoever sends what nobody understands, thousands of times a second,
// writes a few records and no more. They never crowd out readings. What is alike is of one site, device, topic as it is kept, and
// reason; different words about it are kept apart as far as they are few.
const (
	alikeFor     = telemetry.Instant(3600e9)
	alikeDetails = 8
	// mostAlike bounds how many are told apart; those beyond it are alike if their site and reason are.
	mostAlike = 2_048
)

type alikeKey struct {
	site, device, topic string
	reason              telemetry.Reason
}

// tally counts rejections that are alike.
type tally struct {
	since, last telemetry.Instant
	details     [alikeDetails]uint64 // hashes of those that were kept
	kept        int
	more        uint64 // that were counted only
}

// alike are the tallies of the last hour. The zero value is ready.
type alike struct {
	tallies map[alikeKey]*tally
	due     telemetry.Instant // when the oldest one ends; 0: there is none
	seed    maphash.Seed
}

// counts takes a rejection in and reports whether it is counted only: ones like it are kept.
func (a *alike) counts(rec *telemetry.Record) bool {
	if a.tallies == nil {
		a.tallies, a.seed = map[alikeKey]*tally{}, maphash.MakeSeed()
	}
	x := rec.Rejection
	key := alikeKey{rec.Site, x.Device, x.Topic, x.Reason}
	t := a.tallies[key]
	if t == nil && len(a.tallies) >= mostAlike {
		key.device, key.topic = "", ""
		t = a.tallies[key]
	}
	if t == nil {
		t = &tally{since: rec.Received}
		a.tallies[key] = t
		if end := t.since + alikeFor; a.due == 0 || end < a.due {
			a.due = end
		}
	}
	t.last = max(t.last, rec.Received)
	detail := maphash.String(a.seed, x.Detail)
	known := false
	for _, have := range t.details[:t.kept] {
		known = known || have == detail
	}
	if known || t.kept == alikeDetails {
		t.more++
		return true
	}
	t.details[t.kept] = detail
	t.kept++
	return false
}

// endsAt says that a clock was set, so that nothing was later than now.
func (a *alike) endsAt(now telemetry.Instant) {
	for _, t := range a.tallies {
		t.since, t.last = min(t.since, now), min(t.last, now)
	}
}

// tellAlike records how often rejections came that were counted only, of each kind whose hour has ended; all: whether it has or not.
func (g *Gateway) tellAlike(ctx context.Context, now telemetry.Instant, all bool) error {
	a := &g.alike
	if a.due == 0 || now < a.due && !all {
		return nil
	}
	a.due = 0
	for key, t := range a.tallies {
		if end := t.since + alikeFor; now < end && !all {
			if a.due == 0 || end < a.due {
				a.due = end
			}
			continue
		}
		delete(a.tallies, key)
		if t.more == 0 {
			continue
		}
		// The order among them says nothing; each is about another thing.
		if err := g.append(ctx, telemetry.Record{
			Kind: telemetry.KindRejection, Site: key.site, At: t.last, Received: max(now, t.last),
			Rejection: &telemetry.Rejection{Topic: key.topic, Device: key.device, Reason: key.reason, More: t.more, Detail: "more of them came within an hour, and are only counted"},
		}); err != nil {
			return err
		}
	}
	return nil
}
