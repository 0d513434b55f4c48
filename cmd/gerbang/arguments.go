package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// only wants exactly one argument, and calls it by its name in the command's help.
func only(name string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch {
		case len(args) == 0:
			return &exitError{code: 2, err: fmt.Errorf("%s is missing: %s", name, c.UseLine())}
		case len(args) > 1:
			return &exitError{code: 2, err: fmt.Errorf("there are %d arguments, want %s alone: %s", len(args), name, c.UseLine())}
		}
		return nil
	}
}

// several wants one or more arguments, and calls them by their name in the command's help.
func several(name string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return &exitError{code: 2, err: fmt.Errorf("%s is missing: %s", name, c.UseLine())}
		}
		return nil
	}
}

// noFile refuses arguments where a configuration was probably meant.
func noFile(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return &exitError{code: 2, err: hinted{
		fmt.Errorf("%s takes no argument, and got %q", c.CommandPath(), args[0]),
		fmt.Sprintf("did you mean: %s --config %s", c.CommandPath(), args[0]),
	}}
}
