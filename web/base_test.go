package web

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"golang.org/x/net/html"

	"github.com/gerbang-iot/gerbang/testengine"
)

func TestN7_BasePath(t *testing.T) {
	for external, want := range map[string]string{
		"": "", "https://x.example": "", "https://x.example/": "", "https://x.example/gerbang": "/gerbang", "https://x.example:8443/gerbang/": "/gerbang",
		"https://x.example/mpp/gerbang-1.2/": "/mpp/gerbang-1.2",
	} {
		if got, err := BasePath(external); got != want || err != nil {
			t.Errorf("%s: got %q, %v, want %q", external, got, err, want)
		}
	}
	for external, want := range map[string]string{
		"https://x.example/site/": "begins like a page", "https://x.example/api": "begins like a page", "https://x.example/gerbang?x=1": "a query", "https://x.example/g#f": "a query",
		"https://x.example/a//b": `"" is no plain name`, "https://x.example/../b": `".." is no plain name`, "https://x.example/a%2Fb": "is no plain name", "https://x.example/a b": "no plain name",
		"https://x.example/%zz": "want a URL",
	} {
		if got, err := BasePath(external); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %q, %v, want an error with %q", external, got, err, want)
		}
	}
}

// A base that begins like an address of the server's own could not be told from it: all of them are refused, and nothing else.
func TestN7_OwnPathsAreAllThatThereAre(t *testing.T) {
	for _, name := range []string{"alert", "alerts", "api", "devices", "healthz", "ingest", "listen", "live", "login", "logout", "map", "metrics", "ranking", "readings", "readyz", "refused", "rejections", "sign", "site", "static", "status", "token"} {
		if !ownPath(name) {
			t.Errorf("ownPath(%q): got false, want true", name)
		}
	}
	for _, name := range []string{"gerbang", "sites", "v1", "GET"} {
		if ownPath(name) {
			t.Errorf("ownPath(%q): got true, want false", name)
		}
	}
}

// proxied is the server of options behind a reverse proxy with TLS, which serves it below /gerbang/ and nothing else.
func proxied(t *testing.T, f *fleet, strips bool, edit func(*Options)) (front *httptest.Server, client *http.Client) {
	t.Helper()
	r := start(t, f, func(o *Options) {
		edit(o)
		o.Base, o.Proxy = "/gerbang", true
	})
	to, err := url.Parse(r.url)
	if err != nil {
		t.Fatal(err)
	}
	var proxy http.Handler = &httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(p *httputil.ProxyRequest) {
		p.SetURL(to)
		p.SetXForwarded()
		p.Out.Host = p.In.Host
	}}
	if strips {
		proxy = http.StripPrefix("/gerbang", proxy)
	}
	mux := http.NewServeMux()
	mux.Handle("/gerbang/", proxy)
	front = httptest.NewTLSServer(mux)
	t.Cleanup(front.Close)
	client = front.Client()
	if client.Jar, err = cookiejar.New(nil); err != nil {
		t.Fatal(err)
	}
	return front, client
}

// Finding N7: with a path in http.external_url every link, form, stream, file and redirect stays below that path and is found, whether
// the proxy takes the path away or not.
func TestN7_EveryLinkOfEveryPageStaysBelowTheBase(t *testing.T) {
	hearing := &fakeEar{}
	hearing.Listen()
	for name, strips := range map[string]bool{"the proxy strips the prefix": true, "the proxy keeps it": false} {
		t.Run(name, func(t *testing.T) {
			front, client := proxied(t, newFleet(), strips, func(o *Options) {
				o.Token, o.Ear, o.Strangers, o.Readings, o.Refused = testToken, hearing, someStrangers{}, shelved(), shelved()
				o.SiteFiles, o.Trials = newSiteFiles(), someTrials{}
			})
			c := &crawler{t: t, client: client, root: front.URL, base: "/gerbang", seen: map[string]bool{}}
			in := c.follow("GET", "/gerbang/", nil) // to the login
			if in.Request.URL.Path != "/gerbang/login" {
				t.Fatalf("without a session: got %s, want the login", in.Request.URL)
			}
			c.page(in)
			next := in.Request.URL.Query().Get("next")
			in = c.follow("POST", "/gerbang/token", url.Values{"token": {testToken}, "name": {"Sari"}, "next": {next}})
			if in.Request.URL.Path != "/gerbang/" {
				t.Fatalf("after the login: got %s, want the overview", in.Request.URL)
			}
			for _, cookie := range client.Jar.Cookies(in.Request.URL) {
				if cookie.Name == sessionCookie {
					c.seen["cookie"] = true
				}
			}
			if outside, _ := url.Parse(front.URL + "/"); len(client.Jar.Cookies(outside)) > 0 || !c.seen["cookie"] {
				t.Errorf("cookies outside the base: %v, session below it: %t, want none and one", client.Jar.Cookies(outside), c.seen["cookie"])
			}
			c.page(in)
			for _, path := range []string{"/gerbang", "/gerbang/sign/mpp-gresik/loket", "/gerbang/nothing", "/gerbang/site/mpp-gresik?lang=id"} {
				c.page(c.follow("GET", path, nil))
			}
			c.crawl()
			if len(c.seen) < 60 || c.forms < 6 {
				t.Errorf("%d addresses and %d forms were tried, want more than 60 and 6", len(c.seen), c.forms)
			}
			if out := c.follow("POST", "/gerbang/logout", nil); out.Request.URL.Path != "/gerbang/login" {
				t.Errorf("after logging out: got %s, want the login", out.Request.URL)
			}
		})
	}
	t.Run("pages of an overview", func(t *testing.T) {
		front, client := proxied(t, manyMalls(120), true, func(o *Options) { o.Readings, o.Refused = shelved(), shelved() })
		c := &crawler{t: t, client: client, root: front.URL, base: "/gerbang", seen: map[string]bool{}, skip: "/site/"}
		c.page(c.follow("GET", "/gerbang/?page=1&show=within", nil))
		c.crawl()
	})
}

