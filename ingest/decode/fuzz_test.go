package decode

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strconv"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/ingest/decode/document"
	"github.com/gerbang-iot/gerbang/ingest/decode/model"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// fuzzModel uses every feature of the mapping.
func fuzzModel() model.Model {
	one := 1.
	yes := true
	return model.Model{
		ID: "acme", Title: "Acme", Match: []string{"acme/{device}/up"},
		When:     model.When{Process: []model.Condition{{Path: "type", In: []any{"data", 1, true}}}, Ignore: []model.Condition{{Path: "join", Exists: &yes}}},
		Time:     &model.Time{Path: "ts"},
		Sequence: "seq", Boot: "boot", Count: model.CountTotal, Swap: true,
		Readings: []model.Field{
			{Path: "t", Quantity: telemetry.Temperature, Unit: "[degF]", UnitPath: "u", Units: map[string]string{"c": "Cel", "f": "[degF]"}, Invalid: []any{-999, "0.00"}},
			{Path: "lines[*].in", Quantity: telemetry.PeopleInTotal, ChannelPath: "name"},
			{Path: "lines[*].n", Quantity: telemetry.PeopleIn},
			{Path: "items[d=in].n", Quantity: telemetry.PeopleOutTotal},
			{Path: "probes.*.h", Quantity: telemetry.Humidity, Scale: 0.5, Offset: 1},
			{Path: "door", Quantity: telemetry.ContactOpen, Words: map[string]float64{"open": 1, "closed": 0}},
			{Path: "press", Quantity: telemetry.Button},
			{Path: "ev", Quantity: telemetry.OpenCount, Value: &one, When: []model.Condition{{Path: "ev", Equals: "open"}}},
		},
		Each: &model.Each{Path: "frames[*].events[]|rows[]", Time: &model.Time{Path: "^.ts|ts", ZonePath: "zone", WallClock: true},
			When: model.When{Ignore: []model.Condition{{Path: "^.objects[id={track}].type", NotIn: []any{"person"}}}},
			Readings: []model.Field{
				{Path: "kind", Quantity: telemetry.MaskWorn, Value: &one, When: []model.Condition{{Path: "kind", Equals: "mask"}}, ChannelPath: "line+^^.id"},
				{Path: "inside?.n", Quantity: telemetry.PeoplePresent, Twice: "last"},
			}},
		History: &model.History{Path: "old[*]", Time: model.Time{Path: "ts", Formats: []string{"epoch_s", "rfc3339"}}},
	}
}

// FuzzDecode asserts what must hold for every message: no panic; observations or exactly one rejection or nothing; every
// reading finite and possible; strings bounded; the same answer twice; the payload untouched; and that what is accepted
// is JSON for the standard library too.
func FuzzDecode(f *testing.F) {
	site := testSite(f)
	site.Devices = append(site.Devices, facility.Device{ID: "acme-1", Model: "acme"})
	d := newDecoder(f, Options{Sites: []facility.Site{site}, Models: []model.Model{fuzzModel()}})
	for _, p := range []string{
		`{"at":"2022-07-05T00:59:00Z","boot":"a","seq":1,"people_in":3,"battery":97.5}`,
		`{"at":1656982770125,"button":"single","occupied":true,"co2":null}`,
		`{"task":"wipe","done":true,"item":"front","by":"x","agent":"y"}`,
		`{"type":"data","ts":"2022-07-05 07:59:00","seq":"4","boot":"b","t":"70.5","u":"F","lines":[{"in":1,"n":2,"name":"a"},{"in":"3"}],"items":[{"d":"in","n":4}],"probes":{"x":{"h":40}},"door":"Open","press":"long","ev":"open","old":[{"ts":1656980000,"t":20},{"ts":"x","t":-999}]}`,
		`{"type":1,"frames":[{"ts":1656982790,"objects":[{"id":1,"type":"person"},{"id":2,"type":"cart"}],"events":[{"kind":"mask","track":1},{"kind":"mask","track":2},{"n":3}]}]}`,
		`{"type":true,"rows":{"ts":"2022-07-05 07:59:00","zone":"UTC+8:00","inside":{"n":4}}}`,
		`{"type":1,"join":{}}`, `{"co2":1e400}`, `{"a":[[[[]]]]}`, `{"co2":nan}`, `[]`, ``, `"\ud800"`, "{\"\xff\":1}",
	} {
		f.Add(p, true, byte(1), false)
		f.Add(p, false, byte(0), true)
	}
	f.Fuzz(func(t *testing.T, payload string, native bool, qos byte, retained bool) {
		topic := "acme/acme-1/up"
		if native {
			topic = door
		}
		msg := &ingest.Message{Topic: topic, Payload: []byte(payload), QoS: qos, Retained: retained, Received: received}
		recs := d.Decode(msg, nil)
		if string(msg.Payload) != payload {
			t.Fatal("the payload was changed")
		}
		w := d.Worker(&Arena{})
		if again := w.Decode(msg, nil); !reflect.DeepEqual(recs, again) {
			t.Fatalf("got %s, then %s", show(recs), show(again))
		}
		for i := range recs {
			rec := &recs[i]
			if rec.Kind == telemetry.KindRejection {
				if len(recs) != 1 || rec.Rejection.Reason == telemetry.ReasonFault {
					t.Fatalf("got %d records with a rejection: %s", len(recs), show(recs))
				}
				checkRejection(t, rec.Rejection)
				continue
			}
			checkObservation(t, rec)
			if !json.Valid(msg.Payload) {
				t.Fatalf("accepted what is no JSON: %q", payload)
			}
		}
	})
}

