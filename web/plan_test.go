package web

import (
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/floorplan"
	"github.com/gerbang-iot/gerbang/rules"
)

type somePlans map[string]*floorplan.Plan

func (p somePlans) Plan(site string) *floorplan.Plan { return p[site] }

// drawnMall is a floor plan of a mall of the fleet.
func drawnMall(t testing.TB) *floorplan.Plan {
	t.Helper()
	p, err := floorplan.Parse([]byte(`<svg viewBox="0 0 1000 420" xmlns="http://www.w3.org/2000/svg"><script>pwned()</script>
		<g stroke="#333" stroke-width="3" fill="#fff" onclick="pwned()">
		<path id="ruang-tunggu" d="M20 20H520V400H320V300H20Z"/><rect id="zone-loket" x="520" y="20" width="300" height="200"/><rect id="ruang-bermain" x="520" y="220" width="300" height="180"/>
		<rect id="musala" x="820" y="20" width="160" height="200"/></g>
		<rect x="40" y="40" width="200" height="12" fill="#888"/><rect id="utama" x="380" y="394" width="80" height="12"/><circle id="udara-1" cx="60" cy="90" r="8"/></svg>`))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// The plan shows every room by colour, shape and word, its numbers live; a tap opens the room. A change of a number does not send the drawing
// again. What is hostile in the file is gone.
func TestFloorPlanOfASite(t *testing.T) {
	t.Parallel()
	f := newFleet()
	evil := `<script>pwned()</script>`
	f.views["mpp-gresik"].Zones[3].Name = evil
	r := start(t, f, func(o *Options) {
		o.Plans = somePlans{"mpp-gresik": drawnMall(t), "mpp-pamekasan": drawnMall(t), "mpp-tabalong": drawnMall(t)}
	})
	page := r.get("/site/mpp-gresik?lang=en").body
	drawing := page[strings.Index(page, `<div id="site-plan">`):strings.Index(page, `<div id="site-plan-now">`)]
	for _, want := range []string{
		`<a href="/site/mpp-gresik/zone/ruang-tunggu" aria-label="Ruang tunggu: Breached">`, `class="room breached"`, `fill="url(#plan-breached)"`, `class="room within"`,
		`<a href="/site/mpp-gresik/zone/ruang-bermain" aria-label="Ruang bermain anak: not measured">`, `class="room unmeasured"`, `href="#site-doors"`, `class="gauge within"`, "not measured",
	} {
		if !strings.Contains(drawing, want) {
			t.Errorf("the drawing lacks %s", want)
		}
	}
	if strings.Contains(drawing, "58") || strings.Contains(page, "onclick") || strings.Contains(page, "<script>pwned") {
		t.Error("the drawing has a number that changes, or what is hostile")
	}
	labels := one(t, page, "div#site-plan-now")
	wants(t, "the rooms", labels, "Ruang tunggu", "58 / 50", "Breached", "Loket layanan", evil)
	wants(t, "near the limit", one(t, r.get("/site/mpp-pamekasan?lang=en").body, "div#site-plan-now"), "50 / 50", "Near limit")
	wants(t, "nobody knows", one(t, r.get("/site/mpp-tabalong?lang=en").body, "div#site-plan-now"), "? / 50", "Unknown")
	if strings.Contains(r.get("/site/mpp-magetan").body, "site-plan") {
		t.Error("a site without a plan has one")
	}

	ch := r.events("/live/site/mpp-gresik?lang=en")
	next(t, ch)
	f.change("mpp-gresik", func(v *rules.View) { v.Zones[0].Persons = estimate(61, 3) })
	seen := ""
	for range 3 {
		if seen += next(t, ch); strings.Contains(seen, "61 / 50") {
			break
		}
	}
	if !strings.Contains(seen, `hx-target="#site-plan-now"`) || strings.Contains(seen, `hx-target="#site-plan"`) {
		t.Error("a number changed: want the words of the plan alone to be sent")
	}
	f.change("mpp-gresik", func(v *rules.View) {
		v.Zones[0].Verdict = rules.Within
		for i := range v.Verdicts {
			if v.Verdicts[i].Subject.ID == "ruang-tunggu" {
				v.Verdicts[i].Verdict = rules.Within
			}
		}
	})
	for range 3 {
		if delta := next(t, ch); strings.Contains(delta, `hx-target="#site-plan"`) {
			wants(t, "the room is well again", delta, "Ruang tunggu: OK")
			return
		}
	}
	t.Error("the state changed, and the drawing did not come")
}

// Words stay in their rooms: on one line or two, else the number alone, else the shape of the state.
func TestWordsFitIntoRooms(t *testing.T) {
	well := chip{Class: "within", Icon: "within"}
	for _, x := range []struct {
		w, h         float64
		name, number string
		lines        int
		icon         bool
	}{
		{300, 100, "Ruang tunggu", "37 / 50", 2, true}, {90, 80, "Klinik pengaduan", "4 / 8", 3, true}, {60, 26, "Perpustakaan mini", "4 / 16", 1, true},
		{20, 14, "Perpustakaan mini", "4 / 16", 0, true}, {200, 60, "Gudang", "", 1, false},
	} {
		l := labelOf(floorplan.Box{X: 500, Y: 300, Width: x.w, Height: x.h}, 1, x.name, x.number, "", well)
		if len(l.Lines) != x.lines || (l.Icon != "") != x.icon {
			t.Errorf("%q and %q in %v × %v: got %+v, want %d lines", x.name, x.number, x.w, x.h, l, x.lines)
		}
	}
}
