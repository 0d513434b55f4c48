package rules

import (
	"testing"
	"time"
)

// Finding R8: For, KeepFiring and hysteresis shape what is asked of people; the verdict is the truth of its moment.
func TestR8VerdictIsTheTruthOfItsMoment(t *testing.T) {
	rule := capacityRule(func(p *Capacity) { p.Hysteresis = 5 })
	rule.For, rule.KeepFiring = 2*time.Minute, 5*time.Minute
	r := newRig(t, exact(with(mall(t), rule)))
	r.read("c-main", "2022-07-04 09:00:00", in, 49)
	r.wantPhase("capacity", "hall", Quiet)
	r.read("c-main", "2022-07-04 09:01:00", in, 5)
	r.wantVerdict("capacity", "hall", "breached") // 54 of 50 from this moment on
	r.wantPhase("capacity", "hall", Pending)
	r.tick("2022-07-04 09:02:59")
	r.wantPhase("capacity", "hall", Pending)
	if got, want := r.engine.Due(), r.at("2022-07-04 09:03:00"); got != want {
		t.Errorf("due: got %v, want %v", got, want)
	}
	r.tick("2022-07-04 09:03:00")
	r.wantPhase("capacity", "hall", Firing)
	r.read("c-main", "2022-07-04 09:10:00", out, 6)
	r.wantVerdict("capacity", "hall", "within") // 48: within, and inside the hysteresis
	r.tick("2022-07-04 09:30:00")
	r.wantPhase("capacity", "hall", Firing)
	r.read("c-main", "2022-07-04 09:31:00", out, 48)
	r.wantVerdict("capacity", "hall", "within") // an empty room is never breached
	r.tick("2022-07-04 09:35:59")
	r.wantPhase("capacity", "hall", Firing)
	r.tick("2022-07-04 09:36:00")
	r.wantPhase("capacity", "hall", Quiet)
	r.wantAlarms("09:03:00 capacity zone/hall firing", "09:36:00 capacity zone/hall quiet")
	r.wantTransitions(
		"09:00:00 capacity zone/hall unknown>within",
		"09:01:00 capacity zone/hall within>breached",
		"09:10:00 capacity zone/hall breached>within",
	)
}

// A breach that ends before For is over asks nobody, and stands in the history all the same.
func TestR8AShortBreachIsHistoryAndNoAlarm(t *testing.T) {
	rule := capacityRule(nil)
	rule.For = 2 * time.Minute
	r := newRig(t, exact(with(mall(t), rule)))
	r.read("c-main", "2022-07-04 09:00:00", in, 51)
	r.read("c-main", "2022-07-04 09:01:30", out, 2)
	r.tick("2022-07-04 09:10:00")
	r.wantAlarms()
	r.wantTransitions("09:00:00 capacity zone/hall unknown>breached", "09:01:30 capacity zone/hall breached>within")
}

// An interval that contains the limit while the alarm waits to end begins KeepFiring anew and is a doubt, not an end.
func TestR8DoubtNeitherEndsNorConfirms(t *testing.T) {
	a := alarm{phase: Firing, since: 1}
	keep := &Rule{KeepFiring: 10}
	a, due := a.step(5, Void, keep)
	if a.phase != Firing || due != 15 {
		t.Fatalf("clear at 5: got %v until %v, want firing until 15", a.phase, due)
	}
	if a, _ = a.step(9, Doubtful, keep); a.phase != Firing || !a.doubt || a.clear != 0 {
		t.Fatalf("doubt at 9: got %+v, want firing in doubt, KeepFiring begun anew", a)
	}
	if a, due = a.step(12, Void, keep); a.phase != Firing || due != 22 || a.doubt {
		t.Fatalf("clear again at 12: got %+v until %v, want firing until 22 without doubt", a, due)
	}
	if a, _ = a.step(22, Void, keep); a.phase != Quiet {
		t.Fatalf("at 22: got %v, want quiet", a.phase)
	}
	p, _ := alarm{}.step(1, Wanted, &Rule{For: 10})
	if p, _ = p.step(5, Doubtful, &Rule{For: 10}); p.phase != Pending {
		t.Fatalf("doubt while pending: got %v, want pending", p.phase)
	}
	if p, _ = p.step(12, Doubtful, &Rule{For: 10}); p.phase != Pending {
		t.Fatalf("doubt after For: got %v, want pending: a doubt opens nothing", p.phase)
	}
	if p, _ = p.step(13, Wanted, &Rule{For: 10}); p.phase != Firing {
		t.Fatalf("wanted again after For: got %v, want firing", p.phase)
	}
}

// Finding R9: period counts that are hours old arrive in a burst, those who came before those who left. The room is full for
// some seconds of the burst and never was in truth: nobody is called.
func TestR9LateCountsOpenNoLiveAlarm(t *testing.T) {
	r := newRig(t, exact(with(mall(t), capacityRule(nil))))
	r.read("c-back", "2022-07-04 08:00:00", in, 0)
	r.read("c-main", "2022-07-04 12:00:00", in, 1)
	r.out.Reset()
	for i, step := range []struct {
		at     string
		in, no int
	}{{"08:10:00", 30, 0}, {"08:20:00", 30, 0}, {"08:30:00", 30, 0}, {"08:15:00", 0, 29}, {"08:25:00", 0, 30}, {"08:35:00", 0, 30}} {
		r.late("c-main", "2022-07-04 "+step.at, "2022-07-04 12:00:0"+string(rune('1'+i)), in, step.in, out, step.no)
	}
	r.tick("2022-07-04 13:00:00")
	r.wantVerdict("capacity", "hall", "within")
	r.wantAlarms()
}

// What late data make of the present is told when it has stood for the lateness bound: a counter that was cut off and
// catches up may show that a room is full.
func TestR9WhatStandsAfterLateDataIsTold(t *testing.T) {
	r := newRig(t, exact(with(mall(t), capacityRule(nil))))
	r.read("c-main", "2022-07-04 12:00:00", in, 1)
	r.out.Reset()
	r.late("c-main", "2022-07-04 11:00:00", "2022-07-04 12:00:01", in, 60)
	r.wantVerdict("capacity", "hall", "breached")
	r.wantPhase("capacity", "hall", Pending)
	r.wantAlarms()
	r.tick("2022-07-04 12:02:01")
	r.wantPhase("capacity", "hall", Firing)
	r.wantAlarms("12:02:01 capacity zone/hall firing")
}

// A device whose clock is always behind sends nothing but late data, and its alarm is heard all the same.
func TestR9AlwaysLateIsHeard(t *testing.T) {
	r := newRig(t, exact(with(mall(t), capacityRule(nil))))
	r.late("c-main", "2022-07-04 11:50:00", "2022-07-04 12:00:00", in, 60)
	for at := r.at("2022-07-04 12:00:30"); at < r.at("2022-07-04 12:20:00"); at = at.Add(30 * time.Second) {
		r.apply(reading("c-main", at.Add(-10*time.Minute), at, in, 1, out, 1))
	}
	r.wantAlarms("12:10:00 capacity zone/hall firing")
}

// A record that is only a little out of order, within the lateness bound, rings as if it had come in order.
func TestR9OutOfOrderWithinTheBoundIsLive(t *testing.T) {
	r := newRig(t, exact(with(mall(t), capacityRule(nil))))
	r.read("c-back", "2022-07-04 12:00:30", in, 0)
	r.out.Reset()
	r.late("c-main", "2022-07-04 12:00:00", "2022-07-04 12:00:31", in, 60)
	r.wantAlarms("12:00:00 capacity zone/hall firing")
}
