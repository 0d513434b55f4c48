package configs

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/configs/strict"
	"github.com/gerbang-iot/gerbang/facility"
)

// maintenanceDoc is planned work. At most one of zone, door, device and rule says what it is about; without one it is the whole site. Exactly
// one of from with until, every, and calendar says when it is.
type maintenanceDoc struct {
	Zone string `yaml:"zone"`
	Door string `yaml:"door"`
	// Device is one whose own rules are not judged; what it says of a zone still is.
	Device string `yaml:"device"`
	// Rule is the id of a rule of the site's protocols.
	Rule string `yaml:"rule"`
	// By is who does the work.
	By string `yaml:"by"`
	// Reason is shown beside the time.
	Reason string `yaml:"reason" required:"yes"`
	// From and Until are local times, such as 2026-12-01 08:00.
	From  localMoment `yaml:"from"`
	Until localMoment `yaml:"until"`
	// Every is when it is each week: days and a time, such as sun 01:00-05:00. A time that ends before it begins ends the day after.
	Every weeklyTime `yaml:"every"`
	// Calendar is one whose events are the maintenance.
	Calendar string `yaml:"calendar"`
}

// localMoment is a time on the site's clocks, to the minute.
type localMoment struct{ time.Time }

const wantLocalTime = "a local time such as 2026-12-01 08:00"

// UnmarshalText reads YYYY-MM-DD HH:MM.
func (l *localMoment) UnmarshalText(b []byte) error {
	t, err := time.Parse("2006-01-02 15:04", string(b))
	if err != nil {
		return fmt.Errorf("time %q: want %s", b, wantLocalTime)
	}
	l.Time = t
	return nil
}

// Wanted says what a configuration takes.
func (localMoment) Wanted() string { return wantLocalTime }

// weeklyTime is a time on some days of each week.
type weeklyTime struct {
	days  []time.Weekday
	at    facility.TimeOfDay
	lasts time.Duration
}

const wantWeekly = "days and a time such as sun 01:00-05:00 or mon-fri 22:00-02:00"

// UnmarshalText reads days and a time.
func (w *weeklyTime) UnmarshalText(b []byte) error {
	days, clock, _ := strings.Cut(string(b), " ")
	from, until, _ := strings.Cut(strings.TrimSpace(clock), "-")
	begin, err := facility.ParseTimeOfDay(from)
	end, err2 := facility.ParseTimeOfDay(until)
	var ok bool
	if w.days, ok = weekdays(days); !ok || err != nil || err2 != nil || begin == end || begin == facility.TimeOfDay(24*time.Hour) {
		return fmt.Errorf("%q, want %s", b, wantWeekly)
	}
	if w.at, w.lasts = begin, time.Duration(end-begin); w.lasts < 0 {
		w.lasts += 24 * time.Hour
	}
	return nil
}

// Wanted says what a configuration takes.
func (weeklyTime) Wanted() string { return wantWeekly }

// scope is what the work is about.
func (d *maintenanceDoc) scope() facility.Scope {
	switch {
	case d.Zone != "":
		return facility.Scope{Kind: facility.OfZone, ID: d.Zone}
	case d.Door != "":
		return facility.Scope{Kind: facility.OfDoor, ID: d.Door}
	case d.Device != "":
		return facility.Scope{Kind: facility.OfDevice, ID: d.Device}
	case d.Rule != "":
		return facility.Scope{Kind: facility.OfRule, ID: d.Rule}
	}
	return facility.Scope{}
}

// checkMaintenance checks what maintenance is about, and when it is.
func (l *loader) checkMaintenance(s *siteFile) {
	for i := range s.doc.Maintenance {
		d, path := &s.doc.Maintenance[i], item("maintenance", i)
		given := 0
		for _, id := range []string{d.Zone, d.Door, d.Device, d.Rule} {
			if id != "" {
				given++
			}
		}
		if given > 1 {
			s.at(path, "maintenance: want at most one of zone, door, device and rule")
		}
		s.zone(path+".zone", d.Zone, false)
		if d.Door != "" && !s.doc.Doors.has(d.Door) {
			s.at(path+".door", "door %q does not exist, %s", d.Door, strict.Suggestion(d.Door, s.doc.Doors.ids()))
		}
		if d.Device != "" && !s.doc.Devices.has(d.Device) {
			s.at(path+".device", "device %q does not exist, %s", d.Device, strict.Suggestion(d.Device, s.doc.Devices.ids()))
		}
		if known := l.rulesOf(s); d.Rule != "" && !l.unread && !slices.Contains(known, d.Rule) {
			s.at(path+".rule", "rule %q is in none of the site's protocols, %s", d.Rule, strict.Suggestion(d.Rule, known))
		}
		times := 0
		for _, is := range []bool{!d.From.IsZero() || !d.Until.IsZero(), d.Every.lasts != 0, d.Calendar != ""} {
			if is {
				times++
			}
		}
		switch long := d.Until.Sub(d.From.Time); {
		case times != 1 || d.From.IsZero() != d.Until.IsZero():
			s.at(path, "maintenance: want exactly one of from with until, every, and calendar")
		case !d.From.IsZero() && (long <= 0 || long > facility.MostEventTime):
			s.at(path+".until", "maintenance from %s until %s, want an end behind the begin and at most 31 days later", d.From.Format("2006-01-02 15:04"), d.Until.Format("2006-01-02 15:04"))
		}
		if _, ok := l.calendars[d.Calendar]; d.Calendar != "" && !ok && !l.unread {
			s.at(path+".calendar", "calendar %q does not exist, %s", d.Calendar, strict.Suggestion(d.Calendar, l.calendarIDs()))
		}
	}
}

// rulesOf are the ids of the rules of a site's protocols.
func (l *loader) rulesOf(s *siteFile) []string {
	var ids []string
	for _, id := range s.doc.Protocols {
		if p, ok := l.protocols[id]; ok {
			ids = append(ids, p.doc.Rules.ids()...)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// maintenanceOf makes the plain values.
func (l *loader) maintenanceOf(d *siteDoc) []facility.Maintenance {
	var all []facility.Maintenance
	for i := range d.Maintenance {
		x := &d.Maintenance[i]
		m := facility.Maintenance{Scope: x.scope(), By: x.By, Reason: x.Reason}
		switch {
		case x.Calendar != "":
			for _, e := range l.calendars[x.Calendar].Events {
				m.When = e
				all = append(all, m)
			}
			continue
		case x.Every.lasts != 0:
			// From a Monday long ago on.
			m.When = facility.Event{From: facility.Date{Year: 2000, Month: time.January, Day: 3}, At: x.Every.at, Lasts: x.Every.lasts, ByClock: true, Repeat: &facility.Repeat{Every: facility.Weekly}}
			for _, day := range x.Every.days {
				m.When.Repeat.Weekdays = append(m.When.Repeat.Weekdays, facility.NthWeekday{Day: day})
			}
		default:
			m.When = facility.Event{
				From: facility.DateOf(x.From.Time), Lasts: x.Until.Sub(x.From.Time), ByClock: true,
				At: facility.TimeOfDay(time.Duration(x.From.Hour())*time.Hour + time.Duration(x.From.Minute())*time.Minute),
			}
		}
		all = append(all, m)
	}
	return all
}
