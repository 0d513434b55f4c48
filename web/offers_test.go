package web

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/telemetry"
	"github.com/gerbang-iot/gerbang/testengine"
)

// offers follows everything that the pages offer to one caller, and asks the table of routes about each.
type offers struct {
	r      *running
	caller *accounts.Caller
	mux    *http.ServeMux
	answer error           // of the last address that the mux was asked about
	seen   map[string]int  // pages by pattern and what is asked, how many were read
	made   map[string]bool // forms that change something, by pattern
	todo   []string
	told   map[string]bool // what was looked at
}

// perPattern is how many pages of a pattern are read: alerts of several kinds, days, rooms.
const perPattern = 2

func offersTo(r *running, c *accounts.Caller, site string) *offers {
	o := &offers{r: r, caller: c, mux: http.NewServeMux(), seen: map[string]int{}, made: map[string]bool{}, told: map[string]bool{}, todo: []string{"/", "/site/" + site}}
	for _, rt := range routeTable() {
		o.mux.HandleFunc(rt.pattern, func(_ http.ResponseWriter, req *http.Request) { o.answer = r.admits(rt, req, c) })
	}
	r.access.identify = func(*http.Request) (*accounts.Caller, error) { return c, nil }
	for len(o.todo) > 0 {
		page := o.todo[0]
		o.todo = o.todo[1:]
		o.read(page)
	}
	return o
}

// pattern is the route of an address, and whether the caller may have it.
func (o *offers) pattern(method, address string) (string, error) {
	req := httptest.NewRequest(method, address, nil)
	_, pattern := o.mux.Handler(req)
	o.answer = errNoPage
	o.mux.ServeHTTP(httptest.NewRecorder(), req)
	return pattern, o.answer
}

// read looks at one page, or at the first event of a stream.
func (o *offers) read(page string) {
	body := ""
	if strings.HasPrefix(page, "/live/") {
		res := o.r.send("GET", page, "")
		for lines := bufio.NewScanner(res.Body); lines.Scan() && lines.Text() != ""; {
			body += strings.TrimPrefix(lines.Text(), "data: ") + "\n"
		}
		res.Body.Close()
	} else {
		a := o.r.get(page)
		if a.StatusCode == http.StatusForbidden || a.StatusCode == http.StatusUnauthorized {
			o.r.t.Errorf("GET %s as %s: got %d, and a page leads there", page, o.caller.Name, a.StatusCode)
		}
		if body = a.body; !strings.Contains(a.Header.Get("Content-Type"), "html") {
			return
		}
	}
	doc, err := html.Parse(strings.NewReader(body))
	if err != nil {
		o.r.t.Fatal(err)
	}
	in, err := url.Parse(page)
	if err != nil {
		o.r.t.Fatal(err)
	}
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		for _, a := range n.Attr {
			method := "GET"
			switch a.Key {
			case "href", "src", "data-src", "hx-sse:connect", "hx-get":
			case "action", "formaction":
				method = strings.ToUpper(attr(n, "method"))
			case "hx-post":
				method = "POST"
			default:
				continue
			}
			if method == "" {
				method = "GET"
			}
			to, err := in.Parse(a.Val)
			if err != nil || to.Host != "" || to.Scheme != "" || strings.HasPrefix(a.Val, "#") {
				continue
			}
			o.offered(page, method, to)
		}
		if n.Data == "button" && !inForm(n) {
			o.r.t.Errorf("GET %s as %s: the button %q is in no form", page, o.caller.Name, text(n))
		}
	}
}

func inForm(n *html.Node) bool {
	for p := range n.Ancestors() {
		if p.Data == "form" {
			return true
		}
	}
	return false
}

func (o *offers) offered(page, method string, to *url.URL) {
	to.Fragment = ""
	if q := to.Query(); !strings.HasPrefix(to.Path, "/live/") && q.Has("lang") { // a page in another language offers the same
		q.Del("lang")
		to.RawQuery = q.Encode()
	}
	what := page + " " + method + " " + to.RequestURI()
	if o.told[what] {
		return
	}
	o.told[what] = true
	pattern, err := o.pattern(method, to.RequestURI())
	if err != nil {
		o.r.t.Errorf("GET %s as %s: it offers %s %s, which is refused: %v", page, o.caller.Name, method, to.RequestURI(), err)
		return
	}
	if method == http.MethodPost {
		o.made[pattern] = true
		return
	}
	var asked []string
	for name := range to.Query() {
		asked = append(asked, name)
	}
	slices.Sort(asked)
	key := pattern + " " + strings.Join(asked, ",")
	if strings.HasPrefix(pattern, "GET /static/") || slices.Contains(o.todo, to.RequestURI()) || o.seen[key] >= perPattern {
		return
	}
	o.seen[key]++
	if !strings.HasPrefix(to.Path, "/api/") {
		o.todo = append(o.todo, to.RequestURI())
	}
}