// Whoever asks the gateway itself, without the proxy, gets everything by both paths.
func TestN7_WithoutTheProxyBothPathsWork(t *testing.T) {
	r := start(t, newFleet(), func(o *Options) { o.Base = "/gerbang" })
	for path, want := range map[string]int{"/": 200, "/gerbang/": 200, "/gerbang": 308, "/gerbang/alerts": 200, "/alerts": 200, "/healthz": 200, "/gerbang/healthz": 200, "/gerbangx": 404, "/gerbang/api/v1/sites": 200} {
		if got := r.status(http.MethodGet, path); got != want {
			t.Errorf("%s: got %d, want %d", path, got, want)
		}
	}
	for _, path := range []string{"//alerts", "/gerbang//alerts", "/gerbang/x/../alerts"} {
		if got := r.get(path).Header.Get("Location"); got != "/gerbang/alerts" {
			t.Errorf("%s: redirected to %q, want /gerbang/alerts", path, got)
		}
	}
	if got := r.get("/api/v1/openapi.json").body; !strings.Contains(got, `"url": "/gerbang"`) {
		t.Error("the OpenAPI document does not say where the API is")
	}
	var o Options
	o.Base = "/gerbang/"
	if _, err := New(o); err == nil || !strings.Contains(err.Error(), "web option Base") {
		t.Errorf("a base with a slash at its end: got %v", err)
	}
}

// A browser shows the page through the proxy, live, with its style and without an error; GERBANG_SCREENSHOTS keeps the picture.
func TestN7_ABrowserLivesBelowTheBase(t *testing.T) {
	r := start(t, newFleet(), func(o *Options) { o.Base = "/gerbang" })
	to, _ := url.Parse(r.url)
	mux := http.NewServeMux()
	mux.Handle("/gerbang/", http.StripPrefix("/gerbang", &httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(p *httputil.ProxyRequest) { p.SetURL(to) }}))
	front := httptest.NewServer(mux)
	t.Cleanup(front.CloseClientConnections)
	ctx := browser(t)
	for path, ready := range map[string]chromedp.Action[chromedp.Void]{
		"/gerbang/site/mpp-gresik?lang=en": isLive(), "/gerbang/site/mpp-gresik/zone/ruang-tunggu": chromedp.WaitReady(chromedp.CSS("#chart[data-drawn]")),
	} {
		view := testengine.Desktop
		view.Language, view.WholePage = "en", true
		testengine.Screenshot(ctx, t, front.URL+path, view, ready)
		for _, x := range faults(ctx, t) {
			t.Errorf("%s: %s", path, x)
		}
	}
	if err := chromedp.Do(ctx, chromedp.Navigate(front.URL+"/gerbang/site/mpp-gresik?lang=en"), isLive(), chromedp.Click(chromedp.CSS("#alert-a1 form button"))); err != nil {
		t.Fatal(err)
	}
	if err := waitFor(ctx, `document.querySelector('#notice').textContent.includes('is on it until')`); err != nil {
		t.Error(err)
	}
}

// The history of one zone is like that of another.
var anyDay = regexp.MustCompile(`\b(?:day|on)=[0-9-]+|\bhour=[0-9]+|/site/[^/]+(?:/zone/[^/]+)?/history`)

// crawler follows what pages lead to.
type crawler struct {
	t          *testing.T
	client     *http.Client
	root, base string
	skip       string // a part of addresses that are checked and not followed
	seen       map[string]bool
	queue      []string
	forms      int
}

// follow sends a request and follows redirects, each of which must stay below the base.
func (c *crawler) follow(method, path string, form url.Values) *http.Response {
	c.t.Helper()
	ctx, cancel := context.WithCancel(c.t.Context())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, c.root+path, strings.NewReader(form.Encode()))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	c.client.CheckRedirect = func(next *http.Request, _ []*http.Request) error {
		c.below(path, next.URL.RequestURI())
		return nil
	}
	res, err := c.client.Do(req)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	if strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
		return res // it does not end
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	res.Body = io.NopCloser(strings.NewReader(string(body)))
	return res
}

