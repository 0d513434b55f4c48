package rules

import (
	"fmt"
	"maps"
	"slices"

	"github.com/gerbang-iot/gerbang/facility"
)

// Room is what the limit of a zone follows from: what the room is like, and what the rule asks. It is a plain value, and changing one
// of its fields asks what the limit would be then.
type Room struct {
	Zone    facility.Zone
	Spacing float64 // m; 0: only declared capacity and all seats
	Grid    Grid
	// Levels are the shares of the full limit by level, Level the one that is chosen; without levels the full limit holds.
	Levels map[string]float64
	Level  string
	// Around is what the room lies in and what limits it too, a zone or the whole building; nil: nothing does. No more fit into the one
	// than into the other.
	Around *facility.Zone
}

// Bearing is one of the things that can set a limit, and where it would.
type Bearing struct {
	Constraint string  `json:"constraint"`
	Limit      float64 `json:"limit"` // persons, with nothing taken off for the level
	Inputs     []Input `json:"inputs"`
	Allowed    float64 `json:"allowed"` // persons, with the level's share
}

// RoomLimit is how many people may be in a room, and everything that it was computed from.
type RoomLimit struct {
	// Limit is the number with the level's share; Full is the one without, Share what the level leaves of it, 1 where there is none.
	Limit float64 `json:"limit"`
	Full  float64 `json:"full"`
	Share float64 `json:"share"`
	Level string  `json:"level,omitempty"`
	// Spacing in metres and Grid are those that were asked.
	Spacing float64 `json:"spacing_m"`
	Grid    Grid    `json:"grid"`
	// Constraint is what sets the full limit: of the bearings the smallest.
	Constraint string    `json:"constraint"`
	Bearings   []Bearing `json:"bearings"`
	// Beyond says that the limit is above that of what the zone lies in, which is Parent: so many can never be inside.
	Beyond     bool    `json:"beyond_parent,omitempty"`
	Parent     float64 `json:"parent_limit,omitempty"`
	ParentName string  `json:"parent,omitempty"`
}

// MaxSpacing bounds the spacing that can be asked about, in metres.
const MaxSpacing = 10

// Limit computes how many people may be in the room. It is an error to ask about a room of which nothing gives a limit, a level that
// there is not, or a spacing that cannot be.
func (r *Room) Limit() (RoomLimit, error) {
	l := RoomLimit{Share: 1, Spacing: r.Spacing, Grid: r.Grid}
	switch {
	case !(r.Spacing >= 0 && r.Spacing <= MaxSpacing):
		return l, fmt.Errorf("spacing %v m: want 0 to %d m", r.Spacing, MaxSpacing)
	case !r.Grid.ok():
		return l, fmt.Errorf("grid %q: want square or hexagonal", r.Grid)
	}
	share := 0.0
	if len(r.Levels) > 0 {
		if share = r.Levels[r.Level]; share == 0 {
			return l, fmt.Errorf("level %q: want one of %v", r.Level, slices.Sorted(maps.Keys(r.Levels)))
		}
		l.Share, l.Level = share, r.Level
	} else if r.Level != "" {
		return l, fmt.Errorf("level %q: the protocol has no levels", r.Level)
	}
	full, constraint, ok := fullLimit(&r.Zone, r.Spacing, r.Grid)
	if !ok {
		return l, fmt.Errorf("zone %q: nothing gives it a limit, want an area, seats or a capacity", r.Zone.ID)
	}
	l.Full, l.Constraint, l.Limit = full, constraint, scaled(full, share)
	l.Bearings = r.bearings()
	for i := range l.Bearings {
		l.Bearings[i].Allowed = scaled(l.Bearings[i].Limit, share)
	}
	if r.Around != nil {
		if around, _, ok := fullLimit(r.Around, r.Spacing, r.Grid); ok {
			l.Parent, l.ParentName = scaled(around, share), r.Around.Name
			l.Beyond = l.Limit > l.Parent
		}
	}
	return l, nil
}

// At is the room with a share of the full limit that is said outright, above 0 to 1, whatever the levels are.
func (r Room) At(share float64) Room {
	r.Levels, r.Level = map[string]float64{"": share}, ""
	return r
}

