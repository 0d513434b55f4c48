package figures

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestPercentile(t *testing.T) {
	hundred := make([]float64, 101)
	for i := range hundred {
		hundred[i] = float64(100 - i)
	}
	for _, test := range []struct {
		values []float64
		p      float64
		want   float64
	}{
		{nil, .5, 0},
		{[]float64{7}, .99, 7},
		{hundred, .5, 50},
		{hundred, .99, 99},
		{hundred, 1, 100},
		{hundred, 0, 0},
		{[]float64{1, 2}, .99, 1},
	} {
		if got := Percentile(test.values, test.p); got != test.want {
			t.Errorf("percentile %g of %d values: got %g, want %g", test.p, len(test.values), got, test.want)
		}
	}
	if hundred[0] != 100 {
		t.Error("the values were sorted in place")
	}
}

func TestMedian(t *testing.T) {
	for _, test := range []struct {
		values []float64
		want   float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1, 5}, 5}, {[]float64{9, 1, 5, 6}, 5.5}} {
		if got := Median(test.values); got != test.want {
			t.Errorf("median of %v: got %g, want %g", test.values, got, test.want)
		}
	}
}

func TestTable(t *testing.T) {
	records := []Record{
		{"full", "floor", map[string]float64{Lost: 0, CPU: 20, Acked: 30000}},
		{"full", "gerbang", map[string]float64{Lost: 0, CPU: 12, Acked: 31000}},
		{"full", "floor", map[string]float64{Lost: 0, CPU: 22, Acked: 32000}},
		{"full", "gerbang", map[string]float64{Lost: 3, CPU: 9, Acked: 1234567}},
		{"full", "floor", map[string]float64{Lost: 0, CPU: 30, Acked: 31000}},
		{"full", "gerbang", map[string]float64{Lost: 0, CPU: 11, Acked: 31000}},
		{"alerts", "gerbang", map[string]float64{CPU: 1.25, Acked: 999, AlertP50: 1.5}},
	}
	const want = `row     who      runs  lost  acked/s  CPU-s/M  alert p50 ms
full    floor    3     0     31,000   22.0     -
        gerbang  3     3     31,000   11.0     -
        ratio                1.00 ×   0.50 ×
alerts  gerbang  1     -     999      1.2      1.50
`
	var out strings.Builder
	if err := WriteTable(&out, records); err != nil {
		t.Fatal(err)
	}
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

func TestThousands(t *testing.T) {
	for number, want := range map[string]string{"0": "0", "999": "999", "1000": "1,000", "1234567.5": "1,234,567.5", "100000": "100,000"} {
		if got := thousands(number); got != want {
			t.Errorf("%s: got %s, want %s", number, got, want)
		}
	}
}

func TestRecordsAreAppended(t *testing.T) {
	file := filepath.Join(t.TempDir(), "all.jsonl")
	for _, side := range []string{"old", "new"} {
		if err := (Record{"row", side, map[string]float64{CPU: 1}}).AppendTo(file); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var sides []string
	for line := range strings.Lines(string(text)) {
		var r Record
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		sides = append(sides, r.Side)
	}
	if !slices.Equal(sides, []string{"old", "new"}) {
		t.Errorf("got the lines of %v", sides)
	}
}

// README.md says what each column means.
func TestEveryColumnIsExplained(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range columns {
		if !strings.Contains(string(readme), "\n| `"+c.title+"` |") {
			t.Errorf("README.md has no line for the column %q", c.title)
		}
	}
}
