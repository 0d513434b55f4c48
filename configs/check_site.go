package configs

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/configs/strict"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// checkSites checks what the sites refer to.
func (l *loader) checkSites() {
	models := modelIDs(l.models)
	for _, s := range l.sites {
		s.problems = &l.problems
		s.checkZones()
		s.checkSeats()
		s.checkDoors()
		s.checkTasks()
		s.checkDevices(models, l.unread)
		s.checkParents()
		s.checkHours()
		l.checkMaintenance(s)
		if !l.unread {
			l.checkSiteProtocols(s)
			l.checkCalendars(s)
		}
	}
}

// at records a problem at a path of the site's file.
func (s *siteFile) at(path, format string, args ...any) {
	s.problems.Add(s.places.At(path), format, args...)
}

// zone checks a reference to a zone, or to what lies outside.
func (s *siteFile) zone(path, id string, outside bool) {
	if len(s.doc.Zones) == 0 {
		return // one problem is enough
	}
	if id == "" || outside && id == facility.Outside || s.doc.Zones.has(id) {
		return
	}
	known := s.doc.Zones.ids()
	if outside {
		known = append(known, facility.Outside)
	}
	s.at(path, "zone %q does not exist, %s", id, strict.Suggestion(id, known))
}

func (s *siteFile) checkZones() {
	zones := map[string]zoneDoc{}
	for _, r := range s.doc.Zones {
		zones[r.ID] = r.Value
	}
	for _, r := range s.doc.Zones {
		path, z := "zones."+r.ID, r.Value
		if r.ID == facility.Outside {
			s.at(path, "zone %q is what lies beyond the doors, want another id", r.ID)
		}
		if z.Area > 0 && z.Fixtures >= z.Area {
			s.at(path+".fixtures", "fixtures take %v m² of %v m², want less than the area", z.Fixtures, z.Area)
		}
		if z.Fixtures > 0 && z.Area == 0 {
			s.at(path+".fixtures", "fixtures without area, want both or none")
		}
		if z.Pitch > 0 && z.Seats == 0 {
			s.at(path+".pitch", "pitch without seats, want both or none")
		}
		s.zone(path+".parent", z.Parent, false)
		s.zone(path+".queue_for", z.QueueFor, false)
		if z.QueueFor == r.ID {
			s.at(path+".queue_for", "zone %q is no queue for itself, want the room for which people wait here", r.ID)
		}
		up := z.Parent
		for range len(zones) {
			if up == "" || up == r.ID {
				break
			}
			up = zones[up].Parent
		}
		if up == r.ID {
			s.at(path+".parent", "zone %q lies in itself, want a parent outside of it", r.ID)
		}
	}
	if len(s.doc.Zones) == 0 && s.sound {
		s.at("zones", "no zone, want at least one")
	}
}

func (s *siteFile) checkDoors() {
	for _, r := range s.doc.Doors {
		path, d := "doors."+r.ID, r.Value
		s.zone(path+".from", d.From, true)
		s.zone(path+".to", d.To, true)
		if d.From == d.To && d.From != "" {
			s.at(path+".to", "door %q leads from %q to itself, want two different zones", r.ID, d.From)
		}
	}
}

// place checks that exactly one place is given, and that it is there.
func (s *siteFile) place(path, what, zone, door, task string, tasks bool) {
	given := 0
	for _, id := range []string{zone, door, task} {
		if id != "" {
			given++
		}
	}
	if given != 1 {
		choice := "zone and door"
		if tasks {
			choice = "zone, door and task"
		}
		s.at(path, "%s: want exactly one of %s", what, choice)
	}
	s.zone(path+".zone", zone, false)
	if door != "" && !s.doc.Doors.has(door) {
		s.at(path+".door", "door %q does not exist, %s", door, strict.Suggestion(door, s.doc.Doors.ids()))
	}
	if task != "" && !s.doc.Tasks.has(task) {
		s.at(path+".task", "task %q does not exist, %s", task, strict.Suggestion(task, s.doc.Tasks.ids()))
	}
}

func (s *siteFile) checkTasks() {
	for _, r := range s.doc.Tasks {
		path := "tasks." + r.ID
		s.place(path, fmt.Sprintf("task %q", r.ID), r.Value.Zone, r.Value.Door, "", false)
		for i, name := range r.Value.Items {
			if err := facility.CheckItem(name); err != nil {
				s.at(item(path+".items", i), "item %q: %v", name, err)
			}
			if slices.Index(r.Value.Items, name) < i {
				s.at(item(path+".items", i), "item %q is there already, want every item once", name)
			}
		}
	}
}

