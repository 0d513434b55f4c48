package web

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// TestErrorPagesSayWhatWasWrong: an address or a form that means nothing is answered in the reader's language, with what was wrong, what is
// expected and a way on, and with nothing of the machinery.
func TestErrorPagesSayWhatWasWrong(t *testing.T) {
	r := start(t, newFleet(), func(o *Options) { o.Readings, o.Histories, o.Rehearsals = shelved(), aWeek(t), aTrial() })
	machinery := regexp.MustCompile(`(?i)goroutine|\.go:\d|panic|parsing|strconv|invalid |cannot unmarshal|\[[a-z_]+\.[a-z_]+\]|%!`)
	for _, tc := range []struct {
		method, path string
		want         int
		id, en       string
		way          string // an address that the page leads to
	}{
		{"GET", "/nothing", 404, "Tidak ada apa-apa", "There is nothing", "/"},
		{"GET", "/site/mpp-gresik/zone/nowhere", 404, "Tidak ada apa-apa", "There is nothing", "/site/mpp-gresik"},
		{"GET", "/alert/gone", 404, "Tidak ada apa-apa", "There is nothing", "/alerts"},
		{"DELETE", "/alerts", 405, "hanya menerima kiriman", "only takes what a page sends", "/"},
		{"GET", "/alert/a1/acknowledge", 405, "hanya menerima kiriman", "only takes what a page sends", "/alert/a1"},
		{"GET", "/site/mpp-gresik/zone/loket/count", 405, "hanya menerima kiriman", "only takes what a page sends", "/site/mpp-gresik/zone/loket"},
		{"GET", "/alerts?day=kemarin", 400, "“day” berisi “kemarin”", "“day” is “kemarin”, which means nothing here. Expected: a day", "/alerts"},
		{"GET", "/alerts?day=2026-01-04&at=25:00", 400, "“at” berisi “25:00”", "“at” is “25:00”", "/alerts"},
		{"GET", "/site/mpp-gresik/history?by=decade", 400, "“by” berisi “decade”", "Expected: hour, day, week, month or year", "/site/mpp-gresik/history"},
		{"GET", "/site/mpp-gresik/history?by=hour&hour=7pm", 400, "“hour” berisi “7pm”", "Expected: an hour", "/site/mpp-gresik/history"},
		{"GET", "/site/mpp-gresik/history?on=2999-01-01", 400, "“on” berisi “2999-01-01”", "a day that has begun", "/site/mpp-gresik/history"},
		{"GET", "/site/mpp-gresik/history?with=x", 400, "“with” berisi “x”", "“with” is “x”", "/site/mpp-gresik/history"},
		{"GET", "/site/mpp-gresik/zone/loket?day=x", 400, "“day” berisi “x”", "“day” is “x”", "/site/mpp-gresik/zone/loket"},
		{"GET", "/site/mpp-gresik/compliance?to=x", 400, "“to” berisi “x”", "“to” is “x”", "/site/mpp-gresik/compliance"},
		{"GET", "/site/mpp-gresik/compliance?known=x", 400, "“known” berisi “x”", "Expected: now, then", "/site/mpp-gresik/compliance"},
		{"GET", "/readings?site=mpp-gresik&quantity=luck", 400, "“quantity” berisi “luck”", "one of the quantities", "/readings"},
		{"GET", "/readings?site=mpp-gresik&from=x", 400, "“from” berisi “x”", "a date and a time", "/readings"},
		{"GET", "/readings?site=mpp-gresik&from=2026-01-05T09:00&until=2026-01-05T08:00", 400, "mendahului akhirnya", "before the end", "/readings"},
		{"GET", "/ranking?from=x", 400, "“from” berisi “x”", "“from” is “x”, which means nothing here. Expected: a day", "/ranking"},
		{"GET", "/ranking?on=x", 400, "“on” berisi “x”", "“on” is “x”", "/ranking"},
		{"GET", "/ranking?by=decade", 400, "“by” berisi “decade”", "“by” is “decade”", "/ranking"},
		{"GET", "/ranking?group=best", 400, "“group” berisi “best”", "“group” is “best”", "/ranking"},
		{"GET", "/ranking?from=2026-01-05&to=2026-01-01", 400, "mendahului akhirnya", "before the end", "/ranking"},
		{"GET", "/ranking?from=2020-01-01&to=2026-01-01", 400, "400 hari", "400 days", "/ranking"},
		{"GET", "/ranking?from=2026-02-01&to=2026-02-03", 400, "hari yang sudah dimulai", "a day that has begun", "/ranking"},
		{"GET", "/map?box=5,5,1,1", 400, "“box” berisi “5,5,1,1”", "“box” is “5,5,1,1”", "/map"},
		{"GET", "/site/mpp-gresik/tasks/paper?day=x", 400, "“day” berisi “x”", "“day” is “x”", "/site/mpp-gresik/tasks/paper"},
		{"GET", "/alerts?day=%3Cscript%3E", 400, "“&lt;script&gt;”", "“&lt;script&gt;”", "/alerts"},
		{"GET", "/alerts?site=a&site=b", 400, "ada dua kali", "in it twice", "/alerts"},
	} {
		for lang, want := range map[string]string{"id": tc.id, "en": tc.en} {
			a := r.do(tc.method, tc.path, "", "Accept", "text/html", "Accept-Language", lang)
			page := one(t, a.body, "section.message")
			if a.StatusCode != tc.want || !strings.Contains(a.body, want) && !strings.Contains(page, want) {
				t.Errorf("%s %s in %s: got %d %q, want %d with %q", tc.method, tc.path, lang, a.StatusCode, page, tc.want, want)
			}
			if m := machinery.FindString(page); m != "" {
				t.Errorf("%s %s in %s: it shows machinery: %q in %q", tc.method, tc.path, lang, m, page)
			}
			if !strings.Contains(a.body, `<a href="`+tc.way+`">`) {
				t.Errorf("%s %s in %s: no way to %s: %s", tc.method, tc.path, lang, tc.way, page)
			}
			if tc.want == http.StatusMethodNotAllowed && a.Header.Get("Allow") == "" {
				t.Errorf("%s %s: no Allow", tc.method, tc.path)
			}
		}
	}
	a := r.do("POST", "/site/mpp-gresik/zone/loket/count", "reason="+strings.Repeat("x", maxForm), "Accept", "text/html", "Accept-Language", "id")
	if a.StatusCode != http.StatusRequestEntityTooLarge || !strings.Contains(a.body, "terlalu besar") {
		t.Errorf("a form that is too large: got %d %.100q, want 413 in words", a.StatusCode, one(t, a.body, "section.message"))
	}
	if a := r.do("POST", "/api/v1/alerts/a1/acknowledge", "{}", "Sec-Fetch-Site", "cross-site", "Accept-Language", "id"); a.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("the API to a page from elsewhere: got %d as %s, want a problem document", a.StatusCode, a.Header.Get("Content-Type"))
	}
}

