package web

import (
	"bytes"
	"context"
	"encoding/csv"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/rules"
)

type rankingInput struct {
	From     string `query:"from" maxLength:"10" example:"2026-11-01" doc:"A day of each site's calendar; the first of the month in which to lies if left out"`
	To       string `query:"to" maxLength:"10" example:"2026-11-30" doc:"The last day, which belongs to the period; today if left out"`
	Region   string `query:"region" maxLength:"320" doc:"Only sites of this region; - for those that have none"`
	Find     string `query:"find" maxLength:"64" doc:"Only sites with this in their name, id, town or region"`
	Group    string `query:"group" enum:"failed,unknown,partly,kept,idle" doc:"Only sites that did not keep something, that nobody observed, that kept what was observed of them and were not always observed, that kept all, or that were asked nothing"`
	Page     int    `query:"page" minimum:"1" maximum:"100000" default:"1"`
	Limit    int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"So many sites on a page"`
	Language string `header:"Accept-Language" doc:"Language of sentences: id or en"`
}

// apiRanked is a site in the ranking.
type apiRanked struct {
	Place  int       `json:"place" example:"1" doc:"1 is the site that kept its worst measure least"`
	Group  string    `json:"group" enum:"failed,unknown,partly,kept,idle"`
	Region string    `json:"region,omitempty"`
	City   string    `json:"city,omitempty"`
	Before *float64  `json:"kept_before,omitempty" doc:"In the period before. Absent: unknown, or not added up yet"`
	Change *float64  `json:"change,omitempty" example:"-0.031" doc:"kept less kept_before. Absent where one of them is"`
	Site   string    `json:"site"`
	Name   string    `json:"name"`
	From   time.Time `json:"from,omitzero"`
	To     time.Time `json:"to,omitzero" doc:"The end of the period, or up to when anything can be known of it"`
	Figure apiFigure `json:"figure"`
}

type rankingOutput struct {
	Body struct {
		Method   string      `json:"method"`
		From     string      `json:"from" example:"2026-11-01"`
		To       string      `json:"to" example:"2026-11-30"`
		Before   string      `json:"before" example:"2026-10-01/2026-10-31" doc:"The period that it is compared with"`
		Complete bool        `json:"complete" doc:"False: not all sites are added up yet, for this period or the one before; ask again in a moment"`
		AddedUp  int         `json:"added_up" example:"1000" doc:"So many sites are"`
		Of       int         `json:"of" example:"1000"`
		Items    []apiRanked `json:"items"`
		More     bool        `json:"more" doc:"There is a next page"`
	}
}

// apiRanking mounts the ranking.
func (s *Server) apiRanking(api huma.API) {
	if s.opts.Histories == nil {
		return
	}
	huma.Register(api, get("/ranking", "get-ranking", "Sites by how they kept their rules in a period, the worst first", "compliance", 422), s.apiRank)
	op := get("/ranking.csv", "get-ranking-csv", "The same as a table of all sites", "compliance", 422, 503)
	op.Responses = map[string]*huma.Response{"200": {Description: "A table", Content: map[string]*huma.MediaType{"text/csv": {Schema: &huma.Schema{Type: "string"}}}}}
	huma.Register(api, op, s.rankingTable)
}

// ranked answers what a caller asks for.
func (s *Server) ranked(ctx context.Context, in *rankingInput, patience time.Duration) (*ranking, error) {
	views := s.viewsFor(ctx, accounts.Review)
	q := url.Values{"from": {in.From}, "to": {in.To}, "region": {in.Region}, "find": {in.Find}, "group": {in.Group}}
	if in.From == "" && in.To == "" {
		q.Del("from")
		q.Del("to")
	}
	ask, _, err := s.rankingAsk(q, views)
	if err != nil {
		return nil, s.complianceError(err)
	}
	return s.rank(ctx, views, ask, patience), nil
}

func (s *Server) apiRank(ctx context.Context, in *rankingInput) (*rankingOutput, error) {
	k, err := s.ranked(ctx, in, rankingPatience)
	if err != nil {
		return nil, err
	}
	out := &rankingOutput{}
	b := &out.Body
	b.From, b.To, b.Before = k.dates.from.String(), k.dates.to.String(), k.before.from.String()+"/"+k.before.to.String()
	b.Complete, b.AddedUp, b.Of, b.Items = k.missing == 0 && !k.waiting, k.of-k.missing, k.of, []apiRanked{}
	from := min((in.Page-1)*in.Limit, len(k.sites))
	to := min(from+in.Limit, len(k.sites))
	b.More = to < len(k.sites)
	sc := s.in(in.Language, &rules.View{Zone: "UTC"})
	b.Method = sc.T("compliance.method")
	for i := from; i < to; i++ {
		x := &k.sites[i]
		r := &x.sum.report
		a := apiRanked{
			Place: x.place, Group: x.group, Region: x.view.Region, City: x.view.City, Site: x.view.Site, Name: x.view.Name, From: r.From.Time(), To: r.Until.Time(),
			Figure: sc.apiFigureOf(r, &r.Figure),
		}
		if x.sum.failed {
			a.Figure.Sentence = sc.T("ranking.not_made")
		}
		if x.before != nil && x.before.Known {
			a.Before = &x.before.Kept
		}
		if by, ok := x.change(); ok {
			a.Change = &by
		}
		b.Items = append(b.Items, a)
	}
	return out, nil
}

// rankingTable writes all sites. A table of some of them would be taken for one of all: it waits, and says that it has to be asked again.
func (s *Server) rankingTable(ctx context.Context, in *rankingInput) (*csvOutput, error) {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	k, err := s.ranked(ctx, in, apiTimeout)
	if err != nil {
		return nil, err
	}
	if k.missing > 0 || k.waiting {
		busy := huma.Error503ServiceUnavailable("not all sites are added up yet; ask again in a moment")
		return nil, huma.ErrorWithHeaders(busy, http.Header{"Retry-After": {"5"}})
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.Write([]string{"place", "site", "name", "region", "city", "from", "to", "group", "state", "kept", "observed", "worst_rule", "worst_subject", "kept_before", "change", "measures", "kept_fully", "not_observed"})
	share := func(v float64, known bool) string {
		if !known {
			return ""
		}
		return strconv.FormatFloat(v, 'f', 6, 64)
	}
	for i := range k.sites {
		x := &k.sites[i]
		f := &x.sum.report.Figure
		rule, subject := "", ""
		if f.Known {
			m := &x.sum.report.Measures[f.Worst]
			rule, subject = safeCell(m.Rule), m.Subject.String()
		}
		before := ""
		if x.before != nil {
			before = share(x.before.Kept, x.before.Known)
		}
		by, known := x.change()
		_ = w.Write([]string{
			strconv.Itoa(x.place), x.view.Site, safeCell(x.view.Name), safeCell(x.view.Region), safeCell(x.view.City), k.dates.from.String(), k.dates.to.String(), x.group, f.State.String(),
			share(f.Kept, f.Known), share(f.Observed, f.Asked), rule, subject, before, share(by, known), strconv.Itoa(f.Measures), strconv.Itoa(f.Fully), strconv.Itoa(f.Blind),
		})
	}
	w.Flush()
	return &csvOutput{"text/csv; charset=utf-8", `attachment; filename="ranking-` + k.dates.from.String() + `-` + k.dates.to.String() + `.csv"`, b.Bytes()}, nil
}
