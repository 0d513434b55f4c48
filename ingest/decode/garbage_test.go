package decode

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/model"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
	"github.com/gerbang-iot/gerbang/telemetry"
)

func TestGarbage(t *testing.T) {
	site := testSite(t)
	site.Devices = append(site.Devices, facility.Device{ID: "acme-1", Model: "acme"})
	d := newDecoder(t, Options{Sites: []facility.Site{site}, Models: []model.Model{{
		ID: "acme", Title: "Acme", Match: []string{"acme/{device}/up"}, Readings: []model.Field{{Path: "t", Quantity: telemetry.Temperature}},
	}}})
	deep := func(n int) string { return strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n) }
	many := func(n int) string {
		var s strings.Builder
		s.WriteString(`{"co2":401`)
		for i := range n {
			fmt.Fprintf(&s, `,"%x":0`, i)
		}
		return s.String() + "}"
	}
	tests := []struct {
		name, topic, payload string
		reason               telemetry.Reason
		detail               string // must be in the detail
		site, device         string
	}{
		{"huge", door, `{"co2":401,"x":"` + strings.Repeat("x", DefaultMaxPayload) + `"}`, telemetry.ReasonTooLarge, "want at most 65536", "mpp", "door-1"},
		{"empty", door, ``, telemetry.ReasonSyntax, "empty", "mpp", "door-1"},
		{"deep", door, deep(33), telemetry.ReasonTooDeep, "32", "mpp", "door-1"},
		{"very deep", door, strings.Repeat("[", 60000), telemetry.ReasonTooDeep, "32", "mpp", "door-1"},
		{"many members", door, many(5000), telemetry.ReasonTooLarge, "4096", "mpp", "door-1"},
		{"not UTF-8", door, "{\"co2\":1,\"x\":\"\xff\"}", telemetry.ReasonEncoding, "UTF-8", "mpp", "door-1"},
		{"half a surrogate", door, `{"co2":401,"x":"\ud800"}`, telemetry.ReasonSyntax, "", "mpp", "door-1"},
		{"NaN", door, `{"co2":NaN}`, telemetry.ReasonSyntax, "byte 7", "mpp", "door-1"},
		{"infinity", door, `{"co2":-Infinity}`, telemetry.ReasonSyntax, "", "mpp", "door-1"},
		{"1e400", door, `{"co2":1e400}`, telemetry.ReasonRange, "co2: +Inf is impossible, want 150 to 40000 ppm", "mpp", "door-1"},
		{"500 degrees", door, `{"temperature":500}`, telemetry.ReasonRange, "temperature", "mpp", "door-1"},
		{"negative count", door, `{"people_in":-1}`, telemetry.ReasonRange, "people_in: -1", "mpp", "door-1"},
		{"half a person", door, `{"people_in":1.5}`, telemetry.ReasonField, "whole number", "mpp", "door-1"},
		{"flag of 2", door, `{"motion":2}`, telemetry.ReasonRange, "motion", "mpp", "door-1"},
		{"number in quotes", door, `{"temperature":"21.5"}`, telemetry.ReasonField, "temperature: a string, want a number (Cel)", "mpp", "door-1"},
		{"boolean count", door, `{"people_in":true}`, telemetry.ReasonField, "people_in: a boolean", "mpp", "door-1"},
		{"object", door, `{"co2":{"value":1}}`, telemetry.ReasonField, "co2: an object", "mpp", "door-1"},
		{"array", door, `[{"co2":401}]`, telemetry.ReasonField, "an array, want a JSON object", "mpp", "door-1"},
		{"bare value", door, `21.5`, telemetry.ReasonField, "a number, want a JSON object", "mpp", "door-1"},
		{"duplicate name", door, `{"co2":401,"co2":402}`, telemetry.ReasonSyntax, "twice", "mpp", "door-1"},
		{"duplicate escaped", door, `{"co2":401,"co\u0032":402}`, telemetry.ReasonSyntax, "twice", "mpp", "door-1"},
		{"cut", door, `{"co2":404`, telemetry.ReasonSyntax, "ends too early", "mpp", "door-1"},
		{"two values", door, `{"co2":404} {"co2":405}`, telemetry.ReasonSyntax, "follows", "mpp", "door-1"},
		{"trailing text", door, `{"co2":404}x`, telemetry.ReasonSyntax, "follows", "mpp", "door-1"},
		{"XML", door, `<co2>1</co2>`, telemetry.ReasonSyntax, "byte 0", "mpp", "door-1"},
		{"nothing known", door, `{"temprature":21,"Budi Santoso":1}`, telemetry.ReasonField, "no known quantity among the members …10, ?", "mpp", "door-1"},
		{"nothing at all", door, `{}`, telemetry.ReasonField, "no members at all", "mpp", "door-1"},
		{"only null", door, `{"co2":null}`, telemetry.ReasonField, "null", "mpp", "door-1"},
		{"at of the wrong type", door, `{"co2":401,"at":true}`, telemetry.ReasonField, "at: a boolean, want RFC 3339", "mpp", "door-1"},
		{"negative seq", door, `{"co2":401,"seq":-1}`, telemetry.ReasonField, "seq", "mpp", "door-1"},
		{"seq too large", door, `{"co2":401,"seq":18446744073709551616}`, telemetry.ReasonField, "2^64-1", "mpp", "door-1"},
		{"seq with fraction", door, `{"co2":401,"seq":1.0}`, telemetry.ReasonField, "seq", "mpp", "door-1"},
		{"long boot", door, `{"co2":401,"boot":"` + strings.Repeat("b", 65) + `"}`, telemetry.ReasonField, "boot", "mpp", "door-1"},
		{"other device", door, `{"co2":401,"device":"door-2"}`, telemetry.ReasonForeign, `device: differs from the topic, want "door-1"`, "mpp", "door-1"},
		{"other site", door, `{"co2":401,"site":"x"}`, telemetry.ReasonForeign, "site", "mpp", "door-1"},
		{"unknown task", door, `{"task":"sweep","done":true}`, telemetry.ReasonTask, `"…5" is no task`, "mpp", "door-1"},
		{"task that is no id", door, `{"task":"Budi S","done":true}`, telemetry.ReasonTask, "not an id", "mpp", "door-1"},
		{"unknown item", door, `{"task":"wipe","item":"roof"}`, telemetry.ReasonTask, "front, back", "mpp", "door-1"},
		{"done of the wrong type", door, `{"task":"wipe","done":"yes"}`, telemetry.ReasonField, "done: a string", "mpp", "door-1"},
		{"done without task", door, `{"done":true}`, telemetry.ReasonField, "task: missing", "mpp", "door-1"},
		{"press of the wrong type", door, `{"button":1}`, telemetry.ReasonField, "button: a number", "mpp", "door-1"},
		{"unknown device", "gerbang/v1/mpp/door-9", `{"co2":401}`, telemetry.ReasonUnknownDevice, `"door-9"`, "mpp", "door-9"},
		{"unknown site", "gerbang/v1/xyz/door-1", `{"co2":401}`, telemetry.ReasonUnknownDevice, `"…3"`, "", ""},
		{"no device", "gerbang/v1/mpp", `{"co2":401}`, telemetry.ReasonUnknownTopic, "{site}/{device}", "", ""},
		{"extra level", door + "/x", `{"co2":401}`, telemetry.ReasonUnknownTopic, "{site}/{device}", "", ""},
		{"upper case", "gerbang/v1/mpp/Door-1", `{"co2":401}`, telemetry.ReasonUnknownTopic, "", "", ""},
		{"zero width", "gerbang/v1/mpp/door-1\u200b", `{"co2":401}`, telemetry.ReasonUnknownTopic, "", "", ""},
		{"our own topics", "gerbang/v1/mpp/out/zone/hall", `{"persons":1}`, telemetry.ReasonForeign, "gateway itself", "mpp", ""},
		{"our own, no site", "gerbang/v1/x/out/status", `online`, telemetry.ReasonForeign, "gateway itself", "", ""},
		{"other topic", "home/x", `1`, telemetry.ReasonUnknownTopic, `"home/x"`, "", ""},
		{"topic with escape", "home/\x1b[2J", `1`, telemetry.ReasonUnknownTopic, `"home/…4"`, "", ""},
		{"topic not UTF-8", "home/\xff", `1`, telemetry.ReasonEncoding, "topic", "", ""},
		{"long topic", strings.Repeat("a/", 300), `1`, telemetry.ReasonTooLarge, "topic of 600 bytes", "", ""},
		{"$SYS", "$SYS/broker/uptime", `1`, telemetry.ReasonUnknownTopic, "", "", ""},
		{"wildcards", "gerbang/v1/+/#", `{"co2":401}`, telemetry.ReasonUnknownTopic, "", "", ""},
		{"native topic of a mapped device", "gerbang/v1/mpp/acme-1", `{"co2":401}`, telemetry.ReasonUnknownTopic, "is of model acme and does not use the native format: want acme/{device}/up", "mpp", "acme-1"},
		{"unknown device of a model", "acme/acme-2/up", `{"t":1}`, telemetry.ReasonUnknownDevice, `"acme-2" is not configured (model acme)`, "", ""},
		{"mapped: word", "acme/acme-1/up", `{"t":"warm"}`, telemetry.ReasonField, "t: text that is no number", "mpp", "acme-1"},
		{"mapped: NaN in quotes", "acme/acme-1/up", `{"t":"NaN"}`, telemetry.ReasonField, "no number", "mpp", "acme-1"},
		{"mapped: hex in quotes", "acme/acme-1/up", `{"t":"0x10"}`, telemetry.ReasonField, "no number", "mpp", "acme-1"},
		{"mapped: 1e400 in quotes", "acme/acme-1/up", `{"t":"1e400"}`, telemetry.ReasonRange, "", "mpp", "acme-1"},
		{"mapped: nothing", "acme/acme-1/up", `{"u":1}`, telemetry.ReasonField, "the members u", "mpp", "acme-1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			prior := []telemetry.Record{{Site: "kept"}}
			recs := d.Decode(message(tt.topic, tt.payload), prior)
			if len(recs) != 2 || recs[0].Site != "kept" || recs[1].Kind != telemetry.KindRejection {
				t.Fatalf("got %s, want one rejection behind what was there", show(recs))
			}
			rec, r := recs[1], recs[1].Rejection
			if r.Reason != tt.reason || !strings.Contains(r.Detail, tt.detail) {
				t.Errorf("got %s: %q, want %s: …%q…", r.Reason, r.Detail, tt.reason, tt.detail)
			}
			if rec.Site != tt.site || r.Device != tt.device || rec.Received != received || rec.At != received || r.Size != len(tt.payload) {
				t.Errorf("got site %q, device %q, size %d; want %q, %q, %d", rec.Site, r.Device, r.Size, tt.site, tt.device, len(tt.payload))
			}
			checkRejection(t, r)
		})
	}
}

