package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// A shift is handed over in two entries: who leaves says to whom, who comes says that he has taken it. Between them stands what is open, as it
// is now: alerts, second checks, tasks that are due, remarks of the day.

const (
	// handoverShown is for how long a handover that nobody has taken is shown.
	handoverShown = 24 * time.Hour
	// dueSoon is how far ahead a task is due that the next shift must know of.
	dueSoon = 2 * time.Hour
	// pastHandovers is how many the page lists.
	pastHandovers = 10
)

// The problems of taking a shift over: keys of sentences, "entry." before them.
const (
	noHandover = "no_handover"
	takenByNow = "taken_over"
)

// handoverPage is the end of one shift and the beginning of the next.
type handoverPage struct {
	frame
	Site, SiteName string
	Sites          []choice
	Saved          string
	Given          *handoverRow // the newest; nil: there was none lately
	Alerts         []handoverItem
	Cases          []handoverItem
	Tasks          []handoverItem
	Notes          []noteRow
	Form           *handoverForm
	Names          []string // of those who may take it
	Past           []handoverRow
}

// handoverItem is something that the next shift has to see to.
type handoverItem struct{ Link, Class, Icon, Word, Title, Text string }

// handoverRow is one handover, and whether it was taken.
type handoverRow struct {
	Entry, ID string // of the handover, and of the entry that takes it
	Text      string // who, to whom, when
	Remark    string
	Taken     string // by whom, when; empty: by nobody yet
	Mine      bool   // who looks is who handed it over
}

// handover shows what is open at a site, and takes and gives the shift.
func (s *Server) handover(w http.ResponseWriter, r *http.Request) error {
	lang, c := s.tongues.choose(r), callerOf(r.Context())
	p := handoverPage{frame: s.frame(r, lang, lang.T("handover.title")), Site: r.URL.Query().Get("site")}
	p.Typing = true
	views := s.viewsFor(r.Context(), accounts.Acknowledge)
	if p.Site == "" && len(views) > 0 {
		p.Site = views[0].Site
	}
	for i := range views {
		p.Sites = append(p.Sites, choice{views[i].Site, views[i].Name, views[i].Site == p.Site})
	}
	v, ok := s.opts.Live.Outline(p.Site)
	if !ok || !c.At(accounts.Acknowledge, p.Site) {
		if p.Site != "" {
			return errNoPage
		}
		return s.render(w, http.StatusOK, lang, "handover", p)
	}
	sc := s.scene(lang, v)
	sc.may = mayAt(c, p.Site)
	p.SiteName, p.May = v.Name, sc.may
	ctx, cancel := context.WithTimeout(r.Context(), apiTimeout)
	defer cancel()
	if err := s.fillHandovers(ctx, sc, &p, nameOf(r)); err != nil {
		return err
	}
	s.fillOpen(sc, &p)
	now := telemetry.InstantOf(s.opts.Now())
	notes, err := s.notesDuring(ctx, sc, "", now.Add(-handoverShown), now.Add(time.Minute))
	if err != nil {
		return err
	}
	p.Notes = notes
	p.Form = &handoverForm{ID: newUUID(), Author: nameOf(r), Site: p.Site}
	p.Names = sc.mayTakeOver(p.Site, c)
	switch saved := r.URL.Query().Get("saved"); saved {
	case "handover", "taken":
		p.Saved = lang.T("handover.saved." + saved)
	}
	return s.render(w, http.StatusOK, lang, "handover", p)
}

// fillOpen lists what the next shift has to see to, the most urgent first.
func (s *Server) fillOpen(sc *scene, p *handoverPage) {
	open := s.opts.Alerts.Open()
	slices.SortStableFunc(open, urgency)
	for i := range open {
		a := &open[i]
		if a.Site != p.Site {
			continue
		}
		card := alertCardOf(sc, a)
		p.Alerts = append(p.Alerts, handoverItem{"/alert/" + a.ID, card.Class, card.Icon, sc.T("alertlog.state." + stateOf(a)), card.Title, card.Text})
	}
	for i := range sc.view.Cases {
		if c := &sc.view.Cases[i]; c.Open() {
			card := sc.caseCard(c)
			p.Cases = append(p.Cases, handoverItem{"/site/" + p.Site + "#site-cases", card.Chip.Class, card.Chip.Icon, card.Chip.Word, card.Door + ": " + card.Temperature, card.Clock})
		}
	}
	soon := telemetry.InstantOf(sc.now.Add(dueSoon))
	for i, row := range taskRows(sc) {
		t := &sc.view.Tasks[i]
		if t.Verdict != rules.Breached && (t.NextDue == 0 || t.NextDue > soon) {
			continue
		}
		p.Tasks = append(p.Tasks, handoverItem{row.Page, row.Chip.Class, row.Chip.Icon, row.Chip.Word, row.Name, cmp.Or(row.Why, sc.T("do.due", "When", row.Due))})
	}
}

