package strict

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
)

type plain struct {
	Name    string            `yaml:"name" required:"yes"`
	Count   int               `yaml:"count" min:"1" max:"9"`
	Small   uint8             `yaml:"small"`
	Area    float64           `yaml:"area" unit:"m²" above:"0"`
	On      bool              `yaml:"on"`
	Wait    time.Duration     `yaml:"wait" max:"1h"`
	Word    string            `yaml:"word" enum:"red green"`
	Code    string            `yaml:"code" pattern:"^[A-Z]{2}$" want:"two capitals"`
	Hidden  string            `yaml:"hidden" pattern:"^x" private:"yes"`
	Many    []string          `yaml:"many" single:"yes"`
	Numbers []int             `yaml:"numbers"`
	Ages    map[string]int    `yaml:"ages"`
	ByDay   map[int]string    `yaml:"by_day"`
	Inner   *inner            `yaml:"inner"`
	Free    any               `yaml:"free"`
	More    map[string]*inner `yaml:"more"`
	Shared  `yaml:",inline"`
	Not     string `yaml:"-"`
}

type Shared struct {
	Common string `yaml:"common"`
}

type inner struct {
	Level int `yaml:"level"`
	Other int `yaml:"other"`
}

func (i *inner) SetDefaults() { i.Level = 7 }

func TestDecode(t *testing.T) {
	yaml := "name: 24e124136b316092\ncount: 3\nsmall: 255\narea: 12.5 m²\non: true\nwait: 1m30s\nword: red\ncode: ID\n" +
		"many: one\nnumbers: [1, 2]\nages: {a: 1}\nby_day: {1: mon}\ninner: {other: 2}\n" +
		"free: {hex: 0xFFFF, ten: 010, f: 1.5, t: [true, x, null]}\nmore: {a: {}}\ncommon: c\n"
	var got plain
	places, problems := Decode("f.yaml", []byte(yaml), &got)
	if len(problems) > 0 {
		t.Fatalf("got problems, want none:\n%v", problems)
	}
	want := plain{
		Name: "24e124136b316092", Count: 3, Small: 255, Area: 12.5, On: true, Wait: 90 * time.Second, Word: "red", Code: "ID",
		Many: []string{"one"}, Numbers: []int{1, 2}, Ages: map[string]int{"a": 1}, ByDay: map[int]string{1: "mon"},
		Inner: &inner{Level: 7, Other: 2}, More: map[string]*inner{"a": {Level: 7}}, Shared: Shared{"c"},
		Free: map[string]any{"hex": int64(65535), "ten": int64(10), "f": 1.5, "t": []any{true, "x", nil}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	for path, want := range map[string]string{
		"name": "f.yaml:1:7", "inner": "f.yaml:13:1", "inner.other": "f.yaml:13:16", "inner.level": "f.yaml:13:1",
		"numbers[1]": "f.yaml:10:14", "nowhere": "f.yaml:1:1", "": "f.yaml:1:1",
	} {
		if got := places.At(path).String(); got != want {
			t.Errorf("place of %q: got %s, want %s", path, got, want)
		}
	}
}

func TestDecodeProblems(t *testing.T) {
	for name, tc := range map[string]struct{ yaml, want string }{
		"empty":              {"", "f: name is missing, want text"},
		"only a comment":     {"# nothing\n", "f: name is missing, want text"},
		"not a mapping":      {"[1]", "f:1:1: the file is a list, want a mapping"},
		"several":            {"nam: x\ncount: 10\n", "f:1:1: name is missing, want text\nf:1:1: unknown key \"nam\", did you mean \"name\"?\nf:2:8: count is 10, want a whole number from 1 to 9"},
		"blank name":         {"name: ' '", "f:1:7: name is empty, want text"},
		"flag for text":      {"name: true", "f:1:7: name is true, want text"},
		"overflow":           {"name: a\nsmall: 256", "f:2:8: small is 256, want a whole number"},
		"negative unsigned":  {"name: a\nsmall: -1", "f:2:8: small is -1, want a whole number"},
		"not a number":       {"name: a\narea: .nan", "f:2:7: area is \".nan\", want a number in m² above 0"},
		"infinite":           {"name: a\narea: .inf", "f:2:7: area is \".inf\", want a number in m² above 0"},
		"too large":          {"name: a\narea: 1" + strings.Repeat("0", 400), "f:2:7: area is \"1" + strings.Repeat("0", 59) + "…\", want a number in m² above 0"},
		"another unit":       {"name: a\narea: 3 cm", "f:2:7: area is \"3 cm\", want a number in m² above 0"},
		"duration too long":  {"name: a\nwait: 2h", "f:2:7: wait is \"2h\", want a number with a unit (30s, 5m, 2h, 7d), at most 1h"},
		"duration negative":  {"name: a\nwait: -2s", "f:2:7: wait is \"-2s\", want a number with a unit (30s, 5m, 2h, 7d), at most 1h"},
		"pattern":            {"name: a\ncode: id", "f:2:7: code is \"id\", want two capitals"},
		"private":            {"name: a\nhidden: hunter2", "f:2:9: hidden is not right, want text"},
		"null":               {"name: a\ninner: ~", "f:2:8: inner is empty, want a mapping or no such key"},
		"key of a mapping":   {"name: a\nby_day: {x: mon}", "f:2:10: key \"x\", want a whole number"},
		"inside a list":      {"name: a\nnumbers: [1, b]", "f:2:14: numbers[1] is \"b\", want a whole number"},
		"key of the program": {"name: a\nnot: b", "f:2:1: unknown key \"not\", did you mean \"on\"?"},
		"alias to itself":    {"name: a\nfree: &x [*x]", "f:2:11: alias *x has no anchor &x before it"},
		"flow key":           {"name: a\nfree: {[a]: 1}", "f:2:11: not YAML: found an invalid key for this map"},
		"not UTF-8":          {"name: \xff", "f: not UTF-8: save the file in that encoding"},
		"directive":          {"%YAML 1.2\n---\nname: a", "f:1:1: a directive (%), want none"},
	} {
		t.Run(name, func(t *testing.T) {
			_, problems := Decode("f", []byte(tc.yaml), new(plain))
			if got := problems.Error(); got != tc.want {
				t.Errorf("got\n%s\nwant\n%s", got, tc.want)
			}
		})
	}
}

func TestDecodeIsBounded(t *testing.T) {
	bomb := "name: a\nfree:\n  a: &a [x, x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c <= 'k'; c++ {
		p := string(c - 1)
		bomb += "  " + string(c) + ": &" + string(c) + " [" + strings.Repeat("*"+p+", ", 9) + "*" + p + "]\n"
	}
	for name, tc := range map[string]struct{ yaml, want string }{
		"alias bomb":        {bomb, "aliases expand to more than"},
		"deep brackets":     {"free: " + strings.Repeat("[", 100_000), "nested deeper than"},
		"deep dashes":       {strings.Repeat("- ", 100_000), "nested deeper than"},
		"deep questions":    {strings.Repeat("? ", 100_000), "nested deeper than"},
		"deep tags":         {"free: " + strings.Repeat("!a ", 100_000), "nested deeper than"},
		"deep blocks":       {deepBlocks(200), "nested deeper than"},
		"large":             {strings.Repeat("#", MaxBytes+1), "split the file"},
		"long unknown keys": {strings.Repeat("k", 100_000) + ": 1", "unknown key"},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			_, problems := Decode("f", []byte(tc.yaml), new(plain))
			if !strings.Contains(problems.Error(), tc.want) {
				t.Errorf("got %.200q, want %q", problems.Error(), tc.want)
			}
			if len(problems.Error()) > 10_000 {
				t.Errorf("got %d bytes of problems", len(problems.Error()))
			}
			t.Logf("took %v", time.Since(start))
		})
	}
}

