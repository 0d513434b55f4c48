package compliance

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
	"github.com/gerbang-iot/gerbang/testengine"
)

var hall = rules.Subject{Kind: rules.SubjectZone, ID: "hall"}

// office is a building with one hall and the rules "crowd" and "air", in a zone whose clocks change.
func office(t testing.TB, zone string, change func(*rules.Definition)) *rules.Agenda {
	t.Helper()
	loc, err := facility.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	clock := func(s string) facility.TimeOfDay {
		c, err := facility.ParseTimeOfDay(s)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	d := &rules.Definition{Site: facility.Site{ID: "office", Name: "Office", Location: loc, Zones: []facility.Zone{{ID: "hall", Name: "Hall", Capacity: 20}}}}
	for day := range d.Site.Hours.Weekly {
		d.Site.Hours.Weekly[day] = []facility.Span{{Open: clock("08:00"), Close: clock("12:00")}, {Open: clock("13:00"), Close: clock("16:00")}}
	}
	d.Site.Hours.Exceptions = []facility.Exception{{Date: facility.Date{Year: 2022, Month: 3, Day: 29}, Reason: "holiday"}}
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
	d.Protocols = []rules.Protocol{{ID: "p", Title: "P", Rules: []rules.Rule{rule("crowd", "capacity", ""), rule("air", "expression", "co2 > 1000.0")}}}
	if change != nil {
		change(d)
	}
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	a, err := rules.NewAgenda(text)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// local is a time of the office.
func local(t testing.TB, zone, s string) telemetry.Instant {
	t.Helper()
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.ParseInLocation(time.DateTime, s, loc)
	if err != nil {
		t.Fatal(err)
	}
	return telemetry.InstantOf(at)
}

// A day by hand: what docs/compliance.md adds up.
func TestADayAddsUp(t *testing.T) {
	in := exampleDay(t)
	r, err := Compute(in, ByHour)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Measures) != 2 || len(r.Parts) != 24 {
		t.Fatalf("%d measures and %d hours, want 2 and 24", len(r.Measures), len(r.Parts))
	}
	air, crowd := &r.Measures[0], &r.Measures[1]
	want := Times{
		Open: 7 * time.Hour, Within: 340 * time.Minute, Breached: 25 * time.Minute, Near: 10 * time.Minute, Unknown: 45 * time.Minute,
		Closed: 17 * time.Hour, After: 10 * time.Minute,
	}
	if crowd.Times != want {
		t.Errorf("the crowd: %+v, want %+v", crowd.Times, want)
	}
	if nine := crowd.Parts[9]; nine != (Times{Open: time.Hour, Breached: 20 * time.Minute, Near: 10 * time.Minute, Within: 30 * time.Minute}) {
		t.Errorf("the hour from nine: %+v", nine)
	}
	// Finding: what nobody measured is not kept.
	if _, known := air.Times.Kept(); known || air.Times.Unknown != 7*time.Hour {
		t.Errorf("the air: %+v, want 7 h of unknown and no figure", air.Times)
	}
	if f := r.Figure; !f.Known || f.Worst != 1 || f.Kept != 340.0/375 || f.Observed != 375.0/840 || f.State != Breached || f.Measures != 2 || f.Blind != 1 {
		t.Errorf("the figure: %+v", f)
	}
	if f := r.Figures[3]; f.Known || f.State != Idle || f.Asked {
		t.Errorf("the figure of a closed hour: %+v, want none", f)
	}
}

// Days have the hours that clocks show: 23 or 25 of them, and a holiday none.
func TestDaysOfTheSite(t *testing.T) {
	const zone = "Europe/Berlin"
	in := &Input{Site: "office", From: local(t, zone, "2022-03-26 00:00:00"), Until: local(t, zone, "2022-03-30 00:00:00"), Terms: []Term{{1, office(t, zone, nil)}}}
	r, err := Compute(in, ByDay)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i, p := range r.Parts {
		got = append(got, fmt.Sprint(p.Long(), " ", r.Measures[0].Parts[i].Open))
	}
	if want := fmt.Sprint([]string{"24h0m0s 7h0m0s", "23h0m0s 7h0m0s", "24h0m0s 7h0m0s", "24h0m0s 0s"}); fmt.Sprint(got) != want {
		t.Errorf("days: %v, want %v", got, want)
	}
	if r, _ = Compute(in, ByHour); len(r.Parts) != 95 {
		t.Errorf("%d hours, want 95", len(r.Parts))
	}
}

// Random histories against an oracle that looks at every minute: sums are exact, and nothing is within while nobody listened.
func TestComputeAgainstEveryMinute(t *testing.T) {
	seed := testengine.Seed(t)
	rng := rand.New(rand.NewPCG(seed, 1))
	for range 30 {
		oneHistory(t, rng)
	}
}

func oneHistory(t *testing.T, rng *rand.Rand) {
	zone := []string{"Asia/Jakarta", "Europe/Berlin", "America/Santiago", "Australia/Lord_Howe"}[rng.IntN(4)]
	start := local(t, zone, "2022-03-26 00:00:00").Add(time.Duration(rng.IntN(300)) * 24 * time.Hour)
	minute := func(n int) telemetry.Instant { return start.Add(time.Duration(n) * time.Minute) }
	const days = 4
	in := &Input{Site: "office", From: start, Until: minute(days * 1440), Terms: []Term{{minute(-1000 + rng.IntN(2000)), office(t, zone, nil)}}}
	if rng.IntN(2) == 0 {
		in.Terms = append(in.Terms, Term{minute(2500 + rng.IntN(2000)), office(t, zone, func(d *rules.Definition) {
			d.Site.Hours.Weekly[2], d.Protocols[0].Rules = nil, d.Protocols[0].Rules[:1]
		})})
	}
	told := 0
	for range rng.IntN(60) {
		told += rng.IntN(150)
		x := rules.Transition{Site: "office", Rule: "crowd", Subject: hall, At: minute(told), Told: minute(told), To: rules.Verdict(rng.IntN(3) - 1)}
		if x.To == rules.Unknown {
			x.Explanation.Reason = []rules.Reason{rules.ReasonSilent, rules.ReasonNear, rules.ReasonPending, rules.ReasonClosed}[rng.IntN(4)]
			x.Near, x.Idle = x.Explanation.Reason == rules.ReasonNear, x.Explanation.Reason.Idle()
		}
		if rng.IntN(3) == 0 {
			x.Late, x.At = true, minute(told-1-rng.IntN(3000))
			x.Until = min(x.At.Add(time.Duration(1+rng.IntN(400))*time.Minute), x.Told)
		}
		in.Transitions = append(in.Transitions, x)
	}
	for range rng.IntN(5) {
		from := rng.IntN(days * 1440)
		in.Gaps = append(in.Gaps, Gap{minute(from), minute(from + rng.IntN(500))})
	}
	if rng.IntN(3) == 0 {
		in.Known = minute(rng.IntN(days * 1440))
	}
	if rng.IntN(3) == 0 {
		in.Judged = minute(rng.IntN(days * 1440))
	}
	if len(in.terms()) == 0 {
		return // no building yet that could be judged
	}
	r, err := Compute(in, []By{Total, ByDay, ByHour}[rng.IntN(3)])
	if err != nil {
		t.Fatal(err)
	}
	for i := range r.Measures {
		m := &r.Measures[i]
		var sum, parts Times
		k := 0
		for at := r.From; at < r.Until; at = at.Add(time.Minute) {
			want := oracle(in, m.Key, at)
			sum.add(want, isOpen(r.Open, at), time.Minute)
			for m.Intervals[k].Until <= at {
				k++
			}
			if x := m.Intervals[k]; x.State != want {
				t.Fatalf("%s at %v in %s, known %v, judged %v: %s, want %s. Transitions %+v, gaps %v, interval %+v", m.Key, at, zone, in.Known, in.Judged, x.State, want, in.Transitions, in.Gaps, x)
			}
		}
		for _, p := range m.Parts {
			parts = parts.Plus(p)
		}
		if m.Times != sum || parts != sum {
			t.Fatalf("%s of %v in %s, known %v: %+v, parts %+v, want %+v", m.Key, in.Transitions, zone, in.Known, m.Times, parts, sum)
		}
		if s := m.Times; s.Within+s.Breached+s.Near+s.Unknown+s.Idle != s.Open || s.Open+s.Closed != r.Until.Sub(r.From) {
			t.Fatalf("%+v does not add up to %v", s, r.Until.Sub(r.From))
		}
		at := r.From
		for _, x := range m.Intervals {
			if x.From != at || x.Until <= x.From {
				t.Fatalf("intervals %v have a hole or an overlap at %v", m.Intervals, at)
			}
			at = x.Until
		}
		if at != r.Until {
			t.Fatalf("intervals end at %v, want %v", at, r.Until)
		}
	}
}

func isOpen(open []Span, at telemetry.Instant) bool {
	for _, o := range open {
		if o.From <= at && at < o.Until {
			return true
		}
	}
	return false
}

// oracle is what a measure was at a moment, from all that is known of it, without a history.
func oracle(in *Input, k Key, at telemetry.Instant) State {
	var term *Term
	for i := range in.Terms {
		if in.Terms[i].From <= at && (in.Known == 0 || in.Terms[i].From <= in.Known) {
			term = &in.Terms[i]
		}
	}
	forced := false
	if term != nil {
		for _, d := range term.Agenda.At(at) {
			forced = forced || Key{d.Rule, d.Subject} == k
		}
	}
	switch {
	case !forced:
		return Idle
	case in.Judged != 0 && at >= in.Judged:
		return Unknown
	}
	var last *rules.Transition
	for i := range in.Transitions {
		x := &in.Transitions[i]
		if (Key{x.Rule, x.Subject}) == k && x.At <= at && (!x.Late || at < x.Until) && (in.Known == 0 || x.Told <= in.Known) {
			last = x
		}
	}
	if last == nil {
		return Unknown
	}
	state := StateOf(last.To, last.Near, last.Idle)
	for _, g := range in.gaps(in.From, in.end()) {
		structural := state == Idle && last.Explanation.Reason == rules.ReasonClosed
		if g.From <= at && at < g.Until && !structural && !(last.Late && last.Told >= g.Until) {
			return Unknown
		}
	}
	return state
}

// Finding 6: a measure of which neither a definition nor its changes tell the kind does not count; one whose changes tell it counts
// by its kind.
func TestR6_WhatNobodyNamesDoesNotCount(t *testing.T) {
	const zone = "Asia/Jakarta"
	at := func(s string) telemetry.Instant { return local(t, zone, "2022-03-28 "+s) }
	for _, tc := range []struct {
		kind   string
		counts bool
	}{{"", false}, {"temperature", false}, {"capacity", true}} {
		r, err := Compute(&Input{
			Site: "office", From: at("00:00:00"), Until: at("23:00:00"), Terms: []Term{{1, office(t, zone, nil)}},
			Transitions: []rules.Transition{
				{Site: "office", Rule: "crowd", Subject: hall, At: at("07:30:00"), Told: at("07:30:00"), To: rules.Within},
				{Site: "office", Rule: "air", Subject: hall, At: at("07:30:00"), Told: at("07:30:00"), To: rules.Within},
				{Site: "office", Rule: "unnamed", Kind: tc.kind, Subject: rules.Subject{Kind: rules.SubjectDevice, ID: "thermo"}, At: at("07:30:00"), Told: at("07:30:00"), To: rules.Breached},
			},
		}, Total)
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Measures) != 3 || (r.Figure.State == Breached) != tc.counts || (r.Figure.Measures == 3) != tc.counts {
			t.Errorf("of kind %q: %d measures, figure %+v, want it counted: %v", tc.kind, len(r.Measures), r.Figure, tc.counts)
		}
	}
}

