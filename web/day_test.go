package web

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// told is a history of one zone, written by hand, as a journal lists it.
type told []rules.Sample

func (all told) Occupancy(_ context.Context, site, zone string, from, until telemetry.Instant) ([]rules.Sample, error) {
	if site != "mpp-gresik" || zone != "ruang-tunggu" {
		return nil, nil
	}
	held := slices.IndexFunc(all, func(s rules.Sample) bool { return s.At >= from })
	if held < 0 {
		held = len(all)
	}
	end := slices.IndexFunc(all, func(s rules.Sample) bool { return s.At >= until })
	if end < 0 {
		end = len(all)
	}
	return all[max(0, held-1):end], nil
}

// on is a time of the fleet's day, in the zone of Gresik.
func on(t *testing.T, clock string) telemetry.Instant {
	t.Helper()
	loc, err := time.LoadLocation("Asia/Jakarta")
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.ParseInLocation(time.DateTime, clock, loc)
	if err != nil {
		t.Fatal(err)
	}
	return telemetry.InstantOf(at)
}

func inside(at telemetry.Instant, n float64) rules.Sample {
	return rules.Sample{At: at, Persons: n, Low: max(0, n-1), High: n + 1, Error: 1, Known: true, Limit: 50, HasLimit: true, Verdict: rules.Within}
}

func unknownAt(at telemetry.Instant) rules.Sample {
	s := inside(at, 20)
	s.Known, s.Verdict = false, rules.Unknown
	return s
}

// quietDay is a day that begins with what held, has a burst within a minute, hours without a change, and a time in which nobody knew.
func quietDay(t *testing.T) told {
	return told{
		inside(on(t, "2026-01-04 16:00:00"), 2),
		inside(on(t, "2026-01-05 05:00:00"), 7),
		inside(on(t, "2026-01-05 05:30:05"), 31), // the peak: its minute ends with another number
		inside(on(t, "2026-01-05 05:30:45"), 12),
		unknownAt(on(t, "2026-01-05 07:00:00")),
		inside(on(t, "2026-01-05 07:30:00"), 9),
	}
}

func (r *running) day(t *testing.T, query string) apiDay {
	t.Helper()
	a := r.get("/api/v1/sites/mpp-gresik/zones/ruang-tunggu/occupancy" + query)
	var d apiDay
	if err := json.Unmarshal([]byte(a.body), &d); err != nil {
		t.Fatalf("%s: %v", a.body, err)
	}
	return d
}

func TestADayInTheAPI(t *testing.T) {
	r := start(t, newFleet(), func(o *Options) { o.Rollups = quietDay(t) })
	d := r.day(t, "")
	want := []struct {
		at      string
		persons float64 // -1: nobody knows
	}{{"2026-01-05 00:00:00", 2}, {"2026-01-05 05:00:00", 7}, {"2026-01-05 05:30:00", 12}, {"2026-01-05 07:00:00", -1}, {"2026-01-05 07:30:00", 9}}
	if len(d.Items) != len(want) {
		t.Fatalf("got %d items, want %d: %+v", len(d.Items), len(want), d.Items)
	}
	for i, w := range want {
		x := d.Items[i]
		if telemetry.InstantOf(x.At) != on(t, w.at) || x.Known != (w.persons >= 0) || x.Known && *x.Persons != w.persons || x.Limit == nil || *x.Limit != 50 {
			t.Errorf("item %d: got %+v, want %+v", i, x, w)
		}
		if !x.Known && (x.Persons != nil || x.Error != nil || x.Low != nil || x.High != nil) {
			t.Errorf("item %d: got numbers that nobody knows", i)
		}
	}
	if d.Until != fleetNow.UTC() && !d.Until.Equal(fleetNow) {
		t.Errorf("until %s, want now, %s", d.Until, fleetNow)
	}
	if d.Peak == nil || d.Peak.Persons != 31 || telemetry.InstantOf(d.Peak.At) != on(t, "2026-01-05 05:30:05") {
		t.Errorf("peak: got %+v, want 31 at 05:30:05", d.Peak)
	}
	d = r.day(t, "?day=2026-01-04")
	if len(d.Items) != 1 || telemetry.InstantOf(d.Until) != on(t, "2026-01-05 00:00:00") {
		t.Errorf("the day before: got %+v, want one item that holds until midnight", d)
	}
	if d = r.day(t, "?day=2026-01-01"); len(d.Items) != 0 || d.Peak != nil {
		t.Errorf("a day before everything: got %+v, want nothing", d)
	}
}

