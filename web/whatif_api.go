package web

import (
	"context"
	"net/url"
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gerbang-iot/gerbang/rules"
)

// maybe is a parameter of which it matters whether it is there: what is left out stays as it is, and 0 is a number.
type maybe struct {
	Value float64
	Given bool
}

// Schema is that of the number.
func (m maybe) Schema(r huma.Registry) *huma.Schema {
	return huma.SchemaFromType(r, reflect.TypeFor[float64]())
}

// Receiver is where the number goes.
func (m *maybe) Receiver() reflect.Value { return reflect.ValueOf(m).Elem().Field(0) }

// OnParamSet says that it is there.
func (m *maybe) OnParamSet(given bool, _ any) { m.Given = given }

type supposeInput struct {
	Site     string `path:"site" maxLength:"64" example:"mpp-gresik"`
	Spacing  maybe  `query:"spacing_m" example:"1.5" doc:"Metres between people, 0 to 10; 0: none is asked. Left out, like every other: as it is"`
	Grid     string `query:"grid" enum:"square,hexagonal" doc:"How people stand"`
	Share    maybe  `query:"share_pct" example:"50" doc:"Share of the full limit in percent, 1 to 100"`
	People   maybe  `query:"people" example:"44" doc:"People inside"`
	Language string `header:"Accept-Language" doc:"Language of sentences: id or en"`
}

type supposeZoneInput struct {
	Site      string `path:"site" maxLength:"64" example:"mpp-gresik"`
	Zone      string `path:"zone" maxLength:"64" example:"ruang-tunggu"`
	Spacing   maybe  `query:"spacing_m" example:"1.5" doc:"Metres between people, 0 to 10; 0: none is asked. Left out, like every other: as it is"`
	Grid      string `query:"grid" enum:"square,hexagonal" doc:"How people stand"`
	Share     maybe  `query:"share_pct" example:"50" doc:"Share of the full limit in percent, 1 to 100"`
	People    maybe  `query:"people" example:"44" doc:"People inside"`
	Area      maybe  `query:"area_m2" example:"420" doc:"Floor area; 0: none is known"`
	Fixtures  maybe  `query:"fixtures_m2" example:"60" doc:"Floor area that furniture takes"`
	Seats     maybe  `query:"seats" example:"96" doc:"0: there are none"`
	Pitch     maybe  `query:"pitch_m" example:"0.55" doc:"Metres between neighbouring seats"`
	Capacity  maybe  `query:"capacity" example:"220" doc:"Declared capacity, persons; 0: none"`
	Air       maybe  `query:"air_ls" example:"400" doc:"Outdoor air into the room, L/s"`
	PerPerson maybe  `query:"air_per_person_ls" example:"10" doc:"Outdoor air that each is to have, L/s, 0.1 to 200"`
	Language  string `header:"Accept-Language" doc:"Language of sentences: id or en"`
}

// asForm is what a form with the same numbers would send.
func asForm(grid string, numbers map[string]maybe) url.Values {
	q := url.Values{}
	if grid != "" {
		q.Set(gridName, grid)
	}
	for name, m := range numbers {
		if m.Given {
			q.Set(name, strconv.FormatFloat(m.Value, 'f', -1, 64))
		}
	}
	return q
}

func (in *supposeInput) form() url.Values {
	return asForm(in.Grid, map[string]maybe{"spacing_m": in.Spacing, "share_pct": in.Share, "people": in.People})
}

func (in *supposeZoneInput) form() url.Values {
	return asForm(in.Grid, map[string]maybe{
		"spacing_m": in.Spacing, "share_pct": in.Share, "people": in.People, "area_m2": in.Area, "fixtures_m2": in.Fixtures, "seats": in.Seats,
		"pitch_m": in.Pitch, "capacity": in.Capacity, "air_ls": in.Air, "air_per_person_ls": in.PerPerson,
	})
}

type apiSupposed struct {
	Now     *rules.RoomLimit   `json:"now,omitempty" doc:"The limit as things are; absent: nothing gives one"`
	Then    rules.RoomLimit    `json:"then" doc:"The limit that would be, by the rule's own function, and what it was computed from"`
	Sum     string             `json:"sum" example:"48 = 96 seats × 50 %" doc:"The same in words"`
	Inputs  map[string]float64 `json:"inputs" doc:"Every number that it was computed with, by the name of its parameter"`
	Left    *float64           `json:"left,omitempty" example:"4" doc:"How many more may come in; negative: so many too many are inside. Absent: nobody knows how many are inside"`
	Air     *float64           `json:"air_limit,omitempty" example:"40" doc:"For how many the outdoor air is enough. A rule of its own, and not part of the limit"`
	AirEach *float64           `json:"air_each_ls,omitempty" example:"9.1" doc:"What each of those inside has, L/s"`
}

