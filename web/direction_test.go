package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Issue 9: a counter that was found to take in for out is accepted as it hangs, or said to be turned round, by one button each; the API
// takes the same.
func TestFinding9ASwappedDoorIsAccepted(t *testing.T) {
	f := newFleet()
	since := strconv.FormatInt(int64(ago(5*time.Hour))/1e9, 10)
	v := f.views["mpp-banjar"]
	v.Verdicts = append(v.Verdicts, rules.VerdictView{
		Rule: "arah-penghitung", Kind: "direction", Class: rules.ClassSensor, Severity: rules.Warning, Subject: rules.Subject{Kind: rules.SubjectSite, ID: v.Site}, SubjectName: v.Name,
		Verdict: rules.Breached, Since: ago(time.Hour), Phase: rules.Firing, PhaseSince: ago(time.Hour),
		Explanation: rules.Explanation{Value: 41, Limit: 14, HasValue: true, HasLimit: true, Unit: "1", Constraint: "door", Detail: "hitung-samping", Inputs: []rules.Input{
			{Name: rules.InputSince, Value: float64(ago(5*time.Hour) / 1e9), Unit: "s"}, {Name: rules.InputSuspect, Value: 1, Unit: "1", Text: "Pintu samping"},
			{Name: rules.InputProposedDirection, Value: 1, Unit: "1", Text: "hitung-samping"}, {Name: rules.InputPassages, Value: 120, Unit: "1"}}},
	})
	r := start(t, f, nil)
	section := one(t, r.get("/site/mpp-banjar").body, "section#counting")
	for _, want := range []string{"Penghitung pintu samping: it takes in for out", "I have turned it round on the wall"} {
		if !strings.Contains(section, want) {
			t.Errorf("the section: got %q, want %q in it", section, want)
		}
	}
	form := url.Values{"counter": {"hitung-samping"}, "kind": {"direction"}, "value": {"1"}, "since": {since}}
	for range 2 {
		if a := r.do("POST", "/site/mpp-banjar/counting", form.Encode()); a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != "/site/mpp-banjar?saved=direction#counting" {
			t.Fatalf("got %d to %q, want 303", a.StatusCode, a.Header.Get("Location"))
		}
	}
	if len(f.entries) != 1 || f.entries[0].Entry.Kind != telemetry.EntryDirection || f.entries[0].Entry.Value != 1 || f.entries[0].Entry.Text != "swap=0 since="+since {
		t.Fatalf("entries: %+v, want one about how the counter hangs", f.entries)
	}
	for _, bad := range []string{"2", "0.5", "x", "-1"} {
		if a := r.do("POST", "/site/mpp-banjar/counting", url.Values{"counter": {"hitung-samping"}, "kind": {"direction"}, "value": {bad}}.Encode()); a.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("value %s: got %d, want 422", bad, a.StatusCode)
		}
	}
	path := "/api/v1/sites/mpp-banjar/devices/hitung-samping/direction"
	body := `{"id":"` + newUUID() + `","author":"teknisi","swap":false,"since":"2026-01-01T00:00:00+08:00"}`
	a := r.do("POST", path, body, "Content-Type", "application/json")
	if last := f.entries[len(f.entries)-1].Entry; a.StatusCode != 200 || last.Value != 0 || last.Text != "swap=0 since=1767196800" {
		t.Errorf("by the API: %d %s and %+v", a.StatusCode, a.body, last)
	}
	if again := r.do("POST", path, body, "Content-Type", "application/json"); again.body != a.body {
		t.Errorf("the same again: %s", again.body)
	}
	if a := r.do("POST", path, `{"id":"`+newUUID()+`","author":"teknisi","swap":"yes"}`, "Content-Type", "application/json"); a.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("swap \"yes\": got %d, want 422", a.StatusCode)
	}
}