// AirLimit is how many people the outdoor air of a room is enough for, where each is to have perPerson; both in litres a second.
func AirLimit(air, perPerson float64) float64 { return wholePeople(air / perPerson) }

// Building is what the limit of a whole building follows from, where a rule limits it. It is a plain value, as Room is.
type Building struct {
	// Capacity is the rule: its spacing and grid hold for all zones, and its capacity in place of their sum, where it has one.
	Capacity Capacity
	Zones    []facility.Zone // shared, and never changed
	Levels   map[string]float64
}

// BuildingLimit is how many people may be in a building.
type BuildingLimit struct {
	Limit, Full float64 // persons, with and without the share
	Share       float64
	Constraint  string
	Inputs      []Input
}

// Limit computes how many people may be in the building at a share of the full limit, above 0 to 1.
func (b *Building) Limit(share float64) BuildingLimit {
	site := facility.Site{Zones: b.Zones}
	l := BuildingLimit{Share: share, Inputs: buildingInputs(&site, &b.Capacity)}
	l.Full, l.Constraint = buildingLimit(&site, &b.Capacity)
	l.Limit = scaled(l.Full, share)
	return l
}

// houseOf is what the limit of the whole building is computed from; nil: no rule limits it. It is shared and must not be changed.
func (e *Engine) houseOf(z *zoneState) *Building {
	if z.capacity == nil || z.capacity.now().rule == nil {
		return nil
	}
	j, ok := z.capacity.now().judge.(*capacityJudge)
	if !ok {
		return nil
	}
	if j.house == nil {
		j.house = &Building{Capacity: *j.params, Zones: e.plan.def.Site.Zones, Levels: j.levels.protocol.Levels}
	}
	return j.house
}

// bearings are all that can set the limit, in the order in which the first of equal ones does.
func (r *Room) bearings() (all []Bearing) {
	for _, one := range []facility.Zone{
		{Capacity: r.Zone.Capacity},
		{Seats: r.Zone.Seats, SeatPitch: r.Zone.SeatPitch},
		{Area: r.Zone.Area, Fixtures: r.Zone.Fixtures},
	} {
		if limit, constraint, ok := fullLimit(&one, r.Spacing, r.Grid); ok {
			all = append(all, Bearing{Constraint: constraint, Limit: limit, Inputs: limitInputs(&one, constraint, r.Spacing, r.Grid)})
		}
	}
	return all
}

// RoomOf is the room of a zone under a rule on capacity with a level; Level empty: the protocol has none, or none is chosen.
func RoomOf(site *facility.Site, zone string, p *Capacity, levels map[string]float64, level string) (Room, error) {
	z, ok := site.Zone(zone)
	if !ok {
		return Room{}, fmt.Errorf("zone %q: want one of the site's zones", zone)
	}
	r := Room{Zone: z, Spacing: p.Spacing, Grid: p.Grid, Levels: levels, Level: level}
	for up := z.Parent; up != "" && r.Around == nil; {
		around, _ := site.Zone(up)
		if _, _, ok := fullLimit(&around, p.Spacing, p.Grid); ok {
			r.Around = &around
		}
		up = around.Parent
	}
	if r.Around == nil && p.Site && p.SiteCapacity > 0 {
		r.Around = &facility.Zone{ID: site.ID, Name: site.Name, Capacity: p.SiteCapacity}
	}
	return r, nil
}

// room is what the limit of a zone is computed from; nil: nothing limits its people. It is shared and must not be changed; the level is
// that of the view, where there are levels.
func (e *Engine) room(z *zoneState) *Room {
	if z.capacity == nil || z.capacity.now().rule == nil {
		return nil
	}
	j, ok := z.capacity.now().judge.(*capacityJudge)
	if !ok {
		return nil
	}
	if j.room == nil {
		r, err := RoomOf(&e.plan.def.Site, z.id, j.params, j.levels.protocol.Levels, "")
		if err != nil {
			return nil
		}
		j.room = &r
	}
	return j.room
}