// TestNothingIsOfferedThatIsRefused: whatever page a role reads, live or not, each form, button and link on it leads to what that role may do.
// And the other way round: what the administrator finds on the pages and the role may do, the role finds there too.
func TestNothingIsOfferedThatIsRefused(t *testing.T) {
	const own = "mpp-banjar" // it has cases, proposals about doors, tasks and alerts
	f := newFleet()
	f.entries = append(f.entries, telemetry.Record{Site: own, At: ago(0), Received: ago(0), Entry: &telemetry.Entry{ID: "e1", Kind: telemetry.EntryCount, Author: "Sari", Value: 20}})
	r := start(t, f, full(t))
	forms := map[string]accounts.Permission{}
	for _, rt := range routeTable() {
		forms[rt.pattern] = rt.may
	}
	caller := func(role accounts.Role, sites []string) *accounts.Caller {
		return &accounts.Caller{Account: "1", Name: string(role), Grants: []accounts.Grant{{May: role.May(), Sites: sites}}}
	}
	posts := [][]string{{own}, nil}
	if testengine.Racing {
		posts = posts[:1] // a crawl for each role: CI makes both without the detector
	}
	for _, sites := range posts {
		best := offersTo(r, caller(accounts.Administrator, sites), own).made
		for _, pattern := range []string{
			"POST /alert/{alert}/acknowledge", "POST /alert/{alert}/comment", "POST /alert/{alert}/assign", "POST /alert/{alert}/silence", "POST /alerts/handover",
			"POST /site/{site}/zone/{zone}/count", "POST /site/{site}/zone/{zone}/correction", "POST /site/{site}/task/{task}/done", "POST /site/{site}/case/{case}/outcome",
			"POST /site/{site}/calibration", "POST /site/{site}/counting", "POST /site/{site}/level", "POST /site/{site}/limits", "POST /site/{site}/maintenance",
		} {
			if !best[pattern] {
				t.Errorf("administrator of %v: no page offers %s", sites, pattern)
			}
		}
		for _, role := range accounts.Roles() {
			o := offersTo(r, caller(role, sites), own)
			for pattern := range best {
				if p := forms[pattern]; (p == "" || slices.Contains(role.May(), p)) && !o.made[pattern] {
					t.Errorf("%s of %v: no page offers %s, which it may do", role, sites, pattern)
				}
			}
		}
	}
	// Two sites, with another role at each: what is on the one is not on the other.
	offersTo(r, &accounts.Caller{Account: "1", Name: "both", Grants: []accounts.Grant{
		{May: accounts.Cleaner.May(), Sites: []string{"mpp-gresik"}}, {May: accounts.Manager.May(), Sites: []string{own}},
	}}, own)
}

// TestWhoMayTheSameSharesALivePage: the renderings of a live page are as many as there are sets of rights that show on it.
func TestWhoMayTheSameSharesALivePage(t *testing.T) {
	r := start(t, newFleet(), nil)
	ask := func(role accounts.Role, path string) topic {
		req := httptest.NewRequest("GET", path, nil)
		req.SetPathValue("site", "mpp-gresik")
		return r.topicOf("site", req, &accounts.Caller{Name: string(role), Grants: []accounts.Grant{{May: role.May(), Sites: []string{"mpp-gresik"}}}})
	}
	a, b := ask(accounts.Manager, "/live/site/mpp-gresik"), ask(accounts.Administrator, "/live/site/mpp-gresik")
	if a != b {
		t.Errorf("manager and administrator: got topics %+v and %+v, want one: nothing live differs for them", a, b)
	}
	if c := ask(accounts.Cleaner, "/live/site/mpp-gresik"); c == a {
		t.Errorf("cleaner: got the manager's topic %+v, want one of its own", c)
	}
}
