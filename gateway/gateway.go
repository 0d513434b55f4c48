package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Decoder turns a message into records: any number of observations, exactly one rejection, or nothing where the message is
// no reading. It must not keep msg or dst.
type Decoder interface {
	Decode(msg *ingest.Message, dst []telemetry.Record) []telemetry.Record
}

// Options are what a Gateway needs.
type Options struct {
	Journal journal.Store
	Decoder Decoder
	// Window is how many identities are remembered to recognise duplicates; 0: DefaultWindow.
	Window int
	// Directory gives alerts their words. The Gateway keeps it up to date from then on.
	Directory *alerts.Directory
	// Fallback is whom a site calls about an alert that says nothing of that itself (facility.Site.Escalation); an empty site is the gateway.
	// It is asked from the loop's goroutine and must not block; where it gives nil, nobody is called. nil: no site calls anybody, whatever it says.
	Fallback func(site string) *facility.Escalation
	Logger   *slog.Logger
	// Patience is how long one question to a site's engine may take before that site is stopped; 0: the constant.
	Patience time.Duration
}

// DefaultWindow is the size of the duplicate window in messages.
const DefaultWindow = 1 << 19

// Gateway is the synchronous machine: messages and time in, a committed batch out. It is used by one goroutine.
type Gateway struct {
	journal journal.Store
	decoder Decoder
	names   *alerts.Directory
	instead func(site string) *facility.Escalation // Options.Fallback
	log     *slog.Logger

	sites    map[string]*site
	order    []*site // by id, so that nothing depends on the order of a map
	dues     dues    // of order
	book     *alerts.Book
	seen     *window
	seq      uint64 // last number given
	counters journal.Counters
	alike    alike // rejections of the last hour
	quiet    bool
	batch    journal.Batch
	// snapshotAt is when the last snapshot of any site was taken.
	snapshotAt telemetry.Instant
	// looked is when it was last looked for sites that want a snapshot; hurry: somebody waits for one.
	looked    telemetry.Instant
	hurry     bool
	heard     telemetry.Instant         // when an earlier run was last seen listening; 0: there was none
	resumed   telemetry.Instant         // when this run began
	aliveAt   telemetry.Instant         // when the journal was last told that the gateway runs
	ranBefore bool                      // the journal had records when it was opened
	away      map[alerts.FaultName]bool // why nobody listens to the devices behind the broker
	now       telemetry.Instant         // the latest time of a record or call since the clock was set
	out       *rules.Output
	guard     guard
	stops     atomic.Uint64 // how often a site was stopped, or begun again
	patience  time.Duration
	message   taking             // the one that is being taken in
	owed      []telemetry.Record // of the gateway's own, to be judged one by one
	hung      map[string]error   // sites whose engines did not come back when they were recovered
}

// Open recovers the state from the journal: the newest snapshot of each site, then the records behind it, through the same
// code as live operation.
func Open(ctx context.Context, o Options) (*Gateway, error) {
	if o.Window == 0 {
		o.Window = DefaultWindow
	}
	st, err := o.Journal.State(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the journal's state: %w", err)
	}
	g := &Gateway{
		journal: o.Journal, decoder: o.Decoder, names: o.Directory, instead: o.Fallback, log: o.Logger,
		sites: map[string]*site{}, away: map[alerts.FaultName]bool{}, seen: newWindow(o.Window),
		seq: st.LastSeq, ranBefore: st.LastSeq > 0, counters: st.Counters, heard: st.Alive, now: st.Alive, out: &rules.Output{}, patience: cmp.Or(o.Patience, Patience),
	}
	for _, id := range st.Identities {
		g.seen.add(id)
	}
	from, err := starts(ctx, o.Journal, st)
	if err != nil {
		return nil, err
	}
	untold := make(map[string]uint64, len(from))
	for id := range from {
		untold[id] = cmp.Or(st.Stopped[id], st.LastSeq+1)
	}
	sites, err := g.recover(ctx, st, from, untold)
	if err != nil {
		return nil, err
	}
	for _, s := range sites {
		g.insert(s)
		if s.stopped == "" && st.Stopped[s.id] != 0 {
			g.begun(s)
		}
	}
	return g, nil
}

