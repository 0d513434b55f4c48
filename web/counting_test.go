package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// unbalanced lets the side door of a building miss people who go in, as the rule about its doors found.
func unbalanced(v *rules.View) {
	v.Doors[0].Counters[0].Accuracies = facility.Accuracies{{From: ago(60 * 24 * time.Hour), Value: 0.97}}
	v.Verdicts = append(v.Verdicts, rules.VerdictView{
		Rule: "neraca-pintu", Kind: "conservation", Class: rules.ClassSensor, Severity: rules.Warning, Subject: rules.Subject{Kind: rules.SubjectSite, ID: v.Site}, SubjectName: v.Name,
		Verdict: rules.Breached, Since: ago(7 * time.Hour), Phase: rules.Firing, PhaseSince: ago(7 * time.Hour),
		Explanation: rules.Explanation{Value: 4.2, Error: 0.8, Limit: 1, HasValue: true, HasLimit: true, Unit: "%", Constraint: "door", Detail: "hitung-samping", Inputs: []rules.Input{
			{Name: rules.InputClosings, Value: 9, Unit: "1"}, {Name: rules.InputPassages, Value: 1910, Unit: "1"}, {Name: rules.InputUnexplained, Value: 81, Unit: "1", Text: "Ruang tunggu"},
			{Name: rules.InputPerDay, Value: 9, Unit: "1"}, {Name: rules.InputSince, Value: float64(ago(9*24*time.Hour) / 1e9), Unit: "s"},
			{Name: rules.InputSuspect, Value: 1, Unit: "1", Text: "Pintu samping"},
			{Name: rules.InputDoorBalance, Value: 37, Unit: "1", Text: "Pintu utama"}, {Name: rules.InputDoorBalance, Value: -118, Unit: "1", Text: "Pintu samping"},
			{Name: rules.InputDoorBias, Value: 4.23, Unit: "%", Text: "hitung-samping"}, {Name: rules.InputProposedAccuracy, Value: 89.9, Unit: "%", Text: "hitung-samping"}}},
	})
}

// What the rule proposes is accepted by one button, once however often it is sent; what was accepted is shown with its time.
func TestCountingIsAcceptedByForm(t *testing.T) {
	f := newFleet()
	r := start(t, f, nil)
	section := one(t, r.get("/site/mpp-banjar").body, "section#counting")
	for _, want := range []string{"Penghitung pintu samping: accept the correction +4.23 per 100 passages", "accept the accuracy 89.9 %", "accuracy 97 % since"} {
		if !strings.Contains(section, want) {
			t.Errorf("the section: got %q, want %q in it", section, want)
		}
	}
	if got := find(t, r.get("/site/mpp-magetan").body, "section#counting"); len(got) != 0 {
		t.Error("a building of whose doors no rule asks has a form for them")
	}
	form := url.Values{"counter": {"hitung-samping"}, "kind": {"drift"}, "value": {"4,23"}, "since": {"1767222000"}, "reason": {"dihitung manual"}}
	for range 2 {
		a := r.do("POST", "/site/mpp-banjar/counting", form.Encode())
		if a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != "/site/mpp-banjar?saved=drift#counting" {
			t.Fatalf("got %d to %q, want 303", a.StatusCode, a.Header.Get("Location"))
		}
	}
	if len(f.entries) != 1 {
		t.Fatalf("entries: got %d, want 1", len(f.entries))
	}
	if e := f.entries[0].Entry; e.Kind != telemetry.EntryDrift || e.Subject != "hitung-samping" || e.Value < 0.0422 || e.Value > 0.0424 || e.Text != "since=1767222000" || e.Reason != "dihitung manual" {
		t.Errorf("entry: got %+v, want a drift of 0.0423", e)
	}
	for name, v := range map[string]url.Values{
		"no number":        {"counter": {"hitung-samping"}, "kind": {"drift"}, "value": {"much"}},
		"not a number":     {"counter": {"hitung-samping"}, "kind": {"drift"}, "value": {"NaN"}},
		"another counter":  {"counter": {"hitung-samping"}, "kind": {"drift"}, "value": {"26"}},
		"half is missed":   {"counter": {"hitung-samping"}, "kind": {"accuracy"}, "value": {"49"}},
		"more than counts": {"counter": {"hitung-samping"}, "kind": {"accuracy"}, "value": {"101"}},
	} {
		if a := r.do("POST", "/site/mpp-banjar/counting", v.Encode()); a.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s: got %d, want 422", name, a.StatusCode)
		}
	}
	if a := r.do("POST", "/site/mpp-banjar/counting", url.Values{"counter": {"suhu-utama"}, "kind": {"accuracy"}, "value": {"97"}}.Encode()); a.StatusCode != http.StatusNotFound {
		t.Errorf("a thermometer: got %d, want 404", a.StatusCode)
	}
}

func TestCountingIsAcceptedByAPI(t *testing.T) {
	f := newFleet()
	r := start(t, f, nil)
	path := "/api/v1/sites/mpp-banjar/devices/hitung-samping/"
	body := `{"id":"` + someUUID + `","author":"teknisi","accuracy":0.96}`
	first := r.do("POST", path+"accuracy", body, "Content-Type", "application/json")
	if first.StatusCode != 200 || !strings.Contains(first.body, `"value":0.96`) {
		t.Fatalf("got %d %s, want 200 and the accuracy", first.StatusCode, first.body)
	}
	if again := r.do("POST", path+"accuracy", body, "Content-Type", "application/json"); again.body != first.body || len(f.entries) != 1 {
		t.Errorf("the same again: got %s and %d entries", again.body, len(f.entries))
	}
	drift := `{"id":"` + strings.Replace(someUUID, someUUID[:1], "a", 1) + `","author":"teknisi","drift_per_100":-2.5,"since":"2026-01-01T00:00:00+08:00"}`
	if a := r.do("POST", path+"drift", drift, "Content-Type", "application/json"); a.StatusCode != 200 || f.entries[1].Entry.Value != -0.025 || f.entries[1].Entry.Text != "since=1767196800" {
		t.Errorf("got %d %s and %+v, want a drift", a.StatusCode, a.body, f.entries)
	}
	for _, bad := range []string{`"drift_per_100":30`, `"drift_per_100":"x"`} {
		if a := r.do("POST", path+"drift", `{"id":"`+newUUID()+`","author":"teknisi",`+bad+`}`, "Content-Type", "application/json"); a.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s: got %d, want 422", bad, a.StatusCode)
		}
	}
}
