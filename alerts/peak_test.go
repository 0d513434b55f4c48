package alerts

import (
	"testing"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Finding R19: the worst was what views had shown, which are made a few times a second at most. Of 39.0, 39.4 and 39.2 °C at once the
// middle one was in none, and "at worst" was 39.2. The rule tells it, the least where small values are the bad ones, and of several
// people who wait the warmest; what is better, what another limit makes of it, and what comes when the alert is over is no worst.
func TestR19TheWorstIsToldBetweenViews(t *testing.T) {
	expression := func(about rules.SubjectKind, subject, expr, value string, limit float64, unit string) rules.Rule {
		r := kind(t, "expression", func(p rules.Params) {
			x := p.(*rules.Expression)
			x.SubjectKind, x.Expr, x.Value, x.Limit, x.Unit = about, expr, value, limit, unit
		})
		r.Subjects = []string{subject}
		return r
	}
	for _, tc := range []struct {
		name   string
		rule   rules.Rule
		device string
		q      telemetry.Quantity
		said   []float64
		worst  float64
	}{
		{"a maximum", expression(rules.SubjectDevice, "air", "temperature > 38", "temperature", 38, "Cel"), "air", telemetry.Temperature, []float64{39, 39.4, 39.2}, 39.4},
		{"a minimum", expression(rules.SubjectZone, "hall", "fill_level < 20", "fill_level", 20, "%"), "soap", telemetry.FillLevel, []float64{15, 11, 14}, 11},
		{"the first", expression(rules.SubjectZone, "hall", "co2 > 1000", "co2", 1000, "[ppm]"), "air", telemetry.CO2, []float64{1300, 1200, 1250}, 1300},
		{"none that is over", expression(rules.SubjectZone, "hall", "co2 > 1000", "co2", 1000, "[ppm]"), "air", telemetry.CO2, []float64{1300, 900, 1200, 1240, 1100}, 1240},
		{"people", kind(t, "capacity", nil), "exact", telemetry.PeopleIn, []float64{12, 3}, 15},
		{"visitors at a thermometer", kind(t, "temperature", nil), "thermo", telemetry.BodyTemperature, []float64{38, 36.5, 39.4, 36.6, 38.5}, 39.4},
		{"one visitor who stays", kind(t, "temperature", nil), "thermo", telemetry.BodyTemperature, []float64{39, 39.4, 39.2}, 39.4},
	} {
		t.Run(tc.name, func(t *testing.T) {
			j := newJudge(t, tc.rule, "1", facility.Zone{Capacity: 10})
			b := NewBook(nil, nil)
			j.count("08:30", 0)
			j.wait("09:00")
			out := new(rules.Output)
			var disk []Change
			for i, v := range tc.said {
				j.seq++
				j.now = j.now.Add(50e6)
				rec := telemetry.Record{Kind: telemetry.KindObservation, Seq: j.seq, Site: "mpp", At: j.now, Received: j.now,
					Observation: telemetry.Observation{Device: tc.device, Sequence: uint64(i), Readings: []telemetry.Reading{{Quantity: tc.q, Value: v}}}}
				out.Reset()
				if err := j.engine.Apply(&rec, out); err != nil {
					t.Fatal(err)
				}
				for k := range out.Alarms {
					disk = b.Alarm(&out.Alarms[k], disk)
				}
			}
			disk = b.Refresh("mpp", j.engine.View().Verdicts, j.now, disk)
			open := b.Open()
			if len(open) != 1 || open[0].Worst.Value != tc.worst {
				t.Errorf("got %d alerts, the worst of the first %v; want one, %v", len(open), worstOf(open), tc.worst)
			}
			for _, c := range disk[1:] {
				if c.What != Worsened && c.What != Resolved && c.What != Opened {
					t.Errorf("people are told: %s of %v", c.What, c.Alert.Explanation.Value)
				}
			}
		})
	}
}

func worstOf(open []Alert) float64 {
	if len(open) == 0 {
		return 0
	}
	return open[0].Worst.Value
}
