package web

import (
	"maps"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
)

// supposed is one of the numbers that a limit follows from. The form, an address that is shared and the API call it by the same name.
type supposed struct {
	name       string
	unit       string // of the form; a word's key where it is no unit
	least, top float64
	whole      bool
	building   bool // it can be asked of a whole building, too
}

// suppositions are all of them, in the order in which the form asks.
var suppositions = []supposed{
	{name: "spacing_m", unit: "m", top: rules.MaxSpacing, building: true},
	{name: "share_pct", unit: "%", least: 1, top: 100, building: true},
	{name: "area_m2", unit: "m²", top: 1_000_000},
	{name: "fixtures_m2", unit: "m²", top: 1_000_000},
	{name: "seats", top: 100_000, whole: true},
	{name: "pitch_m", unit: "m", top: 10},
	{name: "capacity", top: 1_000_000, whole: true},
	{name: "people", top: 1_000_000, whole: true, building: true},
	{name: "air_ls", unit: "L/s", top: 1_000_000},
	{name: "air_per_person_ls", unit: "L/s", least: 0.1, top: 200},
}

// gridName is the name of the one supposition that is no number.
const gridName = "grid"

// suppose is what somebody supposes about a room, or about a building: numbers by name; one that is not there is not known, or there is
// nothing of it. Nothing is changed by it.
type suppose struct {
	grid   rules.Grid
	values map[string]float64
}

// mistaken is a supposition that cannot be meant: its name, and the key of a sentence that says why, with its arguments.
type mistaken struct {
	name, key string
	args      []any
}

// asIs is what is so: what the limit is computed from, the level's share, and who is inside.
func asIs(v *rules.View, room *rules.Room, people rules.Estimate, levels map[string]float64, spacing float64, grid rules.Grid) suppose {
	s := suppose{grid: grid, values: map[string]float64{"spacing_m": spacing, "share_pct": 100}}
	if share := levels[v.Level]; share > 0 {
		s.values["share_pct"] = share * 100
	}
	if people.Known {
		s.values["people"] = math.Round(people.Persons)
	}
	if room == nil {
		return s
	}
	for name, value := range map[string]float64{
		"area_m2": room.Zone.Area, "fixtures_m2": room.Zone.Fixtures, "seats": float64(room.Zone.Seats), "pitch_m": room.Zone.SeatPitch, "capacity": float64(room.Zone.Capacity),
	} {
		if value > 0 {
			s.values[name] = value
		}
	}
	for i := range v.Verdicts {
		w := &v.Verdicts[i]
		if w.Kind != "air" || w.Subject != (rules.Subject{Kind: rules.SubjectZone, ID: room.Zone.ID}) || !w.Explanation.HasLimit {
			continue
		}
		s.values["air_per_person_ls"] = w.Explanation.Limit
		if inside := slices.IndexFunc(w.Explanation.Inputs, func(in rules.Input) bool { return in.Name == "persons" }); inside >= 0 && w.Explanation.HasValue {
			s.values["air_ls"] = math.Round(w.Explanation.Value * w.Explanation.Inputs[inside].Value)
		}
	}
	return s
}

// room is the room as it is supposed to be.
func (s *suppose) room(is rules.Room) rules.Room {
	is.Spacing, is.Grid = s.values["spacing_m"], s.grid
	is.Zone.Area, is.Zone.Fixtures, is.Zone.SeatPitch = s.values["area_m2"], s.values["fixtures_m2"], s.values["pitch_m"]
	is.Zone.Seats, is.Zone.Capacity = int(s.values["seats"]), int(s.values["capacity"])
	return is.At(s.values["share_pct"] / 100)
}

// supposing reads what an address changes of what is so. What is left out stays as it is; what is there and empty, there is nothing of.
func (s suppose) supposing(q url.Values, building bool) (suppose, *mistaken) {
	to := suppose{s.grid, maps.Clone(s.values)}
	if grid := q.Get(gridName); grid != "" {
		if to.grid = rules.Grid(grid); to.grid != rules.Square && to.grid != rules.Hexagonal {
			return to, &mistaken{gridName, "grid", []any{"Value", cleanText(grid, 40)}}
		}
	}
	for _, x := range suppositions {
		if building && !x.building || !q.Has(x.name) {
			continue
		}
		text := strings.TrimSpace(q.Get(x.name))
		if text == "" {
			delete(to.values, x.name)
			continue
		}
		v, err := strconv.ParseFloat(strings.Replace(text, ",", ".", 1), 64)
		switch {
		case err != nil || math.IsNaN(v) || x.whole && v != math.Trunc(v):
			key := "number"
			if x.whole {
				key = "whole"
			}
			return to, &mistaken{x.name, key, []any{"Value", cleanText(text, 40)}}
		case v < x.least || v > x.top:
			return to, &mistaken{x.name, "range", []any{"Value", cleanText(text, 40), "Least", x.least, "Most", x.top}}
		}
		to.values[x.name] = v
	}
	return to, to.mistake(building)
}

