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
	// deafAtLeast is the shortest time without listening that is told: no device is silent after less.
	deafAtLeast = time.Minute
	// deafAtMost bounds how far back a door may say that it heard nothing.
	deafAtMost = 10 * time.Minute
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
		if since != 0 || s.stopped == "" && s.engine.Deaf() {
			g.owe(s, telemetry.Service{Since: since, Door: doorGateway}, now)
		}
	}
	return now, g.watched(func() error { return g.settle(ctx) })
}

// paused tells the sites that the gateway ran and did nothing.
func (g *Gateway) paused(ctx context.Context, since, now telemetry.Instant) error {
	for _, s := range g.order {
		g.owe(s, telemetry.Service{Since: since, Deaf: g.deaf(), Door: doorGateway}, now)
	}
	return g.settle(ctx)
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

// SetClock tells the sites and the alerts that from now on another clock holds.
func (g *Gateway) SetClock(ctx context.Context, now telemetry.Instant) error {
	for _, s := range g.order {
		g.owe(s, telemetry.Service{Set: true, Deaf: g.deaf()}, now)
		s.snapshotAt, s.snapshotDue = now, true
	}
	g.batch.Changes = g.book.SetClock(now, g.batch.Changes)
	g.snapshotAt, g.aliveAt, g.now = 0, 0, now
	return g.settle(ctx)
}

// listens follows what the doors say of the broker: without a connection to it, or where it delivers nothing, nobody listens to
// the devices behind it. The two may follow one another and overlap, and end each by itself.
func (g *Gateway) listens(ctx context.Context, f alerts.Fault, now telemetry.Instant) error {
	if f.Name != alerts.FaultBrokerDown && f.Name != alerts.FaultBrokerDeaf {
		return nil
	}
	was := g.deaf()
	g.away[f.Name] = f.Firing
	if g.deaf() == was {
		return nil
	}
	note := telemetry.Service{Deaf: f.Firing, Door: doorBroker}
	if f.Firing {
		note.Since = now
		if !f.Since.IsZero() {
			note.Since = min(now, max(telemetry.InstantOf(f.Since), now.Add(-deafAtMost)))
		}
	}
	for _, s := range g.order {
		g.owe(s, note, now)
	}
	return g.settle(ctx)
}

// deaf reports whether nobody listens to the devices behind the broker.
func (g *Gateway) deaf() bool {
	return g.away[alerts.FaultBrokerDown] || g.away[alerts.FaultBrokerDeaf]
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
