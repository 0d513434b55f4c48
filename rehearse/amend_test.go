package rehearse

import (
	"testing"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
)

// A change of a room is about the rules that reckon with rooms, and leaves the definition that it is made of as it was.
func TestAReformAmendsTheSite(t *testing.T) {
	def := &rules.Definition{Site: facility.Site{ID: "hall", Zones: []facility.Zone{{ID: "lobby", Capacity: 100}}}, Protocols: []rules.Protocol{{ID: "ours", Rules: []rules.Rule{
		{ID: "full", Kind: "capacity"}, {ID: "heat", Kind: "temperature"},
		{ID: "queue", Kind: "expression", Params: &rules.Expression{SubjectKind: rules.SubjectZone, Expr: "persons > 1.0", When: "near"}},
		{ID: "crowd", Kind: "expression", Params: &rules.Expression{SubjectKind: rules.SubjectZone, Expr: "persons > 0.9 * limit"}},
		{ID: "some", Kind: "expression", Params: &rules.Expression{SubjectKind: rules.SubjectZone, Expr: "persons > 40.0"}},
	}}}}
	amend := func(id string) *Reform {
		return &Reform{Amend: func(s *facility.Site) bool {
			for i := range s.Zones {
				if s.Zones[i].ID == id {
					s.Zones[i].Capacity = 60
					return true
				}
			}
			return false
		}}
	}
	always := func(*rules.Protocol) bool { return true }
	as, err := amend("lobby").Apply(def, always)
	if err != nil || as.Definition.Site.Zones[0].Capacity != 60 || !as.Touched["full"] || as.Touched["heat"] || !as.Touched["queue"] || !as.Touched["crowd"] || as.Touched["some"] {
		t.Errorf("got %+v, touched %v, %v, want 60 and the rule about it", as.Definition.Site.Zones, as.Touched, err)
	}
	if def.Site.Zones[0].Capacity != 100 {
		t.Error("the definition itself was changed")
	}
	if as, err := amend("attic").Apply(def, always); err == nil || as.Definition != def {
		t.Errorf("a room that is not there: got %v and %v, want the definition as it was", as.Definition, err)
	}
}
