package main

import (
	"errors"
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/gerbang-iot/gerbang/docs/bench/rows"
)

// Commands that are documented and measure something are tried with --list, which stops behind the reading of the command line.
func TestTheCommandsOfBothPagesExist(t *testing.T) {
	pattern := regexp.MustCompile(`docs/bench/(run|compare)((?: +(?:--?[a-z-]+|[A-Z]{3,}|[0-9]+|alerts(?:\.jsonl)?))*)`)
	tried := 0
	for _, file := range []string{"../speed.md", "README.md"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range pattern.FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(found[1]); err != nil {
				t.Errorf("%s: %s: %v", file, found[0], err)
			}
			args := append(strings.Fields(found[2]), "--list")
			var out strings.Builder
			err := command(t.Context(), &out, append([]string{found[1]}, args...))
			if errors.Is(err, flag.ErrHelp) {
				err = list(&out, rows.All(), rows.Full, 1) // --help wins; that it is complete is another test
			}
			if err != nil || !strings.Contains(out.String(), "mosquitto, full speed") {
				t.Errorf("%s: %s: %v\n%s", file, found[0], err, out.String())
			}
			tried++
		}
	}
	if tried < 6 {
		t.Errorf("%d commands were found, expected at least those of docs/bench/README.md", tried)
	}
}

func TestMistakesAreExplained(t *testing.T) {
	for _, test := range []struct{ line, want string }{
		{"run --quik", "docs/bench/run: unknown option --quik, did you mean --quick?"},
		{"run --nonsense-option", "docs/bench/run: unknown option --nonsense-option; --help lists all"},
		{"run --runs x", `docs/bench/run: invalid value "x" for flag -runs: parse error; --help lists all options`},
		{"run --runs 0", "docs/bench/run: --runs is 0, expected at least 1"},
		{"run 3", "docs/bench/run: 1 words that are no options, expected 0 to 0"},
		{"run --only nothing", `no row of this form has "nothing" in its name; there are:`},
		{"compare a", `docs/bench/compare: expected two builds, got ["a"], as in: docs/bench/compare OLD NEW 5`},
		{"compare a b some", `docs/bench/compare: PAIRS is "some", expected a number from 1 on`},
		{"compare a b 0", `docs/bench/compare: PAIRS is "0", expected a number from 1 on`},
		{"walk", `unknown command "walk", expected run, compare or floor`},
		{"", "no command, expected run, compare or floor"},
	} {
		var out strings.Builder
		if err := command(t.Context(), &out, strings.Fields(test.line)); err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %s", test.line, err, test.want)
		}
	}
}

func TestHelpNamesEveryOption(t *testing.T) {
	for name, options := range map[string][]string{
		"run":     {"--quick", "--only TEXT", "--runs OFTEN", "--json FILE", "--gerbang FILE", "(default 3)", "docs/bench/run --quick"},
		"compare": {"--only TEXT", "--old-field NAME", "(default persons_in)", "docs/bench/compare OLD NEW [PAIRS]"},
		"floor":   {"--broker URL", "--influx URL", "--database NAME"},
	} {
		var out strings.Builder
		if err := command(t.Context(), &out, []string{name, "--help"}); !errors.Is(err, flag.ErrHelp) {
			t.Errorf("%s --help: got %v", name, err)
		}
		for _, option := range options {
			if !strings.Contains(out.String(), option) {
				t.Errorf("%s --help does not say %q:\n%s", name, option, out.String())
			}
		}
	}
}

func TestOptionsMayStandAnywhere(t *testing.T) {
	f := newFlags("x", "", "")
	b := f.Bool("b", false, "")
	if err := f.parse(&strings.Builder{}, []string{"one", "--b", "two"}, 2, 2); err != nil || !*b || strings.Join(f.args, " ") != "one two" {
		t.Errorf("got %v, b %t, arguments %q", err, *b, f.args)
	}
}

func TestDistance(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{{"quick", "quick", 0}, {"quik", "quick", 1}, {"qucik", "quick", 2}, {"", "abc", 3}, {"runs", "json", 4}} {
		if got := distance(test.a, test.b); got != test.want {
			t.Errorf("%q to %q: got %d, want %d", test.a, test.b, got, test.want)
		}
	}
}
