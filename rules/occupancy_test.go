package rules

import (
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

func TestAnchors(t *testing.T) {
	r := newRig(t, exact(with(mall(t), capacityRule(nil))))
	r.read("c-main", "2022-07-04 09:00:00", in, 20)
	r.enter("2022-07-04 09:10:00", telemetry.Entry{Kind: telemetry.EntryCount, Subject: "hall", Value: 15})
	r.wantPersons("hall", 15)
	r.enter("2022-07-04 09:11:00", telemetry.Entry{Kind: telemetry.EntryCorrection, Subject: "hall", Value: -2})
	r.wantPersons("hall", 13)
	// A flow from before the count is in the count already.
	r.late("c-main", "2022-07-04 09:05:00", "2022-07-04 09:12:00", in, 4)
	r.wantPersons("hall", 13)
	// A count that comes late counts from its own time: the flows after it are added.
	r.late("c-main", "2022-07-04 09:20:00", "2022-07-04 09:30:00", in, 6)
	r.wantPersons("hall", 19)
	r.apply(telemetry.Record{Kind: telemetry.KindEntry, At: r.at("2022-07-04 09:15:00"), Received: r.at("2022-07-04 09:31:00"),
		Entry: &telemetry.Entry{Kind: telemetry.EntryCount, Subject: "hall", Value: 30}})
	r.wantPersons("hall", 36)
	// The building is verified empty at midnight; what passed at that very moment belongs to the day before.
	r.read("c-main", "2022-07-05 00:00:00", out, 3)
	r.wantPersons("hall", 0)
	if z := r.zone("hall"); z.Persons.Anchor != r.at("2022-07-05 00:00:00") || z.InToday != 0 || z.OutToday != 0 {
		t.Errorf("hall after midnight: got %+v, want an anchor at midnight and nothing today", z)
	}
}

func TestNegativeBalanceIsShownAsZero(t *testing.T) {
	r := newRig(t, with(mall(t), capacityRule(nil)))
	r.read("c-main", "2022-07-04 09:00:00", out, 7)
	got := r.zone("hall").Persons
	want := Estimate{Persons: 0, Error: 0.5, High: 1, Measured: true, Known: true, Reason: ReasonNegative, Raw: -7, Anchor: r.at("2022-07-04 00:00:00") - 1}
	if got != want {
		t.Errorf("estimate: got %+v, want %+v", got, want)
	}
	r.wantVerdict("capacity", "hall", "within/negative")
}

func TestAbsoluteCounterNeedsNoDoor(t *testing.T) {
	d := exact(with(mall(t), capacityRule(nil)))
	d.Site.Doors = d.Site.Doors[:2] // no inner door
	d.Site.Devices = append(d.Site.Devices[:2], device("cam-a", "waiting", 0), device("cam-b", "waiting", 0))
	r := newRig(t, d)
	r.wantVerdict("capacity", "waiting", "none") // as far as is known nothing counts there
	r.read("cam-a", "2022-07-04 09:00:00", seats, 6)
	r.wantPersons("waiting", 6)
	r.read("cam-b", "2022-07-04 09:01:00", seats, 5) // two cameras share the room
	r.wantPersons("waiting", 11)
	r.wantVerdict("capacity", "waiting", "breached")
	r.late("cam-a", "2022-07-04 08:59:30", "2022-07-04 09:01:05", seats, 1) // older than what we have
	r.wantPersons("waiting", 11)
}

func TestBuildingWithoutOuterCountersIsTheSumOfItsZones(t *testing.T) {
	d := exact(mall(t))
	d.Site.Zones[1].Parent = ""
	d.Site.Doors = nil
	d.Site.Devices = append(d.Site.Devices[4:4], device("cam-a", "waiting", 0), device("cam-b", "hall", 0))
	d.Site.Tasks = nil
	r := newRig(t, with(d, capacityRule(func(p *Capacity) { p.Site = true })))
	r.read("cam-a", "2022-07-04 09:00:00", seats, 6)
	if got := r.engine.View().Persons; got.Measured || got.Known {
		t.Errorf("building: got %+v, want it not measured: nothing counts in the hall", got)
	}
	r.wantVerdict("capacity", "mpp", "none")
	r.read("cam-b", "2022-07-04 09:00:00", seats, 70)
	if got := r.engine.View().Persons; !got.Known || got.Persons != 76 {
		t.Errorf("building: got %+v, want 76", got)
	}
	r.wantVerdict("capacity", "mpp", "breached")
}

func TestRetainedIsStateOnly(t *testing.T) {
	r := newRig(t, exact(with(mall(t), capacityRule(nil), feverRule(nil))))
	retained := func(device string, pairs ...any) {
		rec := reading(device, r.at("2022-07-04 09:00:00"), r.at("2022-07-04 09:00:00"), pairs...)
		rec.Observation.Flags = telemetry.FlagRetained
		r.apply(rec)
	}
	retained("c-main", in, 99)
	retained("thermo", body, 40.0)
	retained("button", telemetry.Button, 1)
	retained("air", telemetry.CO2, 900)
	v := r.engine.View()
	if v.Zones[0].Persons.Known || v.Doors[0].InToday != 0 || v.Doors[0].Screened != 0 || v.Tasks[0].LastDone != 0 || len(r.transitions()) != 0 {
		t.Errorf("a retained message counted: %+v", v)
	}
	for _, d := range v.Devices {
		if d.LastSeen != 0 || d.Messages != 0 {
			t.Errorf("device %s: got last seen %v, %d messages, want none", d.ID, d.LastSeen, d.Messages)
		}
	}
	if got := r.zone("hall").Readings; len(got) != 1 || got[0].Value != 900 {
		t.Errorf("readings of the hall: got %v, want the retained gauge", got)
	}
	r.read("air", "2022-07-04 09:01:00", telemetry.CO2, 500)
	retained("air", telemetry.CO2, 901)
	if got := r.zone("hall").Readings[0].Value; got != 500 {
		t.Errorf("co2 of the hall: got %v, want 500: a retained value fills holes only", got)
	}
}

func TestFutureReadingHappenedWhenReceived(t *testing.T) {
	r := newRig(t, exact(with(mall(t), capacityRule(nil))))
	r.late("c-main", "2022-07-04 09:01:30", "2022-07-04 09:00:00", in, 4)
	r.wantPersons("hall", 4)
	if got, want := r.engine.clock, r.at("2022-07-04 09:00:00"); got != want {
		t.Errorf("clock: got %v, want %v", got, want)
	}
}

// device is one that hangs in a zone.
func device(id, zone string, interval time.Duration) facility.Device {
	return facility.Device{ID: id, Model: "native", Place: facility.Place{Kind: facility.AtZone, ID: zone}, Interval: interval, Accuracy: 1}
}

// Before anything was learned the interval follows from the accuracy: by chance with the root of the passages, by drift with them.
func TestIntervalGrowsWithPassages(t *testing.T) {
	r := newRig(t, with(mall(t), capacityRule(nil)))
	r.read("c-main", "2022-07-04 09:00:00", in, 200, out, 160)
	got := r.zone("hall").Persons
	// 360 passages, of which 2 % are missed: a variance of 7.2 and a drift of 0.35 × 2 % × 360, both doubled as long as nothing was
	// learned, and 2.5 % of the 40 missed.
	if got.Persons != 41 || got.Low != 29 || got.High != 53 {
		t.Errorf("hall: got %v, %v to %v, want 41, 29 to 53", got.Persons, got.Low, got.High)
	}
}
