package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/app"
	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/gateway"
	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/journal/sqlite"
	"github.com/gerbang-iot/gerbang/simulate"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// makeHistory fills an empty journal with days of messages, judged by the real engine on a virtual clock, and a journal of an
// earlier start with those of the time since. The buildings it returns are as they are now, with the people who are inside.
func (f *demoFlags) makeHistory(ctx context.Context, std streams, cfg *configs.Config, plan *demoPlan, now time.Time) (_ []*simulate.Building, err error) {
	log := newLogger(std.err, cfg.Log)
	if _, err := os.Stat(filepath.Join(f.data, sqlite.FileName)); err == nil {
		return f.goOn(ctx, std, cfg, plan, now, log)
	}
	// It is made aside and moved into place when it is whole: half a week must not be taken for one.
	aside := *cfg
	aside.Data = filepath.Join(f.data, "making")
	if err := os.RemoveAll(aside.Data); err != nil {
		return nil, fmt.Errorf("removing what an earlier start left: %w", err)
	}
	j, err := openJournal(ctx, &aside, log)
	if err != nil {
		return nil, err
	}
	whole := false
	defer func() {
		err = errors.Join(err, j.Close())
		if err == nil && whole {
			for _, name := range []string{sqlite.AnchorFile, sqlite.FileName} {
				err = errors.Join(err, os.Rename(filepath.Join(aside.Data, name), filepath.Join(f.data, name)))
			}
		}
		err = errors.Join(err, os.RemoveAll(aside.Data))
	}()
	h, err := newDemoPast(ctx, cfg, plan, j, plan.historyFrom(f.days), log)
	if err != nil {
		return nil, err
	}
	if err := h.make(ctx, newProgress(std.err, fmt.Sprintf("making %d days of history", f.days), int(now.Sub(h.from)/historyStep)), now); err != nil {
		return nil, err
	}
	err = h.rest(ctx)
	whole = err == nil
	return h.buildings, err
}

// goOn makes up for the time since the last start: the devices go on while the gateway is stopped.
func (f *demoFlags) goOn(ctx context.Context, std streams, cfg *configs.Config, plan *demoPlan, now time.Time, log *slog.Logger) (_ []*simulate.Building, err error) {
	j, err := openJournal(ctx, cfg, log)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	last, err := lastReceived(ctx, j)
	if err != nil {
		return nil, err
	}
	// Of a long absence only the last days are made, from a night on: there were none before.
	if most := now.AddDate(0, 0, -max(f.days, 1)); last.Before(most) {
		last = most
	}
	h, err := newDemoPast(ctx, cfg, plan, j, last, log)
	if err != nil {
		return nil, err
	}
	away := now.Sub(last)
	if err := h.make(ctx, newProgress(std.err, "making up for "+away.Round(time.Second).String()+" since the last start", int(away/historyStep)), now); err != nil {
		return nil, err
	}
	return h.buildings, h.rest(ctx)
}

// demoPast drives a gateway through simulated time.
type demoPast struct {
	journal   *sqlite.Journal
	gateway   *gateway.Gateway
	virtual   *virtual
	buildings []*simulate.Building
	from      time.Time

	people *demoPeople // nil: nobody acts
	sites  []facility.Site
	staged time.Time // until when the people's days are planned
	looked telemetry.Instant
}

func newDemoPast(ctx context.Context, cfg *configs.Config, plan *demoPlan, j *sqlite.Journal, from time.Time, log *slog.Logger) (*demoPast, error) {
	decoder, err := app.NewDecoder(cfg, app.Surroundings{})
	if err != nil {
		return nil, err
	}
	g, err := app.OpenGateway(ctx, cfg, decoder, j, log, from)
	if err != nil {
		return nil, err
	}
	g.Quiet(true)
	return &demoPast{
		journal: j, gateway: g, virtual: &virtual{gateway: g, now: telemetry.InstantOf(from)}, from: from,
		buildings: demoBuildings(cfg, plan, from), sites: cfg.Sites, staged: from,
		people: &demoPeople{seed: plan.Seed, today: telemetry.InstantOf(plan.historyFrom(0)), met: map[string]bool{}},
	}, nil
}

// historyStep is how much of the past is made at once.
const historyStep = 10 * time.Minute

