package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/gateway"
	"github.com/gerbang-iot/gerbang/influx"
	"github.com/gerbang-iot/gerbang/ingest/decode"
	"github.com/gerbang-iot/gerbang/ingest/decode/memory"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/journal/sqlite"
	"github.com/gerbang-iot/gerbang/telemetry"
	"github.com/gerbang-iot/gerbang/web"
)

// app is a running gateway: every part, wired.
type app struct {
	cfg      *configs.Config
	id       string // of this gateway among others
	log      *slog.Logger
	started  time.Time
	registry *prometheus.Registry

	journal journal.Journal
	memory  *memory.File // of what devices announced
	hearing *hearing
	gateway *gateway.Gateway
	live    *gateway.Live
	loop    *gateway.Loop
	faults  *faults
	courier *gateway.Courier
	doors   *doors
	influx  *influx.Writer // nil: not configured
	history *archive
	router  *router // nil: not configured
	web     *web.Server
	// sightings are devices that are heard and not configured; they outlive a reload's new decoder.
	sightings decode.Sightings
	// ear holds raw messages while a person listens.
	ear   decode.Ear
	asker *asker

	damage  atomic.Pointer[damage]   // of the journal; nil: not looked for yet
	rescued bool                     // it was tried; of the goroutine that watches the journal
	leftOut atomic.Pointer[[]string] // sites whose files have problems
	reload  chan os.Signal           // nil: nothing asks for a reload
	reloads *reloadMetrics
}

// newApp makes all parts and recovers the state. Nothing runs yet; what can fail fails here. The caller must run the app or
// close it.
func newApp(ctx context.Context, cfg *configs.Config, log *slog.Logger) (_ *app, err error) {
	a := &app{cfg: cfg, log: log, started: time.Now(), registry: prometheus.NewRegistry(), live: gateway.NewLive(), asker: newAsker(log)}
	a.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	defer func() {
		if err != nil {
			err = errors.Join(err, a.close())
		}
	}()
	if a.journal, err = openJournal(ctx, cfg, false, log); err != nil {
		return nil, err
	}
	if a.memory, err = memory.Open(memory.Options{Dir: cfg.Data, Logger: log}); err != nil { // the journal's lock holds for it
		return nil, err
	}
	decoder, err := a.recover(ctx)
	if err != nil && a.journal.GiveUp(ctx, err) {
		decoder, err = a.recover(ctx) // with nothing: pages and alerts say so
	}
	if err != nil {
		return nil, err
	}
	if a.id, err = identify(cfg, log); err != nil {
		return nil, err
	}
	a.loop = gateway.NewLoop(gateway.LoopOptions{
		Gateway: a.gateway, Committed: a.committed, Stuck: a.stuck, Show: a.show, Live: a.live, Logger: log,
		QueueMessages: cfg.Ingest.Queue, Linger: cfg.Ingest.Linger, Elapsed: elapsed,
	})
	a.faults = inheritFaults(a.gateway.Open(), a.loop.Fault)
	a.leftOut.Store(&cfg.LeftOut)
	if len(cfg.LeftOut) > 0 {
		a.faults.report(brokenSites(cfg.LeftOut))
	}
	a.hearing = newHearing(decoder)
	if a.doors, err = openDoors(cfg, a.id, a.loop.Intake(), modelTopics(decoder), a.gateway.RanBefore(), a.faults.report, log, a.registry); err != nil {
		return nil, err
	}
	a.doors.connected = a.loop.Connected
	a.asker.publish = a.doors.Publish
	a.courier = gateway.NewCourier(gateway.CourierOptions{
		Publisher: a.doors, Outbox: a.journal, Sent: a.loop.Sent, Fault: a.faults.report, Logger: log,
	})
	a.courier.Show(announcements(a.gateway.Open()))
	a.courier.Show(a.doors.serves(cfg))
	a.doors.show = a.courier.Show
	if a.influx, err = openInflux(cfg, a.journal, a.faults.report, log, a.registry); err != nil {
		return nil, err
	}
	if a.history, err = openArchive(cfg, a.journal, a.influx); err != nil {
		return nil, err
	}
	if err = a.openWeb(); err != nil {
		return nil, err
	}
	known, err := a.knownAlerts(ctx)
	if err != nil {
		return nil, err
	}
	if a.router, err = openRouter(cfg, a.id, known, a.url(), log, a.registry); err != nil {
		return nil, err
	}
	registerGateway(a.registry, a)
	refusedPort{a.journal, a.influx}.register(a.registry)
	a.reloads = newReloadMetrics(a.registry)
	// Recovery, and a demo that has made its history, leave behind far more than the gateway needs; a quiet one would keep it for
	// minutes.
	debug.FreeOSMemory()
	return a, nil
}

// recover makes the decoder and the gateway from what the journal has.
func (a *app) recover(ctx context.Context) (*decode.Decoder, error) {
	if err := keepDefinitions(ctx, a.cfg, a.journal, a.log); err != nil {
		return nil, err
	}
	decoder, err := newDecoder(a.cfg, a.surroundings())
	if err != nil {
		return nil, err
	}
	a.gateway, err = openGateway(ctx, a.cfg, decoder, a.journal, a.log, a.started)
	return decoder, err
}

