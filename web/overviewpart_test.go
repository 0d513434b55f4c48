package web

import (
	"fmt"
	"html"
	"net/url"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/rules"
)

// manyMalls is a fleet with as many more sites, each tenth of them in breach.
func manyMalls(n int) *fleet {
	f := newFleet()
	for i := range n {
		v := mall(fmt.Sprintf("mpp-%04d", i), fmt.Sprintf("MPP Kecamatan Nomor %04d", i), "Asia/Jakarta", float64(i%50), 2)
		if i%10 == 0 {
			v.Verdict = rules.Breached
		}
		f.views[v.Site] = &v
	}
	return f
}

// The overview of 1,000 sites is a page that a phone loads at once: the worst first, all of them counted, each to be found.
func TestOverviewOfManySites(t *testing.T) {
	t.Parallel()
	f := manyMalls(1000)
	all := len(f.views)
	r := start(t, f, nil)
	page := r.get("/?lang=en").body
	if len(page) > 150<<10 {
		t.Errorf("the page has %d bytes: want at most 150 kB", len(page))
	}
	rows := find(t, page, "div.site")[1:] // without the head
	if len(rows) != overviewRows || strings.Contains(page, `id="site-mpp-0001"`) || !strings.Contains(page, `id="site-mpp-0010"`) {
		t.Errorf("got %d rows: want %d, those in breach", len(rows), overviewRows)
	}
	wants(t, "the pages", one(t, page, "p#pages"), fmt.Sprintf("1 to 50 of %d", all), "-Previous", "Next")
	summary := one(t, page, "section#summary")

	// One after the other, every site is there once.
	seen := map[string]int{}
	path, pages := "/?lang=en", 0
	for path != "" && pages < 100 {
		body := r.get(path).body
		for v := range f.views {
			seen[v] += strings.Count(body, `id="site-`+v+`"`)
		}
		wants(t, "the summary of each page", one(t, body, "section#summary"), summary)
		path, pages = nextPage(t, body), pages+1
	}
	if want := (all + overviewRows - 1) / overviewRows; pages != want {
		t.Errorf("got %d pages, want %d", pages, want)
	}
	for v, n := range seen {
		if n != 1 {
			t.Errorf("%s is listed %d times on all pages, want once", v, n)
		}
	}

	for path, parts := range map[string][]string{
		"/?lang=en&find=kecamatan+nomor+0777":                         {`id="site-mpp-0777"`, "1 to 1 of 1", "All 1"},
		"/?lang=en&find=MPP-0777":                                     {`id="site-mpp-0777"`, "1 to 1 of 1"},
		"/?lang=en&show=breached&find=nomor":                          {"1 to 50 of 100", "find=nomor&amp;show=near", "-mpp-0001"},
		"/?lang=en&find=%3Cscript%3E":                                 {"No site is like that now", "&lt;script&gt;", "-<script>alert", "0 to 0 of 0"},
		"/?lang=en&page=999999999999":                                 {"of " + fmt.Sprint(all), "-Next"},
		"/?lang=en&page=99999":                                        {fmt.Sprintf("to %d of %d", all, all), "Previous", "-Next"},
		"/?lang=en&page=-3&show=nonsense":                             {fmt.Sprintf("1 to 50 of %d", all)},
		"/?lang=en&find=" + url.QueryEscape(strings.Repeat("é", 200)): {"No site"},
	} {
		body := r.get(path).body
		for _, want := range parts {
			if no, ok := strings.CutPrefix(want, "-"); ok == strings.Contains(body, strings.TrimPrefix(want, "-")) {
				t.Errorf("%s: %q: got %t", path, no+want, !ok)
			}
		}
	}
	if strings.Contains(start(t, newFleet(), nil).get("/").body, `role="search"`) {
		t.Error("ten sites need no search, and have one")
	}
}

// nextPage is the address behind the link to the next page.
func nextPage(t *testing.T, body string) string {
	t.Helper()
	_, at, found := strings.Cut(body, `" rel="next"`)
	if !found {
		return ""
	}
	before := body[:len(body)-len(at)-len(`" rel="next"`)]
	return html.UnescapeString(before[strings.LastIndex(before, `"`)+1:]) + "&lang=en"
}

// A stream carries what its page shows: sites of other pages change without a word, but for the counts.
func TestStreamOfAPartOfTheOverview(t *testing.T) {
	t.Parallel()
	f := manyMalls(200)
	r := start(t, f, nil)
	page := r.get("/?lang=en&find=nomor+01&page=2").body
	live, _, _ := strings.Cut(page[strings.Index(page, `hx-sse:connect="`)+len(`hx-sse:connect="`):], `"`)
	ch := r.events(html.UnescapeString(live))
	first := next(t, ch)
	if n := strings.Count(first, `<div id="site-`); n != overviewRows || !strings.Contains(first, "51 to 100 of 100") {
		t.Fatalf("%s gives %d sites: want the second page of 100", live, n)
	}
	f.change("mpp-0001", func(v *rules.View) { v.Persons = estimate(99, 1) }) // of another page
	f.change("mpp-0199", func(v *rules.View) { v.Persons = estimate(77, 1) }) // of this one
	for range 3 {
		delta := next(t, ch)
		if strings.Contains(delta, "mpp-0001") {
			t.Fatalf("a site of another page came: %s", delta)
		}
		if strings.Contains(delta, `hx-target="#site-mpp-0199"`) {
			return
		}
	}
	t.Error("the site of this page did not come")
}
