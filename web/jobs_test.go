package web

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// worker does a job as a person does: from the start page, by clicks on what is to be seen.
type worker struct {
	t             *testing.T
	ctx           context.Context
	clicks, loads int
	begun         time.Time
}

// begin opens the start page, which is no load of the job's.
func (w *worker) begin(url string) {
	w.t.Helper()
	if err := chromedp.Do(w.ctx, chromedp.Navigate(url)); err != nil {
		w.t.Fatal(err)
	}
	w.clicks, w.loads, w.begun = 0, 0, time.Now()
}

// whereIs is the middle of the first visible link, button, summary or choice within an element that has the words; null: there is none.
const whereIs = `(() => {
	const words = %q, within = %q;
	for (const e of document.querySelectorAll(within + ' a, ' + within + ' button, ' + within + ' summary, ' + within + ' label.option')) {
		if (!e.checkVisibility() || !e.textContent.replace(/\s+/g, ' ').includes(words)) continue;
		e.scrollIntoView({block: 'center', behavior: 'instant'});
		const box = e.getClientRects()[0];
		return [box.x + box.width / 2, box.y + box.height / 2];
	}
	return null;
})()`

// click clicks on what has the words within an element, where it stands. leads says that another page is loaded.
func (w *worker) click(within, words string, leads bool) {
	w.t.Helper()
	place := fmt.Sprintf(whereIs, words, within)
	if err := waitFor(w.ctx, place); err != nil {
		text, _ := chromedp.Run(w.ctx, chromedp.Evaluate[string](`location.pathname + ' ' + document.querySelector('main').innerText`))
		w.t.Fatalf("there is no %q in %s to click on: %v\n%.600s", words, within, err, text)
	}
	w.clicks++
	was := time.Now().UnixNano() / 1000
	if _, err := chromedp.Run(w.ctx, chromedp.Evaluate[bool](fmt.Sprintf(`(window.jobPage = %d, true)`, was))); err != nil {
		w.t.Fatal(err)
	}
	at, err := chromedp.Run(w.ctx, chromedp.Evaluate[[]float64](place))
	if err == nil && len(at) == 2 {
		err = chromedp.Do(w.ctx, chromedp.MouseClickXY(at[0], at[1]))
	}
	if err != nil {
		w.t.Fatalf("clicking on %q at %v: %v", words, at, err)
	}
	if leads {
		w.loads++
		arrived := fmt.Sprintf(`document.readyState === 'complete' && window.jobPage !== %d`, was)
		err := waitFor(w.ctx, arrived)
		if err != nil && strings.Contains(err.Error(), "navigated") { // the page went while it was asked
			err = waitFor(w.ctx, arrived)
		}
		if err != nil {
			w.t.Fatalf("%q leads nowhere: %v", words, err)
		}
	}
}

// fill types into fields.
func (w *worker) fill(fields map[string]string) {
	w.t.Helper()
	for at, value := range fields {
		if err := chromedp.Do(w.ctx, chromedp.SetValue(chromedp.CSS(at), value)); err != nil {
			w.t.Fatalf("filling %s: %v", at, err)
		}
	}
}

// sees wants words on the page, which end the job.
func (w *worker) sees(words ...string) {
	w.t.Helper()
	for _, x := range words {
		if err := waitFor(w.ctx, fmt.Sprintf(`document.querySelector('main').innerText.replace(/\s+/g, ' ').includes(%q)`, x)); err != nil {
			text, _ := chromedp.Run(w.ctx, chromedp.Evaluate[string](`document.querySelector('main').innerText`))
			w.t.Fatalf("the page does not say %q: %.800s", x, text)
		}
	}
}

