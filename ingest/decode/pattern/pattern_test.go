package pattern

import (
	"strings"
	"testing"
)

func TestPatterns(t *testing.T) {
	tests := []struct {
		pattern, topic string
		want           string // what stands at every level that has a name; "-": does not match
	}{
		{"a/{device}/up", "a/x/up", "{device}=x"},
		{"a/{device}/up", "a/x/y/up", "-"},
		{"a/{device}/#", "a/x", "{device}=x"},
		{"a/{device}/#", "a/x/1/2", "{device}=x"},
		{"a/{device...}", "a/x", "{device...}=x"},
		{"a/{device...}", "a/x/y/z", "{device...}=x/y/z"},
		{"a/{device...}", "a", "-"},
		{"{device...}/tele/SENSOR", "x/tele/SENSOR", "{device...}=x"},
		{"{device...}/tele/SENSOR", "up/stairs/x/tele/SENSOR", "{device...}=up/stairs/x"},
		{"{device...}/tele/SENSOR", "tele/SENSOR", "-"},
		{"{device...}/tele/SENSOR", "x/stat/SENSOR", "-"},
		{"{site}/{device...}/{kind}/{field}", "s/a/b/sensor/co2", "{site}=s {device...}=a/b {kind}=sensor {field}=co2"},
		{"{site}/{device...}/{kind}/{field}", "s/sensor/co2", "-"},
		{"a/+/{device...}/b", "a/1/x/y/b", "{device...}=x/y"},
	}
	for _, tt := range tests {
		p, err := Parse(tt.pattern)
		if err != nil {
			t.Errorf("%s: %v", tt.pattern, err)
			continue
		}
		got := "-"
		if p.Matches(tt.topic) {
			var values []string
			for i, level := range p.Levels {
				if strings.HasPrefix(level, "{") {
					values = append(values, level+"="+p.Value(tt.topic, i))
				}
			}
			got = strings.Join(values, " ")
		}
		if got != tt.want {
			t.Errorf("%s on %s: got %s, want %s", tt.pattern, tt.topic, got, tt.want)
		}
		// The tree must find what the pattern matches, and nothing else.
		var tr Tree[int]
		tr.Add(&p, 1)
		if found := len(tr.Match(tt.topic, nil)) > 0; found != (tt.want != "-") {
			t.Errorf("%s on %s: the tree says %t", tt.pattern, tt.topic, found)
		}
	}
}
