package web

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

const levelPath = "/api/v1/sites/mpp-pamekasan/level"

func (r *running) postJSON(path, body string) answer {
	return r.do("POST", path, body, "Content-Type", "application/json", "Accept", "application/json")
}

// TestALevelByAPI: it is on disk before the answer, is answered the same when it is sent again, is listed with its author, and is
// taken back by an entry that says who and why.
func TestALevelByAPI(t *testing.T) {
	f := newFleet()
	r := start(t, f, nil)
	body := `{"id":"` + someUUID + `","level":"3","author":"kepala MPP","reason":"kasus naik","legal":"Inmendagri 33/2022","from":"2026-01-06T00:00:00+07:00","until":"2026-01-20T00:00:00+07:00"}`
	first := r.postJSON(levelPath, body)
	var d apiDecision
	if err := json.Unmarshal([]byte(first.body), &d); first.StatusCode != http.StatusOK || err != nil {
		t.Fatalf("got %d %s (%v), want 200", first.StatusCode, first.body, err)
	}
	if d.Level != "3" || d.Author != "kepala MPP" || !d.Claimed || d.Legal != "Inmendagri 33/2022" || !d.From.Equal(time.Date(2026, 1, 5, 17, 0, 0, 0, time.UTC)) {
		t.Errorf("answer: got %+v, want what was sent", d)
	}
	if again := r.postJSON(levelPath, body); again.body != first.body || len(f.entries) != 1 {
		t.Errorf("the same again: got %d %s and %d entries, want the first answer and one", again.StatusCode, again.body, len(f.entries))
	}
	if other := r.postJSON(levelPath, strings.Replace(body, `"3"`, `"1"`, 1)); other.StatusCode != http.StatusConflict {
		t.Errorf("the id for another level: got %d, want 409", other.StatusCode)
	}
	now := r.get(levelPath, "Accept", "application/json").body
	if !strings.Contains(now, `"level":"2","choices"`) || !strings.Contains(now, `"chosen":[{"id":"`+someUUID+`"`) {
		t.Errorf("got %s, want level 2 in force and level 3 to come", now)
	}
	end := `{"id":"` + otherUUID + `","ends":"` + someUUID + `","author":"kepala MPP","reason":"salah lokasi"}`
	if a := r.postJSON(levelPath+"/end", end); a.StatusCode != http.StatusOK {
		t.Fatalf("taking it back: got %d %s, want 200", a.StatusCode, a.body)
	}
	if a := r.postJSON(levelPath+"/end", strings.Replace(end, otherUUID, "5f0c2c8e-1b7a-4c55-8a86-0c9e5f7d2a11", 1)); a.StatusCode != 422 || !strings.Contains(a.body, "body ends") {
		t.Errorf("taking it back twice: got %d %s, want 422", a.StatusCode, a.body)
	}
	list := r.get("/api/v1/sites/mpp-pamekasan/levels", "Accept", "application/json").body
	if !strings.Contains(list, `"reason":"kasus naik"`) || !strings.Contains(list, `"ends":"`+someUUID+`"`) {
		t.Errorf("got %s, want both entries", list)
	}
}

