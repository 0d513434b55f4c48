package rules

import (
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// A building that is open at the hour of its reset, by an exception, was not found empty.
func TestNoResetWhileOpen(t *testing.T) {
	loc, err := facility.LoadLocation("Asia/Jakarta")
	if err != nil {
		t.Fatal(err)
	}
	three := facility.TimeOfDay(3 * time.Hour)
	site := facility.Site{ID: "mall", Location: loc, Reset: &three}
	for i := range site.Hours.Weekly {
		site.Hours.Weekly[i] = []facility.Span{{Open: facility.TimeOfDay(8 * time.Hour), Close: facility.TimeOfDay(15 * time.Hour)}}
	}
	site.Hours.Exceptions = []facility.Exception{{
		Date: facility.Date{Year: 2026, Month: 3, Day: 3}, Spans: []facility.Span{{Open: 0, Close: facility.TimeOfDay(24 * time.Hour)}}, Reason: "night",
	}}
	p := &plan{def: &Definition{Site: site}, loc: loc.Location}
	got := p.nextReset(telemetry.InstantOf(time.Date(2026, 3, 2, 12, 0, 0, 0, loc.Location)))
	if want := telemetry.InstantOf(time.Date(2026, 3, 4, 3, 0, 0, 0, loc.Location)); got != want {
		t.Errorf("next reset %v, want %v", got, want)
	}
}