// make runs the buildings until now. Messages arrive in the order of time, each half a second after it was sent.
func (h *demoPast) make(ctx context.Context, bar *progress, now time.Time) error {
	h.staff(now)
	var messages []simulate.Message
	for at, i := h.from, 0; at.Before(now); i++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		if at = at.Add(historyStep); !at.Before(now) {
			// The last minutes are as lively as what follows: the first screen shows what is, not what was five minutes ago.
			for _, b := range h.buildings {
				b.SetPeriod(demoPeriod)
			}
			at = now
		}
		messages = messages[:0]
		for _, b := range h.buildings {
			b.Until(at, func(m simulate.Message) bool { messages = append(messages, m); return true })
		}
		slices.SortStableFunc(messages, func(a, b simulate.Message) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Topic, b.Topic)) })
		for _, m := range messages {
			received := telemetry.InstantOf(m.At.Add(500 * time.Millisecond))
			if err := h.work(ctx, received); err != nil {
				return err
			}
			if err := h.virtual.accept(ctx, &ingest.Message{Topic: m.Topic, Payload: m.Payload, QoS: 1, Received: received}); err != nil {
				return err
			}
		}
		if err := h.work(ctx, telemetry.InstantOf(at)); err != nil {
			return err
		}
		if err := h.virtual.advance(ctx, telemetry.InstantOf(at)); err != nil {
			return err
		}
		bar.set(min(i+1, bar.total-1))
	}
	bar.set(bar.total)
	bar.done()
	return nil
}

// staff plans the days of the people up to a time.
func (h *demoPast) staff(until time.Time) {
	if h.people == nil {
		return
	}
	for i := range h.buildings {
		h.people.plan(&h.sites[i], h.buildings[i], h.staged, until)
	}
	h.staged = until
}

// work lets people do what they do until a time.
func (h *demoPast) work(ctx context.Context, now telemetry.Instant) error {
	if h.people == nil {
		return nil
	}
	if now >= h.looked+lookEvery {
		h.looked = now
		h.people.meet(h)
	}
	return h.people.until(ctx, h, now)
}

// rest leaves the journal as a gateway does that stops, and makes it safe again.
func (h *demoPast) rest(ctx context.Context) error {
	if err := h.gateway.Rest(ctx, h.virtual.now); err != nil {
		return err
	}
	return h.journal.Strict(ctx)
}

// demoBuildings simulates every site, with what goes wrong there.
func demoBuildings(cfg *configs.Config, plan *demoPlan, from time.Time) []*simulate.Building {
	all := make([]*simulate.Building, len(cfg.Sites))
	for i, d := range cfg.Definitions() {
		o := simulate.Options{Seed: plan.Seed, Measures: d.Measures, Ways: demoWays[d.Site.ID]}
		for _, p := range demoPoints {
			if p.site == d.Site.ID {
				o.Peak = p.peak
			}
		}
		for _, f := range demoFaults {
			if f.site == d.Site.ID {
				f.make(&o, plan.Begun)
			}
		}
		all[i] = simulate.NewBuilding(d.Site, from, o)
	}
	return all
}

// demoWays are how people use the doors of buildings that are peculiar.
var demoWays = map[string]map[string]simulate.Way{
	// Visitors enter in front and leave at the back.
	"mpp-pamekasan": {"pintu-masuk": {In: 90, Out: 10}, "pintu-keluar": {In: 10, Out: 90}},
	// The lift is for those who work in the offices above.
	"mpp-bojonegoro": {"pintu-utama": {In: 90, Out: 90}, "lift": {In: 10, Out: 10}},
	// Hardly anybody uses the fast counter's own door by day.
	"mpp-tabalong": {"pintu-utama": {In: 65, Out: 65}, "pintu-samping": {In: 27, Out: 27}, "pintu-cepat": {In: 8, Out: 8}},
}

// lastReceived is when the last record of a journal was received.
func lastReceived(ctx context.Context, j journal.Recovery) (time.Time, error) {
	st, err := j.State(ctx)
	if err != nil {
		return time.Time{}, err
	}
	var last telemetry.Instant
	err = j.Replay(ctx, "", max(st.LastSeq, 1)-1, func(rec *telemetry.Record) error {
		last = max(last, rec.Received)
		return nil
	})
	return last.Time(), err
}
