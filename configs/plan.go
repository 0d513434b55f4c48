package configs

import (
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/floorplan"
)

// readPlans reads the floor plans of the sites. One that cannot be read is a problem; what is only left out of one, or missing in it, is told.
func (l *loader) readPlans() {
	for _, s := range l.sites {
		if s.doc.Plan == "" {
			continue
		}
		file := s.planFile(l.folder.embedded)
		text, err := l.folder.read(file)
		if err != nil {
			s.at("plan", "plan %q cannot be read (%v)", s.doc.Plan, err)
			continue
		}
		if s.plan, err = floorplan.Parse(text); err != nil {
			s.at("plan", "plan %q: %v", s.doc.Plan, err)
		}
	}
}

// planFile is where the plan lies: beside the site's file.
func (s *siteFile) planFile(embedded bool) string {
	if embedded {
		return path.Join(path.Dir(s.name), s.doc.Plan)
	}
	if filepath.IsAbs(s.doc.Plan) {
		return s.doc.Plan
	}
	return filepath.Join(filepath.Dir(filepath.FromSlash(s.name)), s.doc.Plan)
}

// takePlans gives the configuration its plans, and tells of zones that stand in none.
func (l *loader) takePlans(c *Config) {
	c.Plans = map[string]*floorplan.Plan{}
	for _, s := range l.sites {
		if s.plan == nil {
			continue
		}
		c.Plans[s.doc.ID] = s.plan
		var missing []string
		drawn := map[string]bool{}
		for _, n := range s.plan.Bind(s.doc.Zones.ids(), s.doc.Doors.ids(), s.doc.Devices.ids()) {
			drawn[n.ID] = drawn[n.ID] || n.Kind == floorplan.Zone
		}
		for _, id := range s.doc.Zones.ids() {
			if !drawn[id] {
				missing = append(missing, id)
			}
		}
		slices.Sort(missing)
		at := s.places.At("plan")
		switch n := len(missing); {
		case n == len(s.doc.Zones):
			c.Warnings.Add(at, "plan %q names no zone: nothing in it can be coloured, want shapes whose id is that of a zone, such as %s", s.doc.Plan, missing[0])
		case n > 0:
			c.Warnings.Add(at, "plan %q lacks the zones %s: they are shown below it only, want shapes with these ids", s.doc.Plan, list(missing))
		}
		if len(s.plan.LeftOut) > 0 {
			c.Warnings.Add(at, "plan %q: not drawn of it: %s", s.doc.Plan, strings.Join(s.plan.LeftOut, "; "))
		}
	}
}
