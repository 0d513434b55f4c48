package facility_test

import (
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/testengine"
)

var (
	firstDay = facility.Date{Year: 2000, Month: time.January, Day: 1}
	lastDay  = facility.Date{Year: 2041, Month: time.January, Day: 1}
)

// Finding T1: in every zone and on every date from 2000 to 2040 a day begins at the first instant that shows its date, and
// what comes next is later.
func TestT1_DaysOfEveryZone(t *testing.T) {
	for _, name := range testengine.SomeZones() {
		loc := testengine.Zone(t, name)
		begin := firstDay.In(loc)
		for d := firstDay; d.Before(lastDay); d = d.AddDays(1) {
			end := d.AddDays(1).In(loc)
			if end.Before(begin) {
				t.Fatalf("%s %v: it ends at %v, before it begins at %v", name, d, end, begin)
			}
			if shown := facility.DateOf(begin); d.Exists(loc) && shown != d {
				t.Fatalf("%s %v: it begins at %v, which is another date", name, d, begin)
			}
			if before := facility.DateOf(begin.Add(-1)); !before.Before(d) {
				t.Fatalf("%s %v: an instant before its begin %v shows %v", name, d, begin, before)
			}
			for _, at := range []time.Time{begin, end.Add(-1)} {
				if !d.Exists(loc) {
					continue
				}
				if got := facility.DayAt(at, loc); got != d {
					t.Fatalf("%s: the day at %v is %v, want %v", name, at, got, d)
				}
				if next := facility.NextDay(at, loc); !next.Equal(end) {
					t.Fatalf("%s: the day after %v begins at %v, want %v", name, at, next, end)
				}
			}
			begin = end
		}
	}
}

// Finding T1: around every change of the clocks of every zone, wall-clock times are the first instant that shows them, or the
// end of the gap, and never go back.
func TestT1_TimesAroundEveryChange(t *testing.T) {
	from, until := firstDay.In(time.UTC), lastDay.In(time.UTC)
	changes := 0
	for _, name := range testengine.SomeZones() {
		loc := testengine.Zone(t, name)
		for _, change := range testengine.Changes(loc, from, until) {
			changes++
			was := time.Time{}
			for d := facility.DateOf(change).AddDays(-2); d.Before(facility.DateOf(change).AddDays(3)); d = d.AddDays(1) {
				for m := 0; m <= 24*60; m += 15 {
					tod := facility.TimeOfDay(time.Duration(m) * time.Minute)
					got := tod.On(d, loc)
					if got.Before(was) {
						t.Fatalf("%s %v %v: got %v, before the time before it, %v", name, d, tod, got, was)
					}
					was = got
					want := time.Date(d.Year, d.Month, d.Day, m/60, m%60, 0, 0, time.UTC)
					if shown := wall(got); shown.Before(want) {
						t.Fatalf("%s %v %v: got %v, which is earlier on the clock", name, d, tod, got)
					} else if shown.After(want) && !got.Equal(change) {
						t.Fatalf("%s %v %v: got %v, want this very time or the change at %v", name, d, tod, got, change)
					}
					if before := wall(got.Add(-1)); !before.Before(want) {
						t.Fatalf("%s %v %v: got %v, but the clock shows it earlier", name, d, tod, got)
					}
				}
			}
		}
	}
	if changes < 10_000 && !testengine.Racing {
		t.Errorf("looked at %d changes, want those of all zones", changes)
	}
}

// wall is what a clock shows, as if it were UTC.
func wall(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

func TestDaysThatAreNotLikeOthers(t *testing.T) {
	tests := []struct{ zone, date, begins, ends string }{
		{"America/Santiago", "2024-09-08", "2024-09-08T01:00:00-03:00", "2024-09-09T00:00:00-03:00"}, // no midnight
		{"America/Santiago", "2024-04-06", "2024-04-06T00:00:00-03:00", "2024-04-07T00:00:00-04:00"}, // 25 hours
		{"America/Havana", "2024-03-10", "2024-03-10T01:00:00-04:00", "2024-03-11T00:00:00-04:00"},
		{"America/Havana", "2024-11-03", "2024-11-03T00:00:00-04:00", "2024-11-04T00:00:00-05:00"}, // two midnights
		{"Pacific/Apia", "2011-12-29", "2011-12-29T00:00:00-10:00", "2011-12-31T00:00:00+14:00"},
		{"Pacific/Apia", "2011-12-30", "2011-12-31T00:00:00+14:00", "2011-12-31T00:00:00+14:00"}, // no such day
		{"America/St_Johns", "2010-11-07", "2010-11-07T00:00:00-02:30", "2010-11-08T00:00:00-03:30"},
		{"America/St_Johns", "2010-11-06", "2010-11-06T00:00:00-02:30", "2010-11-07T00:00:00-02:30"},
		{"Asia/Beirut", "2024-03-31", "2024-03-31T01:00:00+03:00", "2024-04-01T00:00:00+03:00"},
		{"Africa/Cairo", "2024-04-26", "2024-04-26T01:00:00+03:00", "2024-04-27T00:00:00+03:00"},
		{"Europe/Berlin", "2024-03-31", "2024-03-31T00:00:00+01:00", "2024-04-01T00:00:00+02:00"},
	}
	for _, tt := range tests {
		loc := testengine.Zone(t, tt.zone)
		d, err := facility.ParseDate(tt.date)
		if err != nil {
			t.Fatal(err)
		}
		if got := d.In(loc).Format(time.RFC3339); got != tt.begins {
			t.Errorf("%s %s: begins %s, want %s", tt.zone, tt.date, got, tt.begins)
		}
		if got := d.AddDays(1).In(loc).Format(time.RFC3339); got != tt.ends {
			t.Errorf("%s %s: ends %s, want %s", tt.zone, tt.date, got, tt.ends)
		}
	}
}

func BenchmarkDateIn(b *testing.B) {
	loc := testengine.Zone(b, "Europe/Berlin")
	d := facility.Date{Year: 2024, Month: time.July, Day: 5}
	for b.Loop() {
		d.In(loc)
	}
}
