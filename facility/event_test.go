package facility

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata"
)

// TestRepeats: the days of repetitions as RFC 5545 gives them in its examples, and at the edges of months and years.
func TestRepeats(t *testing.T) {
	weekly := func(days ...time.Weekday) (all []NthWeekday) {
		for _, d := range days {
			all = append(all, NthWeekday{Day: d})
		}
		return all
	}
	for _, tc := range []struct {
		name, from string
		repeat     Repeat
		until      string
		want       string
	}{
		{"every Christmas", "2024-12-25", Repeat{Every: Yearly}, "2027-01-01", "2024-12-25 2025-12-25 2026-12-25"},
		{"29 February", "2020-02-29", Repeat{Every: Yearly}, "2029-01-01", "2020-02-29 2024-02-29 2028-02-29"},
		{"every second day", "1997-09-02", Repeat{Every: Daily, Interval: 2}, "1997-09-09", "1997-09-02 1997-09-04 1997-09-06 1997-09-08"},
		{"every second week on Monday and Sunday", "1997-09-01", Repeat{Every: Weekly, Interval: 2, Weekdays: weekly(time.Monday, time.Sunday)}, "1997-09-30", "1997-09-01 1997-09-07 1997-09-15 1997-09-21 1997-09-29"},
		{"first Friday of the month", "1997-09-05", Repeat{Every: Monthly, Weekdays: []NthWeekday{{time.Friday, 1}}}, "1997-12-31", "1997-09-05 1997-10-03 1997-11-07 1997-12-05"},
		{"Monday before the last", "1997-09-22", Repeat{Every: Monthly, Weekdays: []NthWeekday{{time.Monday, -2}}}, "1997-12-31", "1997-09-22 1997-10-20 1997-11-17 1997-12-22"},
		{"third from the month's end", "1997-09-28", Repeat{Every: Monthly, MonthDays: []int{-3}}, "1998-02-28", "1997-09-28 1997-10-29 1997-11-28 1997-12-29 1998-01-29 1998-02-26"},
		{"31st, where there is one", "2025-01-31", Repeat{Every: Monthly}, "2025-06-30", "2025-01-31 2025-03-31 2025-05-31"},
		{"Friday the 13th", "1997-09-02", Repeat{Every: Monthly, MonthDays: []int{13}, Weekdays: weekly(time.Friday)}, "1998-12-31", "1998-02-13 1998-03-13 1998-11-13"},
		{"20th Monday of the year", "1997-05-19", Repeat{Every: Yearly, Weekdays: []NthWeekday{{time.Monday, 20}}}, "1999-12-31", "1997-05-19 1998-05-18 1999-05-17"},
		{"first Sunday of November", "1997-11-02", Repeat{Every: Yearly, Months: []time.Month{11}, Weekdays: []NthWeekday{{time.Sunday, 1}}}, "1999-12-31", "1997-11-02 1998-11-01 1999-11-07"},
		{"ends", "2026-01-01", Repeat{Every: Daily, Until: Date{2026, 1, 3}}, "2026-02-01", "2026-01-01 2026-01-02 2026-01-03"},
	} {
		e := Event{From: mustDate(t, tc.from), Days: 1, Repeat: &tc.repeat}
		var got []string
		for d := e.From.AddDays(-400); d.Before(mustDate(t, tc.until)); d = d.AddDays(1) {
			if e.On(d) {
				got = append(got, d.String())
			}
		}
		if s := strings.Join(got, " "); s != tc.want {
			t.Errorf("%s: got %s, want %s", tc.name, s, tc.want)
		}
	}
}