func openJournal(ctx context.Context, cfg *configs.Config, relaxed bool, log *slog.Logger) (*sqlite.Journal, error) {
	j, err := sqlite.Open(ctx, sqlite.Options{Dir: cfg.Data, Window: cfg.Ingest.DuplicateWindow, Relaxed: relaxed, Logger: log})
	if errors.Is(err, journal.ErrInUse) {
		return nil, hinted{err, "stop the other one, or give this one a data directory of its own (data: in the configuration)"}
	}
	if err == nil && relaxed && j.Held() != nil { // nobody waits there until it is mended
		return nil, errors.Join(j.Held(), j.Close())
	}
	return j, err
}

// openGateway recovers the state and brings the configured definitions into force at the given time.
func openGateway(ctx context.Context, cfg *configs.Config, decoder gateway.Decoder, j journal.Store, log *slog.Logger, now time.Time) (*gateway.Gateway, error) {
	begin := time.Now()
	directory := alerts.NewDirectory()
	for i := range cfg.Kept {
		directory.Set(&cfg.Kept[i])
	}
	g, err := gateway.Open(ctx, gateway.Options{
		Journal: j, Decoder: decoder, Directory: directory, Window: cfg.Ingest.DuplicateWindow, Logger: log,
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

// surroundings are what a decoder has to do with beside the messages. All of them may be missing.
type surroundings struct {
	memory    decode.Memory     // what devices have announced before
	sightings *decode.Sightings // where devices that are not configured are noted
	ask       func(topic string, payload []byte)
	ear       *decode.Ear
}

// surroundings are those of a running gateway: they outlive a reload.
func (a *app) surroundings() surroundings {
	return surroundings{a.memory, &a.sightings, a.asker.ask, &a.ear}
}

func newDecoder(cfg *configs.Config, s surroundings) (*decode.Decoder, error) {
	return decode.New(decode.Options{
		Memory: s.memory, Sightings: s.sightings, Ask: s.ask, Ear: s.ear,
		Sites: cfg.AllSites(), Models: cfg.Models, MaxPayload: int(cfg.Ingest.MaxPayload),
		Past: cfg.Ingest.ClockPast, Future: cfg.Ingest.ClockFuture, Lateness: cfg.Ingest.Lateness,
	})
}

// endedRecently is how long before the start an alert may have ended for the router to be told: it may not know yet.
const endedRecently = 15 * time.Minute

// knownAlerts are those that are open and those that ended shortly before the start.
func (a *app) knownAlerts(ctx context.Context) ([]alerts.Alert, error) {
	known := a.gateway.Open()
	ended, err := a.journal.History(ctx, "", 1000)
	if err != nil {
		return nil, err
	}
	for _, alert := range ended {
		if a.started.Sub(alert.Resolved.Time()) < endedRecently {
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

// committed hands a durable batch to everybody behind the loop. Nobody here blocks.
func (a *app) committed(b *journal.Batch) {
	a.courier.Owe(b.Signals)
	if a.router != nil {
		a.router.resender.Notify(b.Changes)
	}
	if a.influx != nil {
		a.influx.Committed(a.journal.Head())
	}
}

// stuck tells people about a journal that refuses commits. Its alert is not stored yet.
func (a *app) stuck(changes []alerts.Change) {
	a.courier.Show(alerts.Signals(changes, nil))
	if a.router != nil {
		a.router.resender.Notify(changes)
	}
}

func (a *app) show(signals []alerts.Signal) { a.courier.Show(signals) }

// run serves until ctx ends.
func (a *app) run(ctx context.Context) error {
	stages := []stage{{"reload", a.watchReload, time.Second}, {"memory", giveBack(crowdEvery), time.Second}}
	stages = append(stages, a.doors.stages()...)
	stages = append(stages,
		stage{"announced topics", a.hearing.run(a.doors.follow, a.log), time.Second},
		stage{"earlier faults", a.faults.run(a.disproved), time.Second},
		stage{"gateway", a.loop.Run, 20 * time.Second},
		stage{"journal watch", a.watchJournal, time.Second},
		stage{"journal comparison", a.compareJournal, 5 * time.Second},
		stage{"retention", a.retain, 5 * time.Second},
		stage{"requests", a.asker.run, 5 * time.Second},
		stage{"signals", a.courier.Run, 5 * time.Second},
	)
	stages = append(stages, a.doors.publisherStages()...)
	if a.influx != nil {
		stages = append(stages, stage{"influx", a.influx.Run, 10 * time.Second})
	}
	if a.router != nil {
		stages = append(stages, stage{"router watch", a.router.watch(a.faults.report), time.Second})
		stages = append(stages, a.router.stages()...)
	}
	stages = append(stages, stage{"web", a.web.Run, 10 * time.Second})
	err := runStages(ctx, a.log, stages)
	return errors.Join(err, a.close())
}

// close releases what newApp has opened. It may be called on an app that is half made.
func (a *app) close() error {
	if a.journal == nil {
		return nil
	}
	if err := a.journal.Close(); err != nil {
		return fmt.Errorf("closing the journal: %w", err)
	}
	return nil
}
