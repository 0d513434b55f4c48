package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
	"github.com/gerbang-iot/gerbang/testengine"
)

var begin = telemetry.InstantOf(time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC)) // 09:00 in Jakarta

// definition is a small building: one hall for ten, one counted door, one thermometer.
func definition(t *testing.T, site string) rules.Definition {
	t.Helper()
	loc, err := facility.LoadLocation("Asia/Jakarta")
	if err != nil {
		t.Fatal(err)
	}
	rule := func(id, kind string) rules.Rule {
		p, err := rules.NewParams(kind)
		if err != nil {
			t.Fatal(err)
		}
		return rules.Rule{ID: id, Kind: kind, Params: p}
	}
	var hours facility.Hours
	for i := range hours.Weekly {
		hours.Weekly[i] = []facility.Span{{Open: facility.TimeOfDay(9*time.Hour + time.Minute), Close: facility.TimeOfDay(15 * time.Hour)}} // after begin, so that nobody is inside then
	}
	return rules.Definition{
		Site: facility.Site{
			ID: site, Name: site, Location: loc, Hours: hours, Protocols: []string{"p"},
			Zones: []facility.Zone{{ID: "hall", Name: "Hall", Capacity: 10}},
			Doors: []facility.Door{{ID: "main", Name: "Main", From: facility.Outside, To: "hall"}},
			Devices: []facility.Device{
				{ID: "count", Model: "native", Place: facility.Place{Kind: facility.AtDoor, ID: "main"}, Interval: time.Minute, Accuracy: 1},
				{ID: "thermo", Model: "native", Place: facility.Place{Kind: facility.AtDoor, ID: "main"}},
			},
		},
		Protocols: []rules.Protocol{{ID: "p", Title: "P", Rules: []rules.Rule{
			rule("capacity", "capacity"), rule("temperature", "temperature"), rule("silence", "silence"),
		}}},
	}
}

// bench is a gateway with its journal.
type bench struct {
	t       *testing.T
	defs    []rules.Definition
	decoder Decoder
	journal journal.Store
	*Gateway
}

func newBench(t *testing.T, j journal.Store, sites ...string) *bench {
	t.Helper()
	b := &bench{t: t, journal: j}
	var all []facility.Site
	for _, id := range sites {
		d := definition(t, id)
		b.defs, all = append(b.defs, d), append(all, d.Site)
	}
	decoder, err := decode.New(decode.Options{Sites: all})
	if err != nil {
		t.Fatal(err)
	}
	b.decoder = decoder
	b.open()
	return b
}

// open recovers, as a restart does.
func (b *bench) open() {
	b.t.Helper()
	b.openWith(0)
}

// openWith is open with another patience; it gives what the start committed.
func (b *bench) openWith(patience time.Duration) *journal.Batch {
	b.t.Helper()
	g, err := Open(context.Background(), Options{
		Journal: b.journal, Decoder: b.decoder, Directory: alerts.NewDirectory(), Logger: slog.New(slog.DiscardHandler), Window: 1000, Patience: patience,
	})
	if err != nil {
		b.t.Fatal(err)
	}
	b.Gateway = g
	if err := g.Configure(context.Background(), b.defs, "test", begin); err != nil {
		b.t.Fatal(err)
	}
	return b.commit(begin)
}

func (b *bench) commit(now telemetry.Instant) *journal.Batch {
	b.t.Helper()
	batch, err := b.Commit(context.Background(), now)
	if err != nil {
		b.t.Fatal(err)
	}
	if batch == nil {
		return &journal.Batch{}
	}
	kept := *batch
	kept.Transitions, kept.Changes, kept.Flows, kept.Signals = slices.Clone(kept.Transitions), slices.Clone(kept.Changes), slices.Clone(kept.Flows), slices.Clone(kept.Signals)
	kept.Samples, kept.Sent, kept.Snapshots, kept.Rollups = slices.Clone(kept.Samples), slices.Clone(kept.Sent), slices.Clone(kept.Snapshots), slices.Clone(kept.Rollups)
	b.Begin()
	return &kept
}

func (b *bench) send(topic, payload string, at telemetry.Instant) {
	b.t.Helper()
	if err := b.Accept(context.Background(), &ingest.Message{Topic: topic, Payload: []byte(payload), QoS: 1, Received: at}); err != nil {
		b.t.Fatal(err)
	}
}

func counted(seq, in, out int) string {
	return fmt.Sprintf(`{"seq":%d,"people_in":%d,"people_out":%d}`, seq, in, out)
}