// TestWithoutScriptsPeopleReadAndAcknowledge opens pages in a browser that runs none, as some guards' phones do.
func TestWithoutScriptsPeopleReadAndAcknowledge(t *testing.T) {
	f := newFleet()
	r := start(t, f, nil)
	ctx := browser(t)
	read := func(path, want string) {
		t.Helper()
		if err := chromedp.Do(ctx, chromedp.Navigate(r.url+path)); err != nil {
			t.Fatal(err)
		}
		seen, err := chromedp.Run(ctx, chromedp.Text(chromedp.CSS("body")))
		if err != nil || !strings.Contains(seen, want) {
			t.Errorf("%s without scripts: got %.300q (%v), want %q in it", path, seen, err, want)
		}
	}
	err := chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	}))
	if err != nil {
		t.Fatal(err)
	}
	read("/?lang=en", "MPP Kabupaten Gresik")
	read("/site/mpp-gresik", "Ruang tunggu")
	read("/site/mpp-gresik/zone/ruang-tunggu", "58")
	read("/site/mpp-gresik/zone/loket/history?by=week&on=2025-12-30", "Peak")
	read("/sign/mpp-gresik/ruang-tunggu", "Penuh")
	if err := chromedp.Do(ctx, chromedp.Navigate(r.url+"/alert/a1"), chromedp.Click(chromedp.CSS("form button.large")), chromedp.WaitReady(chromedp.CSS("p.saved"))); err != nil {
		t.Fatalf("acknowledging without scripts: %v", err)
	}
	if n := len(f.entries); n != 1 || f.entries[0].Entry.Kind != telemetry.EntryAcknowledge || f.entries[0].Entry.Subject != "a1" {
		t.Errorf("acknowledged: got %d entries, want one about a1", n)
	}
	read("/alert/a1", "somebody unnamed is on it until 14:35")
}

// TestAFormThatIsTooLarge is told so, whatever form it is.
func TestAFormThatIsTooLarge(t *testing.T) {
	r := staffed(t, newFleet(), nil)
	for _, path := range []string{
		"/site/mpp-gresik/phones", "/site/mpp-gresik/phones/end", "/site/mpp-gresik/note", "/site/mpp-gresik/tasks/photo/erase", "/pin", "/phone", "/account/pin", "/account/second/confirm", "/people",
	} {
		if got := r.do("POST", path, "x="+strings.Repeat("x", maxForm), "Content-Type", "application/x-www-form-urlencoded").StatusCode; got != http.StatusRequestEntityTooLarge {
			t.Errorf("%s: got %d, want 413", path, got)
		}
	}
	if got := r.do("POST", "/site/mpp-gresik"+typedPath, "x="+strings.Repeat("x", maxTyped), "Content-Type", "application/x-www-form-urlencoded").StatusCode; got != http.StatusRequestEntityTooLarge {
		t.Errorf("a paper form: got %d, want 413", got)
	}
}
