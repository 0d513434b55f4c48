package web

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gerbang-iot/gerbang/rehearse"
	"github.com/gerbang-iot/gerbang/rules"
)

const (
	// rehearsalPatience is how long a page waits for a rehearsal, which takes less for an ordinary site.
	rehearsalPatience = time.Second
	rehearsalPoll     = 50 * time.Millisecond
	rehearsalRefresh  = 2 // seconds until a page that waits looks again
)

// rehearsalPage is what a level would have made of the site's last week, beside what was.
type rehearsalPage struct {
	frame
	Site, SiteName, Level, LevelName string
	Now                              string // the level that holds
	rehearsed
}

// rehearsed is a rehearsal for the eye.
type rehearsed struct {
	Waiting  bool
	Percent  int
	Trouble  string
	Period   string
	Sums     []rehearsedSum
	Rows     []rehearsedRow
	Same     int // measures that would have been as they were
	Basis    string
	Address  string // of its own page
	Choosing string // where the level is chosen
}

// rehearsedSum is one number of the two weeks.
type rehearsedSum struct {
	Name, Was, Would string
	Worse, Better    bool
}

type rehearsedRow struct {
	Name               string
	Over, Near, Alerts [2]string // as it was, as it would have been
	Worse, Better      bool
	worseBy, differs   time.Duration
}

func (s *Server) rehearseLevel(w http.ResponseWriter, r *http.Request) error {
	v, ok := s.opts.Live.Outline(r.PathValue("site"))
	if !ok || s.opts.Rehearsals == nil {
		return errNoPage
	}
	lang, level := s.tongues.choose(r), r.URL.Query().Get("level")
	if !slices.Contains(levelNames(v.Levels), level) {
		return errNoPage
	}
	sc := s.scene(lang, v)
	p := rehearsalPage{
		frame: s.frame(r, lang, lang.T("rehearsal.title", "Level", sc.levelWord(level))), Site: v.Site, SiteName: v.Name, Level: level, LevelName: sc.levelWord(level),
		Now: sc.levelName(), rehearsed: s.rehearsed(r.Context(), sc, level),
	}
	if p.Waiting {
		w.Header().Set("Refresh", strconv.Itoa(rehearsalRefresh))
	}
	w.Header().Set("Cache-Control", "no-store")
	return s.render(w, http.StatusOK, lang, "rehearsal", p)
}

// rehearse asks for a rehearsal of a level, and waits a moment for its end.
func (s *Server) rehearse(ctx context.Context, site, level string) (Rehearsal, error) {
	return s.awaited(ctx, func() (Rehearsal, error) { return s.opts.Rehearsals.Rehearse(site, level) })
}

// awaited asks for a rehearsal, and waits a moment for its end.
func (s *Server) awaited(ctx context.Context, ask func() (Rehearsal, error)) (Rehearsal, error) {
	patience := time.NewTimer(rehearsalPatience)
	defer patience.Stop()
	poll := time.NewTicker(rehearsalPoll)
	defer poll.Stop()
	for {
		x, err := ask()
		if err != nil || x.Done {
			return x, err
		}
		select {
		case <-poll.C:
		case <-patience.C:
			return x, nil
		case <-ctx.Done():
			return x, ctx.Err()
		}
	}
}

// rehearsalPath is the address of a rehearsal.
func rehearsalPath(site, level string) string {
	return "/site/" + site + "/level/rehearsal?level=" + level
}

// rehearsed is a rehearsal as it stands after a moment.
func (s *Server) rehearsed(ctx context.Context, sc *scene, level string) rehearsed {
	out := rehearsed{Address: rehearsalPath(sc.view.Site, level), Choosing: "/site/" + sc.view.Site + "/level?choice=" + level}
	x, err := s.rehearse(ctx, sc.view.Site, level)
	out.tell(sc, &x, err)
	return out
}

// tell puts a rehearsal into words as it stands.
func (p *rehearsed) tell(sc *scene, x *Rehearsal, err error) {
	switch {
	case errors.Is(err, ErrTooMuch):
		p.Trouble = sc.T("rehearsal.busy")
	case err != nil || x.Failed:
		p.Trouble = sc.T("rehearsal.failed")
	case !x.Done:
		p.Waiting, p.Percent = true, int(100*x.Progress)
	case x.Outcome.Unfit != "":
		p.Trouble = sc.T("rehearsal.unfit")
	default:
		p.compare(sc, x)
	}
}

// compare lays the week as it was beside the one under the level.
func (p *rehearsed) compare(sc *scene, x *Rehearsal) {
	o := x.Outcome
	p.Period = sc.Date(o.From.In(sc.loc)) + " – " + sc.Date(o.Until.In(sc.loc))
	long := func(d time.Duration) string {
		if d == 0 {
			return sc.T("rehearsal.never")
		}
		return sc.texts.Duration(sc.Tag, d.Round(time.Minute))
	}
	sum := func(key string, was, would time.Duration) {
		p.Sums = append(p.Sums, rehearsedSum{sc.T(key), long(was), long(would), would > was, would < was})
	}
	sum("rehearsal.over", o.Was.Over, o.Would.Over)
	sum("rehearsal.near", o.Was.Near, o.Would.Near)
	var was, would int
	for i := range o.Measures {
		m := &o.Measures[i]
		if !m.Touched {
			continue
		}
		was, would = was+m.Was.Alerts, would+m.Would.Alerts
		if m.Same() {
			p.Same++
			continue
		}
		p.Rows = append(p.Rows, rehearsedRow{
			Name: sc.rehearsedName(m), Over: [2]string{long(m.Was.Breached), long(m.Would.Breached)}, Near: [2]string{long(m.Was.Near), long(m.Would.Near)},
			Alerts: [2]string{sc.Number(float64(m.Was.Alerts), 0), sc.Number(float64(m.Would.Alerts), 0)},
			Worse:  m.Would.Breached > m.Was.Breached, Better: m.Would.Breached < m.Was.Breached, worseBy: m.Would.Breached - m.Was.Breached, differs: m.Differs,
		})
	}
	slices.SortStableFunc(p.Rows, func(a, b rehearsedRow) int {
		return cmp.Or(cmp.Compare(b.worseBy, a.worseBy), cmp.Compare(b.differs, a.differs), cmp.Compare(a.Name, b.Name))
	})
	p.Sums = append(p.Sums, rehearsedSum{sc.T("rehearsal.alerts"), sc.Number(float64(was), 0), sc.Number(float64(would), 0), would > was, would < was})
	p.Basis = sc.T("rehearsal.basis", "Readings", sc.Count(o.Readings), "Took", sc.Number(x.Took.Seconds(), 1))
}

