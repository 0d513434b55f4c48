package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/rehearse"
)

// Exit codes and messages of rules test, as somebody meets them who mistypes.
func TestRulesTest(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	good, err := os.ReadFile("testdata/scenario.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file := write("good.yaml", string(good))
	bad := write("bad.yaml", strings.Replace(string(good), "value: 60", "value: 61", 1))
	broken := write("broken.yaml", strings.Replace(string(good), "kind: capacity", "kind: capasity", 1))
	for name, tt := range map[string]struct {
		args      []string
		code      int
		out, errs string
	}{
		"good":            {[]string{file}, 0, file + ": ok: ", ""},
		"quiet":           {[]string{"-q", file}, 0, "", ""},
		"bad":             {[]string{bad}, 1, "08:06: rule \"full\" on zone/lobby\n    want  value 61\n    got   value 60\n", ""},
		"place":           {[]string{bad}, 1, bad + ":28:11: ", ""},
		"how many":        {[]string{file, bad}, 1, " of 2 failed", ""},
		"broken":          {[]string{broken}, 1, broken + ":13:11: kind is \"capasity\", did you mean \"capacity\"?", ""},
		"folder":          {[]string{dir}, 1, "FAILED", ""},
		"only good":       {[]string{"--run", "too many", file}, 0, "ok", ""},
		"nothing matches": {[]string{"--run", "nobody", file}, 2, "", "--run \"nobody\" matches no scenario\n  there is: too many come in"},
		"no pattern":      {[]string{"--run", "(", file}, 2, "", "is no regular expression"},
		"no file":         {[]string{filepath.Join(dir, "god.yaml")}, 2, "", "did you mean " + file + "?"},
		"no argument":     {nil, 2, "", "FILE is missing"},
		"flag":            {[]string{"--jsn", file}, 2, "", "did you mean --json?"},
	} {
		code, out, errs := run(t, "", append([]string{"rules", "test"}, tt.args...)...)
		if code != tt.code || !strings.Contains(out, tt.out) || !strings.Contains(errs, tt.errs) || tt.out == "" && out != "" {
			t.Errorf("%s: exit %d, want %d; got\n%s%s\nwant %q and %q", name, code, tt.code, out, errs, tt.out, tt.errs)
		}
	}
	_, out, _ := run(t, "", "rules", "test", "--json", bad)
	var results []rehearse.Result
	if err := json.Unmarshal([]byte(out), &results); err != nil || len(results) != 1 || len(results[0].Failures) != 1 || results[0].Failures[0].Time != "2026-03-02T08:06:00+07:00" {
		t.Errorf("got %v, %s", err, out)
	}
}
