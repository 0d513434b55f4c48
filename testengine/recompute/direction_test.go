package recompute

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// turnedDoors is a building of three rooms, and which door leads where: +1 into the room, −1 out of it.
var turnedDoors = map[string]map[string]float64{
	"":      {"main": 1, "back": 1},
	"hall":  {"main": 1, "back": 1, "inner": -1},
	"play":  {"inner": 1, "deep": -1},
	"store": {"deep": 1},
}

// TestSwappedDoorsAgree: issue 9. From the records alone it adds up, quarter of an hour by quarter of an hour, how many people each room
// would hold; where that cannot be, it tries all doors one by one. What the rule of kind direction says, and of how many people, is the same
// at every time of every day, and the door that was turned round is named wherever a morning shows it.
func TestSwappedDoorsAgree(t *testing.T) {
	compared, named := 0, 0
	for seed, turned := range []string{"", "main", "back", "inner", "deep", "main"} {
		rng := rand.New(rand.NewPCG(uint64(seed), 19))
		records, all, start := turnedBuilding(t, rng, turned)
		e, out := rules.New(siteID), new(rules.Output)
		for i := range records {
			records[i].Seq, records[i].Site = uint64(i+1), siteID
			if err := e.Apply(&records[i], out); err != nil {
				t.Fatal(err)
			}
			now := records[i].Received
			day := now - (now+telemetry.Instant(7*time.Hour))%telemetry.Instant(24*time.Hour)
			if records[i].Kind != telemetry.KindTick || now < start {
				continue
			}
			for _, v := range e.View().Verdicts {
				want := turnedToday(all, day, now)
				x := &v.Explanation
				where := fmt.Sprintf("seed %d, %q turned, %s", seed, turned, now)
				switch {
				case want.off:
					compared++
					if v.Verdict != rules.Breached || x.Value != want.short || math.Abs(x.Limit-want.allowed) > 0.5 {
						t.Errorf("%s: %s %v of %v, want breached, %v of %v: %+v", where, v.Verdict, x.Value, x.Limit, want.short, want.allowed, x)
					}
					if got := strings.Join(want.doors, ","); len(want.doors) > 0 && x.Detail != got {
						t.Errorf("%s: named %s %q, want %q", where, x.Constraint, x.Detail, got)
					}
					if x.Constraint == "door" {
						named++
						if x.Detail != turned {
							t.Errorf("%s: named %q", where, x.Detail)
						}
					}
				case v.Verdict == rules.Breached && x.Detail != turned, v.Verdict == rules.Breached && turned == "":
					t.Errorf("%s: named %s %q of an earlier day", where, x.Constraint, x.Detail)
				case want.passages < 30 && v.Verdict == rules.Within:
					t.Errorf("%s: within though %v passed", where, want.passages)
				case v.Verdict == rules.Within && x.Value != want.short:
					t.Errorf("%s: within with %v, want %v", where, x.Value, want.short)
				}
			}
		}
	}
	if compared < 40 || named < 30 {
		t.Errorf("%d times that could not be compared, a door named %d times: want 40 and 30 at least", compared, named)
	}
}

