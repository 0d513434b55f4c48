package configs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// withPlan is what check says of a site that has a plan; empty: nothing.
func withPlan(t *testing.T, svg string) (problems, warnings string, c *Config) {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("gerbang.yaml", "sites: site.yaml\nmqtt:\n  embedded:\n    anonymous: allow\n")
	write("site.yaml", "id: a\nname: A\ntimezone: Asia/Jakarta\nprotocols: []\nhours: {mon-fri: \"08:00-15:00\"}\nplan: plan.svg\nzones:\n  hall: {name: Hall}\n  queue: {name: Queue}\ndoors:\n  main: {name: Main, from: outside, to: hall}\n")
	if svg != "" {
		write("plan.svg", svg)
	}
	c, found := LoadHere(filepath.Join(dir, "gerbang.yaml"))
	if c != nil {
		warnings = c.Warnings.Error()
	}
	if err := found.Err(); err != nil {
		problems = err.Error()
	}
	return problems, warnings, c
}

// check says at the plan's line what is wrong with a plan, what is not drawn of it, and which zones it lacks.
func TestCheckReadsFloorPlans(t *testing.T) {
	const head, hall = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 30">`, `<rect id="hall" width="20" height="20"/>`
	for name, x := range map[string]struct{ svg, problem, warning string }{
		"missing":   {"", `site.yaml:6:7: plan "plan.svg" cannot be read`, ""},
		"no SVG":    {"<html/>", `site.yaml:6:7: plan "plan.svg": line 1: it begins with <html>`, ""},
		"no zone":   {head + `<rect id="main" width="1" height="1"/></svg>`, "", `site.yaml:6:7: plan "plan.svg" names no zone`},
		"one zone":  {head + hall + `</svg>`, "", `lacks the zones queue:`},
		"a picture": {head + hall + `<g id="zone-queue"><rect width="5" height="5"/></g><image href="x"/></svg>`, "", `not drawn of it: <image>`},
		"all":       {head + hall + `<rect id="queue" width="5" height="5"/></svg>`, "", ""},
	} {
		problems, warnings, c := withPlan(t, x.svg)
		if !strings.Contains(problems, x.problem) || x.problem == "" && problems != "" {
			t.Errorf("%s: got the problems %q, want %q", name, problems, x.problem)
		}
		if plan := strings.Contains(warnings, "plan"); !strings.Contains(warnings, x.warning) || plan != (x.warning != "") {
			t.Errorf("%s: got the warnings %q, want %q", name, warnings, x.warning)
		}
		if x.problem == "" && (c == nil || c.Plans["a"] == nil) {
			t.Errorf("%s: the plan is not there", name)
		}
	}
}

// The demo shows a plan, and it names every zone of its site.
func TestTheExampleHasAFloorPlan(t *testing.T) {
	c, err := LoadDefault()
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Plans) == 0 {
		t.Error("no site of the example has a floor plan")
	}
	for _, w := range c.Warnings {
		if strings.Contains(w.Text, "plan ") {
			t.Errorf("%v", w)
		}
	}
}
