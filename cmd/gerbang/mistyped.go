package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// noSuch refuses arguments of a command that only holds others, and names the nearest of them.
func noSuch(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	err := fmt.Errorf("unknown command %q for %q", args[0], c.CommandPath())
	c.SuggestionsMinimumDistance = 2
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		return hinted{err, "did you mean: " + c.CommandPath() + " " + strings.Join(near, ", ") + "?"}
	}
	var names []string
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	return hinted{err, "there is: " + strings.Join(names, ", ")}
}

// flagMistake adds the flag that was probably meant to a complaint about one that is not there.
func flagMistake(c *cobra.Command, err error) error {
	if wrong, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return valueMistake(wrong)
	}
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return err
	}
	typed := unknown.GetSpecifiedName()
	best, least := "", len(typed)/2+1 // as many changes as that make another word
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if d := distance(typed, f.Name); d < least && !f.Hidden {
			best, least = f.Name, d
		}
	})
	if best == "" {
		return err
	}
	return hinted{err, fmt.Sprintf("did you mean --%s? %s --help shows all flags", best, c.CommandPath())}
}

// valueMistake says what the value of a flag should look like, in place of how the parser failed.
func valueMistake(e *pflag.InvalidValueError) error {
	f, value := e.GetFlag(), e.GetValue()
	what, example := "", ""
	switch f.Value.Type() {
	case "float64":
		what, example = "number", "1.5"
		if point := strings.Replace(value, ",", ".", 1); point != value {
			if _, err := strconv.ParseFloat(point, 64); err == nil {
				example = point
			}
		}
	case "int", "uint", "int64", "uint64":
		what, example = "whole number", "7"
	case "duration":
		what, example = "duration", "30s"
	case "bool":
		return &exitError{code: 2, err: fmt.Errorf("--%s: %q is neither true nor false", f.Name, value)}
	default:
		return e
	}
	if what == "whole number" && numberLike(value) {
		return &exitError{code: 2, err: fmt.Errorf("--%s: %s is out of the range of this flag, want for example %s", f.Name, value, example)}
	}
	return &exitError{code: 2, err: fmt.Errorf("--%s: %s is no %s, want for example %s", f.Name, value, what, example)}
}

// numberLike tells whether a text is a whole number, only not one that fits.
func numberLike(text string) bool {
	digits := strings.TrimPrefix(text, "-")
	return digits != "" && strings.Trim(digits, "0123456789") == ""
}

// distance is how many letters have to be put in, taken out or exchanged to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := diagonal
			if a[i-1] != b[j-1] {
				change++
			}
			diagonal = row[j]
			row[j] = min(row[j]+1, row[j-1]+1, change)
		}
	}
	return row[len(b)]
}