// A limit of nobody is a limit, in the zone and in its day, on its display, in the metrics; and none is none.
func TestTheLimitOfNobodyIsShown(t *testing.T) {
	f := newFleet()
	f.change("mpp-gresik", func(v *rules.View) {
		v.Zones[0].Limit, v.Zones[0].Verdict = 0, rules.Breached
		v.Zones[1].HasLimit, v.Zones[1].Limit = false, 0
	})
	nobody := inside(on(t, "2026-01-05 05:00:00"), 3)
	nobody.Limit, nobody.Verdict = 0, rules.Breached
	r := start(t, f, func(o *Options) { o.Rollups = told{nobody} })
	if d := r.day(t, ""); len(d.Items) != 1 || d.Items[0].Limit == nil || *d.Items[0].Limit != 0 {
		t.Errorf("the day: got %+v, want the limit 0", d)
	}
	var zones struct{ Items []apiZone }
	if err := json.Unmarshal([]byte(r.get("/api/v1/sites/mpp-gresik/zones").body), &zones); err != nil {
		t.Fatal(err)
	}
	if l := zones.Items[0].Limit; l == nil || *l != 0 {
		t.Errorf("zone with the limit 0: got %v", l)
	}
	if l := zones.Items[1].Limit; l != nil {
		t.Errorf("zone without a limit: got %v", *l)
	}
	page := r.get("/site/mpp-gresik").body
	if !strings.Contains(page, "/ 0</span>") {
		t.Error("the site's page does not say the limit 0")
	}
	if !regexp.MustCompile(`<path class="limit" d="M0 100H\d+"`).MatchString(page) {
		t.Error("the drawing of the day lacks the limit 0")
	}
	if m := r.get("/metrics").body; !strings.Contains(m, `gerbang_zone_limit_persons{site="mpp-gresik",zone="ruang-tunggu"} 0`) || strings.Contains(m, `gerbang_zone_limit_persons{site="mpp-gresik",zone="loket"}`) {
		t.Error("the metrics lack the limit 0, or tell one where there is none")
	}
}

var moves = regexp.MustCompile(`([MHVL])(-?\d+)(?: (-?\d+))?`)

// The drawing on a card: steps, no slopes; unbroken over quiet hours, up to now; a gap where nobody knew; the true peak.
func TestTheDrawingOfTheDayIsMadeOfSteps(t *testing.T) {
	r := start(t, newFleet(), func(o *Options) { o.Rollups = quietDay(t) })
	page := r.get("/site/mpp-gresik?lang=en").body
	if !regexp.MustCompile(`<path class="limit" d="M0 \d+H1000"`).MatchString(page) {
		t.Error("the limit is not drawn throughout")
	}
	line := regexp.MustCompile(`<path class="line" d="([^"]*)"`).FindStringSubmatch(page)
	if line == nil {
		t.Fatal("there is no drawing")
	}
	lifts, last := 0, 0
	for _, m := range moves.FindAllStringSubmatch(line[1], -1) {
		switch m[1] {
		case "L":
			t.Errorf("%q has a slope", line[1])
		case "M":
			lifts++
			last, _ = strconv.Atoi(m[2])
		case "H":
			last, _ = strconv.Atoi(m[2])
		}
	}
	if lifts != 2 {
		t.Errorf("%q: got %d parts, want two: one gap, where nobody knew", line[1], lifts)
	}
	if last != sparkW {
		t.Errorf("%q ends at %d, want now, %d", line[1], last, sparkW)
	}
	if !strings.Contains(page, "peak 31 at 05:30") {
		t.Errorf("the peak is not the greatest number: %s", regexp.MustCompile(`<figcaption>.*?</figcaption>`).FindString(page))
	}
}

// The chart of the day in a browser: what it draws in each minute is what held in it.
func TestTheChartHoldsAValueUntilTheNext(t *testing.T) {
	r := start(t, newFleet(), func(o *Options) { o.Rollups = quietDay(t) })
	ctx := browser(t)
	err := chromedp.Do(ctx, chromedp.Navigate(r.url+"/site/mpp-gresik/zone/ruang-tunggu?lang=en"), chromedp.WaitReady(chromedp.CSS("#chart[data-drawn]")))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		at   telemetry.Instant
		want string
	}{
		{on(t, "2026-01-05 04:59:00"), "2"}, {on(t, "2026-01-05 05:00:00"), "7"}, {on(t, "2026-01-05 05:29:00"), "7"}, {on(t, "2026-01-05 06:59:00"), "12"},
		{on(t, "2026-01-05 07:00:00"), "null"}, {on(t, "2026-01-05 07:29:00"), "null"}, {on(t, "2026-01-05 07:30:00"), "9"},
		{on(t, "2026-01-05 13:00:00"), "9"}, {telemetry.InstantOf(fleetNow), "9"},
	} {
		script := `(function () { var d = document.getElementById('chart').shown; return String(d[1][d[0].indexOf(` + strconv.FormatInt(tt.at.Time().Unix(), 10) + `)]); })()`
		got, err := chromedp.Run(ctx, chromedp.Evaluate[string](script))
		if err != nil || got != tt.want {
			t.Errorf("at %s the chart has %q (%v), want %s", tt.at.Time(), got, err, tt.want)
		}
	}
	if err := waitFor(ctx, `document.getElementById('chart-peak').textContent === 'Peak 31 at 05:30.'`); err != nil {
		t.Errorf("the peak under the chart: %v", err)
	}
	if seen := faults(ctx, t); len(seen) > 0 {
		t.Error(seen)
	}
}