func mustDate(t testing.TB, s string) Date {
	t.Helper()
	d, err := ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestCalendarsAndHours: a holiday closes, or shortens; an exception of the site comes before it; an event of some hours is cut out,
// also by a clock in another zone and over midnight; a night that begins before a holiday ends with the day.
func TestCalendarsAndHours(t *testing.T) {
	makassar, err := time.LoadLocation("Asia/Makassar")
	if err != nil {
		t.Fatal(err)
	}
	tod := func(h, m int) TimeOfDay {
		return TimeOfDay(time.Duration(h)*time.Hour + time.Duration(m)*time.Minute)
	}
	day := func(s string) Event { return Event{Name: s, From: mustDate(t, s), Days: 1} }
	h := Hours{
		Exceptions: []Exception{{Date: Date{2026, 8, 19}, Spans: []Span{{tod(9, 0), tod(10, 0)}}, Reason: "own"}},
		Calendars: []Calendar{
			{ID: "closed", Events: []Event{day("2026-08-17"), day("2026-08-19"), {Name: "three", From: Date{2026, 9, 1}, Days: 3}}},
			{ID: "short", Spans: []Span{{tod(8, 0), tod(12, 0)}}, Events: []Event{day("2026-08-17"), day("2026-08-18")}},
			{ID: "hours", Events: []Event{
				{Name: "meeting", From: Date{2026, 8, 21}, At: tod(9, 0), Lasts: 2 * time.Hour, Location: Location{mustZone(t, "Asia/Jakarta")}},
				{Name: "night", From: Date{2026, 8, 23}, At: tod(22, 0), Lasts: 12 * time.Hour, Repeat: &Repeat{Every: Weekly}, Except: []Date{{2026, 8, 30}}},
			}},
		},
	}
	for i := range h.Weekly {
		h.Weekly[i] = []Span{{tod(8, 0), tod(16, 0)}}
	}
	for _, tc := range []struct{ day, want, reason string }{
		{"2026-08-16", "08:00-16:00", ""}, {"2026-08-17", "", "2026-08-17"}, {"2026-08-18", "08:00-12:00", "2026-08-18"}, {"2026-08-19", "09:00-10:00", "own"},
		{"2026-08-21", "08:00-10:00 12:00-16:00", "meeting"}, {"2026-08-24", "10:00-16:00", ""}, {"2026-08-31", "08:00-16:00", ""},
		{"2026-09-01", "", "three"}, {"2026-09-03", "", "three"}, {"2026-09-04", "08:00-16:00", ""},
	} {
		var got []string
		for _, o := range h.Day(mustDate(t, tc.day), makassar) {
			got = append(got, o.Open.In(makassar).Format("15:04")+"-"+o.Close.In(makassar).Format("15:04"))
		}
		if s := strings.Join(got, " "); s != tc.want || h.Reason(mustDate(t, tc.day)) != tc.reason {
			t.Errorf("%s: got %q because of %q, want %q because of %q", tc.day, s, h.Reason(mustDate(t, tc.day)), tc.want, tc.reason)
		}
	}
	if next, ok := h.Next(time.Date(2026, 8, 31, 20, 0, 0, 0, makassar), makassar); !ok || !next.Open.Equal(time.Date(2026, 9, 4, 8, 0, 0, 0, makassar)) {
		t.Errorf("after three holidays: got %v, %v", next, ok)
	}
}

func mustZone(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// TestOpeningsAroundTheClockWithCalendars: a site that never closes does on Christmas, and its opening reaches from one to the next. A
// closing of an hour lasts an hour, also where clocks skip its begin or show it twice.
func TestOpeningsAroundTheClockWithCalendars(t *testing.T) {
	berlin := mustZone(t, "Europe/Berlin")
	always := []Span{{0, TimeOfDay(24 * time.Hour)}}
	h := Hours{Calendars: []Calendar{{ID: "x", Events: []Event{{From: Date{4, 12, 25}, Days: 1, Repeat: &Repeat{Every: Yearly}}}}}}
	for i := range h.Weekly {
		h.Weekly[i] = always
	}
	o, ok := h.At(time.Date(2026, 6, 1, 12, 0, 0, 0, berlin), berlin)
	if want := (Opening{time.Date(2025, 12, 26, 0, 0, 0, 0, berlin), time.Date(2026, 12, 25, 0, 0, 0, 0, berlin)}); !ok || !o.Open.Equal(want.Open) || !o.Close.Equal(want.Close) {
		t.Errorf("got %v, want %v", o, want)
	}
	h.Calendars[0].Events = []Event{{From: Date{2026, 1, 1}, At: TimeOfDay(2 * time.Hour), Lasts: time.Hour, Repeat: &Repeat{Every: Daily}}}
	closed := func(d Date) (sum time.Duration) {
		sum = d.AddDays(1).In(berlin).Sub(d.In(berlin))
		for _, o := range h.Day(d, berlin) {
			sum -= o.Close.Sub(o.Open)
		}
		return sum
	}
	for d, want := range map[Date]time.Duration{{2026, 3, 28}: time.Hour, {2026, 3, 29}: time.Hour, {2026, 10, 25}: time.Hour} {
		if got := closed(d); got != want {
			t.Errorf("%v: closed for %v, want %v", d, got, want)
		}
	}
}
