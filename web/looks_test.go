package web

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/gerbang-iot/gerbang/alerts"
)

// isLive waits until the page has heard from its stream.
func isLive() chromedp.Action[chromedp.Void] {
	return chromedp.WaitReady(chromedp.CSS(`html[data-state="live"]`))
}

// isAsked sends the form of the limits' page and waits for what it shows before it is confirmed.
func isAsked() chromedp.Action[chromedp.Void] {
	return chromedp.Steps(chromedp.SetValue(chromedp.CSS(`[name="reason"]`), "kursi dikurangi"), chromedp.SetValue(chromedp.CSS(`[name="author"]`), "Rina"),
		chromedp.Click(chromedp.CSS(`button[value="look"]`)), chromedp.WaitReady(chromedp.CSS("table.diff")))
}

// TestEveryPageInEveryLook opens all pages on desktop and phone, light and dark, in both languages; what they are asked, lookAt says. With
// GERBANG_SCREENSHOTS=folder the pictures are kept for somebody to judge them.
func TestEveryPageInEveryLook(t *testing.T) {
	lookAt(t, everyPage(t))
}

// everyPage is every page, in each state that looks different: a new page is a line here. TestNoPageIsForgotten asks for it.
func everyPage(t *testing.T) []sight {
	t.Helper()
	f := newFleet()
	f.past = append(f.past, answered())
	f.open[2].Silenced = &alerts.Silencing{Entry: "s1", By: "kepala MPP", Reason: "teknisi datang besok", At: ago(time.Minute), Until: in(4 * time.Hour)}
	f.open = append(f.open, drilled("mpp-gresik"))
	atHome(f)
	r := start(t, f, func(o *Options) {
		o.Plans = somePlans{"mpp-gresik": drawnMall(t), "mpp-tabalong": drawnMall(t), "mpp-pamekasan": drawnMall(t)}
		o.Ear, o.Readings, o.Refused, o.Histories, o.Rehearsals = &fakeEar{}, shelved(), shelved(), aWeek(t), aTrial()
		o.Reach, o.Limits, o.SiteFiles, o.Trials = &fakeReach{}, someLimits(), newSiteFiles(), someTrials{}
		o.Evidence = &somePacks{}
	})
	busyDay(f)
	f.entries = append(f.entries, aChange("mpp-gresik"), handedOver("mpp-gresik"))
	hearing := &fakeEar{}
	hearing.Listen()
	heard := start(t, f, func(o *Options) {
		o.Ear, o.Strangers, o.SiteFiles, o.Trials = hearing, someStrangers{}, newSiteFiles(), someTrials{}
	})
	wrong := start(t, f, func(o *Options) {
		files := newSiteFiles()
		files.wrong = []FileProblem{{"mpp-gresik.yaml", 6, 52, `zone "ruang" does not exist, did you mean "ruang-tunggu"?`}}
		o.Trials, o.SiteFiles = someTrials{}, files
	})
	device := url.Values{"device": {"udara-loket"}, "name": {"Udara: loket"}, "model": {"zigbee2mqtt"}, "address": {"0x00158d0001a2b3c4"}, "place": {"zone:ruang-tunggu"}, "measures": {"temperature, humidity"}, "channel": {"probe 1"}, "channel_place": {"door:utama"}}
	answers := answering(t, heard.url, map[string]sentForm{
		"/answered/correction": {r.url + "/site/mpp-gresik/zone/ruang-tunggu/correction", url.Values{"id": {someUUID}, "value": {"-3"}, "author": {"Rina"}, "reason": {"rombongan keluar lewat gudang"}, "step": {"look"}}},
		"/answered/try":        {heard.url + "/devices/try", url.Values{"topic": {"zigbee2mqtt/0x00158d0001a2b3c4"}, "payload": {`{"temperature": 26.7, "humidity": 140}`}}},
		"/answered/add":        {heard.url + "/devices/add?site=mpp-gresik", device},
		"/answered/wrong":      {wrong.url + "/devices/add?site=mpp-gresik", device},
	})
	crowd := start(t, inProvinces(manyMalls(120), 14), nil)
	secret := start(t, f, func(o *Options) { o.Token = testToken })
	drawn := chromedp.WaitReady(chromedp.CSS("#chart[data-drawn]"))
	pages := []struct {
		path  string
		ready chromedp.Action[chromedp.Void]
	}{
		{"/", isLive()}, {"/?page=2&show=within", isLive()}, {"/map", isLive()}, {"/map?page=2", isLive()}, {"/ranking", nil}, {"/ranking?group=failed&by=week", nil}, {"/site/mpp-gresik", isLive()}, {"/site/mpp-tabalong", isLive()}, {"/site/mpp-pamekasan", isLive()},
		{"/site/mpp-belu", isLive()}, {"/site/mpp-banjar", isLive()},
		{"/sign/mpp-gresik/ruang-tunggu", isLive()}, {"/sign/mpp-magetan/ruang-tunggu", isLive()}, {"/sign/mpp-tabalong/ruang-tunggu", isLive()}, {"/sign/mpp-belu/loket", isLive()},
		{"/site/mpp-gresik/zone/ruang-tunggu", drawn}, {"/site/mpp-pamekasan/zone/ruang-tunggu", drawn}, {"/site/mpp-magetan/zone/musala", isLive()}, {"/site/mpp-gresik/task/lap-gagang", nil}, {"/site/mpp-gresik/do", chromedp.WaitReady(chromedp.CSS("#shift[data-ready]"))}, {"/site/mpp-gresik/do/lap-gagang", chromedp.WaitReady(chromedp.CSS("#shift[data-ready]"))}, {"/site/mpp-gresik/tasks/codes", nil}, {"/site/mpp-gresik/phones", nil}, {"/site/mpp-gresik/tasks/paper", nil}, {"/site/mpp-gresik/tasks/typed", nil},
		{"/site/mpp-gresik/zone/ruang-tunggu/what-if?spacing_m=1.5&people=44", nil}, {"/site/mpp-gresik/what-if?share_pct=25", nil},
		{"/site/mpp-sumenep", isLive()}, {"/site/mpp-sumenep/zone/ruang-tunggu", drawn}, {"/sign/mpp-sumenep/ruang-tunggu", isLive()},
		{"/site/mpp-bojonegoro", isLive()}, {"/sign/mpp-pamekasan/ruang-tunggu", isLive()}, {"/sign/mpp-magetan/musala", isLive()},
		{"/site/mpp-gresik/displays", nil}, {"/site/mpp-gresik/evidence?from=2025-12-29&to=2025-12-31", nil}, {"/site/mpp-gresik/level", nil}, {"/site/mpp-gresik/level/rehearsal?level=3", nil}, {"/site/mpp-gresik/limits", nil}, {"/site/mpp-gresik/limits?limit=zone:ruang-tunggu:capacity", nil}, {"/site/mpp-gresik/limits?limit=zone:ruang-tunggu:capacity&value=70", isAsked()}, {"/site/mpp-magetan/maintenance", nil}, {"/site/mpp-magetan", isLive()}, {"/alerts", nil},
		{"/watch", isLive()}, {"/handover?site=mpp-gresik", nil}, {"/alerts?site=mpp-gresik", nil}, {"/answered/correction", nil}, {"/reach", nil}, {"/reach?site=mpp-gresik", nil}, {"/alert/drill1", nil}, {"/alerts?day=2025-12-31", nil}, {"/alert/pstory", nil}, {"/site/mpp-gresik/zone/loket/history?by=day&on=2025-12-31&with=2025-12-30", nil}, {"/site/mpp-gresik/zone/loket/history?by=week&on=2025-12-30", nil},
		{"/site/mpp-gresik/zone/loket/history?by=month&on=2025-12-30", nil}, {"/site/mpp-gresik/history?by=year&on=2025-12-30", nil}, {"/site/mpp-gresik/zone/loket/history?by=hour&on=2025-12-31&hour=10", nil}, {"/alert/a1", nil}, {"/alert/a3", nil}, {"/rejections", nil}, {"/devices", nil}, {"/devices/try", nil}, {"/devices/add", nil}, {"/answered/try", nil}, {"/answered/add", nil}, {"/answered/wrong", nil}, {"/devices/add?site=mpp-gresik&model=zigbee2mqtt&address=0x00158d0001a2b3c4", nil}, {"/devices/replace?site=mpp-gresik&device=hitung-utama", nil}, {"/site/mpp-gresik/devices", nil}, {"/readings?site=mpp-gresik", nil}, {"/refused", nil},
		{"/site/mpp-gresik/compliance?day=2026-01-02&rule=kapasitas", nil}, {"/site/mpp-gresik/compliance?to=2025-12-31", nil}, {"/status", nil}, {"/nothing", nil}, {"/login", nil},
	}
	var all []sight
	for _, p := range pages {
		base := r.url
		if p.path == "/login" {
			base = secret.url
		}
		if strings.Contains(p.path, "page=2") {
			base = crowd.url
		}
		if strings.HasPrefix(p.path, "/devices") {
			base = heard.url
		}
		if strings.HasPrefix(p.path, "/answered") {
			base = answers.URL
		}
		all = append(all, sight{base + p.path, p.ready})
	}
	return all
}

