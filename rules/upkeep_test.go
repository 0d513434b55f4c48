package rules

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// TestMaintenanceNeitherJudgesNorHides: for its time the verdict is unknown because of it, the number stays to be seen, no alarm begins, one
// that fires stays in doubt, and what is so at its end is judged.
func TestMaintenanceNeitherJudgesNorHides(t *testing.T) {
	r := newRig(t, with(mall(t), capacityRule(nil)))
	r.read("c-main", "2022-07-04 09:00:00", telemetry.PeopleIn, 30, telemetry.PeopleOut, 0)
	r.wantVerdict("capacity", "hall", "within")
	r.enter("2022-07-04 10:00:00", telemetry.Entry{ID: "m", Kind: telemetry.EntryMaintenance, Subject: "zone:hall", Author: "PT Teknik", Reason: "AC", Until: r.at("2022-07-04 14:00:00")})
	r.wantVerdict("capacity", "hall", "unknown/maintenance")
	r.out.Reset()
	r.read("c-main", "2022-07-04 11:00:00", telemetry.PeopleIn, 60, telemetry.PeopleOut, 0)
	r.wantVerdict("capacity", "hall", "unknown/maintenance")
	r.wantAlarms()
	v := r.engine.View()
	if w := v.Verdicts[0]; !w.Explanation.HasValue || w.Explanation.Value < 85 || w.Explanation.Limit != 50 || !w.Idle() {
		t.Errorf("explanation: got %+v, want about 90 of 50 to be seen", w.Explanation)
	}
	if len(v.Maintenance) != 1 || v.Maintenance[0].By != "PT Teknik" || v.Maintenance[0].Until != r.at("2022-07-04 14:00:00") {
		t.Errorf("maintenance: got %+v", v.Maintenance)
	}
	r.out.Reset()
	r.tick("2022-07-04 14:00:00")
	r.wantVerdict("capacity", "hall", "breached")
	r.wantAlarms("14:00:00 capacity zone/hall firing")
	r.enter("2022-07-04 14:10:00", telemetry.Entry{ID: "n", Kind: telemetry.EntryMaintenance, Until: r.at("2022-07-04 16:00:00")})
	r.wantPhase("capacity", "hall", Firing)
	r.enter("2022-07-04 14:20:00", telemetry.Entry{ID: "o", Kind: telemetry.EntryMaintenance, Ends: "n"})
	r.wantVerdict("capacity", "hall", "breached")
	if v := r.engine.View(); len(v.Maintenance) != 0 {
		t.Errorf("maintenance after its end: got %+v", v.Maintenance)
	}
}

