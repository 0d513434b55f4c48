package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/gateway"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rehearse"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
	"github.com/gerbang-iot/gerbang/web"
)

// What a rehearsal may cost. It runs beside the loop on a core that the loop does not need, one at a time.
const (
	rehearsedDays   = 7
	longestTrial    = 2 * time.Minute
	mostTrialBefore = 200_000          // records of all sites before the period, which make the present known then
	trialKept       = 10 * time.Minute // a finished one is shown so long
	failureKept     = 5 * time.Second  // one that failed is tried again when somebody asks behind that
	mostTrials      = 50
	mostPastAlerts  = 5000
)

// Rehearsals tries levels, and other numbers, on the last week of a site. It is safe for concurrent use.
type Rehearsals struct {
	journal journal.Journal
	open    func() []alerts.Alert
	now     func() time.Time
	log     *slog.Logger
	ctx     context.Context //nolint:containedctx // of the running gateway: a rehearsal outlives the request that began it
	stop    context.CancelFunc
	turn    chan struct{}
	running sync.WaitGroup

	mu    sync.Mutex
	kept  map[[2]string]*web.Rehearsal
	round context.Context //nolint:containedctx // it ends with what was in force when it began
	over  context.CancelFunc
}

var _ web.Rehearsals = (*Rehearsals)(nil)

// NewRehearsals tries changes on what a journal has up to now; open lists the alerts that are open.
func NewRehearsals(j journal.Journal, open func() []alerts.Alert, now func() time.Time, log *slog.Logger) *Rehearsals {
	p := &Rehearsals{journal: j, open: open, now: now, log: log, turn: make(chan struct{}, 1), kept: map[[2]string]*web.Rehearsal{}}
	p.ctx, p.stop = context.WithCancel(context.Background())
	p.round, p.over = context.WithCancel(p.ctx)
	return p
}

// Close ends what runs.
func (p *Rehearsals) Close() error {
	p.stop()
	p.running.Wait()
	return nil
}

// Forget drops what was found, and ends what runs or waits: another configuration is in force, by which it is judged when somebody asks
// again.
func (p *Rehearsals) Forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.kept)
	p.over()
	p.round, p.over = context.WithCancel(p.ctx)
}

// Rehearse begins the rehearsal of a level at a site, unless it is running or was made lately, and gives it as it stands.
func (p *Rehearsals) Rehearse(site, level string) (web.Rehearsal, error) {
	return p.try(site, level, &rehearse.Reform{Level: level, Narrow: configs.Narrow})
}

// try is Rehearse for any change. name tells it apart from others of the site.
func (p *Rehearsals) try(site, name string, reform *rehearse.Reform) (web.Rehearsal, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ctx.Err() != nil {
		return web.Rehearsal{}, errors.New("the gateway is stopping")
	}
	now, key := p.now(), [2]string{site, name}
	for k, r := range p.kept {
		if long := now.Sub(r.Made); r.Done && (long > trialKept || r.Failed && long > failureKept) {
			delete(p.kept, k)
		}
	}
	r := p.kept[key]
	if r == nil {
		if len(p.kept) >= mostTrials {
			return web.Rehearsal{}, fmt.Errorf("%w: %d rehearsals", web.ErrTooMuch, len(p.kept))
		}
		r = &web.Rehearsal{Made: now}
		p.kept[key] = r
		round := p.round
		p.running.Go(func() { p.run(round, key, reform, r) })
	}
	return *r, nil
}

// run waits for its turn, judges the week again and keeps what came out.
func (p *Rehearsals) run(round context.Context, key [2]string, reform *rehearse.Reform, r *web.Rehearsal) {
	var out *rehearse.Outcome
	var err error
	begun := time.Now()
	select {
	case p.turn <- struct{}{}:
		begun = time.Now()
		// Its time begins with its turn: those before it may have taken theirs whole.
		ctx, cancel := context.WithTimeout(round, longestTrial)
		out, err = p.judge(ctx, key[0], reform, func(share float64) {
			p.mu.Lock()
			defer p.mu.Unlock()
			r.Progress = share
		})
		cancel()
		<-p.turn
	case <-round.Done():
		err = round.Err()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	r.Outcome, r.Failed, r.Done, r.Made, r.Took = out, err != nil, true, p.now(), time.Since(begun)
	if err != nil && round.Err() == nil {
		p.log.Warn("trying a change on a site's last week failed", "site", key[0], "change", key[1], "err", err)
	}
}

// judge applies the site's records of the week, and of a while before, under a change, and lays what happened beside it.
func (p *Rehearsals) judge(ctx context.Context, site string, reform *rehearse.Reform, tell func(float64)) (*rehearse.Outcome, error) {
	now := telemetry.InstantOf(p.now())
	from := now.Add(-rehearsedDays * 24 * time.Hour)
	before, err := p.journal.Before(ctx, from)
	if err != nil {
		return nil, err
	}
	last, err := p.journal.Before(ctx, now)
	if err != nil {
		return nil, err
	}
	after := before - min(before, mostTrialBefore)
	trial := rehearse.NewTrial(site, reform, rehearse.Period{From: rehearse.Edge{At: from}, Until: rehearse.Edge{At: now}})
	if after > 0 {
		if err := gateway.Standing(ctx, p.journal, site, telemetry.Engine{Version: rules.EngineVersion, After: after}, trial.Apply); err != nil {
			return nil, err
		}
	}
	n := 0
	err = p.journal.Replay(ctx, site, after, func(rec *telemetry.Record) error {
		if n++; n%1024 == 0 && last > after {
			tell(min(1, float64(rec.Seq-after)/float64(last-after)))
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		return trial.Apply(rec)
	})
	if err != nil {
		return nil, err
	}
	h, err := p.journal.VerdictHistory(ctx, journal.HistoryQuery{Site: site, From: from, Until: now, Most: mostChanges})
	if err != nil {
		return nil, err
	}
	for i := range h.Transitions {
		trial.Was(&h.Transitions[i])
	}
	past, err := p.journal.History(ctx, site, mostPastAlerts)
	if err != nil {
		return nil, err
	}
	for _, a := range append(past, p.open()...) {
		if a.Site == site && a.Drill == nil {
			trial.WasAlert(&a)
		}
	}
	return trial.End(now)
}