// checkRejection checks what must hold for every rejection, whatever the message was.
func checkRejection(t *testing.T, r *telemetry.Rejection) {
	t.Helper()
	if len(r.Raw) > telemetry.MaxRaw || !utf8.Valid(r.Raw) || bytes.ContainsFunc(r.Raw, func(c rune) bool { return c < ' ' && c != '\n' && c != '\r' && c != '\t' || c == 0x7f }) {
		t.Errorf("raw is not bounded printable UTF-8: %q", r.Raw)
	}
	if len(r.Topic) > written.MaxTopic || !utf8.ValidString(r.Topic) || len(r.Detail) > written.MaxDetail || !utf8.ValidString(r.Detail) || r.Detail == "" {
		t.Errorf("topic %q or detail %q is not bounded UTF-8", r.Topic, r.Detail)
	}
}

func TestSender(t *testing.T) {
	d := newDecoder(t, Options{Sites: []facility.Site{testSite(t)}})
	own := map[string]bool{"mpp/door-1": true}
	tests := []struct {
		name   string
		sender *ingest.Sender
		ok     bool
	}{
		{"external broker", nil, true},
		{"its own", &ingest.Sender{Name: "door-1", Devices: own}, true},
		{"another's", &ingest.Sender{Name: "door-2", Devices: map[string]bool{"mpp/door-2": true}}, false},
		{"nobody's", &ingest.Sender{Name: "x"}, false},
		{"bridge of all", &ingest.Sender{Name: "lns", Bridge: true}, true},
		{"bridge of some", &ingest.Sender{Name: "lns", Bridge: true, Devices: own}, true},
		{"bridge of others", &ingest.Sender{Name: "lns", Bridge: true, Devices: map[string]bool{}}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			msg := message(door, `{"co2":401}`)
			msg.Sender = tt.sender
			recs := d.Decode(msg, nil)
			if ok := recs[0].Rejection == nil; ok != tt.ok {
				t.Errorf("accepted %t, want %t (%s)", ok, tt.ok, show(recs))
			} else if !ok && recs[0].Rejection.Reason != telemetry.ReasonForeign {
				t.Errorf("reason %s, want %s", recs[0].Rejection.Reason, telemetry.ReasonForeign)
			}
		})
	}
}

