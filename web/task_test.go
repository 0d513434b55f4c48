package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// TestTaskByForm: one thing that is ticked on a task's page is logged once, without scripts, too.
func TestTaskByForm(t *testing.T) {
	f := newFleet()
	r := start(t, f, nil)
	wants(t, "the page for lookers", r.get("/site/mpp-magetan/task/lap-gagang?lang=en").body, "Lap gagang pintu", "pintu samping", `href="/site/mpp-magetan/do/lap-gagang"`)
	page := r.get("/site/mpp-magetan/do/lap-gagang?lang=en")
	wants(t, "the page", page.body, "Lap gagang pintu", `value="pintu samping"`, `action="/site/mpp-magetan/task/lap-gagang/done"`)
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
	for _, path := range []string{"task/nothing", "do/nothing"} {
		if got := r.get("/site/mpp-magetan/" + path).StatusCode; got != http.StatusNotFound {
			t.Errorf("%s, a task that is not there: got %d, want 404", path, got)
		}
	}
}

// TestSeveralThingsByForm: what is ticked is logged one by one, all of it as a whole, nothing not at all; and each once.
func TestSeveralThingsByForm(t *testing.T) {
	f := newFleet()
	v, _ := f.View("mpp-magetan")
	task, _ := taskByID(v, "lap-gagang")
	var names []string
	for _, item := range task.Items {
		names = append(names, item.Name)
	}
	r := start(t, f, nil)
	send := func(id string, items ...string) int {
		form := url.Values{"id": {id}, "of": {strconv.Itoa(len(names))}, "item": items, "author": {"siti"}, "agent": {"alkohol"}, "remark": {"habis"}}
		return r.do("POST", "/site/mpp-magetan/task/lap-gagang/done", form.Encode(), "Content-Type", "application/x-www-form-urlencoded").StatusCode
	}
	if got := send(someUUID); got != http.StatusUnprocessableEntity || len(f.entries) != 0 {
		t.Errorf("nothing ticked: got %d and %d entries, want 422 and none", got, len(f.entries))
	}
	for range 2 {
		if got := send(someUUID, names[0], names[1]); got != http.StatusSeeOther || len(f.entries) != 2 {
			t.Fatalf("two ticked: got %d and %d entries, want 303 and two", got, len(f.entries))
		}
	}
	if a, b := f.entries[0].Entry, f.entries[1].Entry; a.Item != names[0] || b.Item != names[1] || a.Text != "alkohol" || a.Reason != "habis" || !isUUID(b.ID) {
		t.Errorf("got %+v and %+v, want one entry for each with agent and remark", a, b)
	}
	if got := send(otherUUID, names...); got != http.StatusSeeOther || len(f.entries) != 3 || f.entries[2].Entry.Item != "" {
		t.Errorf("all ticked: got %d and %+v, want one entry for the whole", got, f.entries[len(f.entries)-1].Entry)
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

// TestATimeThatNobodyIsSureOf is shown as such wherever it is shown, and is given as such to programs.
func TestATimeThatNobodyIsSureOf(t *testing.T) {
	f := newFleet()
	f.change("mpp-gresik", func(v *rules.View) {
		v.Tasks = slices.Clone(v.Tasks)
		for i := range v.Tasks {
			x := &v.Tasks[i]
			x.LastSince = x.LastDone.Add(-2 * time.Hour)
			x.Items = []rules.ItemView{{Name: "lift", LastDone: x.LastDone.Add(-30 * time.Minute), LastSince: x.LastDone.Add(-40 * time.Minute)}}
		}
	})
	r := start(t, f, nil)
	task := f.views["mpp-gresik"].Tasks[1]
	wants(t, "the public sign", one(t, r.get("/sign/mpp-gresik/ruang-tunggu").body, "p.foot"), "antara 05.05 dan 07.05", "between 05:05 and 07:05")
	for _, path := range []string{"/site/mpp-gresik/do/", "/site/mpp-gresik/task/"} {
		wants(t, path, r.get(path+task.ID+"?lang=en").body, "between 10:30 and 12:30", "between 11:50 and 12:00")
	}
	wants(t, "the day's history", r.get("/site/mpp-gresik/history?lang=en").body, "time not sure: between 10:30 and 12:30")
	wants(t, "the API", r.get("/api/v1/sites/mpp-gresik/tasks").body, `"last_since":"`+task.LastSince.Time().Format(time.RFC3339))
}