func TestMessageBecomesVerdictAlertAndSignal(t *testing.T) {
	b := newBench(t, newMemory(), "mall")
	b.send("gerbang/v1/mall/count", counted(1, 5, 0), begin.Add(time.Second))
	b.commit(begin.Add(time.Second))
	b.send("gerbang/v1/mall/count", counted(2, 7, 0), begin.Add(2*time.Second))
	batch := b.commit(begin.Add(2 * time.Second))

	at := slices.IndexFunc(batch.Transitions, func(tr rules.Transition) bool { return tr.Kind == "capacity" && tr.Subject.ID == "hall" })
	if at < 0 {
		t.Fatalf("no transition of the capacity, got %+v", batch.Transitions)
	}
	tr := batch.Transitions[at]
	if tr.To != rules.Breached || tr.Explanation.Value != 12 || tr.Explanation.Limit != 10 || tr.Explanation.Constraint != "declared" {
		t.Errorf("transition %+v: want breached by 12 of declared 10", tr)
	}
	if len(batch.Changes) != 1 || batch.Changes[0].What != alerts.Opened || batch.Changes[0].Alert.Class != rules.ClassBreach {
		t.Fatalf("changes %+v: want one breach opened", batch.Changes)
	}
	if len(batch.Signals) != 1 || !strings.Contains(string(batch.Signals[0].Payload), `"seq":2`) {
		t.Errorf("signals %+v: want one with the evidence of sequence 2", batch.Signals)
	}
}

func TestCountersBalance(t *testing.T) {
	b := newBench(t, newMemory(), "mall")
	for i, payload := range []string{counted(1, 1, 0), counted(1, 1, 0), `{"seq":2,"people_in":-1}`, `nonsense`, counted(3, 0, 1)} {
		b.send("gerbang/v1/mall/count", payload, begin.Add(time.Duration(i)*time.Second))
	}
	b.send("gerbang/v1/mall/unknown", counted(1, 1, 0), begin)
	got := b.commit(begin.Add(time.Minute)).Counters
	want := journal.Counters{Received: 6, Stored: 2, Duplicate: 1, Rejected: 3, Readings: 4}
	if got != want {
		t.Errorf("counters\n got %+v\nwant %+v", got, want)
	}
}

func TestDuplicatesAreKnownAfterARestart(t *testing.T) {
	b := newBench(t, newMemory(), "mall")
	b.send("gerbang/v1/mall/count", counted(1, 1, 0), begin)
	b.commit(begin)
	b.open()
	b.send("gerbang/v1/mall/count", counted(1, 1, 0), begin.Add(time.Second))
	if c := b.Counters(); c.Stored != 1 || c.Duplicate != 1 {
		t.Errorf("counters %+v: want 1 stored and 1 duplicate", c)
	}
}

// Restarting at any moment gives the same state as never stopping.
func TestRestartsChangeNothing(t *testing.T) {
	rng := rand.New(rand.NewPCG(testengine.Seed(t), 1))
	calm, shaken := newBench(t, newMemory(), "a", "b"), newBench(t, newMemory(), "a", "b")
	for i := range 600 {
		at := begin.Add(time.Duration(i) * 7 * time.Second)
		topic, payload := fmt.Sprintf("gerbang/v1/%s/count", []string{"a", "b"}[rng.IntN(2)]), counted(i, rng.IntN(4), rng.IntN(3))
		if rng.IntN(5) == 0 {
			topic = strings.Replace(topic, "count", "thermo", 1)
			payload = fmt.Sprintf(`{"seq":%d,"body_temperature":%.1f}`, i, 36+rng.Float64()*2)
		}
		for _, b := range []*bench{calm, shaken} {
			b.send(topic, payload, at)
			if err := b.Advance(context.Background(), at); err != nil {
				t.Fatal(err)
			}
			b.commit(at)
		}
		if rng.IntN(20) == 0 {
			shaken.open()
		}
	}
	for _, site := range []string{"a", "b"} {
		got, _ := shaken.View(site)
		want, _ := calm.View(site)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("site %s\n got %+v\nwant %+v", site, got, want)
		}
	}
	if got, want := shaken.Open(), calm.Open(); !reflect.DeepEqual(got, want) {
		t.Errorf("open alerts\n got %+v\nwant %+v", got, want)
	}
}

func TestRefusedCommitIsRepeatedWhole(t *testing.T) {
	m := newMemory()
	b := newBench(t, m, "mall")
	refusals := 2
	m.fail = func(int) (error, bool) {
		if refusals--; refusals >= 0 {
			return journal.ErrFull, false
		}
		return nil, false
	}
	b.send("gerbang/v1/mall/count", counted(1, 12, 0), begin)
	for range 2 {
		if _, err := b.Commit(context.Background(), begin); !errors.Is(err, journal.ErrFull) {
			t.Fatalf("commit: %v, want ErrFull", err)
		}
	}
	batch := b.commit(begin)
	if len(batch.Records) != 1 || len(batch.Changes) != 1 {
		t.Errorf("%d records and %d changes after the refusals, want 1 and 1", len(batch.Records), len(batch.Changes))
	}
	// A restart sees the same.
	before, _ := b.View("mall")
	b.open()
	if after, _ := b.View("mall"); !reflect.DeepEqual(after, before) {
		t.Errorf("after a restart\n got %+v\nwant %+v", after, before)
	}
}

