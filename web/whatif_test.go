package web

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

const whatIfOfHall = "/site/mpp-gresik/zone/ruang-tunggu/what-if"

// Issue 9, "What-if": the page and the API say what the limit would be, with every input, by the rule's own function.
func TestWhatIf(t *testing.T) {
	r := start(t, newFleet(), nil)
	for _, tt := range []struct {
		query string
		want  []string
	}{
		{"", []string{"<b>50</b>", "50 = 200 seats 0.6 m apart, 1.2 m required: 1 in 2 usable → 100 × 50 %", "is the limit, as things are"}},
		{"?spacing_m=1.8&people=30", []string{"<b>33</b>", "33 = 200 seats 0.6 m apart, 1.8 m required: 1 in 3 usable → 67 × 50 %", "Now: 50 = 200 seats", "Room for 3 more people.", "now 1.2 m"}},
		{"?spacing_m=0.5&seats=96&people=50", []string{"48 = 96 seats × 50 %", "2 people too many are inside."}},
		{"?seats=&capacity=&share_pct=100", []string{"250 = 420 m² less 60 m² of furniture, 1.44 m² a person", "now 200", "now 220"}},
		{"?air_ls=400&air_per_person_ls=10&people=50", []string{"400 L/s ÷ 10 L/s each is enough for 40 people", "each has 8 L/s"}},
	} {
		a := r.get(whatIfOfHall+tt.query, "Accept-Language", "en", "Accept", "text/html")
		if a.StatusCode != http.StatusOK {
			t.Fatalf("%s: got %d, want 200", tt.query, a.StatusCode)
		}
		for _, want := range tt.want {
			if !strings.Contains(a.body, want) {
				t.Errorf("%s: got no %q in %s", tt.query, want, mainOf(a.body))
			}
		}
	}
	var got apiSupposed
	a := r.get("/api/v1/sites/mpp-gresik/zones/ruang-tunggu/what-if?spacing_m=1.8&people=30", "Accept", "application/json")
	if err := json.Unmarshal([]byte(a.body), &got); err != nil || got.Then.Limit != 33 || got.Now == nil || got.Now.Limit != 50 || got.Left == nil || *got.Left != 3 || got.Inputs["seats"] != 200 {
		t.Errorf("API: got %s (%v), want 33 in place of 50, and 3 left", a.body, err)
	}
	if a := r.get("/site/mpp-gresik/what-if?share_pct=25", "Accept-Language", "en", "Accept", "text/html"); !strings.Contains(a.body, "Loket layanan") || !strings.Contains(a.body, "37 = rooms:") {
		t.Errorf("building: got %s, want its sum and its rooms", mainOf(a.body))
	}
	var house apiSupposedBuilding
	a = r.get("/api/v1/sites/mpp-gresik/what-if?share_pct=25", "Accept", "application/json")
	if err := json.Unmarshal([]byte(a.body), &house); err != nil || house.Then == nil || house.Then.Limit != 37 || len(house.Rooms) != 2 || house.Rooms[0].Then.Limit != 25 {
		t.Errorf("API: got %s (%v), want 37 in two rooms", a.body, err)
	}
}

// What cannot be meant is refused with the field's name, on the page and by the API, and a zone without limit has no such page.
func TestWhatIfThatCannotBeMeant(t *testing.T) {
	r := start(t, newFleet(), nil)
	for query, want := range map[string]string{
		"?spacing_m=x": "Spacing: “x” is no number.", "?spacing_m=11": "Spacing: 11 cannot be meant; 0 to 10 m can.", "?spacing_m=-1": "Spacing: -1", "?spacing_m=NaN": "“NaN” is no number",
		"?spacing_m=Inf": "Spacing: Inf cannot", "?seats=1.5": "“1.5” is no whole number", "?seats=1e99": "Seats: 1e99 cannot", "?share_pct=0": "1 to 100 % can", "?share_pct=": "a number is needed",
		"?fixtures_m2=500": "furniture takes more", "?seats=&pitch_m=&capacity=&area_m2=&fixtures_m2=": "Nothing gives a limit",
		"?grid=round": "neither square nor hexagonal", "?people=<b>": "“&lt;b&gt;” is no whole number",
	} {
		a := r.get(whatIfOfHall+query, "Accept-Language", "en", "Accept", "text/html")
		if a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.body, want) {
			t.Errorf("%s: got %d %s, want 422 and %q", query, a.StatusCode, mainOf(a.body), want)
		}
	}
	for _, path := range []string{"?spacing_m=11", "?share_pct=0", "?seats=1.5", "?fixtures_m2=500", "?grid=round"} {
		if a := r.get("/api/v1/sites/mpp-gresik/zones/ruang-tunggu/what-if"+path, "Accept", "application/json"); a.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("API %s: got %d %s, want 422", path, a.StatusCode, a.body)
		}
	}
	for _, path := range []string{"/site/mpp-gresik/zone/musala/what-if", "/site/mpp-gresik/zone/x/what-if", "/site/x/what-if"} {
		if a := r.get(path, "Accept", "text/html"); a.StatusCode != http.StatusNotFound {
			t.Errorf("%s: got %d, want 404", path, a.StatusCode)
		}
	}
}

// mainOf is the middle of a page, for an error that somebody reads.
func mainOf(body string) string {
	_, body, _ = strings.Cut(body, "<main")
	body, _, _ = strings.Cut(body, "</main>")
	return body
}