func checkObservation(t *testing.T, rec *telemetry.Record) {
	t.Helper()
	o := &rec.Observation
	if len(o.Readings) == 0 && o.Task == nil {
		t.Error("an observation of nothing")
	}
	if rec.At < received.Add(-DefaultPast) || rec.At > received.Add(DefaultFuture) {
		t.Errorf("at %v for a message of %v", rec.At, received)
	}
	if len(o.DeviceTime) > 2*written.MaxTimeText || len(o.Boot) > written.MaxBoot {
		t.Errorf("device time %q or boot %q too long", o.DeviceTime, o.Boot)
	}
	seen := make(map[telemetry.Reading]bool)
	for _, r := range o.Readings {
		def := r.Quantity.Definition()
		if def.Name == "" || math.IsNaN(r.Value) || r.Value < def.Min || r.Value > def.Max || math.Signbit(r.Value) && r.Value == 0 {
			t.Errorf("impossible reading %+v", r)
		}
		key := telemetry.Reading{Quantity: r.Quantity, Channel: r.Channel}
		if seen[key] {
			t.Errorf("%s twice on channel %q", r.Quantity, r.Channel)
		}
		seen[key] = true
		if !written.Plain([]byte(r.Channel), " _-.:") || len(r.Channel) > 6*written.MaxChannel || !written.Plain([]byte(r.Text), "_-. ") {
			t.Errorf("channel %q, text %q: not bounded plain text", r.Channel, r.Text)
		}
	}
}

// FuzzDocument holds our reader of JSON to jsontext: it accepts exactly what that accepts, and its nodes say the same.
func FuzzDocument(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,-0.5e+3,"x\u00e9\n",true,false,null,{}],"b":{"c":[]}}`, `[]`, ` 12 `, `"\ud83d\ude00"`, `"\ud800"`, `{"a":1,"a":2}`, `01`, `1.`,
		`[1,]`, `{"a"}`, "\"\x01\"", `nul`, `{"a":1}x`, `-`, `1e`, `"`, `[`, ``, `{"aaaaaaaaaaaaaaaaaaaaaaaa\"bb":"cccccccccccccccc\\"}`,
	} {
		f.Add([]byte(seed))
	}
	d := document.New()
	f.Fuzz(func(t *testing.T, src []byte) {
		if !utf8.Valid(src) || len(src) > 4096 {
			return
		}
		got := d.Parse(src, DefaultMaxDepth)
		if got != nil && (got.Reason == telemetry.ReasonTooDeep || got.Reason == telemetry.ReasonTooLarge) {
			return
		}
		want := jsontext.Value(slices.Clone(src)).IsValid()
		if (got == nil) != want {
			t.Fatalf("%q: got %v, jsontext says valid: %t", src, got, want)
		}
		if got == nil {
			sameTokens(t, d, src)
		}
	})
}

// sameTokens compares the nodes with jsontext's tokens in order.
func sameTokens(t *testing.T, d *document.Document, src []byte) {
	t.Helper()
	tokens := jsontext.NewDecoder(bytes.NewReader(src))
	for i := range d.Nodes {
		n := &d.Nodes[i]
		for tokens.PeekKind() == '}' || tokens.PeekKind() == ']' {
			_, _ = tokens.ReadToken()
		}
		if n.Name != nil {
			name, err := tokens.ReadToken()
			if err != nil || name.String() != string(n.Name) {
				t.Fatalf("%q: node %d: name %q, want %q (%v)", src, i, n.Name, name.String(), err)
			}
		}
		token, err := tokens.ReadToken()
		if err != nil || token.Kind() != n.Kind {
			t.Fatalf("%q: node %d: kind %c, want %c (%v)", src, i, n.Kind, token.Kind(), err)
		}
		if n.Kind == '"' && token.String() != string(n.Raw) {
			t.Fatalf("%q: node %d: %q, want %q", src, i, n.Raw, token.String())
		}
		if n.Kind == '0' {
			want, err := strconv.ParseFloat(token.String(), 64)
			if got, ok := n.Number(); !ok || got != want && err == nil {
				t.Fatalf("%q: node %d: %v, want %v", src, i, got, want)
			}
		}
	}
}