// Configure brings a site's definition into force: a record of its own where the definition differs from the one in force.
// A site is known from its first configuration on.
func (g *Gateway) Configure(ctx context.Context, defs []rules.Definition, author string, now telemetry.Instant) error {
	return g.watched(func() error {
		if err := g.plan(ctx, defs, author, now); err != nil {
			return err
		}
		return g.settle(ctx)
	})
}

// plan is the part of Configure that can fail; the records are owed until settle. Doing it twice is doing it once.
func (g *Gateway) plan(ctx context.Context, defs []rules.Definition, author string, now telemetry.Instant) error {
	g.seeing(now)
	if err := g.adopt(ctx, now); err != nil {
		return err
	}
	all := make([]*telemetry.Configuration, len(defs))
	for i := range defs {
		cfg, err := configuration(&defs[i], author)
		if err == nil {
			err = rules.Compile(&defs[i])
		}
		if err != nil {
			return fmt.Errorf("configuring site %q: %w", defs[i].Site.ID, err)
		}
		all[i] = cfg
	}
	for i, cfg := range all {
		id := defs[i].Site.ID
		s := g.sites[id]
		if s == nil {
			s = newSite(id)
			g.insert(s)
			s.origin = telemetry.Engine{Version: rules.EngineVersion, After: g.seq}
			g.owed = append(g.owed, telemetry.Record{Kind: telemetry.KindEngine, Site: id, At: now, Received: now, Engine: &s.origin})
		}
		g.names.Set(&defs[i])
		if s.version == cfg.Version {
			continue
		}
		g.batch.Changes = g.book.Configure(&defs[i], now, g.batch.Changes)
		g.owed = append(g.owed, telemetry.Record{Kind: telemetry.KindConfiguration, Site: id, At: now, Received: now, Configuration: cfg})
		if s.version == "" && g.deafTo(s) {
			g.owe(s, telemetry.Service{Since: now, Deaf: true, Door: doorBroker}, now)
		}
		s.version, s.devices = cfg.Version, len(defs[i].Site.Devices)
		// The first snapshot makes the site findable at the next start.
		s.snapshotDue, g.hurry = true, true
	}
	return nil
}

// Use replaces the decoder: the second half of a reload.
func (g *Gateway) Use(d Decoder) { g.decoder = d }

// refresh brings the values shown in open alerts up to date.
func (g *Gateway) refresh(v *rules.View, now telemetry.Instant) {
	g.batch.Changes = g.book.Refresh(v.Site, v.Verdicts, now, g.batch.Changes)
}

// Enter takes something a person did at a time (0: now) into the batch. An entry that is among the newest already, by its ID,
// changes nothing.
func (g *Gateway) Enter(ctx context.Context, site string, e telemetry.Entry, at, now telemetry.Instant) error {
	if at == 0 {
		at = now
	}
	identity := e.Identity(site)
	if !g.seen.add(identity) {
		return nil
	}
	g.owed = append(g.owed, telemetry.Record{Kind: telemetry.KindEntry, Site: site, At: min(at, now), Received: now, Identity: identity, Entry: &e})
	return g.settle(ctx)
}

// Fault takes a change of the gateway's own health into the batch.
func (g *Gateway) Fault(f alerts.Fault, now telemetry.Instant) {
	g.batch.Changes = g.book.Service(f, now, g.batch.Changes)
}

// Accepted notes which alerts a router took into the batch.
func (g *Gateway) Accepted(all []alerts.Acceptance, now telemetry.Instant) {
	for _, a := range all {
		g.batch.Changes = g.book.Accepted(a.Alert, a.Receivers, now, g.batch.Changes)
	}
}

// Reached notes what was learned of calls into the batch.
func (g *Gateway) Reached(all []alerts.Report, now telemetry.Instant) {
	g.batch.Changes = g.book.Reached(all, now, g.batch.Changes)
}

// calls is whom a site calls about an alert; nil: nobody.
func (g *Gateway) calls(site string) *facility.Escalation {
	if e := g.names.Escalation(site); e != nil {
		return e
	}
	return g.instead(site)
}

