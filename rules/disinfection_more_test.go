package rules

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// careRig is the mall under a disinfection rule, with counters that promise an interval and are exact.
func careRig(t *testing.T, change func(*Disinfection)) *rig {
	d := with(mall(t), sprayRule(change))
	for i := range d.Site.Devices {
		if x := &d.Site.Devices[i]; x.Place.Kind == facility.AtDoor && x.ID != "thermo" {
			x.Accuracy, x.Interval = 1, 6*time.Hour
		}
	}
	d.Site.Devices[2].Interval = 0
	d.Site.Tasks = append(d.Site.Tasks, facility.Task{ID: "wipe", Name: "Wipe", Place: facility.Place{Kind: facility.AtDoor, ID: "main"}, Items: []string{"handle", "rail"}})
	return newRig(t, d)
}

// say does what a line says at a time of 4 July 2022 (or of the day that stands before it).
type said struct{ at, do, want string }

func (r *rig) follow(subject string, all []said) {
	r.t.Helper()
	for _, s := range all {
		at := "2022-07-04 " + s.at
		if len(s.at) > 8 {
			at = "2022-07-" + s.at
		}
		switch s.do {
		case "in":
			r.read("c-main", at, telemetry.PeopleIn, 1, telemetry.PeopleOut, 0)
		case "out":
			r.read("c-back", at, telemetry.PeopleIn, 1, telemetry.PeopleOut, 0)
		case "heard":
			r.read("c-main", at, telemetry.PeopleIn, 0, telemetry.PeopleOut, 0)
			r.read("c-back", at, telemetry.PeopleIn, 0, telemetry.PeopleOut, 0)
		case "log":
			r.enter(at, telemetry.Entry{Kind: telemetry.EntryTask, Subject: subject, Value: 1, Author: "siti"})
		case "":
			r.tick(at)
		default:
			r.enter(at, telemetry.Entry{Kind: telemetry.EntryTask, Subject: subject, Value: 1, Author: "siti", Item: s.do})
		}
		if s.want != "" {
			r.wantVerdict("spray", subject, s.want)
		}
	}
}

