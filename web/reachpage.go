package web

import (
	"cmp"
	"net/http"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/reach"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// rosterPage says who can be reached at a site, and begins a drill that finds out.
type rosterPage struct {
	frame
	Site, SiteName string
	Sites          []choice
	People         []rosterRow
	Good, All      int
	Ways           []rosterWay
	Under          *drillRow // the drill that is under way; nil: none
	Zones          []choice
	Minutes        []choice
	Form           string // UUID of the next entry
	Author         string
	Siren          bool // there is one
	Drills         []drillRow
	Saved          string
	Phones         bool // phones are called at all
}

// rosterRow is somebody whom the site calls.
type rosterRow struct {
	Name, Roles     string
	Class, Icon     string
	Word, Detail    string
	Phones, Trouble string
}

// rosterWay is a channel of the building.
type rosterWay struct {
	Name, Kind, Last string
	Bad              bool
}

// drillRow is a drill.
type drillRow struct {
	ID, Entry, Title, When, By, Result string
	Form                               string // UUID of the entry that ends it
}

func (s *Server) roster(w http.ResponseWriter, r *http.Request) error {
	lang, c := s.tongues.choose(r), callerOf(r.Context())
	p := rosterPage{frame: s.frame(r, lang, lang.T("reach.title")), Site: r.URL.Query().Get("site"), Form: newUUID(), Author: nameOf(r), Phones: s.opts.Reach != nil}
	p.Typing = true
	views := s.viewsFor(r.Context(), accounts.Rouse)
	if p.Site == "" && len(views) > 0 {
		p.Site = views[0].Site
	}
	for i := range views {
		p.Sites = append(p.Sites, choice{views[i].Site, views[i].Name, views[i].Site == p.Site})
	}
	v, ok := s.opts.Live.Outline(p.Site)
	if !ok || !c.At(accounts.Rouse, p.Site) {
		if p.Site != "" {
			return errNoPage
		}
		return s.render(w, http.StatusOK, lang, "reach", p)
	}
	sc := s.scene(lang, v)
	p.SiteName = v.Name
	s.fillRoster(sc, &p, v)
	for _, n := range []time.Duration{5 * time.Minute, alerts.DefaultDrill, 20 * time.Minute, 30 * time.Minute} {
		p.Minutes = append(p.Minutes, choice{cmp.Or(minutes(n), "10"), s.texts.Duration(lang.Tag, n), n == alerts.DefaultDrill})
	}
	for i := range v.Zones {
		p.Zones = append(p.Zones, choice{v.Zones[i].ID, v.Zones[i].Name, false})
	}
	if err := s.fillDrills(r, sc, &p); err != nil {
		return err
	}
	switch saved := r.URL.Query().Get("saved"); saved {
	case "drill", "end":
		p.Saved = lang.T("reach.saved." + saved)
	}
	return s.render(w, http.StatusOK, lang, "reach", p)
}

func (s *Server) fillRoster(sc *scene, p *rosterPage, v *rules.View) {
	if s.opts.Reach == nil {
		return
	}
	now := s.opts.Now()
	for _, person := range s.opts.Reach.Roster(v.Site) {
		row := rosterRow{Name: person.Name, Class: "unknown", Icon: "unknown", Word: sc.T("reach.never"), Phones: sc.T("reach.phones", "Count", len(person.Phones))}
		var roles []string
		for _, role := range person.Roles {
			roles = append(roles, sc.T("role."+string(role)))
		}
		row.Roles = strings.Join(roles, ", ")
		switch {
		case now.Sub(person.Watch) < reach.WatchLost:
			row.Class, row.Icon, row.Word, row.Detail = "within", "within", sc.T("reach.yes"), sc.T("reach.by_watch")
		case person.Reachable(now):
			row.Class, row.Icon, row.Word, row.Detail = "within", "within", sc.T("reach.yes"), sc.T("reach.shown", "When", sc.when(telemetry.InstantOf(person.Shown)))
		case len(person.Phones) == 0:
			row.Class, row.Icon, row.Word = "breached", "breached", sc.T("reach.no")
			row.Detail = sc.T("reach.no_phone")
		case !person.Shown.IsZero():
			row.Word, row.Detail = sc.T("reach.unsure"), sc.T("reach.shown", "When", sc.when(telemetry.InstantOf(person.Shown)))
		}
		for i := range person.Phones {
			if f := person.Phones[i].Failed; f != "" {
				row.Trouble = sc.failure(f)
			}
		}
		if row.Class == "within" {
			p.Good++
		}
		p.People = append(p.People, row)
	}
	p.All = len(p.People)
	for _, c := range s.opts.Reach.Channels() {
		way := rosterWay{Name: c.Name, Kind: sc.way(c.Kind), Last: sc.T("reach.unused")}
		if !c.Last.At.IsZero() {
			when := sc.when(telemetry.InstantOf(c.Last.At))
			way.Last, way.Bad = sc.T("reach.used", "When", when), c.Last.Failed != ""
			if way.Bad {
				way.Last = sc.T("reach.went_wrong", "When", when, "Why", sc.failure(c.Last.Failed))
			}
		}
		p.Siren = p.Siren || c.Kind == alerts.ViaSiren
		p.Ways = append(p.Ways, way)
	}
}

// fillDrills lists the drills of the last weeks, with what came of each.
func (s *Server) fillDrills(r *http.Request, sc *scene, p *rosterPage) error {
	now := telemetry.InstantOf(s.opts.Now())
	all, err := s.opts.AlertLog.AlertsDuring(r.Context(), p.Site, now.Add(-60*24*time.Hour), now.Add(time.Minute), mostAlerts)
	if err != nil {
		return err
	}
	for i := range all {
		a := &all[i]
		if a.Drill == nil || len(p.Drills) >= 20 {
			continue
		}
		title, _, _ := s.texts.Explain(sc.Tag, a)
		row := drillRow{ID: a.ID, Entry: a.Drill.Entry, Title: title, When: sc.when(a.Opened), By: sc.because(sc.claims(a.Drill.By, !a.Drill.Proven), a.Drill.Reason), Result: sc.drillResult(a)}
		if a.Open() {
			row.Form = newUUID()
			p.Under = &row
			continue
		}
		p.Drills = append(p.Drills, row)
	}
	return nil
}

// drillResult is how fast the first saw, opened and acknowledged a drill.
func (t *scene) drillResult(a *alerts.Alert) string {
	after := func(at telemetry.Instant) string {
		if at == 0 {
			return t.T("reach.nobody")
		}
		return t.texts.Duration(t.Tag, at.Sub(a.Opened))
	}
	var acknowledged telemetry.Instant
	if all := a.Acknowledgements(); len(all) > 0 {
		acknowledged = all[0].At
	}
	return t.T("reach.result", "Shown", after(a.Shown), "Opened", after(a.Looked), "Acknowledged", after(acknowledged))
}

// calledRow is a delivery of a call, as the page of an alert tells it.
type calledRow struct {
	When, Who, Way      string
	Sent, Shown, Opened string
	Trouble             string
	Step                string
}

// calledRows are all whom an alert has called and what became of it, in order.
func (t *scene) calledRows(a *alerts.Alert) []calledRow {
	var rows []calledRow
	after := func(at telemetry.Instant) string {
		if at == 0 {
			return ""
		}
		return t.T("alertlog.after", "Long", t.texts.Duration(t.Tag, at.Sub(a.Opened)))
	}
	for i := range a.Calls {
		c := &a.Calls[i]
		base := calledRow{When: t.when(c.At), Step: t.calledWhom(c)}
		if len(c.Deliveries) == 0 {
			base.Who = base.Step
			rows = append(rows, base)
			continue
		}
		for k := range c.Deliveries {
			d := &c.Deliveries[k]
			row := base
			row.Who, row.Way, row.Sent, row.Shown, row.Opened = t.reached(d), t.way(d.Via), after(d.Sent), after(d.Shown), after(d.Looked)
			if d.Via == alerts.ViaNobody {
				row.Who = base.Step
			}
			if d.Failed != "" {
				row.Trouble = t.failure(d.Failed)
			}
			if c.Number == 0 {
				row.When, row.Step = t.when(max(d.Shown, d.Looked)), t.T("reach.by_himself")
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// reached names whom, or what, a delivery went to.
func (t *tongue) reached(d *alerts.Delivery) string {
	if d.Via == alerts.ViaReceiver {
		return t.receiver(d.To)
	}
	return d.To
}

// calledWhom says whom a call was meant for.
func (t *scene) calledWhom(c *alerts.Call) string {
	switch {
	case c.Role != "":
		return t.T("reach.all", "Role", t.T("role."+c.Role))
	case c.Account != "":
		return t.personNamed(c.Account)
	case c.Receiver != "":
		return t.receiver(c.Receiver)
	}
	return c.Channel
}

// personNamed is what people call somebody by whose name to sign in is known.
func (t *scene) personNamed(login string) string {
	if t.people != nil {
		for _, a := range t.people() {
			if a.Name == login {
				return cmp.Or(a.Display, login)
			}
		}
	}
	return login
}

// failure puts why a message did not go out into words.
func (t *tongue) failure(why string) string {
	f := reach.ReadFailure(why)
	if f.Code == reach.NoPhone {
		return t.T("reach.no_phone")
	}
	return t.T("reach.failed", "Why", t.T("reach.why."+f.Code, "Status", f.Status))
}

func minutes(d time.Duration) string {
	return strings.TrimSuffix(strings.TrimSuffix(d.String(), "0s"), "m")
}
