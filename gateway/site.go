package gateway

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/rules/shared"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// A snapshot is due after this much time with records, this many records, or this many rows of rollups that wait for it,
// whichever comes first. The second bounds what a restart replays, the third what is held in memory where the clock runs fast:
// a replay makes a row of nearly every reading. Both grow with the devices, so that snapshots cost each record the same.
const (
	snapshotEvery            = time.Minute
	snapshotRecords          = 20_000
	snapshotRecordsPerDevice = 10
	snapshotRows             = 4_096
	snapshotRowsPerDevice    = 20
	quietEvery               = time.Hour // where others have records
	quietRecords             = 100_000   // of theirs
)

// site is one site's engine and what the loop keeps beside it.
type site struct {
	id      string
	engine  *rules.Engine
	judge   func(*telemetry.Record, *rules.Output) error // engine.Apply; tests put faults in between
	look    func() rules.View                            // engine.View; likewise
	version string                                       // of the configuration in force
	books   map[string]*book                             // by device
	open    *book                                        // of the last device that was asked for
	opened  string                                       // that device
	place   int                                          // among the sites

	// origin is what the engine began with where it was not a snapshot; takes is that of an engine that takes over from another
	// version, until the journal says so.
	origin telemetry.Engine
	takes  *telemetry.Engine

	last        resting // the newest committed snapshot
	rolledUp    uint64  // rollups up to this record are in the journal, where that is not last.Seq
	devices     int
	deaf        bool // it was told that nobody listens
	applied     int  // records since last
	rows        int  // of all books
	snapshotAt  telemetry.Instant
	snapshotDue bool

	// stopped is why the site is not judged; empty: it is. unjudged is the first record that was not, shown the last view before.
	stopped  string
	unjudged uint64
	shown    rules.View
	poison   int // records that were quarantined in this run
}

// newJudge and newLook are how a site's engine is asked; tests put faults in between.
var (
	newJudge = func(_ string, e *rules.Engine) func(*telemetry.Record, *rules.Output) error { return e.Apply }
	newLook  = func(_ string, e *rules.Engine) func() rules.View { return e.View }
)

func newSite(id string) *site {
	engine := rules.New(id)
	return &site{id: id, engine: engine, judge: newJudge(id, engine), look: newLook(id, engine), books: map[string]*book{}, last: resting{}}
}

// resting is a snapshot that waits for the case that the site's engine must be rebuilt.
type resting struct {
	seq  uint64
	body shared.Packed
}

func rest(s journal.Snapshot) resting { return resting{s.Seq, shared.Pack(s.Body)} }

// snapshot is the site's newest committed one.
func (s *site) snapshot() journal.Snapshot {
	return journal.Snapshot{Site: s.id, Seq: s.last.seq, Body: s.last.body.Text()}
}

// start is what a site is recovered from.
type start struct {
	snapshot journal.Snapshot
	origin   telemetry.Engine // where the snapshot cannot be read
	takes    bool             // the origin is not in the journal yet
	rolledUp uint64           // rollups up to here are in the journal, where that is beyond the snapshot
}

// starts finds what each site is recovered from: the newest snapshot, else where its engine began, else, for one that another
// version of the engine judged, where this one is to begin.
func starts(ctx context.Context, j journal.Recovery, st *journal.State) (map[string]start, error) {
	all := make(map[string]start, len(st.Snapshots))
	var begin *telemetry.Engine
	for id, snap := range st.Snapshots {
		origin, known := st.Engines[id]
		takes := !known || origin.Version != rules.EngineVersion
		if takes {
			if begin == nil {
				b, err := takeover(ctx, j, st)
				if err != nil {
					return nil, fmt.Errorf("finding where the rule engine begins: %w", err)
				}
				begin = &b
			}
			origin = *begin
			from := origin.After - min(origin.After, mostWarming)
			var err error
			if origin.Deaf, err = j.Deaf(ctx, id, from, origin.After); err != nil {
				return nil, fmt.Errorf("finding how the rule engine begins: %w", err)
			}
		}
		all[id] = start{snapshot: snap, origin: origin, takes: takes}
	}
	return all, nil
}

