package web

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gerbang-iot/gerbang/rules"
)

// overviewRows is how many sites one page of the overview lists. A row is about 1.3 kB.
const overviewRows = 50

// part is what somebody wants to see of the overview. It comes from an address: any text is a part of something.
type part struct {
	show   string // one of siteStates; empty: all
	find   string // in the name, id, town or region of a site
	region string // of the sites; noRegion: of those that have none; empty: all
	rule   string // id of the rule of a site's worst verdict; empty: any
	page   int    // from 0
}

// maxFind bounds what is looked for, in bytes: it is kept as long as the page is watched.
const maxFind = 64

// maxRegion bounds a region and a rule, in bytes: longer ones are in no site.
const maxRegion = 320

// noRegion stands for the sites that have no region.
const noRegion = "-"

func partOf(q url.Values) part {
	p := part{show: q.Get("show"), find: clipped(q.Get("find"), maxFind), region: clipped(q.Get("region"), maxRegion), rule: clipped(q.Get("rule"), maxRegion)}
	if !slices.Contains(siteStates[:], p.show) {
		p.show = ""
	}
	if n, err := strconv.Atoi(q.Get("page")); err == nil && n > 1 {
		p.page = min(n, 1_000_000) - 1
	}
	return p
}

// clipped is a text of an address, cut to some bytes.
func clipped(text string, most int) string {
	text = strings.ToValidUTF8(strings.TrimSpace(text), "")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "")
	}
	return text
}

// narrowed reports whether the part is not of all sites.
func (p part) narrowed() bool { return p.show != "" || p.find != "" || p.region != "" || p.rule != "" }

// first is the same part from its first page on, edited.
func (p part) first(edit func(*part)) part {
	p.page = 0
	edit(&p)
	return p
}

// query is the part of an address, behind "?" or "&"; empty for the whole overview.
func (p part) query(mark string) string {
	q := url.Values{}
	if p.show != "" {
		q.Set("show", p.show)
	}
	if p.find != "" {
		q.Set("find", p.find)
	}
	if p.region != "" {
		q.Set("region", p.region)
	}
	if p.rule != "" {
		q.Set("rule", p.rule)
	}
	if p.page > 0 {
		q.Set("page", strconv.Itoa(p.page+1))
	}
	if len(q) == 0 {
		return ""
	}
	return mark + q.Encode()
}

// pager leads through the pages of a list.
type pager struct {
	From, To, Of int // sites, from 1; 0: there are none
	All          int // that there are, whatever was looked for
	Narrowed     bool
	Newer, Older string // addresses of the pages beside; empty: there is none
}

// has reports whether a site is of the part, whatever its state and rule are.
func (p part) has(v *rules.View) bool {
	if p.region != "" && p.region != v.Region && (p.region != noRegion || v.Region != "") {
		return false
	}
	if p.find == "" {
		return true
	}
	find := strings.ToLower(p.find)
	for _, text := range [...]string{v.Name, v.Site, v.City, v.Region} {
		if strings.Contains(strings.ToLower(text), find) {
			return true
		}
	}
	return false
}

// of picks the sites of a part out of all, the worst first, then by name: the order changes only when a verdict does. A page behind
// the last is the last.
func (p part) of(all []standingSite) ([]standingSite, pager) {
	found := make([]standingSite, 0, len(all))
	for i := range all {
		if p.fits(&all[i]) {
			found = append(found, all[i])
		}
	}
	slices.SortStableFunc(found, func(a, b standingSite) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.gravity, b.gravity), cmp.Compare(a.view.Name, b.view.Name))
	})
	p.page = min(p.page, max(0, len(found)-1)/overviewRows)
	from := p.page * overviewRows
	to := min(from+overviewRows, len(found))
	g := pager{From: min(from+1, len(found)), To: to, Of: len(found), All: len(all), Narrowed: p.narrowed()}
	if p.page > 0 {
		g.Newer = "/" + p.at(p.page-1).query("?")
	}
	if to < len(found) {
		g.Older = "/" + p.at(p.page+1).query("?")
	}
	return found[from:to], g
}

// at is another page of the part.
func (p part) at(page int) part {
	p.page = page
	return p
}
