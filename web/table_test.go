package web

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/alerts"
)

// roleMay is the policy once more, as people would say it: a test that asked the table itself would agree with any mistake in it.
var roleMay = map[accounts.Role]string{
	accounts.Manager:       "see display review inspect acknowledge count case task note supervise calibrate level limits maintain share rouse export",
	accounts.Security:      "see display acknowledge count case note",
	accounts.Cleaner:       "see display task note",
	accounts.Auditor:       "see display review inspect export",
	accounts.Overseer:      "see display review",
	accounts.Administrator: "see display review inspect acknowledge count case task note supervise calibrate level limits maintain share rouse export operate administer scrape",
}

// full has every option on, so that every route of the table is registered.
func full(t *testing.T) func(*Options) {
	return func(o *Options) {
		o.Token = testToken
		o.Ear, o.Readings, o.Refused, o.Histories, o.Strangers, o.Limits = &fakeEar{}, shelved(), shelved(), aWeek(t), someStrangers{}, someLimits()
		o.SiteFiles, o.Trials, o.Evidence = newSiteFiles(), someTrials{}, &somePacks{}
		o.Push = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	}
}

// addressOf is an address of a pattern at a site.
func addressOf(pattern, site string) (method, path string) {
	method, path, ok := strings.Cut(pattern, " ")
	if !ok {
		method, path = "POST", pattern
	}
	path = strings.NewReplacer("{site}", site, "{photo}", "nothing", "{zone}", "loket", "{task}", "lap-gagang", "{alert}", "alert-of-"+site, "{case}", "nothing", "{account}", "nobody", "{probe}", "nothing", "{device}", "nothing",
		"{$}", "", "{file...}", "app.css").Replace(path)
	return method, path
}

// TestEveryRouteForEveryRole asks for every route of the table as every role, at a site of its own, at another one, and for all sites.
func TestEveryRouteForEveryRole(t *testing.T) {
	const own, foreign = "mpp-gresik", "mpp-magetan"
	f := newFleet()
	for _, site := range []string{own, foreign} {
		a := f.open[0]
		a.ID, a.Site = "alert-of-"+site, site
		f.open = append(f.open, a)
	}
	r := start(t, f, full(t))
	for role, words := range roleMay {
		may := map[string]bool{}
		for w := range strings.FieldsSeq(words) {
			may[w] = true
		}
		for _, sites := range [][]string{{own}, nil} {
			r.access.identify = func(*http.Request) (*accounts.Caller, error) {
				return &accounts.Caller{Account: "1", Name: string(role), Grants: []accounts.Grant{{May: role.May(), Sites: sites}}}, nil
			}
			for _, rt := range routeTable() {
				if strings.HasPrefix(rt.pattern, "GET /live/") && may[string(rt.may)] {
					continue // never ends; TestLimitedPeopleSeeTheirSites has it
				}
				for _, site := range []string{own, foreign} {
					method, path := addressOf(rt.pattern, site)
					want := may[string(rt.may)]
					switch rt.at {
					case open, known:
						want = true
					case anywhere:
					case everywhere, ownDoor:
						want = want && sites == nil
					case inQuery:
						path += "?site=" + site
						fallthrough
					default:
						want = want && (sites == nil || site == own)
					}
					got := r.status(method, path)
					if rt.at == inQuery { // the gate and the handler read the same, or nothing
						_, bare := addressOf(rt.pattern, site)
						for _, twice := range []string{"?site&site=" + foreign, "?site=" + own + "&site=" + foreign, "?site=" + foreign + "&site=" + own, "?site=" + foreign + ";", "?site=" + foreign + "&x=%zz"} {
							got := r.status(method, bare+twice)
							if want && got != http.StatusBadRequest || got == http.StatusOK {
								t.Errorf("%s %s as %s of %v: got %d, want 400", method, bare+twice, role, sites, got)
							}
						}
					}
					if rt.at == ofAlert && site == foreign && sites != nil {
						// Finding R10: that there is an alert at another site is not told.
						_, none := addressOf(rt.pattern, "nowhere")
						if a, b := r.do(method, path, ""), r.do(method, none, ""); got == http.StatusOK || a.StatusCode != b.StatusCode || a.body != b.body {
							t.Errorf("%s %s as %s of %v: got %d %.80q, want what is answered where there is no alert: %d %.80q", method, path, role, sites, a.StatusCode, a.body, b.StatusCode, b.body)
						}
						if (got == http.StatusNotFound) != may[string(rt.may)] {
							t.Errorf("%s %s as %s of %v: got %d, want 404 for who may do such things", method, path, role, sites, got)
						}
						continue
					}
					if is := got != http.StatusForbidden && got != http.StatusUnauthorized; is != want && path != "/token" && path != "/login" {
						t.Errorf("%s %s as %s of %v: got %d, want it let in: %t", method, path, role, sites, got, want)
					}
				}
			}
		}
	}
}