// A rule that panics costs one record, not the site: the engine is rebuilt without it.
func TestRulePanicQuarantinesTheRecord(t *testing.T) {
	m := newMemory()
	b := newBench(t, m, "mall")
	b.send("gerbang/v1/mall/count", counted(1, 3, 0), begin)
	b.commit(begin)
	b.send("gerbang/v1/mall/count", counted(2, 2, 0), begin.Add(time.Second)) // in the same batch as the poison

	s := b.sites["mall"]
	sound := s.judge
	s.judge = func(rec *telemetry.Record, out *rules.Output) error {
		if rec.Observation.Sequence == 13 {
			_ = sound(rec, out) // half done
			panic("unlucky")
		}
		return sound(rec, out)
	}
	b.send("gerbang/v1/mall/count", counted(13, 100, 0), begin.Add(2*time.Second))
	b.send("gerbang/v1/mall/count", counted(14, 1, 0), begin.Add(3*time.Second))
	batch := b.commit(begin.Add(3 * time.Second))

	if c := batch.Counters; c.Stored != 3 || c.Rejected != 1 {
		t.Errorf("counters %+v: want 3 stored, 1 rejected", c)
	}
	if rec := batch.Records[1]; rec.Kind != telemetry.KindRejection || rec.Rejection.Reason != telemetry.ReasonFault {
		t.Errorf("the poisoned record became %+v", rec)
	}
	if v, _ := b.View("mall"); v.Persons.Persons != 6 {
		t.Errorf("%v persons, want 6: everything but the poison", v.Persons.Persons)
	}
	b.open()
	if v, _ := b.View("mall"); v.Persons.Persons != 6 {
		t.Errorf("%v persons after a restart, want 6", v.Persons.Persons)
	}
}

type panicking struct{ Decoder }

func (p panicking) Decode(m *ingest.Message, dst []telemetry.Record) []telemetry.Record {
	if string(m.Payload) == "poison" {
		panic("unlucky")
	}
	return p.Decoder.Decode(m, dst)
}

func TestDecoderPanicIsARejection(t *testing.T) {
	b := newBench(t, newMemory(), "mall")
	b.Use(panicking{b.decoder})
	b.send("gerbang/v1/mall/count", "poison", begin)
	b.send("gerbang/v1/mall/count", counted(1, 1, 0), begin)
	if c := b.commit(begin).Counters; c.Rejected != 1 || c.Stored != 1 {
		t.Errorf("counters %+v: want 1 rejected, 1 stored", c)
	}
}

// Finding L4: events of one device with one time are all stored, with the time that the device gave, and all judged.
func TestL4_EventsOfOneTimeAllSurvive(t *testing.T) {
	b := newBench(t, newMemory(), "mall")
	at := begin.Time().Format(time.RFC3339)
	for seq := 1; seq <= 12; seq++ {
		b.send("gerbang/v1/mall/thermo", fmt.Sprintf(`{"at":%q,"seq":%d,"body_temperature":36.5}`, at, seq), begin)
	}
	batch := b.commit(begin)
	if len(batch.Records) != 12 {
		t.Errorf("12 events are %d records", len(batch.Records))
	}
	for _, rec := range batch.Records {
		if rec.At != begin {
			t.Errorf("record %d: got the time %v, want the device's own %v", rec.Seq, rec.At, begin)
		}
	}
	if v, _ := b.View("mall"); v.Doors[0].Screened != 12 {
		t.Errorf("screened: got %v, want 12", v.Doors[0].Screened)
	}
}

// Finding I1: what the engine makes of running totals is part of the batch.
func TestI1_FlowsGoIntoTheBatch(t *testing.T) {
	m := newMemory()
	b := newBench(t, m, "mall")
	s := b.sites["mall"]
	sound := s.judge
	flow := rules.Flow{Site: "mall", Device: "count", Channel: "a", At: begin, In: 3, Out: 1}
	s.judge = func(rec *telemetry.Record, out *rules.Output) error {
		err := sound(rec, out)
		f := flow
		f.Record = rec.Seq
		out.Flows = append(out.Flows, f)
		return err
	}
	for seq := range 2 {
		b.send("gerbang/v1/mall/count", counted(seq, 1, 0), begin)
	}
	batch := b.commit(begin)
	if len(batch.Flows) != 2 || batch.Flows[0].Record+1 != batch.Flows[1].Record || batch.Flows[0].In != 3 {
		t.Errorf("flows: got %+v, want one of each of the two records", batch.Flows)
	}
	b.send("gerbang/v1/mall/count", counted(3, 1, 0), begin)
	if batch = b.commit(begin); len(batch.Flows) != 1 {
		t.Errorf("flows of the next batch: got %d, want 1", len(batch.Flows))
	}
}

func TestUnchangedConfigurationIsNoRecord(t *testing.T) {
	b := newBench(t, newMemory(), "mall")
	last := b.LastSeq()
	b.open()
	if b.LastSeq() != last {
		t.Errorf("the same configuration became a record")
	}
	b.defs[0].Site.Zones[0].Capacity = 20
	b.open()
	if b.LastSeq() != last+1 {
		t.Errorf("%d new records for a new configuration, want 1", b.LastSeq()-last)
	}
}
