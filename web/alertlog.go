package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// AlertLog is what is recorded of single alerts, open and past.
type AlertLog interface {
	// Alert finds an alert; false: there is none.
	Alert(ctx context.Context, id string) (alerts.Alert, bool, error)
	// AlertsDuring lists the alerts of a site that were open at any time in [from, until), the newest first; an empty site means all.
	AlertsDuring(ctx context.Context, site string, from, until telemetry.Instant, limit int) ([]alerts.Alert, error)
	// AlertChanges lists the newest steps in the life of an alert in their order, but for those that only moved its values, or say that a call
	// went out: the alert itself has those.
	AlertChanges(ctx context.Context, id string, limit int) ([]alerts.Change, error)
	// EntriesAbout lists what people entered of one kind about one thing of a site, the newest first.
	EntriesAbout(ctx context.Context, site string, kind telemetry.EntryKind, subject string, limit int) ([]telemetry.Record, error)
}

const (
	// mostAlerts is how many are looked through for one list, shownAlerts how many a page shows.
	mostAlerts  = 2_000
	shownAlerts = 60
	// recentAlerts is how far back the page of no day looks for what is over.
	recentAlerts = 7 * 24 * time.Hour
)

// The states of an alert, as people look for them.
const (
	stateOpen     = "open"     // nobody works on it
	stateTaken    = "taken"    // somebody does
	stateSilenced = "silenced" // nobody is notified
	stateOver     = "over"
)

// stateOf is how an alert stands.
func stateOf(a *alerts.Alert) string {
	switch {
	case !a.Open():
		return stateOver
	case a.Ack != nil:
		return stateTaken
	case a.Silenced != nil:
		return stateSilenced
	}
	return stateOpen
}

// alertFilter is which alerts are looked for. Empty fields: any.
type alertFilter struct {
	site, zone, kind, state, severity string
	day                               facility.Date // of each site's calendar
	hasDay                            bool
	clock                             time.Duration // into the day: only what was open then
	hasClock                          bool
}

// alertFilterOf reads a filter from the parameters of an address. The error is a *fault, which says what is wrong with them.
func alertFilterOf(q url.Values, today facility.Date) (f alertFilter, err error) {
	f = alertFilter{site: q.Get("site"), zone: q.Get("zone"), kind: q.Get("kind"), state: q.Get("state"), severity: q.Get("severity")}
	if text := q.Get("day"); text != "" {
		if f.day, err = facility.ParseDate(text); err != nil || f.day.Year < 2000 || today.AddDays(1).Before(f.day) {
			return f, misasked("day", text, "day")
		}
		f.hasDay = true
	}
	if text := q.Get("at"); text != "" {
		at, err := time.Parse("15:04", strings.Replace(text, ".", ":", 1))
		if err != nil || !f.hasDay {
			return f, misasked("at", text, "clock")
		}
		f.clock, f.hasClock = time.Duration(at.Hour())*time.Hour+time.Duration(at.Minute())*time.Minute, true
	}
	return f, nil
}

// span is the part of the day that is asked for, in a zone of time.
func (f *alertFilter) span(loc *time.Location) (from, until telemetry.Instant) {
	if f.hasClock {
		d := f.day.In(loc)
		at := telemetry.InstantOf(time.Date(d.Year(), d.Month(), d.Day(), int(f.clock/time.Hour), int(f.clock/time.Minute)%60, 0, 0, loc))
		return at, at.Add(time.Minute)
	}
	return telemetry.InstantOf(f.day.In(loc)), telemetry.InstantOf(f.day.AddDays(1).In(loc))
}

// fits reports whether an alert is one that is looked for.
func (f *alertFilter) fits(a *alerts.Alert, loc *time.Location) bool {
	switch {
	case f.site != "" && a.Site != f.site, f.zone != "" && a.Zone != f.zone && a.Subject.ID != f.zone, f.kind != "" && a.Kind != f.kind,
		f.state != "" && stateOf(a) != f.state, f.severity != "" && string(a.Severity) != f.severity:
		return false
	}
	if !f.hasDay {
		return true
	}
	from, until := f.span(loc)
	return a.Opened < until && (a.Open() || a.Resolved >= from)
}

// zoneOf is the time zone whose days an alert belongs to.
func (s *Server) zoneOf(a *alerts.Alert) *time.Location {
	name := a.Timezone
	if v, ok := s.opts.Live.Outline(a.Site); ok {
		name = v.Zone
	}
	return s.zones.named(name)
}

