package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/accounts"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/revise"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// memoryFiles is one site's file, in memory.
type memoryFiles struct {
	mu      sync.Mutex
	text    string
	path    string
	wrong   []FileProblem
	fail    error  // of Draft
	refused error  // of Put
	fleet   *fleet // keeps the entries; nil: nobody asks
	noted   []telemetry.Entry
}

func newSiteFiles() *memoryFiles {
	return &memoryFiles{path: "/etc/gerbang/sites/mpp-gresik.yaml", text: "id: mpp-gresik\n\ndevices:\n  # the counter of the main door\n  hitung-utama: {name: Penghitung pintu utama, model: milesight-vs133, address: 24e124716b010203, door: utama}\n"}
}

// hostileFiles has the text in everything that it says.
func hostileFiles(evil string) *memoryFiles {
	f := newSiteFiles()
	f.path, f.wrong = evil, []FileProblem{{File: evil, Line: 1, Col: 1, Text: evil}}
	return f
}

func (f *memoryFiles) Devices(string) []facility.Device {
	return []facility.Device{{ID: "hitung-utama", Name: "Penghitung pintu utama", Model: "milesight-vs133", Address: "24e124716b010203", Place: facility.Place{Kind: facility.AtDoor, ID: "utama"},
		Channels: []facility.Channel{{Name: "line 2", Place: facility.Place{Kind: facility.AtZone, ID: "loket"}}, {Name: "line 3"}}}}
}

func (f *memoryFiles) Draft(_ string, changes []revise.Change) (*SiteDraft, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	d, _, err := f.draft(changes)
	return d, err
}

func (f *memoryFiles) draft(changes []revise.Change) (*SiteDraft, []byte, error) {
	if f.fail != nil {
		return nil, nil, f.fail
	}
	after, err := revise.Apply([]byte(f.text), changes...)
	if err != nil {
		return nil, nil, err
	}
	return &SiteDraft{File: f.path, Version: revise.Version([]byte(f.text)), Diff: revise.Diff([]byte(f.text), after), Problems: f.wrong}, after, nil
}

func (f *memoryFiles) Put(ctx context.Context, site, version string, changes []revise.Change, e telemetry.Entry) (telemetry.Record, *SiteDraft, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	d, after, err := f.draft(changes)
	switch {
	case err != nil:
		return telemetry.Record{}, nil, err
	case version != "" && version != d.Version:
		return telemetry.Record{}, d, revise.ErrChanged
	case len(d.Problems) > 0:
		return telemetry.Record{}, d, ErrProblems
	case f.refused != nil:
		return telemetry.Record{}, d, f.refused
	}
	e.Before, e.After = d.Said()
	f.text, f.noted = string(after), append(f.noted, e)
	if f.fleet == nil {
		return telemetry.Record{Entry: &e}, d, nil
	}
	rec, err := f.fleet.Enter(ctx, site, e, 0)
	return rec, d, err
}

// someTrials read every message alike.
type someTrials struct{ evil string }

func (x someTrials) Models() []ModelName {
	return []ModelName{{"native", "Gerbang's own format" + x.evil}, {"zigbee2mqtt", "Zigbee2MQTT"}}
}

func (x someTrials) Try(_ context.Context, m TrialMessage) (*Trial, error) {
	switch string(m.Payload) {
	case "nothing":
		return nil, &TrialError{"nobody"}
	case "busy":
		return nil, ErrTooMuch
	}
	v := 26.7
	return &Trial{
		Model: "zigbee2mqtt", Guesses: []Guess{{Model: "zigbee2mqtt", Title: "Zigbee2MQTT" + x.evil, Address: "0x00158d0001a2b3c4" + x.evil}, {Model: "tasmota" + x.evil, Title: "Tasmota"}},
		Readings: []TrialReading{{Device: "0x00158d0001a2b3c4" + x.evil, Channel: x.evil, Quantity: telemetry.Temperature, Value: &v, At: fleetNow, Flags: []string{"clock"}}, {Device: "d", Quantity: telemetry.Button, Text: "single" + x.evil, At: fleetNow.Add(-time.Minute), Aside: true}},
		Refused:  &telemetry.Rejection{Reason: telemetry.ReasonRange, Detail: "humidity 140 %, want 0 to 100" + x.evil}, Steps: []TrialStep{{"format", "JSON" + x.evil}},
	}, nil
}

