package decode

import (
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/ingest/decode/model"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// TestElements: lists as cameras send them.
func TestElements(t *testing.T) {
	one := 1.
	events := &model.Each{
		Path: "frames[*].events[*]", Time: &model.Time{Path: "^.t"},
		When: model.When{
			Process: []model.Condition{{Path: "type", Like: "cross_*"}},
			Ignore:  []model.Condition{{Path: "^.tracks[id={track}].type", NotIn: []any{"person"}}},
		},
		Readings: []model.Field{
			{Path: "type", Quantity: telemetry.PeopleIn, Value: &one, When: []model.Condition{{Path: "type", Equals: "cross_in"}}, ChannelPath: "line+side"},
			{Path: "type", Quantity: telemetry.PeopleOut, Value: &one, When: []model.Condition{{Path: "type", Equals: "cross_out"}}, ChannelPath: "line+side"},
		},
	}
	tests := []struct {
		name    string
		model   model.Model
		payload string
		want    string
	}{
		{"two persons in one frame, a group and a trolley that are none", model.Model{Each: events},
			`{"frames":[{"t":1656982790,"tracks":[{"id":1,"type":"person"},{"id":2,"type":"person"},{"id":3,"type":"group"},{"id":4,"type":"trolley"}],
			"events":[{"type":"cross_in","track":1,"line":"N"},{"type":"cross_in","track":2,"line":"N"},{"type":"cross_in","track":3,"line":"N"},
			{"type":"cross_out","track":4,"line":"N"},{"type":"create","track":1}]},
			{"t":1656982791,"tracks":[],"events":[{"type":"cross_out","track":9,"line":"N","side":2}]}]}`,
			"2022-07-05T00:59:50Z d1 people_in 2 1 N; 2022-07-05T00:59:51Z d1 people_out 1 1 N.2; "},
		{"nothing that counts", model.Model{Each: events, Otherwise: "ignore"}, `{"frames":[{"t":1656982790,"events":[{"type":"create"}]}]}`, "nothing"},
		{"the message's time is its elements'", model.Model{Time: &model.Time{Path: "t"}, Each: &model.Each{Path: "e[*]", Readings: []model.Field{{Path: "n", Quantity: telemetry.PeopleInTotal}}}},
			`{"t":1656982790,"e":[{"n":5}]}`, "2022-07-05T00:59:50Z d1 people_in_total 5 1; "},
		{"two faces of one time", model.Model{Time: &model.Time{Path: "t"}, Each: &model.Each{Path: "e[*]", Apart: true, Readings: []model.Field{{Path: "n", Quantity: telemetry.BodyTemperature}}}},
			`{"t":1656982790,"e":[{"n":36.5},{"n":38.1}]}`, "2022-07-05T00:59:50Z d1 body_temperature 36.5 Cel; 2022-07-05T00:59:50Z d1 body_temperature 38.1 Cel; "},
		{"the last of two totals", model.Model{Readings: []model.Field{{Path: "e[*].n", Quantity: telemetry.PeopleInTotal, Channel: "x", Twice: "last"}}}, `{"e":[{"n":5},{"n":6}]}`,
			"2022-07-05T01:00:00Z d1 people_in_total 6 1 x; "},
		{"more than a counter can hold", model.Model{Readings: []model.Field{{Path: "e[*].n", Quantity: telemetry.PeopleIn, Channel: "x", Twice: "add"}}}, `{"e":[{"n":60000},{"n":60000}]}`,
			"2022-07-05T01:00:00Z d1 people_in 60000 1 x; range: the other readings of the message are taken; e[*].n: 120000 is impossible, want 0 to 100000; "},
		{"a touch is a press", model.Model{Readings: []model.Field{{Path: "touch", Quantity: telemetry.Button, Value: &one}}}, `{"touch":{"at":"x"}}`,
			"2022-07-05T01:00:00Z d1 button 1 1 press; "},
		{"the zone beside the time", model.Model{Time: &model.Time{Path: "time.end", ZonePath: "time.zone"}, Readings: []model.Field{{Path: "n", Quantity: telemetry.PeopleIn}}},
			`{"n":1,"time":{"end":"2022/07/05 08:59:30","zone":"UTC+8:00 China Standard Time (CT/CST)"}}`, "2022-07-05T00:59:30Z d1 people_in 1 1; "},
		{"no zone beside the time", model.Model{Time: &model.Time{Path: "time.end", ZonePath: "time.zone"}, Readings: []model.Field{{Path: "n", Quantity: telemetry.PeopleIn}}},
			`{"n":1,"time":{"end":"2022/07/05 07:59:30","zone":"home"}}`, "2022-07-05T00:59:30Z d1 people_in 1 1; "},
		{"the wrong zone beside the right clock", model.Model{Time: &model.Time{Path: "t", WallClock: true}, Readings: []model.Field{{Path: "n", Quantity: telemetry.PeopleIn}}},
			`{"n":1,"t":"2022-07-05T07:59:40+08:00"}`, "2022-07-05T00:59:40Z d1 people_in 1 1; "},
		{"the right zone of an old message", model.Model{Time: &model.Time{Path: "t", WallClock: true}, Readings: []model.Field{{Path: "n", Quantity: telemetry.PeopleIn}}},
			`{"n":1,"t":"2022-07-05T07:12:40+08:00"}`, "2022-07-04T23:12:40Z d1 people_in 1 1 late; "},
		{"the right zone", model.Model{Time: &model.Time{Path: "t", WallClock: true}, Readings: []model.Field{{Path: "n", Quantity: telemetry.PeopleIn}}},
			`{"n":1,"t":"2022-07-05T08:59:40+08:00"}`, "2022-07-05T00:59:40Z d1 people_in 1 1; "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := show(acme(t, tt.model).Decode(message("a/d1", tt.payload), nil)); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// TestElementsAreKnownAgain: a device that was not answered sends a minute again, in another company; it is the same minute.
func TestElementsAreKnownAgain(t *testing.T) {
	d := acme(t, model.Model{Each: &model.Each{Path: "lines[*].minutes[*]", Time: &model.Time{Path: "to"}, Readings: []model.Field{{Path: "in", Quantity: telemetry.PeopleIn, ChannelPath: "^.name"}}}})
	identities := func(payload string) map[string]uint64 {
		known := make(map[string]uint64)
		for _, rec := range d.Decode(message("a/d1", payload), nil) {
			if rec.Rejection != nil || rec.Identity == 0 {
				t.Fatalf("%s: got %s, want observations that can be told apart", payload, show([]telemetry.Record{rec}))
			}
			known[rec.Observation.Readings[0].Channel+rec.At.String()] = rec.Identity
		}
		return known
	}
	alone := identities(`{"lines":[{"name":"N","minutes":[{"to":1656982680,"in":1}]},{"name":"S","minutes":[{"to":1656982680,"in":1}]}]}`)
	again := identities(`{"lines":[{"name":"N","minutes":[{"to":1656982680,"in":1},{"to":1656982740,"in":1}]},{"name":"S","minutes":[{"to":1656982680,"in":1},{"to":1656982740,"in":1}]}]}`)
	if len(alone) != 2 || len(again) != 4 {
		t.Fatalf("got %d and %d minutes, want 2 and 4", len(alone), len(again))
	}
	seen := make(map[uint64]bool)
	for _, id := range again {
		seen[id] = true
	}
	if len(seen) != 4 {
		t.Error("two minutes are taken for one")
	}
	for minute, id := range alone {
		if again[minute] != id {
			t.Errorf("%s is not known again", minute)
		}
	}
	if twice := d.Decode(message("a/d1", `{"lines":[{"name":"N","minutes":[{"to":1656982680,"in":1}]},{"name":"N","minutes":[{"to":1656982740,"in":1},{"to":1656982680,"in":1}]}]}`), nil); len(twice) != 3 || twice[0].Identity == twice[2].Identity {
		t.Errorf("two like elements of one message: got %s, want records that can be told apart", show(twice))
	}
}

// TestDevicesByAnyName: a device is configured by its serial number or its MAC; what names no device and is no reading is nothing.
func TestDevicesByAnyName(t *testing.T) {
	yes := true
	site := testSite(t)
	site.Devices = []facility.Device{
		{ID: "a", Model: "cam", Address: "SN-1"}, {ID: "b", Model: "cam", Address: "AA:BB"}, {ID: "c", Model: "cam", Address: "c7"},
		{ID: "e", Model: "box", Address: "E"}, {ID: "f", Model: "box", Address: "F"},
	}
	read := []model.Field{{Path: "n", Quantity: telemetry.PeopleIn}}
	d := newDecoder(t, Options{Sites: []facility.Site{site}, Models: []model.Model{
		{ID: "cam", Title: "C", Match: []string{"+/telemetry", "cam/{device}/x"}, Device: "info.sn|info.mac|name/", Readings: read,
			When: model.When{Ignore: []model.Condition{{Path: "gps", Exists: &yes}, {Path: "$", Like: "$GP*"}}}},
		{ID: "box", Title: "B", Match: []string{"+/telemetry"}, Each: &model.Each{Path: "$[]", Device: "id|tag:", Readings: read}},
	}})
	tests := []struct{ topic, payload, want string }{
		{"x/telemetry", `{"n":1,"info":{"sn":"SN-1","mac":"AA:BB"}}`, "a"},
		{"x/telemetry", `{"n":1,"info":{"sn":"SN-9","mac":"aa:bb"}}`, "b"},
		{"x/telemetry", `{"n":1,"name":"projects/x/devices/c7"}`, "c"},
		{"x/telemetry", `{"n":1,"info":{"sn":"SN-9"}}`, "unknown_device"},
		{"x/telemetry", `{"gps":{"lat":1}}`, "nothing"},
		{"x/telemetry", `$GPGGA,1,2,3`, "nothing"},
		{"x/telemetry", `GPGGA,1,2,3`, "syntax"},
		{"x/telemetry", `[{"n":1,"id":"E"},{"n":2,"tag":"x:F"},{"n":2,"id":"?"}]`, "e f"},
		{"x/telemetry", `{"n":1,"id":"E"}`, "e"},
		{"push/cam", `{"n":1,"info":{"mac":"AA:BB"}}`, "b"},
		{"cam/c7/x", `{"n":1,"info":{"sn":"SN-1"}}`, "c"},
		{"cam/c7/x", `$GPGGA,1,2,3`, "nothing"},
		{"push/cam", `{"gps":{}}`, "nothing"},
	}
	for _, tt := range tests {
		got := ""
		for _, rec := range d.Decode(message(tt.topic, tt.payload), nil) {
			if got != "" {
				got += " "
			}
			if rec.Rejection != nil {
				got += string(rec.Rejection.Reason)
			} else {
				got += rec.Observation.Device
			}
		}
		if got == "" {
			got = "nothing"
		}
		if got != tt.want {
			t.Errorf("%s %s: got %s, want %s", tt.topic, tt.payload, got, tt.want)
		}
	}
	if n := d.Ignored()["cam"]; n != 4 {
		t.Errorf("%d messages ignored for the model, want 4", n)
	}
	if a := d.One(Query{Model: "cam", Topic: "cam/c9/x", Payload: []byte(`{"n":1,"info":{"sn":"SN-9"}}`), Received: time.Unix(1656982800, 0)}); len(a.Lines) != 1 || a.Lines[0].Device != "c9" {
		t.Errorf("got %+v, want the device that the topic names", a)
	}
}

func TestOffsets(t *testing.T) {
	for text, want := range map[string]string{
		"UTC+8:00 China Standard Time (CT/CST)":                           "8h0m0s",
		"UTC-0:00 Western European Time (WET), Greenwich Mean Time (GMT)": "0s",
		"UTC+7": "7h0m0s", "GMT-03:30": "-3h30m0s", "+0700": "7h0m0s", "UTC": "0s", "Asia/Jakarta": "-", "": "-", "+99": "-", "8": "-", "UTCX": "-",
	} {
		got := "-"
		if offset, ok := written.Offset([]byte(text)); ok {
			got = offset.String()
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}
