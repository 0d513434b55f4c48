package ics

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/gerbang-iot/gerbang/facility"
)

func calendar(lines ...string) []byte {
	return []byte("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n" + strings.Join(lines, "\r\n") + "\r\nEND:VCALENDAR\r\n")
}

func vevent(lines ...string) []byte {
	return calendar("BEGIN:VEVENT\r\nUID:a\r\n" + strings.Join(lines, "\r\n") + "\r\nEND:VEVENT")
}

// days lists the days of a span on which any of the events lies.
func days(events []facility.Event, from, until facility.Date) string {
	var all []string
	for d := from; d.Before(until); d = d.AddDays(1) {
		for i := range events {
			e := &events[i]
			if e.On(d) {
				all = append(all, d.String())
			}
			for _, o := range e.Times(d, time.UTC) {
				if e.Days == 0 && facility.DateOf(o.Open.UTC()) == d {
					all = append(all, o.Open.UTC().Format("2006-01-02T15:04")+"+"+o.Close.Sub(o.Open).String())
				}
			}
		}
	}
	return strings.Join(all, " ")
}

// TestRead: days, times, zones, repetitions, what is left out and what was moved.
func TestRead(t *testing.T) {
	for _, tc := range []struct {
		name  string
		lines []string
		want  string
	}{
		{"a day", []string{"DTSTART;VALUE=DATE:20260817", "SUMMARY:Hari Kemerdekaan"}, "2026-08-17"},
		{"three days, folded", []string{"DTSTART;VALUE=DA", " TE:20260817", "DTEND;VALUE=DATE:20260820"}, "2026-08-17 2026-08-18 2026-08-19"},
		{"a duration", []string{"DTSTART:20260817", "DURATION:P2D"}, "2026-08-17 2026-08-18"},
		{"a time", []string{"DTSTART:20260817T080000Z", "DTEND:20260817T093000Z"}, "2026-08-17T08:00+1h30m0s"},
		{"a time of a zone", []string{`DTSTART;TZID="Asia/Jakarta":20260817T080000`, "DURATION:PT2H"}, "2026-08-17T01:00+2h0m0s"},
		{"every Monday, three times", []string{"DTSTART:20260803", "RRULE:FREQ=WEEKLY;COUNT=3"}, "2026-08-03 2026-08-10 2026-08-17"},
		{"with an exception", []string{"DTSTART:20260803", "RRULE:FREQ=WEEKLY;UNTIL=20260818;BYDAY=MO", "EXDATE;VALUE=DATE:20260810,20260811"}, "2026-08-03 2026-08-17"},
		{"an exception in UTC", []string{"DTSTART;TZID=Asia/Jakarta:20260803T050000", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=3", "EXDATE:20260803T220000Z"}, "2026-08-02T22:00+1h0m0s 2026-08-04T22:00+1h0m0s"},
		{"until a time before the day's begin", []string{"DTSTART:20260803T080000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;UNTIL=20260805T070000Z"}, "2026-08-03T08:00+1h0m0s 2026-08-04T08:00+1h0m0s"},
		{"cancelled", []string{"DTSTART:20260817", "STATUS:CANCELLED"}, ""},
		{"a moved one", []string{"DTSTART:20260803", "RRULE:FREQ=WEEKLY;COUNT=2", "END:VEVENT", "BEGIN:VEVENT", "UID:a", "RECURRENCE-ID:20260810", "DTSTART:20260812"}, "2026-08-03 2026-08-12"},
		{"an alarm in it", []string{"DTSTART:20260817", "BEGIN:VALARM", "TRIGGER:-PT15M", "DTSTART:19990101", "END:VALARM"}, "2026-08-17"},
	} {
		events, problems := Read(vevent(tc.lines...))
		if got := days(events, facility.Date{Year: 2026, Month: 7, Day: 1}, facility.Date{Year: 2026, Month: 10, Day: 1}); len(problems) > 0 || got != tc.want {
			t.Errorf("%s: got %s (%v), want %s", tc.name, got, problems, tc.want)
		}
	}
	if events, _ := Read(vevent("DTSTART:20260817", `SUMMARY:A\, b\nc`+"\u202e")); len(events) != 1 || events[0].Name != "A, b c" {
		t.Errorf("name: got %+v", events)
	}
}

// TestMistakes: each with its line.
func TestMistakes(t *testing.T) {
	for _, tc := range []struct {
		name string
		data []byte
		want string
	}{
		{"no calendar", []byte("hello: world"), "line 1: does not begin with BEGIN:VCALENDAR, want a calendar as RFC 5545 says"},
		{"no line", calendar("what"), `line 3: "what" is no line of a calendar, want NAME:VALUE`},
		{"no end", []byte("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20260101\n"), "line 3: VEVENT does not end"},
		{"no start", vevent("SUMMARY:x"), "line 3: an event without DTSTART"},
		{"no such day", vevent("DTSTART:20260230"), `line 5: DTSTART "20260230", want a day (20260817) or a time (20260817T080000)`},
		{"no such zone", vevent("DTSTART;TZID=Mars/Olympus:20260101T000000", "DURATION:PT1H"), `line 5: time zone "Mars/Olympus": want an IANA name such as Asia/Jakarta`},
		{"backwards", vevent("DTSTART:20260102", "DTEND:20260101"), "line 3: the event lasts -1 days, want 1 to 366"},
		{"seconds", vevent("DTSTART:20260102", "RRULE:FREQ=SECONDLY"), `line 6: RRULE: FREQ "SECONDLY", want DAILY, WEEKLY, MONTHLY or YEARLY`},
		{"position", vevent("DTSTART:20260102", "RRULE:FREQ=MONTHLY;BYDAY=MO;BYSETPOS=-1"), "line 6: RRULE: BYSETPOS is not supported, want FREQ, INTERVAL, COUNT, UNTIL, BYMONTH, BYMONTHDAY, BYDAY"},
		{"more days", vevent("DTSTART:20260102", "RDATE:20260105"), "line 6: RDATE is not supported, want RRULE and EXDATE, or an event for each day"},
		{"never the last", vevent("DTSTART:20260102", "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=2"), "line 6: RRULE: COUNT=2 ends more than 60 years later, want UNTIL"},
		{"a time without an end", vevent("DTSTART:20260102T080000"), "line 3: an event that begins at a time and has no end, want DTEND or DURATION"},
		{"large", make([]byte, MaxSize+1), "line 1: 1048577 bytes, want at most 1048576"},
	} {
		_, problems := Read(tc.data)
		if got := fmt.Sprint(problems[0]); got != tc.want {
			t.Errorf("%s: got %s, want %s", tc.name, got, tc.want)
		}
	}
}

// FuzzRead: whatever the bytes, an answer comes soon; what is accepted is within its bounds and says the same again, and what is wrong has
// a line of the file.
func FuzzRead(f *testing.F) {
	f.Add(vevent("DTSTART;VALUE=DATE:20260817", "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3", "EXDATE:20270101"))
	f.Add(vevent(`DTSTART;TZID="Asia/Jakarta":20260817T080000`, "DURATION:PT2H", "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TU;UNTIL=20270101T000000Z"))
	files, _ := filepath.Glob("testdata/*.ics")
	for _, file := range files {
		if b, err := os.ReadFile(file); err == nil {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		began := time.Now()
		events, problems := Read(data)
		for _, p := range problems {
			if p.Line < 1 || p.Line > strings.Count(string(data), "\n")+1 || p.Text == "" {
				t.Errorf("problem %+v of %d lines", p, strings.Count(string(data), "\n")+1)
			}
		}
		if len(problems) > 0 {
			return
		}
		for i := range events {
			e := &events[i]
			if (e.Days > 0) == (e.Lasts > 0) || e.Days > facility.MostEventDays || e.Lasts > facility.MostEventTime {
				t.Errorf("event %+v lasts for both or neither, or too long", e)
			}
			for k := range 40 {
				d := e.From.AddDays(k - 20)
				if e.Days > 0 && e.On(d) && d.Before(e.From) {
					t.Errorf("event %+v lies on %v, before it begins", e, d)
				}
				_ = e.Times(d, time.UTC)
			}
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%d bytes took %v", len(data), took)
		}
	})
}