// matching lists the alerts that are looked for, the newest first. Without a day those that are open, and those that were lately.
// more says that there were too many to look through.
func (s *Server) matching(ctx context.Context, f *alertFilter) (found []alerts.Alert, more bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	now := telemetry.InstantOf(s.opts.Now())
	from, until := now.Add(-recentAlerts), now.Add(time.Minute)
	if f.hasDay {
		from, until = telemetry.InstantOf(f.day.In(time.UTC).Add(-14*time.Hour)), telemetry.InstantOf(f.day.AddDays(1).In(time.UTC).Add(14*time.Hour))
		if v, ok := s.opts.Live.Outline(f.site); ok {
			from, until = f.span(s.scene(s.tongues[0], v).loc)
		}
	}
	var all []alerts.Alert
	sites := askedSites(ctx, accounts.See, f.site) // those of others take no place in the list
	for _, site := range sites {
		during, err := s.opts.AlertLog.AlertsDuring(ctx, site, from, until, mostAlerts+1)
		if err != nil {
			return nil, false, fmt.Errorf("listing alerts: %w", err)
		}
		all = append(all, during...)
	}
	if len(sites) > 1 {
		slices.SortStableFunc(all, func(a, b alerts.Alert) int { return cmp.Compare(b.Opened, a.Opened) })
	}
	more = len(all) > mostAlerts
	c := callerOf(ctx)
	for i := range all[:min(len(all), mostAlerts)] {
		if c.At(accounts.See, all[i].Site) && f.fits(&all[i], s.zoneOf(&all[i])) {
			found = append(found, all[i])
		}
	}
	return found, more, nil
}

// alertsPage is what was asked of people: what is open everywhere, and what was resolved; or all of one day.
type alertsPage struct {
	frame
	Open, Past []alertRow // of a day all are in Past
	Daily      bool
	DayText    string
	Day, At    string
	Days       []choice // the last ones, each a link
	Previous   string   // addresses of the days around; empty: none
	Next       string
	Site       string
	Sites      []choice
	Zones      []choice
	Kinds      []choice
	States     []choice
	Severities []choice
	Hidden     string // how many are not shown
	Table      string // the same for a spreadsheet
	Saved      string
	Shift      string       // where the shift is handed over; empty: whoever looks has none
	Waiting    *handoverRow // a shift that nobody has taken yet, of the site that is shown; nil: there is none
	WaitsAt    string       // its site
	Author     string
	Phone      *phoneCard // nil: nobody is called
}

// handoverForm gives all that is open to somebody else.
type handoverForm struct {
	ID, Author, Site string
}

type alertRow struct {
	ID, Site, SiteName   string
	Class, Icon, Word    string
	Title, Text, Advice  string
	Opened, When, Lasted string
	State, StateWord     string
	Severity             string
	Told, Whose, Quiet   string
	Handled              []string
	Card                 alertCard // for the button of an open one
	Day                  string    // heads the first row of a day
	Swap                 bool      // it replaces the row of an open page
}

func (s *Server) alerts(w http.ResponseWriter, r *http.Request) error {
	lang, q := s.tongues.choose(r), r.URL.Query()
	today := facility.DateOf(s.opts.Now().In(s.commonZone(q.Get("site"))))
	f, err := alertFilterOf(q, today)
	if err != nil {
		return err
	}
	found, more, err := s.matching(r.Context(), &f)
	if err != nil {
		return err
	}
	p := alertsPage{frame: s.frame(r, lang, lang.T("alerts.title")), Site: f.site, Daily: f.hasDay, At: q.Get("at"), Table: "/api/v1/alerts.csv?" + tableQuery(q)}
	p.Typing = true
	if saved := q.Get("saved"); saved == "handover" {
		p.Saved = lang.T("alertlog.saved.handover")
	}
	if p.dayLinks(lang, q, &f, today); f.hasDay {
		p.Title = lang.T("alertlog.title_day", "Day", p.DayText)
	}
	s.alertChoices(r.Context(), lang, &p, &f, found)
	s.fillAlerts(callerOf(r.Context()), lang, &p, found, more)
	if !f.hasDay {
		p.Phone = s.phoneCardOf(r)
		s.fillShift(r, lang, &p)
	}
	return s.render(w, http.StatusOK, lang, "alerts", p)
}

// tableQuery is the filter of a page for its table.
func tableQuery(q url.Values) string {
	kept := url.Values{}
	for _, name := range []string{"site", "zone", "kind", "state", "severity", "day", "at"} {
		if v := q.Get(name); v != "" {
			kept.Set(name, v)
		}
	}
	return kept.Encode()
}

