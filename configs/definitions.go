package configs

import (
	"slices"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/ingest/decode"
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
	for _, site := range c.Sites {
		d := rules.Definition{
			Site: site, Lateness: c.Ingest.Lateness, MaxPassages: c.Ingest.MaxPassages, Measures: c.measures(&site), Apart: c.apart(&site),
		}
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

// measures are the quantities of each device, from the configuration or from its model, where they are known.
func (c *Config) measures(site *facility.Site) map[string][]telemetry.Quantity {
	known := map[string][]telemetry.Quantity{}
	for _, d := range site.Devices {
		if len(d.Measures) > 0 {
			known[d.ID] = d.Measures
			continue
		}
		i := slices.IndexFunc(c.Models, func(m decode.Model) bool { return m.ID == d.Model })
		if i < 0 || c.Models[i].Format == "native" || c.Models[i].Varied {
			continue // whatever speaks such a format may say anything
		}
		if q := c.Models[i].Surrounds(); len(q) > 0 {
			known[d.ID] = q
		}
	}
	return known
}

// apart are the channels of each device that are not about the place where it hangs, as its model says.
func (c *Config) apart(site *facility.Site) map[string][]rules.Probe {
	apart := map[string][]rules.Probe{}
	for _, d := range site.Devices {
		i := slices.IndexFunc(c.Models, func(m decode.Model) bool { return m.ID == d.Model })
		if i < 0 {
			continue
		}
		for _, p := range c.Models[i].Probes() {
			apart[d.ID] = append(apart[d.ID], rules.Probe{Quantity: p.Quantity, Channel: p.Channel})
		}
	}
	return apart
}
