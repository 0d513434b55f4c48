package decode

import (
	"slices"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/ingest/decode/model"
	"github.com/gerbang-iot/gerbang/telemetry"
)

func TestNames(t *testing.T) {
	regions := []string{"region_1", "region_2"}
	tests := []struct {
		name    string
		field   model.Field
		payload string
		want    string
	}{
		{"part of a name", model.Field{Path: "{}_count", Quantity: telemetry.PeoplePresent, Names: regions}, `{"region_2_count":4,"region_1_count":0}`,
			"2022-07-05T01:00:00Z d1 people_present 0 1 region_1; 2022-07-05T01:00:00Z d1 people_present 4 1 region_2; "},
		{"a step of a path", model.Field{Path: "{}.n", Quantity: telemetry.PeoplePresent, Names: regions}, `{"region_2":{"n":4}}`,
			"2022-07-05T01:00:00Z d1 people_present 4 1 region_2; "},
		{"a channel of another name", model.Field{Path: "t{}", Channel: "probe {}", Quantity: telemetry.Temperature, Names: []string{"1", "2"}}, `{"t1":20,"t2":21}`,
			"2022-07-05T01:00:00Z d1 temperature 20 Cel probe 1; 2022-07-05T01:00:00Z d1 temperature 21 Cel probe 2; "},
		{"a condition on another member", model.Field{Path: "{}", Quantity: telemetry.Occupied, Names: regions, When: []model.Condition{{Path: "{}_enable", Equals: "on"}}},
			`{"region_1":true,"region_1_enable":"off","region_2":true,"region_2_enable":"on"}`,
			"2022-07-05T01:00:00Z d1 occupied 1 1 region_2; "},
		{"a condition on the value", model.Field{Path: "b", Channel: "b{}", Quantity: telemetry.Button, Names: []string{"1", "2"}, When: []model.Condition{{Path: "b", Equals: "{}"}}}, `{"b":2}`,
			"2022-07-05T01:00:00Z d1 button 1 1 b2 press; "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := show(acme(t, model.Model{Readings: []model.Field{tt.field}}).Decode(message("a/d1", tt.payload), nil)); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// What is aside is shown to who looks at a message, and is no reading: not for the rules, not in a proposal of what a device measures.
func TestAside(t *testing.T) {
	m := model.Model{Varied: true, Readings: []model.Field{
		{Path: "mm", Quantity: telemetry.Distance, Unit: "mm", Channel: "ceiling", Aside: true},
		{Path: "used", Quantity: telemetry.Occupied},
	}}
	d := acme(t, m)
	const payload = `{"mm":2345,"used":true}`
	if got, want := show(d.Decode(message("a/d1", payload), nil)), "2022-07-05T01:00:00Z d1 occupied 1 1; "; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	a := d.One(Query{Model: "acme", Topic: "a/d1", Payload: []byte(payload), Received: received.Time()})
	if len(a.Lines) != 2 || *a.Lines[0].Value != 2.345 || a.Lines[0].Counted == nil || *a.Lines[0].Counted || a.Lines[1].Counted != nil {
		t.Errorf("got %v, want the distance as not counted, and the seat", a.Lines)
	}
	for _, c := range d.Recognise(Query{Topic: "a/d2", Payload: []byte(payload), Received: received.Time()}) {
		if slices.Contains(c.Quantities, telemetry.Distance) {
			t.Errorf("proposes %v for a device of %s", c.Quantities, c.Model)
		}
	}
	if got := words(m.Delivers()); got != "occupied" {
		t.Errorf("delivers %s, want occupied", got)
	}
	// A value that cannot be one is as none: nobody takes it.
	if got, want := show(d.Decode(message("a/d1", `{"mm":"far","used":false}`), nil)), "2022-07-05T01:00:00Z d1 occupied 0 1; "; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func words(all []telemetry.Quantity) string {
	var names []string
	for _, q := range all {
		names = append(names, q.String())
	}
	return strings.Join(names, " ")
}

func TestDelivers(t *testing.T) {
	counts := []model.Field{{Path: "in", Quantity: telemetry.PeopleIn}, {Path: "n", Quantity: telemetry.PeopleInTotal}, {Path: "t", Quantity: telemetry.Temperature}}
	tests := []struct {
		name  string
		model model.Model
		want  string
	}{
		{"one form of counting", model.Model{Count: model.CountTotal, Readings: counts}, "people_in_total temperature"},
		{"each and history", model.Model{Each: &model.Each{Readings: counts[2:]}, History: &model.History{Readings: counts[:1]}}, "people_in temperature"},
		{"by name", model.Model{Readings: append(slices.Clone(counts), model.Field{Path: "**", Auto: true})}, ""},
	}
	for _, tt := range tests {
		if got := words(tt.model.Delivers()); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestNamesAndAsideAreChecked(t *testing.T) {
	many := make([]string, model.MaxFieldNames+1)
	for i := range many {
		many[i] = strings.Repeat("x", i+1)
	}
	tests := []struct {
		name  string
		field model.Field
		want  string
	}{
		{"nowhere", model.Field{Path: "t", Names: []string{"a"}}, `readings[0].names: mean nothing without {} in path or when`},
		{"twice", model.Field{Path: "{}", Names: []string{"a", "a"}}, `readings[0].names[1]: "a": want every name once, and none empty`},
		{"empty", model.Field{Path: "{}", Names: []string{""}}, `readings[0].names[0]: "": want every name once, and none empty`},
		{"too many", model.Field{Path: "{}", Names: many}, `readings[0].names: 65 names, want at most 64`},
		{"no channel", model.Field{Path: "{}x", Names: []string{"a@b"}}, `readings[0].channel: "a@b": want`},
		{"aside without a channel", model.Field{Path: "t", Aside: true}, `readings[0].aside: want a channel`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := goodModel()
			tt.field.Quantity = telemetry.Temperature
			m.Readings = []model.Field{tt.field}
			if err := Validate(&m); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want …%s…", err, tt.want)
			}
		})
	}
}