func TestDisinfectionByPeople(t *testing.T) {
	before := func(p *Disinfection) { p.BeforeOpening, p.Every, p.Anchor = 2*time.Hour, 0, "people" }
	tests := []struct {
		name   string
		change func(*Disinfection)
		all    []said
	}{
		{"who opens early must have done it earlier", before, []said{
			{"05:50:00", "heard", ""}, {"05 05:50:00", "heard", ""}, {"05 07:00:00", "", "unknown/pending"}, {"05 07:19:30", "in", ""}, {"05 07:20:00", "", "breached/overdue"}, {"05 08:00:00", "log", "within"},
		}},
		{"who opens late may do it later", before, []said{
			{"05:50:00", "heard", ""}, {"05 05:50:00", "heard", ""}, {"05 08:30:00", "", "unknown/pending"}, {"05 08:40:00", "log", "within"}, {"05 09:00:00", "in", ""}, {"05 09:02:00", "", "within"},
		}},
		{"the first who come are staff", func(p *Disinfection) { before(p); p.Staff = 1 }, []said{
			{"05:50:00", "heard", ""}, {"05 05:50:00", "heard", ""}, {"05 07:00:00", "in", ""}, {"05 07:30:00", "", "unknown/pending"}, {"05 07:40:00", "in", ""}, {"05 07:41:00", "", "breached/overdue"},
		}},
		{"counters that did not see it: the hours hold", before, []said{
			{"05 07:19:30", "in", ""}, {"05 07:30:00", "", "unknown/pending"}, {"05 08:00:00", "", "breached/overdue"},
		}},
		{"after the last exit", func(p *Disinfection) { p.AfterClosing, p.Every, p.Anchor = time.Hour, 0, "people" }, []said{
			{"06:00:00", "heard", ""}, {"11:00:00", "heard", ""}, {"15:50:00", "heard", ""}, {"16:30:00", "out", ""}, {"17:00:00", "", "unknown/pending"},
			{"17:29:00", "", "unknown/pending"}, {"17:31:00", "", "breached/overdue"},
		}},
		{"hours that nobody was inside do not count", func(p *Disinfection) { p.Every, p.Occupied = 2*time.Hour, true }, []said{
			{"07:00:00", "heard", ""}, {"09:00:00", "in", ""}, {"10:00:00", "out", ""}, {"10:30:00", "", "unknown/pending"}, {"12:00:00", "in", ""},
			{"12:59:00", "", "unknown/pending"}, {"13:01:00", "", "breached/overdue"}, {"13:10:00", "log", "within"},
		}},
		{"after so many people", func(p *Disinfection) { p.Every, p.AfterPeople = 0, 3 }, []said{
			{"07:00:00", "heard", ""}, {"08:01:00", "in", ""}, {"08:02:00", "in", ""}, {"08:04:00", "", "unknown/pending"}, {"08:05:00", "in", ""}, {"08:06:00", "", "breached/overdue"},
			{"08:10:00", "log", "within"}, {"08:20:00", "in", "within"}, {"08:21:00", "in", ""}, {"08:22:00", "in", ""}, {"08:23:00", "", "breached/overdue"},
		}},
		{"after so many people, and nobody counts", func(p *Disinfection) { p.Every, p.AfterPeople = 0, 3 }, []said{
			{"09:00:00", "", "unknown/no_data"}, {"09:01:00", "log", "unknown/no_data"},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { careRig(t, tt.change).follow("spray", tt.all) })
	}
}

// TestLogsThatCannotBeTrue: such a log stays, is no evidence, and the reason is told.
func TestLogsThatCannotBeTrue(t *testing.T) {
	every := func(set func(*Disinfection)) func(*Disinfection) {
		return func(p *Disinfection) { p.Every = time.Hour; set(p) }
	}
	entry := func(r *rig, task, at, received, by, item, agent string) {
		r.apply(telemetry.Record{Kind: telemetry.KindEntry, At: r.at("2022-07-" + at), Received: r.at("2022-07-" + received),
			Entry: &telemetry.Entry{Kind: telemetry.EntryTask, Subject: task, Value: 1, Author: by, Item: item, Text: agent}})
	}
	tests := []struct {
		name, subject string
		change        func(*Disinfection)
		do            func(r *rig)
		at, want, why string
	}{
		{"agent", "spray", every(func(p *Disinfection) { p.Agents = []string{"alcohol"} }), func(r *rig) {
			entry(r, "spray", "04 08:50:00", "04 08:50:00", "siti", "", "water")
		}, "04 09:10:00", "breached/overdue", LogAgent},
		{"agent, allowed", "spray", every(func(p *Disinfection) { p.Agents = []string{"alcohol"} }), func(r *rig) {
			entry(r, "spray", "04 08:50:00", "04 08:50:00", "siti", "", "alcohol")
		}, "04 09:10:00", "within", ""},
		{"burst", "wipe", every(func(p *Disinfection) { p.Pace = 20 * time.Second }), func(r *rig) {
			entry(r, "wipe", "04 08:50:00", "04 08:50:00", "siti", "handle", "")
			entry(r, "wipe", "04 08:50:03", "04 08:50:03", "siti", "rail", "")
		}, "04 09:10:00", "breached/overdue", LogPace},
		{"walk", "spray", every(func(p *Disinfection) { p.Walk = time.Minute }), func(r *rig) {
			entry(r, "wipe", "04 08:49:50", "04 08:49:50", "siti", "", "")
			entry(r, "spray", "04 08:50:00", "04 08:50:00", "siti", "", "")
		}, "04 09:10:00", "breached/overdue", LogWalk},
		{"walk, two people", "spray", every(func(p *Disinfection) { p.Walk = time.Minute }), func(r *rig) {
			entry(r, "wipe", "04 08:49:50", "04 08:49:50", "budi", "", "")
			entry(r, "spray", "04 08:50:00", "04 08:50:00", "siti", "", "")
		}, "04 09:10:00", "within", ""},
		{"empty building", "spray", func(p *Disinfection) { p.BeforeOpening, p.Every, p.Inside = 2*time.Hour, 0, 15*time.Minute }, func(r *rig) {
			r.read("c-main", "2022-07-04 05:00:00", telemetry.PeopleIn, 0, telemetry.PeopleOut, 0)
			r.read("c-back", "2022-07-04 05:00:00", telemetry.PeopleIn, 0, telemetry.PeopleOut, 0)
			entry(r, "spray", "04 07:00:00", "04 07:00:00", "siti", "", "")
			r.read("c-main", "2022-07-04 07:55:00", telemetry.PeopleIn, 1, telemetry.PeopleOut, 0)
		}, "04 08:10:00", "breached/overdue", LogEmpty},
		{"backdated", "spray", every(func(p *Disinfection) { p.Backdate = time.Hour }), func(r *rig) {
			entry(r, "spray", "04 08:50:00", "04 11:50:00", "siti", "", "")
		}, "04 11:51:00", "breached/overdue", LogBackdated},
		{"copied", "spray", func(p *Disinfection) { p.Every, p.BeforeOpening, p.Copies = 0, 2*time.Hour, true }, func(r *rig) {
			entry(r, "spray", "04 07:10:23", "04 07:10:23", "siti", "", "")
			entry(r, "spray", "04 07:20:11", "04 07:20:11", "siti", "", "")
			entry(r, "spray", "05 05:10:23", "05 05:10:23", "siti", "", "")
			entry(r, "spray", "06 07:10:23", "06 07:10:23", "siti", "", "")
			entry(r, "spray", "07 07:10:23", "07 07:10:23", "siti", "", "")
		}, "07 08:10:00", "breached/overdue", LogCopied},
		{"contact time", "spray", func(p *Disinfection) { p.Every, p.AfterClosing, p.Contact = 0, time.Hour, 10*time.Minute }, func(r *rig) {
			r.read("c-main", "2022-07-04 15:00:00", telemetry.PeopleIn, 0, telemetry.PeopleOut, 0)
			entry(r, "spray", "04 16:10:00", "04 16:10:00", "siti", "", "")
			r.read("c-main", "2022-07-04 16:14:00", telemetry.PeopleIn, 1, telemetry.PeopleOut, 0)
		}, "04 17:00:00", "breached/overdue", LogContact},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := careRig(t, tt.change)
			tt.do(r)
			r.tick("2022-07-" + tt.at)
			r.wantVerdict("spray", tt.subject, tt.want)
			for _, v := range r.engine.View().Verdicts {
				if v.Subject.ID != tt.subject || v.Rule != "spray" {
					continue
				}
				found := ""
				for _, in := range v.Explanation.Inputs {
					if len(in.Name) > 4 && in.Name[:4] == "log_" {
						found = in.Name
					}
				}
				if found != tt.why {
					t.Errorf("the explanation says %q, want %q: %+v", found, tt.why, v.Explanation)
				}
			}
		})
	}
}

