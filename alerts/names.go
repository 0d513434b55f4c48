package alerts

import (
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
)

// Description are the words for what an alert is about.
type Description struct {
	SiteName    string `json:"site_name,omitempty"`
	Timezone    string `json:"timezone,omitempty"` // of the site, IANA
	SubjectName string `json:"subject_name,omitempty"`
	// Zone is the zone in which the subject is, if there is one, and ZoneName its name.
	Zone     string `json:"zone,omitempty"`
	ZoneName string `json:"zone_name,omitempty"`
	// Title is what the rule's author calls it, by language; empty: the kind's own words.
	Title map[string]string `json:"title,omitempty"`
	// Advice is what the rule's author wants done, by language; empty: the kind's own words.
	Advice map[string]string `json:"advice,omitempty"`
}

// Names finds the words for a rule's subject. It is asked once, when an alert opens, from the goroutine of the Book; what
// it does not know it leaves empty.
type Names interface {
	Describe(site, rule string, subject rules.Subject) Description
}

// Directory is Names by the definitions in force. It is used by one goroutine.
type Directory struct {
	sites map[string]*rules.Definition
}

var _ Names = (*Directory)(nil)

// NewDirectory makes an empty directory.
func NewDirectory() *Directory { return &Directory{sites: make(map[string]*rules.Definition)} }

// Set puts a site's definition in force. The definition must not change afterwards.
func (d *Directory) Set(def *rules.Definition) { d.sites[def.Site.ID] = def }

// Remove forgets a site.
func (d *Directory) Remove(site string) { delete(d.sites, site) }

// Escalation is whom a site calls about an alert; nil: it says nothing of that.
func (d *Directory) Escalation(site string) *facility.Escalation {
	if def, ok := d.sites[site]; ok {
		return def.Site.Escalation
	}
	return nil
}

// Describe finds the words; where two protocols have a rule of the same id the first one's words are taken.
func (d *Directory) Describe(site, rule string, subject rules.Subject) Description {
	def, ok := d.sites[site]
	if !ok {
		return Description{}
	}
	s := &def.Site
	out := Description{SiteName: s.Name}
	if r := ruleOf(def, rule); r != nil {
		out.Title, out.Advice = r.Title, rules.AdviceFor(r)
	}
	if s.Location.Location != nil {
		out.Timezone = s.Location.String()
	}
	out.SubjectName, out.Zone = nameOf(s, subject)
	if z, ok := s.Zone(out.Zone); ok {
		out.ZoneName = z.Name
	}
	return out
}

// nameOf is the subject's own name and the zone it lies in.
func nameOf(s *facility.Site, subject rules.Subject) (name, zone string) {
	switch subject.Kind {
	case rules.SubjectSite:
		return s.Name, ""
	case rules.SubjectZone:
		z, _ := s.Zone(subject.ID)
		return z.Name, z.ID
	case rules.SubjectDoor:
		d, _ := s.Door(subject.ID)
		return d.Name, inner(d)
	case rules.SubjectDevice:
		d, ok := s.Device(subject.ID)
		if !ok {
			return "", ""
		}
		return d.Label(), zoneAt(s, d.Place)
	case rules.SubjectTask:
		t, _ := s.Task(subject.ID)
		return t.Name, zoneAt(s, t.Place)
	case rules.SubjectUplink:
		u, _ := s.Uplink(subject.ID)
		return u.Label(), ""
	}
	return "", ""
}

// zoneAt is the zone of a place; a device that reports a task is where the task is done.
func zoneAt(s *facility.Site, p facility.Place) string {
	switch p.Kind {
	case facility.AtZone:
		return p.ID
	case facility.AtDoor:
		d, _ := s.Door(p.ID)
		return inner(d)
	case facility.AtTask:
		if t, ok := s.Task(p.ID); ok && t.Place.Kind != facility.AtTask {
			return zoneAt(s, t.Place)
		}
	}
	return ""
}

// inner is the zone a door leads into: somebody who is sent there finds it from the inside.
func inner(d facility.Door) string {
	if d.To != facility.Outside {
		return d.To
	}
	return d.From
}

// ruleOf finds a rule; nil: there is none.
func ruleOf(def *rules.Definition, rule string) *rules.Rule {
	for i := range def.Protocols {
		for j := range def.Protocols[i].Rules {
			if r := &def.Protocols[i].Rules[j]; r.ID == rule {
				return r
			}
		}
	}
	return nil
}
