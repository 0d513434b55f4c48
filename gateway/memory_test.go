package gateway

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// memory is a journal in memory, with faults on command. It holds what a real one would after a crash: committed batches.
type memory struct {
	mu          sync.Mutex
	records     []telemetry.Record
	transitions []rules.Transition
	open        map[string]alerts.Alert
	snapshots   map[string]journal.Snapshot
	counters    journal.Counters
	rollups     map[journal.Rollup]int
	commits     int
	alive       telemetry.Instant
	stopped     map[string]uint64

	// fail is asked before every commit; an error refuses it. stored says that the batch is kept all the same.
	fail func(n int) (err error, stored bool)
}

func newMemory() *memory {
	return &memory{open: map[string]alerts.Alert{}, snapshots: map[string]journal.Snapshot{}, rollups: map[journal.Rollup]int{}}
}

func (m *memory) Prepare(*journal.Batch) {}

func (m *memory) Commit(_ context.Context, b *journal.Batch) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.commits++
	if m.fail != nil {
		if err, stored := m.fail(m.commits); err != nil {
			if stored {
				m.keep(b)
			}
			return err
		}
	}
	m.keep(b)
	return nil
}

func (m *memory) keep(b *journal.Batch) {
	m.records = append(m.records, b.Records...)
	m.transitions = append(m.transitions, b.Transitions...)
	for _, c := range b.Changes {
		if c.Alert.Open() {
			m.open[c.Alert.ID] = c.Alert
		} else {
			delete(m.open, c.Alert.ID)
		}
	}
	for _, s := range b.Snapshots {
		m.snapshots[s.Site] = s
	}
	for _, r := range b.Rollups {
		m.rollups[r]++
	}
	m.counters = b.Counters
	for _, s := range b.Stops {
		if m.stopped == nil {
			m.stopped = map[string]uint64{}
		}
		m.stopped[s.Site] = s.Seq
	}
	if b.Alive != 0 {
		m.alive = b.Alive
	}
}

func (m *memory) State(context.Context) (*journal.State, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	st := &journal.State{Counters: m.counters, Snapshots: maps.Clone(m.snapshots), Open: slices.Collect(maps.Values(m.open)),
		Engines: map[string]telemetry.Engine{}, Stopped: map[string]uint64{}}
	for id, seq := range m.stopped {
		if seq != 0 {
			st.Stopped[id] = seq
		}
	}
	for i := range m.records {
		rec := &m.records[i]
		st.LastSeq, st.LastReceived = rec.Seq, rec.Received
		if rec.Kind == telemetry.KindEngine {
			st.Engines[rec.Site] = *rec.Engine
		}
		st.Alive = max(rec.Received, m.alive)
		st.Identities = append(st.Identities, rec.Identity)
		if _, ok := st.Snapshots[rec.Site]; !ok && rec.Kind == telemetry.KindConfiguration {
			st.Snapshots[rec.Site] = journal.Snapshot{Site: rec.Site}
		}
	}
	return st, nil
}

func (m *memory) Replay(_ context.Context, site string, after uint64, fn func(*telemetry.Record) error) error {
	m.mu.Lock()
	records := slices.Clone(m.records)
	m.mu.Unlock()
	for i := range records {
		if records[i].Seq > after && (site == "" || records[i].Site == site) {
			if err := fn(&records[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *memory) Standing(_ context.Context, site string, upTo uint64, fn func(*telemetry.Record) error) error {
	for i := range m.records {
		r := &m.records[i]
		if r.Seq <= upTo && r.Site == site && (r.Kind == telemetry.KindConfiguration || r.Kind == telemetry.KindEntry) {
			if err := fn(r); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *memory) Deaf(_ context.Context, site string, after, upTo uint64) (since telemetry.Instant, err error) {
	for i := range m.records {
		if r := &m.records[i]; r.Site == site && r.Kind == telemetry.KindService && r.Seq > after && r.Seq <= upTo {
			since = r.Service.DeafSince(r.Received)
		}
	}
	return since, nil
}

func (m *memory) Before(_ context.Context, t telemetry.Instant) (uint64, error) {
	before := uint64(0)
	for i := range m.records {
		if m.records[i].Received < t {
			before = m.records[i].Seq
		}
	}
	return before, nil
}

func (m *memory) Verdicts(_ context.Context, site string) ([]rules.Transition, error) {
	type key struct {
		rule    string
		subject rules.Subject
	}
	newest := map[key]rules.Transition{}
	for _, t := range m.transitions {
		if t.Site == site && !t.Late {
			newest[key{t.Rule, t.Subject}] = t
		}
	}
	return slices.Collect(maps.Values(newest)), nil
}
