package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// A calibration is entered as pairs on the site's page, once however often it is sent; the page shows what held when.
func TestCalibrationByForm(t *testing.T) {
	f := newFleet()
	r := start(t, f, nil)
	section := one(t, r.get("/site/mpp-banjar").body, "section#calibrate")
	for _, want := range []string{"Termometer pintu utama", "+1.42 °C since", "12 pairs", "Earlier: 2", "+1.3 °C", "+0.7 °C, as configured"} {
		if !strings.Contains(section, want) {
			t.Errorf("the section: got %q, want %q in it", section, want)
		}
	}
	if got := find(t, r.get("/site/mpp-magetan").body, "section#calibrate"); len(got) != 0 {
		t.Error("a building without a thermometer asks for a calibration")
	}
	pairs := "34,9 36.6\n35.0 36.5\n\n35.2;36.8\n34.7/36.5\n35.1 36.7\n"
	for range 2 {
		a := r.do("POST", "/site/mpp-banjar/calibration", url.Values{"device": {"suhu-utama"}, "pairs": {pairs}}.Encode())
		if a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != "/site/mpp-banjar?saved=calibration#calibrate" {
			t.Fatalf("got %d to %q, want 303", a.StatusCode, a.Header.Get("Location"))
		}
	}
	if len(f.entries) != 1 {
		t.Fatalf("entries: got %d, want 1", len(f.entries))
	}
	if e := f.entries[0].Entry; e.Kind != telemetry.EntryCalibration || e.Subject != "suhu-utama" || e.Value != 1.6 || e.Text != "pairs=5 spread=0.15" {
		t.Errorf("entry: got %+v, want an offset of 1.6 by five pairs", e)
	}
	// Issue 9: pairs that cannot be right are refused with what was wrong and what was expected, on the page and by the API.
	for text, want := range map[string]string{
		"35 36\n35 36":                            "2 pairs are too few: it takes 5 people or more.",
		pairs + "warm 36\n":                       "Line 7 cannot be read",
		pairs + "35 36.5 8.10\n":                  "Line 7 cannot be read",
		strings.Repeat("24 36.5\n24.1 36.5\n", 3): "The offset would be 12.45 °C; at most 3 °C were expected.",
		pairs + "36 46\n":                         "Pair 6: the reference shows 46 °C. A person has 34 to 42 °C.",
		pairs + "31 33,8\n":                       "Pair 6: the reference shows 33.8 °C.",
		pairs + "12 36\n":                         "Pair 6: the thermometer shows 12 °C; 20 to 50 °C were expected.",
		strings.Repeat("35 36.3\n", 5):            "All pairs are the same.",
		pairs + "35 36.5 08:10 11.10\n":           "Pair 6: 180 minutes lie between the two measurements.",
	} {
		a := r.do("POST", "/site/mpp-banjar/calibration", url.Values{"device": {"suhu-utama"}, "pairs": {text}}.Encode())
		if a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.body, want) {
			t.Errorf("%q: got %d, want 422 and %q in %.600s", text, a.StatusCode, want, a.body)
		}
	}
	if a := r.do("POST", "/api/v1/sites/mpp-banjar/devices/suhu-utama/calibration", `{"id":"`+newUUID()+`","author":"teknisi","pairs":[`+strings.TrimSuffix(strings.Repeat(`{"face":35,"reference":36.3},`, 5), ",")+`]}`,
		"Content-Type", "application/json"); a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.body, "All pairs are the same.") {
		t.Errorf("five equal pairs by the API: got %d %s", a.StatusCode, a.body)
	}
	if a := r.do("POST", "/site/mpp-banjar/calibration", url.Values{"device": {"udara-1"}, "pairs": {pairs}}.Encode()); a.StatusCode != http.StatusNotFound {
		t.Errorf("a device that is no thermometer: got %d, want 404", a.StatusCode)
	}
}

// A channel with a place of its own is calibrated by itself: it does not take over the offsets of its device.
func TestCalibrationOfAChannel(t *testing.T) {
	f := newFleet()
	v := f.views["mpp-banjar"]
	v.Devices[2].Offsets, v.Devices[2].Parts = nil, []rules.PartView{{Channel: "2", Offset: 0.4}, {Channel: "people"}}
	v.Devices[2].Readings = []rules.LastValue{reading(telemetry.BodyTemperature, 36.4, "suhu-utama")}
	v.Devices[2].Readings[0].Channel = "2"
	r := start(t, f, nil)
	section := one(t, r.get("/site/mpp-banjar").body, "section#calibrate")
	for _, want := range []string{"Termometer pintu utama · 2", "+0.4 °C, as configured"} {
		if !strings.Contains(section, want) {
			t.Errorf("the section: got %q, want %q in it", section, want)
		}
	}
	pairs := strings.Repeat("34.9 36.2\n34.8 36.1\n", 3)
	for device, want := range map[string]int{"suhu-utama": http.StatusNotFound, "suhu-utama/people": http.StatusNotFound, "suhu-utama/2": http.StatusSeeOther} {
		if a := r.do("POST", "/site/mpp-banjar/calibration", url.Values{"device": {device}, "pairs": {pairs}}.Encode()); a.StatusCode != want {
			t.Errorf("%s: got %d, want %d", device, a.StatusCode, want)
		}
	}
	if len(f.entries) != 1 || f.entries[0].Entry.Subject != "suhu-utama/2" || f.entries[0].Entry.Value != 1.3 {
		t.Errorf("entries: got %+v, want one of the channel", f.entries)
	}
}

func TestCalibrationByAPI(t *testing.T) {
	f := newFleet()
	r := start(t, f, nil)
	path := "/api/v1/sites/mpp-banjar/devices/suhu-utama/calibration"
	body := `{"id":"` + someUUID + `","author":"teknisi","pairs":[` + strings.TrimSuffix(strings.Repeat(`{"face":35,"reference":36.3},{"face":35.1,"reference":36.4},`, 3), ",") + `]}`
	first := r.do("POST", path, body, "Content-Type", "application/json")
	if first.StatusCode != 200 || !strings.Contains(first.body, `"offset_cel":1.3`) {
		t.Fatalf("got %d %s, want 200 and the offset", first.StatusCode, first.body)
	}
	if again := r.do("POST", path, body, "Content-Type", "application/json"); again.body != first.body || len(f.entries) != 1 {
		t.Errorf("the same again: got %s and %d entries", again.body, len(f.entries))
	}
	if other := r.do("POST", path, strings.ReplaceAll(body, "36.3", "36.4"), "Content-Type", "application/json"); other.StatusCode != http.StatusConflict {
		t.Errorf("the id for other pairs: got %d, want 409", other.StatusCode)
	}
	var list struct{ Items []apiDevice }
	if err := json.Unmarshal([]byte(r.get("/api/v1/sites/mpp-banjar/devices", "Accept", "application/json").body), &list); err != nil {
		t.Fatal(err)
	}
	for _, d := range list.Items {
		if d.ID == "suhu-utama" && (d.Offset == nil || *d.Offset != 1.42 || len(d.Calibrations) != 2 || d.Calibrations[0].Pairs != 9) {
			t.Errorf("the device: got %+v, want its offset of now and both calibrations", d)
		}
		if d.ID == "udara-1" && d.Offset != nil {
			t.Errorf("an air sensor has an offset of %v", *d.Offset)
		}
	}
}