type apiSupposedBuilding struct {
	Now   *apiBuildingLimit  `json:"now,omitempty" doc:"Absent: no rule limits the building as a whole"`
	Then  *apiBuildingLimit  `json:"then,omitempty"`
	Left  *float64           `json:"left,omitempty"`
	Rooms []apiSupposedRoom  `json:"rooms"`
	Input map[string]float64 `json:"inputs"`
}

type apiBuildingLimit struct {
	Limit      float64 `json:"limit" example:"240"`
	Full       float64 `json:"full" example:"320"`
	Share      float64 `json:"share" example:"0.75"`
	Constraint string  `json:"constraint" example:"zones"`
	Sum        string  `json:"sum"`
}

type apiSupposedRoom struct {
	Zone string           `json:"zone" example:"ruang-tunggu"`
	Name string           `json:"name" example:"Ruang tunggu"`
	Now  rules.RoomLimit  `json:"now"`
	Then *rules.RoomLimit `json:"then,omitempty" doc:"Absent: nothing would limit it"`
}

// apiWhatIf registers what a limit would be if something were otherwise.
func (s *Server) apiWhatIf(api huma.API) {
	const none = "no rule limits the people here"
	huma.Register(api, get("/sites/{site}/zones/{zone}/what-if", "what-if-zone", "What the limit of a zone would be if something were otherwise. Nothing is changed", "sites", 404, 422, 503),
		func(_ context.Context, in *supposeZoneInput) (*apiOne[apiSupposed], error) {
			v, err := s.apiJudged(in.Site)
			if err != nil {
				return nil, err
			}
			z, ok := zoneByID(v, in.Zone)
			switch {
			case !ok:
				return nil, huma.Error404NotFound("no such zone")
			case z.Room == nil:
				return nil, huma.Error404NotFound(none)
			}
			sc, now := s.in(in.Language, v), zoneAsIs(v, z)
			then, wrong := now.supposing(in.form(), false)
			var a supposedRoom
			if wrong == nil {
				a, wrong = then.answer(*z.Room, &now)
			}
			if wrong != nil {
				return nil, huma.Error422UnprocessableEntity("query " + wrong.name + ": " + sc.mistake(wrong))
			}
			out := apiSupposed{Then: a.Then, Sum: sc.sumOf(&a.Then), Inputs: then.values}
			if a.NowKnown {
				out.Now = &a.Now
			}
			if a.HasLeft {
				out.Left = &a.Left
			}
			if a.HasAir {
				out.Air = &a.Air
			}
			if a.HasEach {
				out.AirEach = &a.Each
			}
			return &apiOne[apiSupposed]{out}, nil
		})
	huma.Register(api, get("/sites/{site}/what-if", "what-if-site", "What the limits of all rooms would be if something were otherwise. Nothing is changed", "sites", 404, 422, 503),
		func(_ context.Context, in *supposeInput) (*apiOne[apiSupposedBuilding], error) {
			v, err := s.apiJudged(in.Site)
			if err != nil {
				return nil, err
			}
			sc := s.in(in.Language, v)
			now, limited := buildingAsIs(v)
			if !limited {
				return nil, huma.Error404NotFound(none)
			}
			then, wrong := now.supposing(in.form(), true)
			if wrong != nil {
				return nil, huma.Error422UnprocessableEntity("query " + wrong.name + ": " + sc.mistake(wrong))
			}
			a := then.answerBuilding(v, &now)
			out := apiSupposedBuilding{Rooms: []apiSupposedRoom{}, Input: then.values}
			if a.HasLimit {
				out.Now, out.Then = sc.apiBuildingLimit(&a.Now), sc.apiBuildingLimit(&a.Then)
			}
			if a.HasLeft {
				out.Left = &a.Left
			}
			for i := range a.Zones {
				z := &a.Zones[i]
				room := apiSupposedRoom{Zone: z.Zone.ID, Name: z.Zone.Name, Now: z.Now}
				if z.Then.Constraint != "" {
					room.Then = &z.Then
				}
				out.Rooms = append(out.Rooms, room)
			}
			return &apiOne[apiSupposedBuilding]{out}, nil
		})
}

func (t *scene) apiBuildingLimit(l *rules.BuildingLimit) *apiBuildingLimit {
	return &apiBuildingLimit{l.Limit, l.Full, l.Share, l.Constraint, t.sum(l.Limit, l.Full, l.Share, l.Constraint, l.Inputs)}
}
