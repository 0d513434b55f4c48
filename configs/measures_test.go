package configs

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/rules"
)

// measures is how many measures the regulations ask of a public service mall, as docs/measures.md counts them.
const measuresAsked = 19

// TestMeasuresAreAsDocumented holds docs/measures.md against the tree: the kinds of rule that it names exist;
// the rules exist and are of these kinds; the scenario files exist; what has no rule says why.
func TestMeasuresAreAsDocumented(t *testing.T) {
	doc, err := os.ReadFile("../docs/measures.md")
	if err != nil {
		t.Fatal(err)
	}
	kinds := documentedRules(t)
	quoted := regexp.MustCompile("`([^`]+)`")
	names := func(cell string) (all []string) {
		for _, m := range quoted.FindAllStringSubmatch(cell, -1) {
			all = append(all, m[1])
		}
		return all
	}
	rows := 0
	for line := range strings.Lines(string(doc)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if !strings.HasPrefix(line, "| ") || len(cells) != 6 || slices.Contains([]string{"measure", "condition"}, strings.TrimSpace(cells[0])) {
			continue
		}
		what := strings.TrimSpace(cells[0])
		if number, _, ok := strings.Cut(what, "."); ok {
			if n, err := strconv.Atoi(number); err == nil {
				if rows++; n != rows {
					t.Errorf("%s: want number %d", what, rows)
				}
			}
		}
		judgedBy := names(cells[1])
		for _, kind := range judgedBy {
			if !slices.Contains(rules.Kinds(), kind) {
				t.Errorf("%s: kind %q does not exist", what, kind)
			}
		}
		for _, rule := range names(cells[2]) {
			switch kind, ok := kinds[rule]; {
			case !ok:
				t.Errorf("%s: rule %q is in no protocol that is shipped", what, rule)
			case !slices.Contains(judgedBy, kind):
				t.Logf("%s: rule %q is of kind %q, and the page says %q", what, rule, kind, judgedBy)
			}
		}
		for _, file := range names(cells[3]) {
			if _, err := os.Stat(filepath.Join("scenarios", file)); err != nil {
				t.Errorf("%s: scenario %q does not exist", what, file)
			}
		}
		if len(judgedBy) == 0 && strings.TrimSpace(cells[5]) == "" {
			t.Errorf("%s: no kind judges it, and the last column does not say so", what)
		}
		if len(judgedBy) > 0 && strings.TrimSpace(cells[4]) == "" {
			t.Errorf("%s: where is it seen?", what)
		}
	}
	if rows != measuresAsked {
		t.Errorf("%d measures, want %d", rows, measuresAsked)
	}
}

// documentedRules are the kinds of all rules that come with the gateway or with gerbang init, by "protocol/rule".
func documentedRules(t *testing.T) map[string]string {
	t.Helper()
	kinds := map[string]string{}
	take := func(c *Config) {
		for i := range c.Protocols {
			for k := range c.Protocols[i].Rules {
				kinds[c.Protocols[i].ID+"/"+c.Protocols[i].Rules[k].ID] = c.Protocols[i].Rules[k].Kind
			}
		}
	}
	c, err := LoadDefault()
	if err != nil {
		t.Fatal(err)
	}
	take(c)
	for _, kind := range StarterTemplates() {
		c, _ := starterConfig(t, kind)
		take(c)
	}
	return kinds
}
