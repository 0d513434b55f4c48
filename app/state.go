package app

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/gateway"
	"github.com/gerbang-iot/gerbang/ingest/decode"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/journal/sqlite"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// OpenJournal opens the journal of a configuration for writing. Relaxed is for one that is made by a command: it is not held to be
// durable, and one that is held because of damage is an error, for nobody waits there until it is mended.
func OpenJournal(ctx context.Context, cfg *configs.Config, relaxed bool, log *slog.Logger) (*sqlite.Journal, error) {
	j, err := sqlite.Open(ctx, sqlite.Options{Dir: cfg.Data, Window: cfg.Ingest.DuplicateWindow, Relaxed: relaxed, Logger: log})
	if err == nil && relaxed && j.Held() != nil {
		return nil, errors.Join(j.Held(), j.Close())
	}
	return j, err
}

// OpenGateway recovers the state and brings the configured definitions into force at the given time.
// Nobody is called: what happens is history, or an exercise on a clock of its own.
func OpenGateway(ctx context.Context, cfg *configs.Config, decoder gateway.Decoder, j journal.Journal, log *slog.Logger, now time.Time) (*gateway.Gateway, error) {
	return openGateway(ctx, cfg, decoder, j, nil, log, now)
}

// openGateway is OpenGateway for one that calls people: fallback is whom sites call that do not say so; nil: nobody is called at all.
func openGateway(ctx context.Context, cfg *configs.Config, decoder gateway.Decoder, j journal.Journal, fallback plan, log *slog.Logger, now time.Time) (*gateway.Gateway, error) {
	begin := time.Now()
	directory := alerts.NewDirectory()
	for i := range cfg.Kept {
		directory.Set(&cfg.Kept[i])
	}
	g, err := gateway.Open(ctx, gateway.Options{
		Journal: j, Decoder: decoder, Directory: directory, Fallback: fallback, Window: cfg.Ingest.DuplicateWindow, Logger: log,
	})
	if err != nil {
		return nil, err
	}
	log.Info("recovered", "records", g.LastSeq(), "sites", len(g.Sites()), "took", time.Since(begin).Round(time.Millisecond))
	present, err := g.Resume(ctx, telemetry.InstantOf(now))
	if err != nil {
		return nil, err
	}
	if err := g.Configure(ctx, cfg.Definitions(), "file", present); err != nil {
		return nil, err
	}
	return g, nil
}

// Surroundings are what a decoder has to do with beside the messages. All of them may be missing.
type Surroundings struct {
	Memory    decode.Memory                      // what devices have announced before
	Sightings *decode.Sightings                  // where devices that are not configured are noted
	Ask       func(topic string, payload []byte) // sends a request to a device
	Ear       *decode.Ear                        // holds raw messages while a person listens
}

// NewDecoder makes the decoder of a configuration.
func NewDecoder(cfg *configs.Config, s Surroundings) (*decode.Decoder, error) {
	return decode.New(decode.Options{
		Memory: s.Memory, Sightings: s.Sightings, Ask: s.Ask, Ear: s.Ear,
		Sites: cfg.AllSites(), Models: cfg.Models, MaxPayload: int(cfg.Ingest.MaxPayload),
		Past: cfg.Ingest.ClockPast, Future: cfg.Ingest.ClockFuture, Lateness: cfg.Ingest.Lateness,
	})
}

// recovered is what a gateway goes on with.
type recovered struct {
	gateway *gateway.Gateway
	decoder *decode.Decoder
}

// recoverState makes the decoder and the gateway from what the journal has; where the journal gives up, from nothing: pages and alerts
// say so.
func recoverState(ctx context.Context, cfg *configs.Config, j journal.Journal, around Surroundings, fallback plan, log *slog.Logger, now time.Time) (recovered, error) {
	state, err := tryRecover(ctx, cfg, j, around, fallback, log, now)
	if err != nil && j.GiveUp(ctx, err) {
		state, err = tryRecover(ctx, cfg, j, around, fallback, log, now)
	}
	return state, err
}

func tryRecover(ctx context.Context, cfg *configs.Config, j journal.Journal, around Surroundings, fallback plan, log *slog.Logger, now time.Time) (r recovered, err error) {
	if err = keepDefinitions(ctx, cfg, j, log); err != nil {
		return r, err
	}
	if r.decoder, err = NewDecoder(cfg, around); err != nil {
		return r, err
	}
	r.gateway, err = openGateway(ctx, cfg, r.decoder, j, fallback, log, now)
	return r, err
}

// endedRecently is how long before the start an alert may have ended for the router to be told: it may not know yet.
const endedRecently = 15 * time.Minute

// knownAlerts are those that are open and those that ended shortly before the start.
func knownAlerts(ctx context.Context, j journal.Journal, open []alerts.Alert, started time.Time) ([]alerts.Alert, error) {
	ended, err := j.History(ctx, "", 1000)
	if err != nil {
		return nil, err
	}
	known := slices.Clone(open)
	for _, alert := range ended {
		if started.Sub(alert.Resolved.Time()) < endedRecently {
			known = append(known, alert)
		}
	}
	return known, nil
}

// announcements are the signals of alerts that are open at the start: a broker may have lost its retained messages.
func announcements(open []alerts.Alert) []alerts.Signal {
	changes := make([]alerts.Change, len(open))
	for i, alert := range open {
		changes[i] = alerts.Change{Alert: alert, What: alerts.Updated, At: alert.Updated}
	}
	return alerts.Signals(changes, nil)
}
