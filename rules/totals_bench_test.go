package rules

import (
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// BenchmarkApplyTotals measures a message with running totals of both directions at one door, a minute after the last; with
// a reset now and then, and in a backlog that comes hours late.
func BenchmarkApplyTotals(b *testing.B) {
	for _, late := range []time.Duration{0, 5 * time.Hour} {
		b.Run("late="+late.String(), func(b *testing.B) {
			d := exact(with(mall(b), capacityRule(nil)))
			start := telemetry.InstantOf(time.Date(2022, 7, 4, 0, 0, 0, 0, d.Site.Location.Location))
			e, out := New("mpp"), &Output{}
			cfg := configRecord(b, d, start)
			if err := e.Apply(&cfg, out); err != nil {
				b.Fatal(err)
			}
			rec := reading("c-main", start, start, telemetry.PeopleInTotal, 0, telemetry.PeopleOutTotal, 0)
			rec.Site = "mpp"
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				rec.Seq++
				rec.At = start.Add(time.Duration(i) * time.Minute)
				rec.Received = rec.At
				if late > 0 && i%2 == 1 { // every other one comes late
					rec.At = rec.At.Add(-late - 30*time.Second)
					rec.Observation.Readings[0].Value = float64((i-301)%5000/2 + 1)
				} else {
					rec.Observation.Readings[0].Value = float64(i % 5000 / 2)
				}
				rec.Observation.Readings[1].Value = float64(i / 3)
				out.Reset()
				if err := e.Apply(&rec, out); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
