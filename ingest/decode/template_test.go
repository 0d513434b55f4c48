package decode

import (
	"math"
	"testing"

	"github.com/gerbang-iot/gerbang/ingest/decode/document"
)

func TestTemplates(t *testing.T) {
	const payload = `{"temperature":21.46,"a":{"b c":3,"l":[5,{"x":"7"}]},"battery":2961,"on":true,"word":" Open ","n":null,"s-t":9}`
	tests := []struct{ template, payload, want string }{ // want is the text; "-": no value; "?": not understood
		{"", "21.5", "21.5"},
		{"{{ value }}", " 21.5\n", "21.5"},
		{"{{value|float|round(2)}}", "21.456", "21.46"},
		{"{{ value | int }}", "21.9", "21"},
		{"{{ value | float }}", "warm", "warm"},
		{"{{ value | round(1) }}", "warm", "-"},
		{"{{ float(value) * 99 + 1 }}", "1", "100"},
		{"{{ float(value, 0) }}", "4", "4"},
		{"{{ value_json.temperature}}", payload, "21.46"},
		{"{{ value_json['temperature'] | round(1) }}", payload, "21.5"},
		{`{{ value_json["temperature"] | float(0) | round(0) }}`, payload, "21"},
		{"{{ value_json.temperature | float(default=0) }}", payload, "21.46"},
		{"{{ value_json.a['b c'] }}", payload, "3"},
		{"{{ value_json.a.l[0] }}", payload, "5"},
		{"{{ value_json.a.l.1.x }}", payload, "7"},
		{"{{ value_json.a.l[2] }}", payload, "-"},
		{"{{ value_json['s-t'] }}", payload, "9"},
		{"{{ value_json.battery / 1000 }}", payload, "2.961"},
		{"{{ (value_json.battery | float / 1000) | round(1) }}", payload, "3"},
		{"{{ value_json.battery * 0.001 - 1 }}", payload, "1.961"},
		{"{{ 3000 - value_json.battery }}", payload, "39"},
		{"{{ -value_json.temperature|abs }}", payload, "21.46"},
		{"{{ 5922 / value_json.battery }}", payload, "2"},
		{"{{- value_json.on -}}", payload, "true"},
		{"{{ value_json.word | lower | trim }}", payload, " open "},
		{"{{ value_json.n }}", payload, "-"},
		{"{{ value_json.missing | default('x') }}", payload, "-"},
		{"{{ value_json.temperature | is_defined }}", payload, "21.46"},
		{"{{ value_json.temperature | multiply(2) }}", payload, "42.92"},
		{"{{ value_json }}", payload, payload},
		{"{{ value_json.battery / 0 }}", payload, "?"},
		{"{{ value_json.a + value_json.b }}", payload, "?"},
		{"{{ 'ON' if value_json.on else 'OFF' }}", payload, "?"},
		{"{% if value_json.on %}ON{% endif %}", payload, "?"},
		{"{{ value_json.a }}{{ value_json.b }}", payload, "?"},
		{"{{ value_json.a | regex_replace('a','b') }}", payload, "?"},
		{"{{ states('sensor.x') }}", payload, "?"},
		{"{{ value_json.temperature | round(1, 'floor') }}", payload, "?"},
		{"{{ value_json. }}", payload, "?"},
		{"{{ value_json['a }}", payload, "?"},
		{"{{ 4 }}", payload, "?"},
		{"value", payload, "?"},
		{"{{ }}", payload, "?"},
	}
	for _, tt := range tests {
		got := "?"
		if tpl, err := parseTemplate(tt.template); err == nil {
			doc := document.New()
			if doc.Parse([]byte(tt.payload), 8) != nil {
				doc.Scalar([]byte(tt.payload))
			}
			if r, ok := tpl.render(doc, []byte(tt.payload)); !ok {
				got = "-"
			} else {
				got = r.text
			}
		}
		if got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.template, got, tt.want)
		}
	}
}

// FuzzTemplate asserts that any template is refused or makes a bounded, finite value.
func FuzzTemplate(f *testing.F) {
	for _, seed := range []string{"{{ value_json.a['b'][0].c | float(0) | round(1) }}", "{{ ((value)) * 2 / (3 - 1) }}", "{{ int(value_json.x, 1) }}", "{{ value_json.0 }}"} {
		f.Add(seed, `{"a":{"b":[{"c":"1.25"}]},"x":3}`)
	}
	f.Fuzz(func(t *testing.T, text, payload string) {
		tpl, err := parseTemplate(text)
		if err != nil {
			return
		}
		doc := document.New()
		if doc.Parse([]byte(payload), 8) != nil {
			doc.Scalar([]byte(payload))
		}
		r, ok := tpl.render(doc, []byte(payload))
		if !ok {
			return
		}
		if len(tpl.ops) > 0 && r.numeric && (math.IsNaN(r.number) || math.IsInf(r.number, 0)) {
			if last := tpl.ops[len(tpl.ops)-1].kind; last != opLower && last != opUpper {
				t.Errorf("%q of %q is %v", text, payload, r.number)
			}
		}
		if len(r.text) > 2*len(payload)+400 || len(tpl.path.Steps) > document.MaxSteps {
			t.Errorf("%q: %d bytes of %d, %d steps", text, len(r.text), len(payload), len(tpl.path.Steps))
		}
	})
}
