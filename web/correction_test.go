package web

import (
	"net/url"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/rules"
)

// A correction of -9 where 3 people were inside was taken, and the page said "0, within, go in".
func TestACorrectionTakesAwayNoMoreThanCanBeInside(t *testing.T) {
	f := newFleet()
	people := func(v *rules.View) {
		v.Zones[0].Persons, v.Persons = estimate(3, 1), estimate(5, 2)
	}
	f.change("mpp-magetan", people)
	r := start(t, f, nil)
	path := "/api/v1/sites/mpp-magetan/zones/ruang-tunggu/correction"
	body := `{"id":"` + someUUID + `","value":-4,"author":"satpam","reason":"pintu darurat"}`
	no := r.do("POST", path, strings.Replace(body, ":-4", ":-5", 1), "Content-Type", "application/json")
	wants(t, "the API", no.body, "body value: This correction takes away 5 people, and at most 4 can be inside.")
	if no.StatusCode != 422 || len(f.entries) != 0 {
		t.Errorf("got %d and %d entries, want 422 and none", no.StatusCode, len(f.entries))
	}
	site := r.do("POST", "/api/v1/sites/mpp-magetan/zones/_site/correction", strings.Replace(body, ":-4", ":-8", 1), "Content-Type", "application/json")
	if site.StatusCode != 422 {
		t.Errorf("the building: got %d, want 422", site.StatusCode)
	}
	form := r.do("POST", "/site/mpp-magetan/zone/ruang-tunggu/correction?lang=id", url.Values{"id": {otherUUID}, "value": {"-9"}, "author": {"satpam"}, "reason": {"x"}}.Encode(),
		"Content-Type", "application/x-www-form-urlencoded", "Accept", "text/html")
	wants(t, "the form", form.body, "Koreksi ini mengurangi 9 orang, padahal di dalam paling banyak 4.")
	yes := r.do("POST", path, body, "Content-Type", "application/json")
	if yes.StatusCode != 200 {
		t.Errorf("all who can be inside: got %d %s, want 200", yes.StatusCode, yes.body)
	}
	// What was made is answered the same, whatever is inside by now.
	f.change("mpp-magetan", func(v *rules.View) { v.Zones[0].Persons = estimate(0, 0) })
	if again := r.do("POST", path, body, "Content-Type", "application/json"); again.StatusCode != 200 || again.body != yes.body {
		t.Errorf("again: got %d %s, want the first answer", again.StatusCode, again.body)
	}
	f.change("mpp-magetan", func(v *rules.View) { v.Zones[0].Persons = rules.Estimate{Measured: true, Reason: rules.ReasonGap} })
	blind := r.do("POST", path, `{"id":"5f0c2c8e-1b7a-4c55-8a86-0c9e5f7d2a11","value":-4,"author":"satpam","reason":"x"}`, "Content-Type", "application/json")
	if blind.StatusCode != 200 {
		t.Errorf("where nobody knows how many are inside: got %d %s, want 200", blind.StatusCode, blind.body)
	}
}
