package web

import (
	"net/http"
	"slices"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/rules"
)

// fleetView is a way to look at all sites, and leads to it.
type fleetView struct {
	Word string // its name, as the catalogues have it behind "fleet."
	To   string
	Here bool
}

// fleetViews are the ways to look at all sites that there are for whoever asks; one alone is none.
type fleetViews []fleetView

// fleetViews offers the list, the map where sites say where they lie, and the ranking to whom the past may be shown. The region and what is
// looked for go along.
func (s *Server) fleetViews(r *http.Request, here string, views []rules.View) fleetViews {
	q := partOf(r.URL.Query())
	kept := part{region: q.region, find: q.find}.query("?")
	all := fleetViews{{"list", "/" + kept, here == "list"}}
	if slices.ContainsFunc(views, func(v rules.View) bool { return located(&v) }) {
		all = append(all, fleetView{"map", "/map" + kept, here == "map"})
	}
	if s.opts.Histories != nil && callerOf(r.Context()).Anywhere(accounts.Review) {
		all = append(all, fleetView{"ranking", "/ranking" + kept, here == "ranking"})
	}
	if len(all) == 1 {
		return nil
	}
	return all
}

// located reports whether a site says where on the Earth it lies.
func located(v *rules.View) bool { return v.Latitude != 0 || v.Longitude != 0 }
