// Package app is the running gateway: it makes all parts from a configuration, runs them, reloads the configuration and says how all
// is. The commands of cmd/gerbang start it and are told what came of it; no part knows it, each gets what it needs and no more.
package app

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/gateway"
	"github.com/gerbang-iot/gerbang/ingest/decode"
	"github.com/gerbang-iot/gerbang/ingest/decode/memory"
	"github.com/gerbang-iot/gerbang/web"
)

// Options of an App.
type Options struct {
	// Version of the program, for people: the status shows it.
	Version string
	Logger  *slog.Logger
}

// App is a gateway, whole and wired. Its methods are safe for concurrent use, except that Run or Close is called once.
type App struct {
	log      *slog.Logger
	url      string
	status   *status
	keeper   *accounts.Keeper
	reload   *reloader
	files    *siteFiles
	stages   []stage
	teardown teardown
}

// New makes all parts and recovers the state. Nothing runs yet; what can fail fails here, and then nothing is left open. The caller
// runs the App or closes it.
func New(ctx context.Context, cfg *configs.Config, o Options) (_ *App, err error) {
	log, started := o.Logger, time.Now()
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	a := &App{log: log}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()

	if err := Check(cfg).Err(); err != nil {
		return nil, err
	}
	j, err := OpenJournal(ctx, cfg, false, log)
	if err != nil {
		return nil, err
	}
	a.teardown.add("the journal", j.Close)
	announced, err := memory.Open(memory.Options{Dir: cfg.Data, Logger: log}) // the journal's lock holds for it
	if err != nil {
		return nil, err
	}
	// What a decoder has to do with outlives a reload's new decoder: devices that are heard and not configured, and raw messages while a
	// person listens.
	sightings, ear, requests := &decode.Sightings{}, &decode.Ear{}, newAsker(log)
	around := Surroundings{Memory: announced, Sightings: sightings, Ask: requests.ask, Ear: ear}
	calls := &caller{}
	state, err := recoverState(ctx, cfg, j, around, calls.fallback, log, started)
	if err != nil {
		return nil, err
	}
	id, err := identify(cfg, log)
	if err != nil {
		return nil, err
	}

	behind := &audience{head: j.Head}
	live := gateway.NewLive()
	loop := gateway.NewLoop(gateway.LoopOptions{
		Gateway: state.gateway, Committed: behind.committed, Stuck: behind.stuck, Show: behind.show, Live: live, Logger: log,
		QueueMessages: cfg.Ingest.Queue, Linger: cfg.Ingest.Linger, Elapsed: elapsed,
	})
	loop.Publish()
	open := state.gateway.Open()
	faults := inheritFaults(open, loop.Fault)
	if len(cfg.LeftOut) > 0 {
		faults.report(brokenSites(cfg.LeftOut))
	}
	hearing := newHearing(state.decoder)
	doors, err := openDoors(cfg, doorOptions{
		id: id, intake: loop.Intake(), topics: modelTopics(state.decoder), resumed: state.gateway.RanBefore(), report: faults.report,
		connected: loop.Connected, show: behind.show, log: log, registry: registry,
	})
	if err != nil {
		return nil, err
	}
	a.teardown.add("the doors", doors.close)
	requests.publish = doors.Publish
	behind.courier = gateway.NewCourier(gateway.CourierOptions{
		Publisher: doors, Outbox: j, Sent: loop.Sent, Fault: faults.report, Logger: log,
	})
	behind.courier.Show(announcements(open))
	behind.courier.Show(doors.serves(cfg))
	if behind.influx, err = openInflux(cfg, j, j.Head(), faults.report, log, registry); err != nil {
		return nil, err
	}
	history, err := openArchive(cfg, j, behind.influx)
	if err != nil {
		return nil, err
	}
	watch := &journalWatch{journal: j, report: faults.report, log: log}
	a.reload = newReloader(cfg, registry, log)
	a.status = &status{
		version: o.Version, started: started, live: live, loop: loop, courier: behind.courier, bytes: j.Bytes, broker: doors.status,
		leftOut: a.reload.leftOut, journal: watch.service, influx: influxService(behind.influx),
	}
	refused := refusedPort{j, behind.influx}
	keeper, err := openAccounts(ctx, cfg, j, loop, log)
	if err != nil {
		return nil, err
	}
	a.keeper = keeper
	people, err := openReach(ctx, cfg, reachParts{keeper: keeper, store: j, open: open, report: loop.Reached, show: behind.show, log: log})
	if err != nil {
		return nil, err
	}
	calls.reach.Store(people)
	behind.calls = people
	rehearsals := NewRehearsals(j, live.Open, time.Now, log)
	a.teardown.add("rehearsals", rehearsals.Close)
	plans := newPlanShelf(cfg)
	a.files = newSiteFiles(a.reload, filepath.Join(cfg.Data, "changes"), log)
	pages, err := openWeb(ctx, cfg, webPorts{
		keeper: keeper, live: live, loop: loop, journal: j, rehearsal: rehearsals, plans: plans, history: history, refused: refused, sightings: sightings, ear: ear, health: a.status,
		trials: newTrials(a.reload), files: a.files, limits: &limitDesk{files: a.files, trials: rehearsals, now: time.Now},
		evidence: newEvidenceDesk(j, evidenceFolder(cfg.Data), o.Version, log), logs: logPort{j, id, cfg.Data},
		photos: photos{filepath.Join(cfg.Data, "photos")}, push: doors.pushHandler(), reach: people, log: log, registry: registry,
	})
	if err != nil {
		return nil, err
	}
	a.teardown.add("the pages", pages.Close)
	signOn := newSignOn(pages, log)
	use, err := signOn.prepare(cfg)
	if err != nil {
		return nil, err
	}
	use()
	a.url = PageURL(cfg, pages.Addr())
	people.SetURL(a.url)
	known, err := knownAlerts(ctx, j, open, started)
	if err != nil {
		return nil, err
	}
	router, err := openRouter(cfg, id, known, a.url, loop.Accepted, log, registry)
	if err != nil {
		return nil, err
	}
	a.teardown.add("the router", router.close)
	behind.router, a.status.router = router, router.service
	registerGateway(registry, live, loop, behind.courier, j.Bytes)
	refused.register(registry)
	a.reload.parts = reloadable{
		around: around, doors: doors, influx: behind.influx, history: history, router: router, pages: pages, keeper: keeper, loop: loop, hearing: hearing,
		sightings: sightings, rehearsal: rehearsals, plans: plans, show: behind.show, report: faults.report, signOn: signOn,
	}

	a.stages = append(a.stages, stage{"changes of files", a.files.run, 5 * time.Second}, stage{"reload", a.reload.run, time.Second}, stage{"memory", giveBack(crowdEvery), time.Second})
	a.stages = append(a.stages, doors.stages()...)
	keep := retainer{
		condense: j.Condense, retain: j.Retain, retention: retentionOf(cfg, behind.influx != nil), heard: state.gateway.Heard(), held: j.Held, loop: loop, log: log,
	}
	witness := notary{
		logs: j, dir: cfg.Data, gateway: id, held: j.Held, doubt: func() bool { return loop.Health().Clock != "" }, now: loop.Now, show: behind.show, log: log,
	}
	a.stages = append(a.stages,
		stage{"announced topics", hearing.run(doors.follow, log), time.Second},
		stage{"earlier faults", faults.run(disproved(behind.influx)), time.Second},
		stage{"accounts", keeper.Tell, 5 * time.Second},
		stage{"gateway", loop.Run, 20 * time.Second},
		stage{"journal watch", watch.run, time.Second},
		stage{"journal comparison", watch.compareNow, 5 * time.Second},
		stage{"retention", keep.run, 5 * time.Second},
		stage{"transparency log", witness.run, 5 * time.Second},
		stage{"requests", requests.run, 5 * time.Second},
		stage{"sign-on", signOn.run, 6 * time.Second},
		stage{"signals", behind.courier.Run, 5 * time.Second},
	)
	a.stages = append(a.stages, doors.publisherStages()...)
	if behind.influx != nil {
		a.stages = append(a.stages, stage{"influx", behind.influx.Run, 10 * time.Second})
	}
	a.stages = append(a.stages, router.stages(faults.report)...)
	a.stages = append(a.stages, stage{"calls", people.Run, 15 * time.Second})
	a.stages = append(a.stages, stage{"web", pages.Run, 10 * time.Second})
	// Recovery, and a demo that has made its history, leave behind far more than the gateway needs; a quiet one would keep it for
	// minutes.
	debug.FreeOSMemory()
	return a, nil
}

// URL is where people find the pages.
func (a *App) URL() string { return a.url }

// Status gathers what every part says about itself. It reads memory only.
func (a *App) Status() web.Status { return a.status.Status() }

// Reload reads the configuration file again and brings it into force while the App runs. On an error what was in force stays, wholly
// or, where it tells of the files of single sites, for these sites; people are told either way, by the log and an alert. A call waits
// for the ones before it.
func (a *App) Reload(ctx context.Context) error { return a.reload.ask(ctx, "reload") }

// Run serves until ctx ends or a part fails, stops all parts in order, and closes the App.
func (a *App) Run(ctx context.Context) error {
	err := runStages(ctx, a.log, a.stages)
	return errors.Join(err, a.Close())
}

// Close releases what New has opened, in reverse order. Run does it at its end.
func (a *App) Close() error { return a.teardown.run() }
