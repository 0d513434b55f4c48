package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

const (
	someUUID  = "0b0f9a4e-6c1d-4a53-9c38-2f0d6f0c9f11"
	otherUUID = "5f0c2c8e-1b7a-4c55-8a86-0c9e5f7d2a10"
)

// TestCountByAPI: a count is on disk before the answer, is answered the same when it is sent again, and shows at once.
func TestCountByAPI(t *testing.T) {
	f := newFleet()
	r := start(t, f, nil)
	path := "/api/v1/sites/mpp-pamekasan/zones/ruang-tunggu/count"
	body := `{"id":"` + someUUID + `","value":49,"author":"satpam pagi","reason":"jalan keliling","at":"2026-01-05T07:01:00Z"}`
	first := r.do("POST", path, body, "Content-Type", "application/json")
	if first.StatusCode != http.StatusOK {
		t.Fatalf("got %d %s, want 200", first.StatusCode, first.body)
	}
	var e apiEntry
	if err := json.Unmarshal([]byte(first.body), &e); err != nil {
		t.Fatal(err)
	}
	want := apiEntry{ID: someUUID, Site: "mpp-pamekasan", Zone: "ruang-tunggu", Kind: "count", Value: 49, Author: "satpam pagi", Claimed: true,
		Reason: "jalan keliling", At: time.Date(2026, 1, 5, 7, 1, 0, 0, time.UTC), Received: fleetNow, Record: 1_842_337}
	e.At, e.Received = e.At.UTC(), e.Received.UTC()
	if e != want {
		t.Errorf("answer: got %+v, want %+v", e, want)
	}
	for range 3 {
		if again := r.do("POST", path, body, "Content-Type", "application/json"); again.StatusCode != 200 || again.body != first.body {
			t.Errorf("the same again: got %d %s, want the first answer %s", again.StatusCode, again.body, first.body)
		}
	}
	if again := r.do("POST", path, strings.Replace(body, someUUID, strings.ToUpper(someUUID), 1), "Content-Type", "application/json"); again.body != first.body {
		t.Errorf("the same in capitals: got %d %s, want the first answer", again.StatusCode, again.body)
	}
	if len(f.entries) != 1 {
		t.Errorf("entries: got %d, want 1", len(f.entries))
	}
	if other := r.do("POST", path, strings.Replace(body, `"value":49`, `"value":50`, 1), "Content-Type", "application/json"); other.StatusCode != http.StatusConflict {
		t.Errorf("the id for another value: got %d, want 409", other.StatusCode)
	}
	if zones := r.get("/api/v1/sites/mpp-pamekasan/zones", "Accept", "application/json").body; !strings.Contains(zones, `"persons":49,"low":49,"high":49`) {
		t.Errorf("zones: got %.400s, want the count in them", zones)
	}
	list := r.get("/api/v1/sites/mpp-pamekasan/zones/ruang-tunggu/entries", "Accept", "application/json")
	if !strings.Contains(list.body, someUUID) || !strings.Contains(list.body, `"author_claimed":true`) {
		t.Errorf("entries: got %s, want the count", list.body)
	}
	whole := r.do("POST", "/api/v1/sites/mpp-pamekasan/zones/_site/correction", `{"id":"`+otherUUID+`","value":-3,"author":"satpam","reason":"pintu darurat"}`, "Content-Type", "application/json")
	if whole.StatusCode != 200 || !strings.Contains(whole.body, `"zone":"_site"`) || f.entries[1].Entry.Subject != "" || f.entries[1].Entry.Kind != telemetry.EntryCorrection {
		t.Errorf("a correction of the building: got %d %s (%+v)", whole.StatusCode, whole.body, f.entries[len(f.entries)-1].Entry)
	}
}

