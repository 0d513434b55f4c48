package configs

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/configs/ics"
	"github.com/gerbang-iot/gerbang/configs/strict"
	"github.com/gerbang-iot/gerbang/facility"
)

// calendarDoc is a file of calendars/: days that differ, such as the public holidays of a country. What a site does on them is said by the
// site. An .ics file is a calendar, too: its id is its name without the ending.
type calendarDoc struct {
	// ID is the name by which sites list the calendar.
	ID string `yaml:"id" required:"yes" pattern:"^[a-z0-9][a-z0-9_-]{0,63}$" want:"a-z, 0-9, - and _, at most 64 characters"`
	// Title is what people call it.
	Title string `yaml:"title" required:"yes"`
	// Source is where the days come from: the number of the order.
	Source string `yaml:"source"`
	// Days are the days, by date, each with its name.
	Days map[facility.Date]string `yaml:"days"`
	// Yearly are days of every year, such as 12-25, each with its name.
	Yearly map[yearlyDay]string `yaml:"yearly"`
}

// yearlyDay is a day of every year, such as 12-25.
type yearlyDay struct {
	Month time.Month
	Day   int
}

// UnmarshalText reads MM-DD.
func (y *yearlyDay) UnmarshalText(b []byte) error {
	d, err := time.Parse("2006-01-02", "2000-"+string(b)) // a leap year: 02-29 exists
	if err != nil {
		return fmt.Errorf("day %q: want MM-DD, and a day that exists", b)
	}
	y.Month, y.Day = d.Month(), d.Day()
	return nil
}

// Wanted says what a configuration takes.
func (yearlyDay) Wanted() string { return "a day of the year such as 12-25" }

// event is the day in every year.
func (y yearlyDay) event(name string) facility.Event {
	return facility.Event{Name: name, From: facility.Date{Year: 4, Month: y.Month, Day: y.Day}, Days: 1, Repeat: &facility.Repeat{Every: facility.Yearly}}
}

// calendar makes the plain value.
func (d *calendarDoc) calendar() facility.Calendar {
	c := facility.Calendar{ID: d.ID, Title: d.Title}
	for date, name := range d.Days {
		c.Events = append(c.Events, facility.Event{Name: name, From: date, Days: 1})
	}
	for day, name := range d.Yearly {
		c.Events = append(c.Events, day.event(name))
	}
	sortBy(c.Events, func(e facility.Event) string { return e.From.String() + "\x00" + strconv.FormatBool(e.Repeat == nil) })
	return c
}

func (l *loader) readCalendars(c *Config) {
	l.shippedAndOwn("calendars", c.CalendarFiles, func(f folder, file string, own map[string]string) {
		calendar, at, ok := l.readCalendar(f, file)
		if !ok {
			return
		}
		if other, twice := own[calendar.ID]; twice {
			l.problems.Add(at, "calendar %q is in %s already, want every id once", calendar.ID, other)
			return
		}
		own[calendar.ID] = file
		l.calendars[calendar.ID] = calendar
	})
}

// readCalendar reads one file, and says where its id stands.
func (l *loader) readCalendar(f folder, file string) (facility.Calendar, strict.Position, bool) {
	at := strict.Position{File: filepath.ToSlash(file), Line: 1, Col: 1}
	if !strings.EqualFold(filepath.Ext(file), ".ics") {
		var doc calendarDoc
		var places *strict.Places
		if !l.document(f, file, &doc, &places) || doc.ID == "" {
			return facility.Calendar{}, at, false
		}
		return doc.calendar(), places.At("id"), true
	}
	data, err := f.read(file)
	if err != nil {
		l.problems.Add(strict.Position{File: at.File}, "cannot be read (%v)", err)
		l.unread = true
		return facility.Calendar{}, at, false
	}
	c := facility.Calendar{ID: strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))}
	c.Title = c.ID
	if !idForm.MatchString(c.ID) {
		l.problems.Add(at, "the calendar's id is the name of its file, %q, want %s", c.ID, wantID)
	}
	events, problems := ics.Read(data)
	for _, p := range problems {
		l.problems.Add(strict.Position{File: at.File, Line: p.Line, Col: 1}, "%s", p.Text)
	}
	l.unread = l.unread || len(problems) > 0
	c.Events = events
	return c, at, true
}

// checkCalendars checks that the calendars that a site lists are there.
func (l *loader) checkCalendars(s *siteFile) {
	known := l.calendarIDs()
	for _, r := range s.doc.Calendars {
		if _, ok := l.calendars[r.ID]; !ok {
			s.at("calendars."+r.ID, "calendar %q does not exist, %s", r.ID, strict.Suggestion(r.ID, known))
		}
	}
}

// calendarIDs are the calendars that there are, sorted.
func (l *loader) calendarIDs() []string {
	known := make([]string, 0, len(l.calendars))
	for id := range l.calendars {
		known = append(known, id)
	}
	slices.Sort(known)
	return known
}

// calendarsOf are the calendars of a site with its hours on their days.
func (l *loader) calendarsOf(d *siteDoc) []facility.Calendar {
	all := d.Hours.Calendars // the yearly days of its own come first
	for _, r := range d.Calendars {
		c := l.calendars[r.ID]
		c.Spans = r.Value
		all = append(all, c)
	}
	return all
}
