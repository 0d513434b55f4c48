package web

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// wants looks for parts in what an element says, and for others that must not be there (after a "-").
func wants(t *testing.T, what, got string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if no, ok := strings.CutPrefix(p, "-"); ok && p != "-" {
			if strings.Contains(got, no) {
				t.Errorf("%s: got %q, want no %q in it", what, got, no)
			}
		} else if !strings.Contains(got, p) {
			t.Errorf("%s: got %q, want %q in it", what, got, p)
		}
	}
}

// class is the class of the only element that matches.
func class(t *testing.T, page, selector string) string {
	t.Helper()
	found := find(t, page, selector)
	if len(found) != 1 {
		t.Fatalf("%s: got %d elements, want 1", selector, len(found))
	}
	return attr(found[0], "class")
}

// Near the limit is a state of its own everywhere, with its numbers, and has nothing in common with not knowing.
func TestR14NearTheLimitIsAStateOfItsOwn(t *testing.T) {
	r := start(t, newFleet(), nil)
	overview := r.get("/").body
	wants(t, "the overview", one(t, overview, "div#site-mpp-pamekasan"), "Near limit", "Close to the limit: 47–53 of 50 people", "-Unknown", "-?")
	if got := class(t, overview, "div#site-mpp-pamekasan"); got != "site near" {
		t.Errorf("the row: got class %q, want a colour of its own", got)
	}
	wants(t, "the summary", one(t, overview, "section#summary"), "1 near the limit", "0 not all measured")

	site := r.get("/site/mpp-pamekasan").body
	wants(t, "the site", one(t, site, "section#site-head"), "Near limit", "47–53 of 50", "-Unknown")
	wants(t, "the zone", one(t, site, "article#zone-ruang-tunggu"), "Near limit", "50 47–53 / 50", "Wait", "-Unknown")
	if got := class(t, site, "article#zone-ruang-tunggu"); got != "zone near" {
		t.Errorf("the zone: got class %q, want a colour of its own", got)
	}
	wants(t, "the zone's page in Indonesian", one(t, r.get("/site/mpp-pamekasan/zone/ruang-tunggu?lang=id").body, "section#zone-checks"), "Mendekati batas: 47–53 dari 50 orang", "-Tak pasti")

	sign := r.get("/sign/mpp-pamekasan/ruang-tunggu").body
	wants(t, "the sign", one(t, sign, "div#sign"), "Mohon tunggu", "Please wait", "47–53", "/ 50", "Hampir penuh", "Nearly full", "-Ask the staff")
	blind := r.get("/sign/mpp-tabalong/ruang-tunggu").body
	wants(t, "the sign of a room that nobody sees", one(t, blind, "div#sign"), "Mohon tunggu", "Ask the staff", "-Nearly full")
	if a, b := class(t, sign, "div#sign"), class(t, blind, "div#sign"); a == b {
		t.Errorf("both signs have class %q, want a look of its own for each", a)
	}

	api := r.get("/api/v1/sites/mpp-pamekasan/zones", "Accept", "application/json").body
	wants(t, "the API's zones", api, `"verdict":"unknown","near":true`, `"low":47,"high":53`, `"count_asked":"2026-01-05T07:01:12Z"`)
	wants(t, "the API's site", r.get("/api/v1/sites/mpp-pamekasan", "Accept", "application/json").body, `"verdict":"unknown","near":true`)
	wants(t, "a site that is blind", r.get("/api/v1/sites/mpp-tabalong", "Accept", "application/json").body, `"near":false`)
	wants(t, "the API's verdicts", r.get("/api/v1/sites/mpp-pamekasan/verdicts", "Accept", "application/json").body, `"near":true`, `"name":"seat_pitch","value":0.6`, `"low":47`)
	wants(t, "the metrics", r.get("/metrics").body, `gerbang_verdicts{site="mpp-pamekasan",verdict="near"} 1`, `gerbang_verdicts{site="mpp-pamekasan",verdict="unknown"} 0`)
}

