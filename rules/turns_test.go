package rules

import (
	"fmt"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// No test of the package makes a judge name a time that is not later than the one it was asked about.
func init() {
	backwards = func(i *instance, t, until telemetry.Instant) {
		panic(fmt.Sprintf("rule %q on %s, asked about %d, wants to be asked again at %d", i.rule, i.subject, t, until))
	}
}

// A window that is no whole number of minutes ends behind the minute that is over, never before it.
func TestTurnsLieBehindTheLast(t *testing.T) {
	for _, window := range []time.Duration{time.Minute, 90 * time.Second, time.Hour + time.Second, time.Hour - time.Millisecond} {
		for step := range 400 {
			t0 := telemetry.Instant(1e18 + int64(step)*7_777_777_777)
			now := minuteOf(t0)
			for at := now.Add(-window); at < now+telemetry.Instant(time.Minute); at += telemetry.Instant(13 * time.Second) {
				turn := leaves(at, now, window)
				if at >= now != (turn == telemetry.Never) || turn <= t0 {
					t.Fatalf("what lies %v before a minute leaves a window of %v at %v of it", now.Sub(at), window, turn.Sub(now))
				}
				if turn == telemetry.Never {
					continue
				}
				in := func(m telemetry.Instant) bool { return at >= m.Add(-window) && at < m }
				if !in(turn.Add(-time.Minute)) || in(turn) {
					t.Fatalf("what lies %v before a minute is said to leave a window of %v at %v of it", now.Sub(at), window, turn.Sub(now))
				}
			}
		}
	}
}

// A rule whose first subject shows itself by a reading is judged from when the rule was put in force, and not from 1970.
func TestFirstSubjectIsJudgedFromTheRuleOn(t *testing.T) {
	d := mall(t)
	p, _ := NewParams("temperature")
	d.Protocols[0].Rules = []Rule{{ID: "fever", Kind: "temperature", Params: p}}
	r := newRig(t, d)
	r.tick("2022-07-06 00:00:01") // midnights, at which the rules are put in force again
	judged := func() {
		t.Helper()
		if n := len(r.engine.instances); n != 1 {
			t.Fatalf("%d instances, want one", n)
		}
		if from := r.engine.instances[0].eras[0].from; from != r.at("2022-07-04 00:00:00") {
			t.Errorf("judged from %s on, want from when the rule was configured", from.In(r.loc))
		}
		for _, x := range r.out.Transitions {
			if x.At < r.at("2022-07-04 00:00:00") {
				t.Errorf("a transition at %s", x.At.In(r.loc))
			}
		}
	}
	b, err := r.engine.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	r.read("thermo", "2022-07-06 09:00:00", telemetry.BodyTemperature, 36.5)
	judged()
	other := &rig{t: t, engine: New("mpp"), seq: r.seq, loc: r.loc}
	if err := other.engine.Restore(b); err != nil {
		t.Fatal(err)
	}
	r = other
	r.tick("2022-07-07 00:00:01")
	r.read("thermo", "2022-07-07 09:00:00", telemetry.BodyTemperature, 36.5)
	judged()
}
