package configs

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestInvalid loads testdata/invalid-KIND-*.yaml, one mistake each. The comments at the end of a file, "# want line:col:
// text", are exactly the problems that must be reported.
func TestInvalid(t *testing.T) {
	files, err := filepath.Glob("testdata/invalid-*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no invalid files (%v)", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "invalid-"), ".yaml")
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			body, _, _ := strings.Cut(string(data), "# want ")
			want := strings.TrimPrefix(string(data), body)
			var got strings.Builder
			for _, p := range Check(around(t, file)) {
				if filepath.Base(p.File) != filepath.Base(file) {
					t.Errorf("got a problem of another file: %v", p)
				}
				fmt.Fprintf(&got, "# want %d:%d: %s\n", p.Line, p.Col, p.Text)
			}
			if *update {
				if err := os.WriteFile(file, []byte(body+got.String()), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got.String() != want || want == "" {
				t.Errorf("got\n%swant\n%s", got.String(), want)
			}
		})
	}
}

// around gives the configuration file to load for a document: the document itself, or a plain one that names it.
func around(t *testing.T, file string) string {
	t.Helper()
	kind, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(file), "invalid-"), "-")
	if kind == "gerbang" {
		return file
	}
	path, err := filepath.Abs(file)
	if err != nil {
		t.Fatal(err)
	}
	site, err := filepath.Abs("sites/mpp-magetan.yaml")
	if err != nil {
		t.Fatal(err)
	}
	around := "mqtt: {embedded: {anonymous: allow}}\n"
	if kind == "site" {
		around += "sites: " + path
	} else {
		around += "sites: " + site + "\n" + kind + "s: " + path
	}
	return write(t, "gerbang.yaml", around)
}

// write makes a file in a folder of its own.
func write(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