// Finding 7: what a rule's end left behind is idle also where the journal of an older version does not say so.
func TestR7_ARuleThatEndedLongAgoIsIdle(t *testing.T) {
	const zone = "Asia/Jakarta"
	at := func(s string) telemetry.Instant { return local(t, zone, "2022-03-28 "+s) }
	ended := rules.Transition{Site: "office", Rule: "old", Kind: "capacity", Subject: hall, At: 1, Told: 1, To: rules.Unknown}
	ended.Explanation.Reason = rules.ReasonNotInForce
	r, err := Compute(&Input{
		Site: "office", From: at("00:00:00"), Until: at("23:00:00"), Terms: []Term{{1, office(t, zone, nil)}},
		Gaps: []Gap{{at("09:00:00"), at("10:00:00")}},
		Transitions: []rules.Transition{
			ended,
			{Site: "office", Rule: "crowd", Subject: hall, At: at("07:30:00"), Told: at("07:30:00"), To: rules.Within},
			{Site: "office", Rule: "air", Subject: hall, At: at("07:30:00"), Told: at("07:30:00"), To: rules.Within},
		},
	}, Total)
	if err != nil {
		t.Fatal(err)
	}
	if m := &r.Measures[len(r.Measures)-1]; m.Rule != "old" || m.Times.Idle != 7*time.Hour {
		t.Errorf("got %s %+v, want 7 h of idle", m.Key, m.Times)
	}
	if f := r.Figure; f.Observed != 6.0/7 || f.Blind != 0 {
		t.Errorf("got figure %+v, want all observed but the hour in which nobody listened", f)
	}
}

