package rules

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
)

// Problem is one thing that is wrong with a definition. Configuration maps it to file, line and column.
type Problem struct {
	// Protocol and Rule are ids; both empty for a problem of the site itself.
	Protocol, Rule string
	// Field is the path inside the rule ("kind", "subjects[1]", "params.above"), inside the protocol ("until",
	// "levels.l1") or inside the site ("doors.main.from").
	Field string
	Err   error
}

func (p *Problem) Error() string {
	var where []string
	if p.Protocol != "" {
		where = append(where, fmt.Sprintf("protocol %q", p.Protocol))
	}
	if p.Rule != "" {
		where = append(where, fmt.Sprintf("rule %q", p.Rule))
	}
	where = append(where, p.Field)
	return strings.Join(where, ": ") + ": " + p.Err.Error()
}

// Unwrap gives the cause.
func (p *Problem) Unwrap() error { return p.Err }

// Compile checks everything about a definition that could fail later: kinds, parameters, expressions, and that what is
// named exists. It gives all problems at once, each a *Problem, joined; nil means that an engine will take the definition.
// A rule without parameters gets the defaults of its kind.
func Compile(def *Definition) error {
	c := &compilation{def: def}
	c.site()
	for i := range def.Protocols {
		c.protocol(&def.Protocols[i])
	}
	return errors.Join(c.problems...)
}

// Problems takes the error of Compile apart.
func Problems(err error) []*Problem {
	var all []*Problem
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			all = append(all, Problems(e)...)
		}
		return all
	}
	if p, ok := errors.AsType[*Problem](err); ok {
		all = append(all, p)
	}
	return all
}

type compilation struct {
	def      *Definition
	problems []error
}

func (c *compilation) add(protocol, rule, field string, err error) {
	c.problems = append(c.problems, &Problem{protocol, rule, field, err})
}

func (c *compilation) wrong(field, format string, args ...any) {
	c.add("", "", field, fmt.Errorf(format, args...))
}

