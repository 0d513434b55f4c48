package web

import (
	"encoding/csv"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// body is the body of a form.
func body(pairs ...string) string {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v.Encode()
}

// Who was told on Wednesday at 10:15, and what did they do? It is one page from the alerts of that day.
func TestWhoWasToldAndWhatTheyDid(t *testing.T) {
	f := newFleet()
	f.past = append(f.past, answered())
	r := start(t, f, nil)
	day := r.get("/alerts?day=2025-12-31&at=10:15&lang=en").body
	wants(t, "the alerts of a day at a time", day, "Loket layanan", `href="/alert/pstory"`, "Led to: satpam, kepala-mpp", "Siti, satpam pagi", "Entrance held", "Given to Budi", "Wed 31 Dec 2025")
	wants(t, "another time of that day", r.get("/alerts?day=2025-12-31&at=09:15&lang=en").body, "Nothing was raised", "-pstory")
	wants(t, "the day before", r.get("/alerts?day=2025-12-30&lang=en").body, "-pstory")
	page := r.get("/alert/pstory?lang=en").body
	wants(t, "the alert", page, "Raised", "10:15", "Taken by a channel", "after 2 s", "satpam, kepala-mpp", "not known", "Somebody is on it", "after 3 min", "Back within the limit", "after 27 min",
		"Raised by", "Worst", "33", "Last", "23", "pintu samping")
	wants(t, "the same in Indonesian", r.get("/alert/pstory?lang=id").body, "Diterima saluran", "tidak diketahui", "Kembali dalam batas")
	for _, bad := range []string{"/alerts?day=2025-02-30", "/alerts?day=2030-01-01", "/alerts?at=10:15", "/alerts?day=2025-12-31&at=25:99"} {
		if got := r.get(bad).StatusCode; got != 400 {
			t.Errorf("%s: status %d, want 400", bad, got)
		}
	}
	if got := r.get("/alert/none").StatusCode; got != 404 {
		t.Errorf("an alert that is none: status %d", got)
	}
	for query, want := range map[string][]string{
		"site=mpp-gresik": {"a1", "-a2"}, "state=taken": {"a2", "-a1"}, "severity=critical": {"a1", "-a2"}, "kind=disinfection": {"a2", "-a1"}, "zone=ruang-tunggu&site=mpp-gresik": {"a1", "-a3"}, "state=silenced": {"-a1", "-a2"},
	} {
		page := r.get("/alerts?" + query).body
		for _, id := range want {
			if has := strings.Contains(page, `href="/alert/`+strings.TrimPrefix(id, "-")+`"`); has == strings.HasPrefix(id, "-") {
				t.Errorf("alerts?%s: alert %s: shown %v", query, id, has)
			}
		}
	}
}

// What people do with an alert is an entry with who and why, once however often it is sent, and stands in the alert.
func TestWhatPeopleDoWithAnAlert(t *testing.T) {
	f := newFleet()
	r := start(t, f, nil)
	id := newUUID()
	for range 2 { // a phone that got no answer sends it again
		got := r.do("POST", "/alert/a1/acknowledge", body("id", id, "author", "Siti", "reason", "entrance_held", "minutes", "30"))
		if to := got.Header.Get("Location"); to != "/alert/a1?saved=acknowledge" {
			t.Fatalf("acknowledging: %d, then to %q", got.StatusCode, to)
		}
	}
	if n := len(f.entries); n != 1 || f.entries[0].Entry.Kind != telemetry.EntryAcknowledge || f.entries[0].Entry.Author != "Siti" {
		t.Fatalf("acknowledging twice by one id: %d entries", n)
	}
	page := r.get("/alert/a1?lang=en").body
	wants(t, "who has it already", page, "Siti", "is on it until", "I take it over", "Entrance held")
	if b := one(t, page, "button.large"); !strings.Contains(b, "I take it over") {
		t.Errorf("the large button: %q", b)
	}
	r.do("POST", "/alert/a1/acknowledge", body("id", newUUID(), "author", "Budi", "minutes", "30"))
	wants(t, "the next one", r.get("/alert/a1?lang=en").body, "Budi (as they say) is on it until")
	r.do("POST", "/alert/a1/comment", body("id", newUUID(), "author", "Budi", "reason", "Pintu samping terbuka"))
	r.do("POST", "/alert/a1/assign", body("id", newUUID(), "author", "Budi", "to", "Rina", "reason", "tolong dicek"))
	page = r.get("/alert/a1?lang=en").body
	wants(t, "what happened", page, "Pintu samping terbuka", "gave it to Rina", "tolong dicek")
	got := r.do("POST", "/alerts/handover", body("id", newUUID(), "author", "Siti", "to", "satpam malam", "reason", "shift selesai"))
	if to := got.Header.Get("Location"); got.StatusCode != 303 || to != "/alerts?saved=handover" {
		t.Errorf("a handover: %d, then to %q: %s", got.StatusCode, to, got.body)
	}
	for _, a := range f.Open() {
		if a.Assigned == nil || a.Assigned.To != "satpam malam" || !a.Assigned.Handover {
			t.Errorf("alert %s of site %q behind a handover: %+v", a.ID, a.Site, a.Assigned)
		}
	}
	for _, c := range []struct {
		path, text string
		want       int
	}{
		{"/alert/a1/comment", body("id", newUUID(), "author", "Budi"), 422}, {"/alert/a1/comment", body("id", "1", "author", "Budi", "reason", "x"), 422},
		{"/alert/none/comment", body("id", newUUID(), "author", "Budi", "reason", "x"), 404}, {"/alert/pmpp-gresik/assign", body("id", newUUID(), "author", "Budi", "to", "x"), 409},
		{"/alert/pmpp-gresik/acknowledge", body("id", newUUID(), "author", "Budi"), 409}, {"/alerts/handover", body("id", newUUID(), "author", "Budi"), 422},
		{"/alert/a1/silence", body("id", newUUID(), "author", "Budi", "minutes", "30"), 422},
		{"/alert/a1/silence", body("id", newUUID(), "author", "Budi", "minutes", "61", "reason", "x"), 422},
		{"/alert/a3/silence", body("id", newUUID(), "author", "Budi", "minutes", "999999", "reason", "x"), 400},
	} {
		if got := r.do("POST", c.path, c.text); got.StatusCode != c.want {
			t.Errorf("POST %s %s: status %d, want %d: %s", c.path, c.text, got.StatusCode, c.want, got.body)
		}
	}
	if got := r.do("POST", "/alert/pmpp-gresik/comment", body("id", newUUID(), "author", "Budi", "reason", "sudah dicek")); got.StatusCode != 303 {
		t.Errorf("a comment about an alert that is over: status %d", got.StatusCode)
	}
}

// A silenced alert stays where it was, says who silenced it, why and until when, and can be made loud again.
func TestASilencedAlertIsShown(t *testing.T) {
	f := newFleet()
	r := start(t, f, nil)
	silence := newUUID()
	r.do("POST", "/alert/a3/silence", body("id", silence, "author", "kepala MPP", "minutes", "240", "reason", "teknisi datang besok"))
	a, _, _ := f.Alert(t.Context(), "a3")
	if a.Silenced == nil || a.Silenced.Until != telemetry.InstantOf(fleetNow.Add(4*time.Hour)) {
		t.Fatalf("silenced: %+v", a.Silenced)
	}
	wants(t, "the list", r.get("/alerts?lang=en").body, "Silenced by kepala MPP", "teknisi datang besok", `href="/alert/a3"`)
	wants(t, "its site", r.get("/site/mpp-tabalong?lang=en").body, "Silenced by kepala MPP")
	wants(t, "the alert", r.get("/alert/a3?lang=en").body, "Silenced by kepala MPP", "End the silence")
	r.do("POST", "/alert/a3/silence/end", body("id", newUUID(), "author", "kepala MPP", "reason", "sudah diperbaiki", "ends", silence))
	wants(t, "its course", r.get("/alert/a3?lang=en").body, "No longer silenced", "-End the silence")
}

// What strangers type is text wherever it is shown.
func TestHostileTextsOfAlertsAreInert(t *testing.T) {
	evil := `<script>pwned()</script>"'><img src=x onerror=pwned()>`
	f := newFleet()
	f.open[0].SubjectName, f.open[0].Told = evil, []string{evil}
	f.open[0].Accepted = f.open[0].Opened
	r := start(t, f, nil)
	for path, text := range map[string]string{
		"/alert/a1/comment": body("id", newUUID(), "author", evil, "reason", evil), "/alert/a1/assign": body("id", newUUID(), "author", evil, "to", "=cmd|' /C calc'!A0", "reason", evil),
		"/alert/a1/silence": body("id", newUUID(), "author", evil, "minutes", "30", "reason", evil), "/alert/a1/acknowledge": body("id", newUUID(), "author", "=HYPERLINK(1)", "reason", evil, "minutes", "5"),
	} {
		if got := r.do("POST", path, text); got.StatusCode != 303 {
			t.Errorf("POST %s: status %d: %s", path, got.StatusCode, got.body)
		}
	}
	for _, path := range []string{"/alerts", "/alert/a1", "/site/mpp-gresik", "/alerts?day=2026-01-05&kind=%3Cscript%3Epwned()&site=%22%3E%3Cscript%3E"} {
		page := r.get(path).body
		if strings.Contains(page, "<script>pwned") || strings.Contains(page, "<img src=x") {
			t.Errorf("%s: a text became markup", path)
		}
	}
	rows, err := csv.NewReader(strings.NewReader(r.get("/api/v1/alerts.csv?site=mpp-gresik", "Accept", "text/csv").body)).ReadAll()
	if err != nil || len(rows) < 2 {
		t.Fatalf("the table: %d rows, %v", len(rows), err)
	}
	for _, row := range rows[1:] {
		for i, cell := range row {
			if strings.ContainsAny(cell[:min(1, len(cell))], "=+@") {
				t.Errorf("the table: %s begins like a formula: %q", rows[0][i], cell)
			}
		}
	}
}

// The API says and does the same.
func TestAlertsThroughTheAPI(t *testing.T) {
	f := newFleet()
	f.past = append(f.past, answered())
	r := start(t, f, nil)
	post := func(path, text string, want int) map[string]any {
		t.Helper()
		a := r.do("POST", "/api/v1/alerts/"+path, text, "Content-Type", "application/json", "Accept", "application/json")
		out := map[string]any{}
		if err := json.Unmarshal([]byte(a.body), &out); err != nil || a.StatusCode != want {
			t.Errorf("POST %s: %d %s, want %d", path, a.StatusCode, a.body, want)
		}
		return out
	}
	id := newUUID()
	first := post("a1/comment", `{"id":"`+id+`","author":"bot","text":"seen"}`, 200)
	again := post("a1/comment", `{"id":"`+id+`","author":"bot","text":"seen"}`, 200)
	if first["record"] == nil || first["record"] != again["record"] {
		t.Errorf("the same sent again: record %v, then %v", first["record"], again["record"])
	}
	post("a1/comment", `{"id":"`+id+`","author":"bot","text":"other"}`, 409)
	post("a1/assign", `{"id":"`+newUUID()+`","author":"bot","to":"Rina"}`, 200)
	post("a1/silence", `{"id":"`+newUUID()+`","author":"bot","reason":"x","minutes":61}`, 422)
	post("a1/silence", `{"id":"`+newUUID()+`","author":"bot","reason":"x","minutes":60}`, 200)
	post("none/assign", `{"id":"`+newUUID()+`","author":"bot","to":"Rina"}`, 404)
	if all := post("handover", `{"id":"`+newUUID()+`","author":"bot","to":"malam","site":"mpp-gresik"}`, 200); len(all["items"].([]any)) != 1 {
		t.Errorf("a handover of one site: %v", all)
	}
	var log struct {
		Items []struct {
			ID    string
			Clock struct{ Raised, Accepted, Acknowledged, Back_within time.Time }
			Told  []string
		}
	}
	if err := json.Unmarshal([]byte(r.get("/api/v1/alerts/log?day=2025-12-31", "Accept", "application/json").body), &log); err != nil || len(log.Items) != 1 {
		t.Fatalf("the alerts of a day: %+v, %v", log, err)
	}
	if c := log.Items[0].Clock; c.Accepted.Sub(c.Raised) != 2*time.Second || c.Acknowledged.Sub(c.Raised) != 3*time.Minute || c.Back_within.Sub(c.Raised) != 27*time.Minute || log.Items[0].Told[0] != "satpam" {
		t.Errorf("the response clock: %+v", log.Items[0])
	}
	if got := r.get("/api/v1/alerts/log?day=tuesday", "Accept", "application/json").StatusCode; got != 422 {
		t.Errorf("a day that is none: %d", got)
	}
}

// A flood is one page of a bounded size.
func TestAFloodOfAlertsIsABoundedPage(t *testing.T) {
	f := newFleet()
	for i := range 1000 {
		a := alerts.Alert{ID: newUUID(), Site: "mpp-gresik", Kind: "silence", Class: rules.ClassSensor, Subject: rules.Subject{Kind: rules.SubjectDevice, ID: "d"}, Opened: ago(time.Duration(i) * time.Second)}
		f.open = append(f.open, a)
	}
	page := start(t, f, nil).get("/alerts?lang=en")
	if n := len(page.body); n > 150<<10 {
		t.Errorf("a thousand open alerts: a page of %d bytes, want at most 150 KB", n)
	}
	wants(t, "what is left out", page.body, "more are not shown")
}

// A value that is not known is not shown as one, and an ended silence is not offered to be ended.
func TestAnAlertsPageLeavesOutWhatIsNotKnown(t *testing.T) {
	f := newFleet()
	a := answered()
	a.Raised, a.Worst = rules.Explanation{}, rules.Explanation{}
	a.Silenced = &alerts.Silencing{Entry: "s1", By: "kepala MPP", At: a.Opened, Until: a.Resolved}
	f.past = append(f.past, a)
	page := start(t, f, nil).get("/alert/pstory?lang=en").body
	wants(t, "the alert", page, "Last", "23")
	for _, bad := range []string{"no value", "Raised by", "Worst", "End the silence"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page says %q", bad)
		}
	}
}