// Each job of a day is done from the start page by a few clicks; docs/jobs.md has the table.
func TestJobsTakeFewClicks(t *testing.T) {
	f := newFleet()
	f.past = append(f.past, answered())
	r := start(t, f, func(o *Options) {
		o.Histories, o.Rehearsals, o.Limits = aWeek(t), aTrial(), someLimits()
	})
	w := &worker{t: t, ctx: browser(t)}
	for _, job := range []struct {
		name string
		most int // clicks
		do   func()
	}{
		{"why is this zone red", 2, func() {
			w.click("#site-mpp-gresik", "MPP", true)
			w.sees("58", "50")
		}},
		{"last week's peak", 3, func() {
			w.click("#site-mpp-gresik", "MPP", true)
			w.click(".to-compliance", "History", true)
			w.click(".daylinks", "Last week", true)
			w.sees("Peak")
		}},
		{"who was told on a day at a time, and what did they do", 3, func() {
			w.click("header.top nav", "Alerts", true)
			w.click("details.filter", "Find alerts", false)
			w.fill(map[string]string{`.filter [name="day"]`: "2025-12-31", `.filter [name="at"]`: "10:15"})
			w.click(".filter form", "Show", true)
			w.sees("31 Dec 2025")
		}},
		{"count", 3, func() {
			w.click("#site-mpp-pamekasan", "MPP", true)
			w.click("#zone-ruang-tunggu", "Ruang tunggu", true)
			w.click("#count .taps", "50", true)
			w.sees("Saved. The estimate begins anew from your count.")
		}},
		{"correct", 5, func() {
			w.click("#site-mpp-pamekasan", "MPP", true)
			w.click("#zone-ruang-tunggu", "Ruang tunggu", true)
			w.click("#count", "Correct the count", false)
			w.fill(map[string]string{`#count details [name="value"]`: "-2", `#count details [name="reason"]`: "staff were counted", `#count details [name="author"]`: "Rina"})
			w.click("#count details", "Look at it first", true)
			w.sees("50 → becomes 48")
			w.click("#sure", "Yes, correct it", true)
			w.sees("Saved. The estimate is corrected.")
		}},
		{"move to 50 % from Monday", 5, func() {
			w.click("#site-mpp-pamekasan", "MPP", true)
			w.click("#site-head", "level", true)
			w.click("#choose", "50 %", false)
			w.fill(map[string]string{`#choose [name="from"]`: "2026-01-12T00:00", `#choose [name="reason"]`: "instruction", `#choose [name="author"]`: "Rina"})
			w.click("#choose", "Continue", true)
			w.sees("12 Jan", "50 %")
			w.click("#choose", "Put in force", true)
			w.sees("12 Jan", "instruction")
		}},
		{"hand the shift over", 3, func() {
			w.click("header.top nav", "Alerts", true)
			w.click(".ways", "Shift handover", true)
			w.fill(map[string]string{`#give [name="to"]`: "Sari", `#give [name="reason"]`: "the side door sticks", `#give [name="author"]`: "Budi"})
			w.click("#give", "Hand over", true)
			w.sees("Handed over.", "I take the shift over")
		}},
		{"five sites that fail this month", 2, func() {
			w.click(".fleet-views", "Ranking", true)
			w.sees("MPP")
		}},
	} {
		w.begin(r.url + "/?lang=en")
		job.do()
		t.Logf("%-55s %d clicks, %d pages, %.1f s", job.name, w.clicks, w.loads, time.Since(w.begun).Seconds())
		if w.clicks > job.most {
			t.Errorf("%s: %d clicks, want at most %d", job.name, w.clicks, job.most)
		}
		for _, x := range faults(w.ctx, t) {
			t.Errorf("%s: %s", job.name, x)
		}
	}
	var did []string
	for _, rec := range f.entries {
		did = append(did, string(rec.Entry.Kind))
	}
	if got := strings.Join(did, " "); got != strings.Join([]string{string(telemetry.EntryCount), string(telemetry.EntryCorrection), string(telemetry.EntryLevel), string(telemetry.EntryHandover)}, " ") {
		t.Errorf("what was entered: %s", got)
	}
}
