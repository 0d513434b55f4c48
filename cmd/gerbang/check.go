package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/gerbang-iot/gerbang/app"
	"github.com/gerbang-iot/gerbang/configs"
)

// checked says in one line what was looked at and found right.
func checked(path string, cfg *configs.Config) string {
	devices, rules, seen := 0, 0, map[string]bool{}
	for _, d := range cfg.Definitions() {
		devices += len(d.Site.Devices)
		for _, p := range d.Protocols {
			if !seen[p.ID] {
				seen[p.ID] = true
				rules += len(p.Rules)
			}
		}
	}
	return fmt.Sprintf("%s is right: %s, %s, %s", configName(path), plural(len(cfg.Sites), "site"), plural(devices, "device"), plural(rules, "rule"))
}

func plural[N int | uint64](n N, word string) string {
	if n != 1 {
		word += "s"
	}
	return fmt.Sprintf("%d %s", n, word)
}

// machineOnly is check's exit code where the configuration is right, and this machine cannot run it as it is.
const machineOnly = 3

func checkCommand(std streams) *cobra.Command {
	var path string
	asJSON := false
	c := &cobra.Command{
		Use:   "check [FILE]",
		Short: "Check the configuration and list everything that is wrong",
		Long: `Check reads the configuration with all sites, protocols and models it names, and prints every problem as
file:line:col: what, and what was expected: all that serve would say. Behind them, under "on this machine:", it says what serve would miss
here: secrets and certificates, a data folder that can be written, free addresses (those of a gateway that runs with this data folder are
its own). It exits with 0 if nothing is wrong, with 1 if something in the configuration is, and with 3 if the configuration is right and
only this machine lacks something: whoever checks for another machine takes 3 for right.
Without a FILE it is ./gerbang.yaml. What is allowed and probably not meant is a warning, on standard error, and so is what was checked where nothing is wrong.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 {
				path = args[0]
			}
			path, err := findConfig(std, path)
			if err != nil {
				return err
			}
			cfg, problems, err := examined(path)
			if err != nil {
				return fmt.Errorf("checking the configuration: %w", err)
			}
			machine, written := problems.OfMachine()
			report := printer{w: std.out}
			switch {
			case asJSON:
				err = json.NewEncoder(std.out).Encode(append(configs.Problems{}, problems...))
			case len(machine) > 0:
				report.problems(written)
				report.line("on this machine:")
				report.problems(machine)
			default:
				report.problems(written)
			}
			if err = errors.Join(err, report.err); err != nil {
				return fmt.Errorf("writing the problems: %w", err)
			}
			if len(written) > 0 {
				return &exitError{code: 1}
			}
			notes := printer{w: std.err}
			for _, p := range cfg.Warnings {
				notes.line("%v (warning)", p)
			}
			if cfg.Alertmanager == nil {
				notes.line("%s: without alertmanager alerts are on the pages, over MQTT and on phones that people have set up (docs/alerts.md), and no mail or messenger is told; want alertmanager: {config: alertmanager.yml}, or its url (warning)", configName(path))
			}
			notes.line("%s", checked(path, cfg))
			if len(machine) > 0 {
				return errors.Join(notes.err, &exitError{code: machineOnly})
			}
			return notes.err
		},
	}
	c.Flags().StringVar(&path, "config", "", "configuration file "+configUsage)
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return c
}

// examined reads a configuration and looks at this machine. There is no configuration where something written is wrong.
func examined(path string) (*configs.Config, configs.Problems, error) {
	var cfg *configs.Config
	var problems configs.Problems
	if path == exampleConfig {
		var err error
		if cfg, err = configs.LoadDefault(); err != nil {
			return nil, nil, err
		}
	} else if cfg, problems = configs.LoadHere(path); cfg == nil {
		return nil, problems, nil
	}
	problems = besides(problems, app.Check(cfg))
	problems.Sort()
	if _, written := problems.OfMachine(); len(written) > 0 {
		return nil, problems, nil
	}
	return cfg, problems, nil
}

// besides adds problems to others, but for those at places where one was found already.
func besides(problems, more configs.Problems) configs.Problems {
	found := problems
	for _, p := range more {
		if !slices.ContainsFunc(found, func(q configs.Problem) bool { return q.Position == p.Position }) {
			problems = append(problems, p)
		}
	}
	return problems
}

func (p *printer) problems(all configs.Problems) {
	for _, q := range all {
		p.line("%v", q)
	}
}
