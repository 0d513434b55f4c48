package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// TestTaskByForm: one tap on a task's page logs one thing of it, once.
func TestTaskByForm(t *testing.T) {
	f := newFleet()
	r := start(t, f, nil)
	page := r.get("/site/mpp-magetan/task/lap-gagang?lang=en")
	wants(t, "the page", page.body, "Lap gagang pintu", `value="pintu samping"`, "All of it is done", `action="/site/mpp-magetan/task/lap-gagang/done"`)
	form := url.Values{"id": {someUUID}, "item": {"lift"}, "author": {"siti"}}.Encode()
	for range 2 {
		done := r.do("POST", "/site/mpp-magetan/task/lap-gagang/done", form, "Content-Type", "application/x-www-form-urlencoded")
		if done.StatusCode != http.StatusSeeOther && done.StatusCode != http.StatusOK {
			t.Fatalf("got %d %s, want the page again", done.StatusCode, done.body)
		}
	}
	if len(f.entries) != 1 {
		t.Fatalf("got %d entries, want one", len(f.entries))
	}
	if e := f.entries[0].Entry; e.Kind != telemetry.EntryTask || e.Subject != "lap-gagang" || e.Item != "lift" || e.Value != 1 || e.Author != "siti" || !e.Claimed {
		t.Errorf("got %+v, want the lift of lap-gagang done, as siti says", e)
	}
	no := r.do("POST", "/site/mpp-magetan/task/lap-gagang/done?lang=en", url.Values{"id": {otherUUID}, "item": {"<b>"}, "author": {"siti"}}.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	if no.StatusCode != http.StatusUnprocessableEntity || len(f.entries) != 1 {
		t.Errorf("a thing that the task has not: got %d and %d entries, want 422 and one", no.StatusCode, len(f.entries))
	}
	if got := r.get("/site/mpp-magetan/task/nothing").StatusCode; got != http.StatusNotFound {
		t.Errorf("a task that is not there: got %d, want 404", got)
	}
}

// TestTaskByAPI: with start and finish, and answered the same again.
func TestTaskByAPI(t *testing.T) {
	f := newFleet()
	r := start(t, f, nil)
	path := "/api/v1/sites/mpp-magetan/tasks/lap-gagang/done"
	body := `{"id":"` + someUUID + `","item":"pintu utama","author":"petugas","agent":"alkohol 70%","started":"2026-01-05T06:40:00Z","at":"2026-01-05T06:55:00Z"}`
	first := r.do("POST", path, body, "Content-Type", "application/json")
	if first.StatusCode != http.StatusOK {
		t.Fatalf("got %d %s, want 200", first.StatusCode, first.body)
	}
	var got apiTaskLog
	if err := json.Unmarshal([]byte(first.body), &got); err != nil {
		t.Fatal(err)
	}
	if got.Item != "pintu utama" || got.Agent != "alkohol 70%" || got.Started == nil || got.At.Sub(*got.Started) != 15*time.Minute || !got.Claimed {
		t.Errorf("got %s, want what was sent", first.body)
	}
	if again := r.do("POST", path, body, "Content-Type", "application/json"); again.body != first.body || len(f.entries) != 1 {
		t.Errorf("the same again: got %s and %d entries, want the first answer and one", again.body, len(f.entries))
	}
	for name, bad := range map[string]string{
		"another item": strings.Replace(body, "pintu utama", "atap", 1), "begun later": strings.Replace(body, "06:40", "06:59", 1), "nobody": strings.Replace(body, "petugas", "", 1),
		"begun years ago": strings.Replace(body, "2026-01-05T06:40", "2001-01-05T06:40", 1), "in the year 1": strings.Replace(body, `"at":"2026-01-05T06:55`, `"at":"0001-01-01T00:00`, 1),
	} {
		if got := r.do("POST", path, strings.Replace(bad, someUUID, otherUUID, 1), "Content-Type", "application/json"); got.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s: got %d %s, want 422", name, got.StatusCode, got.body)
		}
	}
}