// turnedBuilding are the records of four days, on the last three of which a counter hangs the wrong way round.
func turnedBuilding(t *testing.T, rng *rand.Rand, turned string) (records []telemetry.Record, all []passing, start telemetry.Instant) {
	t.Helper()
	loc, err := facility.LoadLocation("Asia/Jakarta")
	if err != nil {
		t.Fatal(err)
	}
	params, err := rules.NewParams("direction")
	if err != nil {
		t.Fatal(err)
	}
	midnight := facility.TimeOfDay(0)
	d := rules.Definition{
		Site: facility.Site{
			ID: siteID, Location: loc, Reset: &midnight, Zones: []facility.Zone{{ID: "hall"}, {ID: "play"}, {ID: "store"}},
			Doors: []facility.Door{{ID: "main", From: facility.Outside, To: "hall"}, {ID: "back", From: facility.Outside, To: "hall"}, {ID: "inner", From: "hall", To: "play"}, {ID: "deep", From: "play", To: "store"}},
		},
		Protocols: []rules.Protocol{{ID: "p", Rules: []rules.Rule{{ID: "way", Kind: "direction", Params: params}}}},
	}
	for _, door := range d.Site.Doors {
		d.Site.Devices = append(d.Site.Devices, facility.Device{ID: door.ID, Model: "native", Accuracy: 0.97, Place: at(facility.AtDoor, door.ID)})
	}
	for i := range d.Site.Hours.Weekly {
		d.Site.Hours.Weekly[i] = hours("08:00-16:00")
	}
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	first := time.Date(2026, 3, 2, 0, 0, 0, 0, loc.Location)
	begin := telemetry.InstantOf(first)
	records = append(records, telemetry.Record{Kind: telemetry.KindConfiguration, At: begin, Received: begin, Configuration: &telemetry.Configuration{Version: "1", Definition: text}})
	share := map[string]float64{"main": 0.6, "back": 0.4, "inner": 0.8, "deep": 0.5}
	for day := range 4 {
		inside := map[string]float64{}
		for slot := range 8 * 12 {
			moment := telemetry.InstantOf(first.AddDate(0, 0, day).Add(8*time.Hour + time.Duration(slot)*5*time.Minute + time.Duration(rng.IntN(200))*time.Second))
			come, leave := float64(rng.IntN(6)), float64(0)
			if slot > 60 {
				come, leave = float64(rng.IntN(2)), 5
			}
			for _, door := range []string{"main", "back", "inner", "deep"} {
				in, out := math.Round(come*share[door]+rng.Float64()-0.5), math.Round(leave*share[door])
				in, out = max(0, in), min(max(0, out), inside[door])
				inside[door] += in - out
				x := passing{moment, door, in, out}
				if rng.Float64() < 0.03 && x.in > 0 {
					x.in--
				}
				if door == turned && day > 0 {
					x.in, x.out = x.out, x.in
				}
				all = append(all, x)
				records = append(records, telemetry.Record{Kind: telemetry.KindObservation, At: moment, Received: moment, Observation: telemetry.Observation{
					Device: door, Readings: []telemetry.Reading{{Quantity: telemetry.PeopleIn, Value: x.in}, {Quantity: telemetry.PeopleOut, Value: x.out}}}})
			}
		}
		for minute := 10; minute < 24*60; minute += 50 {
			moment := telemetry.InstantOf(first.AddDate(0, 0, day).Add(time.Duration(minute) * time.Minute))
			records = append(records, telemetry.Record{Kind: telemetry.KindTick, At: moment, Received: moment})
		}
	}
	slices.SortStableFunc(records, func(a, b telemetry.Record) int { return cmp(a.Received, b.Received) })
	return records, all, telemetry.InstantOf(first.Add(8 * time.Hour))
}

// turnedDay is what a day's counts say.
type turnedDay struct {
	off                      bool
	short, allowed, passages float64
	doors                    []string // each of which makes it possible, if it is taken to be turned round
}

// turnedToday adds up a day, in whole quarters that were over two minutes before now.
func turnedToday(all []passing, day, now telemetry.Instant) (d turnedDay) {
	known := now.Add(-2 * time.Minute)
	known -= known % telemetry.Instant(15*time.Minute)
	var today []passing // in the order of time
	for _, p := range all {
		if p.at >= day && p.at < known {
			today = append(today, p)
			d.passages += p.in + p.out
		}
	}
	walk := func(room, turned string, doubt bool) (short, allowed float64) {
		balance, passed, most, i := 0.0, 0.0, math.Inf(-1), 0
		allowed = 10
		for end := day.Add(15 * time.Minute); end <= known; end = end.Add(15 * time.Minute) {
			for ; i < len(today) && today[i].at < end; i++ {
				p := today[i]
				sign := turnedDoors[room][p.counter]
				if p.counter == turned {
					sign = -sign
				}
				balance += sign * (p.in - p.out)
				passed += math.Abs(sign) * (p.in + p.out)
			}
			may := 10 + 0.05*passed
			if doubt {
				may = min(may, 3+0.5*0.03*passed+2.576*math.Sqrt(0.03*passed))
			}
			if -balance-may > most {
				most, short, allowed = -balance-may, -balance, may
			}
		}
		return short, allowed
	}
	worst := math.Inf(-1)
	for _, room := range []string{"", "hall", "play", "store"} {
		short, allowed := walk(room, "", false)
		if short-allowed > worst {
			worst, d.short, d.allowed = short-allowed, max(0, short), allowed
		}
		if room == "" && worst > 1e-6 {
			break // the building, if it cannot be of it, else the room that is furthest off
		}
	}
	if d.off = worst > 1e-6; !d.off {
		return d
	}
	for _, door := range []string{"main", "back", "inner", "deep"} {
		possible := true
		for _, room := range []string{"", "hall", "play", "store"} {
			short, may := walk(room, door, true)
			possible = possible && short <= may+1e-6
		}
		if possible {
			d.doors = append(d.doors, door)
		}
	}
	return d
}