// rehearsedName is what people call a measure of a rehearsal: its rule's title as it is judged now, and what it is about.
func (t *scene) rehearsedName(m *rehearse.Measure) string {
	name := t.nameOf(t.view.RuleTitle(m.Rule), m.Kind, &rules.Explanation{})
	if m.SubjectName == "" || m.SubjectName == t.view.Name {
		return name
	}
	return name + ", " + m.SubjectName
}

type rehearsalInput struct {
	Site  string `path:"site" maxLength:"64" example:"mpp-gresik"`
	Level string `query:"level" required:"true" minLength:"1" maxLength:"60" example:"3" doc:"One of the levels of the site's protocols"`
}

type apiRehearsal struct {
	Done     bool                `json:"done" doc:"False: ask again in a moment"`
	Progress float64             `json:"progress" example:"0.4" doc:"Of the work, 0 to 1"`
	From     time.Time           `json:"from,omitzero"`
	Until    time.Time           `json:"until,omitzero"`
	Readings uint64              `json:"readings,omitempty" doc:"That were judged again"`
	Was      *apiRehearsed       `json:"was,omitempty" doc:"Of the rules that the level is about, as it was"`
	Would    *apiRehearsed       `json:"would,omitempty" doc:"As it would have been"`
	Measures []apiRehearsedRules `json:"measures,omitempty"`
}

type apiRehearsed struct {
	Over   float64 `json:"over_hours" example:"3.2" doc:"Hours of the opening time in which the rule was breached; of the site, in which one of them was"`
	Near   float64 `json:"near_hours" example:"0.5"`
	Alerts int     `json:"alerts" example:"2"`
}

type apiRehearsedRules struct {
	Rule    string       `json:"rule" example:"kapasitas"`
	Subject string       `json:"subject" example:"zone/ruang-tunggu"`
	Was     apiRehearsed `json:"was"`
	Would   apiRehearsed `json:"would"`
}

// apiRehearsals registers the same for programs.
func (s *Server) apiRehearsals(api huma.API) {
	huma.Register(api, get("/sites/{site}/level/rehearsal", "rehearse-level", "What a level would have made of the site's last seven days, beside what was. It is computed in the background, and nothing is changed", "sites", 404, 422, 503),
		func(ctx context.Context, in *rehearsalInput) (*apiOne[apiRehearsal], error) {
			v, ok := s.opts.Live.Outline(in.Site)
			if !ok {
				return nil, noSite(in.Site)
			}
			if s.opts.Rehearsals == nil {
				return nil, huma.Error404NotFound("levels are not tried here")
			}
			if !slices.Contains(levelNames(v.Levels), in.Level) {
				return nil, huma.Error422UnprocessableEntity("query level: want one of the site's levels, which /sites/{site}/level lists")
			}
			x, err := s.rehearse(ctx, in.Site, in.Level)
			switch {
			case errors.Is(err, ErrTooMuch):
				return nil, huma.Error503ServiceUnavailable("too many levels are tried at once; ask again later")
			case err != nil:
				return nil, s.apiError("rehearsal", err)
			case x.Failed:
				return nil, huma.Error503ServiceUnavailable("the week could not be judged again; the gateway's log says why")
			}
			a := apiRehearsal{Done: x.Done, Progress: x.Progress}
			if !x.Done {
				return &apiOne[apiRehearsal]{a}, nil
			}
			o := x.Outcome
			if o.Unfit != "" {
				return nil, huma.Error422UnprocessableEntity(o.Unfit)
			}
			a.Progress, a.From, a.Until, a.Readings = 1, o.From, o.Until, o.Readings
			a.Was, a.Would = &apiRehearsed{Over: o.Was.Over.Hours(), Near: o.Was.Near.Hours()}, &apiRehearsed{Over: o.Would.Over.Hours(), Near: o.Would.Near.Hours()}
			for i := range o.Measures {
				if m := &o.Measures[i]; m.Touched {
					one := apiRehearsedRules{
						m.Rule, m.Subject, apiRehearsed{m.Was.Breached.Hours(), m.Was.Near.Hours(), m.Was.Alerts}, apiRehearsed{m.Would.Breached.Hours(), m.Would.Near.Hours(), m.Would.Alerts},
					}
					a.Was.Alerts += one.Was.Alerts
					a.Would.Alerts += one.Would.Alerts
					a.Measures = append(a.Measures, one)
				}
			}
			return &apiOne[apiRehearsal]{a}, nil
		})
}
