package decode

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/ingest/decode/model"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// TestD2_Units: words for units in a payload are honoured and converted, and one that nobody knows is a reason. Finding D2.
func TestD2_Units(t *testing.T) {
	site := testSite(t)
	site.Devices = []facility.Device{{ID: "d1", Model: "lines"}, {ID: "d2", Model: "named"}, {ID: "d3", Model: "mapped"}}
	d := newDecoder(t, Options{Sites: []facility.Site{site}, Models: []model.Model{
		{ID: "lines", Title: "L", Format: "line", Match: []string{"influx/{device}"}, Each: &model.Each{Path: "lines[*]"}, Count: model.CountTotal, Readings: []model.Field{{Path: "fields.*", Auto: true}}},
		{ID: "named", Title: "N", Match: []string{"n/{device}"}, Count: model.CountTotal, Readings: []model.Field{{Path: "**", Auto: true}}},
		{ID: "mapped", Title: "M", Match: []string{"m/{device}"}, Readings: []model.Field{{Path: "reading.value", Quantity: telemetry.BodyTemperature}, {Path: "t", Quantity: telemetry.Temperature}}},
	}})
	for _, tt := range [][3]string{
		{"influx/d1", `air,unit=F temperature=78.8,humidity=61`, "d1 temperature=26 humidity=61"},
		{"influx/d1", `air,temperature_unit=fahrenheit temperature=78.8,humidity=61`, "d1 temperature=26 humidity=61"},
		{"influx/d1", `air temperature=78.8,temp_unit="F",humidity=61`, "d1 temperature=26 humidity=61"},
		{"influx/d1", `air temperature_f=78.8`, "d1 temperature=26"},
		{"influx/d1", `air,unit=imperial temperature=97.7`, "d1 temperature=36.5"},
		{"influx/d1", `air temperature=97.3,humidity=40`, "d1 humidity=40; range"},
		{"influx/d1", `air,temperature_unit=furlong temperature=21`, "field"},
		{"influx/d1", `air,unit=poli-gigi temperature=21,humidity=61`, "d1 temperature=21 humidity=61"},
		{"n/d2", `{"unit":"F","data":{"unit":"poli-gigi","temperature":78.8}}`, "d2 temperature=26 @ data"},
		{"n/d2", `{"temperature":{"value":21,"unit":"Rankine"},"humidity":61}`, "d2 humidity=61; field"},
		{"n/d2", `{"temperature":78.8,"temperature_unit":"°F","humidity":61}`, "d2 temperature=26 humidity=61"},
		{"n/d2", `{"data":{"temperature":78.8,"pressure":760},"units":{"temperature":"F","pressure":"mmHg"}}`, "d2 temperature=26 @ data pressure=1013.250144354 @ data"},
		{"n/d2", `{"temperature":{"value":78.8,"unit":"F"}}`, "d2 temperature=26 @ temperature"},
		{"n/d2", `{"voc":5,"voc_unit":"mg/m3","humidity":61}`, "d2 humidity=61; field"},
		{"n/d2", `{"voc":0.2,"voc_unit":"ppm"}`, "d2 tvoc=200"},
		{"n/d2", `{"battery":3.1,"battery_unit":"V","temperature":21}`, "d2 battery_voltage=3.1 temperature=21"},
		{"n/d2", `{"temperature":294.15,"unit":"K"}`, "d2 temperature=21"},
		{"n/d2", `{"temperature":21,"humidity":50,"unit":"C"}`, "d2 temperature=21 humidity=50"},
		{"n/d2", `{"temperature":21,"temperature_unit":"Rankine"}`, "field"},
		{"m/d3", `{"reading":{"value":97.7,"unit":"F"}}`, "d3 body_temperature=36.5"},
		{"m/d3", `{"reading":{"value":36.5,"unit":"C"}}`, "d3 body_temperature=36.5"},
		{"m/d3", `{"t":21,"unit_id":"A-7","units":3}`, "d3 temperature=21"},
	} {
		if got := outcome(d, tt[0], tt[1]); got != tt[2] {
			t.Errorf("%s: got %s, want %s", tt[1], got, tt[2])
		}
	}
}

// A word beside a value may be anything, a ward or a name: what nobody knows is not repeated.
func TestUnknownUnitsAreNotRepeated(t *testing.T) {
	site := testSite(t)
	site.Devices = []facility.Device{{ID: "d1", Model: "named"}}
	d := newDecoder(t, Options{Sites: []facility.Site{site}, Models: []model.Model{{ID: "named", Title: "N", Match: []string{"n/{device}"}, Readings: []model.Field{{Path: "**", Auto: true}}}}})
	for _, payload := range []string{`{"temperature_unit":"Budi Santoso","temperature":21}`, `{"temperature":{"value":21,"unit":"Budi Santoso"}}`} {
		recs := d.Decode(message("n/d1", payload), nil)
		const want = `unit "…12" is none that is known of temperature`
		if len(recs) != 1 || recs[0].Rejection == nil || !strings.HasSuffix(recs[0].Rejection.Detail, ": "+want) {
			t.Errorf("%s: got %s, want %s", payload, show(recs), want)
		}
	}
}

// A message with thousands of values and of words for units is read in a walk: no value looks at every word again.
func TestUnitsOfALargeMessage(t *testing.T) {
	d := newDecoder(t, Options{Sites: []facility.Site{testSite(t)}, MaxPayload: 1 << 20})
	took := func(n int) time.Duration {
		var b strings.Builder
		b.WriteString(`{"x":0`)
		for i := range n {
			fmt.Fprintf(&b, `,"temp_%d":1,"unit%d":"F"`, i, i)
		}
		w := newWorker(d.shared, nil)
		if f := w.document.Parse([]byte(b.String()+"}"), 32); f != nil {
			t.Fatal(f)
		}
		e := extraction{w: w, doc: w.document}
		began := time.Now()
		for i := range w.document.Nodes {
			if m := &w.document.Nodes[i]; m.Kind == '0' {
				e.unitBeside(int32(i), string(m.Name), telemetry.Temperature)
			}
		}
		return time.Since(began)
	}
	took(125)
	small, large := took(125), took(2000) // a message has 4096 values at most
	if large > 80*small+20*time.Millisecond {
		t.Errorf("16 times the message takes %s instead of %s", large, small)
	}
}
