package web

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/compliance"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
)

// The groups of a ranking, in their order: a site that nobody observed is no site that kept its rules.
const (
	ranksFailed  = "failed"  // something was not kept
	ranksUnknown = "unknown" // nobody observed anything, or it could not be added up
	ranksPartly  = "partly"  // what was observed was kept, and not all was observed
	ranksKept    = "kept"    // all was observed and kept
	ranksIdle    = "idle"    // nothing was asked
)

var rankGroups = []string{ranksFailed, ranksUnknown, ranksPartly, ranksKept, ranksIdle}

// rankedSite is a site in a ranking.
type rankedSite struct {
	place  int // from 1, of those that are listed
	view   *rules.View
	group  string
	sum    *siteSum
	before *compliance.Figure // of the period before; nil: not added up yet, or it could not be
}

// change is by how much of the observed time more was kept than in the period before; false: one of them is not known.
func (x *rankedSite) change() (float64, bool) {
	f := &x.sum.report.Figure
	if x.before == nil || !x.before.Known || !f.Known {
		return 0, false
	}
	return f.Kept - x.before.Kept, true
}

// ranking is what is known of a period.
type ranking struct {
	dates, before dates
	sites         []rankedSite // the worst first
	of            int          // sites that it is about
	missing       int          // that are not added up yet
	waiting       bool         // for the period before, too
	counts        map[string]int
}

// rankingAsk is what somebody wants to see of it.
type rankingAsk struct {
	part
	dates
	group string // one of rankGroups; empty: all
}

// groupOf says where a figure stands. The state decides, as on the site's own page: the share that was kept knows nothing of what nobody observed, nor of
// a measure that was observed too shortly to decide it.
func groupOf(f *compliance.Figure) string {
	switch {
	case !f.Asked:
		return ranksIdle
	case !f.Known:
		return ranksUnknown
	case f.Kept < 1, f.State == compliance.Breached, f.State == compliance.Near:
		return ranksFailed
	case f.State == compliance.Unknown:
		return ranksPartly
	}
	return ranksKept
}

// rankingRest is the least time between two looks at what is added up meanwhile.
const rankingRest = 20 * time.Millisecond

// rank waits a moment for the figures of some sites and sorts them: what was kept least first, of equals what was observed least. A site whose
// figure could not be made stands with those that nobody observed.
func (s *Server) rank(ctx context.Context, views []rules.View, ask rankingAsk, patience time.Duration) *ranking {
	sites := make([]string, 0, len(views))
	shown := make([]*rules.View, 0, len(views))
	for i := range views {
		if ask.has(&views[i]) {
			sites, shown = append(sites, views[i].Site), append(shown, &views[i])
		}
	}
	r := &ranking{dates: ask.dates, before: ask.dates.before(), of: len(sites), counts: map[string]int{}}
	late := time.NewTimer(patience)
	defer late.Stop()
	var sums, past map[string]siteSum
	for waits := true; waits; {
		now := s.opts.Now()
		today := facility.DateOf(now) // no clock of the Earth is a day behind it
		over := func(d dates) bool { return d.to.Before(today.AddDays(-1)) }
		var moved <-chan struct{}
		var missing int
		past, missing, _ = s.tallies.want(r.before, sites, now, over(r.before))
		sums, r.missing, moved = s.tallies.want(r.dates, sites, now, over(r.dates))
		if r.waiting = missing > 0; missing == 0 && r.missing == 0 {
			break
		}
		select {
		case <-moved:
			// Sites may follow each other quickly; looking after all of them at each costs more than adding them up.
			select {
			case <-time.After(rankingRest):
			case <-ctx.Done():
			}
		case <-late.C:
			waits = false
		case <-ctx.Done():
			waits = false
		}
	}
	for _, v := range shown {
		sum, ok := sums[v.Site]
		if !ok {
			continue
		}
		x := rankedSite{view: v, sum: &sum, group: groupOf(&sum.report.Figure)}
		if sum.failed {
			x.group = ranksUnknown
		}
		if b, ok := past[v.Site]; ok && !b.failed {
			x.before = &b.report.Figure
		}
		r.counts[x.group]++
		if ask.group == "" || ask.group == x.group {
			r.sites = append(r.sites, x)
		}
	}
	slices.SortStableFunc(r.sites, compareRanked)
	for i := range r.sites {
		r.sites[i].place = i + 1
	}
	return r
}

func compareRanked(a, b rankedSite) int {
	f, g := &a.sum.report.Figure, &b.sum.report.Figure
	return cmp.Or(
		cmp.Compare(slices.Index(rankGroups, a.group), slices.Index(rankGroups, b.group)),
		cmp.Compare(f.Kept, g.Kept), cmp.Compare(f.Observed, g.Observed), strings.Compare(a.view.Name, b.view.Name),
	)
}