// What a counter said before it fell silent is not told as if people were there: not on the pages in either language, not on the sign.
func TestALostNumberIsNotShownAsPresent(t *testing.T) {
	r := start(t, newFleet(), nil)
	for _, lang := range []string{"en", "id"} {
		for _, path := range []string{"/", "/site/mpp-tabalong", "/site/mpp-tabalong/zone/ruang-tunggu", "/sign/mpp-tabalong/ruang-tunggu"} {
			page := r.get(path+"?lang="+lang, "Accept", "text/html")
			if page.StatusCode != 200 || strings.Contains(page.body, "3 ± 2") {
				t.Errorf("%s in %s: got %d, and the number of people before the silence", path, lang, page.StatusCode)
			}
		}
	}
	wants(t, "why it is unknown", r.get("/site/mpp-tabalong/zone/ruang-tunggu?lang=en", "Accept", "text/html").body, "stopped.", "Limit 50 people")
}

// Finding R8: a verdict is the truth of its moment. While its alert waits, the page says since when and how long it will.
func TestR8PendingIsSaid(t *testing.T) {
	f := newFleet()
	r := start(t, f, nil)
	const en, id = "for 40 s; alert in 1 min 20 s", "sudah 40 detik; peringatan dalam 1 menit 20 detik"
	wants(t, "the overview", one(t, r.get("/").body, "div#site-mpp-bojonegoro"), "Breached", en)
	site := r.get("/site/mpp-bojonegoro?lang=id").body
	wants(t, "the site", one(t, site, "section#site-head"), "Dilanggar", id)
	wants(t, "the zone", one(t, site, "article#zone-loket"), "Dilanggar", id)
	wants(t, "the checks", one(t, site, "section#site-checks"), id)
	wants(t, "the zone's page", one(t, r.get("/site/mpp-bojonegoro/zone/loket?lang=en").body, "section#zone-checks"), en)
	wants(t, "the API", r.get("/api/v1/sites/mpp-bojonegoro/verdicts", "Accept", "application/json").body,
		`"phase":"pending","phase_since":"2026-01-05T07:04:32Z","alarm_due":"2026-01-05T07:06:32Z"`, `"phase":"quiet"`)
	wants(t, "what fires", one(t, r.get("/site/mpp-gresik?lang=en").body, "article#zone-ruang-tunggu"), "Breached", "-alert in")

	f.change("mpp-bojonegoro", func(v *rules.View) {
		verdictOf(v, rules.SubjectZone, "loket").AlarmDue = ago(time.Second)
	})
	wants(t, "an alert that is due", one(t, r.get("/site/mpp-bojonegoro?lang=en").body, "article#zone-loket"), "for 40 s; alert due")

	f.change("mpp-bojonegoro", func(v *rules.View) {
		w := verdictOf(v, rules.SubjectZone, "loket")
		w.Verdict, w.Near, w.Explanation.Reason = rules.Unknown, true, rules.ReasonNear
	})
	wants(t, "an alert that waits for certainty", one(t, r.get("/site/mpp-bojonegoro?lang=en").body, "article#zone-loket"), "alert as soon as it is breached for certain", "-alert due")
}

