package decode

import (
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/ingest/decode/document"
	"github.com/gerbang-iot/gerbang/ingest/decode/meaning"
	"github.com/gerbang-iot/gerbang/ingest/decode/model"
	"github.com/gerbang-iot/gerbang/ingest/decode/redact"
	"github.com/gerbang-iot/gerbang/telemetry"
)

func goodModel() model.Model {
	return model.Model{ID: "m", Title: "M", Match: []string{"a/{device}"}, Readings: []model.Field{{Path: "t", Quantity: telemetry.Temperature}}}
}

func TestValidate(t *testing.T) {
	minus := -1.
	yes := true
	tests := []struct {
		name   string
		change func(*model.Model)
		want   string
	}{
		{"id", func(m *model.Model) { m.ID = "A b" }, `model "A b": id: "A b": want a-z, 0-9, _ and -, at most 64`},
		{"title", func(m *model.Model) { m.Title = "" }, `title: missing`},
		{"format", func(m *model.Model) { m.Format = "cbor" }, `format: unknown format "cbor", want`},
		{"another native", func(m *model.Model) { m.Format = "native" }, `format: only the model native has format native`},
		{"native as json", func(m *model.Model) { m.ID = NativeModel }, `format: the native model has format native`},
		{"no device", func(m *model.Model) { m.Match = []string{"a/+"} }, `match[0]: has no {device}, and the model names no device in the payload`},
		{"half an address", func(m *model.Model) { m.Device = "id+" }, `device: "id+": want a path on both sides of +`},
		{"no end of a device", func(m *model.Model) { m.Match = []string{"{device...}/#"} }, `match[0]: {device...} and # leave open where the device ends`},
		{"deep name", func(m *model.Model) { m.Match = []string{"a/{device}/{what...}"} }, `match[0]: level "{what...}": want text`},
		{"silent", func(m *model.Model) { m.Silent = []string{"a/#/b"} }, `silent[0]: # must be the last level`},
		{"inside nothing", func(m *model.Model) { m.Inside = []string{""} }, `inside[0]: empty`},
		{"min over max", func(m *model.Model) { m.Readings[0].Min, m.Readings[0].Max = new(1.), new(0.) }, `readings[0].min: 1: want at most max, 0`},
		{"adding what does not add up", func(m *model.Model) { m.Readings[0].Twice = "add" }, `readings[0].twice: temperature does not add up`},
		{"twice", func(m *model.Model) { m.Readings[0].Twice = "first" }, `readings[0].twice: "first": want add or last`},
		{"part of a level", func(m *model.Model) { m.Match = []string{"a/x-{device}"} }, `match[0]: level "x-{device}": want text, +, #`},
		{"# in the middle", func(m *model.Model) { m.Match = []string{"a/#/{device}"} }, `match[0]: # must be the last level`},
		{"empty level", func(m *model.Model) { m.Match = []string{"/a/{device}"} }, `match[0]: level 1 is empty`},
		{"twice", func(m *model.Model) { m.Match = []string{"{device}/{device}"} }, `match[0]: {device} occurs twice`},
		{"native topics", func(m *model.Model) { m.Match = []string{"gerbang/v1/{site}/{device}"} }, `match[0]: topics below gerbang/v1/ and push/ are taken`},
		{"$SYS", func(m *model.Model) { m.Match = []string{"$SYS/{device}"} }, `belong to the broker`},
		{"no readings", func(m *model.Model) { m.Readings = nil }, `readings: missing`},
		{"no quantity", func(m *model.Model) { m.Readings[0].Quantity = 0 }, `readings[0].quantity: missing`},
		{"no path", func(m *model.Model) { m.Readings[0].Path = "" }, `readings[0].path: missing`},
		{"bad path", func(m *model.Model) { m.Readings[0].Path = "a..b" }, `readings[0].path: path "a..b": want a name behind the dot`},
		{"bad index", func(m *model.Model) { m.Readings[0].Path = "a[-1]" }, `readings[0].path: path: [-1]: want a number from 0`},
		{"open bracket", func(m *model.Model) { m.Readings[0].Path = "a[1" }, `has no closing ]`},
		{"unit", func(m *model.Model) { m.Readings[0].Unit = "C" }, `readings[0].unit: unit "C" does not convert to Cel (temperature): want Cel, K, [degF]`},
		{"units without path", func(m *model.Model) { m.Readings[0].Units = map[string]string{"C": "Cel"} }, `readings[0].unit_path: unit_path and units belong together`},
		{"kinds of no button", func(m *model.Model) { m.Readings[0].Kinds = map[string]string{"1": "single"} }, `readings[0].kinds: belong to button`},
		{"impossible value", func(m *model.Model) { m.Readings[0].Quantity, m.Readings[0].Value = telemetry.PeopleIn, &minus }, `readings[0].value: -1 is impossible, want 0 to 100000`},
		{"two channels", func(m *model.Model) { m.Readings[0].Channel, m.Readings[0].ChannelPath = "a", "b" }, `readings[0].channel: want channel or channel_path, not both`},
		{"channel", func(m *model.Model) { m.Readings[0].Channel = "a@b" }, `readings[0].channel: "a@b": want`},
		{"periods and totals", func(m *model.Model) {
			m.Readings = append(m.Readings, model.Field{Path: "i", Quantity: telemetry.PeopleIn}, model.Field{Path: "n", Quantity: telemetry.PeopleInTotal})
		}, `count: missing: readings has people by period and total, which must not be added together`},
		{"count and prefer", func(m *model.Model) {
			m.Count, m.Prefer = model.CountTotal, []string{"total"}
			m.Readings = []model.Field{{Path: "n", Quantity: telemetry.PeopleInTotal}}
		}, `prefer: want count or prefer, not both`},
		{"a way of nobody", func(m *model.Model) { m.Prefer = []string{"total"} }, `prefer[0]: no reading has the way "total"`},
		{"a way that is not preferred", func(m *model.Model) {
			m.Prefer = []string{"total"}
			m.Readings = append(m.Readings, model.Field{Path: "i", Quantity: telemetry.PeopleInTotal}, model.Field{Path: "n", Quantity: telemetry.PeopleIn, Way: "event"})
		}, `readings[2].way: "event": want one of prefer: total`},
		{"a way of two forms", func(m *model.Model) {
			m.Prefer = []string{"x"}
			m.Readings = []model.Field{{Path: "i", Quantity: telemetry.PeopleInTotal, Way: "x"}, {Path: "n", Quantity: telemetry.PeopleIn, Way: "x"}}
		}, `readings[1].way: "x": is total elsewhere, want one form`},
		{"a way without prefer", func(m *model.Model) { m.Readings[0].Way = "x" }, `readings[0].way: belongs to people who pass, in a model with prefer`},
		{"a way twice", func(m *model.Model) { m.Prefer = []string{"x", "x"} }, `prefer[1]: "x": want a-z, 0-9, _ and -, each way once`},
		{"count of nothing", func(m *model.Model) {
			m.Count = model.CountTotal
			m.Readings = append(m.Readings, model.Field{Path: "i", Quantity: telemetry.PeopleIn})
		}, `count: "total": readings has people only by period`},
		{"count", func(m *model.Model) { m.Count = "sum" }, `count: "sum": want period, total or present`},
		{"otherwise", func(m *model.Model) { m.Otherwise = "drop" }, `otherwise: "drop": want reject or ignore`},
		{"boot alone", func(m *model.Model) { m.Boot = "b" }, `boot: means nothing without a sequence`},
		{"many sequences", func(m *model.Model) { m.Sequence = "a[*]" }, `sequence: "a[*]" leads to several values, want one`},
		{"time that counts back, not of history", func(m *model.Model) { m.Time = &model.Time{Path: "t", Formats: []string{"seconds_ago"}} }, `time.formats[0]: "seconds_ago": only the time of history`},
		{"bounds the wrong way round", func(m *model.Model) { m.Readings[0].Min, m.Readings[0].Max = new(2.0), new(1.0) }, `readings[0].min: 2: want at most max, 1`},
		{"time format", func(m *model.Model) { m.Time = &model.Time{Path: "t", Formats: []string{"iso"}} }, `time.formats[0]: "iso": want auto, rfc3339`},
		{"time zone", func(m *model.Model) { m.Time = &model.Time{Path: "t", Zone: "WIB"} }, `time.zone: "WIB": want an IANA name`},
		{"time path", func(m *model.Model) { m.Time = &model.Time{} }, `time.path: missing`},
		{"condition", func(m *model.Model) { m.When.Process = []model.Condition{{Path: "a"}} }, `when.process[0]: want exactly one of equals, in, not_in, like and exists`},
		{"condition twice", func(m *model.Model) { m.When.Ignore = []model.Condition{{Path: "a", Equals: "x", Exists: &yes}} }, `when.ignore[0]: want exactly one`},
		{"condition value", func(m *model.Model) { m.When.Ignore = []model.Condition{{Path: "a", Equals: []any{"x"}}} }, `when.ignore[0].equals[0]: [x]: want a text, number or boolean`},
		{"history", func(m *model.Model) { m.History = &model.History{} }, `history.path: missing`},
		{"sample", func(m *model.Model) { m.Samples = []model.Sample{{Name: "s"}} }, `samples[0]: want exactly one of expect, ignored and rejected`},
		{"sample reason", func(m *model.Model) { m.Samples = []model.Sample{{Name: "s", Rejected: "odd"}} }, `samples[0].rejected: unknown reason "odd"`},
	}
	good := goodModel()
	if err := Validate(&good); err != nil {
		t.Fatalf("without a mistake: %v", err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := goodModel()
			tt.change(&m)
			if err := Validate(&m); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want …%s…", err, tt.want)
			}
		})
	}
}

