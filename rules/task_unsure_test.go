package rules

import (
	"slices"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// unsure enters a task that was done at some time from one to another on 4 July 2022.
func unsure(r *rig, task, from, to string) {
	r.enter("2022-07-04 "+to, telemetry.Entry{
		Kind: telemetry.EntryTask, Subject: task, Value: 1, Author: "siti", Earliest: r.at("2022-07-04 " + from), Phone: telemetry.PhoneClock{Done: 1, Elapsed: -1},
	})
}

// A time that nobody knows keeps a window only if all of its range lies inside, and breaks one only if none of it does: in between it is unknown.
func TestAnUnsureTimeIsThreeValued(t *testing.T) {
	early := func(p *Disinfection) { p.BeforeOpening, p.Every = 2*time.Hour, 0 }
	every := func(p *Disinfection) { p.Every, p.Grace = time.Hour, 0 }
	for _, tc := range []struct {
		name     string
		change   func(*Disinfection)
		from, to string
		at       string
		want     string
	}{
		{"inside the window", early, "06:30:00", "07:10:00", "08:10:00", "within"},
		{"some of it before the window", early, "05:00:00", "07:10:00", "08:10:00", "unknown/unsure"},
		{"all of it before the window", early, "04:00:00", "05:10:00", "08:10:00", "breached/overdue"},
		{"where the agent has to work", func(p *Disinfection) { early(p); p.Contact = time.Minute }, "06:30:00", "07:10:00", "08:10:00", "unknown/unsure"},
		{"long enough ago whenever it was", every, "08:10:00", "08:20:00", "09:30:00", "breached/overdue"},
		{"maybe too long ago", every, "08:10:00", "09:20:00", "09:30:00", "unknown/unsure"},
		{"not too long ago whenever it was", every, "08:50:00", "09:20:00", "09:30:00", "within"},
		{"then too long ago", every, "08:10:00", "09:20:00", "10:21:00", "breached/overdue"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := careRig(t, tc.change)
			unsure(r, "spray", tc.from, tc.to)
			r.tick("2022-07-04 " + tc.at)
			r.wantVerdict("spray", "spray", tc.want)
		})
	}
}

// What was entered on the phone as it was done was not entered too late, though it was sent hours later.
func TestWhatAPhoneKeptIsNotBackdated(t *testing.T) {
	for phone, want := range map[telemetry.Instant]string{0: "breached/overdue", 1: "within"} {
		r := careRig(t, func(p *Disinfection) { p.Every, p.Grace, p.Backdate = 4*time.Hour, 0, time.Hour })
		r.tick("2022-07-04 08:30:00")
		r.apply(telemetry.Record{Kind: telemetry.KindEntry, At: r.at("2022-07-04 10:00:00"), Received: r.at("2022-07-04 12:30:00"),
			Entry: &telemetry.Entry{Kind: telemetry.EntryTask, Subject: "spray", Value: 1, Author: "siti", Phone: telemetry.PhoneClock{Done: phone}}})
		r.wantVerdict("spray", "spray", want)
	}
}

// A checklist of a shift that may have been ticked off in time is not said to be missed, nor kept.
func TestAnUnsureChecklist(t *testing.T) {
	for _, tc := range []struct{ from, to, want string }{
		{"07:40:00", "08:10:00", "within"}, {"06:00:00", "08:10:00", "unknown/unsure"}, {"05:00:00", "06:10:00", "breached/overdue"},
	} {
		d := with(mall(t), Rule{ID: "staff", Kind: "staff", Params: &Staff{Before: 30 * time.Minute, Within: 15 * time.Minute}})
		d.Site.Tasks = append(d.Site.Tasks, facility.Task{ID: "counter", Name: "Counter", Kind: facility.TaskChecklist, Place: facility.Place{Kind: facility.AtZone, ID: "hall"}})
		r := newRig(t, d)
		unsure(r, "counter", tc.from, tc.to)
		r.tick("2022-07-04 08:20:00")
		r.wantVerdict("staff", "counter", tc.want)
	}
}

// What is shown of a thing says, too, since when its last time may have been.
func TestAnUnsureThingIsShownAsSuch(t *testing.T) {
	s := taskState{done: []doneAt{{at: 100, item: "lift"}, {at: 200, item: "pintu", earliest: 150}, {at: 300, item: "lift", earliest: 250}}}
	for at, want := range map[telemetry.Instant][]ItemView{
		220: {{Name: "lift", LastDone: 100}, {Name: "pintu", LastDone: 200, LastSince: 150}},
		300: {{Name: "lift", LastDone: 300, LastSince: 250}, {Name: "pintu", LastDone: 200, LastSince: 150}},
	} {
		if got := s.items([]string{"lift", "pintu"}, at); !slices.Equal(got, want) {
			t.Errorf("at %d: got %+v, want %+v", at, got, want)
		}
	}
}

// A task with things is done when the last of them is, and as old as the one that waits longest; one of nine is not the task.
func TestATaskIsDoneWhenAllItsThingsAre(t *testing.T) {
	things := []string{"lift", "pintu"}
	s := taskState{done: []doneAt{{at: 100, item: "lift"}, {at: 200, item: "pintu", earliest: 150}, {at: 300, item: "lift"}, {at: 400}, {at: 500, item: "pintu"}}}
	for at, want := range map[telemetry.Instant][2]telemetry.Instant{50: {0, 0}, 100: {0, 0}, 200: {100, 0}, 300: {200, 150}, 400: {400, 0}, 500: {400, 0}} {
		if last, since := s.lastDone(things, at); last != want[0] || since != want[1] {
			t.Errorf("at %d: done last at %d, since %d, want %v", at, last, since, want)
		}
	}
	if last, _ := s.lastDone(nil, 100); last != 100 {
		t.Errorf("a task without things: done last at %d, want 100", last)
	}
}
