package web

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// payloads are names that somebody could give to a device, or a device to itself.
var payloads = []string{
	`<script>pwned()</script>`,
	`<img src=x onerror=pwned()>`,
	`"><svg onload=pwned()>`,
	`'-pwned()-'`,
	`" autofocus onfocus="pwned()`,
	`javascript:pwned()`,
	`</title><script>pwned()</script>`,
	`</textarea></pre><script>pwned()</script>`,
	`<hx-partial hx-target="body"><img src=x onerror=pwned()></hx-partial>`,
	`<div hx-get="/status" hx-trigger="load" hx-on:htmx:after:init="pwned()">`,
	`<template hx type="partial" hx-target="body">gone</template>`,
	"a\r\revent: beat\rdata: another-version\r\r",
	"a\n\ndata: <script>pwned()</script>\n\n",
	`{{.}}${pwned()}#{pwned()}`,
	`<style>*{display:none}</style><base href=//evil.example>`,
	"\u202eevil\u2066",
	`<meta http-equiv=refresh content="0;url=//evil.example">`,
	"<\x00script>pwned()</script>",
}

// poison puts a payload into every text that is not ours.
func poison(f *fleet, site, evil string) {
	f.change(site, func(v *rules.View) {
		v.Name, v.Level, v.Protocols = evil, evil, []string{evil}
		for i := range v.Zones {
			v.Zones[i].Name, v.Zones[i].Binding = evil, evil
			for j := range v.Zones[i].Readings {
				v.Zones[i].Readings[j].Channel, v.Zones[i].Readings[j].Unit = evil, evil
			}
		}
		v.Doors = []rules.DoorView{{ID: "utama", Name: evil, From: evil, To: evil}}
		for i := range v.Devices {
			v.Devices[i].Name, v.Devices[i].Model = evil, evil
		}
		v.Tasks = []rules.TaskView{{ID: "lap-gagang", Name: evil}}
		for i := range v.Verdicts {
			w := &v.Verdicts[i]
			w.Rule, w.Kind, w.SubjectName, w.Legal, w.Verdict = evil, evil, evil, evil, rules.Breached
			w.Explanation.Constraint, w.Explanation.Detail, w.Explanation.Reason, w.Explanation.Unit = evil, evil, rules.Reason(evil), evil
			w.Explanation.Evidence = []rules.Evidence{{Device: evil, At: ago(time.Minute), Record: 1}}
		}
	})
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.open {
		a := &f.open[i]
		a.Site, a.Rule, a.SubjectName, a.SiteName, a.ZoneName = site, evil, evil, evil, evil
		a.Explanation.Detail = evil
		a.Advice = map[string]string{"en": evil, "id": evil}
		a.Ack = &alerts.Acknowledgement{By: evil, Reason: evil, At: ago(time.Minute), Until: in(time.Minute)}
	}
	for i := range f.reject {
		x := f.reject[i].Rejection
		x.Topic, x.Device, x.Detail, x.Reason, x.Raw = evil, evil, evil, telemetry.Reason(evil), []byte(evil)
		f.reject[i].Site = evil
	}
	f.status.Journal.Reason, f.status.Broker.Reason, f.status.Version = evil, evil, evil
	f.status.Journal.Writable = false
	f.status.Services[0].Name, f.status.Services[0].Detail, f.status.Lags[0].Name = evil, evil, evil
}

// TestNamesStayNames puts markup, scripts and stream syntax into everything that comes from outside and opens all pages in a
// browser: nothing runs, nothing is even tried, and the text is there to be read.
func TestNamesStayNames(t *testing.T) {
	f := newFleet()
	r := start(t, f, nil)
	ctx := browser(t)
	const site = "mpp-gresik"
	for i, evil := range payloads {
		poison(f, site, evil)
		for _, p := range []string{"/", "/site/" + site, "/site/" + site + "/zone/loket", "/sign/" + site + "/loket", "/alerts", "/rejections", "/status", "/site/" + site + "?lang=" + "id", "/nothing?x=%3Cscript%3Epwned()%3C/script%3E"} {
			steps := []chromedp.Action[chromedp.Void]{chromedp.Navigate(r.url + p)}
			if p == "/" || strings.HasPrefix(p, "/sign") || p == "/site/"+site {
				steps = append(steps, isLive())
			}
			open, cancel := context.WithTimeout(ctx, 20*time.Second)
			if err := chromedp.Do(open, steps...); err != nil {
				t.Fatalf("opening %s with payload %d %q: %v", p, i, evil, err)
			}
			cancel()
			for _, x := range faults(ctx, t) {
				t.Errorf("%s with payload %q: %s", p, evil, x)
			}
		}
	}
	// What was sent live is text as well.
	if err := chromedp.Do(ctx, chromedp.Navigate(r.url+"/site/"+site), isLive()); err != nil {
		t.Fatal(err)
	}
	for i, evil := range payloads {
		mark := fmt.Sprint("mark", i)
		f.change(site, func(v *rules.View) { v.Name = evil + mark })
		if err := waitFor(ctx, fmt.Sprintf(`document.querySelector('h1').textContent.endsWith(%q)`, mark)); err != nil {
			t.Fatalf("live payload %q: %v", evil, err)
		}
		for _, x := range faults(ctx, t) {
			t.Errorf("live payload %q: %s", evil, x)
		}
	}
}

