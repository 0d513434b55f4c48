package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/gerbang-iot/gerbang/rules"
)

// whatIfPage says what a limit would be if something were otherwise. It is a plain form whose answer has an address, and changes nothing.
type whatIfPage struct {
	frame
	Site, SiteName, Name string
	Zone                 string // empty: the whole building
	Form                 whatIfForm
	Trouble              string
	Answer               *whatIfAnswer
	Rooms                []whatIfRow
	CanChoose            bool // the site has levels
}

// whatIfForm is the form with what is supposed.
type whatIfForm struct {
	Path   string // where it leads
	Fields []whatIfField
	Grids  []choice
	Levels []choice // shares of the levels, as addresses
	Reset  string   // what is so; empty: nothing else is supposed
}

type whatIfField struct {
	Name, Label, Unit, Value, Step string
	Least, Most                    string
	Changed                        string // what is so, where something else is supposed
	Wrong                          bool
}

// whatIfAnswer is a limit with how it comes about, beside the one that holds.
type whatIfAnswer struct {
	Limit, Sum string // "31", "31 = 96 kursi … × 50 %"
	Now        string // what holds, with its own sum; empty: it is the same
	Room       string // how many more, or too many, as a sentence
	Over       bool
	Bearings   []whatIfRow
	Notes      []string
}

// whatIfRow is a room or a constraint in a table.
type whatIfRow struct {
	Name, Sum, Now, Then, URL string
	Binds                     bool
}

func (s *Server) whatIf(w http.ResponseWriter, r *http.Request) error {
	v, err := s.judgedView(r.PathValue("site"))
	if err != nil {
		return err
	}
	lang := s.tongues.choose(r)
	sc := s.scene(lang, v)
	p := whatIfPage{Site: v.Site, SiteName: v.Name, Zone: r.PathValue("zone"), Name: v.Name, CanChoose: len(v.Levels) > 0}
	var now suppose
	z, zoned := zoneByID(v, p.Zone)
	switch {
	case p.Zone != "" && !zoned:
		return errNoPage
	case zoned && z.Room != nil:
		now, p.Name = zoneAsIs(v, z), z.Name
	case zoned:
		return errNoPage
	default:
		var limited bool
		if now, limited = buildingAsIs(v); !limited {
			return errNoPage
		}
	}
	p.frame = s.frame(r, lang, lang.T("whatif.title")+" · "+p.Name)
	p.Typing = true
	then, wrong := now.supposing(r.URL.Query(), !zoned)
	status := http.StatusOK
	if wrong == nil && zoned {
		var a supposedRoom
		if a, wrong = then.answer(*z.Room, &now); wrong == nil {
			p.Answer = sc.whatIfRoom(&a, &then)
		}
	} else if wrong == nil {
		a := then.answerBuilding(v, &now)
		p.Answer, p.Rooms = sc.whatIfBuilding(&a, r.URL.Query())
	}
	p.Form = sc.whatIfForm(p.Zone, &now, &then, r.URL.Query(), wrong)
	if wrong != nil {
		status, p.Trouble = http.StatusUnprocessableEntity, lang.mistake(wrong)
	}
	return s.render(w, status, lang, "whatif", p)
}

// mistake says in a sentence what cannot be meant.
func (t *tongue) mistake(m *mistaken) string {
	args := slices.Clone(m.args)
	for i, a := range args {
		if v, ok := a.(float64); ok {
			args[i] = t.Number(v, 2)
		}
	}
	unit := ""
	if i := slices.IndexFunc(suppositions, func(x supposed) bool { return x.name == m.name }); i >= 0 && suppositions[i].unit != "" {
		unit = " " + suppositions[i].unit
	}
	return t.T("whatif.wrong_"+m.key, append(args, "Field", t.T("whatif."+m.name), "Unit", unit)...)
}

// whatIfPath is the address of the page of a zone, or of the building.
func whatIfPath(site, zone string) string {
	if zone == "" {
		return "/site/" + site + "/what-if"
	}
	return "/site/" + site + "/zone/" + zone + "/what-if"
}

// whatIfForm fills the form in: with what was typed, whatever that was.
func (t *scene) whatIfForm(zone string, now, then *suppose, q url.Values, wrong *mistaken) whatIfForm {
	f := whatIfForm{Path: whatIfPath(t.view.Site, zone)}
	typed := func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
	for _, x := range suppositions {
		if zone == "" && !x.building {
			continue
		}
		field := whatIfField{Name: x.name, Label: t.T("whatif." + x.name), Unit: x.unit, Least: typed(x.least), Most: typed(x.top), Step: "any"}
		if x.whole {
			field.Step = "1"
		}
		is, known := now.values[x.name]
		v, given := then.values[x.name]
		if given {
			field.Value = typed(v)
		}
		if wrong != nil && q.Has(x.name) {
			field.Value, field.Wrong = cleanText(q.Get(x.name), 40), wrong.name == x.name
		}
		switch {
		case given == known && v == is:
		case known:
			field.Changed = t.T("whatif.is", "Value", t.Measure(is), "Unit", x.unit)
		default:
			field.Changed = t.T("whatif.is_none")
		}
		if field.Changed != "" {
			f.Reset = f.Path
		}
		f.Fields = append(f.Fields, field)
	}
	for _, g := range []rules.Grid{rules.Square, rules.Hexagonal} {
		f.Grids = append(f.Grids, choice{string(g), t.T("whatif.grid_" + string(g)), g == then.grid})
	}
	if then.grid != now.grid {
		f.Reset = f.Path
	}
	for _, c := range t.view.Levels {
		to := supposedOf(q)
		to.Set("share_pct", typed(100*c.Share))
		one := choice{f.Path + "?" + to.Encode(), fmt.Sprintf("%s: %s %%", t.levelWord(c.Level), t.Number(100*c.Share, 1)), then.values["share_pct"] == 100*c.Share}
		if !slices.ContainsFunc(f.Levels, func(o choice) bool { return o.Name == one.Name }) {
			f.Levels = append(f.Levels, one)
		}
	}
	return f
}

