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

// recoverSites restores snapshots and applies the records after them, in one pass over the journal. What the records caused is
// already stored.
func recoverSites(ctx context.Context, j Journal, snapshots map[string]Snapshot) (map[string]*site, error) {
	sites := make(map[string]*site, len(snapshots))
	from := telemetry.Never
	for id, snap := range snapshots {
		s := newSite(id)
		s.last = snap
		if len(snap.Body) > 0 && s.engine.Restore(snap.Body) != nil {
			// A snapshot is only a shortcut: without it the journal is read from its start.
			s = newSite(id)
			s.rolledUp = snap.Seq
		}
		sites[id] = s
		from = min(from, telemetry.Instant(s.last.Seq))
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
	err := j.Replay(ctx, only, uint64(from), func(rec *telemetry.Record) error {
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
