package evidence

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"sort"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// house is the journal of one site, and the engine and book that make it, as the gateway does. What is written to it is judged at once.
type house struct {
	t       testing.TB
	site    string
	engine  *rules.Engine
	book    *alerts.Book
	out     rules.Output
	records []telemetry.Record
	changes []rules.Transition
	alerts  map[string]alerts.Alert
	steps   []alerts.Change
	deleted bool
	seq     uint64
	stopped uint64
	version string // of the engine, as the journal says
}

var _ Source = (*house)(nil)

// day is when the house begins: midnight in Jakarta.
var day = telemetry.InstantOf(time.Date(2026, 3, 1, 17, 0, 0, 0, time.UTC))

func at(d time.Duration) telemetry.Instant { return day.Add(d) }

// hall is a building with one hall for twenty people, a counter at its door, and a sensor of the air.
func hall(t testing.TB, capacity int) *rules.Definition {
	t.Helper()
	loc, err := facility.LoadLocation("Asia/Jakarta")
	if err != nil {
		t.Fatal(err)
	}
	d := &rules.Definition{Site: facility.Site{
		ID: "office", Name: "Office", Location: loc, Protocols: []string{"p"},
		Zones: []facility.Zone{{ID: "hall", Name: "Hall", Capacity: capacity}},
		Doors: []facility.Door{{ID: "main", Name: "Main", From: facility.Outside, To: "hall"}},
		Devices: []facility.Device{
			{ID: "counter", Model: "native", Place: facility.Place{Kind: facility.AtDoor, ID: "main"}},
			{ID: "air", Name: "=air", Model: "native", Place: facility.Place{Kind: facility.AtZone, ID: "hall"}},
		},
		Tasks: []facility.Task{{ID: "wipe", Name: "Wipe", Place: facility.Place{Kind: facility.AtZone, ID: "hall"}}},
	}}
	for i := range d.Site.Hours.Weekly {
		d.Site.Hours.Weekly[i] = []facility.Span{{Open: facility.TimeOfDay(8 * time.Hour), Close: facility.TimeOfDay(16 * time.Hour)}}
	}
	rule := func(id, kind, expr string) rules.Rule {
		p, err := rules.NewParams(kind)
		if err != nil {
			t.Fatal(err)
		}
		if x, ok := p.(*rules.Expression); ok {
			x.Expr = expr
		}
		return rules.Rule{ID: id, Kind: kind, Params: p, Subjects: []string{"hall"}}
	}
	d.Protocols = []rules.Protocol{{ID: "p", Title: "P", Legal: "No. 1", Rules: []rules.Rule{rule("crowd", "capacity", ""), rule("air", "expression", "co2 > 1000.0")}}}
	return d
}

// newHouse is two days of the hall: people come and go, the air gets bad, a late message revises, a person corrects, the limit is changed.
func newHouse(t testing.TB) *house {
	h := &house{t: t, site: "office", engine: rules.New("office"), book: alerts.NewBook(nil, nil), alerts: map[string]alerts.Alert{}, version: rules.EngineVersion}
	h.put(telemetry.Record{Kind: telemetry.KindEngine, Received: at(-time.Hour), Engine: &telemetry.Engine{Version: rules.EngineVersion}})
	h.configure(hall(t, 20), -time.Hour)
	for d := range 2 {
		morning := time.Duration(d)*24*time.Hour + 8*time.Hour
		h.entry(telemetry.Entry{ID: "c" + string(rune('0'+d)), Kind: telemetry.EntryCount, Author: "guard", Subject: "hall", Value: 0, Reason: "nobody is in"}, morning)
		for i := range 16 {
			when := morning + time.Duration(i+1)*10*time.Minute
			h.see("counter", when, telemetry.Reading{Quantity: telemetry.PeopleIn, Value: float64(4 - i/3)}, telemetry.Reading{Quantity: telemetry.PeopleOut, Value: float64(i / 3)})
			h.see("air", when+time.Minute, telemetry.Reading{Quantity: telemetry.CO2, Value: float64(600 + 50*i)})
		}
		if d == 0 {
			// A message of the morning that comes in the afternoon.
			h.receive("counter", morning+65*time.Minute, morning+5*time.Hour, telemetry.FlagLate, telemetry.Reading{Quantity: telemetry.PeopleIn, Value: 9})
			h.entry(telemetry.Entry{ID: "k", Kind: telemetry.EntryCorrection, Author: "=guard", Subject: "hall", Value: -3, Reason: "counted again"}, morning+6*time.Hour)
			h.put(telemetry.Record{Kind: telemetry.KindService, Received: at(morning + 7*time.Hour), Service: &telemetry.Service{Since: at(morning + 6*time.Hour + 30*time.Minute), Door: "broker"}})
			h.configure(hall(t, 15), morning+9*time.Hour)
		}
		h.put(telemetry.Record{
			Kind: telemetry.KindObservation, At: at(morning + 4*time.Hour), Received: at(morning + 4*time.Hour),
			Observation: telemetry.Observation{Device: "button", Task: &telemetry.TaskLog{Task: "wipe", Done: true, Agent: "chlorine"}},
		})
	}
	h.put(telemetry.Record{Kind: telemetry.KindRejection, Received: at(34 * time.Hour), Rejection: &telemetry.Rejection{Topic: "x", Device: "air", Reason: telemetry.ReasonSyntax, Size: 7, Raw: []byte("{secret")}})
	h.until(at(72 * time.Hour))
	return h
}

