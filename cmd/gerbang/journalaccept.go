package main

import (
	"errors"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/journal/sqlite"
	"github.com/gerbang-iot/gerbang/telemetry"
)

func journalAcceptCommand(std streams) *cobra.Command {
	var folder dataFolder
	var by, why string
	c := &cobra.Command{
		Use:   "accept",
		Short: "Note that somebody has looked at the damage in the journal",
		Long: `Accept checks the journal as gerbang journal check does, and notes in it that all that was found is known: by whom, and why. Nothing
is mended by it. From then on check says of these that they are accepted, and fails again when it finds something else; pages and alerts
of the gateway calm down within a minute. It may run beside the gateway.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			by, why = strings.TrimSpace(by), strings.TrimSpace(why)
			if by == "" || why == "" {
				return errors.New("say who accepts it, and why: --by NAME --why TEXT")
			}
			data, err := folder.find(std)
			if err != nil {
				return err
			}
			found, err := unaccepted(cmd, data)
			if err != nil {
				return err
			}
			report := printer{w: std.out}
			if len(found) == 0 {
				report.line("nothing is found that is not accepted")
				return report.err
			}
			now := telemetry.InstantOf(time.Now())
			all := make([]journal.Acceptance, len(found))
			for i, f := range found {
				all[i] = journal.Acceptance{Text: f.text, Finding: f.of, By: by, Why: why, At: now}
			}
			if err := sqlite.Accept(cmd.Context(), data, all); err != nil {
				return err
			}
			for i := range all {
				report.line("%s", all[i].String())
			}
			return report.err
		},
	}
	folder.flags(c)
	c.Flags().StringVar(&by, "by", "", "who accepts it")
	c.Flags().StringVar(&why, "why", "", "why it is accepted")
	return c
}

// unaccepted is what a check finds that nobody has accepted, and what the gateway has noted as damaged.
func unaccepted(cmd *cobra.Command, data string) ([]complaint, error) {
	j, err := openReader(cmd.Context(), data)
	if err != nil {
		return nil, err
	}
	defer func() { _ = j.Close() }()
	var found complaints
	unsaid := printer{w: io.Discard}
	if _, err := examine(cmd.Context(), &unsaid, j, nil, &found); err != nil {
		return nil, err
	}
	noted, err := j.Damage(cmd.Context())
	if err != nil {
		return nil, err
	}
	for _, n := range noted {
		found.finding(n.Finding)
	}
	accepted, err := j.Accepted(cmd.Context())
	if err != nil {
		return nil, err
	}
	news, _ := found.divided(accepted)
	return news, nil
}
