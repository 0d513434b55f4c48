package gateway

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/gerbang-iot/gerbang/rules"
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
)

// site is one site's engine and what the loop keeps beside it.
type site struct {
	id      string
	engine  *rules.Engine
	judge   func(*telemetry.Record, *rules.Output) error // engine.Apply; tests put faults in between
	version string                                       // of the configuration in force
	books   map[string]*book                             // by device
	open    *book                                        // of the last device that was asked for
	opened  string                                       // that device

	// origin is what the engine began with where it was not a snapshot; takes is that of an engine that takes over from another
	// version, until the journal says so.
	origin telemetry.Engine
	takes  *telemetry.Engine

	last        Snapshot // the newest committed one
	rolledUp    uint64   // rollups up to this record are in the journal, where that is not last.Seq
	devices     int
	applied     int // records since last
	rows        int // of all books
	snapshotAt  telemetry.Instant
	snapshotDue bool
}

func newSite(id string) *site {
	engine := rules.New(id)
	return &site{id: id, engine: engine, judge: engine.Apply, books: map[string]*book{}, last: Snapshot{Site: id}}
}

// start is what a site is recovered from.
type start struct {
	snapshot Snapshot
	origin   telemetry.Engine // where the snapshot cannot be read
	takes    bool             // the origin is not in the journal yet
	rolledUp uint64           // rollups up to here are in the journal, where that is beyond the snapshot
}

// starts finds what each site is recovered from: the newest snapshot, else where its engine began, else, for one that another
// version of the engine judged, where this one is to begin.
func starts(ctx context.Context, j Journal, st *State) (map[string]start, error) {
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
		}
		all[id] = start{snapshot: snap, origin: origin, takes: takes}
	}
	return all, nil
}

// recoverSites restores snapshots and applies the records after them, in one pass over the journal. What the records caused is
// already stored.
func recoverSites(ctx context.Context, j Journal, from map[string]start) (map[string]*site, error) {
	sites := make(map[string]*site, len(from))
	first := telemetry.Never
	for id, f := range from {
		s, err := f.site(ctx, j, id)
		if err != nil {
			return nil, err
		}
		sites[id] = s
		first = min(first, telemetry.Instant(s.last.Seq))
	}
	if len(sites) == 0 {
		return sites, nil
	}
	only := ""
	if len(sites) == 1 {
		for only = range sites {
		}
	}
	var discard rules.Output
	err := j.Replay(ctx, only, uint64(first), func(rec *telemetry.Record) error {
		s := sites[rec.Site]
		if s == nil || rec.Seq <= s.last.Seq || rec.Kind == telemetry.KindRejection {
			return nil
		}
		discard.Reset()
		if err := s.apply(rec, &discard); err != nil {
			return fmt.Errorf("applying record %d to site %q: %w", rec.Seq, s.id, err)
		}
		if rec.Seq > s.rolledUp {
			s.rollup(rec)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("recovering: %w", err)
	}
	for _, s := range sites {
		v := s.engine.View()
		s.version, s.devices = v.Version, len(v.Devices)
	}
	return sites, nil
}

// site makes a site as it begins: with its snapshot, or with what stands where its engine begins to read.
func (f *start) site(ctx context.Context, j Journal, id string) (*site, error) {
	s := newSite(id)
	s.last, s.origin = f.snapshot, f.origin
	if len(f.snapshot.Body) > 0 && !f.takes && s.engine.Restore(f.snapshot.Body) == nil {
		return s, nil
	}
	// A snapshot is only a shortcut: without it the journal is read from where the engine began.
	s = newSite(id)
	s.origin, s.rolledUp = f.origin, max(f.snapshot.Seq, f.rolledUp)
	s.last.Seq = f.origin.After
	if f.takes {
		s.takes = &s.origin
	}
	var discard rules.Output
	err := Standing(ctx, j, id, f.origin, func(rec *telemetry.Record) error {
		discard.Reset()
		return s.apply(rec, &discard)
	})
	if err != nil {
		return nil, fmt.Errorf("beginning site %q: %w", id, err)
	}
	return s, nil
}

var errPanic = errors.New("a rule panicked")

// apply is Engine.Apply with a net under it: a rule that panics is an error that wraps errPanic, and the engine is then
// in an unknown state and must be rebuilt.
func (s *site) apply(rec *telemetry.Record, out *rules.Output) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v\n%s", errPanic, p, debug.Stack())
		}
	}()
	s.applied++
	return s.judge(rec, out)
}

// wantsSnapshot reports whether a snapshot should be part of the next commit.
func (s *site) wantsSnapshot(now telemetry.Instant) bool {
	if s.applied == 0 {
		return false
	}
	if s.snapshotAt == 0 {
		s.snapshotAt = now
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
	for _, s := range g.order {
		if !s.wantsSnapshot(now) || !s.snapshotDue && now.Sub(g.snapshotAt) < snapshotPause {
			continue
		}
		g.snapshotAt = now
		body, err := s.engine.Snapshot()
		if err != nil {
			return fmt.Errorf("taking a snapshot of site %q: %w", s.id, err)
		}
		s.last = Snapshot{Site: s.id, Seq: g.seq, Body: body}
		s.applied, s.snapshotAt, s.snapshotDue = 0, now, false
		g.batch.Snapshots = append(g.batch.Snapshots, s.last)
		g.batch.Rollups = s.drain(g.batch.Rollups)
		return nil
	}
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
