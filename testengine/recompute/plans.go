package recompute

import (
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// upkeepTime is a time of planned maintenance.
type upkeepTime struct {
	opening
	scope facility.Scope
}

// upkeepTimes are the times of the maintenance that a configuration plans.
func (c *config) upkeepTimes() (all []upkeepTime) {
	for i := range c.Site.Maintenance {
		m := &c.Site.Maintenance[i]
		for _, date := range occurrences(&m.When, c.days.dates[0], c.days.dates[len(c.days.dates)-1]) {
			begin := shown(date, m.When.At, c.Site.Location.Location)
			end := begin.Add(m.When.Lasts)
			if m.When.ByClock {
				end = shown(date, m.When.At+facility.TimeOfDay(m.When.Lasts), c.Site.Location.Location)
			}
			all = append(all, upkeepTime{opening{begin, end}, m.Scope})
		}
	}
	return all
}

// maintained reports whether a rule about a subject is under maintenance at t.
func (s *Site) maintained(k Key, t telemetry.Instant) bool {
	c := s.config(t)
	for _, u := range s.upkeeps {
		until := u.until
		for _, o := range s.overs {
			if o.id == u.id {
				until = min(until, o.at)
			}
		}
		kind, id, ok := strings.Cut(u.subject, ":")
		if t >= u.from && t < until && (u.subject == "" || ok && c.holds(kind, id, k)) {
			return true
		}
	}
	return slices.ContainsFunc(c.upkeepTimes(), func(u upkeepTime) bool {
		return u.open <= t && t < u.close && (u.scope.Kind == "" || c.holds(string(u.scope.Kind), u.scope.ID, k))
	})
}

// holds reports whether a part of the site holds what a rule judges.
func (c *config) holds(kind, id string, k Key) bool {
	if kind == "rule" {
		return k.Rule == id
	}
	// From the subject up: what hangs at a task is where the task is, a zone lies in its parent.
	at := [2]string{k.Kind, k.ID}
	for range 10 {
		if at == [2]string{kind, id} {
			return true
		}
		var p facility.Place
		switch at[0] {
		case "device":
			for _, d := range c.Site.Devices {
				if d.ID == at[1] {
					p = d.Place
				}
			}
		case "task":
			for _, x := range c.Site.Tasks {
				if x.ID == at[1] {
					p = x.Place
				}
			}
		case "zone":
			for _, z := range c.Site.Zones {
				if z.ID == at[1] && z.Parent != "" {
					p = facility.Place{Kind: facility.AtZone, ID: z.Parent}
				}
			}
		}
		if p.ID == "" {
			return false
		}
		at = [2]string{string(p.Kind), p.ID}
	}
	return false
}