func (h *house) configure(def *rules.Definition, when time.Duration) {
	text, err := json.Marshal(def)
	if err != nil {
		h.t.Fatal(err)
	}
	sum := sha256.Sum256(text)
	h.put(telemetry.Record{Kind: telemetry.KindConfiguration, Received: at(when), Configuration: &telemetry.Configuration{Version: hex.EncodeToString(sum[:8]), Author: "file", Definition: text}})
	h.follow(h.book.Configure(def, at(when), nil))
}

func (h *house) entry(e telemetry.Entry, when time.Duration) {
	h.put(telemetry.Record{Kind: telemetry.KindEntry, At: at(when), Received: at(when), Entry: &e})
}

func (h *house) see(device string, when time.Duration, r ...telemetry.Reading) {
	h.receive(device, when, when+time.Second, 0, r...)
}

func (h *house) receive(device string, when, received time.Duration, flags telemetry.Flags, r ...telemetry.Reading) {
	h.put(telemetry.Record{
		Kind: telemetry.KindObservation, At: at(when), Received: at(received),
		Observation: telemetry.Observation{Device: device, Sequence: uint64(len(h.records)), HasSequence: true, Flags: flags, Readings: r},
	})
}

// until lets time pass: what comes due is a record of its own.
func (h *house) until(to telemetry.Instant) {
	for {
		due := max(h.engine.Due(), h.engine.Clock())
		if due > to || h.engine.Due() == telemetry.Never {
			return
		}
		h.apply(telemetry.Record{Kind: telemetry.KindTick, At: due, Received: due})
	}
}

func (h *house) put(rec telemetry.Record) {
	h.until(rec.Received)
	if rec.At == 0 {
		rec.At = rec.Received
	}
	h.apply(rec)
}

func (h *house) apply(rec telemetry.Record) {
	h.seq += 3 // other sites are in the journal, too
	rec.Seq, rec.Site = h.seq, h.site
	h.records = append(h.records, rec)
	if !rec.Judged() {
		return
	}
	h.out.Reset()
	if err := h.engine.Apply(&rec, &h.out); err != nil {
		h.t.Fatal(err)
	}
	h.changes = append(h.changes, h.out.Transitions...)
	for i := range h.out.Alarms {
		h.follow(h.book.Alarm(&h.out.Alarms[i], nil))
	}
}

func (h *house) follow(changes []alerts.Change) {
	for _, c := range changes {
		h.alerts[c.Alert.ID] = c.Alert
		h.steps = append(h.steps, c)
	}
}

// What a journal answers.

func (h *house) State(context.Context) (*journal.State, error) {
	last := &h.records[len(h.records)-1]
	return &journal.State{
		LastSeq: last.Seq, LastReceived: last.Received, Snapshots: map[string]journal.Snapshot{h.site: {Site: h.site}},
		Engines: map[string]telemetry.Engine{h.site: {Version: h.version}}, Stopped: map[string]uint64{h.site: h.stopped},
	}, nil
}

func (h *house) Replay(_ context.Context, _ string, after uint64, fn func(*telemetry.Record) error) error {
	for i := range h.records {
		if rec := h.records[i]; rec.Seq > after {
			if err := fn(&rec); err != nil {
				return err
			}
		}
	}
	return nil
}

