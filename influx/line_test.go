package influx

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	lineprotocol "github.com/influxdata/line-protocol"

	"github.com/gerbang-iot/gerbang/telemetry"
)

func TestAppendTagValue(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, in, want string }{
		{"plain", "line-1.A_b/ü#\"'", "line-1.A_b/ü#\"'"},
		{"escaped", "a b,c=d", `a\ b\,c\=d`},
		{"trailing backslash", `a\`, `a%5C`},
		{"backslash before a comma", `a\,b`, `a%5C\,b`},
		{"line break", "a\nsite=other in=1i", `a%0Asite\=other\ in\=1i`},
		{"tab, NUL, DEL", "\t\x00\x7f", "%09%00%7F"},
		{"percent", "100%5C", "100%255C"},
		{"invalid UTF-8", "a\xffb\xc3", "a%FFb%C3"},
		{"replacement character", "\uFFFD", "\uFFFD"},
		{"comment sign", "#m", "#m"},
	}
	for _, tt := range tests {
		if got := string(appendTagValue(nil, tt.in)); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestAppendNumbers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		in   float64
		i, f string
	}{
		{0, "0i", "0"}, {-1, "-1i", "-1"}, {2.5, "3i", "2.5"}, {36.6, "37i", "36.6"}, {1e21, "9223372036854775807i", "1e+21"},
		{-1e21, "-9223372036854775807i", "-1e+21"}, {1e-9, "0i", "1e-09"}, {math.MaxFloat64, "9223372036854775807i", "1.7976931348623157e+308"},
		{1 << 53, "9007199254740992i", "9.007199254740992e+15"},
	} {
		if got := string(appendInteger(nil, tt.in)); got != tt.i {
			t.Errorf("integer %v: got %s, want %s", tt.in, got, tt.i)
		}
		if got := string(appendFloat(nil, tt.in)); got != tt.f {
			t.Errorf("float %v: got %s, want %s", tt.in, got, tt.f)
		}
	}
}

// decoded is the one metric of a text, read by InfluxData's own parser.
func decoded(text string) (lineprotocol.Metric, error) {
	all, err := lineprotocol.NewParser(lineprotocol.NewMetricHandler()).Parse([]byte(text))
	if err != nil {
		return nil, err
	}
	if len(all) != 1 {
		return nil, fmt.Errorf("got %d metrics, want 1", len(all))
	}
	return all[0], nil
}

// FuzzLine puts hostile text into every place that text can get to, and lets another implementation read the line: it must
// find exactly one point, with the tags and fields that were meant.
func FuzzLine(f *testing.F) {
	for _, s := range []string{"line 1", `a\`, "a\nb", `","=" `, "\xff", "#m", "a=b,c d", `\"`, "%", "\r", "${x}", "é\u2028"} {
		f.Add(s, s, s, 36.6)
	}
	f.Fuzz(func(t *testing.T, name, channel, text string, value float64) {
		if name == "" || !finite(value) {
			t.Skip()
		}
		rec := telemetry.Record{Kind: telemetry.KindObservation, Site: name, At: 42, Observation: telemetry.Observation{
			Device: name, Readings: []telemetry.Reading{{Quantity: telemetry.Temperature, Value: value, Channel: channel}},
		}}
		m, err := decoded(encodeAll(newPlaces(), []telemetry.Record{rec}))
		if err != nil {
			t.Fatalf("reading: %v", err)
		}
		want := map[string]string{"device": percent(name), "site": percent(name)}
		if channel != "" {
			want["channel"] = percent(channel)
		}
		if got := tags(m); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("tags: got %q, want %q", got, want)
		}
		if fields := m.FieldList(); m.Name() != "air" || len(fields) != 1 || fields[0].Key != "temperature_c" || fields[0].Value != value {
			t.Errorf("got %s with fields %v, want air with temperature_c=%v", m.Name(), fields, value)
		}

		log := telemetry.Record{Kind: telemetry.KindObservation, Site: "s", At: 42, Observation: telemetry.Observation{
			Device: "d", Task: &telemetry.TaskLog{Task: name, Done: true, Agent: text},
		}}
		m, err = decoded(encodeAll(newPlaces(), []telemetry.Record{log}))
		if err != nil {
			t.Fatalf("reading a task log: %v", err)
		}
		if got := tags(m)["task"]; got != percent(name) {
			t.Errorf("task: got %q, want %q", got, percent(name))
		}
		fields := 1
		if text != "" {
			fields = 2
		}
		if got := m.FieldList(); m.Name() != "task" || len(got) != fields || got[0].Value != int64(1) {
			t.Errorf("got %s with %d fields, want task with %d", m.Name(), len(got), fields)
		}
		for _, field := range m.FieldList() {
			if field.Key == "agent" && field.Value != meant(text) {
				t.Errorf("agent: got %q, want %q", field.Value, meant(text))
			}
		}
	})
}

// percent is the documented form of a tag value, computed another way.
func percent(s string) string {
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			fmt.Fprintf(&b, "%%%02X", s[i])
		case r < ' ' || r == 0x7f || r == '%' || r == '\\':
			fmt.Fprintf(&b, "%%%02X", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// meant is the documented form of a text: control characters become spaces, invalid bytes the replacement character.
func meant(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}

func tags(m lineprotocol.Metric) map[string]string {
	all := make(map[string]string)
	for _, tag := range m.TagList() {
		all[tag.Key] = tag.Value
	}
	return all
}
