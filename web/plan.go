package web

import (
	"html/template"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/gerbang-iot/gerbang/floorplan"
	"github.com/gerbang-iot/gerbang/rules"
)

// Plans are the floor plans of sites.
type Plans interface {
	// Plan is that of a site; nil: it has none. It is never changed.
	Plan(site string) *floorplan.Plan
}

// planDrawing is a floor plan with its rooms, doors and devices as they are. It has no numbers: it is large, and they change often.
type planDrawing struct {
	Box    string
	Lines  string // width of a line of a pattern
	Size   string // of a pattern
	Dots   string
	Inside template.HTML
	Legend []chip // what its colours and shapes say, each once
}

// plan is the floor plan of a site; nil: it has none.
func (s *Server) plan(site string) *floorplan.Plan {
	if s.opts.Plans == nil {
		return nil
	}
	return s.opts.Plans.Plan(site)
}

// composePlan draws the floor plan, and above it what changes often.
func (s *Server) composePlan(c *composer, sc *scene) {
	p := s.plan(sc.view.Site)
	if p == nil {
		return
	}
	v := sc.view
	named := p.Bind(idsOf(v.Zones, func(z *rules.ZoneView) string { return z.ID }), idsOf(v.Doors, func(d *rules.DoorView) string { return d.ID }),
		idsOf(v.Devices, func(d *rules.DeviceView) string { return d.ID }))
	c.add("", "site-plan-open", nil)
	c.add("site-plan", "site-plan", planOf(sc, p, named, s.base.to))
	c.add("site-plan-now", "site-plan-now", planWords{boxText(p), labelsOf(sc, p, named)})
	c.add("", "site-plan-close", nil)
}

func idsOf[T any](all []T, id func(*T) string) []string {
	ids := make([]string, len(all))
	for i := range all {
		ids[i] = id(&all[i])
	}
	return ids
}

func boxText(p *floorplan.Plan) string {
	b := p.Box
	return strings.Join([]string{planNumber(b.X), planNumber(b.Y), planNumber(b.Width), planNumber(b.Height)}, " ")
}

// planNumber writes a coordinate of a plan, whose units may be metres.
func planNumber(v float64) string {
	return strconv.FormatFloat(math.Round(v*1000)/1000, 'f', -1, 64)
}

// patterned are the states of a room that are told apart without colour by what lies over it.
var patterned = map[string]string{"breached": "plan-breached", "near": "plan-near", "unknown": "plan-unknown", "unmeasured": "plan-unmeasured"}

// planOf draws.
func planOf(sc *scene, p *floorplan.Plan, named map[string]floorplan.Name, to func(string) string) planDrawing {
	unit := p.Box.Width / 1000
	d := planDrawing{Box: boxText(p), Lines: planNumber(2.2 * unit), Size: planNumber(11 * unit), Dots: planNumber(1.9 * unit)}
	looks, dead := map[string]chip{}, sc.view.Unheard()
	marks := map[string]floorplan.Mark{}
	for id, n := range named {
		switch n.Kind {
		case floorplan.Zone:
			z, _ := zoneByID(sc.view, n.ID)
			look := roomChip(sc, z)
			looks[look.Class] = look
			marks[id] = floorplan.Mark{Class: "room " + look.Class, Pattern: patterned[look.Class], To: to("/site/" + sc.view.Site + "/zone/" + z.ID), Words: z.Name + ": " + look.Word}
		case floorplan.Door:
			i := slices.IndexFunc(sc.view.Doors, func(d rules.DoorView) bool { return d.ID == n.ID })
			door := &sc.view.Doors[i]
			look := sc.subjectChip(rules.SubjectDoor, door.ID, door.Verdict, false)
			marks[id] = floorplan.Mark{Class: "passage " + look.Class, To: "#site-doors", Words: withState(door.Name, look.Word)}
		case floorplan.Device:
			i := slices.IndexFunc(sc.view.Devices, func(d rules.DeviceView) bool { return d.ID == n.ID })
			row := deviceRowOf(sc, &sc.view.Devices[i], dead)
			marks[id] = floorplan.Mark{Class: "gauge " + row.Chip.Class, To: "#site-devices", Words: withState(row.Name, row.Chip.Word)}
		}
	}
	d.Inside = template.HTML(p.Draw(func(id string) (floorplan.Mark, bool) { //nolint:gosec // the drawing was made anew, and what is in it escaped
		m, ok := marks[id]
		return m, ok
	}))
	for _, class := range []string{"breached", "near", "unknown", "within", "closed", "unjudged", "unmeasured"} {
		if look, ok := looks[class]; ok {
			d.Legend = append(d.Legend, look)
		}
	}
	return d
}

func withState(name, state string) string {
	if state == "" {
		return name
	}
	return name + ": " + state
}

// roomChip is how a room looks on a plan: there, one that nobody measures and no rule judges has a look of its own, too.
func roomChip(sc *scene, z *rules.ZoneView) chip {
	look := sc.subjectChip(rules.SubjectZone, z.ID, z.Verdict, z.Near)
	switch {
	case look.Class != "unjudged":
		return look
	case uncounted(z.Persons) && len(z.Readings) == 0:
		return chip{Class: "unmeasured", Icon: "off", Word: sc.T("plan.unmeasured")}
	}
	return chip{Class: "unjudged", Icon: "heard", Word: sc.T("plan.unjudged")}
}
