package rules

import (
	"fmt"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Maintenance that comes once is on unless its one day is excepted: a day on which it would not begin anyway takes nothing from it.
func TestMaintenanceOnceWithExceptions(t *testing.T) {
	day := facility.Date{Year: 2022, Month: 7, Day: 5}
	for except, want := range map[facility.Date]string{day: "within", day.AddDays(1): "unknown/maintenance"} {
		d := with(mall(t), capacityRule(nil))
		d.Site.Maintenance = []facility.Maintenance{{Reason: "AC", When: facility.Event{From: day, At: clockTime(9, 0), Lasts: 2 * time.Hour, Except: []facility.Date{except}}}}
		r := newRig(t, d)
		r.read("c-main", "2022-07-05 08:30:00", telemetry.PeopleIn, 3, telemetry.PeopleOut, 0)
		r.read("c-main", "2022-07-05 10:00:00", telemetry.PeopleIn, 0, telemetry.PeopleOut, 0)
		r.wantVerdict("capacity", "hall", want)
	}
}

// Of more entries about maintenance than are kept, those that are over give way first, and never one that is in force to one that is to come.
func TestMaintenanceInForceIsKept(t *testing.T) {
	for _, over := range []bool{true, false} {
		r := newRig(t, with(mall(t), capacityRule(nil)))
		r.read("c-main", "2022-07-04 09:00:00", telemetry.PeopleIn, 3, telemetry.PeopleOut, 0)
		r.enter("2022-07-04 09:01:00", telemetry.Entry{ID: "long", Kind: telemetry.EntryMaintenance, Subject: "zone:hall", Until: r.at("2022-07-10 14:00:00")})
		for i := range mostUpkeep + 5 {
			at := r.at("2022-07-04 09:02:00").Add(time.Duration(i) * time.Minute)
			n := telemetry.Entry{ID: fmt.Sprint(i), Kind: telemetry.EntryMaintenance, Subject: "door:back", Until: at.Add(time.Minute)}
			if !over {
				n.From, n.Until = r.at("2022-07-06 09:00:00").Add(time.Duration(i)*time.Minute), r.at("2022-07-08 09:00:00")
			}
			r.apply(telemetry.Record{Kind: telemetry.KindEntry, Site: "mpp", At: at, Received: at, Entry: &n})
		}
		if n := len(r.engine.upkeep.entries); n > mostUpkeep {
			t.Errorf("%d entries are kept, want %d at most", n, mostUpkeep)
		}
		r.wantVerdict("capacity", "hall", "unknown/maintenance")
	}
}
