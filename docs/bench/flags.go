package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
)

// flags are the options of one command, which may stand before, between and behind its arguments.
type flags struct {
	*flag.FlagSet
	about, example string
	args           []string // what is no option, after parse
}

func newFlags(name, about, example string) *flags {
	f := &flags{FlagSet: flag.NewFlagSet(name, flag.ContinueOnError), about: about, example: example}
	f.SetOutput(io.Discard)
	f.Usage = func() {}
	return f
}

// parse reads the command line; it wants at least least and at most most arguments. --help is written to out and returned as
// flag.ErrHelp; an option that is not known comes with the one that was probably meant.
func (f *flags) parse(out io.Writer, args []string, least, most int) error {
	rest := args
	for {
		err := f.Parse(rest)
		switch {
		case errors.Is(err, flag.ErrHelp):
			f.help(out)
			return err
		case err != nil:
			return f.explain(err)
		}
		if f.NArg() == 0 {
			break
		}
		f.args = append(f.args, f.Arg(0))
		rest = f.Args()[1:]
	}
	if n := len(f.args); n < least || n > most {
		return fmt.Errorf("%s: %d words that are no options, expected %d to %d; --help shows examples", f.Name(), n, least, most)
	}
	return nil
}

func (f *flags) explain(err error) error {
	name, unknown := strings.CutPrefix(err.Error(), "flag provided but not defined: -")
	if !unknown {
		return fmt.Errorf("%s: %w; --help lists all options", f.Name(), err)
	}
	nearest, least := "", 3
	f.VisitAll(func(known *flag.Flag) {
		if d := distance(name, known.Name); d < least {
			nearest, least = known.Name, d
		}
	})
	if nearest == "" {
		return fmt.Errorf("%s: unknown option --%s; --help lists all", f.Name(), name)
	}
	return fmt.Errorf("%s: unknown option --%s, did you mean --%s?", f.Name(), name, nearest)
}

func (f *flags) help(out io.Writer) {
	fmt.Fprintf(out, "%s %s\n\n  %s\n\nOptions:\n", f.Name(), f.about, strings.ReplaceAll(f.example, "\n", "\n  "))
	f.VisitAll(func(known *flag.Flag) {
		value, usage := flag.UnquoteUsage(known)
		name := strings.TrimSpace("--" + known.Name + " " + value)
		if known.DefValue != "" && known.DefValue != "false" {
			usage += " (default " + known.DefValue + ")"
		}
		fmt.Fprintf(out, "  %-22s %s\n", name, usage)
	})
}

// distance is how many letters have to be put in, taken out or changed to make one word of the other.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			changed := diagonal
			if a[i] != b[j] {
				changed++
			}
			diagonal = row[j+1]
			row[j+1] = min(changed, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