// sentForm is a form with where it goes.
type sentForm struct {
	to   string
	form url.Values
}

// answering serves pages that answer forms at addresses of their own, and all else from a server: so what is only seen after a form was sent is
// looked at like any page.
func answering(t *testing.T, behind string, forms map[string]sentForm) *httptest.Server {
	t.Helper()
	to, err := url.Parse(behind)
	if err != nil {
		t.Fatal(err)
	}
	rest := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, ok := forms[r.URL.Path]
		if !ok {
			rest.ServeHTTP(w, r)
			return
		}
		req, err := http.NewRequestWithContext(r.Context(), http.MethodPost, f.to, strings.NewReader(f.form.Encode()))
		if err != nil {
			t.Error(err)
			return
		}
		lang := r.Header.Get("Accept-Language")
		if asked := r.URL.Query().Get("lang"); asked != "" {
			lang = asked
		}
		req.Header = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"text/html"}, "Accept-Language": {lang}}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Error(err)
			return
		}
		defer res.Body.Close()
		w.Header().Set("Content-Type", res.Header.Get("Content-Type"))
		w.Header().Set("Content-Security-Policy", res.Header.Get("Content-Security-Policy"))
		_, _ = io.Copy(w, res.Body)
	}))
	t.Cleanup(srv.Close)
	return srv
}