// Finding R15: a zone that nothing counts was ?, Wait, Unknown and "0 in, 0 out".
func TestR15WhatNobodyCountsIsNotJudged(t *testing.T) {
	f := newFleet()
	r := start(t, f, nil)
	site := r.get("/site/mpp-magetan").body
	wants(t, "a zone with nothing", one(t, site, "article#zone-ruang-bermain"), "not counted", "today–", "-?", "-Wait", "-Unknown", "-OK", "-0 in", "-No counter")
	wants(t, "a zone with a sensor for its air", one(t, site, "article#zone-musala"), "not counted", "OK", "CO₂611 ppm", "-?", "-Wait", "-0 in")
	if got := class(t, site, "article#zone-ruang-bermain"); got != "zone unjudged" {
		t.Errorf("a zone with nothing: got class %q, want no verdict's colour", got)
	}
	if n := len(find(t, one2(t, site, "article#zone-ruang-bermain"), "span.chip")); n != 0 {
		t.Errorf("a zone with nothing: got %d chips, want none", n)
	}
	doors := one(t, site, "section#site-doors")
	wants(t, "a door that nothing counts", doors, "Pintu barangoutside → Loket layanan–––––", "-Unknown", "-never")
	wants(t, "its zone page", one(t, r.get("/site/mpp-magetan/zone/ruang-bermain").body, "section#zone-now"), "not counted", "-?", "-Wait", "-Unknown")

	sign := one(t, r.get("/sign/mpp-magetan/musala").body, "div#sign")
	wants(t, "its sign", sign, "Musala", "Jaga jarak", "Keep your distance", "-tunggu", "-wait", "-Masuk", "-staff", "-Open")
	f.change("mpp-magetan", func(v *rules.View) { v.Zones[3].Limit, v.Zones[3].HasLimit = 24, true })
	wants(t, "its sign with a limit", one(t, r.get("/sign/mpp-magetan/musala").body, "div#sign"), "Paling banyak 24 orang", "At most 24 people")
	wants(t, "its card with a limit", one(t, r.get("/site/mpp-magetan").body, "article#zone-musala"), "not counted · limit 24", "-/ 24")

	api := r.get("/api/v1/sites/mpp-magetan/zones", "Accept", "application/json").body
	wants(t, "the API", api, `{"id":"ruang-bermain","name":"Ruang bermain anak","persons":{"counted":false,"known":false},"near":false,"readings":[]}`)
	wants(t, "the API's doors", r.get("/api/v1/sites/mpp-magetan/doors", "Accept", "application/json").body, `{"id":"barang","name":"Pintu barang","from":"outside","to":"loket","counters":[]}`)

	f.change("mpp-magetan", func(v *rules.View) { v.Persons = rules.Estimate{Reason: rules.ReasonNoData} })
	wants(t, "a building that nothing counts", one(t, r.get("/site/mpp-magetan").body, "section#site-head"), "not counted", "-?", "-No counter")
	wants(t, "its row", one(t, r.get("/").body, "div#site-mpp-magetan"), "not counted", "-?")
	wants(t, "a blind zone still", one(t, r.get("/site/mpp-tabalong").body, "article#zone-loket"), "?", "Wait", "Unknown")
}

