package rehearse

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Reform is what shall be other than it was.
type Reform struct {
	// Protocols take the place of those with their ids. Always: they are in force at all times, whatever their dates say.
	Protocols []rules.Protocol
	Always    bool
	// Level is the level at all times, whatever was chosen; empty: as it was chosen.
	Level string
	// Spacing is the distance that rules ask for, in metres, where they ask for one; 0: their own.
	Spacing float64
	// Amend changes the site; nil: it is as it was. Its zones are its own. False: what is to be changed was not there.
	Amend func(site *facility.Site) bool
	// Narrow fits a protocol to a site: it leaves out what the site cannot measure.
	Narrow func(p rules.Protocol, def *rules.Definition) rules.Protocol
}

// Changed is a definition under a change, and the ids of the rules that the change is about.
type Changed struct {
	Definition *rules.Definition
	Touched    map[string]bool
	Known      []string // protocols or levels that there are, where the change names another
}

// Apply makes the changed definition. inForce tells whether a protocol is in force at any time of the period that is asked about. The
// error says in words why the change is none for the site; it is then as it was.
func (c *Reform) Apply(def *rules.Definition, inForce func(*rules.Protocol) bool) (Changed, error) {
	out := *def
	as := Changed{Definition: def, Touched: map[string]bool{}}
	touch := func(p *rules.Protocol) {
		for i := range p.Rules {
			as.Touched[p.Rules[i].ID] = true
		}
	}
	out.Protocols = slices.Clone(def.Protocols)
	replaced := 0
	for _, p := range c.Protocols {
		if c.Always {
			p.From, p.Until, p.FromTime, p.UntilTime = facility.Date{}, facility.Date{}, 0, 0
		}
		for i := range out.Protocols {
			if out.Protocols[i].ID == p.ID {
				touch(&out.Protocols[i])
				out.Protocols[i] = c.Narrow(p, def)
				touch(&out.Protocols[i])
				replaced++
			}
		}
	}
	if len(c.Protocols) > 0 && replaced == 0 {
		for i := range out.Protocols {
			as.Known = append(as.Known, out.Protocols[i].ID)
		}
		return as, fmt.Errorf("it has no protocol %q", c.Protocols[0].ID)
	}
	if c.Level != "" {
		known := false
		for i := range out.Protocols {
			if _, has := out.Protocols[i].Levels[c.Level]; has && inForce(&out.Protocols[i]) {
				touch(&out.Protocols[i])
				known = true
			}
		}
		if !known {
			for i := range out.Protocols {
				for level := range out.Protocols[i].Levels {
					if inForce(&out.Protocols[i]) {
						as.Known = append(as.Known, level)
					}
				}
			}
			return as, fmt.Errorf("no protocol that is in force there has level %q", c.Level)
		}
		out.Site.Levels = []facility.LevelPeriod{{From: facility.Date{Year: 1970, Month: 1, Day: 2}, Level: c.Level}}
	}
	if c.Spacing > 0 && !c.space(&out, as.Touched) {
		return as, fmt.Errorf("no rule there asks for a distance")
	}
	if c.Amend != nil {
		out.Site.Zones = slices.Clone(out.Site.Zones)
		if !c.Amend(&out.Site) {
			return as, fmt.Errorf("what is changed was not there")
		}
		for i := range out.Protocols {
			for k := range out.Protocols[i].Rules {
				r := &out.Protocols[i].Rules[k]
				x, written := r.Params.(*rules.Expression)
				if slices.Contains(roomy, r.Kind) || written && x.Roomy() {
					as.Touched[r.ID] = true
				}
			}
		}
	}
	as.Definition = &out
	return as, nil
}

// roomy are the kinds of rules that reckon with the numbers of a zone or of the site; an expression may, too.
var roomy = []string{"air", "capacity", "cutoff", "distancing", "queue", "quota"}

// space gives every rule that asks for a distance another one.
func (c *Reform) space(def *rules.Definition, touched map[string]bool) (any bool) {
	for i := range def.Protocols {
		p := &def.Protocols[i]
		p.Rules = slices.Clone(p.Rules)
		for k := range p.Rules {
			params := reflect.ValueOf(p.Rules[k].Params)
			if params.Kind() != reflect.Pointer || params.Elem().Kind() != reflect.Struct {
				continue
			}
			own := reflect.New(params.Elem().Type())
			own.Elem().Set(params.Elem())
			for f := range own.Elem().NumField() {
				if own.Elem().Type().Field(f).Tag.Get("yaml") == "spacing_m" && own.Elem().Field(f).CanFloat() {
					own.Elem().Field(f).SetFloat(c.Spacing)
					p.Rules[k].Params = own.Interface().(rules.Params)
					touched[p.Rules[k].ID], any = true, true
				}
			}
		}
	}
	return any
}

// drops tells a record that the change overrules: a level that somebody chose.
func (c *Reform) drops(rec *telemetry.Record) bool {
	return c.Level != "" && rec.Kind == telemetry.KindEntry && rec.Entry != nil && rec.Entry.Kind == telemetry.EntryLevel
}
