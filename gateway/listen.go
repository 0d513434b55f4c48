package gateway

import (
	"cmp"
	"context"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// What each site must know of the gateway to tell its own deafness from the silence of devices is a record like any other, so
// that a replay knows it too: when the gateway did not run, when it had no connection to the broker, when its clock was set.

const (
	// aliveEvery is how often the journal notes that the gateway runs, where no other commit says so: after a crash, that is
	// how exactly it is known since when nobody listened.
	aliveEvery = 30 * time.Second
	// deafAtLeast and toldAtLeast bound the shortest time without listening that a site is told of: a third of the time after
	// which its most talkative device counts as silent, which is that device's interval where the rule does not say otherwise.
	// Longer ones are told whatever devices there are, shorter ones make no device silent.
	deafAtLeast = time.Second
	toldAtLeast = time.Minute
	// deafAtMost bounds how far back a door may say that it heard nothing.
	deafAtMost = 10 * time.Minute
)

// connection is, among the causes of deafness, a connection that is not there: people are told only when it stays away, which
// it has done after briefly or a little longer.
const (
	connection alerts.FaultName = "connection"
	refusing   alerts.FaultName = "refusing" // the journal, so that nobody is acknowledged
	briefly                     = 15 * time.Second
)

// The doors of a telemetry.Service.
const (
	doorGateway = "gateway"
	doorBroker  = "broker"
)

// Resume tells the sites since when the gateway did not run. It is called once, after Open and before anything else, with the
// time that the wall clock shows and gives the time with which the run begins: neither one before the latest that was used nor
// one that cannot be.
func (g *Gateway) Resume(ctx context.Context, wall telemetry.Instant) (telemetry.Instant, error) {
	now := beginning(wall, g.Used())
	if err := g.watched(func() error { return g.adopt(ctx, cmp.Or(g.heard, now)) }); err != nil {
		return now, err
	}
	var since telemetry.Instant
	if g.heard != 0 && now.Sub(g.heard) >= deafAtLeast {
		since = g.heard
		g.log.Info("the gateway did not run", "since", since, "for", now.Sub(since).Round(time.Second))
	}
	if now != wall {
		g.log.Error("the journal ends in the future, or the clock cannot be right: it was ahead then, or is wrong now", "journal", now, "clock", wall)
	}
	for _, s := range g.order {
		if since != 0 && s.misses(now.Sub(since)) || s.stopped == "" && s.engine.Deaf() {
			g.owe(s, telemetry.Service{Since: since, Door: doorGateway}, now)
		}
	}
	g.resumed = now
	return now, g.watched(func() error { return g.settle(ctx) })
}

// paused tells the sites that the gateway ran and did nothing, and reports whether any had to be told.
func (g *Gateway) paused(ctx context.Context, since, now telemetry.Instant) (told bool, err error) {
	for _, s := range g.order {
		if s.misses(now.Sub(since)) {
			g.owe(s, telemetry.Service{Since: since, Deaf: g.deafTo(s), Door: doorGateway}, now)
			told = true
		}
	}
	if !told {
		return false, nil
	}
	return true, g.settle(ctx)
}

// misses reports whether the site is told that nobody listened for so long.
func (s *site) misses(d time.Duration) bool {
	if d >= toldAtLeast || d < deafAtLeast || s.stopped != "" {
		return d >= toldAtLeast
	}
	patience := s.engine.Patience()
	return patience > 0 && d >= patience/3
}

// Used is the latest time that was used: no clock may show an earlier one without being set.
func (g *Gateway) Used() telemetry.Instant {
	used := g.heard
	for _, s := range g.order {
		if s.stopped == "" {
			used = max(used, s.engine.Clock())
		}
	}
	return used
}

// Heard is the latest time that the journal knew at the start; 0: it was empty.
func (g *Gateway) Heard() telemetry.Instant { return g.heard }

// SetClock tells the sites and the alerts that from now on another clock holds.
func (g *Gateway) SetClock(ctx context.Context, now telemetry.Instant) error {
	for _, s := range g.order {
		g.owe(s, telemetry.Service{Set: true, Deaf: g.deafTo(s)}, now)
		s.snapshotAt, s.snapshotDue, g.hurry = now, true, true
	}
	g.batch.Changes = g.book.SetClock(now, g.batch.Changes)
	g.snapshotAt, g.aliveAt, g.now = 0, 0, now
	if err := g.settle(ctx); err != nil {
		return err
	}
	// What is counted by the old time would be told in the future of the new one.
	g.alike.endsAt(now)
	return g.tellAlike(ctx, now, true)
}

// listens follows what the doors say of the broker: without a connection to it, or where it delivers nothing, nobody listens to
// the devices behind it. The two may follow one another and overlap, and end each by itself.
func (g *Gateway) listens(ctx context.Context, f alerts.Fault, now telemetry.Instant) error {
	if f.Name != alerts.FaultBrokerDown && f.Name != alerts.FaultBrokerDeaf && f.Name != connection && f.Name != refusing {
		return nil
	}
	g.away[f.Name] = f.Firing
	note := telemetry.Service{Door: doorBroker}
	if f.Firing {
		note.Since = now
		if !f.Since.IsZero() {
			note.Since = min(now, max(telemetry.InstantOf(f.Since), now.Add(-deafAtMost)))
		}
	}
	for _, s := range g.order {
		if was := s.deaf; g.deafTo(s) != was {
			if note.Deaf = s.deaf; !note.Deaf {
				note.Since = 0
			}
			g.owe(s, note, now)
		}
	}
	return g.settle(ctx)
}

// deafTo notes and reports whether nobody listens to the site's devices behind the broker. A connection that is away for a moment
// is told where a device would be silent before it is told as a fault.
func (g *Gateway) deafTo(s *site) bool {
	s.deaf = g.away[refusing] || g.away[alerts.FaultBrokerDown] || g.away[alerts.FaultBrokerDeaf] || g.away[connection] && (s.deaf || s.misses(briefly))
	return s.deaf
}

func (g *Gateway) owe(s *site, note telemetry.Service, now telemetry.Instant) {
	g.owed = append(g.owed, telemetry.Record{Kind: telemetry.KindService, Site: s.id, At: now, Received: now, Service: &note})
}

// alive puts into the batch that the gateway runs, where it is time.
func (g *Gateway) alive(now telemetry.Instant) {
	if g.aliveAt == 0 || now.Sub(g.aliveAt) >= aliveEvery {
		g.batch.Alive, g.aliveAt = now, now
	}
}
