package configs

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/configs/strict"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// What protocols leave open or say twice is decided the same way every time (rules.Periods) and may still not be what somebody
// meant: these are the warnings about it.

// competing are the kinds of which two rules about one subject cannot both be the limit.
var competing = []string{"capacity", "disinfection", "distancing", "screening", "temperature"}

// protocolWarnings collects the warnings about one configuration. One that is about a protocol's file is told once, with the sites.
type protocolWarnings struct {
	l     *loader
	c     *Config
	order []Problem
	sites map[Problem][]string
}

// warnProtocols tells of protocols of another area, of times without a rule, and of rules that contradict each other.
func (l *loader) warnProtocols(c *Config, definitions []rules.Definition) {
	w := &protocolWarnings{l: l, c: c, sites: map[Problem][]string{}}
	for i := range definitions {
		d := &definitions[i]
		w.area(l.sites[i], d)
		periods, err := rules.Periods(d)
		if err != nil {
			continue // compile has said why
		}
		w.gaps(l.sites[i], d, periods)
		w.overlaps(l.sites[i], d, periods)
	}
	for _, p := range w.order {
		at := w.sites[p]
		p.Text += ": at site " + quoted(at[0])
		if n := len(at) - 1; n > 0 {
			p.Text += fmt.Sprintf(" and %d more", n)
		}
		c.Warnings = append(c.Warnings, p)
	}
}

// area warns of protocols that are made for somewhere else.
func (w *protocolWarnings) area(s *siteFile, d *rules.Definition) {
	for i, id := range s.doc.Protocols {
		p := protocolOf(d, id)
		here := func(area string) bool {
			return facility.Within(d.Site.Area, area) || facility.Within(area, d.Site.Area)
		}
		if p == nil || d.Site.Area == "" || len(p.Area) == 0 || slices.ContainsFunc(p.Area, here) {
			continue
		}
		w.c.Warnings.Add(s.places.At(item("protocols", i)), "protocol %q is for %s, and this site lies in %s: want a protocol of its own area, or area corrected",
			id, list(p.Area), d.Site.Area)
	}
}

// gaps warns of times in which nothing judges what is judged before and after, and of an end of all protocols.
func (w *protocolWarnings) gaps(s *siteFile, d *rules.Definition, periods []rules.Period) {
	judged := make([]map[string]bool, len(periods)) // what each period judges
	for i := range periods {
		judged[i] = map[string]bool{}
		for _, r := range periods[i].Rules {
			if len(r.Subjects) > 0 {
				judged[i][judgedBy(r.Rule)] = true
			}
		}
	}
	for i := 1; i < len(periods); i++ {
		// What ended with the period before, and begins again later.
		ends := map[int][]string{} // period with which it begins again
		for what := range judged[i-1] {
			for k := i; k < len(periods) && !judged[i][what]; k++ {
				if judged[k][what] {
					ends[k] = append(ends[k], what)
					break
				}
			}
		}
		for k, missing := range ends {
			slices.Sort(missing)
			what := "nothing judges " + list(missing) + " at this site"
			if len(judged[i]) == 0 && k == i+1 {
				what = "no protocol is in force at this site and nothing is judged"
			}
			ended, begins := turns(d, periods[i].From, true), turns(d, periods[k].From, false)
			w.c.Warnings.Add(s.protocolAt(ended), "from %s until %s %s: %s has ended and %s has not begun; want until and from so that they meet, or a protocol for that time",
				local(d, periods[i].From), local(d, periods[k].From), what, quotedAll(ended), quotedAll(begins))
		}
	}
	if last := len(periods) - 1; last > 0 && len(judged[last]) == 0 && len(judged[last-1]) > 0 {
		ended := turns(d, periods[last].From, true)
		w.c.Warnings.Add(s.protocolAt(ended), "from %s on no protocol is in force at this site and nothing is judged: want a protocol that follows %s, or its until left out",
			local(d, periods[last].From), quotedAll(ended))
	}
}

// judgedBy is what a rule judges, as far as another may take over from it: its kind, and of expressions each by itself.
func judgedBy(r *rules.Rule) string {
	if r.Kind == "expression" {
		return "rule " + quoted(r.ID)
	}
	return r.Kind
}

