package configs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
)

// TestHolidaysOfIndonesia: as many days a year as the decrees say, each on a weekday that it was announced for.
func TestHolidaysOfIndonesia(t *testing.T) {
	l := newLoader(folder{embedded: true})
	l.readCalendars(&Config{})
	if len(l.problems) > 0 {
		t.Fatal(l.problems)
	}
	for id, years := range map[string]map[int]int{
		"libur-nasional": {2022: 16, 2025: 17, 2026: 17, 2027: 18},
		"cuti-bersama":   {2022: 4, 2025: 11, 2026: 8, 2027: 8},
	} {
		got := map[int]int{}
		for _, e := range l.calendars[id].Events {
			got[e.From.Year]++
			if id == "cuti-bersama" && (e.From.Weekday() == time.Saturday || e.From.Weekday() == time.Sunday) {
				t.Errorf("%s: %v is a %v: nobody is given leave at the weekend", id, e.From, e.From.Weekday())
			}
		}
		for year, want := range years {
			if got[year] != want {
				t.Errorf("%s of %d: %d days, want %d", id, year, got[year], want)
			}
		}
		if len(got) != len(years) {
			t.Errorf("%s: years %v, want those of %v", id, got, years)
		}
	}
}

// around1 is a configuration with a site of its own and a folder of calendars.
func around1(t *testing.T, site string, calendars map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	put := func(name, text string) {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("gerbang.yaml", "mqtt: {embedded: {anonymous: allow}}\nsites: sites/\ncalendars: calendars/\n")
	put("sites/a.yaml", "id: a\nname: A\ntimezone: Asia/Jakarta\nprotocols: [kmk-382-2020]\nzones: {hall: {name: Hall, area: 100}}\n"+site)
	for name, text := range calendars {
		put("calendars/"+name, text)
	}
	return filepath.Join(dir, "gerbang.yaml")
}

// TestCalendarsOfASite: exceptions by date and by day of the year, a shipped calendar, one in YAML and one in ICS become hours of the
// definition, which holds all that a replay needs.
func TestCalendarsOfASite(t *testing.T) {
	file := around1(t, `hours:
  mon-fri: "08:00-16:00"
  exceptions:
    2026-08-17: {hours: "09:00-10:00", reason: upacara}
    12-31: {hours: "08:00-12:00", reason: tutup buku}
    02-29: {hours: closed, reason: kabisat}
calendars: {libur-nasional: closed, cuti-bersama: "08:00-12:00", lokal: closed, rapat: closed}
`, map[string]string{
		"lokal.yaml": "id: lokal\ntitle: Lokal\ndays: {2026-08-18: hari jadi}\nyearly: {11-02: doa arwah}\n",
		"rapat.ics": "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:1\nSUMMARY:Rapat\nDTSTART;TZID=Asia/Jakarta:20260805T130000\nDTEND;TZID=Asia/Jakarta:20260805T150000\n" +
			"RRULE:FREQ=MONTHLY;BYDAY=1WE\nEND:VEVENT\nEND:VCALENDAR\n",
	})
	c, err := Load(file)
	if err != nil {
		t.Fatal(err)
	}
	h := &c.Definitions()[0].Site.Hours
	loc := c.Sites[0].Location.Location
	for day, want := range map[string]string{
		"2026-08-17": "09:00-10:00 upacara", "2026-12-31": "08:00-12:00 tutup buku", "2027-12-31": "08:00-12:00 tutup buku", "2028-02-29": " kabisat",
		"2026-08-25": " Maulid Nabi Muhammad SAW", "2026-12-24": "08:00-12:00 Cuti bersama Kelahiran Yesus Kristus", "2026-08-18": " hari jadi", "2027-11-02": " doa arwah",
		"2026-09-02": "08:00-13:00,15:00-16:00 Rapat", "2026-08-19": "08:00-16:00 ",
	} {
		d, err := facility.ParseDate(day)
		if err != nil {
			t.Fatal(err)
		}
		var spans []string
		for _, o := range h.Day(d, loc) {
			spans = append(spans, o.Open.In(loc).Format("15:04")+"-"+o.Close.In(loc).Format("15:04"))
		}
		if got := strings.Join(spans, ",") + " " + h.Reason(d); got != want {
			t.Errorf("%s: got %q, want %q", day, got, want)
		}
	}
}

// TestMaintenanceOfASite: once, each week, and by a calendar; a mistake has its place.
func TestMaintenanceOfASite(t *testing.T) {
	ics := map[string]string{"servis.ics": "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20260805T060000Z\nDURATION:PT2H\nEND:VEVENT\nEND:VCALENDAR\n"}
	c, err := Load(around1(t, `hours: {mon-fri: "08:00-16:00"}
maintenance:
  - {zone: hall, by: PT Teknik, reason: AC, from: 2026-08-05 09:00, until: 2026-08-05 12:00}
  - {reason: pembaruan, every: sun 22:00-02:00}
  - {rule: kapasitas, reason: servis, calendar: servis}
`, ics))
	if err != nil {
		t.Fatal(err)
	}
	m := c.Definitions()[0].Site.Maintenance
	if len(m) != 3 || m[0].Scope != (facility.Scope{Kind: facility.OfZone, ID: "hall"}) || m[0].When.Lasts != 3*time.Hour || m[1].When.Lasts != 4*time.Hour || m[2].When.Lasts != 2*time.Hour {
		t.Errorf("got %+v", m)
	}
	var got []string
	for _, p := range Check(around1(t, `hours: {mon-fri: "08:00-16:00"}
maintenance:
  - {zone: hal, reason: AC, from: 2026-08-05 09:00, until: 2026-08-05 08:00}
  - {rule: capacitas, reason: x, every: sunday 1-2}
  - {reason: x}
`, ics)) {
		got = append(got, strings.TrimPrefix(p.String()[strings.LastIndex(p.String(), "/")+1:], "a.yaml:"))
	}
	if s := strings.Join(got, "\n"); len(got) != 6 || !strings.Contains(s, `8:12: zone "hal" does not exist`) || !strings.Contains(s, `want an end behind the begin`) || !strings.Contains(s, `9:41: every: "sunday 1-2", want days and a time`) ||
		!strings.Contains(s, `rule "capacitas" is in none of the site's protocols`) || !strings.Contains(s, `want exactly one of from with until, every, and calendar`) {
		t.Errorf("got\n%s", s)
	}
}

// Finding 14: maintenance ends when the clocks show its end, also in a night in which they are changed.
func TestR14_MaintenanceEndsByTheClock(t *testing.T) {
	c, err := Load(around1(t, `hours: {mon-fri: "08:00-16:00"}
maintenance:
  - {reason: AC, from: 2026-03-29 00:00, until: 2026-03-29 06:00}
  - {reason: pembaruan, every: sun 00:00-06:00}
  - {reason: malam, every: sat 22:00-04:00}
  - {reason: singkat, every: sun 02:00-03:00}
`, map[string]string{"one.yaml": "id: one\ntitle: One\ndays: {2026-08-18: x}\n"}))
	if err != nil {
		t.Fatal(err)
	}
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	m := c.Definitions()[0].Site.Maintenance
	for i, want := range map[facility.Date][]string{
		{Year: 2026, Month: 3, Day: 29}:  {"29 00:00 - 29 06:00", "29 00:00 - 29 06:00", "28 22:00 - 29 04:00", ""}, // an hour is missing: 02:00 is 03:00
		{Year: 2026, Month: 10, Day: 25}: {"", "25 00:00 - 25 06:00", "24 22:00 - 25 04:00", "25 02:00 - 25 03:00"}, // an hour comes twice
	} {
		for k := range m {
			got := ""
			for _, o := range m[k].When.Times(i, berlin) {
				got += o.Open.In(berlin).Format("02 15:04") + " - " + o.Close.In(berlin).Format("02 15:04")
			}
			if got != want[k] {
				t.Errorf("%s on %s: got %q, want %q", m[k].Reason, i, got, want[k])
			}
		}
	}
}

// TestMistakesInCalendars: each at its place in its file.
func TestMistakesInCalendars(t *testing.T) {
	file := around1(t, "hours: {mon: \"08:00-16:00\", exceptions: {02-30: {hours: closed, reason: x}}}\ncalendars: {libur: closed, lokal: 8-12}\n", map[string]string{
		"lokal.yaml":     "id: lokal\ntitle: L\ndays: {2026-02-30: x}\nyearly: {13-01: y}\n",
		"bad.ics":        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20260230\nEND:VEVENT\nEND:VCALENDAR\n",
		"Wrong Name.ics": "BEGIN:VCALENDAR\nEND:VCALENDAR\n",
	})
	var got []string
	for _, p := range Check(file) {
		got = append(got, strings.TrimPrefix(p.String(), filepath.ToSlash(filepath.Dir(file))+"/"))
	}
	for _, want := range []string{
		`calendars/lokal.yaml:3:8: key "2026-02-30": date "2026-02-30": want YYYY-MM-DD, and a day that exists`,
		`calendars/lokal.yaml:4:10: key "13-01": day "13-01": want MM-DD, and a day that exists`,
		`calendars/bad.ics:3:1: DTSTART "20260230", want a day (20260817) or a time (20260817T080000)`,
		`calendars/Wrong Name.ics:1:1: the calendar's id is the name of its file, "Wrong Name", want a-z, 0-9, - and _, at most 64 characters, beginning with a letter or digit`,
		`sites/a.yaml:6:42: key "02-30": day "02-30": want MM-DD, and a day that exists`,
	} {
		found := false
		for _, g := range got {
			found = found || g == want
		}
		if !found {
			t.Errorf("want %s; got\n%s", want, strings.Join(got, "\n"))
		}
	}
}