// Finding 8: a protocol is asked for from its first moment to its last, not the whole day.
func TestR8_ProtocolsWithinADay(t *testing.T) {
	const zone = "Asia/Jakarta"
	at := func(s string) telemetry.Instant { return local(t, zone, "2022-03-28 "+s) }
	r, err := Compute(&Input{
		Site: "office", From: at("00:00:00"), Until: at("23:00:00"),
		Terms: []Term{{1, office(t, zone, func(d *rules.Definition) {
			p := &d.Protocols[0]
			p.From, p.FromTime = facility.Date{Year: 2022, Month: 3, Day: 28}, facility.TimeOfDay(10*time.Hour)
			p.Until, p.UntilTime = p.From, facility.TimeOfDay(15*time.Hour)
		})}},
		Transitions: []rules.Transition{{Site: "office", Rule: "crowd", Subject: hall, At: at("10:00:00"), Told: at("10:00:00"), To: rules.Within}},
	}, Total)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []Times{{Unknown: 4 * time.Hour}, {Within: 4 * time.Hour}} {
		want.Open, want.Idle, want.Closed = 7*time.Hour, 3*time.Hour, 16*time.Hour
		if m := &r.Measures[i]; m.Times != want {
			t.Errorf("%s: got %+v, want %+v: in force from 10:00 to 15:00", m.Key, m.Times, want)
		}
	}
}

