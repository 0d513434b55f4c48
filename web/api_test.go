package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// document fetches the OpenAPI document as plain values.
func (r *running) document() map[string]any {
	r.t.Helper()
	a := r.get("/api/v1/openapi.json")
	var doc map[string]any
	if err := json.Unmarshal([]byte(a.body), &doc); err != nil {
		r.t.Fatalf("reading the OpenAPI document: %v", err)
	}
	return doc
}

// at follows keys into a document.
func at(t *testing.T, v any, keys ...string) any {
	t.Helper()
	for _, k := range keys {
		m, ok := v.(map[string]any)
		if !ok || m[k] == nil {
			t.Fatalf("OpenAPI document: no %q of %q", k, keys)
		}
		v = m[k]
	}
	return v
}

// TestAnswersMatchTheOpenAPIDocument asks for every address of the document and validates the answer against its schema.
func TestAnswersMatchTheOpenAPIDocument(t *testing.T) {
	r := start(t, newFleet(), func(o *Options) { o.Rehearsals, o.Limits, o.Evidence = aTrial(), someLimits(), &somePacks{} })
	doc := r.document()
	if got := at(t, doc, "openapi"); got != "3.1.0" {
		t.Errorf("version: got %v, want 3.1.0", got)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("gerbang:openapi", doc); err != nil {
		t.Fatal(err)
	}
	fill := strings.NewReplacer("/level/rehearsal", "/level/rehearsal?level=3", "{site}", "mpp-gresik", "{zone}", "loket", "{alert}", "a1")
	checked := 0
	for path, item := range at(t, doc, "paths").(map[string]any) {
		if !strings.HasPrefix(path, "/api/v1/") {
			t.Errorf("path %q: want it below /api/v1", path)
		}
		get, ok := item.(map[string]any)["get"]
		if !ok {
			continue
		}
		if strings.HasSuffix(path, ".csv") {
			at(t, get, "responses", "200", "content", "text/csv", "schema")
			continue
		}
		at(t, get, "operationId")
		at(t, get, "summary")
		at(t, get, "responses", "200", "content", "application/json", "schema")
		pointer := "gerbang:openapi#/paths/" + strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(path) + "/get/responses/200/content/application~1json/schema"
		schema, err := compiler.Compile(pointer)
		if err != nil {
			t.Errorf("%s: its schema does not compile: %v", path, err)
			continue
		}
		a := r.get(fill.Replace(path), "Accept", "application/json")
		body, err := jsonschema.UnmarshalJSON(bytes.NewReader([]byte(a.body)))
		if err != nil || a.StatusCode != http.StatusOK {
			t.Errorf("GET %s: got %d (%v): %.200s", path, a.StatusCode, err, a.body)
			continue
		}
		if err := schema.Validate(body); err != nil {
			t.Errorf("GET %s: the answer breaks its schema: %v", path, err)
		}
		checked++
	}
	if checked < 12 {
		t.Errorf("checked addresses: got %d, want 12 or more", checked)
	}
}

func TestAPIFailures(t *testing.T) {
	f := newFleet()
	r := start(t, f, nil)
	for _, tc := range []struct {
		method, path, body string
		want               int
	}{
		{"GET", "/api/v1/sites/nowhere", "", 404}, {"GET", "/api/v1/sites/nowhere/zones", "", 404},
		{"GET", "/api/v1/sites/mpp-gresik/zones/nowhere/occupancy", "", 404},
		{"GET", "/api/v1/sites/mpp-gresik/zones/loket/occupancy?day=2026-02-30", "", 422},
		{"GET", "/api/v1/sites/mpp-gresik/zones/loket/occupancy?day=yesterday", "", 422},
		{"GET", "/api/v1/alerts?limit=0", "", 422}, {"GET", "/api/v1/alerts?limit=1000000", "", 422},
		{"POST", "/api/v1/alerts/a1/acknowledge", `{"author":"satpam","minutes":100000}`, 422},
		{"POST", "/api/v1/alerts/a1/acknowledge", `{"minutes":5}`, 422},
		{"POST", "/api/v1/alerts/a1/acknowledge", "{\"author\":\"\u200b\"}", 422},
		{"POST", "/api/v1/alerts/a1/acknowledge", `{"author":"satpam"`, 400},
		{"POST", "/api/v1/alerts/gone/acknowledge", `{"author":"satpam"}`, 404},
		{"GET", "/api/v1/nothing", "", 404}, {"GET", "/api/", "", 404},
	} {
		a := r.do(tc.method, tc.path, tc.body, "Content-Type", "application/json", "Accept", "application/json")
		if got := a.Header.Get("Content-Type"); a.StatusCode != tc.want || got != "application/problem+json" {
			t.Errorf("%s %s %s: got %d %s, want %d as a problem document", tc.method, tc.path, tc.body, a.StatusCode, got, tc.want)
		}
	}
	if len(f.acks) != 0 {
		t.Errorf("acknowledgements: got %v, want none", f.acks)
	}
	f.fail = errors.New("database /var/lib/gerbang/journal.db is locked, password=hunter2")
	for _, path := range []string{"/api/v1/rejections", "/api/v1/alerts/history", "/api/v1/sites/mpp-gresik/zones/loket/occupancy"} {
		a := r.get(path, "Accept", "application/json")
		if a.StatusCode != http.StatusInternalServerError || strings.Contains(a.body, "hunter2") || strings.Contains(a.body, "journal.db") {
			t.Errorf("GET %s with a broken journal: got %d %s, want 500 without the cause", path, a.StatusCode, a.body)
		}
	}
	for _, path := range []string{"/rejections", "/alerts"} {
		a := r.get(path)
		if a.StatusCode != http.StatusInternalServerError || strings.Contains(a.body, "hunter2") {
			t.Errorf("GET %s with a broken journal: got %d, want 500 without the cause", path, a.StatusCode)
		}
	}
	if got := r.get("/site/mpp-gresik").StatusCode; got != http.StatusOK {
		t.Errorf("a site's page with a broken journal: got %d, want 200: live state does not need it", got)
	}
}

func TestAcknowledgeByAPI(t *testing.T) {
	f := newFleet()
	r := start(t, f, nil)
	a := r.do("POST", "/api/v1/alerts/a1/acknowledge", `{"author":"satpam pagi","reason":"entrance_held","minutes":45}`, "Content-Type", "application/json")
	if a.StatusCode != http.StatusNoContent {
		t.Fatalf("got %d %s, want 204", a.StatusCode, a.body)
	}
	if got := f.acks[0]; got.author != "satpam pagi" || got.reason != "entrance_held" || got.until != in(45*60*1e9) {
		t.Errorf("got %+v, want the author, the reason and 45 minutes", got)
	}
	list := r.get("/api/v1/alerts?site=mpp-gresik", "Accept", "application/json").body
	if !strings.Contains(list, `"by":"satpam pagi"`) {
		t.Errorf("open alerts: got %s, want the acknowledgement in it", list)
	}
}

// Finding: a parameter that no operation has was accepted in silence, and a mistyped site's error did not say which.
func TestAPISaysWhatItDoesNotKnow(t *testing.T) {
	r, _ := weekly(t, nil)
	for path, want := range map[string]string{
		"/api/v1/alerts?limt=5":                    `no query parameter is called \"limt\" here: it has limit, site`,
		"/api/v1/sites/mpp-gresik/zones?zone=x":    `it has none`,
		"/api/v1/sites/mpp-gresik/compliance?day=": `is called \"day\" here: it has by, from, known, to`,
		"/api/v1/sites/mpp-gresk":                  `no such site: \"mpp-gresk\"`,
		"/api/v1/sites/mpp-gresk/zones":            `no such site: \"mpp-gresk\"`,
	} {
		if a := r.get(path, "Accept", "application/json"); a.StatusCode < 400 || !strings.Contains(a.body, want) {
			t.Errorf("%s: got %d %s, want %s", path, a.StatusCode, a.body, want)
		}
	}
}
