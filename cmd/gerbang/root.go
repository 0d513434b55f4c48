package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// streams are what a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// exitError ends the process with a code of its own; the text was already shown or is shown once.
type exitError struct {
	code int
	err  error // nil: nothing more to say
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

// Unwrap gives the cause.
func (e *exitError) Unwrap() error { return e.err }

// hinted is an error with what to do next.
type hinted struct {
	error
	hint string
}

// Unwrap gives the cause.
func (h hinted) Unwrap() error { return h.error }

// execute runs one command and gives the process's exit code: 0 done, 1 failed, 2 wrong use (or what the command says).
func execute(ctx context.Context, args []string, std streams) int {
	std.out, std.err = shown(std.out), shown(std.err)
	root := newRoot(std)
	root.SetArgs(args)
	root.SetIn(std.in)
	root.SetOut(std.out)
	root.SetErr(std.err)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	code := 1
	var exit *exitError
	if errors.As(err, &exit) {
		code = exit.code
	} else if isUsage(err) {
		code = 2
	}
	if text := err.Error(); text != "" {
		_, _ = fmt.Fprintln(std.err, "gerbang: "+text)
	}
	if h, ok := errors.AsType[hinted](err); ok {
		_, _ = fmt.Fprintln(std.err, "  "+h.hint)
	} else if code == 2 && exit == nil {
		_, _ = fmt.Fprintln(std.err, "  gerbang help shows the commands, gerbang COMMAND --help the flags of one")
	}
	return code
}

// isUsage recognises cobra's complaints about the command line.
func isUsage(err error) bool {
	for _, begin := range []string{"unknown command", "unknown flag", "unknown shorthand", "flag needs", "invalid argument", "accepts ", "requires ", "required flag"} {
		if strings.HasPrefix(err.Error(), begin) {
			return true
		}
	}
	return false
}

func newRoot(std streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "gerbang",
		Short: "A gateway for public buildings that work under a health protocol",
		Long: `Gerbang collects MQTT readings from entrance thermometers, people counters, air sensors and disinfection logs,
judges them against capacity, distancing and hygiene rules, stores them in InfluxDB, raises alerts, and keeps a
compliance history.

Try it:   gerbang demo
Begin:    gerbang init, then gerbang check, then gerbang serve`,
		Version:       readBuild().String(),
		SilenceUsage:  true,
		SilenceErrors: true,
		// Cobra suggests the nearest command for a typo.
		SuggestionsMinimumDistance: 2,
	}
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetFlagErrorFunc(flagMistake)
	root.AddCommand(initCommand(std), serveCommand(std), demoCommand(std), checkCommand(std), decodeCommand(std), replayCommand(std),
		simulateCommand(std), rulesCommand(std), modelsCommand(std), devicesCommand(std), configCommand(std), journalCommand(std), logCommand(std), backupCommand(std), restoreCommand(std), exportCommand(std), verifyCommand(std), influxCommand(std), passwordCommand(std), accountsCommand(std), httpsCommand(std), versionCommand(std))
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		switch c.Name() {
		case "completion": // cobra shows its help for a shell that there is not
			c.Args, c.RunE = noSuch, func(c *cobra.Command, _ []string) error { return c.Help() }
		case "help":
			c.Run, c.RunE = nil, func(c *cobra.Command, args []string) error { return helpAbout(c.Root(), args) }
		}
	}
	return root
}

// helpAbout shows the help of the command that the words name.
func helpAbout(root *cobra.Command, words []string) error {
	c, rest, err := root.Find(words)
	if err != nil {
		return noSuch(root, words)
	}
	if len(rest) > 0 && c.HasSubCommands() && noSuch(c, rest) != nil {
		return noSuch(c, rest)
	}
	c.InitDefaultHelpFlag()
	return c.Help()
}

// group is a command that only holds others. A name that is none of theirs is a mistake, not a wish for help.
func group(use, short string, subs ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: noSuch, RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	c.AddCommand(subs...)
	return c
}
