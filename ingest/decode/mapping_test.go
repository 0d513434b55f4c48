package decode

import (
	"testing"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/ingest/decode/model"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// acme decodes for one device d1 of the model on topic a/d1.
func acme(t testing.TB, m model.Model) *Decoder {
	t.Helper()
	m.ID, m.Title, m.Match = "acme", "A", []string{"a/{device}"}
	site := testSite(t)
	site.Devices = []facility.Device{{ID: "d1", Model: "acme"}}
	return newDecoder(t, Options{Sites: []facility.Site{site}, Models: []model.Model{m}})
}

func TestMapping(t *testing.T) {
	lines := []model.Field{
		{Path: "lines[*].in", Quantity: telemetry.PeopleIn, ChannelPath: "name"},
		{Path: "lines[*].out", Quantity: telemetry.PeopleOut, ChannelPath: "name"},
	}
	tests := []struct {
		name    string
		model   model.Model
		payload string
		want    string // as show prints it, or what becomes of it
	}{
		{"swap", model.Model{Swap: true, Readings: lines}, `{"lines":[{"name":"N","in":3,"out":1}]}`,
			"2022-07-05T01:00:00Z d1 people_out 3 1 N; 2022-07-05T01:00:00Z d1 people_in 1 1 N; "},
		{"two lines of one name", model.Model{Readings: lines}, `{"lines":[{"name":"N","in":3},{"name":"N","in":1}]}`,
			`field: lines[*].in: second value of people_in on channel "N": want a channel_path that tells them apart; `},
		{"no name", model.Model{Readings: lines}, `{"lines":[{"in":3},{"in":1}]}`,
			"2022-07-05T01:00:00Z d1 people_in 3 1 1; 2022-07-05T01:00:00Z d1 people_in 1 1 2; "},
		{"a name that is somebody's address", model.Model{Readings: lines}, `{"lines":[{"name":"budi@example.com\u0007","in":3}]}`,
			"2022-07-05T01:00:00Z d1 people_in 3 1 budi_example.com_; "},
		{"probes by name", model.Model{Readings: []model.Field{{Path: "*.Temperature", Quantity: telemetry.Temperature}}}, `{"Time":"x","SI7021-04":{"Temperature":10.5},"AM2301":{"Temperature":null}}`,
			"2022-07-05T01:00:00Z d1 temperature 10.5 Cel SI7021-04; "},
		{"contact false is open", model.Model{Readings: []model.Field{{Path: "contact", Quantity: telemetry.ContactOpen, Words: map[string]float64{"false": 1, "true": 0}}}}, `{"contact":false}`,
			"2022-07-05T01:00:00Z d1 contact_open 1 1; "},
		{"kinds of press", model.Model{Readings: []model.Field{{Path: "b", Quantity: telemetry.Button, Kinds: map[string]string{"1": "single", "2": "long"}}}}, `{"b":2}`,
			"2022-07-05T01:00:00Z d1 button 1 1 long; "},
		{"an unknown press", model.Model{Readings: []model.Field{{Path: "b", Quantity: telemetry.Button, Kinds: map[string]string{"1": "single"}}}}, `{"b":3}`,
			"field: b: a kind of press that the model does not know; "},
		{"scale", model.Model{Readings: []model.Field{{Path: "t", Quantity: telemetry.Temperature, Scale: 0.1, Offset: -40}}}, `{"t":617}`,
			"2022-07-05T01:00:00Z d1 temperature 21.7 Cel; "},
		{"0xFFFF", model.Model{Readings: []model.Field{{Path: "t", Quantity: telemetry.Temperature, Invalid: []any{"0xFFFF"}}, {Path: "h", Quantity: telemetry.Humidity}}}, `{"t":65535,"h":50}`,
			"2022-07-05T01:00:00Z d1 humidity 50 %; "},
		{"a word behind the number", model.Model{Readings: []model.Field{{Path: "*", Quantity: telemetry.BatteryVoltage, Suffix: []string{"(low battery)", "V"}}}}, `{"a":"2.9V","b":"2.3 (low battery)","c":3.1}`,
			"2022-07-05T01:00:00Z d1 battery_voltage 2.9 V a; 2022-07-05T01:00:00Z d1 battery_voltage 2.3 V b; 2022-07-05T01:00:00Z d1 battery_voltage 3.1 V c; "},
		{"another word behind the number", model.Model{Readings: []model.Field{{Path: "a", Quantity: telemetry.BatteryVoltage, Suffix: []string{"V"}}}}, `{"a":"2.9A"}`,
			"field: a: text that is no number; "},
		{"outside of what is measured", model.Model{Readings: []model.Field{{Path: "*", Quantity: telemetry.BatteryVoltage, Unit: "mV", Min: new(1.0), Max: new(9.0)}}}, `{"a":90,"b":4100,"c":9001}`,
			"2022-07-05T01:00:00Z d1 battery_voltage 4.1 V b; "},
		{"unit nobody knows", model.Model{Readings: []model.Field{{Path: "t", Quantity: telemetry.Temperature, UnitPath: "u", Units: map[string]string{"C": "Cel"}}}}, `{"t":20,"u":"R"}`,
			"field: t: unit at u is none that the model knows; "},
		{"sequence of words", model.Model{Sequence: "n", Readings: []model.Field{{Path: "t", Quantity: telemetry.Temperature}}}, `{"t":20,"n":"x"}`,
			"field: n: a string, want a whole number from 0 to 2^64-1; "},
		{"wrong clock", model.Model{Time: &model.Time{Path: "ts"}, Readings: []model.Field{{Path: "t", Quantity: telemetry.Temperature}}}, `{"t":20,"ts":"946685671"}`,
			"2022-07-05T01:00:00Z d1 temperature 20 Cel clock; "},
		{"zone of the model", model.Model{Time: &model.Time{Path: "ts", Formats: []string{"02.01.2006 15:04"}, Zone: "Asia/Jayapura"}, Readings: []model.Field{{Path: "t", Quantity: telemetry.Temperature}}}, `{"t":20,"ts":"05.07.2022 09:59"}`,
			"2022-07-05T00:59:00Z d1 temperature 20 Cel; "},
		{"times in turn", model.Model{Time: &model.Time{Path: "p.ts|ts"}, Readings: []model.Field{{Path: "t", Quantity: telemetry.Temperature}}}, `{"t":20,"p":{"ts":null},"ts":1656982790}`,
			"2022-07-05T00:59:50Z d1 temperature 20 Cel; "},
		{"wrapped", model.Model{Inside: []string{"StatusSNS"}, Readings: []model.Field{{Path: "*.t", Quantity: telemetry.Temperature}}}, `{"x":{"t":1},"STATUSSNS":{"A":{"t":20}}}`,
			"2022-07-05T01:00:00Z d1 temperature 20 Cel A; "},
		{"not wrapped", model.Model{Inside: []string{"StatusSNS"}, Readings: []model.Field{{Path: "*.t", Quantity: telemetry.Temperature}}}, `{"A":{"t":20},"statussns":"no"}`,
			"2022-07-05T01:00:00Z d1 temperature 20 Cel A; "},
		{"the member's own name", model.Model{Readings: []model.Field{
			{Path: "*.t", Quantity: telemetry.Temperature, When: []model.Condition{{Path: "@", Like: "chip*", Not: true}}},
			{Path: "*.t", Quantity: telemetry.DeviceTemperature, When: []model.Condition{{Path: "@", Like: "chip*"}}}}}, `{"Chip-1":{"t":40},"A":{"t":20}}`,
			"2022-07-05T01:00:00Z d1 temperature 20 Cel A; 2022-07-05T01:00:00Z d1 device_temperature 40 Cel Chip-1; "},
		{"an element has no name", model.Model{Readings: []model.Field{{Path: "a[*]", Quantity: telemetry.CO2, When: []model.Condition{{Path: "@", Like: "*"}}}, {Path: "c", Quantity: telemetry.CO2}}}, `{"a":[1],"c":402}`,
			"2022-07-05T01:00:00Z d1 co2 402 ppm; "},
		{"not, of what is not there", model.Model{When: model.When{Process: []model.Condition{{Path: "k", Equals: "x", Not: true}}}, Readings: []model.Field{{Path: "c", Quantity: telemetry.CO2}}}, `{"c":402}`,
			"2022-07-05T01:00:00Z d1 co2 402 ppm; "},
		{"not", model.Model{When: model.When{Process: []model.Condition{{Path: "k", Equals: "x", Not: true}}}, Readings: []model.Field{{Path: "c", Quantity: telemetry.CO2}}}, `{"c":2,"k":"x"}`, "nothing"},
		{"an empty scene", model.Model{Readings: []model.Field{{Path: "t", Quantity: telemetry.BodyTemperature, Unit: "[degF]", Min: new(30.), Max: new(45.)}}}, `{"t":75.2}`, "nothing"},
		{"somebody before it", model.Model{Readings: []model.Field{{Path: "t", Quantity: telemetry.BodyTemperature, Unit: "[degF]", Min: new(30.), Max: new(45.)}}}, `{"t":95}`,
			"2022-07-05T01:00:00Z d1 body_temperature 35 Cel; "},
		{"one of two sensors is broken", model.Model{Partial: true, Readings: []model.Field{{Path: "*.t", Quantity: telemetry.Temperature}, {Path: "*.h", Quantity: telemetry.Humidity}}},
			`{"A":{"t":-127,"h":"x"},"B":{"t":20,"h":40}}`, "2022-07-05T01:00:00Z d1 temperature 20 Cel B; 2022-07-05T01:00:00Z d1 humidity 40 % B; range: the other readings of the message are taken; *.t: -127 is impossible, want -90 to 90 Cel; *.h: text that is no number; "},
		{"the only sensor is broken", model.Model{Partial: true, Readings: []model.Field{{Path: "*.t", Quantity: telemetry.Temperature}}}, `{"A":{"t":-127}}`,
			"range: *.t: -127 is impossible, want -90 to 90 Cel; "},
		{"a channel of two parts", model.Model{Readings: []model.Field{{Path: "e[*].k", Quantity: telemetry.Button, ChannelPath: "c+i"}}}, `{"e":[{"k":"long","c":"btn","i":2},{"k":"double","c":"btn"}]}`,
			"2022-07-05T01:00:00Z d1 button 1 1 btn.2 long; 2022-07-05T01:00:00Z d1 button 1 1 btn double; "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := show(acme(t, tt.model).Decode(message("a/d1", tt.payload), nil)); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// TestHistory: devices repeat stored readings in overlapping batches; each counts once, as late history with its own time,
// and the message's number belongs to the message alone.
func TestHistory(t *testing.T) {
	d := acme(t, model.Model{
		Sequence: "n", Boot: "b", Time: &model.Time{Path: "ts"},
		Readings: []model.Field{{Path: "in", Quantity: telemetry.PeopleIn}},
		History:  &model.History{Path: "old[*]", Time: model.Time{Path: "ts"}},
	})
	first := d.Decode(message("a/d1", `{"b":"x","n":1,"ts":1656982790,"in":1,"old":[{"ts":1656979200,"in":5},{"ts":1656979500,"in":6}]}`), nil)
	second := d.Decode(message("a/d1", `{"b":"x","n":2,"old":[{"ts":1656979500,"in":6},{"ts":1656979800,"in":6},{"ts":12,"in":7}]}`), nil)
	if len(first) != 3 || len(second) != 3 {
		t.Fatalf("got %s and %s, want three records each", show(first), show(second))
	}
	late := telemetry.FlagHistory | telemetry.FlagLate
	for i, rec := range []telemetry.Record{first[0], first[1], second[0], second[1]} {
		if o := rec.Observation; o.Flags != late || o.HasSequence || o.Boot != "" || rec.Identity == 0 {
			t.Errorf("item %d: flags %b, sequence %t, identity %d; want late history with an identity of its own", i, o.Flags, o.HasSequence, rec.Identity)
		}
	}
	if live := first[2]; live.Observation.Flags != 0 || live.Observation.Sequence != 1 || live.Observation.Boot != "x" {
		t.Errorf("got %+v, want the live reading with its number", live.Observation)
	}
	if first[1].Identity != second[0].Identity {
		t.Error("an item that is repeated is taken for another")
	}
	if first[1].Identity == second[1].Identity || first[0].Identity == first[1].Identity {
		t.Error("two items are taken for one")
	}
	if o := second[2]; o.Identity != 0 || !o.Observation.Flags.Has(telemetry.FlagClock|telemetry.FlagHistory) || o.At != received {
		t.Errorf("an item without a possible time: got %+v", o)
	}
}

// TestHistoryCountsBack: a device without a clock says how long ago it was, seen from the message's own time or its receipt.
func TestHistoryCountsBack(t *testing.T) {
	m := model.Model{
		Time: &model.Time{Path: "ts"}, Readings: []model.Field{{Path: "t", Quantity: telemetry.Temperature}},
		History: &model.History{Path: "old[*]", Time: model.Time{Path: "ago", Formats: []string{"seconds_ago"}}},
	}
	tests := []struct{ name, payload, want string }{
		{"from the message's time", `{"ts":1656982790,"t":20,"old":[{"ago":60,"t":19},{"ago":"120","t":18}]}`,
			"2022-07-05T00:58:50Z d1 temperature 19 Cel history; 2022-07-05T00:57:50Z d1 temperature 18 Cel late,history; 2022-07-05T00:59:50Z d1 temperature 20 Cel; "},
		{"from its receipt", `{"old":[{"ago":3600,"t":19}]}`, "2022-07-05T00:00:00Z d1 temperature 19 Cel late,history; "},
		{"a time to come", `{"old":[{"ago":-60,"t":19}]}`, "2022-07-05T01:00:00Z d1 temperature 19 Cel clock,history; "},
		{"a time of no number", `{"old":[{"ago":"yesterday","t":19}]}`, "2022-07-05T01:00:00Z d1 temperature 19 Cel clock,history; "},
		{"longer ago than anything", `{"old":[{"ago":1e300,"t":19}]}`, "2022-07-05T01:00:00Z d1 temperature 19 Cel clock,history; "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := show(acme(t, m).Decode(message("a/d1", tt.payload), nil)); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}
