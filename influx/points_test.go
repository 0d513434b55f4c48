package influx

import (
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

func observed(device string, readings ...telemetry.Reading) telemetry.Record {
	return telemetry.Record{Kind: telemetry.KindObservation, Site: "magetan", At: 1_000_000_000, Observation: telemetry.Observation{Device: device, Readings: readings}}
}

func TestRecordsBecomePoints(t *testing.T) {
	t.Parallel()
	with := func(r telemetry.Record, change func(*telemetry.Record)) telemetry.Record { change(&r); return r }
	tests := []struct {
		name   string
		record telemetry.Record
		want   []string
	}{
		{"door counter", observed("counter-1", telemetry.Reading{Quantity: telemetry.PeopleIn, Value: 3}, telemetry.Reading{Quantity: telemetry.PeopleOut, Value: 1}),
			[]string{"people_flow,device=counter-1,door=main,outside=true,site=magetan persons_in=3i,persons_out=1i 1000000001"}},
		{"running totals", observed("counter-1", telemetry.Reading{Quantity: telemetry.PeopleInTotal, Value: 1 << 53}),
			[]string{"people_total,device=counter-1,door=main,outside=true,site=magetan persons_in=9007199254740992i 1000000001"}},
		{"several measurements in one message", observed("air-1",
			telemetry.Reading{Quantity: telemetry.CO2, Value: 812}, telemetry.Reading{Quantity: telemetry.Battery, Value: 97},
			telemetry.Reading{Quantity: telemetry.Temperature, Value: 26.4}, telemetry.Reading{Quantity: telemetry.DeviceTemperature, Value: 31}),
			[]string{
				"air,device=air-1,site=magetan,zone=hall co2_ppm=812,temperature_c=26.4 1000000001",
				"device,device=air-1,site=magetan,zone=hall battery_pct=97,temperature_c=31 1000000001",
			}},
		{"one point per channel", observed("air-1",
			telemetry.Reading{Quantity: telemetry.Temperature, Value: 1, Channel: "a"}, telemetry.Reading{Quantity: telemetry.Temperature, Value: 2, Channel: "b"},
			telemetry.Reading{Quantity: telemetry.Humidity, Value: 3, Channel: "a"}),
			[]string{
				"air,channel=a,device=air-1,site=magetan,zone=hall temperature_c=1,humidity_pct=3 1000000001",
				"air,channel=b,device=air-1,site=magetan,zone=hall temperature_c=2 1000000001",
			}},
		{"two visitors in one message", observed("counter-1",
			telemetry.Reading{Quantity: telemetry.BodyTemperature, Value: 36.6}, telemetry.Reading{Quantity: telemetry.BodyTemperature, Value: 38.1}),
			[]string{
				"body_temperature,device=counter-1,door=main,outside=true,site=magetan celsius=36.6 1000000001",
				"body_temperature,device=counter-1,door=main,outside=true,site=magetan celsius=38.1 1000618034",
			}},
		{"button at a task hangs at the task's door, and logs the task", observed("button-1", telemetry.Reading{Quantity: telemetry.Button, Value: 1, Text: "single"}),
			[]string{
				`button,device=button-1,door=main,outside=true,site=magetan presses=1i,kind="single" 1000000001`,
				`task,device=button-1,door=main,outside=true,site=magetan,task=handles done=1i,kind="single" 1000000001`,
			}},
		{"unknown device has no place", observed("lost", telemetry.Reading{Quantity: telemetry.Occupied, Value: 1}),
			[]string{"presence,device=lost,site=magetan occupied=1i 1000000001"}},
		{"provenance", with(observed("counter-1", telemetry.Reading{Quantity: telemetry.MaskMissing, Value: 2}), func(r *telemetry.Record) { r.Observation.Provenance = telemetry.Corrected }),
			[]string{"masks,device=counter-1,door=main,outside=true,provenance=corrected,site=magetan missing=2i 1000000001"}},
		{"task log with readings", with(observed("button-1", telemetry.Reading{Quantity: telemetry.Battery, Value: 50}), func(r *telemetry.Record) {
			r.Observation.Task = &telemetry.TaskLog{Task: "handles", Done: true, Agent: `alcohol "70 %"`, Item: `north\south`}
		}), []string{
			"device,device=button-1,door=main,outside=true,site=magetan battery_pct=50 1000000001",
			`task,device=button-1,door=main,outside=true,site=magetan,task=handles done=1i,agent="alcohol \"70 %\"",item="north\\south" 1000000001`,
		}},
		{"not finite", observed("air-1", telemetry.Reading{Quantity: telemetry.CO2, Value: math.NaN()}, telemetry.Reading{Quantity: telemetry.Humidity, Value: math.Inf(1)}), nil},
		{"not finite beside finite", observed("air-1", telemetry.Reading{Quantity: telemetry.CO2, Value: math.NaN()}, telemetry.Reading{Quantity: telemetry.Humidity, Value: 40}),
			[]string{"air,device=air-1,site=magetan,zone=hall humidity_pct=40 1000000001"}},
		{"not a quantity", observed("air-1", telemetry.Reading{Quantity: 250, Value: 1}, telemetry.Reading{Value: 1}), nil},
		{"a person's task", telemetry.Record{Kind: telemetry.KindEntry, Site: "magetan", At: 5, Entry: &telemetry.Entry{Kind: telemetry.EntryTask, Subject: "handles", Value: 1, Text: "soap"}},
			[]string{`task,door=main,outside=true,provenance=manual,site=magetan,task=handles done=1i,agent="soap" 1`}},
		{"a person's count", telemetry.Record{Kind: telemetry.KindEntry, Site: "magetan", At: 5, Entry: &telemetry.Entry{Kind: telemetry.EntryCount, Subject: "hall", Value: 12}},
			[]string{`people_present,provenance=manual,site=magetan,zone=hall persons=12i 1`}},
		{"a person's words", telemetry.Record{Kind: telemetry.KindEntry, Site: "magetan", At: 5, Entry: &telemetry.Entry{Kind: telemetry.EntryAcknowledge}}, nil},
		{"tick", telemetry.Record{Kind: telemetry.KindTick, Site: "magetan", At: 5}, nil},
		{"rejection", telemetry.Record{Kind: telemetry.KindRejection, At: 5, Rejection: &telemetry.Rejection{}}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			want := strings.Join(tt.want, "\n")
			got := strings.TrimSuffix(encodeAll(newPlaces(testSite()), []telemetry.Record{tt.record}), "\n")
			if got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestDerivedStreamsBecomePoints(t *testing.T) {
	t.Parallel()
	hall := rules.Subject{Kind: rules.SubjectZone, ID: "hall"}
	e := encoder{places: newPlaces()}
	var b batch
	for i, tr := range []rules.Transition{
		{Site: "magetan", Rule: "capacity", Subject: hall, At: 10, From: rules.Unknown, To: rules.Breached,
			Explanation: rules.Explanation{Value: 31, Error: 1.5, Limit: 30, HasValue: true, HasLimit: true}},
		{Site: "magetan", Rule: "capacity", Subject: hall, At: 20, From: rules.Breached, To: rules.Unknown, Explanation: rules.Explanation{Reason: rules.ReasonSilent}},
		{Site: "magetan", Rule: "capacity", Subject: hall, At: 20, From: rules.Unknown, To: rules.Within},
		{Site: "magetan", Rule: "capacity", Subject: hall, At: 12, Until: 15, Late: true, From: rules.Breached, To: rules.Within},
	} {
		e.transition(&b, &journal.Transition{ID: int64(i + 1), Transition: tr})
	}
	for i, s := range []rules.Sample{
		{Site: "magetan", Zone: "hall", At: 30, Persons: 12.5, Error: 2, Low: 11, High: 15, Known: true, Limit: 30, HasLimit: true, Near: true},
		{Site: "magetan", At: 30, Persons: 40, Low: 40, High: 40, Known: true},
		{Site: "magetan", At: 31, Persons: math.NaN(), Known: true},
		// Nobody knows, so no number; and a limit of nobody is one.
		{Site: "magetan", Zone: "hall", At: 32, Persons: 20, Error: 1.5, Low: 19, High: 22, Limit: 30, HasLimit: true},
		{Site: "magetan", Zone: "hall", At: 33, Persons: 3, Low: 3, High: 3, Known: true, HasLimit: true},
	} {
		e.sample(&b, &journal.Sample{ID: int64(i + 1), Sample: s})
	}
	want := strings.Join([]string{
		"verdict,rule=capacity,site=magetan,subject=zone/hall state=1i,near=0i,idle=0i,value=31,error=1.5,limit_value=30 1",
		`verdict,rule=capacity,site=magetan,subject=zone/hall state=-1i,near=0i,idle=0i,reason="silent" 2`,
		"verdict,rule=capacity,site=magetan,subject=zone/hall state=0i,near=0i,idle=0i 3",
		"verdict,late=true,rule=capacity,site=magetan,subject=zone/hall state=0i,near=0i,idle=0i 500004",
		"verdict,late=true,rule=capacity,site=magetan,subject=zone/hall state=1i,near=0i,idle=0i 4",
		"occupancy,site=magetan,zone=hall known=1i,persons=12.5,error=2,low=11i,high=15i,capacity_limit=30,near=1i 30",
		"occupancy,site=magetan known=1i,persons=40,error=0,low=40i,high=40i,near=0i 30",
		"occupancy,site=magetan known=0i,near=0i 31",
		"occupancy,site=magetan,zone=hall known=0i,capacity_limit=30,near=0i 32",
		"occupancy,site=magetan,zone=hall known=1i,persons=3,error=0,low=3i,high=3i,capacity_limit=0,near=0i 33",
	}, "\n") + "\n"
	if got := string(b.text); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if want := (journal.Position{Record: 0, Transition: 4, Sample: 5, Flow: 0}); b.to != want {
		t.Errorf("position: got %v, want %v", b.to, want)
	}
}

// Every quantity has a place in the schema, no two share a field, and no name needs escaping.
func TestSchemaIsComplete(t *testing.T) {
	t.Parallel()
	word := regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	taken := make(map[column]telemetry.Quantity)
	for _, q := range telemetry.Quantities() {
		if q >= 64 {
			t.Errorf("quantity %v: got number %d, want less than 64, the bits of a line's set", q, q)
		}
		c := columnOf(q)
		if c.measurement == noMeasurement {
			t.Errorf("quantity %v: got no column", q)
			continue
		}
		for _, name := range []string{measurementNames[c.measurement], c.field} {
			if !word.MatchString(name) {
				t.Errorf("quantity %v: got name %q, want %v", q, name, word)
			}
		}
		key := column{measurement: c.measurement, field: c.field}
		if other, ok := taken[key]; ok {
			t.Errorf("quantities %v and %v share %s.%s", q, other, measurementNames[c.measurement], c.field)
		}
		taken[key] = q
	}
	for m := noMeasurement + 1; m < measurements; m++ {
		if !word.MatchString(measurementNames[m]) {
			t.Errorf("measurement %d: got name %q, want %v", m, measurementNames[m], word)
		}
	}
}
