package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/rehearse"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// rulesTestFlags are the flags of rules test.
type rulesTestFlags struct {
	run    string
	asJSON bool
	quiet  bool
}

func rulesTestCommand(std streams) *cobra.Command {
	var f rulesTestFlags
	c := &cobra.Command{
		Use:   "test FILE…",
		Short: "Run scenarios: what rules say when things happen",
		Long: `Test reads files of scenarios (a folder means every *.yaml file in it), takes a site through what happens in each on a clock of
its own, with the engine and the alerts of the gateway, and compares verdicts, changes, alerts and texts with what is
expected. docs/rules.md says how a scenario is written; configs/scenarios has one for each kind of rule.

  gerbang rules test configs/scenarios
  gerbang rules test --run 'lobby.*late' my-rules.yaml

It exits with 0 where all came as expected, with 1 where something did not or a file is wrong, and with 2 for wrong use.`,
		Args: several("FILE"),
		RunE: func(_ *cobra.Command, args []string) error { return f.test(std, args) },
	}
	c.Flags().StringVar(&f.run, "run", "", "only scenarios whose name matches this regular expression")
	c.Flags().BoolVar(&f.asJSON, "json", false, "print one JSON array of results")
	c.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "print what failed only")
	return c
}

func (f *rulesTestFlags) test(std streams, args []string) error {
	only, err := regexp.Compile(f.run)
	if err != nil {
		return &exitError{code: 2, err: fmt.Errorf("--run %q is no regular expression: %w", f.run, err)}
	}
	files, err := scenarioFiles(args)
	if err != nil {
		return err
	}
	texts, err := alerts.NewTexts()
	if err != nil {
		return err
	}
	report := printer{w: std.out}
	results, names := []*rehearse.Result{}, []string{}
	failed, broken := 0, 0
	for _, file := range files {
		scenarios, problems := configs.LoadScenarios(file)
		if len(problems) > 0 {
			broken++
			to := &report
			if f.asJSON {
				to = &printer{w: std.err} // results alone are JSON
			}
			to.problems(problems)
			continue
		}
		ran, checked, wrong := 0, 0, 0
		for i := range scenarios {
			s := &scenarios[i]
			names = append(names, s.Name)
			if !only.MatchString(s.Name) {
				continue
			}
			r, err := rehearse.Run(s, texts)
			if err != nil {
				return err
			}
			results = append(results, r)
			ran, checked = ran+1, checked+r.Checked
			if len(r.Failures) > 0 {
				wrong++
				f.failures(&report, r, s.Start)
			}
		}
		failed += wrong
		if wrong == 0 && ran > 0 && !f.asJSON && !f.quiet {
			report.line("%s: ok: %s, %s", file, plural(ran, "scenario"), plural(checked, "expectation"))
		}
	}
	switch {
	case f.asJSON:
		out := json.NewEncoder(std.out)
		out.SetIndent("", "  ")
		out.SetEscapeHTML(false)
		report.err = errors.Join(report.err, out.Encode(results))
	case failed > 0:
		report.line("%s of %d failed", plural(failed, "scenario"), len(results))
	}
	if report.err != nil {
		return fmt.Errorf("writing the results: %w", report.err)
	}
	if len(results) == 0 && broken == 0 {
		return hinted{&exitError{code: 2, err: fmt.Errorf("--run %q matches no scenario", f.run)}, "there is: " + strings.Join(names, "; ")}
	}
	if failed+broken > 0 {
		return &exitError{code: 1}
	}
	return nil
}

// failures prints what differs, with where it is expected and at which local time.
func (f *rulesTestFlags) failures(report *printer, r *rehearse.Result, start telemetry.Instant) {
	if f.asJSON {
		return
	}
	loc, _ := facility.LoadLocation(r.Timezone)
	report.line("%s: FAILED: %s", r.File, r.Name)
	for _, x := range r.Failures {
		at := ""
		if x.At != 0 {
			at = rehearse.ClockIn(x.At, start, loc.Location) + ": "
		}
		report.line("  %s: %s%s", x.Place, at, x.About)
		report.block("want", x.Want)
		report.block("got", x.Got)
	}
}

// block prints lines behind a word, below each other.
func (p *printer) block(label string, lines []string) {
	if len(lines) == 0 {
		lines = []string{"none"}
	}
	for i, line := range lines {
		if i > 0 {
			label = ""
		}
		p.line("    %-4s  %s", label, line)
	}
}

// scenarioFiles lists the files that arguments name.
func scenarioFiles(args []string) ([]string, error) {
	var files []string
	for _, name := range args {
		info, err := os.Stat(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			err := &exitError{code: 2, err: fmt.Errorf("there is no file %s", name)}
			if near := neighbours(name); near != "" {
				return nil, hinted{err, near}
			}
			return nil, err
		case err != nil:
			return nil, fmt.Errorf("looking for scenarios: %w", err)
		case !info.IsDir():
			files = append(files, name)
			continue
		}
		found, err := filepath.Glob(filepath.Join(name, "*.yaml"))
		if err != nil {
			return nil, fmt.Errorf("looking for scenarios in %s: %w", name, err)
		}
		if len(found) == 0 {
			return nil, &exitError{code: 2, err: fmt.Errorf("folder %s has no *.yaml file", name)}
		}
		files = append(files, found...)
	}
	return files, nil
}

// neighbours says which file beside one that is not there has the nearest name.
func neighbours(name string) string {
	dir := filepath.Dir(name)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return ""
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if near := nearest(filepath.Base(name), names); near != "" {
		return "did you mean " + filepath.Join(dir, near) + "?"
	}
	return ""
}

// nearest is the word that was probably meant; empty: none is near.
func nearest(word string, known []string) string {
	best, least := "", len(word)/2+1
	for _, k := range known {
		if d := distance(word, k); d < least {
			best, least = k, d
		}
	}
	return best
}