// waitFor polls a condition of the page in the page itself.
func waitFor(ctx context.Context, condition string) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	_, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`new Promise(done => {
		const look = () => (`+condition+`) ? done(true) : setTimeout(look, 50);
		look();
	})`, chromedp.EvalAwaitPromise))
	if err != nil {
		return fmt.Errorf("waiting for %s: %w", condition, err)
	}
	return nil
}

// TestLiveUpdateKeepsWhatThePersonDoes opens a list, puts the focus on a button and lets a change arrive.
func TestLiveUpdateKeepsWhatThePersonDoes(t *testing.T) {
	f := newFleet()
	r := start(t, f, nil)
	ctx := browser(t)
	err := chromedp.Do(ctx, chromedp.Navigate(r.url+"/site/mpp-gresik"), isLive(),
		chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
			_, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.querySelector('#site-checks details').open = true,
				document.querySelector('#alert-a1 button.quiet').focus(), true`))
			return err
		}))
	if err != nil {
		t.Fatal(err)
	}
	f.change("mpp-gresik", func(v *rules.View) {
		v.Verdicts[0].Since = ago(20 * time.Minute)
		v.Zones[0].Persons = estimate(61, 3)
		v.Verdicts[0].Explanation.Value = 61
	})
	if err := waitFor(ctx, `document.querySelector('#zone-ruang-tunggu .figure b').textContent === '61' && document.querySelector('#site-checks').textContent.includes('61')`); err != nil {
		t.Fatal(err)
	}
	kept, err := chromedp.Run(ctx, chromedp.Evaluate[[]bool](`[document.querySelector('#site-checks details').open, document.activeElement.matches('#alert-a1 button.quiet')]`))
	if err != nil {
		t.Fatal(err)
	}
	if !kept[0] || !kept[1] {
		t.Errorf("after a live update: list open %t, focus kept %t, want both", kept[0], kept[1])
	}
	for _, x := range faults(ctx, t) {
		t.Error(x)
	}
}

// TestOneTapAcknowledges taps the button; the notice and the alert say who handles it.
func TestOneTapAcknowledges(t *testing.T) {
	f := newFleet()
	r := start(t, f, nil)
	ctx := browser(t)
	if err := chromedp.Do(ctx, chromedp.Navigate(r.url+"/site/mpp-gresik?lang=en"), isLive(), chromedp.Click(chromedp.CSS("#alert-a1 form button"))); err != nil {
		t.Fatal(err)
	}
	if err := waitFor(ctx, `document.querySelector('#notice').textContent.includes('somebody unnamed is on it until 14:35')`); err != nil {
		t.Error(err)
	}
	f.change("mpp-gresik", func(v *rules.View) { v.Record++ })
	if err := waitFor(ctx, `document.querySelector('#alert-a1.taken .ack')`); err != nil {
		t.Error(err)
	}
	for _, x := range faults(ctx, t) {
		t.Error(x)
	}
}

// TestOneTapChangesTheRowOfTheList taps the button on the page of all alerts, which has no stream.
func TestOneTapChangesTheRowOfTheList(t *testing.T) {
	r := start(t, newFleet(), nil)
	ctx := browser(t)
	if err := chromedp.Do(ctx, chromedp.Navigate(r.url+"/alerts?lang=en"), chromedp.Click(chromedp.CSS("#row-a1 form button"))); err != nil {
		t.Fatal(err)
	}
	if err := waitFor(ctx, `document.querySelector('#row-a1.taken .who')?.textContent.includes('14:35') && document.querySelectorAll('#row-a1').length === 1 && document.querySelector('#notice .notice')`); err != nil {
		t.Error(err)
	}
	for _, x := range faults(ctx, t) {
		t.Error(x)
	}
}

// TestStalePageLooksStaleAtOnce stops the server under an open page.
func TestStalePageLooksStaleAtOnce(t *testing.T) {
	ctx := browser(t)
	f := newFleet()
	for _, path := range []string{"/", "/sign/mpp-magetan/loket"} {
		t.Run("serving"+path, func(t *testing.T) {
			r := start(t, f, nil)
			if err := chromedp.Do(ctx, chromedp.Navigate(r.url+path), isLive()); err != nil {
				t.Fatal(err)
			}
		})
		start := time.Now()
		if err := waitFor(ctx, `document.documentElement.dataset.state === 'stale' && !document.getElementById('lost').hidden`); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("%s: it took %v to look stale, want a moment", path, took)
		}
		green, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](`[...document.querySelectorAll('#live *')].filter(e => {
			const [r, g, b] = (getComputedStyle(e).color.match(/[\d.]+/g) || []).map(Number);
			const s = getComputedStyle(document.getElementById('live')).filter;
			return g > r + 20 && g > b + 20 && !s.includes('grayscale');
		}).map(e => e.className)`))
		if err != nil || len(green) > 0 {
			t.Errorf("%s: still green: %q (%v)", path, green, err)
		}
	}
}
