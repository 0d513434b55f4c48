package web

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// staleAfter is the age of the newest data of an open site beyond which its freshness is shown as a fault.
const staleAfter = 15 * time.Minute

// overviewPage is the overseer's one page: every site and what is wrong with it.
type overviewPage struct {
	livePage
	Find   string
	Finds  bool     // there are enough sites to look for one
	Hidden []choice // what a search keeps of the part that is shown
	Views  fleetViews
}

func (s *Server) overview(w http.ResponseWriter, r *http.Request) error {
	lang, part := s.tongues.choose(r), partOf(r.URL.Query())
	what := s.topicOf("overview", r, callerOf(r.Context()))
	chunks, err := s.compose(what)
	if err == nil && s.awaitFigures(r.Context(), sitesOf(chunks)) {
		chunks, err = s.compose(what)
	}
	if err != nil {
		return err
	}
	p := overviewPage{livePage: livePage{s.frame(r, lang, lang.T("overview.title")), join(chunks)}, Find: part.find}
	p.Live = what.path()
	views := s.viewsFor(r.Context(), accounts.See)
	p.Finds, p.Views = part.find != "" || len(views) > manySites, s.fleetViews(r, "list", views)
	for _, x := range []choice{{Value: part.show, Name: "show"}, {Value: part.region, Name: "region"}, {Value: part.rule, Name: "rule"}} {
		if x.Value != "" {
			p.Hidden = append(p.Hidden, x)
		}
	}
	p.Typing = p.Finds
	return s.render(w, http.StatusOK, lang, "overview", p)
}

// sitesOf are the sites that are listed.
func sitesOf(chunks []chunk) (sites []string) {
	for _, c := range chunks {
		if site, ok := strings.CutPrefix(c.id, "site-"); ok {
			sites = append(sites, site)
		}
	}
	return sites
}

// siteRow is one site in the list.
type siteRow struct {
	ID, Name   string
	Place      string // town and region, where the fleet lies in several; empty: it does not
	Chip       chip
	Open       bool
	Hours      string
	Level      string
	Persons    persons
	Why        string // the worst verdict in a sentence
	Pending    string
	WhySubject string
	Week       *weekRow // how the last seven days were kept; nil: not known, or not yet
	Alerts     []alertCount
	Silent     int
	Devices    int
	Fresh      string
	FreshBad   bool
}

type alertCount struct {
	Class, Icon, Word string
	N                 int
}

// overviewSummary is the line above the list: of all sites, whichever are listed.
type overviewSummary struct {
	Sites, Open int
	States      []stateCount
	Persons     persons
	Counted     int      // sites whose number of people is known
	Gateway     string   // why what is shown may be old
	Faults      []string // open alerts of the gateway itself
}

// stateCount is how many sites are in a state, and leads to them.
type stateCount struct {
	State string
	Icon  string
	N     int
	To    string // address of the list of them; of all, where it is shown
	Shown bool   // the list is of them
}

func (s *Server) composeOverview(c *composer, what topic) {
	p, views := what.part, s.opts.Live.Views()
	if what.sites != "" {
		views = slices.DeleteFunc(views, func(v rules.View) bool { return !listed(what.sites, v.Site) })
	}
	all := standingsOf(views, s.opts.Now())
	sum := overviewSummary{Sites: len(views), Gateway: s.gatewayFault(c.lang)}
	var counted []rules.Estimate
	for i := range all {
		v := all[i].view
		if v.Open {
			sum.Open++
		}
		if v.Persons.Known {
			counted = append(counted, v.Persons)
		}
	}
	sum.States = statesOf(all, p, "/")
	sum.Counted, sum.Persons = len(counted), c.lang.persons(rules.Total(counted...))
	for _, a := range s.openAlerts("") {
		title, _, _ := s.texts.Explain(c.lang.Tag, &a)
		sum.Faults = append(sum.Faults, title)
	}
	c.add("summary", "overview-summary", sum)
	regions := regionsOf(c.lang, all, p)
	c.add("regions", "overview-regions", regions)

	shown, pager := p.of(all)
	bySite := make(map[string][]alerts.Alert, len(shown))
	for i := range shown {
		bySite[shown[i].view.Site] = nil
	}
	for _, a := range s.opts.Alerts.Open() {
		if list, ok := bySite[a.Site]; ok && a.Drill == nil {
			bySite[a.Site] = append(list, a)
		}
	}
	c.add("", "overview-open", overviewList{Sites: len(views), Shown: len(shown)})
	for i := range shown {
		v := shown[i].view
		sc := s.scene(c.lang, v)
		row := siteRowOf(sc, bySite[v.Site])
		if shown[i].rank == rankSilent {
			row.quiet(sc, shown[i].heard)
		}
		if len(regions.Regions) > 0 && len(all) > manySites {
			row.Place, row.Level = placeOf(v, p.region != ""), "" // of so many the place tells more than the level
		}
		if listed(what.past, v.Site) {
			row.Week = s.weekRow(sc)
		}
		c.add("site-"+row.ID, "overview-site", row)
	}
	c.add("", "overview-close", s.opts.Histories != nil && len(shown) > 0)
	c.add("pages", "overview-pages", pager)
}