func (s *siteFile) checkDevices(models []string, unread bool) {
	for _, r := range s.doc.Devices {
		path, d := "devices."+r.ID, r.Value
		s.place(path, fmt.Sprintf("device %q", r.ID), d.Zone, d.Door, d.Task, true)
		if _, exists := slices.BinarySearch(models, d.Model); !unread && !exists {
			s.at(path+".model", "model %q does not exist, %s", d.Model, strict.Suggestion(d.Model, models))
		}
		for _, c := range d.Channels {
			if at, v := path+".channels."+c.ID, c.Value; v.Zone != "" || v.Door != "" || v.Task != "" {
				s.place(at, fmt.Sprintf("channel %q", c.ID), v.Zone, v.Door, v.Task, true)
			} else if v.Swap || v.Offset != 0 {
				s.at(at, "channel %q: swap and offset without a place, want one of zone, door and task", c.ID)
			}
		}
	}
}

// checkParents checks what devices and uplinks hang on.
func (s *siteFile) checkParents() {
	up := map[string]string{}
	for _, r := range s.doc.Devices {
		up[r.ID] = r.Value.Parent
	}
	for _, r := range s.doc.Uplinks {
		if _, twice := up[r.ID]; twice {
			s.at("uplinks."+r.ID, "uplink %q is a device already, want another id, or parent: %s alone", r.ID, r.ID)
		}
		up[r.ID] = r.Value.Parent
	}
	known := slices.Sorted(maps.Keys(up))
	check := func(path, what, id, parent string) {
		if _, exists := up[parent]; parent != "" && !exists {
			s.at(path, "parent %q is no device and no uplink, %s", parent, strict.Suggestion(parent, known))
			return
		}
		for at, steps := parent, 0; at != "" && steps <= len(up); at, steps = up[at], steps+1 {
			if at == id {
				s.at(path, "%s %q hangs on itself, want a parent that does not hang on it", what, id)
				return
			}
		}
	}
	for _, r := range s.doc.Devices {
		check("devices."+r.ID+".parent", "device", r.ID, r.Value.Parent)
	}
	for _, r := range s.doc.Uplinks {
		check("uplinks."+r.ID+".parent", "uplink", r.ID, r.Value.Parent)
	}
}

func (s *siteFile) checkHours() {
	if s.doc.Reset == nil {
		return
	}
	for day, spans := range s.doc.Hours.Weekly {
		for _, span := range spans {
			if *s.doc.Reset >= span.Open && *s.doc.Reset < span.Close {
				s.at("reset", "reset at %v is within the opening hours of %s (%v-%v), want a time when the building is empty", s.doc.Reset, days[day], span.Open, span.Close)
				return
			}
		}
	}
}

// warnPresence tells of zones whose counters of people present add up without anybody having said so.
func (l *loader) warnPresence(c *Config) {
	models := c.fitted()
	for i := range c.Sites {
		known, _ := measures(&c.Sites[i], models)
		first := map[string]string{} // zone → device
		for _, r := range l.sites[i].doc.Devices {
			d := r.Value
			if d.Zone == "" || d.Covers != "" || !slices.Contains(known[r.ID], telemetry.PeoplePresent) {
				continue
			}
			if other, twice := first[d.Zone]; twice {
				c.Warnings.Add(l.sites[i].places.At("devices."+r.ID), "devices %q and %q both count the people present in zone %q, and add up; want covers: part where each sees a part, or covers: room where each sees all of it",
					other, r.ID, d.Zone)
				continue
			}
			first[d.Zone] = r.ID
		}
	}
}

// warnIntervals tells of people counters that promise no interval: one that dies goes unnoticed until its pauses have been learned.
func (l *loader) warnIntervals(c *Config) {
	models := c.fitted()
	for i := range c.Sites {
		known, _ := measures(&c.Sites[i], models)
		for _, r := range l.sites[i].doc.Devices {
			if r.Value.Interval != 0 || !slices.ContainsFunc(known[r.ID], counts) {
				continue
			}
			c.Warnings.Add(l.sites[i].places.At("devices."+r.ID), "device %q counts people and promises no interval: if it dies, its last count is believed until its pauses have been learned, and after that for hours; want interval: the longest time between two messages of a healthy one",
				r.ID)
		}
	}
}

// counts reports whether a quantity says how many people passed or are somewhere.
func counts(q telemetry.Quantity) bool {
	switch q {
	case telemetry.PeopleIn, telemetry.PeopleOut, telemetry.PeopleInTotal, telemetry.PeopleOutTotal, telemetry.PeoplePresent:
		return true
	}
	return false
}