// commonZone is the time zone of a site, or the one that most sites have.
func (s *Server) commonZone(site string) *time.Location {
	count, best := map[string]int{}, "UTC"
	for _, v := range s.opts.Live.Views() {
		if v.Site == site {
			best = v.Zone
			break
		}
		if count[v.Zone]++; count[v.Zone] > count[best] || count[v.Zone] == count[best] && v.Zone < best {
			best = v.Zone
		}
	}
	return s.zones.named(best)
}

// dayLinks leads to the alerts of the last week's days, and to those around the one that is shown.
func (p *alertsPage) dayLinks(lang *tongue, q url.Values, f *alertFilter, today facility.Date) {
	link := func(d facility.Date) string {
		next := url.Values{"day": {d.String()}}
		for _, name := range []string{"site", "zone", "kind", "state", "severity"} {
			if v := q.Get(name); v != "" {
				next.Set(name, v)
			}
		}
		return "/alerts?" + next.Encode()
	}
	for i := range shownDays {
		d := today.AddDays(-i)
		name := lang.weekdayOf(d) + " " + strconv.Itoa(d.Day)
		if i == 0 {
			name = lang.T("alertlog.today")
		}
		p.Days = append(p.Days, choice{link(d), name, f.hasDay && d == f.day})
	}
	if !f.hasDay {
		return
	}
	p.Day, p.DayText = f.day.String(), lang.weekdayOf(f.day)+" "+lang.Date(f.day.In(time.UTC))
	p.Previous = link(f.day.AddDays(-1))
	if f.day.Before(today) {
		p.Next = link(f.day.AddDays(1))
	}
}

// weekdayOf is the short name of a day of the week.
func (t *tongue) weekdayOf(d facility.Date) string {
	names := strings.Fields(t.T("compliance.weekdays"))
	return names[int(d.In(time.UTC).Weekday())%len(names)]
}

// alertChoices fills the lists of the filter.
func (s *Server) alertChoices(ctx context.Context, lang *tongue, p *alertsPage, f *alertFilter, found []alerts.Alert) {
	for _, v := range s.viewsFor(ctx, accounts.See) {
		p.Sites = append(p.Sites, choice{v.Site, v.Name, v.Site == f.site})
	}
	if v, ok := s.opts.Live.Outline(f.site); ok {
		for i := range v.Zones {
			p.Zones = append(p.Zones, choice{v.Zones[i].ID, v.Zones[i].Name, v.Zones[i].ID == f.zone})
		}
	}
	kinds := map[string]bool{}
	for i := range found {
		kinds[found[i].Kind] = true
	}
	if f.kind != "" {
		kinds[f.kind] = true
	}
	for kind := range kinds {
		name := kind
		switch {
		case kind == alerts.KindService:
			name = lang.T("alerts.gateway")
		case lang.Has("kind." + kind):
			name = lang.T("kind." + kind)
		}
		p.Kinds = append(p.Kinds, choice{kind, name, kind == f.kind})
	}
	slices.SortFunc(p.Kinds, func(a, b choice) int { return strings.Compare(a.Name, b.Name) })
	for _, state := range []string{stateOpen, stateTaken, stateSilenced, stateOver} {
		p.States = append(p.States, choice{state, lang.T("alertlog.state." + state), state == f.state})
	}
	for _, severity := range []rules.Severity{rules.Critical, rules.Warning, rules.Info} {
		p.Severities = append(p.Severities, choice{string(severity), lang.severityName(severity), string(severity) == f.severity})
	}
}

func (t *tongue) severityName(s rules.Severity) string {
	if key := "alertlog.severity." + string(s); t.Has(key) {
		return t.T(key)
	}
	return string(s)
}

// fillAlerts makes the rows: without a day what is open first, the most urgent at the top.
func (s *Server) fillAlerts(c *accounts.Caller, lang *tongue, p *alertsPage, found []alerts.Alert, more bool) {
	var open, past []alerts.Alert
	for i := range found {
		if found[i].Open() && !p.Daily {
			open = append(open, found[i])
		} else {
			past = append(past, found[i])
		}
	}
	slices.SortStableFunc(open, urgency)
	now := s.opts.Now()
	for i := range open[:min(len(open), shownAlerts)] {
		p.Open = append(p.Open, s.alertRow(c, lang, &open[i], now))
	}
	if p.Daily {
		slices.Reverse(past) // a day is read from its morning on
	}
	day := ""
	for i := range past[:min(len(past), shownAlerts)] {
		row := s.alertRow(c, lang, &past[i], now)
		if d := facility.DateOf(past[i].Opened.In(s.zoneOf(&past[i]))); !p.Daily && d.String() != day {
			day = d.String()
			row.Day = lang.weekdayOf(d) + " " + lang.Date(d.In(time.UTC))
		}
		p.Past = append(p.Past, row)
	}
	if hidden := max(0, len(open)-shownAlerts) + max(0, len(past)-shownAlerts); hidden > 0 || more {
		p.Hidden = lang.T("alertlog.hidden", "Count", hidden)
	}
}