// TestAnEntryAgainHasTheSameAnswer: whoever got no answer asks again, maybe much later. What is on disk answers, whether it could be
// entered now or not; and an id is for one entry, its time included.
func TestAnEntryAgainHasTheSameAnswer(t *testing.T) {
	f := newFleet()
	var later atomic.Int64
	r := start(t, f, func(o *Options) { o.Now = func() time.Time { return fleetNow.Add(time.Duration(later.Load())) } })
	path := "/api/v1/sites/mpp-pamekasan/zones/ruang-tunggu/count"
	post := func(body string) answer {
		return r.do("POST", path, body, "Content-Type", "application/json", "Accept", "application/json")
	}
	body := func(id, at string) string {
		return `{"id":"` + id + `","value":49,"author":"satpam pagi"` + at + `}`
	}
	timed, untimed := body(someUUID, `,"at":"2026-01-05T07:01:00Z"`), body(otherUUID, "")
	first := []answer{post(timed), post(untimed)}
	if first[0].StatusCode != 200 || first[1].StatusCode != 200 {
		t.Fatalf("got %d and %d, want 200: %s %s", first[0].StatusCode, first[1].StatusCode, first[0].body, first[1].body)
	}
	for name, other := range map[string]string{
		"another time":           body(someUUID, `,"at":"2026-01-05T07:00:00Z"`),
		"no time":                body(someUUID, ""),
		"a time where none was":  body(otherUUID, `,"at":"2026-01-05T07:01:00Z"`),
		"another person's count": strings.Replace(timed, "pagi", "malam", 1),
	} {
		if a := post(other); a.StatusCode != http.StatusConflict {
			t.Errorf("%s under the same id: got %d %s, want 409", name, a.StatusCode, a.body)
		}
	}
	again := func(when string) {
		t.Helper()
		for i, b := range []string{timed, untimed} {
			if a := post(b); a.StatusCode != 200 || a.body != first[i].body {
				t.Errorf("%s: got %d %s, want the first answer %s", when, a.StatusCode, a.body, first[i].body)
			}
		}
	}
	again("at once")
	later.Store(int64(8 * 24 * time.Hour))
	again("eight days later, when a count is too old")
	show := func(change func(*rules.View)) {
		f.mu.Lock()
		defer f.mu.Unlock()
		v := *f.views["mpp-pamekasan"]
		v.Zones = slices.Clone(v.Zones)
		change(&v)
		f.views["mpp-pamekasan"] = &v
	}
	show(func(v *rules.View) {
		for i := range v.Zones {
			v.Zones[i].Persons = rules.Estimate{}
		}
	})
	again("when nothing counts there any more")
	show(func(v *rules.View) { v.Zones = nil })
	again("when the zone is gone")
	if len(f.entries) != 2 {
		t.Errorf("entries: got %d, want 2", len(f.entries))
	}
}

