package rules

import (
	"slices"

	"github.com/gerbang-iot/gerbang/facility"
)

// counts reports whether something says how many people are in a zone (the building where id is empty): a counter at its edge,
// one that sees who is in it, or the same for each zone in it. What nobody counts is not judged.
//
// A device at a door of which nobody knows what it measures may be a counter; one in a zone has to show it.
func (p *plan) counts(id string) bool {
	if p.counters == nil {
		return true // only names are looked up, and what is counted is not known
	}
	if p.counted == nil {
		p.findCounted()
	}
	return p.counted[id]
}

// showsCounter notes that a device has shown to be a counter, and reports whether something is counted now that was not.
func (p *plan) showsCounter(device int) bool {
	if p.counters[device] {
		return false
	}
	_ = p.counts("") // finds what is counted without it
	p.counters[device] = true
	for _, place := range p.def.Site.Devices[device].Places() {
		for _, id := range p.countedAt(place) {
			if !p.counts(id) {
				p.counted = nil
				return true
			}
		}
	}
	return false
}

// countedAt lists the zones at whose edge, or in which, a counter at a place hangs.
func (p *plan) countedAt(place facility.Place) []string {
	switch place.Kind {
	case facility.AtZone:
		return []string{place.ID}
	case facility.AtDoor:
		door := p.door(place.ID)
		from, to := p.around(door.From), p.around(door.To)
		return slices.DeleteFunc(slices.Concat(from, to), func(id string) bool {
			return slices.Contains(from, id) == slices.Contains(to, id)
		})
	}
	return nil
}

// findCounted finds all zones that are counted.
func (p *plan) findCounted() {
	p.counted = make(map[string]bool)
	site := &p.def.Site
	for i := range site.Devices {
		if !p.counters[i] {
			continue
		}
		for _, place := range site.Devices[i].Places() {
			for _, id := range p.countedAt(place) {
				p.counted[id] = true
			}
		}
	}
	parts := make(map[string][]string)
	for i := range site.Zones {
		parts[site.Zones[i].Parent] = append(parts[site.Zones[i].Parent], site.Zones[i].ID)
	}
	var look func(id string) bool
	look = func(id string) bool {
		all := len(parts[id]) > 0
		for _, part := range parts[id] {
			all = look(part) && all
		}
		p.counted[id] = p.counted[id] || all
		return p.counted[id]
	}
	look("")
}

// around lists a zone and all it lies in, the building last; nothing for outside.
func (p *plan) around(id string) []string {
	if id == facility.Outside || id == "" {
		return nil
	}
	var all []string
	for range len(p.def.Site.Zones) + 1 {
		all = append(all, id)
		if id == "" {
			break
		}
		id = p.zone(id).Parent
	}
	return all
}

// counterViews is what was learned of the counters at a door.
func (e *Engine) counterViews(door *doorState) []CounterView {
	var all []CounterView
	for d := range e.everyDevice() {
		if d.door != door || !d.flowFlag || len(d.effects) == 0 {
			continue
		}
		l := &d.effects[0].zone.now
		i := slices.IndexFunc(l.counters, func(c learnedCounter) bool { return c.id == d.counterID() || c.id == "" })
		if i < 0 { // nothing is learned of it yet, and people have something to say of it all the same
			c := learnedCounter{id: d.counterID(), reversed: d.mounting.Swap, drift: d.biasIn(d.effects[0].zone, e.clock)}
			all = append(all, c.view(d, square(firstDrift*d.missedShare()), 1))
			continue
		}
		all = append(all, l.counters[i].view(d, l.variance[i*len(l.counters)+i], l.scale))
	}
	return all
}

func (c *learnedCounter) view(d *deviceState, variance, scale float64) CounterView {
	v := CounterView{Device: d.counterID(), Dispersion: scale * d.missedShare(), Drifting: c.drifting, Closings: slices.Clone(c.closings)}
	v.Drift, v.Uncertainty = hundredths(100*c.drift), hundredths(100*bothSides*root(variance))
	v.Accuracies, v.Biases, v.Directions, v.Swap = d.accuracies, d.biases, d.directions, d.mounting.Swap
	if c.reversed != d.mounting.Swap && c.turned != 0 {
		v.Reversed = c.turned
	}
	return v
}
