package app

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/ingest/mqtt"
)

// A broker that delivers nothing, then breaks the connection, then is back and delivers nothing still: at every moment one of the
// two faults says that it is not heard, and what begins is told before what ends.
func TestBrokerWatchLeavesNoGap(t *testing.T) {
	start := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
	steps := []struct {
		second int
		health mqtt.Health
		want   []string
	}{
		{5, mqtt.Health{Connected: true, Since: at(0), Heard: at(5), Connects: 1}, nil},
		{60, mqtt.Health{Connected: true, Since: at(0), Heard: at(6), Connects: 1, Reason: "the canary was not heard"}, []string{"+broker_deaf since 6s"}},
		{70, mqtt.Health{Since: at(69), Heard: at(6), Connects: 1, Reason: "not connected"}, nil},
		{80, mqtt.Health{Since: at(69), Heard: at(6), Connects: 1, Reason: "not connected"}, []string{"+broker_down since 69s", "-broker_deaf"}},
		{90, mqtt.Health{Connected: true, Since: at(89), Heard: at(6), Connects: 2, SessionPresent: true, Reason: "subscribing"}, []string{"+broker_deaf since 6s", "-broker_down"}},
		{95, mqtt.Health{Connected: true, Since: at(89), Heard: at(95), Connects: 2, SessionPresent: true}, []string{"-broker_deaf"}},
		{99, mqtt.Health{Since: at(98), Heard: at(97), Connects: 2, Reason: "not connected"}, nil},
		{101, mqtt.Health{Connected: true, Since: at(100), Heard: at(101), Connects: 3, SessionPresent: true}, nil},
	}
	// Maps are walked in another order each time.
	for range 20 {
		w := brokerWatch{firing: map[alerts.FaultName]bool{}}
		for _, s := range steps {
			var got []string
			for _, f := range w.changes(s.health, at(s.second)) {
				if f.Firing {
					got = append(got, fmt.Sprintf("+%s since %.0fs", f.Name, f.Since.Sub(start).Seconds()))
				} else {
					got = append(got, "-"+string(f.Name))
				}
			}
			if !slices.Equal(got, s.want) {
				t.Fatalf("at %d s: told %v, want %v", s.second, got, s.want)
			}
		}
	}
}

// The rules are told of a connection that is away for a second, long before people are.
func TestConnectionAwayForAMoment(t *testing.T) {
	start := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	at := func(s float64) time.Time { return start.Add(time.Duration(s * float64(time.Second))) }
	var w brokerWatch
	for _, s := range []struct {
		second float64
		health mqtt.Health
		want   string
	}{
		{1, mqtt.Health{Connected: true, Since: at(0)}, ""},
		{2, mqtt.Health{Since: at(1.5)}, ""},
		{3, mqtt.Health{Since: at(1.5)}, "away since 1.5 s"},
		{4, mqtt.Health{Since: at(1.5)}, ""},
		{5, mqtt.Health{Connected: true, Since: at(4.5)}, "there since 4.5 s"},
		{6, mqtt.Health{Connected: true, Since: at(5.5)}, ""},
	} {
		got := ""
		if is, since, changed := w.connection(s.health, at(s.second)); changed {
			got = map[bool]string{true: "there", false: "away"}[is] + fmt.Sprintf(" since %v s", since.Sub(start).Seconds())
		}
		if got != s.want {
			t.Errorf("at %v s: told %q, want %q", s.second, got, s.want)
		}
	}
}
