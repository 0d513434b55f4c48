package web

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"golang.org/x/net/html"

	"github.com/gerbang-iot/gerbang/rules"
)

// find lists the elements of a page that match a tag and a class or id ("li.chip", "#live"); text is theirs.
func find(t *testing.T, page, selector string) []*html.Node {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	tag, class, byClass := strings.Cut(selector, ".")
	tag, id, byID := strings.Cut(tag, "#")
	var found []*html.Node
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode || tag != "" && n.Data != tag || byID && attr(n, "id") != id {
			continue
		}
		has := !byClass
		for c := range strings.FieldsSeq(attr(n, "class")) {
			has = has || c == class
		}
		if has {
			found = append(found, n)
		}
	}
	return found
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func text(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// one is the text of the only element that matches.
func one(t *testing.T, page, selector string) string {
	t.Helper()
	found := find(t, page, selector)
	if len(found) != 1 {
		t.Fatalf("%s: got %d elements, want 1", selector, len(found))
	}
	return text(found[0])
}

func TestOverviewShowsEverySiteTheWorstFirst(t *testing.T) {
	r := start(t, newFleet(), nil)
	page := r.get("/").body
	var order []string
	for _, n := range find(t, page, "div.site") {
		if id := attr(n, "id"); id != "" {
			order = append(order, strings.TrimPrefix(id, "site-mpp-"))
		}
	}
	want := "gresik bojonegoro banjar tabalong pamekasan magetan kab-probolinggo sumenep kota-probolinggo belu"
	if got := strings.Join(order, " "); got != want {
		t.Errorf("order: got %s, want %s", got, want)
	}
	for id, want := range map[string][]string{
		"site-mpp-gresik":    {"Breached", "72 68–76", "55–61 people inside; limit 50 people (spaced seats, level 50 %).", "Breach"},
		"site-mpp-tabalong":  {"Breached", "?", "4 of 6 not heard", "52 min ago"},
		"site-mpp-pamekasan": {"Near limit", "47 43–51", "Close to the limit: 47–53 of 50 people"},
		"site-mpp-belu":      {"Closed until tomorrow"},
	} {
		got := one(t, page, "div#"+id)
		for _, part := range want {
			if !strings.Contains(got, part) {
				t.Errorf("%s: got %q, want %q in it", id, got, part)
			}
		}
	}
}

// TestUnknownIsNeverGreen takes away what is known, piece by piece, and looks for green.
func TestUnknownIsNeverGreen(t *testing.T) {
	f := newFleet()
	r := start(t, f, nil)
	f.change("mpp-magetan", func(v *rules.View) {
		v.Verdict = 7 // an answer that this version does not know
		v.Persons = rules.Estimate{Measured: true}
		for i := range v.Zones {
			v.Zones[i].Verdict, v.Zones[i].Persons, v.Zones[i].Advice = rules.Unknown, rules.Estimate{Measured: true}, "perhaps"
		}
		for i := range v.Devices {
			v.Devices[i].Verdict, v.Devices[i].LastSeen = rules.Unknown, 0
		}
		for i := range v.Verdicts {
			v.Verdicts[i].Verdict = rules.Unknown
		}
	})
	page := r.get("/site/mpp-magetan").body
	for _, part := range []string{"section#site-head", "section#site-devices", "article#zone-loket", "section#site-checks"} {
		for _, n := range find(t, page, part) {
			for d := range n.Descendants() {
				for c := range strings.FieldsSeq(attr(d, "class")) {
					if c == "within" || c == "advice-go" {
						t.Errorf("%s: %q is green", part, text(d))
					}
				}
			}
		}
	}
	if got := one(t, page, "article#zone-loket"); !strings.Contains(got, "? / 24") || !strings.Contains(got, "Wait") {
		t.Errorf("a zone nobody can see: got %q, want ? / 24 and Wait", got)
	}
	sign := r.get("/sign/mpp-magetan/loket").body
	if got := one(t, sign, "div#sign"); !strings.Contains(got, "Mohon tunggu") || strings.Contains(got, "24") {
		t.Errorf("its display: got %q, want wait and no number", got)
	}
}

func TestClosedIsNotGreen(t *testing.T) {
	r := start(t, newFleet(), nil)
	if n := len(find(t, r.get("/").body, "div#site-mpp-belu")); n != 1 {
		t.Fatalf("closed site: got %d rows, want 1", n)
	}
	if got := attr(find(t, r.get("/").body, "div#site-mpp-belu")[0], "class"); got != "site closed" {
		t.Errorf("closed site: got class %q, want %q", got, "site closed")
	}
	if got := one(t, r.get("/sign/mpp-belu/loket").body, "div#sign"); !strings.Contains(got, "Tutup") || !strings.Contains(got, "Closed") {
		t.Errorf("display of a closed site: got %q, want both languages to say so", got)
	}
}

func TestAcknowledgeByForm(t *testing.T) {
	f := newFleet()
	r := start(t, f, nil)
	a := r.do("POST", "/alert/a1/acknowledge", "site=mpp-gresik&minutes=30&reason=entrance_held", "HX-Request", "true")
	if a.StatusCode != http.StatusOK || one(t, a.body, "p.notice") != "somebody unnamed is on it until 14:35" {
		t.Fatalf("got %d %s, want a notice with the end", a.StatusCode, a.body)
	}
	if got, want := f.acks[0], (acked{"a1", "local", "entrance_held", in(30 * time.Minute)}); got != want {
		t.Errorf("entry: got %+v, want %+v", got, want)
	}
	if got := one(t, r.get("/site/mpp-gresik").body, "p.ack"); got != "somebody unnamed is on it until 14:35 — Entrance held" {
		t.Errorf("the alert: got %q, want who, until when and why", got)
	}
	for body, want := range map[string]int{
		"minutes=0": 400, "minutes=-5": 400, "minutes=1441": 400, "minutes=x": 400, "reason=" + strings.Repeat("x", 201): 400,
	} {
		if got := r.do("POST", "/alert/a1/acknowledge", body).StatusCode; got != want {
			t.Errorf("%.30s: got %d, want %d", body, got, want)
		}
	}
	a = r.do("POST", "/alert/gone/acknowledge", "", "HX-Request", "true")
	if a.StatusCode != http.StatusNotFound || a.Header.Get("HX-Retarget") != "#notice" || !strings.Contains(a.body, "no longer open") {
		t.Errorf("an alert that is over: got %d %s, want 404 as a notice", a.StatusCode, a.body)
	}
}

func TestLanguages(t *testing.T) {
	r := start(t, newFleet(), nil)
	for _, tc := range []struct {
		name, path, accept, cookie, want string
	}{
		{"nothing said", "/", "", "", "en"}, {"header", "/", "id-ID,id;q=0.9,en;q=0.8", "", "id"}, {"header, another language", "/", "nl", "", "en"},
		{"cookie over header", "/", "en", "id", "id"},
		{"address over cookie", "/?lang=en", "id", "id", "en"}, {"nonsense", "/?lang=../../etc", "id", "", "id"}, {"broken header", "/", ";;;q=", "", "en"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r.client.Jar = nil
			headers := []string{"Accept-Language", tc.accept}
			if tc.cookie != "" {
				headers = append(headers, "Cookie", languageCookie+"="+tc.cookie)
			}
			a := r.get(tc.path, headers...)
			if got := attr(find(t, a.body, "html")[0], "lang"); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

// TestBothLanguagesSayEverything compares the keys of the locales and looks for gaps on the pages.
func TestBothLanguagesSayEverything(t *testing.T) {
	keys := func(lang string) map[string]any {
		b, err := localeFiles.ReadFile("locales/active." + lang + ".json")
		if err != nil {
			t.Fatal(err)
		}
		m := map[string]any{}
		if err := json.Unmarshal(b, &m); err != nil {
			t.Fatal(err)
		}
		return m
	}
	en, id := keys("en"), keys("id")
	for k := range en {
		if id[k] == nil {
			t.Errorf("Indonesian: %q is missing", k)
		}
	}
	for k := range id {
		if en[k] == nil {
			t.Errorf("English: %q is missing", k)
		}
	}
	r := start(t, newFleet(), nil)
	for _, lang := range []string{"en", "id"} {
		for _, path := range []string{"/", "/site/mpp-gresik", "/site/mpp-tabalong", "/site/mpp-belu", "/sign/mpp-gresik/loket", "/site/mpp-gresik/zone/loket", "/alerts", "/rejections", "/status", "/nothing"} {
			page := r.get(path + "?lang=" + lang).body
			for _, bad := range []string{"<no value>", "%!", "[nav.", "[site.", "[column.", "[status.", "[kind.", "[time."} {
				if strings.Contains(page, bad) {
					t.Errorf("GET %s in %q: it contains %q", path, lang, bad)
				}
			}
		}
	}
}

func TestNumbersAndTimesAreLocal(t *testing.T) {
	r := start(t, newFleet(), nil)
	for path, want := range map[string]string{
		"/site/mpp-gresik?lang=en": "1184 ppm", "/site/mpp-gresik?lang=id": "1184 ppm",
		"/site/mpp-belu?lang=en": "(WITA)", "/site/mpp-magetan?lang=id": "15.30 (WIB)",
		"/status?lang=id": "1.904.518",
	} {
		if page := r.get(path).body; !strings.Contains(page, want) {
			t.Errorf("GET %s: %q is missing", path, want)
		}
	}
}

func TestReadiness(t *testing.T) {
	f := newFleet()
	r := start(t, f, nil)
	good := f.status
	for _, tc := range []struct {
		name string
		edit func(*Status)
		want int
	}{
		{"all well, InfluxDB down", func(*Status) {}, 200},
		{"journal", func(s *Status) { s.Journal = JournalStatus{Reason: "no space left on device"} }, 503},
		{"broker", func(s *Status) { s.Broker.Heard = false }, 503},
	} {
		t.Run(tc.name, func(t *testing.T) {
			st := good
			tc.edit(&st)
			f.mu.Lock()
			f.status = st
			f.mu.Unlock()
			a := r.get("/readyz")
			var body readiness
			if err := json.Unmarshal([]byte(a.body), &body); err != nil {
				t.Fatal(err)
			}
			if a.StatusCode != tc.want || body.Ready != (tc.want == 200) || len(body.Lags) != 6 {
				t.Errorf("got %d, ready %t, %d lags, want %d with every lag", a.StatusCode, body.Ready, len(body.Lags), tc.want)
			}
			if got := r.get("/healthz"); got.StatusCode != 200 || got.body != "ok\n" {
				t.Errorf("healthz: got %d %q, want 200 ok", got.StatusCode, got.body)
			}
			page := r.get("/").body
			if shown := len(find(t, page, "p.gateway")) == 2; shown != (tc.want != 200) {
				t.Errorf("warning on the overview: got %t, want %t", shown, tc.want != 200)
			}
		})
	}
}

func TestTheFirstPromiseIsShown(t *testing.T) {
	f := newFleet()
	r := start(t, f, nil)
	if got := one(t, r.get("/status").body, "p.equation"); got != "1,904,518received=1,842,331stored+61,902duplicate+281rejected+4no reading" {
		t.Errorf("equation: got %q", got)
	}
	f.mu.Lock()
	f.status.Counters.Stored--
	f.mu.Unlock()
	if got := one(t, r.get("/status").body, "p.bad"); !strings.Contains(got, "must never happen") {
		t.Errorf("a message is missing: got %q, want an outcry", got)
	}
}

// Findings B4, B7 and B11: the sum proves nothing about a journal that is damaged or cannot be written, whose records are called so; and an age
// that is not known is not shown as none.
func TestB4_TheSumIsNotPraisedWithoutTheJournal(t *testing.T) {
	f := newFleet()
	r := start(t, f, nil)
	if got := one(t, r.get("/status").body, "p.good"); !strings.Contains(got, "each received message is in one of these") {
		t.Errorf("whole: got %q", got)
	}
	f.mu.Lock()
	f.status.Lags = []Lag{{"intake", 20, 0}}
	f.status.Services = append(f.status.Services, Service{Name: "journal", State: ServiceFailing, Detail: "records 8 to 9 are lost"})
	f.mu.Unlock()
	for lang, words := range map[string][3]string{"en": {"proves nothing", "Damaged", "Refuses"}, "id": {"belum membuktikan", "Rusak", "Menolak"}} {
		body := r.get("/status?lang=" + lang).body
		if strings.Contains(body, `<p class="good">`) || !strings.Contains(body, words[0]) || !strings.Contains(body, words[1]) || strings.Contains(body, words[2]) {
			t.Errorf("records are lost, %s: want %q and %q, no praise and no %q", lang, words[0], words[1], words[2])
		}
		if strings.Contains(body, "0 s<") || strings.Contains(body, "0 dtk<") {
			t.Errorf("%s: an age that is not known is shown as 0", lang)
		}
	}
	f.mu.Lock()
	f.status.Services = []Service{{Name: "journal", State: ServiceOK}}
	f.status.Journal = JournalStatus{Reason: "the journal is gone"}
	f.mu.Unlock()
	if body := r.get("/status?lang=en").body; strings.Contains(body, `<p class="good">`) || strings.Contains(body, "Works") || strings.Count(body, "Not writable") != 2 {
		t.Error("the journal is not open: want no praise, and its records not said to work")
	}
}

func TestMetricsExposition(t *testing.T) {
	f := newFleet()
	for id := range f.views {
		if id != "mpp-gresik" && id != "mpp-tabalong" {
			delete(f.views, id)
		}
	}
	reg := prometheus.NewPedanticRegistry()
	if _, err := newMetrics(reg, f, f, func() time.Time { return fleetNow }); err != nil {
		t.Fatal(err)
	}
	want := `
# HELP gerbang_alerts_open Open alerts, by class; an empty site is the gateway itself.
# TYPE gerbang_alerts_open gauge
gerbang_alerts_open{class="breach",site="mpp-gresik"} 1
gerbang_alerts_open{class="breach",site="mpp-tabalong"} 0
gerbang_alerts_open{class="overdue",site="mpp-gresik"} 0
gerbang_alerts_open{class="overdue",site="mpp-tabalong"} 0
gerbang_alerts_open{class="sensor",site="mpp-gresik"} 0
gerbang_alerts_open{class="sensor",site="mpp-tabalong"} 1
gerbang_alerts_open{class="service",site=""} 1
gerbang_alerts_open{class="service",site="mpp-gresik"} 0
gerbang_alerts_open{class="service",site="mpp-tabalong"} 0
# HELP gerbang_zone_persons People in a zone, best estimate. Absent while unknown.
# TYPE gerbang_zone_persons gauge
gerbang_zone_persons{site="mpp-gresik",zone="loket"} 17
gerbang_zone_persons{site="mpp-gresik",zone="ruang-tunggu"} 58
# HELP gerbang_site_verdict Worst verdict of a site: -1 unknown, 0 within, 1 breached.
# TYPE gerbang_site_verdict gauge
gerbang_site_verdict{site="mpp-gresik"} 1
gerbang_site_verdict{site="mpp-tabalong"} 1
`
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want), "gerbang_alerts_open", "gerbang_zone_persons", "gerbang_site_verdict"); err != nil {
		t.Error(err)
	}
	r := start(t, newFleet(), nil)
	if page := r.get("/metrics").body; !strings.Contains(page, `gerbang_web_logins_total{result="refused"} 0`) || !strings.Contains(page, `gerbang_device_age_seconds{device="hitung-utama",site="mpp-gresik"} 40`) {
		t.Errorf("GET /metrics: got %.300s…, want the server's and the domain's metrics", page)
	}
}

func TestStaticFiles(t *testing.T) {
	r := start(t, newFleet(), nil)
	url := r.assets.URL("app.css")
	a := r.get(url, "Accept-Encoding", "gzip")
	if a.StatusCode != 200 || a.Header.Get("Content-Encoding") != "gzip" || !strings.Contains(a.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("GET %s: got %d %v, want 200, gzip, immutable", url, a.StatusCode, a.Header)
	}
	if got := r.get("/static/app.css?v=old").Header.Get("Cache-Control"); got != "no-cache" {
		t.Errorf("another version: Cache-Control: got %q, want no-cache", got)
	}
	if got := r.get(url, "If-None-Match", a.Header.Get("ETag")).StatusCode; got != http.StatusNotModified {
		t.Errorf("the same file again: got %d, want 304", got)
	}
	for _, path := range []string{"/static/", "/static/vendor", "/static/%2e%2e/server.go", "/static/..%2fserver.go", "/static/nothing.js"} {
		if got := r.get(path).StatusCode; got < 300 {
			t.Errorf("GET %s: got %d, want no file", path, got)
		}
	}
}

func TestChartDays(t *testing.T) {
	r := start(t, newFleet(), nil)
	for query, want := range map[string]int{"": 200, "?day=2026-01-04": 200, "?day=2026-01-06": 400, "?day=0001-01-01": 400, "?day=x": 400} {
		if got := r.get("/site/mpp-gresik/zone/loket" + query).StatusCode; got != want {
			t.Errorf("chart of %q: got %d, want %d", query, got, want)
		}
	}
}

// TestOneQueryForManyWatchers renders a page often within a minute of the fleet's clock, which stands still.
func TestOneQueryForManyWatchers(t *testing.T) {
	f := newFleet()
	r := start(t, f, nil)
	for range 20 {
		r.get("/site/mpp-gresik")
	}
	want := 0
	for _, z := range f.views["mpp-gresik"].Zones {
		if z.Persons.Measured {
			want++
		}
	}
	if got := f.queries; got != want {
		t.Errorf("queries for 20 pages: got %d, want %d, one a zone that is counted", got, want)
	}
}
