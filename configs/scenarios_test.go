package configs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/rehearse"
	"github.com/gerbang-iot/gerbang/rules"
)

// TestScenarios runs all of scenarios/, as gerbang rules test does.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("scenarios/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios (%v)", err)
	}
	texts, err := alerts.NewTexts()
	if err != nil {
		t.Fatal(err)
	}
	tried := map[string]bool{}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			scenarios, problems := LoadScenarios(file)
			if err := problems.Err(); err != nil {
				t.Fatal(err)
			}
			for i := range scenarios {
				for _, p := range scenarios[i].Definition.Protocols {
					for _, r := range p.Rules {
						tried[r.Kind] = true
					}
				}
				runScenario(t, &scenarios[i], texts)
			}
		})
	}
	// Each kind of rule has its scenario.
	for _, kind := range rules.Kinds() {
		if !tried[kind] {
			t.Errorf("no scenario tries a rule of kind %q, want one in configs/scenarios", kind)
		}
	}
}

func runScenario(t *testing.T, s *rehearse.Scenario, texts *alerts.Texts) {
	t.Helper()
	r, err := rehearse.Run(s, texts)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Failures {
		t.Errorf("%s: %s: %s\nwant %s\ngot  %s", s.Name, f.Place, f.About, strings.Join(f.Want, "\n     "), strings.Join(f.Got, "\n     "))
	}
}

// TestScenarioOfTheDocuments runs the example of docs/rules.md as it is printed.
func TestScenarioOfTheDocuments(t *testing.T) {
	text, err := os.ReadFile("../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "<!-- scenario -->\n```yaml\n")
	example, _, closed := strings.Cut(rest, "```")
	if !found || !closed {
		t.Fatal("docs/rules.md has no example of a scenario")
	}
	scenarios, problems := LoadScenarios(write(t, "lobby.yaml", example))
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	texts, err := alerts.NewTexts()
	if err != nil {
		t.Fatal(err)
	}
	for i := range scenarios {
		runScenario(t, &scenarios[i], texts)
	}
}

// TestScenarioMistakes names each mistake at its place, as the comments "# want col: text" behind the lines say.
func TestScenarioMistakes(t *testing.T) {
	files, err := filepath.Glob("testdata/scenario-*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files with mistakes (%v)", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		body, want, _ := strings.Cut(string(data), "# want\n")
		_, problems := LoadScenarios(file)
		var got strings.Builder
		for _, p := range problems {
			got.WriteString("# " + strings.TrimPrefix(p.String(), filepath.ToSlash(file)+":") + "\n")
		}
		if *update {
			if err := os.WriteFile(file, []byte(body+"# want\n"+got.String()), 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if got.String() != want {
			t.Errorf("%s: got\n%swant\n%s", file, got.String(), want)
		}
	}
}

// A site and a protocol can be shipped ones or files beside the scenario; a protocol that the scenario brings replaces the site's list.
func TestScenarioOfAShippedSite(t *testing.T) {
	file := write(t, "belu.yaml", `
site: mpp-belu
protocols: [ppkm-2022]
scenarios:
  - name: level 3 is a quarter
    start: 2022-02-15 08:00
    events:
      - {at: start, entry: count, value: 0}
      - {at: "09:00", entry: level, text: level-2, reason: Inmendagri}
    expect:
      verdicts:
        - {at: "08:01", rule: kapasitas, subject: zone/ruang-tunggu, limit: 10, share: 0.25}
        - {at: "09:01", rule: kapasitas, subject: zone/ruang-tunggu, limit: 20, share: 0.5}
`)
	scenarios, problems := LoadScenarios(file)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	texts, err := alerts.NewTexts()
	if err != nil {
		t.Fatal(err)
	}
	runScenario(t, &scenarios[0], texts)
}