func (c *crawler) below(where, address string) bool {
	c.t.Helper()
	if !strings.HasPrefix(address, c.base+"/") {
		c.t.Errorf("%s leads to %s, which is not below %s/", where, address, c.base)
		return false
	}
	return true
}

// crawl follows all that was found, until nothing new is.
func (c *crawler) crawl() {
	for len(c.queue) > 0 && !c.t.Failed() {
		path := c.queue[0]
		c.queue = c.queue[1:]
		if c.skip != "" && strings.Contains(path, c.skip) {
			continue
		}
		res := c.follow("GET", path, nil)
		if res.StatusCode != http.StatusOK {
			c.t.Errorf("%s: status %d, want 200", path, res.StatusCode)
		}
		if strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
			c.page(res)
		}
	}
}

// page checks where a page's attributes lead, and keeps in mind what is to be followed. Forms that post are sent, but for those that sign
// out, enter numbers or listen.
func (c *crawler) page(res *http.Response) {
	c.t.Helper()
	where := res.Request.URL.RequestURI()
	doc, err := html.Parse(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	for n := range doc.Descendants() {
		for _, a := range n.Attr {
			switch a.Key {
			case "href", "src", "hx-sse:connect", "data-src", "data-health", "data-root", "data-now", "data-worker", "action", "hx-post":
			case "data-send": // what a script posts to
				c.below(where, a.Val)
				continue
			default:
				if strings.HasPrefix(a.Val, "/") && a.Key != "value" && a.Key != "content" {
					c.t.Errorf("%s: attribute %s=%q looks like an address and is not known to this test", where, a.Key, a.Val)
				}
				continue
			}
			if n.Data == "a" && attr(n, "rel") == "external noreferrer" {
				continue // a regulation, where its authority has it
			}
			to, err := res.Request.URL.Parse(a.Val)
			if err != nil || to.Host != res.Request.URL.Host {
				c.t.Errorf("%s: %s=%q leads to another host (%v)", where, a.Key, a.Val, err)
				continue
			}
			if !c.below(fmt.Sprintf("%s: %s=%q", where, a.Key, a.Val), to.RequestURI()) {
				continue
			}
			address := to.RequestURI()
			once := a.Key + anyDay.ReplaceAllString(address, "day=") // every day leads to the day before
			if c.seen[once] {
				continue
			}
			c.seen[once] = true
			switch {
			case a.Key == "action" && n.Data == "form" && attribute(n, "method") == "post":
				c.post(where, address)
			case a.Key != "action" && a.Key != "hx-post" && (res.StatusCode == http.StatusOK || to.Path != res.Request.URL.Path): // an error in the other language is one
				c.queue = append(c.queue, address)
			}
		}
	}
}

func (c *crawler) post(where, address string) {
	c.forms++
	if strings.HasSuffix(address, "/logout") || strings.HasSuffix(address, "/token") || strings.HasSuffix(address, "/end") ||
		strings.HasSuffix(address, "/undo") || strings.HasSuffix(address, "/take") { // these are about an entry that the form names
		return
	}
	form := url.Values{"id": {newUUID()}, "value": {"12"}, "reason": {"test"}, "text": {"test"}, "name": {"troli"}, "author": {"Budi"}, "to": {"Budi"}, "from": {"/devices"}, "minutes": {"5"},
		"outcome": {"cleared"}, "words": {"0"}, "device": {"suhu-utama"}, "pairs": {"35 36.5\n35.1 36.6\n34.9 36.4\n35 36.4\n35.2 36.7"}}
	if strings.Contains(address, "/devices/replace") {
		form = url.Values{"device": {"hitung-utama"}, "model": {"native"}}
	}
	if strings.Contains(address, "/devices/add") {
		form = url.Values{"device": {"baru"}, "model": {"native"}, "place": {"zone:loket"}}
	}
	if strings.HasSuffix(address, "/devices/try") {
		form = url.Values{"payload": {`{"co2": 700}`}}
	}
	if strings.HasSuffix(address, "/level") {
		form = url.Values{"id": {newUUID()}, "choice": {"3"}, "reason": {"test"}}
	}
	if strings.HasSuffix(address, "/counting") {
		form = url.Values{"counter": {"hitung-samping"}, "kind": {"accuracy"}, "value": {"97"}}
	}
	if strings.HasSuffix(address, "/maintenance") {
		form = url.Values{"id": {newUUID()}, "until": {"2026-01-06T08:00"}, "reason": {"test"}}
	}
	if strings.HasSuffix(address, "/displays") {
		form = url.Values{"name": {"lobi"}, "days": {"30"}}
	}
	if strings.HasSuffix(address, "/tasks/typed") {
		form = url.Values{"id": {newUUID()}, "day": {"2026-01-05"}, "task.lap-gagang.0.t.lift": {"07.30"}, "task.lap-gagang.0.w": {"Budi"}}
	}
	if strings.HasSuffix(address, "/lap-gagang/done") {
		form.Set("item", "lift")
	}
	res := c.follow("POST", address, form)
	if res.StatusCode != http.StatusOK {
		c.t.Errorf("%s: its form %s: status %d, want 200 in the end", where, address, res.StatusCode)
	}
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}