// TestLevelsThatMakeNoSense: each is refused with its field, and nothing is written.
func TestLevelsThatMakeNoSense(t *testing.T) {
	f := newFleet()
	r := start(t, f, nil)
	ok := map[string]string{"id": someUUID, "level": "3", "author": "a", "reason": "b"}
	for _, tc := range []struct {
		name  string
		edit  map[string]string
		field string
	}{
		{"no such level", map[string]string{"level": "9"}, "body level"},
		{"no id", map[string]string{"id": "12"}, "id"},
		{"nobody", map[string]string{"author": "\u200b"}, "body author"},
		{"no reason", map[string]string{"reason": " "}, "body reason"},
		{"from yesterday", map[string]string{"from": fleetNow.Add(-24 * time.Hour).Format(time.RFC3339)}, "body from"},
		{"in two years", map[string]string{"from": fleetNow.AddDate(2, 0, 0).Format(time.RFC3339)}, "body from"},
		{"ends in the year 9999", map[string]string{"until": "9999-12-31T00:00:00Z"}, "body until"},
		{"ends before it begins", map[string]string{"from": fleetNow.Add(2 * time.Hour).Format(time.RFC3339), "until": fleetNow.Add(time.Hour).Format(time.RFC3339)}, "body until"},
		{"ends before now", map[string]string{"until": fleetNow.Add(-time.Hour).Format(time.RFC3339)}, "body until"},
	} {
		body := map[string]string{}
		maps.Copy(body, ok)
		maps.Copy(body, tc.edit)
		b, _ := json.Marshal(body)
		if a := r.postJSON(levelPath, string(b)); a.StatusCode != 422 || !strings.Contains(a.body, tc.field) {
			t.Errorf("%s: got %d %s, want 422 about %s", tc.name, a.StatusCode, a.body, tc.field)
		}
	}
	b, _ := json.Marshal(ok)
	if a := r.postJSON("/api/v1/sites/nowhere/level", string(b)); a.StatusCode != 404 {
		t.Errorf("no such site: got %d, want 404", a.StatusCode)
	}
	if len(f.entries) != 0 {
		t.Errorf("entries: got %d, want none", len(f.entries))
	}
}

// TestALevelByForm: look, confirm, take back; a mistake gives the form back with what was typed. No other site may send it.
func TestALevelByForm(t *testing.T) {
	f := newFleet()
	r := start(t, f, nil)
	page := "/site/mpp-pamekasan/level"
	form := url.Values{"id": {someUUID}, "choice": {"3"}, "reason": {"kasus <b>naik"}, "author": {"kepala"}, "from": {"2026-01-06T08:00"}}
	post := func(path string, extra ...string) answer {
		q := maps.Clone(form)
		for i := 0; i < len(extra); i += 2 {
			q.Set(extra[i], extra[i+1])
		}
		return r.do("POST", path, q.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Accept", "text/html", "Accept-Language", "en")
	}
	if a := post(page, "step", "look"); a.StatusCode != 200 || !strings.Contains(a.body, "Put level 3 in force?") || !strings.Contains(a.body, "50 % (PPKM)") || len(f.entries) != 0 {
		t.Errorf("look: got %d and %d entries, want the question and none", a.StatusCode, len(f.entries))
	}
	if a := post(page, "step", "look", "from", "2026-01-04T08:00"); a.StatusCode != 422 || !strings.Contains(a.body, "in the past") || !strings.Contains(a.body, `value="kasus &lt;b&gt;naik"`) {
		t.Errorf("a past begin: got %d %.300s, want the form back with what was typed", a.StatusCode, a.body)
	}
	if a := post(page, "step", "confirm"); a.StatusCode != http.StatusSeeOther || len(f.entries) != 1 {
		t.Fatalf("confirm: got %d and %d entries, want one", a.StatusCode, len(f.entries))
	}
	if a := r.get(page+"?saved=level", "Accept-Language", "en"); !strings.Contains(a.body, "Saved.") || !strings.Contains(a.body, "kasus &lt;b&gt;naik") || !strings.Contains(a.body, "tomorrow 08:00") {
		t.Errorf("after it: got %s, want the level that is to come", a.body)
	}
	if e := f.entries[0].Entry; e.From != telemetry.InstantOf(time.Date(2026, 1, 6, 1, 0, 0, 0, time.UTC)) || e.Text != "3" || !e.Claimed {
		t.Errorf("entry: got %+v, want level 3 from 08:00 at the site", e)
	}
	if a := post(page+"/end", "id", otherUUID, "ends", someUUID, "choice", ""); a.StatusCode != http.StatusSeeOther || len(f.entries) != 2 {
		t.Errorf("taking back: got %d and %d entries, want both", a.StatusCode, len(f.entries))
	}
	if a := r.get(page, "Accept-Language", "en"); !strings.Contains(a.body, "taken back 14:05 by kepala (as they say)") {
		t.Errorf("after it: got %s, want it told", a.body)
	}
	if a := r.do("POST", page, form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"); a.StatusCode != http.StatusForbidden {
		t.Errorf("from another site: got %d, want 403", a.StatusCode)
	}
}
