package decode_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// marked are texts that must be nowhere, in lower case: parts of a name, of numbers, of a picture.
var marked = []string{"budi", "santoso", "qwz", "0812", "9988", "7766", "417793", "357301", "dqo0", "1990"}

// search looks for marks in what is kept of a message.
func search(t *testing.T, what string, kept any) {
	t.Helper()
	text, err := json.Marshal(kept)
	if err != nil {
		t.Fatal(err)
	}
	if raw, ok := kept.([]byte); ok {
		text = raw
	}
	for _, m := range marked {
		if at := strings.Index(strings.ToLower(string(text)), m); at >= 0 {
			t.Fatalf("%q is kept of %s: …%.200s…", m, what, text[max(0, at-80):])
		}
	}
}

// TestS6_ARejectionKeepsShapeNotContent: finding S6. People's names, numbers, cards and codes are in the places of values, of names, of
// words, of topics; nothing of them is kept.
func TestS6_ARejectionKeepsShapeNotContent(t *testing.T) {
	zone, err := facility.LoadLocation("UTC")
	if err != nil {
		t.Fatal(err)
	}
	site := facility.Site{ID: "mpp", Name: "MPP", Location: zone, Tasks: []facility.Task{{ID: "spray"}},
		Devices: []facility.Device{{ID: "door-1", Model: "native"}, {ID: "z1", Model: "zigbee2mqtt", Address: "z1"}}}
	seen := &decode.Sightings{}
	d, err := decode.New(decode.Options{Sites: []facility.Site{site}, Models: shippedModels(t), Sightings: seen})
	if err != nil {
		t.Fatal(err)
	}
	payloads := []string{
		`Budi;0812-9988-7766;36.5`, `0812 9988 7766`, `+62 812-9988-7766`, `081299887766`, `417793`, `budi=417793`, `Budi Santoso open`,
		`{"081299887766":36.5}`, `{"0812-9988-7766":36.5}`, `{"event":"Budi.Santoso"}`, `{"sandi":417793}`, `{"type":"Budi","x":[0,8,1,2,9988,7766]}`,
		`{"state":"santoso","button":"Budi"}`, `{"co2":81299887766}`, `{"value":417793}`, `{"task":"budi-santoso"}`, `{"task":"spray","item":"Budi;"}`,
		`{"unit":"0812-9988-7766","temperature":21}`, `{"at":"Budi 1990-02-03"}`, `{"at":3573010101010001,"co2":1e99}`, `{"birthday":"1990-02-03"}`, `{"Budi":1}`,
		`{"Budi Santoso":{"Santoso":"Budi"}}`, `{"temprature_budi":1}`, `{"model":"Budi-Santoso-417793"}`, `{"version":"0812.9988.7766"}`,
		`{"boot":"Budi Santoso","seq":99887766554433}`, `{"co2":nan,"Budi":417793}`, `{"by":"Budi","pic":"dQO0dQO0"}`, `["Budi",417793]`, `"Budi"`, `417793.5`,
		`{"name":"Budi","co2":`, `{"co2":"Budi"}`, `{"co2":true,"budi":"santoso"}`, `{"site":"Budi","co2":401}`, `{"device":"Santoso","co2":401}`,
		`<root><Budi nik="357301">36.5</Budi></root>`, `<Budi.Santoso/>`, `<event>Budi</event>`, `<sandi>417793</sandi>`, `<x>0812-9988-7766</x>`, `<a>&Budi;</a>`, `<state>Santoso</b>`,
		"air,room=Budi Santoso=417793i 1656982770125", "budi,nik=3573010101010001 co2=412", "\x0a\x04Budi\x12\x0c081299887766",
		"\xff\xd8Budi", "{\"Budi\u0000\":1}", `{"B\u0075di\u0020Santoso":1,"n":"\u0042udi"}`,
	}
	topics := []string{
		"gerbang/v1/mpp/door-1", "gerbang/v1/mpp/door-1/Budi", "gerbang/v1/mpp/out/Budi", "gerbang/v1/Santoso/Budi", "faces/Budi Santoso/3573010101010001",
		"faces/budi/0812/9988/7766", "Budi", "zigbee2mqtt/z1", "zigbee2mqtt/Budi Santoso", "zigbee2mqtt/081299887766", "push/thermometer-json/Budi Santoso",
		"shellies/budi santoso/sensor/temperature", "homeassistant/sensor/Budi Santoso/config", "homie/Budi/$homie", "spBv1.0/Budi/NDATA/Santoso",
	}
	received := telemetry.InstantOf(time.Date(2022, 7, 5, 1, 0, 1, 0, time.UTC))
	n := 0
	for _, topic := range topics {
		for _, payload := range payloads {
			for _, p := range []string{payload, payload[:len(payload)-1], payload + "Budi", "\ufeff" + payload} {
				for _, rec := range d.Decode(&ingest.Message{Topic: topic, Payload: []byte(p), QoS: 1, Received: received}, nil) {
					if rec.Rejection == nil {
						continue
					}
					n++
					what := topic + " " + p
					search(t, what, rec)
					search(t, what, rec.Rejection.Raw)
					search(t, what, []byte(rec.Rejection.Topic+" "+rec.Rejection.Detail+" "+rec.Rejection.Device))
				}
			}
		}
	}
	if n < 1000 {
		t.Errorf("%d rejections, want the most of the messages refused", n)
	}
}

