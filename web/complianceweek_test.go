package web

import (
	"cmp"
	"context"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/compliance"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// pastWeek is a recorded week of a mall, which ends now.
type pastWeek struct {
	agenda *rules.Agenda
	past   []rules.Transition
	gaps   []compliance.Gap
	err    error
	asked  []HistoryQuery
}

func (p *pastWeek) History(_ context.Context, q HistoryQuery) (*compliance.Input, error) {
	p.asked = append(p.asked, q)
	if p.err != nil {
		return nil, p.err
	}
	return &compliance.Input{
		Site: q.Site, Terms: []compliance.Term{{From: 1, Agenda: p.agenda}}, Transitions: p.past, Gaps: p.gaps,
		From: q.From, Until: q.Until, Known: q.Known, AtTheTime: q.AtTheTime, Now: telemetry.InstantOf(fleetNow),
	}, nil
}

// aWeek makes one: rooms that are too full on some mornings, a duty that was missed, a thermometer that died, a gap of the gateway, and counts
// that came late.
func aWeek(t testing.TB) *pastWeek {
	t.Helper()
	loc, err := facility.LoadLocation("Asia/Jakarta")
	if err != nil {
		t.Fatal(err)
	}
	d := &rules.Definition{Site: facility.Site{
		ID: "mpp-gresik", Name: "MPP Kabupaten Gresik", Location: loc,
		Zones: []facility.Zone{{ID: "ruang-tunggu", Name: "Ruang tunggu", Capacity: 50}, {ID: "loket", Name: "Loket layanan", Capacity: 24}},
		Doors: []facility.Door{{ID: "utama", Name: "Pintu utama", From: "outside", To: "ruang-tunggu"}, {ID: "dalam", Name: "Pintu loket", From: "ruang-tunggu", To: "loket"}},
		Devices: []facility.Device{{ID: "suhu-utama", Name: "Termometer pintu utama", Model: "native", Place: facility.Place{Kind: facility.AtDoor, ID: "utama"}},
			{ID: "hitung-utama", Name: "Penghitung pintu utama", Model: "native", Place: facility.Place{Kind: facility.AtDoor, ID: "utama"}},
			{ID: "hitung-dalam", Name: "Penghitung loket", Model: "native", Place: facility.Place{Kind: facility.AtDoor, ID: "dalam"}},
			{ID: "udara-1", Name: "Sensor udara", Model: "native", Place: facility.Place{Kind: facility.AtZone, ID: "ruang-tunggu"}, Interval: 10 * time.Minute}},
		Tasks: []facility.Task{{ID: "semprot-buka", Name: "Penyemprotan sebelum buka", Place: facility.Place{Kind: facility.AtZone, ID: "ruang-tunggu"}}},
	}, Measures: map[string][]telemetry.Quantity{"suhu-utama": {telemetry.BodyTemperature}, "udara-1": {telemetry.CO2}, "hitung-utama": {telemetry.PeopleIn}, "hitung-dalam": {telemetry.PeopleIn}}}
	for day := time.Monday; day <= time.Friday; day++ {
		d.Site.Hours.Weekly[day] = []facility.Span{{Open: facility.TimeOfDay(8 * time.Hour), Close: facility.TimeOfDay(15*time.Hour + 30*time.Minute)}}
	}
	rule := func(id, kind string, set func(*rules.Rule)) {
		p, err := rules.NewParams(kind)
		if err != nil {
			t.Fatal(err)
		}
		r := rules.Rule{ID: id, Kind: kind, Params: p}
		if set != nil {
			set(&r)
		}
		d.Protocols[0].Rules = append(d.Protocols[0].Rules, r)
	}
	d.Protocols = []rules.Protocol{{ID: "kmk", Title: "KMK", Legal: "KMK 382/2020"}}
	rule("kapasitas", "capacity", nil)
	rule("suhu", "temperature", nil)
	rule("semprot", "disinfection", func(r *rules.Rule) { r.Params.(*rules.Disinfection).BeforeOpening = 2 * time.Hour })
	rule("udara", "expression", func(r *rules.Rule) {
		r.Params.(*rules.Expression).Expr, r.Subjects = "co2 > 1000.0", []string{"ruang-tunggu"}
		r.Title = map[string]string{"en": "CO₂, first limit", "id": "CO₂, batas perhatian"}
	})
	rule("senyap", "silence", nil)
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	p := &pastWeek{}
	if p.agenda, err = rules.NewAgenda(text); err != nil {
		t.Fatal(err)
	}
	p.happen(loc.Location)
	return p
}

func (p *pastWeek) happen(loc *time.Location) {
	rng := rand.New(rand.NewPCG(7, 7))
	today := facility.DateOf(fleetNow.In(loc))
	record := uint64(1_000_000)
	say := func(day int, clock string, rule, kind string, s rules.Subject, to rules.Verdict, x rules.Explanation) *rules.Transition {
		c, _ := facility.ParseTimeOfDay(clock)
		at := telemetry.InstantOf(c.On(today.AddDays(-day), loc))
		if at > telemetry.InstantOf(fleetNow) {
			return &rules.Transition{}
		}
		record += 97
		p.past = append(p.past, rules.Transition{Site: "mpp-gresik", Rule: rule, Kind: kind, Class: rules.DefaultClass(kind), Subject: s, At: at, Told: at, To: to, Near: x.Reason == rules.ReasonNear, Idle: x.Reason.Idle(), Explanation: x, Record: record})
		return &p.past[len(p.past)-1]
	}
	zone := func(id string) rules.Subject { return rules.Subject{Kind: rules.SubjectZone, ID: id} }
	people := func(v float64) rules.Explanation {
		return rules.Explanation{Value: v, Low: v - 2, High: v + 2, HasRange: true, Error: 2, Limit: 50, HasValue: true, HasLimit: true, Unit: "1", Constraint: "declared"}
	}
	thermometer := rules.Subject{Kind: rules.SubjectDevice, ID: "suhu-utama"}
	task := rules.Subject{Kind: rules.SubjectTask, ID: "semprot-buka"}
	for day := 13; day >= 0; day-- {
		for _, z := range []string{"ruang-tunggu", "loket"} {
			say(day, "07:10", "kapasitas", "capacity", zone(z), rules.Within, people(3))
			if rng.IntN(2) == 0 {
				say(day, "09:40", "kapasitas", "capacity", zone(z), rules.Unknown, rules.Explanation{Value: 49, Low: 47, High: 52, HasRange: true, Limit: 50, HasValue: true, HasLimit: true, Unit: "1", Constraint: "declared", Reason: rules.ReasonNear})
				say(day, "09:52", "kapasitas", "capacity", zone(z), rules.Breached, people(58))
				say(day, "10:31", "kapasitas", "capacity", zone(z), rules.Within, people(44))
			}
		}
		say(day, "07:00", "udara", "expression", zone("ruang-tunggu"), rules.Within, rules.Explanation{Value: 611, HasValue: true, Limit: 1000, HasLimit: true, Unit: "ppm", Constraint: "expression"})
		if day != 4 {
			say(day, "08:20", "suhu", "temperature", thermometer, rules.Within, rules.Explanation{Value: 36.4, HasValue: true, Limit: 37.3, HasLimit: true, Unit: "Cel", Constraint: "threshold"})
		} else {
			say(day, "12:00", "suhu", "temperature", thermometer, rules.Unknown, rules.Explanation{Reason: rules.ReasonSilent, Detail: "suhu-utama"})
		}
		say(day, "15:30", "suhu", "temperature", thermometer, rules.Unknown, rules.Explanation{Reason: rules.ReasonClosed})
		if day == 3 {
			say(day, "08:00", "semprot", "disinfection", task, rules.Breached, rules.Explanation{Reason: rules.ReasonOverdue, Limit: 120, HasLimit: true, Unit: "min", Constraint: "before_opening"})
			say(day, "09:05", "semprot", "disinfection", task, rules.Within, rules.Explanation{Value: 0, HasValue: true, Limit: 120, HasLimit: true, Unit: "min", Constraint: "before_opening"})
		}
		say(day, "07:15", "semprot", "disinfection", task, rules.Within, rules.Explanation{Value: 45, HasValue: true, Limit: 120, HasLimit: true, Unit: "min", Constraint: "before_opening"})
		say(day, "07:00", "senyap", "silence", rules.Subject{Kind: rules.SubjectDevice, ID: "udara-1"}, rules.Within, rules.Explanation{})
	}
	if x := say(3, "11:00", "kapasitas", "capacity", zone("loket"), rules.Breached, people(31)); x.Rule != "" {
		x.Late, x.Until, x.Told = true, x.At.Add(25*time.Minute), x.At.Add(3*time.Hour)
		x.Explanation.Evidence = []rules.Evidence{{Device: "hitung-utama", Quantity: telemetry.PeopleIn, At: x.At, Value: 9, Record: x.Record}}
	}
	at := telemetry.InstantOf(facility.TimeOfDay(13*time.Hour).On(today.AddDays(-5), loc))
	p.gaps = []compliance.Gap{{From: at, Until: at.Add(40 * time.Minute)}}
	slices.SortStableFunc(p.past, func(a, b rules.Transition) int { return cmp.Compare(a.Told, b.Told) })
}