// TestUpkeepDoesNotDependOnTheOrder: what comes late, or twice, or over a restart, gives the same history.
func TestUpkeepDoesNotDependOnTheOrder(t *testing.T) {
	start := telemetry.InstantOf(time.Date(2022, 7, 4, 0, 0, 0, 0, location(t, "Asia/Jakarta").Location))
	seeds(t, 12, func(t *testing.T, rng *rand.Rand) {
		r := careRig(t, func(p *Disinfection) {
			p.BeforeOpening, p.AfterClosing, p.Anchor, p.Staff = 2*time.Hour, time.Hour, "people", rng.IntN(3)
			p.Every, p.Occupied, p.AfterPeople = 2*time.Hour, true, 40
			p.Contact, p.Pace, p.Walk, p.Inside, p.Copies = 5*time.Minute, 20*time.Second, time.Minute, 10*time.Minute, true
		})
		d := r.engine.plan.def
		span := 34 * time.Hour
		records := traffic(rng, start, span, 900)
		for i := range records {
			if n := records[i].Entry; n != nil && n.Kind == telemetry.EntryTask {
				n.Author = []string{"siti", "budi"}[rng.IntN(2)]
				if rng.IntN(4) == 0 {
					n.Earliest, n.Phone.Done = records[i].At.Add(-time.Duration(rng.Int64N(int64(5*time.Hour)))), records[i].At
				}
			}
		}
		end := start.Add(span + 3*time.Hour)
		sorted, _ := run(t, d, start, end, records)
		late := delayed(rng, records, 100*time.Minute)
		shuffled, _ := run(t, d, start, end, late)
		if got, want := wholePast(shuffled), wholePast(sorted); got != want {
			t.Errorf("the history depends on the order of arrival:\n%s", firstDifference(got, want))
		}
		e := runRestarting(t, rng, 60, d, start, end, late)
		if got, want := wholePast(e), wholePast(shuffled); got != want {
			t.Errorf("the history depends on restarts:\n%s", firstDifference(got, want))
		}
	})
}
