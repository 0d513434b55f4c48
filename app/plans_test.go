package app

import (
	"testing"

	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/floorplan"
	"github.com/gerbang-iot/gerbang/rules"
)

// A reload brings new plans and takes away those that are gone; a site whose file has problems keeps its plan with its definition.
func TestPlansFollowAReload(t *testing.T) {
	old, other := &floorplan.Plan{}, &floorplan.Plan{}
	p := newPlanShelf(&configs.Config{Plans: map[string]*floorplan.Plan{"a": old, "b": old, "c": old}})
	p.swap(&configs.Config{Plans: map[string]*floorplan.Plan{"a": other}, Kept: []rules.Definition{{Site: facility.Site{ID: "b"}}, {Site: facility.Site{ID: "d"}}}})
	for site, want := range map[string]*floorplan.Plan{"a": other, "b": old, "c": nil, "d": nil} {
		if got := p.Plan(site); got != want {
			t.Errorf("%s: got %p, want %p", site, got, want)
		}
	}
}