// site checks what the engine relies on; the configuration checks the rest.
func (c *compilation) site() {
	s := &c.def.Site
	if s.Location.Location == nil {
		c.wrong("timezone", "missing: want an IANA name such as Asia/Jakarta")
	}
	if c.def.Lateness < 0 || c.def.Lateness > 24*time.Hour {
		c.wrong("lateness", "%v: want a duration, 0 to 24h", c.def.Lateness)
	}
	if c.def.MaxPassages < 0 || c.def.MaxPassages > 1e6 {
		c.wrong("max_passages", "%v: want people per minute, 0 to 1000000", c.def.MaxPassages)
	}
	unique(c, "zones", s.Zones, func(z facility.Zone) string { return z.ID })
	unique(c, "doors", s.Doors, func(d facility.Door) string { return d.ID })
	unique(c, "devices", s.Devices, func(d facility.Device) string { return d.ID })
	unique(c, "tasks", s.Tasks, func(t facility.Task) string { return t.ID })
	zones := make(map[string]string, len(s.Zones))
	for _, z := range s.Zones {
		zones[z.ID] = z.Parent
	}
	for _, z := range s.Zones {
		if z.ID == facility.Outside {
			c.wrong("zones."+z.ID, "%q is what lies beyond the doors: want another id", z.ID)
		}
		if _, ok := zones[z.Parent]; z.Parent != "" && !ok {
			c.wrong("zones."+z.ID+".parent", "%q: want the id of a zone", z.Parent)
		}
		for up, steps := z.Parent, 0; up != ""; up, steps = zones[up], steps+1 {
			if steps > len(zones) {
				c.wrong("zones."+z.ID+".parent", "%q: want a parent that does not lie in the zone itself", z.Parent)
				break
			}
		}
	}
	doors := make(map[string]bool, len(s.Doors))
	for _, d := range s.Doors {
		doors[d.ID] = true
		for _, end := range [...]struct{ field, zone string }{{"from", d.From}, {"to", d.To}} {
			if _, ok := zones[end.zone]; !ok && end.zone != facility.Outside {
				c.wrong("doors."+d.ID+"."+end.field, "%q: want the id of a zone, or outside", end.zone)
			}
		}
		if d.From == d.To {
			c.wrong("doors."+d.ID+".to", "%q: want another zone than from", d.To)
		}
	}
	tasks := make(map[string]bool, len(s.Tasks))
	for _, t := range s.Tasks {
		tasks[t.ID] = true
	}
	place := func(field string, p facility.Place) {
		_, ok := zones[p.ID]
		switch p.Kind {
		case facility.AtDoor:
			ok = doors[p.ID]
		case facility.AtTask:
			ok = tasks[p.ID]
		}
		if !ok {
			c.wrong(field, "%s %q: want a place that exists", p.Kind, p.ID)
		}
	}
	devices := make(map[string]bool, len(s.Devices))
	for _, d := range s.Devices {
		devices[d.ID] = true
		place("devices."+d.ID+".place", d.Place)
		if d.Interval < 0 {
			c.wrong("devices."+d.ID+".interval", "%v: want a duration, 0 or more", d.Interval)
		}
	}
	c.parents()
	for i, l := range s.Levels {
		if !c.def.knowsLevel(l.Level) {
			c.wrong(fmt.Sprintf("levels[%d]", i), "%q: want a level of one of the protocols", l.Level)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(c.def.Measures)) {
		if !devices[id] {
			c.wrong("measures."+id, "%q: want the id of a device", id)
		}
	}
}

// parents checks what devices and uplinks hang on.
func (c *compilation) parents() {
	s := &c.def.Site
	unique(c, "uplinks", s.Uplinks, func(u facility.Uplink) string { return u.ID })
	up := make(map[string]string, len(s.Devices)+len(s.Uplinks))
	for _, d := range s.Devices {
		up[d.ID] = d.Parent
	}
	for _, u := range s.Uplinks {
		if _, twice := up[u.ID]; twice {
			c.wrong("uplinks."+u.ID, "%q is a device: want another id", u.ID)
		}
		up[u.ID] = u.Parent
	}
	check := func(field, id string) {
		parent := up[id]
		if _, ok := up[parent]; parent != "" && !ok {
			c.wrong(field, "%q: want the id of a device or uplink", parent)
			return
		}
		for at, steps := parent, 0; at != "" && steps <= len(up); at, steps = up[at], steps+1 {
			if at == id {
				c.wrong(field, "%q: want a parent that does not hang on %q itself", parent, id)
				return
			}
		}
	}
	for _, d := range s.Devices {
		check("devices."+d.ID+".parent", d.ID)
	}
	for _, u := range s.Uplinks {
		check("uplinks."+u.ID+".parent", u.ID)
	}
}

// knowsLevel reports whether a protocol has the level.
func (d *Definition) knowsLevel(name string) bool {
	return slices.ContainsFunc(d.Protocols, func(p Protocol) bool { return p.Levels[name] > 0 })
}

func unique[T any](c *compilation, field string, all []T, id func(T) string) {
	seen := make(map[string]bool, len(all))
	for _, v := range all {
		if id := id(v); id == "" || seen[id] {
			c.wrong(field, "%q: want an id that is given once", id)
		} else {
			seen[id] = true
		}
	}
}

func (c *compilation) protocol(p *Protocol) {
	if !p.Until.IsZero() && !p.From.Before(p.Until) && !(p.From == p.Until && p.FromTime < p.UntilTime) {
		c.add(p.ID, "", "until", fmt.Errorf("%s: want a time after from", p.Until))
	}
	for _, name := range slices.Sorted(maps.Keys(p.Levels)) {
		if share := p.Levels[name]; !(share > 0 && share <= 1) {
			c.add(p.ID, "", "levels."+name, fmt.Errorf("%v: want a share above 0 and at most 1", share))
		}
	}
	seen := make(map[string]bool)
	for i := range p.Rules {
		r := &p.Rules[i]
		if r.ID == "" || seen[r.ID] {
			c.add(p.ID, r.ID, "id", fmt.Errorf("%q: want an id that is given once", r.ID))
		}
		seen[r.ID] = true
		c.rule(p, r)
	}
}

func (c *compilation) rule(p *Protocol, r *Rule) {
	wrong := func(field, format string, args ...any) { c.add(p.ID, r.ID, field, fmt.Errorf(format, args...)) }
	k, err := kindByName(r.Kind)
	if err != nil {
		wrong("kind", "%w", err)
		return
	}
	if r.Params == nil {
		r.Params = k.params()
	}
	if got, want := fmt.Sprintf("%T", r.Params), fmt.Sprintf("%T", k.params()); got != want {
		wrong("params", "%s: want %s", got, want)
		return
	}
	switch r.severity() {
	case Critical, Warning, Info:
	default:
		wrong("severity", "%q: want critical, warning or info", r.Severity)
	}
	switch r.class() {
	case ClassBreach, ClassOverdue, ClassSensor:
	default:
		wrong("class", "%q: want breach, overdue or sensor", r.Class)
	}
	if r.For < 0 {
		wrong("for", "%v: want a duration, 0 or more", r.For)
	}
	if r.KeepFiring < 0 {
		wrong("keep_firing", "%v: want a duration, 0 or more", r.KeepFiring)
	}
	if err := r.Params.Validate(); err != nil {
		c.params(p, r, err)
		return
	}
	// The kind itself says which of the subjects it can judge.
	judged := make(map[string]bool)
	for _, s := range k.subjects(&plan{def: c.def, thermometers: make([]bool, len(c.def.Site.Devices))}, r) {
		judged[s.ID] = true
	}
	for i, id := range r.Subjects {
		if !judged[id] {
			wrong(fmt.Sprintf("subjects[%d]", i), "%q: want the id of something that a %s rule judges", id, r.Kind)
		}
	}
}

// params adds the problems that a rule's own Validate has found.
func (c *compilation) params(p *Protocol, r *Rule, err error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			c.params(p, r, e)
		}
		return
	}
	if field, ok := errors.AsType[*FieldError](err); ok {
		c.add(p.ID, r.ID, "params."+field.Field, field.Err)
		return
	}
	c.add(p.ID, r.ID, "params", err)
}