// supposedOf is what of a query is supposed.
func supposedOf(q url.Values) url.Values {
	to := url.Values{}
	for _, x := range suppositions {
		if q.Has(x.name) {
			to.Set(x.name, q.Get(x.name))
		}
	}
	if q.Has(gridName) {
		to.Set(gridName, q.Get(gridName))
	}
	return to
}

// sum writes a limit as an equation: "48 = 96 seats × 50 %".
func (t *scene) sum(limit, full, share float64, constraint string, inputs []rules.Input) string {
	x := rules.Explanation{Limit: full, HasLimit: true, Unit: "1", Constraint: constraint, Inputs: inputs}
	s := t.Number(limit, 0) + " = " + t.texts.Why(t.Tag, "capacity", &x)
	if share < 1 {
		// 96 seats are 96; of an area or of seats that are apart the number is worth telling.
		if len(inputs) != 1 {
			s += " → " + t.Number(full, 0)
		}
		s += " × " + t.Number(share*100, 2) + " %"
	}
	return s
}

func (t *scene) sumOf(l *rules.RoomLimit) string {
	for i := range l.Bearings {
		if b := &l.Bearings[i]; b.Constraint == l.Constraint {
			return t.sum(l.Limit, l.Full, l.Share, b.Constraint, b.Inputs)
		}
	}
	return t.Number(l.Limit, 0)
}

// placesLeft says how many more may come in.
func (t *tongue) placesLeft(left float64) string {
	switch {
	case left < 0:
		return t.T("whatif.over", "Count", int(-left))
	case left == 0:
		return t.T("whatif.just")
	}
	return t.T("whatif.left", "Count", int(left))
}

func (t *scene) whatIfRoom(a *supposedRoom, then *suppose) *whatIfAnswer {
	out := &whatIfAnswer{Limit: t.Number(a.Then.Limit, 0), Sum: t.sumOf(&a.Then)}
	if a.NowKnown {
		if now := t.sumOf(&a.Now); now != out.Sum {
			out.Now = now
		}
	}
	if a.HasLeft {
		out.Room, out.Over = t.placesLeft(a.Left), a.Left < 0
	}
	for _, b := range a.Then.Bearings {
		row := whatIfRow{Name: t.constraint(b.Constraint), Binds: b.Constraint == a.Then.Constraint}
		row.Sum, row.Then = t.sum(b.Allowed, b.Limit, a.Then.Share, b.Constraint, b.Inputs), t.Number(b.Allowed, 0)
		out.Bearings = append(out.Bearings, row)
	}
	if a.Then.Beyond {
		out.Notes = append(out.Notes, t.T("whatif.beyond", "Around", a.Then.ParentName, "Limit", t.Number(a.Then.Parent, 0)))
	}
	if a.HasAir {
		out.Notes = append(out.Notes, t.T("whatif.air", "Air", t.Measure(then.values["air_ls"]), "Each", t.Measure(then.values["air_per_person_ls"]), "Persons", t.Number(a.Air, 0)))
	}
	if a.HasEach {
		out.Notes = append(out.Notes, t.T("whatif.each", "Persons", t.Number(then.values["people"], 0), "Each", t.Measure(a.Each)))
	}
	return out
}

func (t *scene) whatIfBuilding(a *supposedBuilding, q url.Values) (*whatIfAnswer, []whatIfRow) {
	var out *whatIfAnswer
	if a.HasLimit {
		out = &whatIfAnswer{Limit: t.Number(a.Then.Limit, 0), Sum: t.sum(a.Then.Limit, a.Then.Full, a.Then.Share, a.Then.Constraint, a.Then.Inputs)}
		if now := t.sum(a.Now.Limit, a.Now.Full, a.Now.Share, a.Now.Constraint, a.Now.Inputs); now != out.Sum {
			out.Now = now
		}
		if a.HasLeft {
			out.Room, out.Over = t.placesLeft(a.Left), a.Left < 0
		}
	}
	var rows []whatIfRow
	for i := range a.Zones {
		z := &a.Zones[i]
		to := supposedOf(q)
		to.Del("people") // those in the building are not those in the room
		row := whatIfRow{Name: z.Zone.Name, URL: whatIfPath(t.view.Site, z.Zone.ID), Now: t.Number(z.Now.Limit, 0), Then: "–"}
		if len(to) > 0 {
			row.URL += "?" + to.Encode()
		}
		if z.Then.Constraint != "" {
			row.Then, row.Sum = t.Number(z.Then.Limit, 0), t.sumOf(&z.Then)
		}
		rows = append(rows, row)
	}
	return out, rows
}
