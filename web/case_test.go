package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// feverish lets four people wait, come back too warm, be forgotten and be cleared at a building's main door.
func feverish(v *rules.View) {
	one := func(id string, opened time.Duration, value float64, state rules.CaseState) rules.CaseView {
		return rules.CaseView{ID: "suhu-utama-" + id, Rule: "suhu-tubuh", Door: "utama", Device: "suhu-utama", Value: value, Limit: 37.3,
			Opened: ago(opened), Due: ago(opened - 5*time.Minute), Overdue: ago(opened - 10*time.Minute), State: state}
	}
	yesterday, cleared, forgotten := one("1", 20*time.Hour, 38.4, rules.CaseClosed), one("2", 3*time.Hour, 37.6, rules.CaseClosed), one("3", 12*time.Minute, 37.8, rules.CaseOverdue)
	yesterday.Closed, yesterday.How, yesterday.Outcome, yesterday.Words = ago(19*time.Hour), rules.ByPerson, rules.Refused, 1
	cleared.Second, cleared.Checked, cleared.Closed, cleared.How, cleared.Outcome = 36.6, ago(175*time.Minute), ago(175*time.Minute), rules.ByReading, rules.Cleared
	again := one("4", 7*time.Minute, 38.2, rules.CaseConfirmed)
	again.Second, again.Checked = 38.0, ago(90*time.Second)
	v.Cases = []rules.CaseView{yesterday, cleared, forgotten, again, one("5", 2*time.Minute, 37.5, rules.CaseWaiting)}
	v.Doors[0].TooWarm, v.Verdict = 5, rules.Breached
	v.Devices[2].Readings = []rules.LastValue{reading(telemetry.BodyTemperature, 36.4, "suhu-utama")}
	v.Devices[2].Offset, v.Devices[2].Offsets = 0.7, []facility.Offset{{From: ago(30 * 24 * time.Hour), Value: 1.3, Pairs: 9, Spread: 0.28}, {From: ago(26 * time.Hour), Value: 1.42, Pairs: 12, Spread: 0.31}}
}

// The guard ends a case with one tap; the same tap twice is one entry, and the page asks for no name.
func TestACaseIsEndedByOneTap(t *testing.T) {
	f := newFleet()
	r := start(t, f, func(o *Options) { o.Token = testToken })
	r.do("POST", "/token", "token="+url.QueryEscape(testToken)+"&name=satpam+pagi")
	page, action := "/site/mpp-banjar", "/site/mpp-banjar/case/suhu-utama-4/outcome"
	body := r.get(page).body
	section := one(t, body, "section#site-cases")
	for _, want := range []string{"Too warm again: refuse", "38.2", "Second check: 38.0", "Not measured again", "Waiting", "Today 4: 3 still open, 1 cleared, 0 refused"} {
		if !strings.Contains(section, want) {
			t.Errorf("the section: got %q, want %q in it", section, want)
		}
	}
	if strings.Index(section, "refuse") > strings.Index(section, "Waiting") {
		t.Error("who is to be refused stands behind who waits")
	}
	for _, n := range find(t, body, "section#site-cases input") {
		if attr(n, "type") != "hidden" {
			t.Errorf("the section asks for %q", attr(n, "name"))
		}
	}
	tap := form(t, body, action, "refused")
	for range 2 {
		if a := r.do("POST", action, tap.Encode()); a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != page+"#site-cases" {
			t.Fatalf("a tap: got %d to %q, want 303 to the cases", a.StatusCode, a.Header.Get("Location"))
		}
	}
	if len(f.entries) != 1 {
		t.Fatalf("entries: got %d, want 1", len(f.entries))
	}
	if e := f.entries[0].Entry; e.Kind != telemetry.EntryOutcome || e.Subject != "suhu-utama-4" || e.Text != "refused" || e.Author != "satpam pagi" || e.Reason != "" || !isUUID(e.ID) {
		t.Errorf("entry: got %+v, want the refusal of the case by satpam pagi", e)
	}
	tap.Set("outcome", "sent to Budi")
	if a := r.do("POST", action, tap.Encode()); a.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("another outcome: got %d, want 422", a.StatusCode)
	}
	if a := r.do("POST", "/site/mpp-banjar/case/suhu-utama-99/outcome", "outcome=cleared&words=0"); a.StatusCode != http.StatusNotFound {
		t.Errorf("a case that is not there: got %d, want 404", a.StatusCode)
	}
	if s := one(t, r.get("/site/mpp-magetan").body, "section#site-cases"); strings.Contains(s, "Waiting") {
		t.Errorf("a building without cases: got %q", s)
	}
}