// one2 is the only element that matches, as a page of its own.
func one2(t *testing.T, page, selector string) string {
	t.Helper()
	var b strings.Builder
	if err := html.Render(&b, find(t, page, selector)[0]); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Finding R18: ids of rules stood as titles, a limit without its condition, and no way to compute it again.
func TestR18TextsOnThePages(t *testing.T) {
	f := newFleet()
	r := start(t, f, nil)
	for lang, want := range map[string][]string{
		"en": {"CO₂, first limit", "Measured 611 ppm; at most 1000 ppm is allowed.", "People inside after hours", "Breached when: not open and people inside > error + 5.", "Now: open yes, people inside 12, error 0.8.",
			"200 seats 0.6 m apart, 1.2 m required: 1 in 2 usable, level 50 %", "60.5 m² less 12 m² of furniture, 1 m² a person, level 50 %"},
		"id": {"CO₂, batas perhatian", "Terukur 611 ppm; paling tinggi 1000 ppm.", "Orang di dalam di luar jam buka", "Dilanggar bila: tidak buka dan orang di dalam > galat + 5.", "Kini: buka ya, orang di dalam 12, galat 0,8.",
			"200 kursi berjarak 0,6 m, wajib 1,2 m: 1 dari 2 dipakai, level 50 %"},
	} {
		checks := one(t, r.get("/site/mpp-magetan?lang="+lang).body, "section#site-checks")
		wants(t, "the checks in "+lang, checks, append(want, "-co2-perhatian", "-di-luar-jam", "-kapasitas")...)
	}
	f.change("mpp-magetan", func(v *rules.View) {
		w := &v.Verdicts[0]
		w.Title = nil
	})
	wants(t, "a rule without a title", one(t, r.get("/site/mpp-magetan?lang=en").body, "section#site-checks"), "CO₂ · Musala", "-co2-perhatian")
	f.change("mpp-magetan", func(v *rules.View) { v.Verdicts[0].Explanation.Evidence = nil })
	wants(t, "one that measures nothing", one(t, r.get("/site/mpp-magetan?lang=en").body, "section#site-checks"), "Rule of the house · Musala", "-co2-perhatian")
}

// Finding R19: the history showed the value that ended an alert.
func TestR19HistoryShowsWhatRaisedAnAlert(t *testing.T) {
	r := start(t, newFleet(), nil)
	wants(t, "the page", r.get("/alerts?lang=en").body, "Measured 38.1 ± 0.3 °C; at most 37.3 °C is allowed. At worst 38.6 °C, at the end 36.4 °C.")
	wants(t, "the page", r.get("/alerts?lang=id").body, "Terukur 38,1 ± 0,3 °C; paling tinggi 37,3 °C. Terburuk 38,6 °C, terakhir 36,4 °C.")
	wants(t, "the API", r.get("/api/v1/alerts/history?site=mpp-magetan", "Accept", "application/json").body,
		`"raised":{"value":38.1,"unit":"Cel"},"worst":{"value":38.6,"unit":"Cel"}`, `"title":"High body temperature: Termometer pintu utama, MPP Kabupaten Magetan"`)
}

// english are words that no Indonesian sentence has.
var english = regexp.MustCompile(`(?i)\b(the|of|is|are|was|not|and|with|people|limit|last|since|ago|open|closed|breached|unknown|within|measured|today|wait|enter|expected|required|allowed|missing|inside|door|seats)\b`)

// Finding R18: English words stood on Indonesian pages. What is not ours to translate (an error of a service, the detail of a
// rejection, a name of somebody's own) says its language, or is code.
func TestR18NoEnglishOnIndonesianPages(t *testing.T) {
	f := newFleet()
	f.entries = append(f.entries, telemetry.Record{Seq: 7, Kind: telemetry.KindEntry, Site: "mpp-pamekasan", At: ago(time.Hour), Entry: &telemetry.Entry{
		ID: otherUUID, Kind: telemetry.EntryCorrection, Author: "satpam", Claimed: true, Reason: "rombongan", Subject: "ruang-tunggu", Value: 4}})
	// Every reason, on every kind of subject.
	reasons := []rules.Reason{rules.ReasonNoData, rules.ReasonSilent, rules.ReasonNear, rules.ReasonNegative, rules.ReasonImplausible, rules.ReasonNoLimit, rules.ReasonClosed,
		rules.ReasonPending, rules.ReasonOverdue, rules.ReasonMissed, rules.ReasonNotInForce, rules.ReasonGap, rules.ReasonUncounted, rules.ReasonUnlistened, rules.ReasonNoLevel}
	f.change("mpp-sumenep", func(v *rules.View) {
		base := v.Verdicts
		for _, reason := range reasons {
			for _, w := range base {
				w.Verdict, w.Explanation.Reason, w.Explanation.HasValue = rules.Unknown, reason, false
				v.Verdicts = append(v.Verdicts, w)
			}
		}
	})
	r := start(t, f, nil)
	for i, reason := range append(reasons, "never-seen") {
		f.change("mpp-sumenep", func(v *rules.View) {
			v.Zones[i%2].Persons = rules.Estimate{Measured: true, Reason: reason}
		})
		indonesian(t, r, "/site/mpp-sumenep")
	}
	for _, path := range []string{"/", "/site/mpp-gresik", "/site/mpp-pamekasan", "/site/mpp-tabalong", "/site/mpp-banjar", "/site/mpp-belu", "/site/mpp-bojonegoro",
		"/site/mpp-pamekasan/zone/ruang-tunggu", "/site/mpp-pamekasan/zone/ruang-tunggu?day=2026-01-04", "/site/mpp-magetan/zone/musala", "/alerts", "/rejections", "/devices", "/status", "/nothing"} {
		indonesian(t, r, path)
	}
}

func indonesian(t *testing.T, r *running, path string) {
	t.Helper()
	sep := "?"
	if strings.Contains(path, "?") {
		sep = "&"
	}
	doc, err := html.Parse(strings.NewReader(r.get(path + sep + "lang=id").body))
	if err != nil {
		t.Fatal(err)
	}
	var look func(n *html.Node)
	look = func(n *html.Node) {
		if n.Type == html.ElementNode && (slices.Contains([]string{"script", "style", "code", "pre"}, n.Data) || attr(n, "lang") == "en" && n.Data != "a") {
			return
		}
		texts := []string{}
		if n.Type == html.TextNode {
			texts = append(texts, n.Data)
		}
		for _, name := range []string{"aria-label", "title", "placeholder", "alt"} {
			if v := attr(n, name); v != "" && !(name == "title" && attr(n, "hreflang") != "") {
				texts = append(texts, v)
			}
		}
		for _, s := range texts {
			if word := english.FindString(s); word != "" {
				t.Errorf("%s: %q has the English word %q", path, strings.Join(strings.Fields(s), " "), word)
			}
		}
		for c := range n.ChildNodes() {
			look(c)
		}
	}
	look(doc)
}

// A total over buildings says how sure it is: buildings err independently of each other ("295 ± 609 people").
func TestR14TheTotalIsAsSureAsItIs(t *testing.T) {
	f := newFleet()
	for _, v := range f.Views() {
		f.change(v.Site, func(v *rules.View) {
			v.Persons = rules.Estimate{Persons: 30, Error: 3, Low: 27, High: 33, Known: true, Measured: true}
		})
	}
	r := start(t, f, nil)
	// Ten times ± 3 is ± 9.5, not ± 30.
	wants(t, "the summary", one(t, r.get("/").body, "section#summary"), "300 (291–309) people counted in 10 of 10 buildings", "-±")
}

// What was learned about a counter stands at its door, with what it was learned from.
func TestR14WhatWasLearnedAboutACounter(t *testing.T) {
	r := start(t, newFleet(), nil)
	wants(t, "the doors", one(t, r.get("/site/mpp-magetan?lang=en").body, "section#site-doors"),
		"Penghitung pintu utama misses 0.3 ± 0.2 in 100 passages (both ways) more going in than going out.", "from 2 closings", "yesterday 22:05: the whole zone off by -2, expected +2 ± 9; 488 passages at this counter",
		"Penghitung pintu samping misses 4.1 ± 0.8 in 100 passages (both ways) more going out than going in. More than its accuracy allows, since yesterday 08:05.")
	wants(t, "the doors", one(t, r.get("/site/mpp-magetan?lang=id").body, "section#site-doors"), "melewatkan 0,3 ± 0,2 dari 100 lewatan (kedua arah) lebih banyak saat masuk daripada keluar.",
		"melewatkan 4,1 ± 0,8 dari 100 lewatan (kedua arah) lebih banyak saat keluar daripada masuk.", "-misses")
	wants(t, "the API", r.get("/api/v1/sites/mpp-magetan/doors", "Accept", "application/json").body, `"device":"hitung-utama","drift_per_100":0.34`, `"residual":-2`)
}

// A zone's page lives: what changes is sent alone, and the form beside it is left as it is.
func TestTheZonePageLives(t *testing.T) {
	f := newFleet()
	r := start(t, f, nil)
	ch := r.events("/live/site/mpp-pamekasan/zone/ruang-tunggu?lang=en")
	wants(t, "first", next(t, ch), `id="zone-now"`, `id="zone-checks"`, "47–53", "-<form")
	f.change("mpp-pamekasan", func(v *rules.View) { v.Zones[0].Persons = estimate(44, 1) })
	wants(t, "then", next(t, ch), `hx-target="#zone-now"`, "43–45", "-<form")
	if got := r.status("GET", "/live/site/mpp-pamekasan/zone/nowhere"); got != 404 {
		t.Errorf("a zone that is not there: got %d, want 404", got)
	}
}