// TestEntriesThatMakeNoSense: each is refused with the field and what was expected, and nothing is written.
func TestEntriesThatMakeNoSense(t *testing.T) {
	f := newFleet()
	r := start(t, f, nil)
	count, correction := "/api/v1/sites/mpp-pamekasan/zones/ruang-tunggu/count", "/api/v1/sites/mpp-pamekasan/zones/ruang-tunggu/correction"
	body := func(edit string) string {
		base := map[string]any{"id": someUUID, "value": 12, "author": "satpam", "reason": "lewat"}
		var change map[string]any
		if err := json.Unmarshal([]byte(edit), &change); err != nil {
			t.Fatal(err)
		}
		for k, v := range change {
			if v == nil {
				delete(base, k)
			} else {
				base[k] = v
			}
		}
		b, _ := json.Marshal(base)
		return string(b)
	}
	at := func(d time.Duration) string { return fmt.Sprintf(`{"at":%q}`, fleetNow.Add(d).Format(time.RFC3339)) }
	for _, tc := range []struct {
		name, path, body string
		want             int
		says             string
	}{
		{"unknown site", "/api/v1/sites/nowhere/zones/hall/count", body(`{}`), 404, ""},
		{"unknown zone", "/api/v1/sites/mpp-pamekasan/zones/nowhere/count", body(`{}`), 404, ""},
		{"a zone that nothing counts", "/api/v1/sites/mpp-pamekasan/zones/musala/count", body(`{}`), 422, "Nothing counts"},
		{"negative", count, body(`{"value":-1}`), 422, "value"},
		{"half a person", count, body(`{"value":1.5}`), 422, "value"},
		{"too many", count, body(`{"value":100001}`), 422, "value"},
		{"NaN", count, `{"id":"` + someUUID + `","value":NaN,"author":"satpam"}`, 400, ""},
		{"huge", count, `{"id":"` + someUUID + `","value":1e400,"author":"satpam"}`, 400, ""},
		{"text", count, body(`{"value":"12"}`), 422, "value"},
		{"no value", count, body(`{"value":null}`), 422, "value"},
		{"no id", count, body(`{"id":null}`), 422, "id"},
		{"id is no UUID", count, body(`{"id":"12"}`), 422, "id"},
		{"no author", count, body(`{"author":null}`), 422, "author"},
		{"author of nothing", count, body(`{"author":"\u200b "}`), 422, "author"},
		{"future", count, body(at(3 * time.Minute)), 422, "body at"},
		{"too old", count, body(at(-7*24*time.Hour - time.Minute)), 422, "body at"},
		{"no reason", correction, body(`{"reason":null}`), 422, "reason"},
		{"reason of nothing", correction, body(`{"reason":" "}`), 422, "reason"},
		{"correction by nothing", correction, body(`{"value":0}`), 422, "value"},
		{"correction too large", correction, body(`{"value":-100001}`), 422, "value"},
	} {
		a := r.do("POST", tc.path, tc.body, "Content-Type", "application/json", "Accept", "application/json")
		if a.StatusCode != tc.want || a.Header.Get("Content-Type") != "application/problem+json" || !strings.Contains(a.body, tc.says) {
			t.Errorf("%s: got %d %s, want %d as a problem document that says %q", tc.name, a.StatusCode, a.body, tc.want, tc.says)
		}
	}
	if len(f.entries) != 0 {
		t.Errorf("entries: got %d, want none", len(f.entries))
	}
	for _, ok := range []string{at(time.Minute), at(-6 * 24 * time.Hour)} {
		f.entries = nil
		if a := r.do("POST", count, body(ok), "Content-Type", "application/json"); a.StatusCode != 200 {
			t.Errorf("%s: got %d %s, want 200", ok, a.StatusCode, a.body)
		}
	}
	f.fail = errors.New("disk /var/lib/secret is gone")
	if a := r.do("POST", count, body(`{"id":"`+otherUUID+`"}`), "Content-Type", "application/json"); a.StatusCode != 500 || strings.Contains(a.body, "secret") {
		t.Errorf("a broken journal: got %d %s, want 500 without the cause", a.StatusCode, a.body)
	}
}

// form reads a form of a page: where it is sent and its values, with those of one of its buttons.
func form(t *testing.T, page, action, button string) url.Values {
	t.Helper()
	for _, f := range find(t, page, "form") {
		if attr(f, "action") != action {
			continue
		}
		values := url.Values{}
		found := button == ""
		for n := range f.Descendants() {
			switch {
			case n.Type != html.ElementNode:
			case n.Data == "input" && attr(n, "type") == "hidden":
				values.Set(attr(n, "name"), attr(n, "value"))
			case n.Data == "button" && attr(n, "value") == button && button != "":
				values.Set(attr(n, "name"), button)
				found = true
			}
		}
		if found {
			return values
		}
	}
	t.Fatalf("no form to %s with a button %q", action, button)
	return nil
}

