package rules

import (
	"fmt"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Issue 9: an expression knows how the devices are. What it says of a device is what a rule of that kind says of it, at every time; of a zone
// it is how many of the devices there, and nobody knows while one of them says nothing.
func TestFinding9FactsOfDeviceHealth(t *testing.T) {
	place := facility.Place{Kind: facility.AtZone, ID: "hall"}
	of := map[string]string{"devices_silent": "silence", "devices_frozen": "frozen", "devices_clock_off": "clock", "devices_tampered": "tamper", "devices_battery_low": "battery"}
	var all []Rule
	for name, kind := range of {
		p, err := NewParams(kind)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, Rule{ID: kind, Kind: kind, Params: p, Subjects: []string{"s-1", "s-2"}}, about(SubjectDevice, name+" > 0", "s-1", "s-2"), about(SubjectZone, name+" >= 2", "hall"), about(SubjectSite, name+" >= 1"))
	}
	lost, _ := NewParams("lost")
	all = append(all, Rule{ID: "lost", Kind: "lost", Params: lost, Subjects: []string{"s-1", "s-2"}}, about(SubjectDevice, "messages_lost > 10", "s-1", "s-2"))
	of["messages_lost"] = "lost"
	d := with(mall(t), all...)
	for i := 1; i <= 2; i++ {
		d.Site.Devices = append(d.Site.Devices, facility.Device{ID: fmt.Sprintf("s-%d", i), Model: "native", Place: place, Interval: 10 * time.Minute,
			Measures: []telemetry.Quantity{telemetry.Temperature, telemetry.Battery, telemetry.Tamper}})
	}
	r := newRig(t, d)
	seen := map[string]int{}
	check := func(at string) {
		t.Helper()
		r.tick(at)
		for name, kind := range of {
			bad := 0
			for _, id := range []string{"s-1", "s-2"} {
				want, rule := r.verdict(kind, id), name+" > 0"
				if name == "messages_lost" {
					rule = "messages_lost > 10"
				}
				got := r.verdict(rule, id)
				seen[kind+" "+got]++
				switch {
				case want == "breached/silent" || want == "breached":
					bad++
					if got != "breached" {
						t.Errorf("%s: %s of %s: %s, and the rule of kind %s says %s", at, name, id, got, kind, want)
					}
				case want == "within" && got != "within", want != "within" && got != "unknown/no_data" && got != want:
					t.Errorf("%s: %s of %s: %s, and the rule of kind %s says %s", at, name, id, got, kind, want)
				}
			}
			if name == "messages_lost" {
				continue
			}
			if got := r.verdict(name+" >= 2", "hall"); (bad == 2) != (got == "breached") {
				t.Errorf("%s: %s of the hall: %s with %d of two", at, name, got, bad)
			}
			if got := r.verdict(name+" >= 1", "mpp"); (bad > 0) != (got == "breached") {
				t.Errorf("%s: %s of the site: %s with %d of two", at, name, got, bad)
			}
		}
	}
	check("2022-07-04 00:05:00")
	start := r.at("2022-07-04 00:10:00")
	for n := range 2 * 24 * 6 {
		at := start.Add(time.Duration(n) * 10 * time.Minute)
		for i := 1; i <= 2; i++ {
			if i == 2 && n > 200 || i == 1 && n > 250 {
				continue // first the second falls silent, then the first
			}
			rec := reading(fmt.Sprintf("s-%d", i), at, at, telemetry.Temperature, 24+float64(n%5)*0.1, telemetry.Battery, max(5, 60-n/4), telemetry.Tamper, 0)
			rec.Observation.HasSequence, rec.Observation.Sequence = true, uint64(n)
			if i == 2 {
				rec.Observation.Readings[0].Value = 24 // it is stuck
				if n > 100 {
					rec.Observation.Readings[2].Value = 1
					rec.Observation.Flags |= telemetry.FlagClock
				}
				rec.Observation.Sequence = uint64(3 * n)
			}
			r.apply(rec)
		}
		if n%37 == 0 {
			check(at.Add(time.Minute).In(r.loc).Format(time.DateTime))
		}
	}
	for _, want := range []string{"silence within", "silence breached", "frozen within", "frozen breached", "clock within", "clock breached", "tamper within", "tamper breached", "battery within", "battery breached",
		"lost within", "lost breached", "frozen unknown/no_data"} {
		if seen[want] == 0 {
			t.Errorf("never seen: %s, of %v", want, seen)
		}
	}
	other := r.restored()
	for name := range of {
		if got, want := other.verdict(name+" >= 2", "hall"), r.verdict(name+" >= 2", "hall"); got != want {
			t.Errorf("%s after a restart: %s, want %s", name, got, want)
		}
	}
}

// Issue 9: quota_left is how many visitors may still come today, with the error of their count.
func TestFinding9QuotaLeft(t *testing.T) {
	d := exact(with(mall(t), about(SubjectSite, "quota_left <= 10"), about(SubjectSite, "quota_left == 0.0")))
	d.Site.Quota = 50
	r := newRig(t, d)
	r.read("c-main", "2022-07-04 07:50:00", telemetry.PeopleIn, 0, telemetry.PeopleOut, 0)
	r.read("c-main", "2022-07-04 08:10:00", telemetry.PeopleIn, 39, telemetry.PeopleOut, 0)
	r.wantVerdict("quota_left <= 10", "mpp", "within")
	r.read("c-main", "2022-07-04 08:20:00", telemetry.PeopleIn, 1, telemetry.PeopleOut, 20)
	r.wantVerdict("quota_left <= 10", "mpp", "breached")
	r.wantVerdict("quota_left == 0.0", "mpp", "within")
	r.read("c-main", "2022-07-04 08:30:00", telemetry.PeopleIn, 15, telemetry.PeopleOut, 0)
	r.wantVerdict("quota_left == 0.0", "mpp", "breached")
	r.tick("2022-07-05 00:00:01")
	r.wantVerdict("quota_left == 0.0", "mpp", "within")

	without := newRig(t, with(mall(t), about(SubjectSite, "quota_left <= 10")))
	without.read("c-main", "2022-07-04 08:10:00", telemetry.PeopleIn, 39)
	without.wantVerdict("quota_left <= 10", "mpp", "unknown/no_limit")

	if _, err := newProgram(SubjectSite, "quota_lef < 3", true); err == nil || err.Error() != "column 1: undeclared reference to 'quota_lef' (did you mean 'quota_left'?)" {
		t.Errorf("a misspelt name: %v", err)
	}
	if _, err := newProgram(SubjectZone, "device_silent > 0", true); err == nil || err.Error() != "column 1: undeclared reference to 'device_silent' (did you mean 'devices_silent'?)" {
		t.Errorf("a misspelt name: %v", err)
	}
}
