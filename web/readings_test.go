package web

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// shelf is a port of readings and of refused points.
type shelf struct {
	asked ReadingsQuery
	page  ReadingsPage
	fail  error
	again int
}

func (s *shelf) Readings(_ context.Context, q ReadingsQuery) (ReadingsPage, error) {
	s.asked = q
	return s.page, s.fail
}

func (s *shelf) Refused(_ context.Context, _ string, before int64, limit int) ([]RefusedPoint, error) {
	var all []RefusedPoint
	for n := int64(450); n > 0 && len(all) < limit; n-- {
		if before == 0 || n < before {
			all = append(all, RefusedPoint{Number: n, When: telemetry.InstantOf(fleetNow), At: telemetry.InstantOf(fleetNow.Add(-time.Hour)), Site: "mpp-gresik", Device: "termo-1",
				Line: fmt.Sprintf("air,device=termo-1 co2_ppm=%d 1", n), Reason: `field type conflict: input field "co2_ppm" <script>`})
		}
	}
	return all, nil
}

func (s *shelf) Again(context.Context, string) (stored, refused int, err error) {
	s.again++
	return 3, 1, s.fail
}

func shelved() *shelf {
	at := telemetry.InstantOf(fleetNow.Add(-time.Minute))
	return &shelf{page: ReadingsPage{Source: "journal", Why: "quantity", Next: "j.abc", Rows: []ReadingRow{
		{At: at, Site: "mpp-gresik", Zone: "loket", Device: "co2-1", Channel: "probe 1", Quantity: telemetry.CO2, Value: 812, HasValue: true},
		{At: at, Site: "mpp-gresik", Device: "termo-1", Quantity: telemetry.BodyTemperature, Value: 37.3, HasValue: true, Raw: 36.6, HasRaw: true, ClockReplaced: true},
		{At: at, Site: "mpp-gresik", Device: "counter-1", Quantity: telemetry.PeopleIn, Raw: 4, HasRaw: true, Provenance: "corrected"},
	}}}
}

// Finding I4: raw readings are read back by page and by API, which say where they come from.
func TestI4_ReadingsAreShown(t *testing.T) {
	t.Parallel()
	s := shelved()
	r := start(t, newFleet(), func(o *Options) { o.Readings, o.Refused = s, s })
	for lang, want := range map[string][]string{
		"en": {"From the journal", "Choose a quantity", "812 ppm", "37.3 °C", "36.6 °C", "probe 1", "the device&#39;s clock was wrong", "not counted", "j.abc"},
		"id": {"Dari jurnal", "Pilih besaran", "812 ppm", "37,3 °C", "36,6 °C", "jam perangkat salah", "tidak dihitung"},
	} {
		a := r.get("/readings?site=mpp-gresik&zone=loket&quantity=co2&from=2020-01-01T08:00&lang=" + lang)
		for _, w := range want {
			if a.StatusCode != http.StatusOK || !strings.Contains(a.body, w) {
				t.Errorf("%s: got %d without %q", lang, a.StatusCode, w)
			}
		}
	}
	if s.asked.Site != "mpp-gresik" || s.asked.Zone != "loket" || s.asked.Quantity != telemetry.CO2 || s.asked.From.Time().UTC().Format(time.RFC3339) != "2020-01-01T01:00:00Z" {
		t.Errorf("asked: got %+v, want the zone, CO₂, and the site's own morning", s.asked)
	}
	a := r.get("/api/v1/readings?site=mpp-gresik&device=co2-1&quantity=co2&from=2026-01-01T00:00:00Z&until=2026-01-02T00:00:00Z&limit=7&after=i.1")
	for _, w := range []string{`"source":"journal"`, `"why":"quantity"`, `"value":812`, `"raw":36.6`, `"clock_replaced":true`, `"next":"j.abc"`, `"unit":"ppm"`} {
		if a.StatusCode != http.StatusOK || !strings.Contains(a.body, w) {
			t.Errorf("API: got %d without %s: %s", a.StatusCode, w, a.body)
		}
	}
	if s.asked.Limit != 7 || s.asked.After != "i.1" || s.asked.Device != "co2-1" {
		t.Errorf("asked: got %+v", s.asked)
	}
	for path, code := range map[string]int{
		"/api/v1/readings?site=nowhere": 404, "/api/v1/readings?site=mpp-gresik&quantity=mood": 422, "/api/v1/readings": 422,
		"/api/v1/readings?site=mpp-gresik&from=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z": 422,
		"/readings?site=nowhere": 404, "/readings?quantity=mood": 400, "/readings?from=yesterday": 400,
	} {
		if a := r.get(path); a.StatusCode != code {
			t.Errorf("%s: got %d, want %d", path, a.StatusCode, code)
		}
	}
	s.fail = ErrBadCursor
	if a := r.get("/api/v1/readings?site=mpp-gresik&after=x"); a.StatusCode != 422 {
		t.Errorf("a cursor of nobody: got %d, want 422", a.StatusCode)
	}
}

