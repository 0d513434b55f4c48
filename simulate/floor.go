package simulate

import (
	"math/rand/v2"
	"slices"

	"github.com/gerbang-iot/gerbang/facility"
)

// floor is how people find their way: the zones as rooms and the doors between them.
type floor struct {
	site    *facility.Site
	entries []entry
	doored  map[string]bool // zones that a door leads to or from
}

// entry is an outside door with its weights among all.
type entry struct {
	door int // in the site
	hall string
	way  Way
}

// step is one passage: a door of the site, in (1) or out (−1).
type step struct{ door, direction int }

func newFloor(site *facility.Site, ways map[string]Way) *floor {
	f := &floor{site: site, doored: map[string]bool{}}
	for i, d := range site.Doors {
		f.doored[d.From], f.doored[d.To] = true, true
		if d.From != facility.Outside && d.To != facility.Outside {
			continue
		}
		hall := d.To
		if hall == facility.Outside {
			hall = d.From
		}
		way, given := ways[d.ID]
		if !given {
			way = Way{1, 1}
			if len(f.entries) == 0 {
				way = Way{2, 2} // the main door
			}
		}
		f.entries = append(f.entries, entry{i, hall, way})
	}
	return f
}

// someEntry chooses an outside door by the weights that weight gives.
func (f *floor) someEntry(r *rand.Rand, weight func(Way) float64) *entry {
	var total float64
	for _, e := range f.entries {
		total += weight(e.way)
	}
	at := r.Float64() * total
	for i := range f.entries {
		if at -= weight(f.entries[i].way); at < 0 {
			return &f.entries[i]
		}
	}
	return &f.entries[len(f.entries)-1]
}

// someRoom chooses where a visitor of a hall spends the visit: there, or behind one of its inner doors. Large rooms draw
// more people.
func (f *floor) someRoom(r *rand.Rand, hall string) string {
	rooms := []string{hall}
	for _, d := range f.site.Doors {
		switch {
		case d.From == hall && d.To != facility.Outside:
			rooms = append(rooms, d.To)
		case d.To == hall && d.From != facility.Outside:
			rooms = append(rooms, d.From)
		}
	}
	var total float64
	for _, z := range rooms {
		total += f.area(z)
	}
	at := r.Float64() * total
	for _, z := range rooms {
		if at -= f.area(z); at < 0 {
			return z
		}
	}
	return hall
}

// path is the shortest way from a zone to another through inner doors; nil where they are the same or none leads there.
func (f *floor) path(from, to string) []step {
	type visit struct {
		zone string
		way  []step
	}
	seen := map[string]bool{from: true}
	for queue := []visit{{zone: from}}; len(queue) > 0; queue = queue[1:] {
		v := queue[0]
		if v.zone == to {
			return v.way
		}
		for i, d := range f.site.Doors {
			next, direction := d.To, 1
			if d.To == v.zone {
				next, direction = d.From, -1
			} else if d.From != v.zone {
				continue
			}
			if next != facility.Outside && !seen[next] {
				seen[next] = true
				queue = append(queue, visit{next, append(slices.Clone(v.way), step{i, direction})})
			}
		}
	}
	return nil
}

// leads reports whether inner doors lead from a zone to another.
func (f *floor) leads(from, to string) bool { return from == to || f.path(from, to) != nil }

// area is that of a zone in m², or what a room usually has.
func (f *floor) area(zone string) float64 {
	if z, ok := f.site.Zone(zone); ok && z.Area > 0 {
		return z.Area
	}
	return 80
}

// through is the way through an outside door, into the building or out of it.
func (f *floor) through(e *entry, inward bool) step {
	s := step{e.door, 1}
	if (f.site.Doors[e.door].To == facility.Outside) == inward {
		s.direction = -1
	}
	return s
}
