package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/gerbang-iot/gerbang/evidence"
)

func verifyCommand(std streams) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "verify FILE",
		Short: "Check an evidence pack, without a network, a gateway or a configuration",
		Long: `Verify says line by line what of an evidence pack holds, what does not, and what cannot be known. It compares every file with its hash,
reads every line strictly, judges the readings again by the policies in the pack, and makes all figures, lists and tables again from the
verdicts. It asks nobody: the file is all that it needs.

It exits with 0 where all holds, 1 where something does not, or the file is no evidence pack, and 2 where nothing is wrong, but the
verdicts cannot be judged again, or something else cannot be known.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return verifyPack(cmd.Context(), std, args[0], asJSON) },
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return c
}

// verdictWords begin the lines of a check.
var verdictWords = map[evidence.Outcome]string{
	evidence.Holds: "holds    ", evidence.Fails: "FAILS    ", evidence.Unknown: "unknown  ", evidence.Limit: "not shown",
}

func verifyPack(ctx context.Context, std streams, name string, asJSON bool) error {
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("opening the pack: %w", err)
	}
	defer func() { _ = f.Close() }()
	is, err := f.Stat()
	if err != nil {
		return fmt.Errorf("opening the pack: %w", err)
	}
	r, err := evidence.Verify(ctx, f, is.Size(), readBuild().Version)
	if err != nil {
		return err
	}
	outcome := r.Outcome()
	if asJSON {
		err := json.NewEncoder(std.out).Encode(struct {
			Outcome evidence.Outcome `json:"outcome"`
			*evidence.Report
		}{outcome, r})
		return errors.Join(err, verdictCode(outcome))
	}
	p := printer{w: std.out}
	if m := r.Manifest; m != nil {
		p.line("site %s from %v to %v, known as of %v, written by gerbang %s", m.Site, m.From, m.Until, m.AsOf, m.Program)
	}
	for _, f := range r.Findings {
		p.line("%s  %s: %s", verdictWords[f.Outcome], f.What, f.Detail)
	}
	switch outcome {
	case evidence.Holds:
		p.line("the pack holds")
	case evidence.Fails:
		p.line("THE PACK DOES NOT HOLD")
	default:
		p.line("nothing is wrong, and not all can be known")
	}
	return errors.Join(p.err, verdictCode(outcome))
}

func verdictCode(o evidence.Outcome) error {
	switch o {
	case evidence.Fails:
		return &exitError{code: 1}
	case evidence.Unknown:
		return &exitError{code: 2}
	}
	return nil
}
