package web

import (
	"cmp"
	"slices"
	"strings"
)

// shownRegions is how many regions are listed at once; the others are one tap away.
const shownRegions = 12

// regionCount is how the sites of a region are, and leads to them.
type regionCount struct {
	Name, Text string
	Class      string // of the worst state that needs somebody; empty: none does
	Icon       string
	To         string
	Shown      bool // the list is of them

	breached, silent, near, all int
}

// regionSection are the regions of the sites, those that need somebody first.
type regionSection struct {
	Regions, More []regionCount
	Rules         []ruleCount
}

// manySites is from how many sites on the overview offers to filter by the worst rule, too.
const manySites = 20

// regionsOf counts all sites by region. One region says nothing that the summary does not.
func regionsOf(t *tongue, all []standingSite, p part) regionSection {
	at, counts := map[string]int{}, []regionCount(nil)
	for i := range all {
		x := &all[i]
		k, ok := at[x.view.Region]
		if !ok {
			k = len(counts)
			at[x.view.Region] = k
			counts = append(counts, regionCount{Name: x.view.Region})
		}
		c := &counts[k]
		c.all++
		switch x.rank {
		case rankBreached:
			c.breached++
		case rankSilent:
			c.silent++
		case rankNear:
			c.near++
		}
	}
	var s regionSection
	if len(all) > manySites || p.rule != "" {
		s.Rules = worstRules(t, all, p)
	}
	if len(counts) < 2 {
		return s
	}
	slices.SortFunc(counts, func(a, b regionCount) int {
		return cmp.Or(cmp.Compare(b.breached, a.breached), cmp.Compare(b.silent, a.silent), cmp.Compare(b.near, a.near), strings.Compare(a.Name, b.Name))
	})
	for i := range counts {
		counts[i].tell(t, p)
	}
	s.Regions = counts
	if len(counts) > shownRegions {
		s.Regions, s.More = counts[:shownRegions], counts[shownRegions:]
	}
	return s
}

// tell writes what was counted: "3 breached, 1 silent of 38".
func (c *regionCount) tell(t *tongue, p part) {
	id := cmp.Or(c.Name, noRegion)
	c.Shown = p.region == id
	c.To = "/" + p.first(func(p *part) {
		if p.region = id; c.Shown {
			p.region = ""
		}
	}).query("?")
	c.Name = cmp.Or(c.Name, t.T("overview.no_region"))
	var words []string
	for _, x := range []struct {
		n     int
		state string
	}{{c.breached, "breached"}, {c.silent, "silent"}, {c.near, "near"}} {
		if x.n == 0 {
			continue
		}
		if c.Class == "" {
			c.Class, c.Icon = x.state, chipIcon(x.state)
		}
		words = append(words, t.T("overview.region_"+x.state, "Count", x.n))
	}
	if len(words) == 0 {
		c.Text = t.T("overview.region_well", "Count", c.all)
		return
	}
	c.Text = t.T("overview.region_of", "What", strings.Join(words, ", "), "All", c.all)
}

// chipIcon is the shape of a state of a site.
func chipIcon(state string) string {
	if state == "silent" {
		return "dead"
	}
	return state
}