// turns are the ids of the site's protocols that end, or begin, at a moment.
func turns(d *rules.Definition, at telemetry.Instant, end bool) (ids []string) {
	for i := range d.Protocols {
		p := &d.Protocols[i]
		date, clock := p.From, p.FromTime
		if end {
			date, clock = p.Until, p.UntilTime
		}
		if !date.IsZero() && telemetry.InstantOf(clock.On(date, d.Site.Location.Location)) == at {
			ids = append(ids, p.ID)
		}
	}
	return ids
}

// protocolAt is where the site lists the first of the protocols.
func (s *siteFile) protocolAt(ids []string) strict.Position {
	for i, id := range s.doc.Protocols {
		if slices.Contains(ids, id) {
			return s.places.At(item("protocols", i))
		}
	}
	return s.places.At("protocols")
}

// overlaps warns of rules of two protocols that are in force at the same time and do not go together.
func (w *protocolWarnings) overlaps(s *siteFile, d *rules.Definition, periods []rules.Period) {
	told := map[[4]string]bool{}
	for i := range periods {
		p := &periods[i]
		for a := range p.Rules {
			for b := range p.Rules {
				x, y := &p.Rules[a], &p.Rules[b]
				key := [4]string{x.Protocol.ID, x.Rule.ID, y.Protocol.ID, y.Rule.ID}
				// y holds; x is another protocol's.
				if x.Protocol == y.Protocol || y.Replaced || told[key] {
					continue
				}
				switch {
				case x.Rule.ID == y.Rule.ID && x.Replaced:
					told[key] = w.replaced(s, d, p, x, y)
				case a < b && !x.Replaced && x.Rule.ID != y.Rule.ID:
					told[key] = w.beside(s, d, p, x, y)
				}
			}
		}
	}
}

// replaced warns where y takes the place of x, which has the same id, and more changes than the limit.
func (w *protocolWarnings) replaced(s *siteFile, d *rules.Definition, p *rules.Period, x, y *rules.PeriodRule) bool {
	if x.Rule.Kind != y.Rule.Kind {
		w.add(s, y, "rule %q of kind %s takes the place of rule %q of kind %s of protocol %q from %s on, and what that judged is judged no more: want another id",
			y.Rule.ID, y.Rule.Kind, x.Rule.ID, x.Rule.Kind, x.Protocol.ID, local(d, p.From))
		return true
	}
	var left []string
	for _, subject := range x.Subjects {
		holds := func(r rules.PeriodRule) bool {
			return !r.Replaced && r.Rule.Kind == x.Rule.Kind && slices.Contains(r.Subjects, subject)
		}
		if !slices.ContainsFunc(p.Rules, holds) && (x.Rule.Kind != "expression" || !slices.Contains(y.Subjects, subject)) {
			left = append(left, string(subject.Kind)+" "+quoted(subject.ID))
		}
	}
	if len(left) > 0 {
		w.add(s, y, "rule %q takes the place of rule %q of protocol %q from %s on and leaves out what that judged (%s): want it among subjects, or another id",
			y.Rule.ID, x.Rule.ID, x.Protocol.ID, local(d, p.From), list(left))
		return true
	}
	same := x.Protocol.From == y.Protocol.From && x.Protocol.FromTime == y.Protocol.FromTime
	if other := differences(x.Rule, y.Rule); same && other != "" {
		w.c.Warnings.Add(s.protocolAt([]string{y.Protocol.ID}), "protocols %q and %q begin at the same time and both have rule %q (%s): of the two the one that is listed later here holds, %q; want one of them, or another from",
			x.Protocol.ID, y.Protocol.ID, y.Rule.ID, other, y.Protocol.ID)
		return true
	}
	return false
}

