package facility_test

import (
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/testengine"
)

// Around every change of the clocks of every zone a written time without a zone is the first instant that shows it
// or a later one, as times of the configuration are, and again is the second one that shows it.
func TestWrittenTimesAroundEveryChange(t *testing.T) {
	from, until := firstDay.In(time.UTC), lastDay.In(time.UTC)
	twice := 0
	for _, name := range testengine.SomeZones() {
		loc := testengine.Zone(t, name)
		for _, change := range testengine.Changes(loc, from, until) {
			for d := facility.DateOf(change).AddDays(-1); d.Before(facility.DateOf(change).AddDays(2)); d = d.AddDays(1) {
				for m := 0; m < 24*60; m += 15 {
					tod := facility.TimeOfDay(time.Duration(m) * time.Minute)
					text := time.Date(d.Year, d.Month, d.Day, m/60, m%60, 0, 0, time.UTC).Format("2006-01-02 15:04")
					first, again, err := facility.ParseTime("2006-01-02 15:04", text, loc)
					if want := tod.On(d, loc); err != nil || !first.Equal(want) {
						t.Fatalf("%s %s: got %v (%v), want %v", name, text, first, err, want)
					}
					if again.IsZero() {
						// As far as an hour goes, the one that most zones change by.
						if later := first.Add(time.Hour); wall(later).Equal(wall(first)) {
							t.Fatalf("%s %s: it comes again at %v", name, text, later)
						}
						continue
					}
					twice++
					if !again.After(first) || !wall(again).Equal(wall(first)) {
						t.Fatalf("%s %s: got %v again after %v, want a later one that shows the same", name, text, again, first)
					}
				}
			}
		}
	}
	if twice < 10_000 && !testengine.Racing {
		t.Errorf("looked at %d times that come twice, want those of all zones", twice)
	}
}

func TestWrittenTimes(t *testing.T) {
	for _, tt := range []struct{ zone, layout, text, first, again string }{
		{"Pacific/Auckland", "2006-01-02T15:04", "2026-04-05T02:30", "2026-04-04T13:30:00Z", "2026-04-04T14:30:00Z"},
		{"Australia/Lord_Howe", "2006-01-02T15:04", "2026-04-05T01:45", "2026-04-04T14:45:00Z", "2026-04-04T15:15:00Z"},
		{"Africa/Cairo", "2006-01-02T15:04", "2026-10-29T23:30", "2026-10-29T20:30:00Z", "2026-10-29T21:30:00Z"},
		{"America/New_York", "2006-01-02T15:04", "2026-11-01T01:30", "2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z"},
		{"America/New_York", "2006-01-02T15:04:05", "2026-11-01T01:30:00.25", "2026-11-01T05:30:00.25Z", "2026-11-01T06:30:00.25Z"},
		{"America/New_York", "2006-01-02T15:04:05", "2026-03-08T02:30:00.25", "2026-03-08T07:00:00Z", ""},
		{"Pacific/Auckland", "2006-01-02T15:04", "2026-09-27T02:30", "2026-09-26T14:00:00Z", ""},
		{"Asia/Jakarta", "2006-01-02T15:04", "2026-09-27T02:30", "2026-09-26T19:30:00Z", ""},
		{"Pacific/Auckland", "2006-01-02T15:04Z07:00", "2026-04-05T02:30+12:00", "2026-04-04T14:30:00Z", ""},
		{"Pacific/Auckland", "2006-01-02T15:04 MST", "2026-04-05T02:30 NZST", "2026-04-04T14:30:00Z", ""},
	} {
		first, again, err := facility.ParseTime(tt.layout, tt.text, testengine.Zone(t, tt.zone))
		got := ""
		if !again.IsZero() {
			got = again.UTC().Format(time.RFC3339Nano)
		}
		if first := first.UTC().Format(time.RFC3339Nano); err != nil || first != tt.first || got != tt.again {
			t.Errorf("%s %s: got %s and %q (%v), want %s and %q", tt.zone, tt.text, first, got, err, tt.first, tt.again)
		}
	}
}
