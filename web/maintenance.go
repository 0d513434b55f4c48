package web

import (
	"errors"
	"net/http"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// maintenancePage is where a person says that a part of a site is under maintenance, and that it is over. It works without scripts.
type maintenancePage struct {
	frame
	Site, SiteName, Zone string
	Now                  []upkeepRow
	Options              []upkeepGroup
	Form                 standingForm
	Trouble, Saved       string
	History              []decision
	Named                bool
}

// upkeepRow is maintenance that is or will be.
type upkeepRow struct {
	decision
	Entry, ID string // of the entry, and of the one that ends it; empty: it is of the configuration
}

// upkeepGroup are the parts of a site of one kind.
type upkeepGroup struct {
	Word  string
	Parts []upkeepPart
}

type upkeepPart struct {
	Value, Name string
	Chosen      bool
}

func (s *Server) maintenance(w http.ResponseWriter, r *http.Request) error {
	p, err := s.maintenancePageOf(r)
	if err != nil {
		return err
	}
	lang := s.tongues.choose(r)
	switch r.URL.Query().Get("saved") {
	case "maintenance":
		p.Saved = lang.T("maintenance.saved")
	case "end":
		p.Saved = lang.T("maintenance.saved_end")
	}
	return s.render(w, http.StatusOK, lang, "maintenance", p)
}

func (s *Server) maintenancePageOf(r *http.Request) (*maintenancePage, error) {
	v, err := s.judgedView(r.PathValue("site"))
	if err != nil {
		return nil, err
	}
	lang := s.tongues.choose(r)
	sc := s.scene(lang, v)
	name := nameOf(r)
	p := &maintenancePage{frame: s.frame(r, lang, v.Name+" · "+lang.T("maintenance.title")), Site: v.Site, SiteName: v.Name, Zone: sc.now.In(sc.loc).Format("MST")}
	p.Typing, p.Named = true, name != ""
	p.Form = standingForm{ID: newUUID(), Author: name, Choice: r.URL.Query().Get("of")}
	p.Now = upkeepRows(sc)
	p.Options = upkeepGroups(sc, p.Form.Choice)
	p.History = decisions(sc, s.decided(r.Context(), v.Site, telemetry.EntryMaintenance))
	return p, nil
}

// upkeepRows are the maintenance of a site that is or will be.
func upkeepRows(sc *scene) []upkeepRow {
	var all []upkeepRow
	for i := range sc.view.Maintenance {
		m := &sc.view.Maintenance[i]
		row := upkeepRow{Entry: m.Entry, decision: decision{What: sc.scopeName(m.Scope), By: sc.who(m.By), Why: m.Reason, Claimed: m.Entry != ""}}
		if row.From = sc.T("maintenance.until", "Until", sc.when(m.Until)); m.From > sc.view.Now {
			row.From = sc.period(m.From, m.Until)
		}
		if m.Entry != "" {
			row.ID = newUUID()
		}
		all = append(all, row)
	}
	return all
}

// scopeName is what people call a part of a site.
func (t *scene) scopeName(s facility.Scope) string {
	switch s.Kind {
	case facility.OfSite:
		return t.T("maintenance.site")
	case facility.OfRule:
		for i := range t.view.Verdicts {
			if w := &t.view.Verdicts[i]; w.Rule == s.ID {
				return t.T("maintenance.rule") + " " + t.ruleName(w)
			}
		}
		return t.T("maintenance.rule") + " " + s.ID
	}
	return t.subjectName(s.ID)
}

// upkeepGroups are all parts of a site about which maintenance can be.
func upkeepGroups(sc *scene, chosen string) []upkeepGroup {
	v := sc.view
	group := func(word string) upkeepGroup { return upkeepGroup{Word: sc.T("maintenance." + word)} }
	zones, doors, devices, checks := group("zones"), group("doors"), group("devices"), group("rules")
	add := func(g *upkeepGroup, kind facility.ScopeKind, id, name string) {
		value := string(kind) + ":" + id
		g.Parts = append(g.Parts, upkeepPart{value, name, value == chosen})
	}
	for i := range v.Zones {
		add(&zones, facility.OfZone, v.Zones[i].ID, v.Zones[i].Name)
	}
	for i := range v.Doors {
		add(&doors, facility.OfDoor, v.Doors[i].ID, v.Doors[i].Name)
	}
	for i := range v.Devices {
		add(&devices, facility.OfDevice, v.Devices[i].ID, sc.subjectName(v.Devices[i].ID))
	}
	last := ""
	for i := range v.Verdicts {
		if w := &v.Verdicts[i]; w.Rule != last { // those of a rule stand together
			add(&checks, facility.OfRule, w.Rule, sc.ruleName(w))
			last = w.Rule
		}
	}
	all := []upkeepGroup{}
	for _, g := range []upkeepGroup{zones, doors, devices, checks} {
		if len(g.Parts) > 0 {
			all = append(all, g)
		}
	}
	return all
}

// scoped reports whether a site has what the subject of an entry about maintenance names.
func scoped(v *rules.View, subject string) bool {
	s, ok := rules.ScopeOf(subject)
	if !ok {
		return false
	}
	find := func(id string) bool { return id == s.ID }
	switch s.Kind {
	case facility.OfZone:
		_, ok = zoneByID(v, s.ID)
		return ok
	case facility.OfDoor:
		for i := range v.Doors {
			if find(v.Doors[i].ID) {
				return true
			}
		}
		return false
	case facility.OfDevice:
		for i := range v.Devices {
			if find(v.Devices[i].ID) {
				return true
			}
		}
		return false
	case facility.OfRule:
		return v.HasRule(s.ID)
	}
	return true
}

// beginMaintenance takes the form of the page.
func (s *Server) beginMaintenance(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	p, err := s.maintenancePageOf(r)
	if err != nil {
		return err
	}
	lang := s.tongues.choose(r)
	v, ok := s.opts.Live.Outline(p.Site)
	if !ok {
		return errNoPage
	}
	sc := s.scene(lang, v)
	p.Form = standingFormOf(r, s.access.author(r))
	from, until, wrong := p.Form.period(sc.loc)
	d := standing{p.Site, telemetry.Entry{
		ID: p.Form.ID, Kind: telemetry.EntryMaintenance, Author: p.Form.Author, Claimed: true, Reason: p.Form.Reason, Subject: p.Form.Choice, From: from, Until: until,
	}}
	if wrong != "" {
		err = refused(http.StatusUnprocessableEntity, wrong, nil)
	} else if _, err = s.enter(r.Context(), &d); err == nil {
		http.Redirect(w, r, "/site/"+p.Site+"/maintenance?saved=maintenance", http.StatusSeeOther)
		return nil
	}
	var f *fault
	if errors.As(err, &f) && f.status == http.StatusUnprocessableEntity {
		p.Trouble = lang.T(f.key, f.args...)
		for i := range p.Options {
			for k := range p.Options[i].Parts {
				p.Options[i].Parts[k].Chosen = p.Options[i].Parts[k].Value == p.Form.Choice
			}
		}
		return s.render(w, f.status, lang, "maintenance", p)
	}
	return err
}

// endStanding takes a standing entry of a kind back; its page is the one of that name.
func (s *Server) endStanding(kind telemetry.EntryKind) handlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := r.ParseForm(); err != nil {
			return badForm(err)
		}
		f := standingFormOf(r, s.access.author(r))
		d := standing{r.PathValue("site"), telemetry.Entry{
			ID: f.ID, Kind: kind, Author: f.Author, Claimed: true, Reason: f.Reason, Ends: cleanText(r.PostForm.Get("ends"), maxName),
		}}
		if _, err := s.enter(r.Context(), &d); err != nil {
			return err
		}
		http.Redirect(w, r, "/site/"+d.site+"/"+string(kind)+"?saved=end", http.StatusSeeOther)
		return nil
	}
}
