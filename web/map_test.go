package web

import (
	"math"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/rules"
)

// The map shows where the sites are, by colour, shape and word, without asking another server; those that lie close are one mark.
func TestMapOfSites(t *testing.T) {
	t.Parallel()
	f := newFleet()
	for site, at := range map[string][2]float64{"mpp-gresik": {112.628, -7.164}, "mpp-magetan": {111.33, -7.65}, "mpp-banjar": {114.85, -3.41}, "mpp-belu": {124.89, -9.1}, "mpp-sumenep": {112.63, -7.165}} {
		f.views[site].Longitude, f.views[site].Latitude = at[0], at[1]
	}
	r := start(t, f, nil)
	page := r.get("/map?lang=en").body
	wants(t, "the marks", one(t, page, "div#map-marks"), "MPP Kabupaten Magetan: open and OK", "MPP Kabupaten Banjar: in breach", "2 sites, of them 1 in breach")
	if n := strings.Count(page, `class="label`); n != 3 {
		t.Errorf("%d sites have their name beside them, want the three that stand alone", n)
	}
	wants(t, "the list", one(t, page, "section#map-list"), "MPP Kabupaten Gresik", "Breached", "5 sites do not say where they lie")
	if strings.Count(page, `class="coast"`) != 1 || !strings.Contains(page, `href="/map?box=112.6`) {
		t.Error("the land, or the way to a map of the cluster, is missing")
	}
	near := r.get("/map?lang=en&box=112.619,-7.174,112.639,-7.154").body
	wants(t, "a part of it", one(t, near, "section#map-list"), "Gresik", "Sumenep", "-Magetan", "The whole map")
	wants(t, "a state", one(t, r.get("/map?show=breached").body, "section#map-list"), "Gresik", "Banjar", "-Magetan")
	for _, box := range []string{"x", "1,2,3", "NaN,0,1,1", "5,5,1,1", "-999,0,1,1", "1,1,2,2,3", strings.Repeat("9", 200)} {
		wants(t, "a box that is none", one(t, r.do("GET", "/map?lang=en&box="+box, "", "Accept", "text/html").body, "section.message"), "“box” is", "means nothing here")
	}
	if body := r.get("/").body; !strings.Contains(body, `href="/map"`) {
		t.Error("the overview does not lead to the map")
	}
	if body := start(t, newFleet(), nil).get("/").body; strings.Contains(body, `href="/map"`) {
		t.Error("there is nothing to put on a map, and the overview leads to one")
	}
	ch := r.events("/live/map?lang=en")
	next(t, ch)
	f.change("mpp-magetan", func(v *rules.View) { v.Verdict = rules.Breached })
	for range 3 {
		if delta := next(t, ch); strings.Contains(delta, `hx-target="#map-marks"`) {
			if strings.Contains(delta, "coast") {
				t.Error("the land is sent again for one site")
			}
			wants(t, "the change", delta, "MPP Kabupaten Magetan: in breach")
			return
		}
	}
	t.Error("the change did not come")
}

// The land is that of Indonesia, at its place; elsewhere there is a grid, and the extent follows the sites.
func TestLandIsWhereItIs(t *testing.T) {
	inside := func(lon, lat float64) bool {
		for _, o := range land() {
			crossings := 0
			for i, a := range o.points {
				b := o.points[(i+1)%len(o.points)]
				if (a[1] > lat) != (b[1] > lat) && a[0]+(b[0]-a[0])*(lat-a[1])/(b[1]-a[1]) > lon {
					crossings++
				}
			}
			if crossings%2 == 1 {
				return true
			}
		}
		return false
	}
	for name, at := range map[string][2]float64{"Surakarta": {110.82, -7.57}, "Palangka Raya": {113.92, -2.21}, "Padang Panjang": {100.41, -.46}, "Wamena": {138.94, -4.09}, "Ubud": {115.26, -8.51}, "Rantepao": {119.9, -2.97}, "Atambua": {124.89, -9.1}} {
		if !inside(at[0], at[1]) {
			t.Errorf("%s lies in the sea", name)
		}
	}
	for name, at := range map[string][2]float64{"Java Sea": {110, -5}, "Banda Sea": {126, -5.5}, "Indian Ocean": {100, -8}} {
		if inside(at[0], at[1]) {
			t.Errorf("the %s is land", name)
		}
	}
	java := projected(extent{105, -9, 115, -5})
	if d := java.outlines(); len(d) < 500 || len(d) > 30<<10 || strings.Contains(d, "NaN") {
		t.Errorf("Java: %d bytes of outlines", len(d))
	}
	whole := projected(landKnown)
	if d := whole.outlines(); len(d) > 30<<10 {
		t.Errorf("all of it: %d bytes of outlines, want at most 30 kB", len(d))
	}
	if x, y := java.at(110, -7); math.Abs(x-java.width/2) > 1 || math.Abs(y-java.height/2) > 1 {
		t.Errorf("the middle is at %v, %v of %v × %v", x, y, java.width, java.height)
	}
	paris := projected(extent{2.35, 48.85, 2.35, 48.85}.around(.12, .3))
	if d := paris.outlines(); d != "" || strings.Count(paris.grid(), "M") < 4 {
		t.Errorf("Paris: outlines %q, grid %q, want none and a grid", d, paris.grid())
	}
}
