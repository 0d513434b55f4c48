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
	show string // one of siteStates; empty: all
	find string // in the name or id of a site
	page int    // from 0
}

// maxFind bounds what is looked for, in bytes: it is kept as long as the page is watched.
const maxFind = 64

func partOf(q url.Values) part {
	p := part{show: q.Get("show"), find: strings.ToValidUTF8(strings.TrimSpace(q.Get("find")), "")}
	if !slices.Contains(siteStates[:], p.show) {
		p.show = ""
	}
	if len(p.find) > maxFind {
		p.find = strings.ToValidUTF8(p.find[:maxFind], "")
	}
	if n, err := strconv.Atoi(q.Get("page")); err == nil && n > 1 {
		p.page = min(n, 1_000_000) - 1
	}
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

// of picks the sites of a part out of all, the worst first, then by name: the order changes only when a verdict does. A page behind
// the last is the last.
func (p part) of(views []rules.View) ([]*rules.View, pager) {
	found := make([]*rules.View, 0, len(views))
	find := strings.ToLower(p.find)
	for i := range views {
		v := &views[i]
		if p.show != "" && siteStates[rank(v)] != p.show {
			continue
		}
		if find != "" && !strings.Contains(strings.ToLower(v.Name), find) && !strings.Contains(strings.ToLower(v.Site), find) {
			continue
		}
		found = append(found, v)
	}
	slices.SortStableFunc(found, func(a, b *rules.View) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(gravity(a), gravity(b)), cmp.Compare(a.Name, b.Name))
	})
	p.page = min(p.page, max(0, len(found)-1)/overviewRows)
	from := p.page * overviewRows
	to := min(from+overviewRows, len(found))
	g := pager{From: min(from+1, len(found)), To: to, Of: len(found), All: len(views), Narrowed: p.show != "" || p.find != ""}
	if p.page > 0 {
		g.Newer = "/" + part{p.show, p.find, p.page - 1}.query("?")
	}
	if to < len(found) {
		g.Older = "/" + part{p.show, p.find, p.page + 1}.query("?")
	}
	return found[from:to], g
}
