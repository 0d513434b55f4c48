package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"encoding/json"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/gateway"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

func repairClockCommand(std streams) *cobra.Command {
	var data, now string
	c := &cobra.Command{
		Use:   "repair-clock",
		Short: "Mend a journal that ends in the future",
		Long: `Repair-clock mends a journal that was written while the machine's clock was ahead. Records that were received after now are set
aside: a rejection stands in the place of each, the table set_aside keeps it as it was, and all of them are listed. A site's
configuration is kept and gets the time of the record before it. What was derived from these records, and at their sites behind
them, is forgotten and judged again. The gateway must not run.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			at := time.Now()
			if now != "" {
				var err error
				if at, err = time.Parse(time.RFC3339, now); err != nil {
					return fmt.Errorf("--now %q: want a time such as 2026-03-02T09:00:00Z", now)
				}
			}
			return repairClock(cmd.Context(), std.out, data, telemetry.InstantOf(at), newLoggerTo(std.err))
		},
	}
	c.Flags().StringVar(&data, "data", "data", "data directory of the gateway")
	c.Flags().StringVar(&now, "now", "", "what was received later lies in the future (RFC 3339; default: the present)")
	return c
}

func newLoggerTo(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

func repairClock(ctx context.Context, w io.Writer, data string, now telemetry.Instant, log *slog.Logger) (err error) {
	j, err := journal.Open(ctx, journal.Options{Dir: data, Logger: log})
	if err != nil {
		return err
	}
	defer func() {
		if closed := j.Close(); err == nil {
			err = closed
		}
	}()
	all, err := j.Future(ctx, now)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		_, err = fmt.Fprintf(w, "no record was received after %v: nothing to mend\n", now)
		return err
	}
	aside := 0
	for i := range all {
		r, what := &all[i].Record, "set aside"
		if all[i].Kept {
			what = "kept, as of " + all[i].Received.String()
		} else {
			aside++
		}
		if _, err = fmt.Fprintf(w, "record %d  %v  site %q  device %q  received %v: %s\n", r.Seq, r.Kind, r.Site, r.Observation.Device, r.Received, what); err != nil {
			return err
		}
	}
	gone, err := j.FutureAlerts(ctx, now)
	if err != nil {
		return err
	}
	if err := j.SetAside(ctx, all, now); err != nil {
		return err
	}
	if err := judgeAgain(ctx, j, now, log); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%d records set aside, %d kept with another time, %d alerts of the future removed; the rest is judged again\n", aside, len(all)-aside, gone)
	return err
}

// judgeAgain judges what waits, as a start of the gateway does.
func judgeAgain(ctx context.Context, j *journal.Journal, now telemetry.Instant, log *slog.Logger) error {
	st, err := j.State(ctx)
	if err != nil {
		return err
	}
	directory := alerts.NewDirectory()
	for id := range st.Snapshots {
		err := j.Standing(ctx, id, st.LastSeq, func(rec *telemetry.Record) error {
			if rec.Kind != telemetry.KindConfiguration {
				return nil
			}
			var d rules.Definition
			if err := json.Unmarshal(rec.Configuration.Definition, &d); err != nil {
				return err
			}
			directory.Set(&d)
			return nil
		})
		if err != nil {
			return fmt.Errorf("reading the definitions of site %q: %w", id, err)
		}
	}
	g, err := gateway.Open(ctx, gateway.Options{Journal: j, Directory: directory, Logger: log})
	if err != nil {
		return err
	}
	g.Quiet(true)
	g.Mended(now)
	return g.Rest(ctx, now)
}