// recoverSites restores snapshots and applies the records after them, in one pass over the journal. What the records caused is
// already stored, up to the first that is untold of each site. A site whose engine fails is stopped.
func (g *Gateway) recoverSites(ctx context.Context, from map[string]start, untold map[string]uint64) (map[string]*site, error) {
	sites := make(map[string]*site, len(from))
	first := telemetry.Never
	for id, f := range from {
		if cause := g.hung[id]; cause != nil {
			s := newSite(id)
			s.last, s.origin, s.rolledUp = rest(f.snapshot), f.origin, f.rolledUp
			if f.takes {
				s.takes = &s.origin
			}
			g.stop(s, untold[id], cause)
			sites[id] = s
			continue
		}
		s, err := f.site(ctx, g, id)
		if err != nil {
			return nil, err
		}
		sites[id] = s
		first = min(first, telemetry.Instant(s.last.seq))
	}
	if len(sites) == 0 {
		return sites, nil
	}
	only := ""
	if len(sites) == 1 {
		for only = range sites {
		}
	}
	err := g.journal.Replay(ctx, only, uint64(first), func(rec *telemetry.Record) error {
		if s := sites[rec.Site]; s != nil && rec.Seq > s.last.seq {
			return g.catchUp(ctx, s, rec, untold[s.id])
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("recovering: %w", err)
	}
	for _, s := range sites {
		v := g.view(s)
		s.version, s.devices = v.Version, len(v.Devices)
		if s.stopped != "" {
			if s.version, err = g.configured(ctx, s.id); err != nil {
				return nil, err
			}
		}
	}
	return sites, nil
}

// configured is the version of a site's configuration in force as the journal has it: an engine that fails cannot be asked.
func (g *Gateway) configured(ctx context.Context, id string) (version string, err error) {
	err = g.journal.Standing(ctx, id, g.seq, func(rec *telemetry.Record) error {
		if rec.Kind == telemetry.KindConfiguration {
			version = rec.Configuration.Version
		}
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("finding the configuration of site %q: %w", id, err)
	}
	return version, nil
}

// site makes a site as it begins: with its snapshot, or with what stands where its engine begins to read.
func (f *start) site(ctx context.Context, g *Gateway, id string) (*site, error) {
	s := newSite(id)
	s.last, s.origin = rest(f.snapshot), f.origin
	if len(f.snapshot.Body) > 0 && !f.takes && s.engine.Restore(f.snapshot.Body) == nil {
		return s, nil
	}
	// A snapshot is only a shortcut: without it the journal is read from where the engine began.
	s = newSite(id)
	s.origin, s.rolledUp = f.origin, max(f.snapshot.Seq, f.rolledUp)
	s.last.seq = f.origin.After
	if f.takes {
		s.takes = &s.origin
	}
	var discard rules.Output
	err := Standing(ctx, g.journal, id, f.origin, func(rec *telemetry.Record) error {
		if s.stopped != "" {
			return nil
		}
		discard.Reset()
		if err := s.apply(&g.guard, rec, &discard); err != nil {
			g.stop(s, g.seq+1, err)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("beginning site %q: %w", id, err)
	}
	return s, nil
}

// apply is Engine.Apply within the guard.
func (s *site) apply(u *guard, rec *telemetry.Record, out *rules.Output) error {
	s.applied++
	return u.ask(&s.id, rec.Seq, func() error { return s.judge(rec, out) })
}

// wantsSnapshot reports whether a snapshot should be part of the next commit.
func (s *site) wantsSnapshot(now telemetry.Instant, last uint64) bool {
	if s.stopped != "" {
		return false
	}
	if s.snapshotAt == 0 {
		s.snapshotAt = now
	}
	if s.applied == 0 {
		// A quiet site is the same after all that others have sent, and must hold back none of it: neither from retention nor at a start.
		return s.last.seq > 0 && last > s.last.seq && (last-s.last.seq >= quietRecords || now.Sub(s.snapshotAt) >= quietEvery)
	}
	return s.snapshotDue || s.applied >= max(snapshotRecords, snapshotRecordsPerDevice*s.devices) ||
		s.rows >= max(snapshotRows, snapshotRowsPerDevice*s.devices) || now.Sub(s.snapshotAt) >= snapshotEvery
}

// snapshotPause lies between the snapshots of two sites. Sites with the same load come due together: one behind the other in a
// row would hold up every message meanwhile.
const snapshotPause = 100 * time.Millisecond

// snapshots puts at most one site's snapshot and finished rollups into the batch, and not in two batches in a row, so that no
// message waits for all of them. One that somebody waits for does not wait.
func (g *Gateway) snapshots(now telemetry.Instant) error {
	if len(g.batch.Snapshots) > 0 {
		return nil // a commit that failed is being repeated
	}
	// Of thousands of sites it is not looked with every commit which of them wants one, unless somebody waits.
	if !g.hurry && now >= g.looked && now.Sub(g.looked) < snapshotPause {
		return nil
	}
	g.looked = now
	for _, s := range g.order {
		if !s.wantsSnapshot(now, g.seq) || !s.snapshotDue && now.Sub(g.snapshotAt) < snapshotPause {
			continue
		}
		g.snapshotAt = now
		var body []byte
		err := g.guard.ask(&s.id, 0, func() (err error) { body, err = s.engine.Snapshot(); return err })
		if err != nil {
			g.stop(s, g.seq+1, fmt.Errorf("taking a snapshot: %w", err))
			return nil
		}
		taken := journal.Snapshot{Site: s.id, Seq: g.seq, Body: body}
		s.last = rest(taken)
		s.applied, s.snapshotAt, s.snapshotDue = 0, now, false
		g.batch.Snapshots = append(g.batch.Snapshots, taken)
		g.batch.Rollups = s.drain(g.batch.Rollups)
		return nil
	}
	g.hurry = false
	return nil
}

// configuration is a definition as a journal record carries it.
func configuration(def *rules.Definition, author string) (*telemetry.Configuration, error) {
	body, err := json.Marshal(def)
	if err != nil {
		return nil, fmt.Errorf("encoding the definition of site %q: %w", def.Site.ID, err)
	}
	sum := sha256.Sum256(body)
	return &telemetry.Configuration{Version: hex.EncodeToString(sum[:8]), Author: author, Definition: body}, nil
}