// TestNoRouteIsForStrangers asks for every route without proof of anything.
func TestNoRouteIsForStrangers(t *testing.T) {
	r := start(t, newFleet(), full(t))
	var public []string
	for _, rt := range routeTable() {
		method, path := addressOf(rt.pattern, "mpp-gresik")
		if rt.at == open {
			public = append(public, rt.pattern)
			continue
		}
		if got := r.status(method, path); got != http.StatusUnauthorized {
			t.Errorf("%s %s as a stranger: got %d, want 401", method, path, got)
		}
	}
	want := []string{"GET /login", "POST /login", "POST /token", "GET /login/second", "POST /login/second", "POST /login/passkey", "GET /login/oidc", "GET /login/oidc/callback", "POST /pin", "GET /phone", "POST /phone", "GET /setup", "POST /setup", "POST /push/told", "GET /ca", "GET /ca/gerbang.crt", "GET /healthz", "GET /sw.js", "GET /static/{file...}"}
	if !slices.Equal(public, want) {
		t.Errorf("routes for strangers: got %q, want %q", public, want)
	}
}

// TestTheTableIsTheOnlyWayIn: an address that is not in the table has no handler, and one that is has.
func TestTheTableIsTheOnlyWayIn(t *testing.T) {
	r := start(t, newFleet(), full(t))
	g := &gated{server: r.Server, mux: http.NewServeMux(), table: map[string]route{}}
	g.HandleFunc("GET /api/v1/forgotten", func(http.ResponseWriter, *http.Request) {})
	if len(g.strange) != 1 || !strings.Contains(g.strange[0].Error(), "/api/v1/forgotten") {
		t.Errorf("a route that is not in the table: got %v, want an error that names it", g.strange)
	}
	for _, rt := range routeTable() {
		if rt.handler != nil || rt.at == open {
			continue
		}
		method, path := addressOf(rt.pattern, "mpp-gresik")
		if got := r.do(method, path, "", "Authorization", "Bearer "+testToken); strings.Contains(got.body, "there is no "+method) && !strings.HasSuffix(rt.pattern, "/api/") {
			t.Errorf("%s: it is in the table and nobody registers it", rt.pattern)
		}
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	around := regexp.MustCompile(`NewServeMux|DefaultServeMux|http\.Handle(Func)?\(|mux\.Handle`)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") || name == "routes.go" {
			continue
		}
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if m := around.Find(source); m != nil {
			t.Errorf("%s: it has %q, want every address in the table of routes", name, m)
		}
	}
}

// TestEveryPermissionIsOfUse: what no route asks for is a word without meaning, and what no role has is a door that nobody opens.
func TestEveryPermissionIsOfUse(t *testing.T) {
	asked := map[accounts.Permission]bool{}
	for _, rt := range routeTable() {
		asked[rt.may] = true
		if (rt.may == "") != (rt.at == open || rt.at == known) {
			t.Errorf("%s: permission %q and place %d do not go together", rt.pattern, rt.may, rt.at)
		}
	}
	delete(asked, "")
	had := map[accounts.Permission]bool{}
	for _, role := range accounts.Roles() {
		for _, p := range role.May() {
			had[p] = true
		}
	}
	for _, p := range accounts.Permissions() {
		if !asked[p] || !had[p] {
			t.Errorf("permission %q: asked for by a route: %t, had by a role: %t, want both", p, asked[p], had[p])
		}
	}
	if n := len(accounts.Permissions()); len(asked) != n {
		t.Errorf("routes ask for %v, want those that exist", slices.Sorted(maps.Keys(asked)))
	}
}

