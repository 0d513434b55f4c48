package rules

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
	"github.com/gerbang-iot/gerbang/testengine"
)

// What a thermometer's judge remembers changes no answer: a judge that is asked again and again says at every time what a fresh
// one says, whatever comes late.
func TestRememberedDoubtsChangeNoAnswer(t *testing.T) {
	seed := testengine.Seed(t)
	rng := rand.New(rand.NewPCG(seed, 1))
	params := &Temperature{Above: 37.3, Operator: ">", PlausibleMin: 30, PlausibleMax: 43, UseError: true, Case: 5 * time.Minute}
	fresh := func(d *deviceState) *temperatureJudge { return &temperatureJudge{params: params, device: d, err: 0.3} }
	for range 50 {
		d := &deviceState{}
		d.whole = d
		s := &series{device: d, quantity: telemetry.BodyTemperature, keep: []kept{{quantity: telemetry.BodyTemperature, class: func(v, _ float64) uint64 { return fresh(d).class(v) }}}}
		d.kept = []*series{s}
		old := fresh(d)
		now := telemetry.InstantOf(time.Date(2022, 7, 4, 8, 0, 0, 0, time.UTC))
		for range 400 {
			var at telemetry.Instant
			if rng.IntN(5) == 0 {
				at = now.Add(-time.Duration(rng.IntN(900)) * time.Second)
			} else {
				now = now.Add(time.Duration(rng.IntN(120)) * time.Second)
				at = now
			}
			s.record(at, 36+rng.Float64()*2, now, 3*time.Minute)
			for _, ask := range []telemetry.Instant{now, now.Add(-time.Duration(rng.IntN(1200)) * time.Second), now.Add(time.Duration(rng.IntN(600)) * time.Second)} {
				_, i, _ := s.at(ask)
				got, gotEnd := old.doubtful(s, i, ask)
				want, wantEnd := fresh(d).doubtful(s, i, ask)
				if (got == nil) != (want == nil) || gotEnd != wantEnd || got != nil && got.v.v != want.v.v {
					t.Fatalf("at %v: got %v until %v, want %v until %v", ask, got, gotEnd, want, wantEnd)
				}
			}
		}
	}
}

// BenchmarkFloodOfTemperatures measures a body temperature of one device that sends a thousand a second.
func BenchmarkFloodOfTemperatures(b *testing.B) {
	r := newRig(b, with(mall(b), feverRule(nil)))
	at := r.at("2022-07-04 09:00:00")
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		at = at.Add(time.Millisecond)
		r.apply(reading("thermo", at, at, body, 36.5))
		r.out.Reset()
	}
}
