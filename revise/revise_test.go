package revise

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

const hall = `# A hall, as somebody wrote it.
id: hall
name: Balai   # the old one
hours: {mon-fri: "08:00-15:00"}

zones:
  lobi: {name: Lobi, area: 40 m², capacity: 20}   # by the door
  kantor:
    name: Kantor
    # counted twice
    area: 30.5

doors: # none yet

devices:
  suhu:  {name: "Suhu: lobi", zone: lobi}
  udara: {zone: kantor, measures: [co2, temperature]}
# The end.
`

func TestChangesLeaveAllElseAsItIs(t *testing.T) {
	for _, c := range []struct {
		name     string
		change   Change
		old, new string // the one place that differs
	}{
		{"a number", Change{[]string{"zones", "lobi", "capacity"}, 25}, "capacity: 20", "capacity: 25"},
		{"a text", Change{[]string{"name"}, "Balai kota"}, "Balai   # the old one", "Balai kota   # the old one"},
		{"a quoted text", Change{[]string{"devices", "suhu", "name"}, "Suhu"}, `"Suhu: lobi"`, "Suhu"},
		{"with its unit", Change{[]string{"zones", "lobi", "area"}, "41 m²"}, "40 m²", "41 m²"},
		{"in lines", Change{[]string{"zones", "kantor", "area"}, 31.25}, "area: 30.5", "area: 31.25"},
		{"a key in brackets", Change{[]string{"zones", "lobi", "seats"}, 4}, "capacity: 20}", "capacity: 20, seats: 4}"},
		{"a key in lines", Change{[]string{"zones", "kantor", "seats"}, 4}, "    area: 30.5\n", "    area: 30.5\n    seats: 4\n"},
		{"a text like a number", Change{[]string{"devices", "suhu", "address"}, "24e124"}, "zone: lobi}\n  udara", "zone: lobi, address: \"24e124\"}\n  udara"},
		{"a list", Change{[]string{"devices", "udara", "measures"}, []string{"co2"}}, "[co2, temperature]", "[co2]"},
		{"a device", Change{[]string{"devices", "baru"}, Map{{"name", "Baru, di pintu"}, {"zone", "lobi"}}}, "temperature]}\n", "temperature]}\n  baru: {name: \"Baru, di pintu\", zone: lobi}\n"},
		{"the first of its kind", Change{[]string{"doors", "utama"}, Map{{"from", "outside"}, {"to", "lobi"}}}, "none yet\n", "none yet\n  utama: {from: outside, to: lobi}\n"},
		{"a part of its own", Change{[]string{"uplinks", "switch", "name"}, "Switch"}, "temperature]}\n", "temperature]}\n\nuplinks:\n  switch: {name: Switch}\n"},
		{"taken out of brackets", Change{[]string{"zones", "lobi", "area"}, nil}, ", area: 40 m²", ""},
		{"the first taken out of brackets", Change{[]string{"zones", "lobi", "name"}, nil}, "name: Lobi, ", ""},
		{"taken out of lines", Change{[]string{"devices", "suhu"}, nil}, "  suhu:  {name: \"Suhu: lobi\", zone: lobi}\n", ""},
		{"the last one taken out", Change{[]string{"hours", "mon-fri"}, nil}, `{mon-fri: "08:00-15:00"}`, "{}"},
		{"what is not there taken out", Change{[]string{"doors", "utama", "name"}, nil}, "id: hall", "id: hall"},
		{"what is so already", Change{[]string{"devices", "suhu", "name"}, "Suhu: lobi"}, "id: hall", "id: hall"},
	} {
		for _, end := range []string{"\n", "\r\n"} {
			file := func(s string) string { return strings.ReplaceAll(s, "\n", end) }
			got, err := Apply([]byte(file(hall)), c.change)
			if want := file(strings.Replace(hall, c.old, c.new, 1)); err != nil || string(got) != want {
				t.Errorf("%s: error %v, got\n%s\nwant\n%s", c.name, err, got, want)
			}
		}
	}
}