// fillHandovers lists the newest handovers, each with who took it.
func (s *Server) fillHandovers(ctx context.Context, sc *scene, p *handoverPage, name string) error {
	records, err := s.opts.Entries.Entries(ctx, p.Site, telemetry.EntryHandover, 4*pastHandovers)
	if err != nil {
		return fmt.Errorf("listing the handovers of a site: %w", err)
	}
	for i := range records {
		if records[i].Entry.Subject != "" || len(p.Past) > pastHandovers {
			continue
		}
		row := sc.handoverRow(&records[i], records, name)
		if p.Given == nil && len(p.Past) == 0 && telemetry.InstantOf(sc.now).Sub(records[i].At) < handoverShown {
			p.Given = &row
			continue
		}
		p.Past = append(p.Past, row)
	}
	return nil
}

func (t *scene) handoverRow(rec *telemetry.Record, all []telemetry.Record, name string) handoverRow {
	e := rec.Entry
	row := handoverRow{Entry: e.ID, ID: newUUID(), Text: t.T("handover.given", "By", t.claims(e.Author, e.Claimed), "To", e.Text, "When", t.when(rec.At)), Remark: e.Reason, Mine: name != "" && name == e.Author && !e.Claimed}
	if taken := takenOver(all, e.ID); taken != nil {
		row.Taken = t.T("handover.taken_by", "By", t.claims(taken.Entry.Author, taken.Entry.Claimed), "When", t.when(taken.At))
	}
	return row
}

// takenOver is the first entry that takes a handover; nil: nobody has.
func takenOver(all []telemetry.Record, handover string) (first *telemetry.Record) {
	for i := range all {
		if all[i].Entry.Subject == handover && (first == nil || all[i].Seq < first.Seq) {
			first = &all[i]
		}
	}
	return first
}

// waiting is a handover of the site that nobody has taken yet, for whoever may; nil: there is none. The page goes without where it cannot be read.
func (s *Server) waiting(r *http.Request, sc *scene) *handoverRow {
	if !callerOf(r.Context()).At(accounts.Acknowledge, sc.view.Site) {
		return nil
	}
	ctx, cancel := context.WithTimeout(r.Context(), sparkPatience)
	defer cancel()
	p := handoverPage{Site: sc.view.Site}
	if err := s.fillHandovers(ctx, sc, &p, nameOf(r)); err != nil {
		s.opts.Log.Warn("the handovers of a site cannot be read", "site", p.Site, "err", err)
		return nil
	}
	if p.Given == nil || p.Given.Taken != "" {
		return nil
	}
	return p.Given
}

// mayTakeOver are the names of those with an account who may see to alerts of a site, but for who asks.
func (t *scene) mayTakeOver(site string, c *accounts.Caller) []string {
	var names []string
	if t.people == nil {
		return nil
	}
	for _, a := range t.people() {
		who := accounts.Caller{Grants: a.Grants()}
		if name := cmp.Or(a.Display, a.Name); !a.Off && who.At(accounts.Acknowledge, site) && name != c.Name {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// takeover is that somebody has taken a shift that was handed over: all that is open is his.
type takeover struct {
	site string
	what telemetry.Entry // Subject: the entry of the handover; Text: who takes it
}

func takeoverOf(site, id, handover, author string) *takeover {
	return &takeover{site, telemetry.Entry{ID: strings.ToLower(id), Kind: telemetry.EntryHandover, Subject: strings.ToLower(handover), Author: author, Text: author, Claimed: true}}
}

func (d *takeover) entry() (string, telemetry.Entry) { return d.site, d.what }
func (d *takeover) moment() telemetry.Instant        { return 0 }

func (d *takeover) signed(c *accounts.Caller) {
	if c != nil && !c.Claimed {
		d.what.Author, d.what.Text, d.what.Claimed = c.Name, c.Name, false
	}
}

func (d *takeover) acceptable(s *Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), entryPatience)
	defer cancel()
	switch {
	case !isUUID(d.what.ID):
		return refused(http.StatusUnprocessableEntity, badID, errors.New("field id of taking a shift over"))
	case d.what.Author == "":
		return refused(http.StatusUnprocessableEntity, noAuthor, errors.New("field author of taking a shift over"))
	}
	records, err := s.opts.Entries.Entries(ctx, d.site, telemetry.EntryHandover, undoable)
	if err != nil {
		return fmt.Errorf("looking for a handover: %w", err)
	}
	if !slices.ContainsFunc(records, func(r telemetry.Record) bool { return r.Entry.ID == d.what.Subject && r.Entry.Subject == "" }) {
		return refused(http.StatusConflict, noHandover, errors.New("no such handover"))
	}
	if taken := takenOver(records, d.what.Subject); taken != nil {
		f := refused(http.StatusConflict, takenByNow, errors.New("the shift is taken"))
		f.args = []any{"By", taken.Entry.Author}
		return f
	}
	return nil
}

func (d *takeover) made(rec *telemetry.Record) bool {
	was, is := rec.Entry, &d.what
	return was != nil && was.Kind == is.Kind && was.Subject == is.Subject && was.Author == is.Author
}

// takeOver takes a shift with one tap.
func (s *Server) takeOver(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	site := r.PathValue("site")
	d := takeoverOf(site, r.PostForm.Get("id"), r.PostForm.Get("handover"), cmp.Or(cleanText(r.PostForm.Get("author"), maxName), s.access.author(r)))
	if _, err := s.enter(r.Context(), d); err != nil {
		return err
	}
	http.Redirect(w, r, "/handover?"+url.Values{"site": {site}, "saved": {"taken"}}.Encode(), http.StatusSeeOther)
	return nil
}
