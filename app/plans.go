package app

import (
	"maps"
	"sync/atomic"

	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/floorplan"
	"github.com/gerbang-iot/gerbang/web"
)

// planShelf holds the floor plans in force. It is safe for concurrent use.
type planShelf struct {
	all atomic.Pointer[map[string]*floorplan.Plan]
}

var _ web.Plans = (*planShelf)(nil)

// newPlanShelf makes one of a configuration.
func newPlanShelf(cfg *configs.Config) *planShelf {
	p := &planShelf{}
	p.swap(cfg)
	return p
}

// Plan is the floor plan of a site; nil: it has none.
func (p *planShelf) Plan(site string) *floorplan.Plan { return (*p.all.Load())[site] }

// swap brings the plans of a configuration into force. A site that keeps its old definition keeps its plan.
func (p *planShelf) swap(cfg *configs.Config) {
	next := map[string]*floorplan.Plan{}
	if old := p.all.Load(); old != nil {
		for i := range cfg.Kept {
			if plan := (*old)[cfg.Kept[i].Site.ID]; plan != nil {
				next[cfg.Kept[i].Site.ID] = plan
			}
		}
	}
	maps.Copy(next, cfg.Plans)
	p.all.Store(&next)
}