func deepBlocks(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"30s": 30 * time.Second, "1h30m": 90 * time.Minute, "7d": 168 * time.Hour, "2w": 336 * time.Hour, "1y": 8760 * time.Hour,
		"250ms": 250 * time.Millisecond, "1.5h": 90 * time.Minute, "0s": 0,
	} {
		got, err := ParseDuration(text)
		if err != nil || got != want {
			t.Errorf("ParseDuration(%q): got %v, %v, want %v", text, got, err, want)
		}
		if back, err := ParseDuration(FormatDuration(want)); err != nil || back != want {
			t.Errorf("FormatDuration(%v): got %q, which reads as %v (%v)", want, FormatDuration(want), back, err)
		}
	}
	for _, text := range []string{"", "5", "5 m", "-5m", "m", "5min", "300y", "1e3s", "5m "} {
		if got, err := ParseDuration(text); err == nil {
			t.Errorf("ParseDuration(%q): got %v, want an error", text, got)
		}
	}
}

func TestSuggestion(t *testing.T) {
	known := []string{"name", "area", "capacity"}
	for word, want := range map[string]string{
		"name": `did you mean "name"?`, "Area": `did you mean "area"?`, "capasity": `did you mean "capacity"?`,
		"completely": "want one of name, area, capacity",
	} {
		if got := Suggestion(word, known); got != want {
			t.Errorf("Suggestion(%q): got %s, want %s", word, got, want)
		}
	}
}

// FuzzDecode: whatever the bytes, decoding ends without a panic, problems have places inside the document, and a document
// without problems decodes to the same value again.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{"name: a", "name: a\nfree: {a: &x [1], b: *x}", "a: [1, {b: c}]\n---\nb", "? a\n: b", "name: |\n  x\n", "\ufeffname: a"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var first, second plain
		places, problems := Decode("f", data, &first)
		lines := strings.Count(string(data), "\n") + strings.Count(string(data), "\r") + 1
		for _, p := range problems {
			if p.File != "f" || p.Line < 0 || p.Line > lines+1 || p.Text == "" {
				t.Fatalf("problem %+v outside a document of %d lines", p, lines)
			}
		}
		if len(problems) > 0 {
			return
		}
		if first.Name == "" || !places.Read {
			t.Fatalf("no problem, but a required key is missing in %q", data)
		}
		_, _ = Decode("f", data, &second) // the same problems as above
		a, errA := json.Marshal(first)
		b, errB := json.Marshal(second)
		if errA != nil || errB != nil || string(a) != string(b) {
			t.Fatalf("decoding twice gave %s and %s (%v, %v)", a, b, errA, errB)
		}
	})
}