func TestPaths(t *testing.T) {
	const text = `{"a":{"b":[{"n":"x","v":1},{"n":"y","v":2},{"n":"x","v":3}],"c.d":4},"e":[[5,6],[7]],"f":null,"*":8}`
	tests := []struct {
		path string
		want string // values with their labels
	}{
		{"a.b[0].v", "1"},
		{"a.b[3].v", ""},
		{"a.b[*].v", "1(1) 2(2) 3(3)"},
		{"a.b[n=x].v", "1 3"},
		{"a.b[n=z].v", ""},
		{`a["c.d"]`, "4"},
		{"e[*][*]", "5(1.1) 6(1.2) 7(2.1)"},
		{"e[1][0]", "7"},
		{"$.a.b[1].n", "y"},
		{"$", text},
		{"f", "null"},
		{"f.g", ""},
		{"a.b.v", ""},
		{"a[0]", ""},
		{`["*"]`, "8"},
	}
	doc := document.New()
	if f := doc.Parse([]byte(text), 8); f != nil {
		t.Fatal(f.Said(nil, redact.Open))
	}
	for _, tt := range tests {
		p, err := document.ParsePath(tt.path)
		if err != nil {
			t.Errorf("%s: %v", tt.path, err)
			continue
		}
		var got []string
		p.Each(doc, document.Found{}, func(f document.Found) bool {
			v := string(doc.Nodes[f.At].Raw)
			if f.Label != "" {
				v += "(" + f.Label + ")"
			}
			got = append(got, v)
			return true
		})
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%s: got %s, want %s", tt.path, s, tt.want)
		}
	}
}

