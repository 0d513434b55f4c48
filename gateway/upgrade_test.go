package gateway

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/facility"
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

// A thermometer that was calibrated before the horizon is read with that offset after an upgrade too, and from the time on from which it held.
func TestAnUpgradeKeepsCalibrations(t *testing.T) {
	m := newMemory()
	b := newBench(t, m, "mall")
	at := begin.Add(time.Minute)
	calibration := telemetry.Entry{ID: "c", Kind: telemetry.EntryCalibration, Subject: "thermo", Value: 1.3, Text: facility.CalibrationText(9, 0.3)}
	if err := b.Enter(t.Context(), "mall", calibration, telemetry.Never, at); err != nil {
		t.Fatal(err)
	}
	b.commit(at)
	for day := range 60 {
		at := begin.Add(time.Duration(day) * 24 * time.Hour).Add(time.Hour)
		if day == 2 {
			// The configuration that stands is newer than the calibration, which holds from its own time on all the same.
			b.defs[0].Site.Name = "Mall"
			if err := b.Configure(t.Context(), b.defs, "test", at); err != nil {
				t.Fatal(err)
			}
		}
		b.send("gerbang/v1/mall/count", counted(day+1, 1, 1), at)
		b.commit(at)
	}
	offsets := func() []facility.Offset {
		v, _ := b.View("mall")
		return v.Devices[1].Offsets
	}
	want := offsets()
	if len(want) != 1 || want[0].Value != 1.3 || want[0].From != at {
		t.Fatalf("before the upgrade: got %+v, want 1.3 from %v on", want, at)
	}
	anotherVersion(m)
	b.open()
	if last := engines(m)[1]; last.After == 0 {
		t.Fatal("the engine began with the first record, want the horizon")
	}
	if got := offsets(); !slices.Equal(got, want) {
		t.Errorf("after the upgrade: got %+v, want %+v", got, want)
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

// anotherVersion makes a journal one that another version of the engine judged: its snapshots cannot be read.
func anotherVersion(m *memory) {
	for i := range m.records {
		if e := m.records[i].Engine; e != nil {
			m.records[i].Engine = &telemetry.Engine{Version: "0", After: e.After}
		}
	}
	for id, s := range m.snapshots {
		s.Body = []byte("of another version")
		m.snapshots[id] = s
	}
}

// breaches are the recorded changes to breached of a site's capacity.
func breaches(m *memory, site string) (n int) {
	for _, t := range m.transitions {
		if t.Site == site && t.Kind == "capacity" && t.To == rules.Breached {
			n++
		}
	}
	return n
}

// Where the record that says so is the first that an engine fails on, what was recorded is not told once more when the site is
// judged again.
func TestAnUpgradeThatStopsASiteRewritesNoVerdict(t *testing.T) {
	m := newMemory()
	b := newBench(t, m, "bad", "good")
	b.send("gerbang/v1/bad/count", counted(1, 12, 0), begin.Add(time.Second))
	b.commit(begin.Add(time.Second))
	anotherVersion(m)
	was := len(m.transitions)
	mend := breakBad(t, func(rec *telemetry.Record) error {
		if rec.Kind == telemetry.KindEngine && rec.Engine.Version == rules.EngineVersion {
			panic("a rule cannot restate")
		}
		return nil
	})
	b.open()
	if b.Stopped()["bad"] == "" {
		t.Fatalf("stopped: %v, want the bad site", b.Stopped())
	}
	mend()
	b.open()
	if got := m.transitions[was:]; len(got) != 0 || len(b.Stopped()) != 0 {
		t.Errorf("changes of verdict after the upgrade: got %+v (stopped %v), want none", got, b.Stopped())
	}
}

// A site that was stopped before the upgrade is judged up to the present first: what that found is not told twice.
func TestAnUpgradeKnowsWhatWasJudgedAgain(t *testing.T) {
	m := newMemory()
	b := newBench(t, m, "bad", "good")
	b.send("gerbang/v1/bad/count", counted(1, 3, 0), begin.Add(time.Second))
	b.commit(begin.Add(time.Second))
	mend := breakBad(t, breakages["no end"])
	b.send("gerbang/v1/bad/count", counted(2, 9, 0), begin.Add(2*time.Second))
	b.commit(begin.Add(2 * time.Second))
	mend()
	anotherVersion(m)
	b.open()
	if n := breaches(m, "bad"); n != 1 {
		t.Errorf("%d breaches in the history, want one: %+v", n, m.transitions)
	}
}

// A site that stops while a new version takes over is taken over when it is tried again, and the journal says so.
func TestATakeoverThatStopsIsTakenUpAgain(t *testing.T) {
	for _, name := range []string{"panic", "a hang"} {
		t.Run(name, func(t *testing.T) {
			m := newMemory()
			b := newBench(t, m, "bad", "good")
			b.send("gerbang/v1/bad/count", counted(1, 12, 0), begin.Add(time.Second))
			b.commit(begin.Add(time.Second))
			anotherVersion(m)
			mend := breakBad(t, breakages[name])
			b.openWith(300 * time.Millisecond)
			if b.Stopped()["bad"] == "" {
				t.Fatalf("stopped: %v, want the bad site", b.Stopped())
			}
			mend()
			b.retry(context.Background(), map[string]bool{})
			b.commit(begin.Add(2 * time.Minute))
			if n := len(b.Stopped()); n != 0 {
				t.Fatalf("stopped: %v, want none after it was tried again", b.Stopped())
			}
			taken := 0
			for i := range m.records {
				if rec := &m.records[i]; rec.Site == "bad" && rec.Kind == telemetry.KindEngine && rec.Engine.Version == rules.EngineVersion {
					taken++
				}
			}
			if taken != 1 || breaches(m, "bad") != 1 {
				t.Errorf("taken over %d times, %d breaches: want one of each", taken, breaches(m, "bad"))
			}
			if v, _ := b.View("bad"); v.Zones[0].Persons.Persons != 12 {
				t.Errorf("%v persons, want 12", v.Zones[0].Persons)
			}
		})
	}
}

// What was judged again is told once, also where another site's engine does not come back meanwhile.
func TestWhatIsReadTwiceIsToldOnce(t *testing.T) {
	m := newMemory()
	b := newBench(t, m, "bad", "good")
	b.send("gerbang/v1/good/count", counted(1, 12, 0), begin.Add(time.Second))
	b.send("gerbang/v1/bad/count", counted(1, 1, 0), begin.Add(time.Second))
	b.commit(begin.Add(time.Second))
	clear(m.snapshots)
	// As if the good site had stopped before its breach.
	var from uint64
	for _, tr := range m.transitions {
		if tr.Site == "good" && tr.To == rules.Breached {
			from = tr.Record
		}
	}
	m.transitions = slices.DeleteFunc(m.transitions, func(tr rules.Transition) bool { return tr.Site == "good" && tr.Record >= from })
	m.stopped = map[string]uint64{"good": from}
	clear(m.open)
	breakBad(t, func(rec *telemetry.Record) error {
		if rec.Kind == telemetry.KindObservation {
			select {}
		}
		return nil
	})
	opened := 0
	for _, c := range b.openWith(300 * time.Millisecond).Changes {
		if c.Alert.Rule == "capacity" && c.What == alerts.Opened {
			opened++
		}
	}
	if n := breaches(m, "good"); n != 1 || opened != 1 {
		t.Errorf("%d breaches and %d alerts of the good site, want one of each", n, opened)
	}
}

// An engine that takes over knows that nobody listened where it begins to read: the broker is away since before its horizon, and
// the devices behind it are not blamed.
func TestAnUpgradeKnowsThatNobodyListens(t *testing.T) {
	for name, tc := range map[string]struct {
		over bool
		want bool
	}{"away still": {false, true}, "back before": {true, false}} {
		t.Run(name, func(t *testing.T) {
			m := newMemory()
			b := newBench(t, m, "mall")
			away := begin.Add(time.Second)
			listens := func(firing bool, at telemetry.Instant) {
				t.Helper()
				if err := b.listens(context.Background(), alerts.Fault{Name: alerts.FaultBrokerDown, Firing: firing}, at); err != nil {
					t.Fatal(err)
				}
			}
			listens(true, away)
			if tc.over {
				listens(false, away.Add(time.Minute))
			}
			for day := range 60 { // by another door
				at := begin.Add(time.Duration(day) * 24 * time.Hour)
				b.send("gerbang/v1/mall/count", counted(day+1, 1, 1), at.Add(time.Minute))
				b.commit(at.Add(time.Minute))
			}
			anotherVersion(m)
			b.open()
			last := engines(m)[1]
			if last.After == 0 || (last.Deaf != 0) != tc.want || tc.want && last.Deaf != away {
				t.Errorf("the engine began behind record %d, where nobody listened since %v: want deaf %v, since %v", last.After, last.Deaf, tc.want, away)
			}
			if got := b.sites["mall"].engine.Deaf(); got != tc.want {
				t.Errorf("the engine believes that nobody listens: %v, want %v", got, tc.want)
			}
			// What judges again begins in the same way.
			e := rules.New("mall")
			var out rules.Output
			apply := func(rec *telemetry.Record) error { return e.Apply(rec, &out) }
			if err := Standing(t.Context(), m, "mall", last, apply); err != nil {
				t.Fatal(err)
			}
			if e.Deaf() != tc.want {
				t.Errorf("what judges again believes that nobody listens: %v, want %v", e.Deaf(), tc.want)
			}
		})
	}
}