// beside warns where x and y both hold and judge the same with other limits.
func (w *protocolWarnings) beside(s *siteFile, d *rules.Definition, p *rules.Period, x, y *rules.PeriodRule) bool {
	if x.Rule.Kind != y.Rule.Kind || !rivals(x.Rule, y.Rule) {
		return false
	}
	var both []string
	for _, subject := range x.Subjects {
		if slices.Contains(y.Subjects, subject) {
			both = append(both, string(subject.Kind)+" "+quoted(subject.ID))
		}
	}
	other := differences(x.Rule, y.Rule)
	if len(both) == 0 || other == "" {
		return false
	}
	if n := len(both); n > 3 {
		both = append(both[:3:3], fmt.Sprintf("%d more", n-3))
	}
	// At the one that came later: it was written when the other was there.
	if y.Protocol.From.Before(x.Protocol.From) {
		x, y = y, x
	}
	w.add(s, y, "rule %q and rule %q of protocol %q both judge %s from %s on, differently (%s), and both call people: want the same id for both, so that the later one holds, or other subjects (%s)",
		y.Rule.ID, x.Rule.ID, x.Protocol.ID, judgedKind(y.Rule), local(d, p.From), differences(y.Rule, x.Rule), list(both))
	return true
}

// rivals reports whether two rules of one kind set a limit to the same thing.
func rivals(x, y *rules.Rule) bool {
	a, ok := x.Params.(*rules.Expression)
	if !ok {
		return slices.Contains(competing, x.Kind)
	}
	b, ok := y.Params.(*rules.Expression)
	return ok && a.Value != "" && a.Value == b.Value && a.SubjectKind == b.SubjectKind && a.Bound == b.Bound && a.Limit != b.Limit
}

func judgedKind(r *rules.Rule) string {
	if x, ok := r.Params.(*rules.Expression); ok {
		return x.Value
	}
	return r.Kind
}

// add records a warning about a rule where it is written; about two that come with the gateway, where the site lists them.
func (w *protocolWarnings) add(s *siteFile, r *rules.PeriodRule, format string, args ...any) {
	p := Problem{Position: s.protocolAt([]string{r.Protocol.ID}), Text: fmt.Sprintf(format, args...)}
	if f := w.l.protocols[r.Protocol.ID]; f != nil && !f.builtIn {
		p.Position = f.places.At(rulePath(r.Rule.ID, ""))
	}
	if w.sites[p] == nil {
		w.order = append(w.order, p)
	}
	w.sites[p] = append(w.sites[p], s.doc.ID)
}

// differences are the parameters in which two rules of one kind differ, as they are written; empty: in none.
func differences(x, y *rules.Rule) string {
	a, b := reflect.ValueOf(x.Params).Elem(), reflect.ValueOf(y.Params).Elem()
	if a.Type() != b.Type() {
		return ""
	}
	var found []string
	for _, f := range strict.Fields(a.Type()) {
		u, v := a.FieldByIndex(f.Index), b.FieldByIndex(f.Index)
		if !reflect.DeepEqual(u.Interface(), v.Interface()) && f.Tag.Get("json") != "-" {
			found = append(found, fmt.Sprintf("%s: %s and %s", f.Name, written(u), written(v)))
		}
	}
	return list(found)
}

// written is a parameter as it is in YAML.
func written(v reflect.Value) string {
	if d, ok := reflect.TypeAssert[time.Duration](v); ok {
		return strict.FormatDuration(d)
	}
	return fmt.Sprint(v.Interface())
}

// protocolOf finds a protocol of a site's definition; nil: it is none of them.
func protocolOf(d *rules.Definition, id string) *rules.Protocol {
	if i := slices.IndexFunc(d.Protocols, func(p rules.Protocol) bool { return p.ID == id }); i >= 0 {
		return &d.Protocols[i]
	}
	return nil
}

// local is a moment by the site's clocks, as from and until are written.
func local(d *rules.Definition, at telemetry.Instant) string {
	t := at.In(d.Site.Location.Location)
	if t.Hour() == 0 && t.Minute() == 0 {
		return t.Format(time.DateOnly)
	}
	return t.Format("2006-01-02 15:04")
}

func quoted(id string) string { return `"` + id + `"` }

func quotedAll(ids []string) string {
	all := make([]string, len(ids))
	for i, id := range ids {
		all[i] = quoted(id)
	}
	return strings.Join(all, ", ")
}
