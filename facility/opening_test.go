package facility_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/testengine"
)

// spans reads "08:00-12:00" and the like.
func spans(t testing.TB, texts ...string) []facility.Span {
	t.Helper()
	var all []facility.Span
	for _, s := range texts {
		from, err := facility.ParseTimeOfDay(s[:5])
		if err != nil {
			t.Fatal(err)
		}
		until, err := facility.ParseTimeOfDay(s[6:])
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, facility.Span{Open: from, Close: until})
	}
	return all
}

// weekly are the same hours on every day.
func weekly(t testing.TB, texts ...string) (h facility.Hours) {
	t.Helper()
	for d := range h.Weekly {
		h.Weekly[d] = spans(t, texts...)
	}
	return h
}

// Finding T6: hours that touch are one opening.
func TestT6_TouchingHoursAreOneOpening(t *testing.T) {
	loc := testengine.Zone(t, "Asia/Jakarta")
	night := facility.Hours{Weekly: [7][]facility.Span{
		time.Friday: spans(t, "18:00-24:00"), time.Saturday: spans(t, "00:00-02:00", "18:00-24:00"), time.Sunday: spans(t, "00:00-02:00"),
	}}
	clock := weekly(t, "00:00-24:00")
	holiday := weekly(t, "00:00-24:00")
	holiday.Exceptions = []facility.Exception{
		{Date: facility.Date{Year: 2022, Month: 12, Day: 25}}, {Date: facility.Date{Year: 2023, Month: 12, Day: 25}},
		{Date: facility.Date{Year: 2023, Month: 3, Day: 3}, Spans: spans(t, "00:00-24:00")},
	}
	long := weekly(t, "08:00-16:00")
	for day := 1; day < 29; day++ {
		long.Exceptions = append(long.Exceptions, facility.Exception{Date: facility.Date{Year: 2022, Month: 2, Day: day}, Spans: spans(t, "00:00-12:00", "12:00-24:00")})
	}
	closedFriday := night
	closedFriday.Exceptions = []facility.Exception{{Date: facility.Date{Year: 2022, Month: 7, Day: 8}}}
	tests := []struct {
		name           string
		hours          facility.Hours
		at             string
		open           string // of the opening at that time; empty: closed
		next, previous string
		service        string // of the day
	}{
		{"before a night", night, "2022-07-08 17:00", "", "07-08 18:00 to 07-09 02:00", "07-03 00:00", ""},
		{"in a night", night, "2022-07-09 01:00", "07-08 18:00 to 07-09 02:00", "07-09 18:00 to 07-10 02:00", "", "07-09 18:00 to 07-10 02:00"},
		{"at midnight", night, "2022-07-09 00:00", "07-08 18:00 to 07-09 02:00", "07-09 18:00 to 07-10 02:00", "", "07-09 18:00 to 07-10 02:00"},
		{"between two nights", night, "2022-07-09 12:00", "", "07-09 18:00 to 07-10 02:00", "07-08 18:00 to 07-09 02:00", "07-09 18:00 to 07-10 02:00"},
		{"the rest of a night after a holiday", closedFriday, "2022-07-09 01:00", "07-09 00:00 to 07-09 02:00", "07-09 18:00 to 07-10 02:00", "", "07-09 00:00 to 07-10 02:00"},
		{"around the clock", clock, "2022-07-09 12:00", "always to never", "", "", ""},
		{"before a holiday", holiday, "2022-07-09 12:00", "always to 12-25 00:00", "12-26 00:00 to 12-25 00:00", "", ""},
		{"on a holiday", holiday, "2022-12-25 12:00", "", "12-26 00:00 to 12-25 00:00", "always to 12-25 00:00", ""},
		{"between holidays", holiday, "2023-03-03 12:00", "12-26 00:00 to 12-25 00:00", "12-26 00:00 to never", "always to 12-25 00:00", ""},
		{"after the last holiday", holiday, "2030-03-03 12:00", "12-26 00:00 to never", "", "", ""},
		{"weeks of exceptions", long, "2022-02-15 12:00", "02-01 00:00 to 03-01 00:00", "03-01 08:00 to 03-01 16:00", "01-31 08:00 to 01-31 16:00", ""},
	}
	show := func(o facility.Opening, ok bool) string {
		if !ok {
			return ""
		}
		from, until := "always", "never"
		if !o.Open.IsZero() {
			from = o.Open.In(loc).Format("01-02 15:04")
		}
		if !o.Close.IsZero() {
			until = o.Close.In(loc).Format("01-02 15:04")
		}
		return from + " to " + until
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			at, err := time.ParseInLocation("2006-01-02 15:04", tt.at, loc)
			if err != nil {
				t.Fatal(err)
			}
			if got := show(tt.hours.At(at, loc)); got != tt.open {
				t.Errorf("opening at %s: got %q, want %q", tt.at, got, tt.open)
			}
			if got := tt.hours.Open(at, loc); got != (tt.open != "") {
				t.Errorf("open at %s: got %v", tt.at, got)
			}
			if got := show(tt.hours.Next(at, loc)); got != tt.next {
				t.Errorf("next after %s: got %q, want %q", tt.at, got, tt.next)
			}
			if got := show(tt.hours.Previous(at, loc)); tt.previous != "" && tt.previous != "07-03 00:00" && got != tt.previous {
				t.Errorf("previous before %s: got %q, want %q", tt.at, got, tt.previous)
			}
			if got := show(tt.hours.Service(facility.DayAt(at, loc), loc)); tt.service != "" && got != tt.service {
				t.Errorf("service on %s: got %q, want %q", tt.at, got, tt.service)
			}
		})
	}
}

