package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

func journalCommand(std streams) *cobra.Command {
	var data string
	check := &cobra.Command{
		Use:   "check",
		Short: "Replay the journal and compare every verdict with the history",
		Long: `Check reads the journal from its first record, judges everything again, and compares the changes of verdict with those
that were recorded: same journal, same verdicts, byte for byte. It also checks that received = stored + duplicate +
rejected + ignored. It may run beside the gateway.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			j, err := journal.OpenReader(cmd.Context(), data)
			if err != nil {
				return err
			}
			defer func() { _ = j.Close() }()
			return checkJournal(cmd.Context(), std.out, j)
		},
	}
	check.Flags().StringVar(&data, "data", "data", "data directory of the gateway")
	return group("journal", "About the durable record", check)
}

// checkJournal fails at the first difference between the recorded history and a replay.
func checkJournal(ctx context.Context, w io.Writer, j *journal.Journal) error {
	st, err := j.State(ctx)
	if err != nil {
		return err
	}
	c := st.Counters
	if sum := c.Stored + c.Duplicate + c.Rejected + c.Ignored; sum != c.Received {
		return fmt.Errorf("received %d, but stored %d + duplicate %d + rejected %d + ignored %d = %d", c.Received, c.Stored, c.Duplicate,
			c.Rejected, c.Ignored, sum)
	}
	recorded, stop := pullTransitions(ctx, j)
	defer stop()
	engines := map[string]*rules.Engine{}
	var out rules.Output
	var records, transitions int
	last := uint64(0)
	err = j.Replay(ctx, "", 0, func(rec *telemetry.Record) error {
		if rec.Seq > st.LastSeq {
			return errEnough // written since we began
		}
		if rec.Seq != last+1 {
			return hinted{fmt.Errorf("records %d to %d are not there", last+1, rec.Seq-1),
				"retention deletes old records; verdicts can only be derived again from a journal that is whole"}
		}
		last = rec.Seq
		records++
		if rec.Kind == telemetry.KindConfiguration && engines[rec.Site] == nil {
			engines[rec.Site] = rules.New(rec.Site)
		}
		engine := engines[rec.Site]
		if engine == nil || rec.Kind == telemetry.KindRejection {
			return nil
		}
		out.Reset()
		if err := engine.Apply(rec, &out); err != nil {
			return fmt.Errorf("record %d: %w", rec.Seq, err)
		}
		for i := range out.Transitions {
			again, err := json.Marshal(&out.Transitions[i])
			if err != nil {
				return fmt.Errorf("encoding a transition: %w", err)
			}
			was, ok := recorded()
			if !ok || was != string(again) {
				return fmt.Errorf("record %d: the history says\n  %s\na replay says\n  %s", rec.Seq, was, again)
			}
			transitions++
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return err
	}
	_, err = fmt.Fprintf(w, "%d records, %d sites, %d changes of verdict: all as recorded\nreceived %d = stored %d + duplicate %d + rejected %d + ignored %d\n",
		records, len(engines), transitions, c.Received, c.Stored, c.Duplicate, c.Rejected, c.Ignored)
	return err
}

var errEnough = errors.New("enough")

// pullTransitions reads the recorded history one by one.
func pullTransitions(ctx context.Context, j *journal.Journal) (next func() (string, bool), stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	found := make(chan string, 64)
	go func() {
		defer close(found)
		_ = j.Transitions(ctx, func(body string) error { // a broken history shows as one that ends too early
			select {
			case found <- body:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}()
	return func() (string, bool) { t, ok := <-found; return t, ok }, func() {
		cancel()
		for range found { // until the reader has ended
		}
	}
}