// The history of a day's cases can be counted, and an outcome is answered the same when it is sent again.
func TestCasesByAPI(t *testing.T) {
	f := newFleet()
	r := start(t, f, nil)
	list := func(query string) caseList {
		a := r.get("/api/v1/sites/mpp-banjar/cases"+query, "Accept", "application/json")
		var out caseList
		if err := json.Unmarshal([]byte(a.body), &out.Body); a.StatusCode != 200 || err != nil {
			t.Fatalf("cases%s: got %d %s (%v)", query, a.StatusCode, a.body, err)
		}
		return out
	}
	if all, today := list(""), list("?day=2026-01-05"); len(all.Body.Items) != 5 || len(today.Body.Items) != 4 || today.Body.Counts != (caseCounts{Opened: 4, Open: 3, Cleared: 1}) || all.Body.Counts.Refused != 1 {
		t.Errorf("got %+v and %+v, want five cases, four of today, of which three are open and one is cleared", all.Body.Counts, today.Body.Counts)
	}
	if c := list("?day=2026-01-05").Body.Items[0]; c.Second == nil || *c.Second != 36.6 || c.How != "reading" || c.Outcome != "cleared" {
		t.Errorf("the cleared case: got %+v", c)
	}
	path, body := "/api/v1/sites/mpp-banjar/cases/suhu-utama-5/outcome", `{"id":"`+someUUID+`","outcome":"unmeasured","author":"satpam pagi"}`
	first := r.do("POST", path, body, "Content-Type", "application/json")
	if first.StatusCode != 200 || !strings.Contains(first.body, `"outcome":"unmeasured"`) {
		t.Fatalf("got %d %s, want 200", first.StatusCode, first.body)
	}
	if again := r.do("POST", path, body, "Content-Type", "application/json"); again.body != first.body || len(f.entries) != 1 {
		t.Errorf("the same again: got %s and %d entries, want the first answer and one", again.body, len(f.entries))
	}
	for name, tt := range map[string]struct {
		path, body string
		status     int
	}{
		"the id for another outcome": {path, strings.Replace(body, "unmeasured", "cleared", 1), 409},
		"no such outcome":            {path, strings.Replace(body, "unmeasured", "fine", 1), 422},
		"a field for a name":         {path, strings.Replace(body, `"author"`, `"visitor":"Budi","author"`, 1), 422},
		"before the case began":      {path, `{"id":"` + otherUUID + `","outcome":"cleared","author":"satpam","at":"2026-01-01T00:00:00Z"}`, 422},
		"no author":                  {path, `{"id":"` + otherUUID + `","outcome":"cleared","author":" "}`, 422},
		"no such case":               {strings.Replace(path, "-5", "-6", 1), strings.Replace(body, someUUID, otherUUID, 1), 404},
		"no such site":               {strings.Replace(path, "banjar", "nowhere", 1), strings.Replace(body, someUUID, otherUUID, 1), 404},
	} {
		if a := r.do("POST", tt.path, tt.body, "Content-Type", "application/json"); a.StatusCode != tt.status {
			t.Errorf("%s: got %d %s, want %d", name, a.StatusCode, a.body, tt.status)
		}
	}
}
