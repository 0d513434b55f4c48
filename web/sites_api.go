package web

import (
	"cmp"
	"context"
	"slices"

	"github.com/gerbang-iot/gerbang/accounts"
)

type sitesInput struct {
	State  string `query:"state" enum:"breached,silent,near,unknown,within,closed" doc:"Only sites in this state"`
	Region string `query:"region" maxLength:"320" doc:"Only sites of this region; - for those that have none"`
	Rule   string `query:"rule" maxLength:"320" doc:"Only sites whose worst verdict is of this rule"`
	Find   string `query:"find" maxLength:"64" doc:"Only sites with this in their name, id, town or region"`
	After  string `query:"after" maxLength:"64" doc:"Sites behind this one, for the next page"`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"So many sites"`
}

type sitesPage struct {
	Body struct {
		Items []apiSite `json:"items"`
		All   int       `json:"all" example:"1000" doc:"So many sites are like what is asked for, on all pages"`
		Next  string    `json:"next,omitempty" doc:"The site to ask behind for more; absent: there are no more"`
	}
}

// apiListSites lists sites by id: the order of a list that is fetched in pages must not change with the verdicts.
func (s *Server) apiListSites(ctx context.Context, in *sitesInput) (*sitesPage, error) {
	p := part{show: in.State, region: in.Region, rule: in.Rule, find: in.Find}
	views := s.viewsFor(ctx, accounts.See)
	all := slices.DeleteFunc(standingsOf(views, s.opts.Now()), func(x standingSite) bool { return !p.fits(&x) })
	first, found := slices.BinarySearchFunc(all, in.After, func(x standingSite, id string) int { return cmp.Compare(x.view.Site, id) })
	if found {
		first++
	}
	if in.After == "" {
		first = 0
	}
	last := min(first+in.Limit, len(all))
	open := s.opts.Alerts.Open()
	out := &sitesPage{}
	out.Body.Items, out.Body.All = make([]apiSite, 0, last-first), len(all)
	for i := first; i < last; i++ {
		out.Body.Items = append(out.Body.Items, apiSiteOf(&all[i], open))
	}
	if last < len(all) {
		out.Body.Next = all[last-1].view.Site
	}
	return out, nil
}

// fits reports whether a site is of the part.
func (p part) fits(x *standingSite) bool {
	return (p.show == "" || siteStates[x.rank] == p.show) && (p.rule == "" || p.rule == x.rule) && p.has(x.view)
}