// What cannot be changed without touching more than was asked for is refused, and never changed by guess.
func TestOnlyAPersonChangesWhatIsWrittenOddly(t *testing.T) {
	for name, text := range map[string]string{
		"alias":          "a: &x {b: 1}\nc: *x\n",
		"merge":          "a: &x {b: 1}\nc: {<<: *x}\n",
		"tag":            "a: !!str 1\nc: {}\n",
		"two documents":  "c: {}\n---\nc: {}\n",
		"tabs":           "c:\t{}\n",
		"key twice":      "c: {}\nc: {}\n",
		"text of lines":  "c:\n  b: one\n    two\n",
		"block of lines": "c:\n  b: |\n    one\n    two\n",
		"no mapping":     "c: [1]\n",
		"deep":           "c: " + strings.Repeat("[", 5000),
		"empty":          "",
	} {
		if got, err := Apply([]byte(text), Change{[]string{"c", "b"}, "new"}); err == nil {
			t.Errorf("%s: changed to %q, want an error", name, got)
		}
	}
	if _, err := Apply([]byte(hall), Change{nil, 1}); err == nil {
		t.Error("a change of nothing: want an error")
	}
	if _, err := Apply([]byte(hall), Change{[]string{"name"}, struct{}{}}); err == nil {
		t.Error("a value that is none: want an error")
	}
}