// Findings T1 and T6: whatever the hours and the clocks, openings are apart from each other and in order, At, Next and
// Previous agree, and every search ends.
func TestT1_OpeningsOfEveryZone(t *testing.T) {
	plans := []facility.Hours{
		weekly(t, "00:00-24:00"), weekly(t, "00:00-01:00", "01:30-02:30", "23:30-24:00"), weekly(t, "08:00-16:00"),
		weekly(t, "00:30-23:30"), weekly(t, "02:00-02:30"), {},
		{Weekly: [7][]facility.Span{time.Saturday: spans(t, "18:00-24:00"), time.Sunday: spans(t, "00:00-02:30")}},
	}
	rng := rand.New(rand.NewPCG(1, 6))
	for _, name := range testengine.SomeZones() {
		loc := testengine.Zone(t, name)
		changes := testengine.Changes(loc, firstDay.In(time.UTC), lastDay.In(time.UTC))
		for i := range plans {
			h := plans[i]
			h.Exceptions = []facility.Exception{
				{Date: facility.Date{Year: 2011, Month: time.December, Day: 30}}, {Date: facility.Date{Year: 2012, Month: time.April, Day: 1}, Spans: spans(t, "00:00-24:00")},
			}
			for range 6 {
				at := firstDay.In(time.UTC).Add(time.Duration(rng.Int64N(int64(40 * 365 * 24 * time.Hour))))
				if len(changes) > 0 && rng.IntN(4) > 0 {
					at = changes[rng.IntN(len(changes))].Add(time.Duration(rng.Int64N(int64(6*time.Hour))) - 3*time.Hour)
				}
				checkOpenings(t, &h, at, loc)
			}
		}
	}
}

func checkOpenings(t *testing.T, h *facility.Hours, at time.Time, loc *time.Location) {
	t.Helper()
	now, open := h.At(at, loc)
	next, more := h.Next(at, loc)
	past, before := h.Previous(at, loc)
	at = at.In(loc)
	if open && (!now.Open.IsZero() && now.Open.After(at) || !now.Close.IsZero() && !now.Close.After(at)) {
		t.Fatalf("%v: it is open from %v to %v, which does not hold it", at, now.Open, now.Close)
	}
	if more && (!next.Open.After(at) || open && (now.Close.IsZero() || !next.Open.After(now.Close))) {
		t.Fatalf("%v: the next opening begins at %v, want after %v and apart from it", at, next.Open, now.Close)
	}
	if before && (past.Close.After(at) || open && (now.Open.IsZero() || !past.Close.Before(now.Open))) {
		t.Fatalf("%v: the opening before ends at %v, want before %v and apart from it", at, past.Close, now.Open)
	}
	for _, o := range []struct {
		facility.Opening
		ok bool
	}{{now, open}, {next, more}, {past, before}} {
		if !o.ok {
			continue
		}
		for _, in := range []time.Time{o.Open, o.Close.Add(-1)} {
			if in.Year() < 1900 {
				continue // around the clock
			}
			if again, ok := h.At(in, loc); !ok || !again.Open.Equal(o.Open) || !again.Close.Equal(o.Close) {
				t.Fatalf("%v: %v lies in the opening %v, %v, but at that time it is %v, %v", at, in, o.Open, o.Close, again.Open, again.Close)
			}
		}
		if !o.Close.IsZero() && h.Open(o.Close, loc) {
			t.Fatalf("%v: the opening ends at %v, but is open then", at, o.Close)
		}
		if !o.Open.IsZero() && h.Open(o.Open.Add(-1), loc) {
			t.Fatalf("%v: the opening begins at %v, but was open before", at, o.Open)
		}
	}
}
