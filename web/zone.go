package web

import (
	"net/http"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
)

// zonePage is one room's day as a chart, with what the chart rests on.
type zonePage struct {
	frame
	Site, SiteName string
	ID, Name       string
	Chart          string // where the data is
	Zone           string // IANA name, for the chart's axis
	Day            string
	DayText        string
	Previous, Next string // days; Next is empty today
	Findings       []finding
}

func (s *Server) zone(w http.ResponseWriter, r *http.Request) error {
	v, ok := s.opts.Live.View(r.PathValue("site"))
	if !ok {
		return errNoPage
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
			return errBadForm
		}
		day = d
	}
	card := zoneCardOf(sc, z)
	p := zonePage{
		frame: s.frame(r, lang, v.Name+" · "+z.Name), Site: v.Site, SiteName: v.Name, ID: z.ID, Name: z.Name, Zone: v.Zone,
		Chart: "/api/v1/sites/" + v.Site + "/zones/" + z.ID + "/occupancy?day=" + day.String(),
		Day:   day.String(), DayText: lang.Date(day.In(time.UTC)), Previous: day.AddDays(-1).String(),
		Findings: card.Findings,
	}
	if day.Before(today) {
		p.Next = day.AddDays(1).String()
	}
	return s.render(w, http.StatusOK, lang, "zone", p)
}