// statesOf counts all sites by state, and leads to them on a page.
func statesOf(all []standingSite, p part, page string) (states []stateCount) {
	var counts [len(siteStates)]int
	for i := range all {
		counts[all[i].rank]++
	}
	for i, state := range siteStates {
		shown := state == p.show
		if state == "silent" && counts[i] == 0 && !shown {
			continue // it is the exception, and nothing to count up to
		}
		to := p.first(func(p *part) {
			if p.show = state; shown {
				p.show = ""
			}
		})
		states = append(states, stateCount{State: state, Icon: chipIcon(state), N: counts[i], To: page + to.query("?"), Shown: shown})
	}
	return states
}

// placeOf says where a site lies: the town, and the region where the list is of several.
func placeOf(v *rules.View, ofOne bool) string {
	switch {
	case v.Region == "" || ofOne:
		return v.City
	case v.City == "" || v.City == v.Region:
		return v.Region
	}
	return v.City + ", " + v.Region
}

// quiet is how a site looks of which nothing is heard: what was so before says nothing about now.
func (row *siteRow) quiet(sc *scene, heard telemetry.Instant) {
	row.Chip = chip{Class: "silent", Icon: "dead", Word: sc.T("overview.silent_chip")}
	row.WhySubject, row.Why, row.Pending = sc.T("overview.silent_never"), sc.T("overview.silent_look"), ""
	if heard != 0 {
		row.WhySubject, row.Why = sc.T("overview.silent_since", "When", sc.when(heard)), sc.T("overview.silent_check")
	}
}

// overviewList is how many sites there are, and how many are listed.
type overviewList struct{ Sites, Shown int }

func siteRowOf(sc *scene, open []alerts.Alert) siteRow {
	v := sc.view
	row := siteRow{
		ID: v.Site, Name: v.Name, Chip: sc.siteChip(v), Open: v.Open, Hours: sc.hours(), Level: sc.levelName(),
		Persons: sc.persons(v.Persons), Alerts: sc.countAlerts(open), Devices: len(v.Devices),
	}
	if w, ok := v.Worst(); ok {
		row.WhySubject = sc.ruleName(&w) + ", " + w.SubjectName
		row.Why, row.Pending = sc.brief(&w), sc.pending(&w)
	}
	last := heardOf(v)
	row.Silent = len(v.Unheard())
	row.Fresh = sc.ago(last)
	row.FreshBad = last == 0 || v.Open && sc.now.Sub(last.Time()) > staleAfter
	return row
}

// hours says whether the site is open and when that changes.
func (t *scene) hours() string {
	state := "closed"
	if t.view.Open {
		state = "open"
	}
	if t.view.NextChange == 0 || t.view.NextChange == telemetry.Never {
		return t.T("site." + state)
	}
	return t.T("site."+state+"_until", "When", t.when(t.view.NextChange))
}

// classes are the classes of alerts in the order in which they are shown.
var classes = []rules.Class{rules.ClassBreach, rules.ClassOverdue, rules.ClassSensor, rules.ClassService}

func (t *tongue) countAlerts(open []alerts.Alert) []alertCount {
	var counts []alertCount
	for _, class := range classes {
		n := 0
		for i := range open {
			if open[i].Class == class {
				n++
			}
		}
		if n > 0 {
			counts = append(counts, alertCount{string(class), classIcon(class), t.T("class." + string(class)), n})
		}
	}
	return counts
}

func classIcon(c rules.Class) string {
	switch c {
	case rules.ClassOverdue:
		return "overdue"
	case rules.ClassSensor:
		return "sensor"
	case rules.ClassService:
		return "service"
	}
	return "alert"
}

// gatewayFault says why what is shown may be old although the page is live; empty: nothing is wrong.
func (s *Server) gatewayFault(t *tongue) string {
	st := s.opts.Health.Status()
	switch {
	case !st.Journal.Writable:
		return t.T("gateway.journal", "Reason", st.Journal.Reason)
	case !st.Broker.Heard:
		return t.T("gateway.broker", "Reason", st.Broker.Reason)
	}
	return ""
}
