package floorplan

import (
	"slices"
	"strings"
)

// The kinds of what an element can name.
const (
	Zone   = "zone"
	Door   = "door"
	Device = "device"
)

// Name is what an element stands for.
type Name struct{ Kind, ID string }

// Bind finds what the elements stand for, by element id: zone-hall is the zone hall, and hall is what has this id, a zone before a door before
// a device. Each is bound once, to the first element that names it.
func (p *Plan) Bind(zones, doors, devices []string) map[string]Name {
	bound, taken := map[string]Name{}, map[Name]bool{}
	kinds := []struct {
		kind string
		ids  []string
	}{{Zone, zones}, {Door, doors}, {Device, devices}}
	bind := func(id string, n Name) {
		if !taken[n] {
			bound[id], taken[n] = n, true
		}
	}
	for _, id := range p.IDs {
		for _, k := range kinds {
			if rest, ok := strings.CutPrefix(id, k.kind+"-"); ok && slices.Contains(k.ids, rest) {
				bind(id, Name{k.kind, rest})
			}
		}
	}
	for _, id := range p.IDs {
		if _, known := bound[id]; known {
			continue
		}
		for _, k := range kinds {
			if slices.Contains(k.ids, id) {
				bind(id, Name{k.kind, id})
				break
			}
		}
	}
	return bound
}