// A fever that is found is added up and shown, and is no failure of the building: who measures more finds more.
func TestAFindingIsNoFailure(t *testing.T) {
	const zone = "Asia/Jakarta"
	at := func(s string) telemetry.Instant { return local(t, zone, "2022-03-28 "+s) }
	thermometer := rules.Subject{Kind: rules.SubjectDevice, ID: "thermo"}
	agenda := office(t, zone, func(d *rules.Definition) {
		p, err := rules.NewParams("temperature")
		if err != nil {
			t.Fatal(err)
		}
		d.Site.Doors = []facility.Door{{ID: "main", From: facility.Outside, To: "hall"}}
		d.Site.Devices = []facility.Device{{ID: "thermo", Model: "native", Place: facility.Place{Kind: facility.AtDoor, ID: "main"}}}
		d.Measures = map[string][]telemetry.Quantity{"thermo": {telemetry.BodyTemperature}}
		d.Protocols[0].Rules = append(d.Protocols[0].Rules, rules.Rule{ID: "fever", Kind: "temperature", Class: rules.ClassBreach, Params: p})
	})
	r, err := Compute(&Input{
		Site: "office", From: at("00:00:00"), Until: at("00:00:00").Add(24 * time.Hour), Terms: []Term{{1, agenda}},
		Transitions: []rules.Transition{
			{Site: "office", Rule: "crowd", Kind: "capacity", Subject: hall, At: at("07:30:00"), Told: at("07:30:00"), To: rules.Within},
			{Site: "office", Rule: "fever", Subject: thermometer, At: at("07:31:00"), Told: at("07:31:00"), To: rules.Within},
			{Site: "office", Rule: "fever", Subject: thermometer, At: at("09:00:00"), Told: at("09:00:00"), To: rules.Breached},
		},
	}, Total)
	if err != nil {
		t.Fatal(err)
	}
	var fever Times
	for i := range r.Measures {
		if r.Measures[i].Rule == "fever" {
			fever = r.Measures[i].Times
		}
	}
	if fever.Breached != 6*time.Hour {
		t.Errorf("the fever lasted %v of the opening time, want 6h", fever.Breached)
	}
	if f := r.Figure; !f.Known || f.Kept != 1 || f.State == Breached {
		t.Errorf("got figure %+v, want 1: nothing but a fever was found", f)
	}
}
