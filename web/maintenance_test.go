package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// TestMaintenance: by API and by form; it is told on the site's page with its end, who and why; its end is an entry, too. What makes no sense is refused
// with its field.
func TestMaintenance(t *testing.T) {
	f := newFleet()
	r := start(t, f, nil)
	const path = "/api/v1/sites/mpp-gresik/maintenance"
	body := `{"id":"` + someUUID + `","of":"zone:ruang-tunggu","author":"PT Teknik","reason":"AC","until":"2026-01-05T14:30:00+07:00"}`
	if a := r.postJSON(path, body); a.StatusCode != http.StatusOK || !strings.Contains(a.body, `"of":"zone:ruang-tunggu"`) {
		t.Fatalf("got %d %s, want 200", a.StatusCode, a.body)
	}
	for _, want := range []string{"until 14:30", "PT Teknik (as they say)", "AC"} {
		if page := r.get("/site/mpp-gresik", "Accept-Language", "en").body; !strings.Contains(page, want) {
			t.Errorf("the site's page: want %q in it", want)
		}
	}
	if list := r.get(path, "Accept", "application/json").body; !strings.Contains(list, `"until":"2026-01-05T07:30:00Z"`) || !strings.Contains(list, `"author":"PT Teknik"`) {
		t.Errorf("got %s", list)
	}
	for name, tc := range map[string]struct{ from, to, field string }{
		"no such part": {"zone:ruang-tunggu", "zone:nowhere", "body of"}, "no such kind": {"zone:ruang-tunggu", "roof:1", "body of"},
		"an end in the past": {"14:30:00", "13:30:00", "body until"}, "two months": {"2026-01-05T14", "2026-03-05T14", "body until"}, "no reason": {`"AC"`, `" "`, "body reason"},
	} {
		if a := r.postJSON(path, strings.Replace(strings.Replace(body, tc.from, tc.to, 1), someUUID, otherUUID, 1)); a.StatusCode != 422 || !strings.Contains(a.body, tc.field) {
			t.Errorf("%s: got %d %s, want 422 about %s", name, a.StatusCode, a.body, tc.field)
		}
	}
	form := url.Values{"id": {otherUUID}, "ends": {someUUID}, "reason": {"selesai"}, "author": {"satpam"}}
	if a := r.do("POST", "/site/mpp-gresik/maintenance/end", form.Encode(), "Content-Type", "application/x-www-form-urlencoded"); a.StatusCode != http.StatusSeeOther || len(f.entries) != 2 {
		t.Errorf("its end: got %d and %d entries, want two", a.StatusCode, len(f.entries))
	}
	if page := r.get("/site/mpp-gresik/maintenance", "Accept-Language", "en").body; !strings.Contains(page, "taken back 14:05 by satpam") {
		t.Error("the history does not say who ended it")
	}
	form = url.Values{"id": {"5f0c2c8e-1b7a-4c55-8a86-0c9e5f7d2a11"}, "choice": {"rule:kapasitas"}, "until": {"2026-01-05T13:00"}, "reason": {"<b>uji"}}
	if a := r.do("POST", "/site/mpp-gresik/maintenance", form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Accept", "text/html", "Accept-Language", "en"); a.StatusCode != 422 || !strings.Contains(a.body, `value="&lt;b&gt;uji"`) {
		t.Errorf("an end in the past by form: got %d, want the form back", a.StatusCode)
	}
}

// Finding 21: a part of a site whose name is as long as names may be is chosen by the form as by the API.
func TestR21_LongPartsAreChosen(t *testing.T) {
	want := "device:" + strings.Repeat("d", 64)
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(url.Values{"choice": {want}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if err := r.ParseForm(); err != nil {
		t.Fatal(err)
	}
	if f := standingFormOf(r, "x"); f.Choice != want {
		t.Errorf("got %q, want all of it", f.Choice)
	}
}
