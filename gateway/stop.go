package gateway

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// One site never harms another. Whatever a site's engine does wrong, it does within a guard: a panic, and work without an end,
// stop that site and no other. Its messages are stored and acknowledged as before and its alerts stay as they are; nothing is
// judged until the next restart or reload, which judges what was stored meanwhile. Which record was the first that was not
// judged is in the journal.
//
// Go cannot end a goroutine from outside. One that does not come back is left behind with the engine it is in, which nobody
// asks again, and the loop goes on with a new one.

// Patience is how long one question to an engine may take before the site is stopped. The longest that is honest is the first
// record after weeks in which the gateway did not run, and the engine bounds that by itself.
const Patience = 30 * time.Second

// mostPoison is how many records of a site may be quarantined in one run before the site is stopped: a rule that fails on
// everything is no record's fault, and every quarantine costs all sites a moment.
const mostPoison = 3

var (
	errPanic = errors.New("a rule panicked")
	errHung  = errors.New("judging does not come back")
)

// guard is where the gateway's goroutine is: outside of every engine, or in a question to one.
type guard struct {
	turn atomic.Uint64 // odd: in a question
	site atomic.Pointer[string]
	seq  atomic.Uint64 // the record it is about; 0: none
}

// ask puts a question to a site's engine. A panic is an error that wraps errPanic; the engine is then in an unknown state. A
// goroutine that was given up does not return from here.
func (u *guard) ask(site *string, seq uint64, question func() error) (err error) {
	u.site.Store(site)
	u.seq.Store(seq)
	turn := u.turn.Add(1)
	defer func() {
		p := recover()
		if !u.turn.CompareAndSwap(turn, turn+1) {
			runtime.Goexit()
		}
		if p != nil {
			err = fmt.Errorf("%w: %v\n%s", errPanic, p, debug.Stack())
		}
	}()
	return question()
}

// watchman watches a guard from another goroutine.
type watchman struct {
	guard    *guard
	patience time.Duration
	turn     uint64
	since    time.Time
}

// hung reports that a question takes too long, and takes the gateway away from the goroutine that waits for the answer: it
// will not return.
func (w *watchman) hung() (site string, seq uint64, hung bool) {
	turn := w.guard.turn.Load()
	if turn != w.turn || turn%2 == 0 {
		w.turn, w.since = turn, time.Now()
		return "", 0, false
	}
	if time.Since(w.since) < w.patience || !w.guard.turn.CompareAndSwap(turn, turn+1) {
		return "", 0, false
	}
	return *w.guard.site.Load(), w.guard.seq.Load(), true
}

// stop ends the judging of a site at a record: the first that is not judged.
func (g *Gateway) stop(s *site, seq uint64, cause error) {
	if s.stopped != "" {
		return
	}
	s.stopped = firstLineOf(cause)
	s.unjudged = seq
	g.dues.forget()
	s.applied, s.snapshotDue, s.rows = 0, false, 0
	for _, b := range s.books {
		b.rows = nil // they are made again with the records since the last snapshot
	}
	g.log.Error("judging of a site has stopped; its messages are stored, and judged after a restart or reload", "site", s.id, "record", seq, "err", cause)
	g.batch.Stops = append(g.batch.Stops, journal.Stop{Site: s.id, Seq: seq})
	g.Fault(alerts.Fault{Name: alerts.FaultSiteStopped, Site: s.id, Detail: s.stopped, Firing: true}, g.now)
	g.stops.Add(1)
}

func firstLineOf(err error) string {
	text := err.Error()
	for i, c := range text {
		if c == '\n' {
			return text[:i]
		}
	}
	return text
}

// Stopped gives the sites that are not judged, with the reason.
func (g *Gateway) Stopped() map[string]string {
	all := map[string]string{}
	for _, s := range g.order {
		if s.stopped != "" {
			all[s.id] = s.stopped
		}
	}
	return all
}

// begun tells that a site that was stopped is judged again, up to the present.
func (g *Gateway) begun(s *site) {
	s.snapshotDue, g.hurry = true, true
	g.log.Info("the site is judged again", "site", s.id)
	g.batch.Stops = append(g.batch.Stops, journal.Stop{Site: s.id})
	g.Fault(alerts.Fault{Name: alerts.FaultSiteStopped, Site: s.id}, g.now)
	g.stops.Add(1)
}

// retry begins the stopped sites again: their engines from the last snapshot, and what was stored since. One that stopped while
// this version of the engine took it over is taken over now. Sites that were tried are left out, and those that it tries are
// added: where an engine does not come back once more, the work is done again and goes on behind it.
func (g *Gateway) retry(ctx context.Context, tried map[string]bool) {
	for _, s := range g.order {
		if s.stopped == "" || tried[s.id] {
			continue
		}
		tried[s.id] = true
		delete(g.hung, s.id)
		from := start{snapshot: s.snapshot(), origin: s.origin, takes: s.takes != nil, rolledUp: s.rolledUp}
		fresh, err := g.recoverSites(ctx, map[string]start{s.id: from}, map[string]uint64{s.id: s.unjudged})
		if err != nil {
			g.log.Error("the site cannot be judged again", "site", s.id, "err", err)
			continue
		}
		f := fresh[s.id]
		for i := range g.batch.Records {
			if rec := &g.batch.Records[i]; rec.Site == s.id {
				if err = g.catchUp(ctx, f, rec, s.unjudged); err != nil {
					break
				}
			}
		}
		if err != nil {
			g.log.Error("the site cannot be judged again", "site", s.id, "err", err)
			continue
		}
		f.version, f.shown, f.deaf = s.version, s.shown, s.deaf
		g.dues.forget()
		if *s = *f; s.stopped == "" {
			g.begun(s)
		}
	}
	if err := g.adopt(ctx, g.now); err != nil {
		g.log.Error("the journal does not tell yet that another version of the rule engine judges", "err", err)
	}
}