// TestLimitedPeopleSeeTheirSites: lists hold what the caller may see, and nothing of other sites.
func TestLimitedPeopleSeeTheirSites(t *testing.T) {
	f := newFleet()
	a := f.open[0]
	a.ID, a.Site, a.SiteName = "alert-of-magetan", "mpp-magetan", "MPP Magetan"
	f.open = append(f.open, a)
	r := start(t, f, full(t))
	r.access.identify = func(*http.Request) (*accounts.Caller, error) {
		return &accounts.Caller{Account: "1", Name: "Sari", Grants: []accounts.Grant{{May: accounts.Manager.May(), Sites: []string{"mpp-gresik"}}}}, nil
	}
	for _, path := range []string{"/", "/alerts", "/rejections", "/readings", "/api/v1/sites", "/api/v1/alerts", "/api/v1/alerts/history", "/api/v1/rejections", "/api/v1/compliance", "/api/v1/ranking", "/ranking"} {
		body := r.get(path).body
		if !strings.Contains(strings.ToLower(body), "gresik") && !strings.Contains(path, "rejections") && !strings.Contains(path, "history") {
			t.Errorf("GET %s: nothing of the own site", path)
		}
		for _, other := range []string{"magetan", "pamekasan", "tabalong"} {
			if strings.Contains(strings.ToLower(body), other) {
				t.Errorf("GET %s: it shows %s, which is a foreign site", path, other)
			}
		}
	}
	res := r.send("GET", "/live/overview", "")
	defer res.Body.Close()
	buf := make([]byte, 64<<10)
	n, _ := res.Body.Read(buf)
	if got := strings.ToLower(string(buf[:n])); !strings.Contains(got, "gresik") || strings.Contains(got, "magetan") {
		t.Errorf("live overview: got %d bytes, want the own site and no other", n)
	}
	if got := r.status("GET", "/live/site/mpp-magetan"); got != http.StatusForbidden {
		t.Errorf("live page of a foreign site: got %d, want 403", got)
	}
}

// journalDown is a log of alerts that cannot be read; it counts who asks.
type journalDown struct {
	AlertLog
	asked int
}

func (j *journalDown) Alert(context.Context, string) (alerts.Alert, bool, error) {
	j.asked++
	return alerts.Alert{}, false, errors.New("the journal does not answer")
}

// TestNoDoorOpensWhileTheJournalIsDown: whose alert it is cannot be told then, and that lets nobody do anything with it. Nothing is looked up
// for strangers.
func TestNoDoorOpensWhileTheJournalIsDown(t *testing.T) {
	down := &journalDown{}
	r := start(t, newFleet(), func(o *Options) {
		full(t)(o)
		down.AlertLog, o.AlertLog = o.AlertLog, down
	})
	for _, path := range []string{"/alert/gone/acknowledge", "/api/v1/alerts/gone/acknowledge"} {
		if got := r.status("POST", path); got != http.StatusUnauthorized || down.asked != 0 {
			t.Errorf("POST %s as a stranger: got %d after %d questions to the journal, want 401 after none", path, got, down.asked)
		}
	}
	r.access.identify = func(*http.Request) (*accounts.Caller, error) {
		return &accounts.Caller{Account: "1", Name: "Sari", Grants: []accounts.Grant{{May: accounts.Manager.May(), Sites: []string{"mpp-gresik"}}}}, nil
	}
	for _, path := range []string{"/alert/gone/acknowledge", "/api/v1/alerts/gone/acknowledge"} {
		if got := r.status("POST", path); got != http.StatusServiceUnavailable {
			t.Errorf("POST %s while the journal is down: got %d, want 503", path, got)
		}
	}
}

// TestTheSecondWall: a handler that is asked for a foreign site gives nothing of it, whatever the gate has read.
func TestTheSecondWall(t *testing.T) {
	ctx := context.WithValue(t.Context(), callerKey, &accounts.Caller{Name: "Sari", Grants: []accounts.Grant{{May: accounts.Auditor.May(), Sites: []string{"mpp-gresik"}}}})
	if got := askedSites(ctx, accounts.Inspect, "mpp-magetan"); len(got) != 0 {
		t.Errorf("a foreign site: got %q, want none", got)
	}
	if got := askedSites(ctx, accounts.Inspect, "mpp-gresik"); !slices.Equal(got, []string{"mpp-gresik"}) {
		t.Errorf("the own site: got %q", got)
	}
}