// checkLevels checks that in all the time for which a protocol with levels and the site's levels are in force, the protocol
// knows the level.
func (s *siteFile) checkLevels(i int, p *protocolDoc) {
	if len(p.Levels) == 0 {
		return
	}
	known := slices.Sorted(slices.Values(p.Levels.ids()))
	dates := slices.SortedFunc(maps.Keys(s.doc.Levels), func(a, b facility.Date) int { return strings.Compare(a.String(), b.String()) })
	if len(dates) == 0 {
		s.at(item("protocols", i), "protocol %q has levels and the site chooses none, so that nobody can say how many may come in: want levels: {<date>: one of %s}", p.ID, list(known))
		return
	}
	for k, from := range dates {
		level := s.doc.Levels[from]
		begins := p.Until.IsZero() || moment{Date: from}.Before(p.Until)
		ends := k+1 < len(dates) && !p.From.IsZero() && !p.From.Before(moment{Date: dates[k+1]})
		if p.Levels.has(level) || !begins || ends {
			continue
		}
		s.at("levels."+from.String(), "level %q is none of protocol %q, which is in force then (%s): %s", level, p.ID, p.validity(), strict.Suggestion(level, known))
	}
}

// validity says when a protocol is in force.
func (d *protocolDoc) validity() string {
	from, until := "from "+d.From.String(), "until "+d.Until.String()
	switch {
	case d.From.IsZero() && d.Until.IsZero():
		return "always"
	case d.Until.IsZero():
		return from
	case d.From.IsZero():
		return until
	}
	return from + " " + until
}

// unreadProtocol is the file in the folder protocols beside the configuration that has the name of a protocol, and which the
// configuration does not bring in; empty where there is none.
func (l *loader) unreadProtocol(id string) string {
	if l.folder.embedded || id == "" || id != filepath.Base(id) {
		return ""
	}
	read := l.expandQuietly(l.protocolsAt)
	for _, ending := range []string{".yaml", ".yml"} {
		name := "protocols/" + id + ending
		if info, err := l.folder.stat(l.folder.resolve(name)); err == nil && info.Mode().IsRegular() && !slices.Contains(read, l.folder.resolve(name)) {
			return name
		}
	}
	return ""
}

// readingProtocols is what the configuration wants, so that the folder protocols is read.
func (l *loader) readingProtocols() string {
	if len(l.protocolsAt) == 0 {
		return "protocols: protocols/ in the configuration, which has no protocols"
	}
	return "it in the configuration's protocols, beside " + list(l.protocolsAt)
}

// expandQuietly lists the files that patterns mean; what is wrong with one of them is told where it is read.
func (l *loader) expandQuietly(patterns []string) (files []string) {
	for _, pattern := range patterns {
		found, err := l.folder.expand(pattern)
		if err == nil {
			files = append(files, found...)
		}
	}
	return files
}

// checkSiteProtocols checks the site's protocols and levels.
func (l *loader) checkSiteProtocols(s *siteFile) {
	known := make([]string, 0, len(l.protocols))
	for id := range l.protocols {
		known = append(known, id)
	}
	slices.Sort(known)
	for i := range l.problems { // what is missing, with what there is
		if p := &l.problems[i]; p.File == s.name && p.Text == "protocols is missing, want a list of protocol ids" {
			p.Text += ": " + strings.Join(known, ", ")
		}
	}
	var levels []string
	for i, id := range s.doc.Protocols {
		path := item("protocols", i)
		p, ok := l.protocols[id]
		if !ok {
			if file := l.unreadProtocol(id); file != "" {
				s.at(path, "protocol %q does not exist: %s is there and is not read, want %s", id, file, l.readingProtocols())
				continue
			}
			s.at(path, "protocol %q does not exist, %s", id, strict.Suggestion(id, known))
			continue
		}
		if slices.Index(s.doc.Protocols, id) < i {
			s.at(path, "protocol %q is there already, want every protocol once", id)
		}
		levels = append(levels, p.doc.Levels.ids()...)
	}
	slices.Sort(levels)
	levels = slices.Compact(levels)
	unknown := false
	for date, level := range s.doc.Levels {
		if !slices.Contains(levels, level) {
			unknown = true
			s.at("levels."+date.String(), "level %q is in none of the site's protocols, %s", level, strict.Suggestion(level, levels))
		}
	}
	for i, id := range s.doc.Protocols {
		if p, ok := l.protocols[id]; ok && !unknown {
			s.checkLevels(i, &p.doc)
		}
	}
}
