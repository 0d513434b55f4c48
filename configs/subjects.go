package configs

import (
	"regexp"
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// A rule without a list of subjects is about all that can be judged: the rooms and doors of a site that have the
// instrument for it. A room without any would be unknown for ever, and with it the site. Who wants to be told that a room
// is not observed names it as a subject.

// instruments knows what a site can measure where.
type instruments struct {
	site     *facility.Site
	measures map[string][]telemetry.Quantity
	apart    map[string][]rules.Probe
}

// has reports whether a device at the place measures one of the quantities.
func (m instruments) has(at facility.Place, any ...telemetry.Quantity) bool {
	return slices.ContainsFunc(m.site.Devices, func(d facility.Device) bool {
		return d.Place == at && m.one(d, any...) || slices.ContainsFunc(d.Channels, func(c facility.Channel) bool {
			probe := func(a rules.Probe) bool { return a.Channel == c.Name && slices.Contains(any, a.Quantity) }
			return c.Place == at && (m.one(d, any...) || slices.ContainsFunc(m.apart[d.ID], probe))
		})
	})
}

// hangs reports whether the device that a rule goes by hangs at the place; any rule but one that names a device does.
func (m instruments) hangs(device string, at facility.Place) bool {
	return device == "" || slices.Contains(rules.OfWords(), device) || slices.ContainsFunc(m.site.Devices, func(d facility.Device) bool {
		return d.ID == device && (d.Place == at || slices.ContainsFunc(d.Channels, func(c facility.Channel) bool { return c.Place == at }))
	})
}

// one reports whether the device measures one of the quantities. A device of which it is not known what it measures may
// measure anything, unless it reports a task.
func (m instruments) one(d facility.Device, any ...telemetry.Quantity) bool {
	known, ok := m.measures[d.ID]
	return !ok && d.Place.Kind != facility.AtTask || slices.ContainsFunc(any, func(q telemetry.Quantity) bool { return slices.Contains(known, q) })
}

var passages = []telemetry.Quantity{telemetry.PeopleIn, telemetry.PeopleOut, telemetry.PeopleInTotal, telemetry.PeopleOutTotal}

// counted reports whether the people in a zone are counted: at all its doors, as a whole, or in a zone inside it.
func (m instruments) counted(zone string) bool {
	if m.has(facility.Place{Kind: facility.AtZone, ID: zone}, telemetry.PeoplePresent) {
		return true
	}
	doors, without := 0, 0
	for _, d := range m.site.Doors {
		if d.From != zone && d.To != zone {
			continue
		}
		doors++
		if !m.has(facility.Place{Kind: facility.AtDoor, ID: d.ID}, passages...) {
			without++
		}
	}
	if doors > 0 && without == 0 {
		return true
	}
	return slices.ContainsFunc(m.site.Zones, func(z facility.Zone) bool { return z.Parent == zone && m.counted(z.ID) })
}

// fitting lists the subjects of a rule that names none. all is true where the kind itself knows best.
func (m instruments) fitting(r *rules.Rule) (ids []string, all bool) {
	switch p := r.Params.(type) {
	case *rules.Capacity:
		if p.Site {
			ids = append(ids, m.site.ID)
		}
		for _, z := range m.site.Zones {
			if (z.Capacity > 0 || z.Seats > 0 || z.Area > 0) && m.counted(z.ID) {
				ids = append(ids, z.ID)
			}
		}
	case *rules.Distancing:
		for _, z := range m.site.Zones {
			dense := p.Density && z.Area > 0 && m.counted(z.ID)
			if dense || p.Measured && m.has(facility.Place{Kind: facility.AtZone, ID: z.ID}, telemetry.Distance) {
				ids = append(ids, z.ID)
			}
		}
	case *rules.Expression:
		return m.expressible(p)
	default:
		return nil, true
	}
	return ids, false
}

var word = regexp.MustCompile(`[a-z_][a-z0-9_]*`)

// expressible lists the subjects that can measure everything an expression uses.
func (m instruments) expressible(p *rules.Expression) (ids []string, all bool) {
	var gauges []telemetry.Quantity
	people, screened := false, false
	for _, name := range word.FindAllString(p.Expr+" "+p.Value, -1) {
		switch name {
		case "persons", "in_today", "out_today", "in_hour", "out_hour", "in_half_hour", "out_half_hour", "near":
			people = true
		case "screened_today", "too_warm_today":
			screened = true
		default:
			if q, err := telemetry.ParseQuantity(strings.TrimSuffix(name, "_today")); err == nil {
				gauges = append(gauges, q)
			}
		}
	}
	at := func(place facility.Place) bool {
		return m.hangs(p.Of, place) && !slices.ContainsFunc(gauges, func(q telemetry.Quantity) bool { return !m.has(place, q) })
	}
	switch p.SubjectKind {
	case rules.SubjectZone:
		for _, z := range m.site.Zones {
			if at(facility.Place{Kind: facility.AtZone, ID: z.ID}) && (!people || m.counted(z.ID)) {
				ids = append(ids, z.ID)
			}
		}
	case rules.SubjectDoor:
		for _, d := range m.site.Doors {
			place := facility.Place{Kind: facility.AtDoor, ID: d.ID}
			if at(place) && (!people || m.has(place, passages...)) && (!screened || m.has(place, telemetry.BodyTemperature)) {
				ids = append(ids, d.ID)
			}
		}
	case rules.SubjectDevice:
		for _, d := range m.site.Devices {
			if !slices.ContainsFunc(gauges, func(q telemetry.Quantity) bool { return !m.one(d, q) }) {
				ids = append(ids, d.ID)
			}
		}
	default:
		return nil, true
	}
	return ids, false
}