// urgency puts what nobody works on before what somebody does, the worse before the less bad, and the older first.
func urgency(a, b alerts.Alert) int {
	if c := compareBool(a.Ack != nil || a.Silenced != nil, b.Ack != nil || b.Silenced != nil); c != 0 {
		return c
	}
	if c := a.Severity.Rank() - b.Severity.Rank(); c != 0 {
		return c
	}
	return cmp.Compare(a.Opened, b.Opened)
}

func (s *Server) alertRow(c *accounts.Caller, lang *tongue, a *alerts.Alert, now time.Time) alertRow {
	v, _ := s.opts.Live.Outline(a.Site)
	sc := s.scene(lang, v)
	sc.zoned, sc.may = true, mayAt(c, a.Site)
	card := alertCardOf(sc, a)
	card.From = "alerts"
	row := alertRow{
		ID: a.ID, Card: card, Site: a.Site, SiteName: a.SiteName, Class: card.Class, Icon: card.Icon, Word: card.Word, Title: card.Title,
		Text: card.Text, Advice: card.Advice, Opened: card.Opened, When: sc.when(a.Opened), Handled: card.Handled, Lasted: lang.Span(now.Sub(a.Opened.Time())),
		State: stateOf(a), StateWord: lang.T("alertlog.state." + stateOf(a)), Severity: lang.severityName(a.Severity),
	}
	if v != nil {
		row.SiteName = v.Name
	}
	row.Told, row.Whose, row.Quiet = sc.told(a), sc.whose(a), sc.quiet(a)
	if !a.Open() {
		row.When += " – " + sc.when(a.Resolved)
		row.Lasted = lang.Span(a.Resolved.Sub(a.Opened))
	}
	return row
}

// told says who was told of an alert, as far as that is known.
func (t *scene) told(a *alerts.Alert) string {
	switch {
	case a.Accepted == 0:
		return ""
	case len(a.Told) == 0:
		return t.T("alertlog.told_router")
	}
	return t.T("alertlog.told", "Who", t.receivers(a.Told))
}

// receivers names those to whom a router led an alert: the shipped ones in the reader's language, those of a configuration as it calls them.
func (t *tongue) receivers(names []string) string {
	all := make([]string, len(names))
	for i, name := range names {
		all[i] = t.receiver(name)
	}
	return strings.Join(all, ", ")
}

func (t *tongue) receiver(name string) string {
	if key := "receiver." + name; t.Has(key) {
		return t.T(key)
	}
	return name
}

// whose says to whom an alert was given; empty: to nobody.
func (t *scene) whose(a *alerts.Alert) string {
	if a.Assigned == nil {
		return ""
	}
	key := "alertlog.whose"
	switch {
	case a.Assigned.TakenOver():
		key = "alertlog.taken_over"
	case a.Assigned.Handover:
		key = "alertlog.handed_over"
	}
	return t.because(t.T(key, "To", a.Assigned.To, "By", t.claims(a.Assigned.By, !a.Assigned.Proven), "When", t.when(a.Assigned.At)), a.Assigned.Reason)
}

// quiet says that an alert is silenced; empty: it is not.
func (t *scene) quiet(a *alerts.Alert) string {
	if a.Silenced == nil {
		return ""
	}
	return t.because(t.T("alertlog.quiet", "By", t.claims(a.Silenced.By, !a.Silenced.Proven), "Until", t.when(a.Silenced.Until)), a.Silenced.Reason)
}

// fillShift says where the shift is handed over, and whether one waits to be taken.
func (s *Server) fillShift(r *http.Request, lang *tongue, p *alertsPage) {
	if !callerOf(r.Context()).Anywhere(accounts.Acknowledge) {
		return
	}
	p.Shift, p.Author = "/handover", nameOf(r)
	at := p.Site
	if views := s.viewsFor(r.Context(), accounts.Acknowledge); at == "" && len(views) == 1 {
		at = views[0].Site
	}
	if v, ok := s.opts.Live.Outline(at); ok {
		p.Shift, p.Waiting, p.WaitsAt = "/handover?site="+url.QueryEscape(at), s.waiting(r, s.scene(lang, v)), at
	}
}

var errNoAlert = errors.New("no such alert")