// mistake finds what cannot be meant together.
func (s *suppose) mistake(building bool) *mistaken {
	has := func(name string) bool { return s.values[name] > 0 }
	switch _, shared := s.values["share_pct"]; {
	case !shared:
		return &mistaken{"share_pct", "missing", nil}
	case building:
		return nil
	case has("area_m2") && s.values["fixtures_m2"] > s.values["area_m2"]:
		return &mistaken{"fixtures_m2", "fixtures", nil}
	case !has("capacity") && !has("seats") && !(has("area_m2") && has("spacing_m")):
		return &mistaken{"area_m2", "nothing", nil}
	}
	return nil
}

// supposedRoom answers what the limit of a room would be: the rule's own function does.
type supposedRoom struct {
	Now, Then rules.RoomLimit
	NowKnown  bool // a limit holds now
	// Left is how many more may come in, negative: too many are inside; HasLeft: so many are inside is known.
	Left    float64
	HasLeft bool
	// Air is for how many the outdoor air is enough, and Each what each of those inside has, L/s.
	Air, Each       float64
	HasAir, HasEach bool
}

func (s *suppose) answer(is rules.Room, now *suppose) (a supposedRoom, wrong *mistaken) {
	then := s.room(is)
	var err error
	if a.Then, err = then.Limit(); err != nil {
		return a, &mistaken{"area_m2", "nothing", nil}
	}
	before := now.room(is)
	if a.Now, err = before.Limit(); err == nil {
		a.NowKnown = true
	}
	people, inside := s.values["people"]
	if inside {
		a.Left, a.HasLeft = a.Then.Limit-people, true
	}
	air, per := s.values["air_ls"], s.values["air_per_person_ls"]
	if a.HasAir = air > 0 && per > 0; a.HasAir {
		a.Air = rules.AirLimit(air, per)
	}
	if a.HasEach = air > 0 && people > 0; a.HasEach {
		a.Each = air / people
	}
	return a, nil
}

// zoneAsIs is what is so of a zone.
func zoneAsIs(v *rules.View, z *rules.ZoneView) suppose {
	return asIs(v, z.Room, z.Persons, z.Room.Levels, z.Room.Spacing, z.Room.Grid)
}

// supposedZone is a room of a building in which something is supposed of all rooms.
type supposedZone struct {
	Zone      facility.Zone
	Now, Then rules.RoomLimit
}

// supposedBuilding answers what the limits of all rooms would be, and that of the building, where a rule limits it.
type supposedBuilding struct {
	Zones     []supposedZone
	Now, Then rules.BuildingLimit
	HasLimit  bool
	Left      float64
	HasLeft   bool
}

// answerBuilding supposes the same spacing, grid and share of every room.
func (s *suppose) answerBuilding(v *rules.View, now *suppose) (a supposedBuilding) {
	for i := range v.Zones {
		z := &v.Zones[i]
		if z.Room == nil {
			continue
		}
		is := zoneAsIs(v, z)
		then := *z.Room
		// What is not supposed otherwise stays as each room's own rule has it.
		if s.values["spacing_m"] != now.values["spacing_m"] {
			then.Spacing = s.values["spacing_m"]
		}
		if s.grid != now.grid {
			then.Grid = s.grid
		}
		then = then.At(s.values["share_pct"] / 100)
		before := is.room(*z.Room)
		one := supposedZone{Zone: z.Room.Zone}
		var err error
		if one.Now, err = before.Limit(); err != nil {
			continue
		}
		if one.Then, err = then.Limit(); err != nil {
			one.Then = rules.RoomLimit{Constraint: ""} // with a spacing of 0 an area alone gives none
		}
		a.Zones = append(a.Zones, one)
	}
	if v.Building != nil {
		a.HasLimit = true
		a.Now = v.Building.Limit(now.values["share_pct"] / 100)
		b := *v.Building
		b.Capacity.Spacing, b.Capacity.Grid = s.values["spacing_m"], s.grid
		a.Then = b.Limit(s.values["share_pct"] / 100)
		if people, ok := s.values["people"]; ok {
			a.Left, a.HasLeft = a.Then.Limit-people, true
		}
	}
	return a
}

// buildingAsIs is what is so of a building; false: no rule limits anybody in it.
func buildingAsIs(v *rules.View) (suppose, bool) {
	if b := v.Building; b != nil {
		return asIs(v, nil, v.Persons, b.Levels, b.Capacity.Spacing, b.Capacity.Grid), true
	}
	for i := range v.Zones {
		if r := v.Zones[i].Room; r != nil {
			return asIs(v, nil, v.Persons, r.Levels, r.Spacing, r.Grid), true
		}
	}
	return suppose{}, false
}
