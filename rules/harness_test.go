package rules

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// rig drives an engine with records written by hand. Its time zone is Asia/Jakarta unless a test changes it.
type rig struct {
	t      testing.TB
	engine *Engine
	out    Output
	seq    uint64
	loc    *time.Location
}

// hours from 08:00 to 16:00 on every day.
func officeHours() facility.Hours {
	var h facility.Hours
	for d := range h.Weekly {
		h.Weekly[d] = []facility.Span{{Open: clockTime(8, 0), Close: clockTime(16, 0)}}
	}
	return h
}

func clockTime(h, m int) facility.TimeOfDay {
	return facility.TimeOfDay(time.Duration(h)*time.Hour + time.Duration(m)*time.Minute)
}

func location(t testing.TB, name string) facility.Location {
	t.Helper()
	loc, err := facility.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// mall is a hall with two doors and a waiting room inside it, a thermometer at the main door, a task with a button.
func mall(t testing.TB) *Definition {
	midnight := clockTime(0, 0)
	return &Definition{
		Site: facility.Site{
			ID: "mpp", Name: "Mal", Location: location(t, "Asia/Jakarta"), Reset: &midnight, Hours: officeHours(),
			Levels: []facility.LevelPeriod{{From: facility.Date{Year: 2000, Month: 1, Day: 1}, Level: "l1"}},
			Zones: []facility.Zone{
				{ID: "hall", Name: "Hall", Area: 120, Fixtures: 20, Capacity: 50},
				{ID: "waiting", Name: "Waiting room", Parent: "hall", Seats: 20, SeatPitch: 0.5},
			},
			Doors: []facility.Door{
				{ID: "main", Name: "Main", From: facility.Outside, To: "hall"},
				{ID: "back", Name: "Back", From: "hall", To: facility.Outside},
				{ID: "inner", Name: "Inner", From: "hall", To: "waiting"},
			},
			Devices: []facility.Device{
				{ID: "c-main", Model: "native", Place: facility.Place{Kind: facility.AtDoor, ID: "main"}},
				{ID: "c-back", Model: "native", Place: facility.Place{Kind: facility.AtDoor, ID: "back"}},
				{ID: "c-inner", Model: "native", Place: facility.Place{Kind: facility.AtDoor, ID: "inner"}},
				{ID: "thermo", Model: "native", Place: facility.Place{Kind: facility.AtDoor, ID: "main"}},
				{ID: "air", Model: "native", Place: facility.Place{Kind: facility.AtZone, ID: "hall"}},
				{ID: "button", Model: "native", Place: facility.Place{Kind: facility.AtTask, ID: "spray"}},
			},
			Tasks: []facility.Task{{ID: "spray", Name: "Spray the hall", Place: facility.Place{Kind: facility.AtZone, ID: "hall"}}},
		},
		Protocols: []Protocol{{ID: "p", Title: "Protocol", Levels: map[string]float64{"l1": 1, "l2": 0.5}}},
	}
}

// with adds rules to the first protocol.
func with(d *Definition, all ...Rule) *Definition {
	d.Protocols[0].Rules = append(d.Protocols[0].Rules, all...)
	return d
}

// capacityRule is a capacity rule with exact counters' default parameters.
func capacityRule(change func(*Capacity)) Rule {
	p, _ := NewParams("capacity")
	if change != nil {
		change(p.(*Capacity))
	}
	return Rule{ID: "capacity", Kind: "capacity", Params: p}
}

func newRig(t testing.TB, d *Definition) *rig {
	t.Helper()
	r := &rig{t: t, engine: New(d.Site.ID), loc: d.Site.Location.Location}
	r.configure(d, r.at("2022-07-04 00:00:00"))
	return r
}

// at reads a local time.
func (r *rig) at(s string) telemetry.Instant {
	r.t.Helper()
	tm, err := time.ParseInLocation(time.DateTime, s, r.loc)
	if err != nil {
		r.t.Fatal(err)
	}
	return telemetry.InstantOf(tm)
}

func (r *rig) apply(rec telemetry.Record) {
	r.t.Helper()
	r.seq++
	rec.Seq = r.seq
	if rec.Site == "" {
		rec.Site = r.engine.site
	}
	if err := r.engine.Apply(&rec, &r.out); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) configure(d *Definition, at telemetry.Instant) {
	r.t.Helper()
	r.apply(configRecord(r.t, d, at))
}

func configRecord(t testing.TB, d *Definition, at telemetry.Instant) telemetry.Record {
	t.Helper()
	b, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return telemetry.Record{Kind: telemetry.KindConfiguration, Site: d.Site.ID, At: at, Received: at, Configuration: &telemetry.Configuration{Version: fmt.Sprintf("%x", len(b)), Definition: b}}
}

// read applies readings of a device, given as pairs of quantity and value, received at once.
func (r *rig) read(device, at string, pairs ...any) {
	r.t.Helper()
	r.apply(reading(device, r.at(at), r.at(at), pairs...))
}

// late applies readings that are received later than they were taken.
func (r *rig) late(device, at, received string, pairs ...any) {
	r.t.Helper()
	r.apply(reading(device, r.at(at), r.at(received), pairs...))
}

func reading(device string, at, received telemetry.Instant, pairs ...any) telemetry.Record {
	rec := telemetry.Record{Kind: telemetry.KindObservation, At: at, Received: received, Observation: telemetry.Observation{Device: device}}
	for i := 0; i < len(pairs); i += 2 {
		var v float64
		switch n := pairs[i+1].(type) {
		case int:
			v = float64(n)
		case float64:
			v = n
		}
		rec.Observation.Readings = append(rec.Observation.Readings, telemetry.Reading{Quantity: pairs[i].(telemetry.Quantity), Value: v})
	}
	return rec
}

func (r *rig) tick(at string) {
	r.t.Helper()
	r.apply(telemetry.Record{Kind: telemetry.KindTick, At: r.at(at), Received: r.at(at)})
}

func (r *rig) enter(at string, n telemetry.Entry) {
	r.t.Helper()
	r.apply(telemetry.Record{Kind: telemetry.KindEntry, At: r.at(at), Received: r.at(at), Entry: &n})
}

// verdict is a rule's present verdict about a subject, as verdict/reason.
func (r *rig) verdict(rule, subject string) string {
	r.t.Helper()
	for _, v := range r.engine.View().Verdicts {
		if v.Rule == rule && v.Subject.ID == subject {
			if v.Explanation.Reason == "" {
				return v.Verdict.String()
			}
			return v.Verdict.String() + "/" + string(v.Explanation.Reason)
		}
	}
	return "none"
}

func (r *rig) wantVerdict(rule, subject, want string) {
	r.t.Helper()
	if got := r.verdict(rule, subject); got != want {
		r.t.Errorf("at %s: verdict of %s on %s: got %s, want %s", r.engine.clock.In(r.loc).Format(time.DateTime), rule, subject, got, want)
	}
}

func (r *rig) zone(id string) ZoneView {
	r.t.Helper()
	for _, z := range r.engine.View().Zones {
		if z.ID == id {
			return z
		}
	}
	r.t.Fatalf("no zone %q", id)
	return ZoneView{}
}

func (r *rig) wantPersons(zone string, want float64) {
	r.t.Helper()
	if got := r.zone(zone).Persons; got.Persons != want {
		r.t.Errorf("at %s: persons in %s: got %v, want %v", r.engine.clock.In(r.loc).Format(time.DateTime), zone, got.Persons, want)
	}
}

// transitions renders what was emitted since the last call, one line each, in local time.
func (r *rig) transitions() []string {
	var all []string
	for _, x := range r.out.Transitions {
		line := fmt.Sprintf("%s %s %s %s>%s", x.At.In(r.loc).Format("15:04:05"), x.Rule, x.Subject, x.From, x.To)
		if x.Late {
			line += " until " + x.Until.In(r.loc).Format("15:04:05")
		}
		all = append(all, line)
	}
	r.out.Reset()
	return all
}

func (r *rig) wantTransitions(want ...string) {
	r.t.Helper()
	got := r.transitions()
	if len(got) != len(want) {
		r.t.Errorf("transitions: got %q, want %q", got, want)
		return
	}
	for i := range got {
		if got[i] != want[i] {
			r.t.Errorf("transition %d: got %q, want %q", i, got[i], want[i])
		}
	}
}

// wantAlarms compares what was asked of people since the last Reset, one line each, in local time.
func (r *rig) wantAlarms(want ...string) {
	r.t.Helper()
	var got []string
	for _, a := range r.out.Alarms {
		if a.Worse {
			continue
		}
		line := fmt.Sprintf("%s %s %s %s", a.At.In(r.loc).Format("15:04:05"), a.Rule, a.Subject, a.Phase)
		if a.Doubt {
			line += " in doubt"
		}
		got = append(got, line)
	}
	if !slices.Equal(got, want) {
		r.t.Errorf("alarms: got %q, want %q", got, want)
	}
}

// wantPhase compares what is asked of people now.
func (r *rig) wantPhase(rule, subject string, want Phase) {
	r.t.Helper()
	for _, v := range r.engine.View().Verdicts {
		if v.Rule == rule && v.Subject.ID == subject {
			if v.Phase != want {
				r.t.Errorf("at %s: phase of %s on %s: got %s, want %s", r.engine.clock.In(r.loc).Format(time.DateTime), rule, subject, v.Phase, want)
			}
			return
		}
	}
	r.t.Errorf("no verdict of %s on %s", rule, subject)
}