// Of every model's own message that is broken, or has more in it, nothing is kept either, and New devices show no person.
func TestS6_NothingOfAnyFormat(t *testing.T) {
	if testing.Short() {
		t.Skip("breaks a message of every model")
	}
	zone, err := facility.LoadLocation("UTC")
	if err != nil {
		t.Fatal(err)
	}
	models := shippedModels(t)
	seen := &decode.Sightings{}
	site := facility.Site{ID: "mpp", Name: "MPP", Location: zone}
	d, err := decode.New(decode.Options{Sites: []facility.Site{site}, Models: models, Sightings: seen})
	if err != nil {
		t.Fatal(err)
	}
	const more = `"event":"Budi.Santoso","sandi":417793,"Budi Santoso":1,"081299887766":36.5,"name":"Budi","list":[0,8,1,2,"Santoso",9988],"type":"qwz",`
	received := telemetry.InstantOf(time.Date(2022, 7, 5, 1, 0, 1, 0, time.UTC))
	for _, m := range models {
		for _, s := range m.Samples {
			payload := strings.TrimSpace(s.Payload)
			if payload == "" {
				continue
			}
			var broken []string
			switch payload[0] {
			case '{':
				broken = []string{"{" + more + payload[1:], "{" + more + payload[1:len(payload)-1]}
			case '<':
				broken = []string{"<Budi.Santoso>0812-9988-7766</Budi.Santoso>" + payload, strings.Replace(payload, ">", "><Budi>417793</Budi><name>Santoso</name>", 2)}
			default:
				broken = []string{payload + ";Budi;0812-9988-7766", "Budi=417793," + payload}
			}
			for _, b := range broken {
				for _, topic := range []string{s.Topic, "push/" + m.ID, "faces/Budi/081299887766"} {
					msg := &ingest.Message{Topic: topic, Payload: bytes.Clone([]byte(b)), QoS: 1, Received: received}
					for _, rec := range d.Decode(msg, nil) {
						if r := rec.Rejection; r != nil {
							search(t, topic+" "+b, []byte(r.Topic+" "+r.Detail+" "+r.Device+" "+string(r.Raw)))
						}
					}
				}
			}
		}
	}
	search(t, "New devices", seen.List())
	for _, one := range seen.List() {
		for _, c := range one.Candidates {
			search(t, "New devices", []byte(c.YAML()))
		}
	}
}

// While somebody listens, what is not understood is shown as it is; before and afterwards it is nowhere.
func TestS6_RawBytesWhileSomebodyListens(t *testing.T) {
	ear := &decode.Ear{}
	d, err := decode.New(decode.Options{Ear: ear})
	if err != nil {
		t.Fatal(err)
	}
	say := func(payload string) {
		d.Decode(&ingest.Message{Topic: "faces/Budi", Payload: []byte(payload), QoS: 1, Received: 1}, nil)
	}
	say("before")
	ear.Listen()
	say("Budi;0812")
	say(strings.Repeat("x", 60_000))
	heard, until := ear.Heard()
	if len(heard) != 2 || string(heard[1].Payload) != "Budi;0812" || heard[1].Topic != "faces/Budi" || !strings.Contains(heard[1].Why, "faces/Budi") {
		t.Errorf("heard %+v, want the two messages as they came", heard)
	}
	if len(heard[0].Payload) != 4<<10 || heard[0].Size != 60_000 {
		t.Errorf("a long one: %d of %d bytes, want its first 4 KiB", len(heard[0].Payload), heard[0].Size)
	}
	if left := time.Until(until); left > decode.ListeningTime || left < decode.ListeningTime-time.Minute {
		t.Errorf("listens for %s, want ten minutes", left)
	}
	for range 500 {
		say(strings.Repeat("y", 5_000))
	}
	if heard, _ := ear.Heard(); len(heard) > 100 || len(heard)*4<<10 > 256<<10 {
		t.Errorf("holds %d messages, want at most 256 KiB", len(heard))
	}
	ear.Stop()
	say("after")
	if heard, until := ear.Heard(); len(heard) > 0 || !until.IsZero() {
		t.Errorf("after the end: %v until %v, want nothing", heard, until)
	}
}
