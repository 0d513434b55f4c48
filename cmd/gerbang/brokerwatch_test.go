package main

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