// catchUp applies a record of the journal to a site that is being recovered. What records from untold on cause was never told,
// and is part of the batch. Its error is the journal's.
func (g *Gateway) catchUp(ctx context.Context, s *site, rec *telemetry.Record, untold uint64) error {
	if s.stopped != "" || !rec.Judged() {
		return nil
	}
	g.out.Reset()
	if err := s.apply(&g.guard, rec, g.out); err != nil {
		g.stop(s, max(rec.Seq, untold), err)
		return nil
	}
	if rec.Seq > s.rolledUp {
		s.rollup(rec)
	}
	if rec.Seq >= untold {
		return g.tell(ctx, rec)
	}
	return nil
}

// recover is recoverSites at the start, with a watch over it. Where an engine does not come back its site is stopped, and the
// others are read once more, and told once.
func (g *Gateway) recover(ctx context.Context, st *journal.State, from map[string]start, untold map[string]uint64) (sites map[string]*site, err error) {
	err = g.watched(func() (err error) {
		g.batch, g.book = journal.Batch{}, alerts.NewBook(slices.Concat(st.Open, st.Silenced), g.names)
		if g.instead != nil {
			g.book.Plan(g.calls)
		}
		sites, err = g.recoverSites(ctx, from, untold)
		return err
	})
	return sites, err
}

// watched does work that asks engines, in a goroutine of its own, and does it again without the site of an engine that does
// not come back.
func (g *Gateway) watched(work func() error) error {
	watch := watchman{guard: &g.guard, patience: g.patience}
	tick := time.NewTicker(g.patience / 8)
	defer tick.Stop()
	for {
		done := make(chan error, 1)
		go func() { done <- work() }()
		for waiting := true; waiting; {
			select {
			case err := <-done:
				return err
			case <-tick.C:
				if site, seq, hung := watch.hung(); hung {
					g.abandon(site, seq)
					waiting = false
				}
			}
		}
	}
}

// abandon stops the site of a question that nobody waits for any more.
func (g *Gateway) abandon(id string, about uint64) {
	cause := fmt.Errorf("%w: %v are over", errHung, g.patience)
	g.out = &rules.Output{} // the engine may still write to the other
	// What is left of the message lies where the batch grows.
	g.message.records, g.message.next = slices.Clone(g.message.records[g.message.next:]), 0
	s := g.sites[id]
	if s == nil {
		if g.hung == nil {
			g.hung = map[string]error{}
		}
		g.hung[id] = cause
		return
	}
	seq := g.seq
	switch {
	case s.stopped != "":
		// It was tried again: what was told up to here is not told once more.
		s.stopped, s.unjudged = firstLineOf(cause), max(s.unjudged, about)
		g.batch.Stops = append(g.batch.Stops, journal.Stop{Site: id, Seq: s.unjudged})
		g.stops.Add(1)
		return
	case about == 0:
		seq++ // everything is judged; what was asked for was a view or a snapshot
	}
	g.stop(s, seq, cause)
}

// tell puts what a record caused into the batch: of what an engine restates when it takes over, that which is new.
func (g *Gateway) tell(ctx context.Context, rec *telemetry.Record) error {
	if rec.Kind == telemetry.KindEngine {
		recorded, err := g.recorded(ctx, rec.Site)
		if err != nil {
			return err
		}
		g.out.Transitions = News(g.out.Transitions, recorded)
	}
	g.batch.Transitions = append(g.batch.Transitions, g.out.Transitions...)
	g.batch.Samples = append(g.batch.Samples, g.out.Samples...)
	g.batch.Flows = append(g.batch.Flows, g.out.Flows...)
	for i := range g.out.Alarms {
		g.batch.Changes = g.book.Alarm(&g.out.Alarms[i], g.batch.Changes)
	}
	return nil
}

// view is a site's live state. Of a stopped site it is the last one, with nothing known.
func (g *Gateway) view(s *site) rules.View {
	if s.stopped == "" {
		var v rules.View
		err := g.guard.ask(&s.id, 0, func() error { v = s.look(); return nil })
		if err == nil {
			if s.shown.Site == "" {
				s.shown = v.Outlined() // until the view is published
			}
			return v
		}
		g.stop(s, g.seq+1, err)
	}
	return unjudged(s.shown, s.id)
}

// unjudged is a view of which nothing holds any more. It has its verdicts, also where v is an outline.
func unjudged(v rules.View, site string) rules.View {
	lost := func(e rules.Estimate) rules.Estimate {
		e.Known, e.Reason = false, rules.ReasonStopped
		return e
	}
	v.Site, v.Verdict, v.Persons = site, rules.Unknown, lost(v.Persons)
	v.Zones = append([]rules.ZoneView(nil), v.Zones...)
	for i := range v.Zones {
		z := &v.Zones[i]
		z.Persons, z.Verdict, z.Near, z.Advice, z.Held = lost(z.Persons), rules.Unknown, false, rules.AdviceWait, ""
	}
	v.Doors = append([]rules.DoorView(nil), v.Doors...)
	for i := range v.Doors {
		v.Doors[i].Verdict = rules.Unknown
	}
	v.Devices = append([]rules.DeviceView(nil), v.Devices...)
	for i := range v.Devices {
		v.Devices[i].Verdict = rules.Unknown
	}
	v.Tasks = append([]rules.TaskView(nil), v.Tasks...)
	for i := range v.Tasks {
		v.Tasks[i].Verdict = rules.Unknown
	}
	// An outline tells no less: whoever is told that no rule judges a zone takes it for one that nothing is wrong with.
	v.Verdicts, v.Outline = v.Withdrawn(rules.ReasonStopped), nil
	return v
}
