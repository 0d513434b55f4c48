package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

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

func plural(n int, word string) string {
	if n != 1 {
		word += "s"
	}
	return fmt.Sprintf("%d %s", n, word)
}

func checkCommand(std streams) *cobra.Command {
	var path string
	asJSON := false
	c := &cobra.Command{
		Use:   "check [FILE]",
		Short: "Check the configuration and list everything that is wrong",
		Long: `Check reads the configuration with all sites, protocols and models it names, and prints every problem as
file:line:col: what, and what was expected. It exits with 0 if there is none and with 1 otherwise.
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
			cfg, err := loadConfig(path)
			var problems configs.Problems
			if err != nil && !errors.As(err, &problems) {
				return fmt.Errorf("checking the configuration: %w", err)
			}
			if asJSON {
				if problems == nil {
					problems = configs.Problems{}
				}
				if err := json.NewEncoder(std.out).Encode(problems); err != nil {
					return fmt.Errorf("writing the problems: %w", err)
				}
			} else {
				for _, p := range problems {
					if _, err := fmt.Fprintln(std.out, p); err != nil {
						return fmt.Errorf("writing the problems: %w", err)
					}
				}
			}
			if len(problems) > 0 {
				return &exitError{code: 1}
			}
			for _, p := range cfg.Warnings {
				if _, err := fmt.Fprintf(std.err, "%v (warning)\n", p); err != nil {
					return fmt.Errorf("writing the warnings: %w", err)
				}
			}
			if cfg.Alertmanager == nil {
				if _, err := fmt.Fprintf(std.err, "%s: without alertmanager nobody is notified, alerts are on the pages and over MQTT only; want alertmanager: {config: alertmanager.yml}, or its url (warning)\n", configName(path)); err != nil {
					return fmt.Errorf("writing the warnings: %w", err)
				}
			}
			_, err = fmt.Fprintln(std.err, checked(path, cfg))
			return err
		},
	}
	c.Flags().StringVar(&path, "config", "", "configuration file "+configUsage)
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return c
}