func postForm(r *running, path string, form url.Values) answer {
	return r.do(http.MethodPost, path, form.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Accept", "text/html", "Accept-Language", "en")
}

// A message is read as it was pasted, and whatever is wrong with it is told.
func TestMessagesAreTriedInThePage(t *testing.T) {
	r := start(t, newFleet(), func(o *Options) { o.Trials, o.SiteFiles = someTrials{}, newSiteFiles() })
	for payload, want := range map[string][]string{
		"{}":      {"26.7", "its clock was wrong", "shown here, and not counted", "Impossible value", "humidity 140 %", "Zigbee2MQTT (zigbee2mqtt)", "tasmota", "JSON", "/devices/add?address=0x00158d0001a2b3c4&amp;model=zigbee2mqtt"},
		"nothing": {"No model is known"},
	} {
		a := postForm(r, "/devices/try", url.Values{"payload": {payload}, "topic": {"zigbee2mqtt/x"}})
		for _, w := range want {
			if !strings.Contains(a.body, w) {
				t.Errorf("%s: %q is not on the page", payload, w)
			}
		}
		if a.Header.Get("Cache-Control") != "no-store" || !strings.Contains(a.body, payload) {
			t.Errorf("%s: Cache-Control %q: want what was pasted shown again, and kept by nobody", payload, a.Header.Get("Cache-Control"))
		}
	}
	for form, want := range map[string]int{"payload=busy": 503, "payload=a&port=300": 422, "payload=" + strings.Repeat("a", maxTrial): 413, "payload=" + strings.Repeat("a", maxTrial-200): 200} {
		if a := r.do("POST", "/devices/try", form, "Content-Type", "application/x-www-form-urlencoded"); a.StatusCode != want {
			t.Errorf("%.20s: got %d, want %d", form, a.StatusCode, want)
		}
	}
}

// A device is added from what is heard: first it is shown what would become of the file, and only what was seen is written.
func TestADeviceIsAddedFromThePage(t *testing.T) {
	files := newSiteFiles()
	r := start(t, newFleet(), func(o *Options) { o.Trials, o.SiteFiles, o.Strangers = someTrials{}, files, someStrangers{} })
	if a := r.get("/devices"); !strings.Contains(a.body, "/devices/add?address=0x00158d0001a2b3c4&amp;model=zigbee2mqtt") {
		t.Error("a device that is heard: nothing leads to adding it")
	}
	if a := r.get("/devices/add?model=zigbee2mqtt&address=0x00158d0001a2b3c4"); !strings.Contains(a.body, `<option value="mpp-gresik">`) {
		t.Error("no site was named, and none can be chosen")
	}
	path := "/devices/add?site=mpp-gresik"
	a := r.get(path + "&model=zigbee2mqtt&address=0x00158d0001a2b3c4")
	for _, want := range []string{`value="0x00158d0001a2b3c4"`, `value="temperature, humidity"`, `<option value="zone:loket">`} {
		if !strings.Contains(a.body, want) {
			t.Errorf("the form does not have %s", want)
		}
	}
	before := files.text
	form := url.Values{"id": {newUUID()}, "device": {"udara-loket"}, "name": {"Udara: loket"}, "model": {"zigbee2mqtt"}, "address": {"0x00158d0001a2b3c4"}, "place": {"zone:loket"}, "measures": {"temperature, humidity"}, "interval": {"1h"},
		"channel": {"probe 1", ""}, "channel_place": {"door:utama", ""}}
	const line = `  udara-loket: {name: "Udara: loket", model: zigbee2mqtt, address: "0x00158d0001a2b3c4", zone: loket, measures: [temperature, humidity], interval: 1h, channels: {probe 1: {door: utama}}}`
	a = postForm(r, path, form)
	version := revise.Version([]byte(before))
	if a.StatusCode != 200 || !strings.Contains(a.body, version) || !strings.Contains(a.body, "udara-loket: {name: &#34;Udara: loket&#34;") || files.text != before {
		t.Fatalf("shown: %d, and the file is\n%s", a.StatusCode, files.text)
	}
	form.Set("version", version)
	if a = postForm(r, path, form); a.StatusCode != 422 || !strings.Contains(a.body, "Say why.") {
		t.Errorf("without a reason: got %d", a.StatusCode)
	}
	form.Set("reason", "new sensor")
	form.Set("author", "teknisi")
	files.text += "# somebody was here\n"
	changed := files.text
	if a = postForm(r, path, form); a.StatusCode != 409 || !strings.Contains(a.body, "Somebody has changed the file") || !strings.Contains(a.body, revise.Version([]byte(changed))) || files.text != changed {
		t.Errorf("changed meanwhile: got %d, want the change as it would be now, and nothing written", a.StatusCode)
	}
	form.Set("version", revise.Version([]byte(changed)))
	files.wrong = []FileProblem{{"mpp-gresik.yaml", 6, 3, `zone "loket" does not exist`}}
	if a = postForm(r, path, form); a.StatusCode != 422 || !strings.Contains(a.body, "mpp-gresik.yaml:6:3") || strings.Contains(a.body, `name="version"`) || files.text != changed {
		t.Errorf("problems: got %d, want check's words and no way to write it", a.StatusCode)
	}
	files.wrong, files.refused = nil, &NotInForceError{Err: errors.New("mqtt.broker has changed")}
	if a = postForm(r, path, form); a.StatusCode != 409 || strings.Contains(a.body, "mqtt.broker has changed") || !strings.Contains(a.body, "the file is as it was") {
		t.Errorf("not in force: got %d", a.StatusCode)
	}
	files.refused = revise.ErrReadOnly
	if a = postForm(r, path, form); a.StatusCode != 422 || !strings.Contains(a.body, "To be written by hand") || !strings.Contains(a.body, "devices:\n  udara-loket: {") {
		t.Errorf("a folder that may only be read: got %d, want the lines to copy", a.StatusCode)
	}
	files.refused = nil
	if a = postForm(r, path, form); a.StatusCode != 303 || a.Header.Get("Location") != "/site/mpp-gresik/devices?saved=file" || !strings.Contains(files.text, line) {
		t.Errorf("got %d %s, and the file is\n%s", a.StatusCode, a.Header.Get("Location"), files.text)
	}
	if len(files.noted) != 1 {
		t.Fatalf("noted: %v", files.noted)
	}
	if e := files.noted[0]; e.Kind != telemetry.EntryFile || e.Author != "teknisi" || !e.Claimed || e.Reason != "new sensor" || e.Subject != "device:udara-loket" || e.After != strings.TrimSpace(line) || e.Before != "" {
		t.Errorf("noted: %+v", e)
	}
	for _, device := range []string{"", "hitung-utama"} { // none, and one that is there
		form.Set("device", device)
		form.Del("version")
		if a = postForm(r, path, form); a.StatusCode != 422 || strings.Contains(a.body, `name="version"`) {
			t.Errorf("device %q: got %d", device, a.StatusCode)
		}
	}
}

// Other hardware takes a device's place: its address, or its model, is another one, and all else of it stays.
func TestADeviceIsReplacedFromThePage(t *testing.T) {
	files := newSiteFiles()
	f := newFleet()
	r := start(t, f, func(o *Options) { o.Trials, o.SiteFiles = someTrials{}, files })
	a := r.get("/site/mpp-gresik/devices")
	for _, want := range []string{"/devices/replace?site=mpp-gresik&amp;device=hitung-utama", "24e124716b010203", "line 2 → Loket"} {
		if !strings.Contains(a.body, want) {
			t.Errorf("the list of devices does not have %q", want)
		}
	}
	path := "/devices/replace?site=mpp-gresik"
	if a := r.get(path + "&device=none"); a.StatusCode != 404 {
		t.Errorf("a device that is not there: got %d", a.StatusCode)
	}
	form := url.Values{"id": {newUUID()}, "device": {"hitung-utama"}, "model": {"milesight-vs133"}, "address": {"24e124716b010203"}, "name": {"another"}, "place": {"zone:loket"}}
	if a := postForm(r, path, form); a.StatusCode != 422 || !strings.Contains(a.body, "Nothing would change") {
		t.Errorf("the same hardware: got %d", a.StatusCode)
	}
	form.Set("address", "24e124716b99")
	form.Set("version", revise.Version([]byte(files.text)))
	form.Set("reason", "broken")
	if a := postForm(r, path, form); a.StatusCode != 303 || !strings.Contains(files.text, "# the counter of the main door\n  hitung-utama: {name: Penghitung pintu utama, model: milesight-vs133, address: 24e124716b99, door: utama}\n") {
		t.Errorf("got %d, and the file is\n%s", a.StatusCode, files.text)
	}
	if len(files.noted) != 1 || !strings.Contains(files.noted[0].Before, "24e124716b010203") || !strings.Contains(files.noted[0].After, "24e124716b99") {
		t.Fatalf("noted: %+v", files.noted)
	}
	f.mu.Lock()
	f.entries = append(f.entries, telemetry.Record{Site: "mpp-gresik", Kind: telemetry.KindEntry, At: ago(0), Entry: &files.noted[0]})
	f.mu.Unlock()
	if a := r.get("/site/mpp-gresik/devices?saved=file"); !strings.Contains(a.body, "broken") || !strings.Contains(a.body, "24e124716b99") {
		t.Error("the list of changes does not say what was changed and why")
	}
	// Who looks at everything and changes nothing is not offered it.
	r.access.identify = func(*http.Request) (*accounts.Caller, error) {
		return &accounts.Caller{Account: "1", Name: "auditor", Grants: []accounts.Grant{{May: accounts.Auditor.May()}}}, nil
	}
	if a := r.get("/site/mpp-gresik/devices"); a.StatusCode != 200 || strings.Contains(a.body, "/devices/replace") || strings.Contains(a.body, "/devices/add") {
		t.Errorf("an auditor: got %d, want the list and no way to change it", a.StatusCode)
	}
}

// A form is for one change: sent again it is answered as before, with another content it is refused, and each look at a change has an id of its own.
func TestAFormOfADeviceIsForOneChange(t *testing.T) {
	files, f := newSiteFiles(), newFleet()
	files.fleet = f
	r := start(t, f, func(o *Options) { o.Trials, o.SiteFiles = someTrials{}, files })
	path := "/devices/add?site=mpp-gresik"
	form := url.Values{"id": {someUUID}, "device": {"udara"}, "model": {"zigbee2mqtt"}, "place": {"zone:loket"}, "reason": {"new"}, "author": {"teknisi"}}
	if a := postForm(r, path, form); strings.Contains(a.body, someUUID) || a.StatusCode != 200 {
		t.Errorf("shown: got %d, want an id for what is shown", a.StatusCode)
	}
	form.Set("version", revise.Version([]byte(files.text)))
	for range 2 {
		if a := postForm(r, path, form); a.StatusCode != 303 || len(f.entries) != 1 {
			t.Errorf("confirmed: got %d and %d entries, want it once", a.StatusCode, len(f.entries))
		}
	}
	text := files.text
	form.Set("device", "udara-2")
	form.Set("version", revise.Version([]byte(text)))
	if a := postForm(r, path, form); a.StatusCode != 409 || !strings.Contains(a.body, "used for another change") || files.text != text || strings.Contains(a.body, `value="`+someUUID) {
		t.Errorf("another device: got %d, and the file is\n%s", a.StatusCode, files.text)
	}
	for name, tc := range map[string]struct {
		err    error
		status int
		want   string
	}{
		"files that differ": {&FilesDiffer{[]string{"sites/mpp-belu.yaml"}}, 409, "sites/mpp-belu.yaml: changed on disk"},
		"not put back":      {&NotInForceError{errStopping, errStopping}, 409, "could not put the file back either"},
		"not noted":         {&NotNotedError{errStopping}, 503, "It is in force."},
		"too large":         {revise.ErrTooLarge, 422, "larger than the gateway changes"},
		"no file":           {ErrNoFile, 422, "To be written by hand"},
	} {
		form.Set("id", otherUUID)
		files.refused = tc.err
		if a := postForm(r, path, form); a.StatusCode != tc.status || !strings.Contains(a.body, tc.want) {
			t.Errorf("%s: got %d, want %d and %q", name, a.StatusCode, tc.status, tc.want)
		}
	}
}

// The same for programs.
func TestDevicesByAPI(t *testing.T) {
	files, f := newSiteFiles(), newFleet()
	files.fleet = f
	r := start(t, f, func(o *Options) { o.Trials, o.SiteFiles = someTrials{}, files })
	const path = "/api/v1/sites/mpp-gresik/devices"
	body := `{"id":"` + someUUID + `","device":"udara","model":"zigbee2mqtt","place":"zone:loket","measures":["temperature"],"channels":[{"name":"probe","place":"door:utama"}],"author":"teknisi","reason":"new"}`
	before := files.text
	if a := r.postJSON(path, strings.Replace(body, `"reason"`, `"check":true,"reason"`, 1)); a.StatusCode != 200 || !strings.Contains(a.body, `"checked":true`) || !strings.Contains(a.body, "+  udara: {model: zigbee2mqtt, zone: loket, measures: [temperature], channels: {probe: {door: utama}}}") || files.text != before {
		t.Errorf("checked: got %d %s", a.StatusCode, a.body)
	}
	first, again := r.postJSON(path, body), r.postJSON(path, body)
	if first.StatusCode != 200 || !strings.Contains(first.body, `"record":`) || again.body != first.body || len(f.entries) != 1 || !strings.Contains(files.text, "udara: {model") {
		t.Errorf("added: got %d %s, again %s", first.StatusCode, first.body, again.body)
	}
	files.wrong = []FileProblem{{"mpp-gresik.yaml", 6, 3, "no such zone"}}
	for name, tc := range map[string]struct {
		path, body string
		status     int
		want       string
	}{
		"another content":  {path, strings.Replace(body, "udara", "lain", 1), 409, "the id was used for another change; nothing was changed"},
		"it is there":      {path, strings.NewReplacer(someUUID, otherUUID, `"udara"`, `"hitung-utama"`).Replace(body), 422, "body device"},
		"problems":         {path, strings.NewReplacer(someUUID, otherUUID, `"udara"`, `"lain"`).Replace(body), 422, "mpp-gresik.yaml:6:3: no such zone"},
		"nothing replaced": {path + "/hitung-utama/replace", `{"id":"` + otherUUID + `","model":"milesight-vs133","address":"24e124716b010203","author":"x","reason":"y"}`, 422, "nothing would change"},
		"no such device":   {path + "/none/replace", `{"id":"` + otherUUID + `","model":"m","author":"x","reason":"y"}`, 404, "no such device"},
		"nobody":           {path + "/hitung-utama/replace", `{"id":"` + otherUUID + `","model":"m","reason":"y"}`, 422, "body author"},
	} {
		if a := r.postJSON(tc.path, tc.body); a.StatusCode != tc.status || !strings.Contains(a.body, tc.want) {
			t.Errorf("%s: got %d %s, want %d and %q", name, a.StatusCode, a.body, tc.status, tc.want)
		}
	}
	files.wrong = nil
	if a := r.postJSON(path+"/hitung-utama/replace", `{"id":"`+otherUUID+`","model":"milesight-vs133","address":"24e124716b99","author":"teknisi","reason":"broken"}`); a.StatusCode != 200 || !strings.Contains(files.text, "address: 24e124716b99") {
		t.Errorf("replaced: got %d %s", a.StatusCode, a.body)
	}
	for payload, want := range map[string]int{"{}": 200, "nothing": 422, "busy": 503} {
		if a := r.postJSON("/api/v1/devices/try", `{"topic":"zigbee2mqtt/x","payload":"`+payload+`"}`); a.StatusCode != want || want == 200 && !strings.Contains(a.body, `"quantity":"temperature","value":26.7,"unit":"Cel"`) {
			t.Errorf("%s: got %d %s", payload, a.StatusCode, a.body)
		}
	}
}