// Whatever a person types is in the file what he typed, in brackets and in lines.
func TestEveryTextComesBack(t *testing.T) {
	texts := []string{"", " ", "a b", " a", "a ", "yes", "No", "null", "~", "12", "1e3", "24e124", "0x1f", "0o7", ".5", ".inf", "1_000", "2026-08-17", "03:00", "a: b", "a #b", "#a", "- a", "-", "?", "? a",
		"{a}", "[a]", "a, b", "a]", "a}", "&a", "*a", "!a", "!!str a", "|", ">", "%a", "@a", "`a`", "'", "''", `"`, `\`, `a\nb`, "a\nb", "\n", "a\r\nb", "\t", "é", "日本", "🏢", "\u202e", "\u0085", "\u2028", "\x00", "\x1b[2J",
		"<script>alert(1)</script>", "{{.}}", "---", "...", "--- a", "\ufeff", "=", "<<", "<", "98%", "40 m²", "pintu/utama", "+/topik/#", "70b3d57ed0000001", "a:b", "http://a/b?c=d#e"}
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 1))
	const letters = "ab1 .:,#-?{}[]&*!|>'\"%@`\\\n\t<=~_é\u00a0🏢\u200b0eE+x/"
	for range 300 {
		var b strings.Builder
		for range 1 + random.IntN(6) {
			all := []rune(letters)
			b.WriteRune(all[random.IntN(len(all))])
		}
		texts = append(texts, b.String())
	}
	for _, s := range texts {
		for _, c := range []Change{
			{[]string{"name"}, s}, {[]string{"zones", "lobi", "name"}, s}, {[]string{"devices", "baru"}, Map{{"name", s}, {"measures", Map{{"k" + s, s}}}}},
			{[]string{"devices", "udara", "measures"}, []string{s, "a"}}, {[]string{"zones", "kantor", "k" + s}, s},
		} {
			out, err := Apply([]byte(hall), c)
			if err != nil {
				t.Fatalf("%q at %v: %v (seed %d)", s, c, err, seed)
			}
			d, err := parse(out)
			if err != nil {
				t.Fatalf("%q at %v: %v (seed %d)", s, c, err, seed)
			}
			if got := at(t, d, c.Path); !reflect.DeepEqual(got, meant(c.Value)) {
				t.Fatalf("%q at %v: got %v, want %v (seed %d)", s, c, got, meant(c.Value), seed)
			}
		}
	}
}

// at is what stands at a path.
func at(t *testing.T, d *document, path []string) any {
	t.Helper()
	v, err := valueOf(d.root)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range path {
		all, _ := v.([]pair)
		v = nil
		for _, p := range all {
			if p.key == key {
				v = p.value
			}
		}
	}
	return v
}

// meant is a value as it is read, without the code that writes it.
func meant(v any) any {
	switch v := v.(type) {
	case string:
		return scalar{v, true}
	case []string:
		all := []any{}
		for _, s := range v {
			all = append(all, scalar{s, true})
		}
		return all
	case Map:
		all := []pair{}
		for _, e := range v {
			all = append(all, pair{e.Key, meant(e.Value)})
		}
		return all
	}
	return scalar{fmt.Sprint(v), false}
}

// Whatever a file looks like: it is refused, or changed in the place that was named and nowhere else.
func FuzzApply(f *testing.F) {
	f.Add([]byte(hall), "devices", "suhu", "x: y")
	f.Add([]byte("a: {b: c} # d\n"), "a", "b", "")
	f.Add([]byte("a:\n- 1\nb: 'c'\n"), "b", "", "e")
	f.Add([]byte("a:\r\n  b:\r\n"), "a", "b", "\n")
	f.Fuzz(func(t *testing.T, text []byte, first, second, value string) {
		c := Change{[]string{first, second}, value}
		if second == "" {
			c.Path = c.Path[:1]
		}
		if value == "" {
			c.Value = nil
		}
		out, err := Apply(text, c)
		if err != nil {
			return
		}
		d, err := parse(bytes.ReplaceAll(out, []byte("\r\n"), []byte("\n")))
		if err != nil {
			t.Fatalf("%q is not read again: %v", out, err)
		}
		got := at(t, d, c.Path)
		if c.Value == nil && got != nil || c.Value != nil && !reflect.DeepEqual(got, meant(value)) {
			t.Fatalf("%q: got %v, want %q", out, got, value)
		}
		again, err := Apply(out, c)
		if err != nil || !bytes.Equal(again, out) {
			t.Fatalf("a second time %q becomes %q: %v", out, again, err)
		}
	})
}

func TestDiff(t *testing.T) {
	before := "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n"
	after := "1\n2\n3\n4\nfive\n6\n7\n8\n9\n10\neleven\n"
	var got strings.Builder
	for _, l := range Diff([]byte(before), []byte(after)) {
		fmt.Fprintf(&got, "%c%d %s|", l.Sign, l.Number, l.Text)
	}
	if want := "@0 | 3 3| 4 4|-5 5|+5 five| 6 6| 7 7|@0 | 9 9| 10 10|+11 eleven|"; got.String() != want {
		t.Errorf("got  %s\nwant %s", got.String(), want)
	}
	if d := Diff([]byte(before), []byte(before)); d != nil {
		t.Errorf("the same text twice: %v", d)
	}
	long := strings.Repeat("a\n", 4000)
	if d := Diff([]byte("x\n"+long+"x\n"), []byte("y\n"+strings.ReplaceAll(long, "a", "b")+"y\n")); len(d) != 8004 {
		t.Errorf("%d lines, want all of both", len(d))
	}
}

func TestWriteReplacesTheWholeFileOrNothing(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "hall.yaml")
	if err := os.WriteFile(name, []byte(hall), 0o640); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link.yaml")
	if err := os.Symlink("hall.yaml", link); err != nil {
		t.Fatal(err)
	}
	text, err := Read(link)
	if err != nil {
		t.Fatal(err)
	}
	if err := Write(link, Version(text), []byte("id: new\n")); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(name)
	if err != nil || string(got) != "id: new\n" {
		t.Errorf("the file is %q, %v", got, err)
	}
	info, err := os.Lstat(link)
	if err != nil || info.Mode().Type() != os.ModeSymlink {
		t.Errorf("the link is %v, %v: want it still a link", info, err)
	}
	if info, err = os.Stat(name); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("the mode is %v, %v: want that of before", info, err)
	}
	if err := Write(link, Version(text), []byte("id: other\n")); !errors.Is(err, ErrChanged) {
		t.Errorf("the file was changed meanwhile: error %v", err)
	}
	if err := os.Chmod(name, 0o440); err != nil {
		t.Fatal(err)
	}
	if err := Write(name, Version(got), nil); !errors.Is(err, ErrReadOnly) {
		t.Errorf("a file that may only be read: error %v", err)
	}
	if all, err := os.ReadDir(dir); err != nil || len(all) != 2 {
		t.Errorf("%v, %v: want nothing left beside the file", all, err)
	}
	if err := Write(filepath.Join(dir, "none.yaml"), "", nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: error %v", err)
	}
}
