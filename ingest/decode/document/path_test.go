package document

import (
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/ingest/decode/redact"
)

// TestPathsAmongLists: what makes one model read the shapes in which a maker's firmware wraps the same thing.
func TestPathsAmongLists(t *testing.T) {
	const text = `{"data":{"co2":{"ppm":7},"null":null},"one":{"n":1},"many":[{"n":2},{"n":3}],
		"frames":[{"t":1,"tracks":[{"id":5,"type":"PERSON"},{"id":6,"type":"GROUP"}],"events":[{"track":6},{"track":5},{"track":9}]}]}`
	tests := []struct {
		path string
		want string // values with their labels
	}{
		{"data?.co2.ppm", "7"},
		{"event?.data?.co2.ppm", "7"},
		{"null?.data.co2.ppm", "7"},
		{"data.null?.co2.ppm", "7"},
		{"one[].n", "1"},
		{"many[].n", "2(1) 3(2)"},
		{"none[].n", ""},
		{"$[].one.n", "1"},
		{"none.n|one.n", "1"},
		{"many[*].n|one.n", "2(1) 3(2)"},
		{"none|nothing", ""},
		{`many[n=3].n|["a|b"]`, "3"},
	}
	doc := New()
	if f := doc.Parse([]byte(text), 8); f != nil {
		t.Fatal(f.Said(nil, redact.Open))
	}
	for _, tt := range tests {
		p, err := ParsePath(tt.path)
		if err != nil {
			t.Errorf("%s: %v", tt.path, err)
			continue
		}
		var got []string
		p.Each(doc, Found{}, func(f Found) bool {
			v := string(doc.Nodes[f.At].Raw)
			if f.Label != "" {
				v += "(" + f.Label + ")"
			}
			got = append(got, v)
			return true
		})
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%s: got %q, want %q", tt.path, s, tt.want)
		}
	}
}

// TestPathsFromAnElement look around from each event of a frame.
func TestPathsFromAnElement(t *testing.T) {
	const text = `{"of":"x","frames":[{"t":1,"tracks":[{"id":5,"type":"PERSON"},{"id":6,"type":"GROUP"}],"events":[{"track":6},{"track":5},{"track":9}]}]}`
	doc := New()
	if f := doc.Parse([]byte(text), 8); f != nil {
		t.Fatal(f.Said(nil, redact.Open))
	}
	events, err := ParsePath("frames[*].events[*]")
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"^.t":                             "1 1 1",
		"^^.of":                           "x x x",
		"^.tracks[id={track}].type":       "GROUP PERSON -",
		"^.tracks[id={track}].type|track": "GROUP PERSON 9",
	} {
		p, err := ParsePath(path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		var got []string
		events.Each(doc, Found{}, func(event Found) bool {
			value := "-"
			if at, ok := p.FirstFrom(doc, event.Inside()); ok {
				value = string(doc.Nodes[at].Raw)
			}
			got = append(got, value)
			return true
		})
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%s: got %q, want %q", path, s, want)
		}
	}
}

func TestBadPaths(t *testing.T) {
	for path, want := range map[string]string{
		"a|":              "empty path",
		"^^^.a":           "want at most 2 ^",
		"a[id={b[*].c}]":  `a[id={b[*]`, // a bracket in a bracket is not for paths
		"a[id={b.*}].c":   "leads to several values",
		"a[x]":            "want a number from 0, *, nothing, name=value",
		"a[id={}].c":      "empty path",
		"a.b|c..d":        "want a name behind the dot",
		"?":               "",
		"a?.b":            "",
		"a[id={b?.c}].d?": "",
	} {
		_, err := ParsePath(path)
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", path, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: got %v, want …%s…", path, err, want)
		}
	}
}