// TestMaintenanceHolds: what a scope holds.
func TestMaintenanceHolds(t *testing.T) {
	p, err := planOf(mall(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		scope    facility.Scope
		rule     string
		kind, id string
		want     bool
	}{
		{facility.Scope{}, "r", "device", "air", true},
		{facility.Scope{Kind: facility.OfZone, ID: "hall"}, "r", "zone", "waiting", true},
		{facility.Scope{Kind: facility.OfZone, ID: "waiting"}, "r", "zone", "hall", false},
		{facility.Scope{Kind: facility.OfZone, ID: "hall"}, "r", "device", "air", true},
		{facility.Scope{Kind: facility.OfZone, ID: "hall"}, "r", "device", "button", true},
		{facility.Scope{Kind: facility.OfZone, ID: "hall"}, "r", "task", "spray", true},
		{facility.Scope{Kind: facility.OfZone, ID: "hall"}, "r", "device", "c-main", false},
		{facility.Scope{Kind: facility.OfDoor, ID: "main"}, "r", "device", "c-main", true},
		{facility.Scope{Kind: facility.OfDoor, ID: "main"}, "r", "door", "back", false},
		{facility.Scope{Kind: facility.OfDevice, ID: "air"}, "r", "device", "air", true},
		{facility.Scope{Kind: facility.OfDevice, ID: "air"}, "r", "zone", "hall", false},
		{facility.Scope{Kind: facility.OfRule, ID: "r"}, "r", "site", "mpp", true},
		{facility.Scope{Kind: facility.OfRule, ID: "r"}, "q", "site", "mpp", false},
	} {
		if got := slices.Contains(p.scopes(tc.rule, Subject{SubjectKind(tc.kind), tc.id}, nil), tc.scope); got != tc.want {
			t.Errorf("%v about %s %s %s: got %t, want %t", tc.scope, tc.rule, tc.kind, tc.id, got, tc.want)
		}
	}
}

// TestPlannedMaintenance: once, and each week over midnight; also in the night in which clocks go back.
func TestPlannedMaintenance(t *testing.T) {
	d := with(mall(t), capacityRule(nil))
	d.Site.Location = location(t, "Europe/Berlin")
	d.Site.Maintenance = []facility.Maintenance{
		{Scope: facility.Scope{Kind: facility.OfZone, ID: "hall"}, Reason: "once", When: facility.Event{From: facility.Date{Year: 2022, Month: 10, Day: 27}, At: clockTime(9, 0), Lasts: 2 * time.Hour}},
		{Reason: "weekly", When: facility.Event{From: facility.Date{Year: 2022, Month: 10, Day: 1}, At: clockTime(23, 0), Lasts: 4 * time.Hour, Repeat: &facility.Repeat{Every: facility.Weekly}}},
	}
	r := &rig{t: t, engine: New(d.Site.ID), loc: d.Site.Location.Location}
	r.configure(d, r.at("2022-10-26 12:00:00"))
	r.read("c-main", "2022-10-26 12:00:01", telemetry.PeopleIn, 3, telemetry.PeopleOut, 0)
	for _, tc := range []struct{ at, want string }{
		{"2022-10-27 08:59:59", "within"}, {"2022-10-27 09:00:00", "unknown/maintenance"}, {"2022-10-27 10:59:59", "unknown/maintenance"}, {"2022-10-27 11:00:00", "within"},
		{"2022-10-29 22:59:59", "within"}, {"2022-10-29 23:00:00", "unknown/maintenance"}, {"2022-10-30 01:59:59", "unknown/maintenance"}, {"2022-10-30 03:00:00", "within"},
	} {
		r.read("c-main", tc.at, telemetry.PeopleIn, 0, telemetry.PeopleOut, 0)
		r.wantVerdict("capacity", "hall", tc.want)
	}
}

// TestMaintenanceInAnyOrder: heard late, twice, out of order, with snapshots between, it gives the same.
func TestMaintenanceInAnyOrder(t *testing.T) {
	d := everything(t)
	start := telemetry.InstantOf(time.Date(2022, 7, 4, 6, 0, 0, 0, d.Site.Location.Location))
	d.Site.Maintenance = []facility.Maintenance{{Scope: facility.Scope{Kind: facility.OfRule, ID: "air"}, Reason: "x", When: facility.Event{From: facility.Date{Year: 2022, Month: 7, Day: 4}, At: clockTime(10, 0), Lasts: time.Hour, Repeat: &facility.Repeat{Every: facility.Daily}}}}
	seeds(t, 20, func(t *testing.T, rng *rand.Rand) {
		records := traffic(rng, start, 20*time.Hour, 300)
		scopes := []string{"", "zone:hall", "zone:waiting", "door:main", "device:thermo", "rule:capacity", "nonsense"}
		var ids []string
		for i := range 10 {
			at := start.Add(time.Duration(rng.IntN(20*60)) * time.Minute)
			n := telemetry.Entry{ID: string(rune('a' + i)), Kind: telemetry.EntryMaintenance, Subject: scopes[rng.IntN(len(scopes))], Until: at.Add(time.Duration(1+rng.IntN(300)) * time.Minute)}
			if rng.IntN(3) == 0 && len(ids) > 0 {
				n.Ends = ids[rng.IntN(len(ids))]
			} else if ids = append(ids, n.ID); rng.IntN(3) == 0 {
				n.From = at.Add(30 * time.Minute)
			}
			records = append(records, telemetry.Record{Kind: telemetry.KindEntry, Site: "mpp", At: at, Received: at, Entry: &n})
		}
		inOrder := delayed(rng, records, 1)
		for i := range inOrder {
			inOrder[i].Received = inOrder[i].At
		}
		end := start.Add(21 * time.Hour)
		want, _ := run(t, d, start, end, inOrder)
		var twice []telemetry.Record
		for _, r := range delayed(rng, inOrder, DefaultLateness) {
			if twice = append(twice, r); r.Kind == telemetry.KindEntry && r.Entry.Kind == telemetry.EntryMaintenance {
				twice = append(twice, r)
			}
		}
		e := runRestarting(t, rng, 40, d, start, end, twice)
		if got, want := plain(t, e), plain(t, want); got != want {
			t.Errorf("the final state depends on the order of arrival:\n%s", firstDifference(got, want))
		}
	})
}