func (h *house) Standing(_ context.Context, _ string, upTo uint64, fn func(*telemetry.Record) error) error {
	for i := range h.records {
		if rec := h.records[i]; rec.Seq <= upTo && (rec.Kind == telemetry.KindConfiguration || rec.Kind == telemetry.KindEntry) {
			if err := fn(&rec); err != nil {
				return err
			}
		}
	}
	return nil
}

func (h *house) Deaf(context.Context, string, uint64, uint64) (telemetry.Instant, error) {
	return 0, nil
}

func (h *house) Before(_ context.Context, t telemetry.Instant) (uint64, error) {
	n := sort.Search(len(h.records), func(i int) bool { return h.records[i].Received >= t })
	if n == 0 {
		return 0, nil
	}
	return h.records[n-1].Seq, nil
}

func (h *house) Verdicts(context.Context, string) ([]rules.Transition, error) { return nil, nil }

func (h *house) VerdictHistory(_ context.Context, q journal.HistoryQuery) (*journal.VerdictHistory, error) {
	out := &journal.VerdictHistory{}
	type key struct {
		rule    string
		subject rules.Subject
	}
	before := map[key]rules.Transition{}
	for _, t := range h.changes {
		switch {
		case t.At >= q.From && t.At < q.Until, t.Late && t.At < q.From && t.Until > q.From:
			out.Transitions = append(out.Transitions, t)
		case !t.Late && t.At < q.From:
			before[key{t.Rule, t.Subject}] = t
		}
	}
	for _, t := range before {
		out.Transitions = append(out.Transitions, t)
	}
	slices.SortFunc(out.Transitions, func(a, b rules.Transition) int { return compareVerdicts(&a, &b) })
	for _, rec := range h.records {
		if rec.Kind == telemetry.KindService {
			out.Notes = append(out.Notes, rec)
		}
		if h.stopped != 0 && rec.Seq == h.stopped {
			out.Stopped = rec.Received
		}
	}
	return out, nil
}

func (h *house) Alert(_ context.Context, id string) (alerts.Alert, bool, error) {
	a, ok := h.alerts[id]
	return a, ok, nil
}

func (h *house) AlertsDuring(_ context.Context, _ string, from, until telemetry.Instant, _ int) ([]alerts.Alert, error) {
	var all []alerts.Alert
	for _, a := range h.alerts {
		if a.Opened < until && (a.Resolved == 0 || a.Resolved >= from) {
			all = append(all, a)
		}
	}
	return all, nil
}

func (h *house) AlertChanges(_ context.Context, id string, _ int) ([]alerts.Change, error) {
	return slices.DeleteFunc(slices.Clone(h.steps), func(c alerts.Change) bool { return c.Alert.ID != id || c.What == alerts.Updated }), nil
}

func (h *house) EntriesAbout(context.Context, string, telemetry.EntryKind, string, int) ([]telemetry.Record, error) {
	return nil, nil
}

func (h *house) Damage(context.Context) ([]journal.Noted, error) { return nil, nil }

func (h *house) Freeze(context.Context) (journal.Frozen, error) {
	return frozen{&journal.Moment{First: h.records[0].Seq, LastSeq: h.seq, Deleted: h.deleted}}, nil
}

// frozen says what there is, and nothing else is asked of it.
type frozen struct{ is *journal.Moment }

func (f frozen) Moment() *journal.Moment { return f.is }
func (f frozen) Alerts(context.Context, func(a *alerts.Alert, differs string) error) error {
	return nil
}
func (f frozen) Minutes(context.Context, func(*journal.Minute) error) error           { return nil }
func (f frozen) Verdicts(context.Context, func(id int64, differs string) error) error { return nil }
func (f frozen) Close()                                                               {}

// nothingStands is the part of a restart that reads what stands, of an engine that began with the journal.
func nothingStands(context.Context, journal.Recovery, string, telemetry.Engine, func(*telemetry.Record) error) error {
	return nil
}

const testProgram = "v1.2.3"

// packOf exports days of the house: from the first (0) until another.
func packOf(t testing.TB, h *house, from, until time.Duration, rule ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	o := &Options{Site: "office", From: at(from), Until: at(until), Rules: rule, Program: testProgram, Standing: nothingStands}
	if _, err := Export(context.Background(), h, o, &b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// reportOf verifies a pack.
func reportOf(t testing.TB, pack []byte) *Report {
	t.Helper()
	r, err := Verify(context.Background(), bytes.NewReader(pack), int64(len(pack)), testProgram)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const oneDay = 24 * time.Hour
