package web

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/testengine"
)

// spy is what a page must never do: it runs before everything else in each document.
const spy = `window.faults = [];
document.addEventListener('securitypolicyviolation', e => faults.push('CSP ' + e.violatedDirective + ' ' + e.blockedURI + ' ' + e.sample));
addEventListener('error', e => faults.push('error ' + (e.message || (e.target && (e.target.src || e.target.href)))), true);
addEventListener('unhandledrejection', e => faults.push('rejection ' + e.reason));
window.alert = x => faults.push('alert ' + x);
window.pwned = () => faults.push('pwned');`

// browser opens a tab in which every page is spied upon.
func browser(t *testing.T) context.Context {
	t.Helper()
	ctx := testengine.Chromium(t)
	err := chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: spy})
		return err
	}))
	if err != nil {
		t.Fatalf("installing the spy: %v", err)
	}
	return ctx
}

// faults are what the spy saw on the present page.
func faults(ctx context.Context, t *testing.T) []string {
	t.Helper()
	seen, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](`window.faults`))
	if err != nil {
		t.Fatalf("asking the spy: %v", err)
	}
	return seen
}

// isLive waits until the page has heard from its stream.
func isLive() chromedp.Action[chromedp.Void] {
	return chromedp.WaitReady(chromedp.CSS(`html[data-state="live"]`))
}

// TestEveryPageInEveryLook opens all pages on desktop and phone, light and dark, in both languages: nothing may be blocked by
// the security policy, fail in a script or scroll sideways. With GERBANG_SCREENSHOTS=folder the pictures are kept for
// somebody to judge them.
func TestEveryPageInEveryLook(t *testing.T) {
	f := newFleet()
	f.past = append(f.past, answered())
	f.open[2].Silenced = &alerts.Silencing{Entry: "s1", By: "kepala MPP", Reason: "teknisi datang besok", At: ago(time.Minute), Until: in(4 * time.Hour)}
	atHome(f)
	r := start(t, f, func(o *Options) {
		o.Plans = somePlans{"mpp-gresik": drawnMall(t), "mpp-tabalong": drawnMall(t), "mpp-pamekasan": drawnMall(t)}
		o.Ear, o.Readings, o.Refused, o.Histories, o.Rehearsals = &fakeEar{}, shelved(), shelved(), aWeek(t), aTrial()
	})
	hearing := &fakeEar{}
	hearing.Listen()
	heard := start(t, f, func(o *Options) { o.Ear, o.Strangers = hearing, someStrangers{} })
	crowd := start(t, inProvinces(manyMalls(120), 14), nil)
	secret := start(t, f, func(o *Options) { o.Token = testToken })
	ctx := browser(t)
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
		{"/site/mpp-gresik/level", nil}, {"/site/mpp-gresik/level/rehearsal?level=3", nil}, {"/site/mpp-magetan/maintenance", nil}, {"/site/mpp-magetan", isLive()}, {"/alerts", nil},
		{"/alerts?day=2025-12-31", nil}, {"/alert/pstory", nil}, {"/site/mpp-gresik/zone/loket/history?by=day&on=2025-12-31&with=2025-12-30", nil}, {"/site/mpp-gresik/zone/loket/history?by=week&on=2025-12-30", nil},
		{"/site/mpp-gresik/zone/loket/history?by=month&on=2025-12-30", nil}, {"/site/mpp-gresik/history?by=year&on=2025-12-30", nil}, {"/site/mpp-gresik/zone/loket/history?by=hour&on=2025-12-31&hour=10", nil}, {"/alert/a1", nil}, {"/alert/a3", nil}, {"/rejections", nil}, {"/devices", nil}, {"/readings?site=mpp-gresik", nil}, {"/refused", nil},
		{"/site/mpp-gresik/compliance?day=2026-01-02&rule=kapasitas", nil}, {"/site/mpp-gresik/compliance?to=2025-12-31", nil}, {"/status", nil}, {"/nothing", nil}, {"/login", nil},
	}
	looks := 0
	for _, phone := range []bool{false, true} {
		for _, dark := range []bool{false, true} {
			for _, lang := range []string{"id", "en"} {
				view := testengine.Desktop
				if phone {
					view = testengine.Phone
				}
				view.Dark, view.Language = dark, lang
				looks++
				for i, p := range pages {
					if testengine.Racing && (i+looks)%4 != 0 {
						continue // each page in two of the eight, each look on a quarter of the pages
					}
					base := r.url
					if p.path == "/login" {
						base = secret.url
					}
					if strings.Contains(p.path, "page=2") {
						base = crowd.url
					}
					if p.path == "/devices" {
						base = heard.url
					}
					view.WholePage = len(p.path) < 5 || p.path[:5] != "/sign"
					var steps []chromedp.Action[chromedp.Void]
					if p.ready != nil {
						steps = append(steps, p.ready)
					}
					testengine.Screenshot(ctx, t, base+p.path, view, steps...)
					for _, x := range faults(ctx, t) {
						t.Errorf("%s as %s: %s", p.path, view, x)
					}
					over, err := chromedp.Run(ctx, chromedp.Evaluate[float64](`document.documentElement.scrollWidth - document.documentElement.clientWidth`))
					if err != nil {
						t.Fatal(err)
					}
					if over > 0 {
						t.Errorf("%s as %s scrolls sideways by %v px", p.path, view, over)
					}
				}
			}
		}
	}
}