// TestCountByOneTap: without scripts, one tap on the zone's page enters the number; the page then shows it.
func TestCountByOneTap(t *testing.T) {
	f := newFleet()
	r := start(t, f, func(o *Options) { o.Token = testToken })
	r.do("POST", "/token", "token="+url.QueryEscape(testToken)+"&name=satpam+pagi")
	page, action := "/site/mpp-pamekasan/zone/ruang-tunggu", "/site/mpp-pamekasan/zone/ruang-tunggu/count"
	before := r.get(page)
	if got := one(t, before.body, "section.asked"); !strings.Contains(got, "Count once: 30 seconds, then we know.") {
		t.Fatalf("the form: got %q, want it to ask for a count", got)
	}
	if site := r.get("/site/mpp-pamekasan").body; !strings.Contains(one(t, site, "p.ask"), "Count once") {
		t.Error("the site's page does not ask for a count")
	}
	tap := form(t, before.body, action, "48")
	a := r.do("POST", action, tap.Encode())
	if got, want := a.Header.Get("Location"), page+"?saved=count#count"; a.StatusCode != http.StatusSeeOther || got != want {
		t.Fatalf("a tap: got %d to %q, want 303 to %q", a.StatusCode, got, want)
	}
	if got := f.entries[0].Entry; got.Value != 48 || got.Author != "satpam pagi" || !got.Claimed || got.Subject != "ruang-tunggu" || got.Kind != telemetry.EntryCount {
		t.Errorf("entry: got %+v, want 48 by satpam pagi, claimed", got)
	}
	after := r.get(page + "?saved=count").body
	if got := one(t, after, "section#zone-now"); !strings.Contains(got, "48 / 50") {
		t.Errorf("the figure after the tap: got %q, want 48 / 50", got)
	}
	if got := one(t, after, "ul.entries"); got != "48counted · 50 (47–53) → 48 · 14:05 · satpam pagi (as they say) Take it back Why Look at it first" {
		t.Errorf("the list: got %q, want who counted what, when, and that nobody checked who", got)
	}
	if len(find(t, after, "section.asked")) != 0 || !strings.Contains(one(t, after, "p.saved"), "Saved") {
		t.Error("the page still asks, or does not say that it saved the count")
	}
	// A double tap, or the back button, does nothing; the same form for another number is refused.
	if a := r.do("POST", action, tap.Encode()); a.StatusCode != http.StatusSeeOther || len(f.entries) != 1 {
		t.Errorf("the same tap again: got %d and %d entries, want 303 and 1", a.StatusCode, len(f.entries))
	}
	tap.Set("value", "50")
	if a := r.do("POST", action, tap.Encode(), "Accept", "text/html"); a.StatusCode != http.StatusConflict || !strings.Contains(a.body, "entered already") {
		t.Errorf("another number by the same form: got %d, want 409 and why", a.StatusCode)
	}
	correct := form(t, after, "/site/mpp-pamekasan/zone/ruang-tunggu/correction", "")
	correct.Set("value", "-2")
	if a := r.do("POST", "/site/mpp-pamekasan/zone/ruang-tunggu/correction", correct.Encode(), "Accept", "text/html"); a.StatusCode != 422 || !strings.Contains(a.body, "needs a reason") {
		t.Errorf("a correction without a reason: got %d, want 422 and why", a.StatusCode)
	}
	correct.Set("reason", "pintu darurat <b>")
	if a := r.do("POST", "/site/mpp-pamekasan/zone/ruang-tunggu/correction", correct.Encode()); a.StatusCode != http.StatusSeeOther || f.entries[1].Entry.Reason != "pintu darurat <b>" {
		t.Errorf("a correction: got %d %+v, want 303 and its reason", a.StatusCode, f.entries)
	}
	for value, want := range map[string]int{"NaN": 422, "-1": 422, "Inf": 422, "1e9": 422, "": 422, "x": 422, "12.5": 422} {
		v := url.Values{"id": {newUUID()}, "value": {value}}
		if got := r.do("POST", action, v.Encode()).StatusCode; got != want {
			t.Errorf("value %q: got %d, want %d", value, got, want)
		}
	}
	if a := r.do("POST", action, tap.Encode(), "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"); a.StatusCode != http.StatusForbidden {
		t.Errorf("a page from elsewhere: got %d, want 403", a.StatusCode)
	}
}

// TestUUIDs: what a form gets is what the API takes.
func TestUUIDs(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		id := newUUID()
		if !isUUID(id) || seen[id] || id[14] != '4' {
			t.Fatalf("got %q, want another UUID of version 4", id)
		}
		seen[id] = true
	}
	for _, bad := range []string{"", "12", strings.Repeat("a", 36), someUUID + "0", someUUID[:35], strings.Replace(someUUID, "a", "g", 1), "{" + someUUID[1:35] + "}"} {
		if isUUID(bad) {
			t.Errorf("%q: taken for a UUID", bad)
		}
	}
}

// TestR15NoFormWhereNothingCounts is the zone page's side of finding R15.
func TestR15NoFormWhereNothingCounts(t *testing.T) {
	r := start(t, newFleet(), nil)
	page := r.get("/site/mpp-magetan/zone/musala").body
	if n := len(find(t, page, "section#count")) + len(find(t, page, "div#chart")); n != 0 {
		t.Errorf("got %d forms and charts, want none", n)
	}
	v := url.Values{"id": {newUUID()}, "value": {"3"}}
	if got := r.do("POST", "/site/mpp-magetan/zone/musala/count", v.Encode()).StatusCode; got != http.StatusUnprocessableEntity {
		t.Errorf("a count all the same: got %d, want 422", got)
	}
}
