package rules

import (
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Midnight, the reset, protocols and levels turn at the site's own midnight, on days of 23, 24 and 25 hours.
func TestTurnsOfTheCalendarAreLocal(t *testing.T) {
	tests := []struct {
		zone  string
		day   facility.Date // the day on which everything changes
		turn  string        // its first moment, UTC
		after string        // the first moment of the day after
	}{
		{"Asia/Jakarta", facility.Date{Year: 2022, Month: 7, Day: 5}, "2022-07-04T17:00:00Z", "2022-07-05T17:00:00Z"},
		{"Asia/Makassar", facility.Date{Year: 2022, Month: 7, Day: 5}, "2022-07-04T16:00:00Z", "2022-07-05T16:00:00Z"},
		{"Asia/Jayapura", facility.Date{Year: 2022, Month: 7, Day: 5}, "2022-07-04T15:00:00Z", "2022-07-05T15:00:00Z"},
		{"Europe/Berlin", facility.Date{Year: 2022, Month: 3, Day: 27}, "2022-03-26T23:00:00Z", "2022-03-27T22:00:00Z"},
		{"Europe/Berlin", facility.Date{Year: 2022, Month: 10, Day: 30}, "2022-10-29T22:00:00Z", "2022-10-30T23:00:00Z"},
		{"Asia/Jakarta", facility.Date{Year: 2023, Month: 1, Day: 1}, "2022-12-31T17:00:00Z", "2023-01-01T17:00:00Z"},
	}
	instant := func(s string) telemetry.Instant {
		at, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return telemetry.InstantOf(at)
	}
	for _, tt := range tests {
		t.Run(tt.zone+" "+tt.day.String(), func(t *testing.T) {
			d := exact(with(mall(t), capacityRule(nil)))
			d.Site.Location = location(t, tt.zone)
			d.Site.Levels = append(d.Site.Levels, facility.LevelPeriod{From: tt.day, Level: "l2"})
			d.Protocols[0].Until = tt.day.AddDays(1)
			d.Protocols = append(d.Protocols, Protocol{ID: "next", From: tt.day.AddDays(1), Rules: []Rule{silenceRule(func(p *Silence) { p.After = time.Hour })}})
			turn, after := instant(tt.turn), instant(tt.after)
			r := &rig{t: t, engine: New("mpp"), loc: d.Site.Location.Location}
			r.configure(d, turn.Add(-20*time.Hour))
			r.apply(reading("c-main", turn.Add(-time.Hour), turn.Add(-time.Hour), in, 30))
			r.apply(reading("c-main", turn.Add(-1), turn.Add(-1), in, 1))
			r.wantPersons("hall", 31)
			r.wantVerdict("capacity", "hall", "within")
			if got := r.engine.Due(); got > turn {
				t.Errorf("due: got %v, want no later than %v", got, turn)
			}
			r.apply(telemetry.Record{Kind: telemetry.KindTick, At: turn, Received: turn})
			r.wantPersons("hall", 0)
			if z := r.zone("hall"); z.Limit != 25 || z.InToday != 0 || z.Persons.Anchor != turn {
				t.Errorf("hall at midnight: got limit %v, %v in today, anchor %v, want 25, 0, %v", z.Limit, z.InToday, z.Persons.Anchor, turn)
			}
			r.apply(reading("c-main", turn.Add(1), turn.Add(1), in, 30))
			r.wantVerdict("capacity", "hall", "breached")
			r.out.Reset()
			r.apply(reading("air", after.Add(time.Minute), after.Add(time.Minute), telemetry.CO2, 400))
			r.wantVerdict("capacity", "hall", "none")
			r.wantVerdict("alive", "air", "within")
			for _, x := range r.out.Transitions {
				if x.Rule == "capacity" && (x.At != after || x.To != Unknown || x.Explanation.Reason != ReasonNotInForce) {
					t.Errorf("end of the rule: got %v %v>%v (%s), want unknown (not_in_force) at %v", x.At, x.From, x.To, x.Explanation.Reason, after)
				}
			}
			if len(r.out.Transitions) == 0 {
				t.Error("the rule ended without a word")
			}
		})
	}
}

func TestLaterProtocolWins(t *testing.T) {
	d := exact(mall(t))
	d.Site.Levels = nil
	strict := capacityRule(func(p *Capacity) { p.Spacing = 2 }) // 100 m²: 25
	d.Protocols = []Protocol{
		{ID: "b", Title: "later", From: facility.Date{Year: 2022, Month: 7, Day: 5}, Rules: []Rule{strict}},
		{ID: "a", Title: "first", From: facility.Date{Year: 2022, Month: 1, Day: 1}, Rules: []Rule{capacityRule(nil)}},
		{ID: "other", Title: "not this site's", Rules: []Rule{silenceRule(nil)}},
	}
	d.Site.Protocols = []string{"a", "b"}
	r := newRig(t, d)
	r.read("c-main", "2022-07-04 23:00:00", in, 30)
	if got := r.zone("hall").Limit; got != 50 {
		t.Errorf("limit before: got %v, want 50", got)
	}
	r.read("c-main", "2022-07-05 09:00:00", in, 30)
	if got := r.zone("hall").Limit; got != 25 {
		t.Errorf("limit after: got %v, want 25", got)
	}
	r.wantVerdict("capacity", "hall", "breached")
	if got := r.engine.View().Protocols; len(got) != 2 || got[0] != "later" || got[1] != "first" {
		t.Errorf("protocols in force: got %q", got)
	}
	r.late("c-main", "2022-07-04 22:30:00", "2022-07-05 09:01:00", in, 30) // 60 > 50 from 23:00 on, by the rule of that day
	got := r.transitions()
	if want := "23:00:00 capacity zone/hall within>breached until 00:00:00"; len(got) == 0 || got[len(got)-1] != want {
		t.Errorf("transitions: got %q, want the last to be %q", got, want)
	}
}

func TestReconfigurationKeepsState(t *testing.T) {
	d := exact(with(mall(t), capacityRule(nil), silenceRule(func(p *Silence) { p.After = time.Hour })))
	r := newRig(t, d)
	r.read("c-main", "2022-07-04 09:00:00", in, 30)
	r.transitions()
	next := *d
	next.Protocols = []Protocol{{ID: "p", Rules: []Rule{capacityRule(nil)}}}
	next.Site.Levels = nil
	next.Site.Zones = append([]facility.Zone{{ID: "new", Capacity: 3}}, d.Site.Zones...)
	next.Site.Zones[1].Capacity = 10
	next.Site.Doors = d.Site.Doors[:2]
	next.Site.Devices = append(d.Site.Devices[:2:2], d.Site.Devices[3:]...)
	r.configure(&next, r.at("2022-07-04 09:30:00"))
	r.wantPersons("hall", 30)
	r.wantVerdict("capacity", "hall", "breached")
	r.wantVerdict("capacity", "new", "none") // nothing counts there
	var ended int
	for _, x := range r.out.Transitions {
		if x.Rule == "alive" && x.Explanation.Reason == ReasonNotInForce {
			ended++
		}
	}
	if ended != len(d.Site.Devices) {
		t.Errorf("verdicts that ended: got %d, want %d, one for each device", ended, len(d.Site.Devices))
	}
}

func TestBadConfigurationLeavesTheEngineAsItWas(t *testing.T) {
	r := newRig(t, exact(with(mall(t), capacityRule(nil))))
	r.read("c-main", "2022-07-04 09:00:00", in, 30)
	before, _ := r.engine.Snapshot()
	at := r.at("2022-07-04 10:00:00")
	for _, definition := range []string{"{", `{"site":{"id":"mpp"}}`, `{"site":{"id":"other","timezone":"Asia/Jakarta","hours":{"weekly":[[],[],[],[],[],[],[]]}}}`,
		`{"site":{"id":"mpp","timezone":"Asia/Jakarta"},"protocols":[{"id":"p","rules":[{"id":"x","kind":"magic"}]}]}`} {
		rec := telemetry.Record{Seq: 99, Kind: telemetry.KindConfiguration, Site: "mpp", At: at, Received: at, Configuration: &telemetry.Configuration{Definition: []byte(definition)}}
		if err := r.engine.Apply(&rec, &r.out); err == nil {
			t.Errorf("%s: got no error", definition)
		}
	}
	if after, _ := r.engine.Snapshot(); string(after) != string(before) {
		t.Error("the state has changed")
	}
}

func TestOtherSitesOnlyMoveTheClock(t *testing.T) {
	r := newRig(t, exact(with(mall(t), capacityRule(nil))))
	rec := reading("c-main", r.at("2022-07-04 09:00:00"), r.at("2022-07-04 09:00:00"), in, 5)
	rec.Site = "elsewhere"
	r.apply(rec)
	if r.zone("hall").Persons.Known || r.engine.clock != r.at("2022-07-04 09:00:00") {
		t.Errorf("got %+v at %v, want nobody and the clock at nine", r.zone("hall").Persons, r.engine.clock)
	}
}
