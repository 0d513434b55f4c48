package gerbang_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every package stands in the table of docs/ARCHITECTURE.md, and every name there is a package.
func TestA10_ArchitectureNamesEveryPackage(t *testing.T) {
	text, err := os.ReadFile("docs/ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	var packages []string
	for _, f := range sources(t, os.DirFS(".")) {
		if !f.test && f.dir != "." {
			packages = append(packages, f.dir)
		}
	}
	report(t, architectureProblems(string(text), packages))
	sameProblems(t, architectureProblems("| `a`, `gone` | x |\n| no name | `y` |\n", []string{"a", "b", "a"}),
		"docs/ARCHITECTURE.md: b is a package and does not stand there", "docs/ARCHITECTURE.md: gone stands there and is no package")
}

var tableName = regexp.MustCompile("`([a-z][a-z/]*)`")

func architectureProblems(text string, packages []string) []string {
	named := map[string]bool{}
	for line := range strings.Lines(text) {
		if first, ok := strings.CutPrefix(line, "| "); ok {
			first, _, _ = strings.Cut(first, "|")
			for _, m := range tableName.FindAllStringSubmatch(first, -1) {
				named[m[1]] = true
			}
		}
	}
	var problems []string
	slices.Sort(packages)
	for _, p := range slices.Compact(packages) {
		if !named[p] {
			problems = append(problems, fmt.Sprintf("docs/ARCHITECTURE.md: %s is a package and does not stand there", p))
		}
		delete(named, p)
	}
	for p := range named {
		problems = append(problems, fmt.Sprintf("docs/ARCHITECTURE.md: %s stands there and is no package", p))
	}
	return problems
}

// Finding A10: the licence names who holds it.
func TestA10_LicenceHasNoUnfilledName(t *testing.T) {
	text, err := os.ReadFile("LICENSE")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "[yyyy]") || strings.Contains(string(text), "[name of copyright owner]") {
		t.Error("LICENSE has the template's [yyyy] [name of copyright owner]")
	}
}
