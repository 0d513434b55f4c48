package configs

import (
	"slices"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Definitions are what decides how each site's records are judged: one a site, sorted by site id, the protocols in the
// order in which the site lists them. The same files give the same definitions.
//
// A protocol is written for many sites. Where a rule names subjects, the site's definition keeps those that are there;
// where it names none, it gets those that the site can measure. A rule without any does not apply to the site.
func (c *Config) Definitions() []rules.Definition {
	definitions := make([]rules.Definition, 0, len(c.Sites))
	models := c.fitted()
	for _, site := range c.Sites {
		d := rules.Definition{Site: site, Lateness: c.Ingest.Lateness, MaxPassages: c.Ingest.MaxPassages}
		d.Measures, d.Apart = measures(&site, models)
		for _, id := range site.Protocols {
			if i := slices.IndexFunc(c.Protocols, func(p rules.Protocol) bool { return p.ID == id }); i >= 0 {
				d.Protocols = append(d.Protocols, narrowed(c.Protocols[i], instruments{&site, d.Measures, d.Apart}))
			}
		}
		definitions = append(definitions, d)
	}
	return definitions
}

// narrowed is a protocol for one site. The shared one is not touched.
func narrowed(p rules.Protocol, m instruments) rules.Protocol {
	site := m.site
	here := map[string]bool{site.ID: true}
	for _, z := range site.Zones {
		here[z.ID] = true
	}
	for _, d := range site.Doors {
		here[d.ID] = true
	}
	for _, d := range site.Devices {
		here[d.ID] = true
	}
	for _, t := range site.Tasks {
		here[t.ID] = true
	}
	shared := p.Rules
	p.Rules = make([]rules.Rule, 0, len(shared))
	for _, r := range shared {
		named, all := slices.Clone(r.Subjects), false
		if len(named) == 0 {
			named, all = m.fitting(&r)
		}
		named = slices.DeleteFunc(named, func(id string) bool { return !here[id] })
		if len(named) == 0 && !all {
			continue // an empty list would mean all subjects
		}
		r.Subjects = named
		p.Rules = append(p.Rules, r)
	}
	return p
}

// Narrow is a protocol for the site of a definition: with the subjects that are there, and the rules that the site can measure.
func Narrow(p rules.Protocol, def *rules.Definition) rules.Protocol {
	return narrowed(p, instruments{&def.Site, def.Measures, def.Apart})
}

// fitted is what the devices of one model measure, as the model says.
type fitted struct {
	known  []telemetry.Quantity
	probes []rules.Probe // on channels that are not about the place where the device hangs
}

// fitted finds that for every model that some device has.
func (c *Config) fitted() map[string]fitted {
	used := map[string]bool{}
	for i := range c.Sites {
		for k := range c.Sites[i].Devices {
			used[c.Sites[i].Devices[k].Model] = true
		}
	}
	all := make(map[string]fitted, len(used))
	for i := range c.Models {
		m := &c.Models[i]
		if _, twice := all[m.ID]; twice || !used[m.ID] {
			continue
		}
		var f fitted
		if m.Format != "native" && !m.Varied { // whatever speaks such a format may say anything
			f.known = m.Surrounds()
		}
		for _, p := range m.Probes() {
			f.probes = append(f.probes, rules.Probe{Quantity: p.Quantity, Channel: p.Channel})
		}
		all[m.ID] = f
	}
	return all
}

// measures are what each device of a site measures, where that is known, and the channels of each that are not about the place where it
// hangs.
func measures(site *facility.Site, models map[string]fitted) (known map[string][]telemetry.Quantity, apart map[string][]rules.Probe) {
	known, apart = map[string][]telemetry.Quantity{}, map[string][]rules.Probe{}
	for i := range site.Devices {
		d := &site.Devices[i]
		f := models[d.Model]
		if len(d.Measures) > 0 {
			known[d.ID] = d.Measures
		} else if len(f.known) > 0 {
			known[d.ID] = f.known
		}
		if len(f.probes) > 0 {
			apart[d.ID] = f.probes
		}
	}
	return known, apart
}