// Sent notes signals that were acknowledged by the broker and are no longer owed.
func (g *Gateway) Sent(ids []string) { g.batch.Sent = append(g.batch.Sent, ids...) }

// Advance fires every deadline up to now: one tick record for each site that has one due.
func (g *Gateway) Advance(ctx context.Context, now telemetry.Instant) error {
	g.seeing(now)
	g.dues.find(g.order)
	for i, s := range g.order {
		if g.dues.at == nil {
			g.dues.find(g.order) // a site was stopped
		}
		if g.dues.at[i] > now {
			continue
		}
		if err := g.append(ctx, telemetry.Record{Kind: telemetry.KindTick, Site: s.id, At: now, Received: now}); err != nil {
			return err
		}
	}
	if err := g.tellAlike(ctx, now, false); err != nil {
		return err
	}
	if g.book.Due() <= now {
		g.batch.Changes = g.book.Tick(now, g.batch.Changes)
	}
	return nil
}

// Due is when Advance next has something to do.
func (g *Gateway) Due() telemetry.Instant {
	due := g.book.Due()
	if g.alike.due != 0 {
		due = min(due, g.alike.due)
	}
	g.dues.find(g.order)
	return min(due, g.dues.next())
}

// Commit makes the batch durable. On success it returns what was committed: valid until the next call of any method, except
// the records, which stay valid. When nothing is to be written it returns nil. After an error that is not
// journal.Fatal the batch is kept and Commit may be called again.
func (g *Gateway) Commit(ctx context.Context, now telemetry.Instant) (*journal.Batch, error) {
	g.seeing(now)
	if err := g.snapshots(now); err != nil {
		return nil, err
	}
	g.alive(now)
	if g.batch.Empty() && g.counters == g.batch.Counters {
		return nil, nil
	}
	g.batch.Counters = g.counters
	if g.batch.Signals = g.batch.Signals[:0]; !g.quiet {
		g.batch.Signals = alerts.Signals(g.batch.Changes, g.batch.Signals)
	}
	if err := g.journal.Commit(ctx, &g.batch); err != nil {
		return nil, fmt.Errorf("writing to the journal: %w", err)
	}
	return &g.batch, nil
}

// prepare lets the journal begin with the batch before its commit.
func (g *Gateway) prepare() { g.journal.Prepare(&g.batch) }

// seeing notes the present: what the gateway finds out by itself has that time.
func (g *Gateway) seeing(now telemetry.Instant) { g.now = max(g.now, now) }

// Urgent reports whether people are to be told of something in the batch.
func (g *Gateway) Urgent() bool {
	for i := range g.batch.Changes {
		if !g.batch.Changes[i].Waits() {
			return true
		}
	}
	return false
}

// Rest commits what waits and a snapshot of every site, so that a start has nothing to apply again.
func (g *Gateway) Rest(ctx context.Context, now telemetry.Instant) error {
	for _, s := range g.order {
		s.snapshotDue = true
	}
	g.hurry = true
	g.aliveAt = 0
	if err := g.tellAlike(ctx, now, true); err != nil {
		return err
	}
	for {
		batch, err := g.Commit(ctx, now)
		if err != nil || batch == nil {
			return err
		}
		g.Begin()
	}
}

// Begin empties the batch after a successful commit.
func (g *Gateway) Begin() { g.batch.Reset() }

// View is a site's live state.
func (g *Gateway) View(id string) (rules.View, bool) {
	s := g.sites[id]
	if s == nil {
		return rules.View{}, false
	}
	return g.view(s), true
}

// Sites lists the ids of all sites, sorted.
func (g *Gateway) Sites() []string {
	ids := make([]string, len(g.order))
	for i, s := range g.order {
		ids[i] = s.id
	}
	return ids
}

// Open lists the open alerts.
func (g *Gateway) Open() []alerts.Alert { return g.book.Open() }

// LastSeq is the number of the last record, the uncommitted batch included.
func (g *Gateway) LastSeq() uint64 { return g.seq }

// RanBefore reports whether the journal held anything when it was opened: a gateway ran on it before this one.
func (g *Gateway) RanBefore() bool { return g.ranBefore }