func TestUnits(t *testing.T) {
	tests := []struct {
		q    telemetry.Quantity
		unit string
		in   float64
		want float64
	}{
		{telemetry.BodyTemperature, "[degF]", 97.88, 36.6},
		{telemetry.Temperature, "[degF]", -40, -40},
		{telemetry.Temperature, "K", 292.1, 18.95},
		{telemetry.Humidity, "1", 0.57, 57},
		{telemetry.Pressure, "Pa", 99010, 990.1},
		{telemetry.Pressure, "kPa", 101.3, 1013},
		{telemetry.Pressure, "mm[Hg]", 760, 1013.250144354},
		{telemetry.Distance, "mm", 1234, 1.234},
		{telemetry.BatteryVoltage, "mV", 2961, 2.961},
		{telemetry.CO2, "%", 0.04, 400},
		{telemetry.TVOC, "ppm", 0.12, 120},
		{telemetry.PeopleIn, "", 7, 7},
	}
	for _, tt := range tests {
		c, err := meaning.Conversion(tt.unit, tt.q)
		if err != nil {
			t.Errorf("%s: %v", tt.q, err)
			continue
		}
		if got := c.Apply(tt.in); got != tt.want {
			t.Errorf("%v %s is %v %s, want %v", tt.in, tt.unit, got, tt.q.Unit(), tt.want)
		}
	}
}