func TestFlagsOfDelivery(t *testing.T) {
	d := newDecoder(t, Options{Sites: []facility.Site{testSite(t)}})
	msg := message(door, `{"co2":401}`)
	msg.QoS, msg.Retained = 0, true
	rec := d.Decode(msg, nil)[0]
	if want := telemetry.FlagRetained | telemetry.FlagUnacknowledged; rec.Observation.Flags != want {
		t.Errorf("flags %b, want %b", rec.Observation.Flags, want)
	}
	msg = message("push/native/mpp/door-1", `{"co2":401}`)
	msg.QoS = 0 // HTTP knows none: the answer is the acknowledgement
	rec = d.Decode(msg, nil)[0]
	if rec.Observation.Device != "door-1" || rec.Observation.Flags != 0 {
		t.Errorf("got %s with flags %b, want door-1 without", show([]telemetry.Record{rec}), rec.Observation.Flags)
	}
}

func TestTaskLog(t *testing.T) {
	site := testSite(t)
	payload := `{"task":"wipe","item":"front","agent":"NaOCl 0.1 %","by":"Budi\u202e\u0007 S","battery":90}`
	log := func(keep bool) *telemetry.TaskLog {
		site.KeepTaskAuthor = keep
		recs := newDecoder(t, Options{Sites: []facility.Site{site}}).Decode(message(door, payload), nil)
		if len(recs) != 1 || recs[0].Observation.Task == nil || len(recs[0].Observation.Readings) != 1 {
			t.Fatalf("got %s", show(recs))
		}
		return recs[0].Observation.Task
	}
	want := telemetry.TaskLog{Task: "wipe", Done: true, Item: "front", Agent: "NaOCl 0.1 %"}
	if got := *log(false); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	want.By = "Budi S"
	if got := *log(true); got != want {
		t.Errorf("kept: got %+v, want %+v", got, want)
	}
	notDone := newDecoder(t, Options{Sites: []facility.Site{site}}).Decode(message(door, `{"task":"spray","done":false}`), nil)
	if notDone[0].Observation.Task.Done {
		t.Error("done is true, want false as sent")
	}
}