// Finding B12: InfluxDB that refuses is not said to give no answer.
func TestB12_ARefusalIsShownWithItsWords(t *testing.T) {
	t.Parallel()
	s := shelved()
	s.page.Why, s.page.Words = "refused", "Flux query service disabled."
	r := start(t, newFleet(), func(o *Options) { o.Readings, o.Refused = s, s })
	for path, want := range map[string]string{
		"/readings?site=mpp-gresik&lang=en": "InfluxDB refuses to answer this. Flux query service disabled.", "/readings?site=mpp-gresik&lang=id": "InfluxDB menolak menjawab ini. Flux",
		"/api/v1/readings?site=mpp-gresik": `"words":"Flux query service disabled."`,
	} {
		if a := r.get(path); !strings.Contains(a.body, want) {
			t.Errorf("%s: got no %q", path, want)
		}
	}
}

// Finding I3: refused points are listed, and sent again by a button.
func TestI3_RefusedPointsAreListedAndSentAgain(t *testing.T) {
	t.Parallel()
	s := shelved()
	r := start(t, newFleet(), func(o *Options) { o.Readings, o.Refused = s, s })
	a := r.get("/refused?lang=en")
	for _, w := range []string{"co2_ppm=450", "&lt;script&gt;", "Send again", "before=421"} {
		if !strings.Contains(a.body, w) {
			t.Errorf("page: got none of %q", w)
		}
	}
	if a = r.get("/refused?before=421"); !strings.Contains(a.body, "co2_ppm=420 ") || strings.Contains(a.body, "co2_ppm=421 ") {
		t.Error("second page: want 420 and not 421")
	}
	if a = r.get("/api/v1/refused?limit=2"); !strings.Contains(a.body, `"number":450`) || strings.Contains(a.body, `"number":448`) {
		t.Errorf("API: got %s, want 450 and 449", a.body)
	}
	a = r.do("POST", "/refused/again", "")
	if a.StatusCode != http.StatusSeeOther || s.again != 1 || a.Header.Get("Location") != "/refused?refused=1&stored=3" {
		t.Errorf("again: got %d to %q, %d calls", a.StatusCode, a.Header.Get("Location"), s.again)
	}
	if a = r.get("/refused?refused=1&stored=3&lang=en"); !strings.Contains(a.body, "Stored now: 3. Still refused: 1.") {
		t.Error("afterwards: the page does not say what came of it")
	}
}

// Finding N5: a list of refused points is no page of 29,712 px on a phone. It comes in short pages, and following the links one sees
// each point once, and comes back to the newest.
func TestN5_RefusedPointsComeInShortPages(t *testing.T) {
	s := shelved()
	r := start(t, newFleet(), func(o *Options) { o.Readings, o.Refused = s, s })
	link := regexp.MustCompile(`<a href="(/refused\?[^"]*)" rel="next">`)
	seen, pages := 0, 0
	for path := "/refused"; path != ""; pages++ {
		body := r.get(path).body
		rows := strings.Count(body, "<pre>")
		if rows == 0 || rows > 30 {
			t.Fatalf("%s shows %d points, want 1 to 30", path, rows)
		}
		seen += rows
		if newest := strings.Contains(body, `<p class="pages"><a href="/refused">`); newest != (pages > 0) {
			t.Errorf("%s leads back to the newest: %t, want %t", path, newest, pages > 0)
		}
		path = ""
		if next := link.FindStringSubmatch(body); next != nil {
			path = html.UnescapeString(next[1])
		}
	}
	if seen != 450 {
		t.Errorf("%d pages show %d points, want each of 450 once", pages, seen)
	}
}