// Quiet leaves out the signals: what happens now is history made on a virtual clock, and nobody is to be told.
func (g *Gateway) Quiet(on bool) { g.quiet = on }

// Counters are the totals so far, the uncommitted batch included.
func (g *Gateway) Counters() journal.Counters { return g.counters }

// append numbers a record, lets the site judge it, and puts both into the batch.
func (g *Gateway) append(ctx context.Context, rec telemetry.Record) error {
	g.seq++
	rec.Seq = g.seq
	g.batch.Records = append(g.batch.Records, rec)
	at := len(g.batch.Records) - 1
	last := &g.batch.Records[at]
	g.seeing(rec.Received)

	if rec.Kind == telemetry.KindEntry {
		g.batch.Changes = g.book.Entry(last, g.batch.Changes)
	}
	if s := g.sites[rec.Site]; s != nil && s.stopped == "" && rec.Judged() {
		g.out.Reset()
		err := s.apply(&g.guard, last, g.out)
		switch {
		case err == nil:
			g.dues.judged(s) // an engine that has failed is asked nothing; the other cases forget all dues
			s.rollup(last)
			return g.tell(ctx, last)
		case errors.Is(err, errPanic) && rec.Kind == telemetry.KindObservation && s.poison < mostPoison:
			g.quarantine(ctx, s, at, err)
		default:
			g.stop(s, rec.Seq, err)
		}
	}
	return nil
}

// settle judges the records that the gateway owes.
func (g *Gateway) settle(ctx context.Context) error {
	for len(g.owed) > 0 {
		rec := g.owed[0]
		g.owed[0] = telemetry.Record{}
		g.owed = g.owed[1:]
		if err := g.append(ctx, rec); err != nil {
			return err
		}
	}
	g.owed = nil // and not the end of a list of thousands
	return nil
}

// quarantine turns a record that made a rule fail into a rejection and rebuilds the site's engine without it.
func (g *Gateway) quarantine(ctx context.Context, s *site, at int, cause error) {
	s.poison++
	bad := &g.batch.Records[at]
	g.log.Error("a rule failed on a record; the record is quarantined", "site", s.id, "record", bad.Seq, "err", cause)
	*bad = telemetry.Record{
		Seq: bad.Seq, Kind: telemetry.KindRejection, Site: bad.Site, At: bad.At, Received: bad.Received, Identity: bad.Identity,
		Rejection: &telemetry.Rejection{Device: bad.Observation.Device, Reason: telemetry.ReasonFault, Detail: "a rule failed on this record"},
	}
	from := start{snapshot: s.snapshot(), origin: s.origin, rolledUp: s.rolledUp}
	rebuilt, err := g.recoverSites(ctx, map[string]start{s.id: from}, map[string]uint64{s.id: bad.Seq})
	if err != nil {
		g.stop(s, bad.Seq, fmt.Errorf("rebuilding: %w", err))
		return
	}
	fresh := rebuilt[s.id]
	for i := range g.batch.Records[:at] {
		if rec := &g.batch.Records[i]; rec.Site == s.id {
			if err := g.catchUp(ctx, fresh, rec, bad.Seq); err != nil {
				g.stop(s, bad.Seq, fmt.Errorf("rebuilding: %w", err))
				return
			}
		}
	}
	if fresh.stopped == "" {
		fresh.version = s.version
	}
	fresh.poison, fresh.shown, fresh.deaf = s.poison, s.shown, s.deaf
	*s = *fresh
	g.dues.forget()
}

// causeOf tells of a panic what cannot be of the message.
func causeOf(p any) string {
	if err, ok := p.(runtime.Error); ok {
		return err.Error()
	}
	return fmt.Sprintf("%T", p)
}

func (g *Gateway) insert(s *site) {
	g.sites[s.id] = s
	at, _ := slices.BinarySearchFunc(g.order, s.id, func(s *site, id string) int {
		switch {
		case s.id < id:
			return -1
		case s.id > id:
			return 1
		}
		return 0
	})
	g.order = slices.Insert(g.order, at, s)
	g.dues.forget()
}
