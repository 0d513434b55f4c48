package gateway

import (
	"context"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// grown is a journal in memory that another version of the engine judged: its snapshots cannot be read.
func grown(t *testing.T, days int) (*bench, *memory) {
	t.Helper()
	m := newMemory()
	b := newBench(t, m, "mall")
	for day := range days {
		at := begin.Add(time.Duration(day) * 24 * time.Hour)
		b.send("gerbang/v1/mall/count", counted(2*day+1, 12, 0), at.Add(time.Second))
		if day < days-1 {
			b.send("gerbang/v1/mall/count", counted(2*day+2, 0, 12), at.Add(2*time.Second))
		}
		b.commit(at.Add(3 * time.Second))
	}
	for i := range m.records {
		if e := m.records[i].Engine; e != nil {
			e.Version = "0"
		}
	}
	for id, s := range m.snapshots {
		s.Body = []byte("of another version")
		m.snapshots[id] = s
	}
	return b, m
}

func engines(m *memory) []telemetry.Engine {
	var all []telemetry.Engine
	for i := range m.records {
		if e := m.records[i].Engine; e != nil {
			all = append(all, *e)
		}
	}
	return all
}

func TestAnUpgradeRewritesNoVerdict(t *testing.T) {
	b, m := grown(t, 1)
	was, alert := len(m.transitions), b.Open()[0]
	b.open()
	if got := engines(m); len(got) != 2 || got[1].Version != rules.EngineVersion {
		t.Fatalf("engines in the journal: got %+v, want the old one and version %s", got, rules.EngineVersion)
	}
	if got := m.transitions[was:]; len(got) != 0 {
		t.Errorf("changes of verdict by the upgrade: got %+v, want none: the new version judges the same", got)
	}
	if got := b.Open(); len(got) != 1 || got[0].ID != alert.ID {
		t.Errorf("open alerts: got %+v, want %s as before", got, alert.ID)
	}
	// Another start changes nothing more.
	b.open()
	if got := engines(m); len(got) != 2 {
		t.Errorf("engines after another start: got %+v, want two", got)
	}
}

// Where the new version judges otherwise, the history says so from the upgrade on, and keeps what was recorded.
func TestAnUpgradeTellsWhatItSeesOtherwise(t *testing.T) {
	b, m := grown(t, 1)
	for i := range m.transitions {
		if tr := &m.transitions[i]; tr.Kind == "capacity" {
			tr.To = rules.Within // as if the old version had seen no breach
		}
	}
	was := len(m.transitions)
	b.open()
	news := m.transitions[was:]
	if len(news) != 1 || news[0].Kind != "capacity" || news[0].From != rules.Within || news[0].To != rules.Breached || news[0].Late {
		t.Fatalf("news of the upgrade: got %+v, want within > breached of the capacity", news)
	}
	if last := m.records[len(m.records)-1]; news[0].Record != last.Seq || last.Kind != telemetry.KindEngine || news[0].At < last.Received {
		t.Errorf("news at %v by record %d: want it now, by the record of the engine", news[0].At, news[0].Record)
	}
}

// The first start after an upgrade reads the horizon, not the whole journal, and knows what stands before it.
func TestAnUpgradeIsBounded(t *testing.T) {
	b, m := grown(t, 40)
	m.records[3].At = 0 // whoever reads it applies a record of 1970
	read := 0
	counting := &countedReplays{memory: m, read: &read}
	b.journal = counting
	b.open()
	if all := len(m.records); read == 0 || read > all/2 {
		t.Errorf("records read by the first start after an upgrade: got %d of %d, want those of %v", read, all, rules.Horizon)
	}
	last := engines(m)[1]
	if last.After == 0 {
		t.Error("the engine began with the first record, want the horizon")
	}
	v, _ := b.View("mall")
	if v.Version == "" || v.Zones[0].Persons.Persons < 11 {
		t.Errorf("after the upgrade: version %q, %v persons: want the configuration in force and the 12 who came in", v.Version, v.Zones[0].Persons)
	}
}

type countedReplays struct {
	*memory
	read *int
}

func (c *countedReplays) Replay(ctx context.Context, site string, after uint64, fn func(*telemetry.Record) error) error {
	return c.memory.Replay(ctx, site, after, func(rec *telemetry.Record) error {
		*c.read++
		return fn(rec)
	})
}
