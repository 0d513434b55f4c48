package web

import (
	"context"
	"html/template"
	"net/http"
	"time"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
)

// zonePage is one room: what is so now, a form to say how many are inside, and its day as a chart.
type zonePage struct {
	frame
	Site, SiteName string
	ID, Name       string
	Body           template.HTML // what lives
	Today          bool
	Form           *countForm // nil: nothing counts people here, or another day is shown
	Saved          string     // what was just entered
	Entries        []entryRow
	Chart          string // where the data is; empty: nothing counts people here
	Zone           string // IANA name, for the chart's axis
	Day            string
	DayText        string
	Previous, Next string // days; Next is empty today
	Notes          *noteBox
}

func (s *Server) zone(w http.ResponseWriter, r *http.Request) error {
	v, err := s.judgedView(r.PathValue("site"))
	if err != nil {
		return err
	}
	z, ok := zoneByID(v, r.PathValue("zone"))
	if !ok {
		return errNoPage
	}
	lang := s.tongues.choose(r)
	sc := s.scene(lang, v)
	today := facility.DateOf(sc.now.In(sc.loc))
	day := today
	if q := r.URL.Query().Get("day"); q != "" {
		d, err := facility.ParseDate(q)
		if err != nil || today.Before(d) || d.Year < 2000 {
			return misasked("day", q, "day")
		}
		day = d
	}
	p := zonePage{
		frame: s.frame(r, lang, v.Name+" · "+z.Name), Site: v.Site, SiteName: v.Name, ID: z.ID, Name: z.Name, Zone: v.Zone,
		Today: day == today, Day: day.String(), DayText: lang.Date(day.In(time.UTC)), Previous: day.AddDays(-1).String(),
	}
	if !uncounted(z.Persons) {
		p.Chart = "/api/v1/sites/" + v.Site + "/zones/" + z.ID + "/occupancy?day=" + day.String()
	}
	if p.Notes, err = s.notesOf(r, sc, "zone:"+z.ID, day); err != nil {
		return err
	}
	if !p.Today {
		p.Next = day.AddDays(1).String()
		return s.render(w, http.StatusOK, lang, "zone", p)
	}
	what := s.topicOf("zone", r, callerOf(r.Context()))
	chunks, err := s.compose(what)
	if err != nil {
		return err
	}
	p.Body, p.Live, p.Typing = join(chunks), what.path(), p.May[string(accounts.Count)]
	name := nameOf(r)
	if p.Form = countFormOf(sc, z.ID, z.Persons, z.CountAsked != 0, name); p.Form != nil {
		p.Saved, p.Entries = saved(lang, r), s.entriesOf(r.Context(), sc, z.ID)
	}
	return s.render(w, http.StatusOK, lang, "zone", p)
}

// entriesOf lists what was entered lately about a zone (empty: the building); the page does not fail for want of it.
func (s *Server) entriesOf(ctx context.Context, sc *scene, zone string) []entryRow {
	ctx, cancel := context.WithTimeout(ctx, sparkPatience)
	defer cancel()
	records, err := s.opts.Entries.Counts(ctx, sc.view.Site, zone, shownEntries)
	if err != nil {
		s.opts.Log.Warn("listing the counts of a zone failed", "site", sc.view.Site, "zone", zone, "err", err)
		return nil
	}
	return entryRows(sc, records)
}

// composeZone is what lives on a zone's page: its figure and its verdicts.
func (s *Server) composeZone(c *composer, v *rules.View, z *rules.ZoneView) {
	sc := s.scene(c.lang, v)
	card := zoneCardOf(sc, z)
	c.add("zone-now", "zone-now", card)
	c.add("zone-seats", "zone-seats", seatMapOf(sc, z.Seats))
	var in *intakeCard
	if entrance(v, z.ID) {
		in = intakeOf(sc)
	}
	c.add("zone-intake", "site-intake", map[string]any{"ID": "zone-intake", "Card": in})
	c.add("zone-checks", "zone-checks", card.Findings)
}
