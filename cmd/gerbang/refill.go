package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/gerbang-iot/gerbang/app"
	"github.com/gerbang-iot/gerbang/influx"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/telemetry"
)

func influxCommand(std streams) *cobra.Command {
	return group("influx", "About what is in InfluxDB", refillCommand(std), refusedCommand(std))
}

func refillCommand(std streams) *cobra.Command {
	var config, from, to string
	c := &cobra.Command{
		Use:   "refill",
		Short: "Write a period of the journal to InfluxDB again",
		Long: `Refill writes what the gateway received from one time until another to the configured InfluxDB again, after a bucket was made anew or
lost data. It may run beside the gateway, and gives way to it. A message becomes the same points as before: what is still there is replaced
by itself. A period that the journal holds only partly is refused.

  gerbang influx refill --config gerbang.yaml --from 2026-03-01 --to 2026-03-08T12:00:00+07:00`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			begin, err := parseTime("from", from)
			if err != nil {
				return err
			}
			end, err := parseTime("to", to)
			if err != nil {
				return err
			}
			if !begin.Before(end) {
				return fmt.Errorf("--from %s, --to %s: want a period", from, to)
			}
			return refill(cmd, std, config, begin, end)
		},
	}
	c.Flags().StringVar(&config, "config", "", "configuration of the gateway: its data directory and InfluxDB "+configUsage)
	c.Flags().StringVar(&from, "from", "", "beginning: a day (of UTC) or a time as 2026-03-01T08:00:00+07:00")
	c.Flags().StringVar(&to, "to", "", "end, likewise; what is received then is not written")
	for _, name := range []string{"from", "to"} {
		if err := c.MarkFlagRequired(name); err != nil {
			panic(err) // the flag is made above
		}
	}
	return c
}

// parseTime reads a day or a time.
func parseTime(flag, text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("--%s %q: want a day as 2026-03-01, or a time with its zone as 2026-03-01T08:00:00+07:00", flag, text)
}

func refill(cmd *cobra.Command, std streams, config string, begin, end time.Time) error {
	ctx := cmd.Context()
	config, err := findConfig(std, config)
	if err != nil {
		return err
	}
	cfg, err := loadConfig(config)
	if err != nil {
		return err
	}
	if cfg.Influx == nil {
		return hinted{errors.New("no InfluxDB is configured"), "write influxdb: into " + config}
	}
	server, err := app.InfluxServer(cfg.Influx)
	if err != nil {
		return err
	}
	j, err := openReader(ctx, cfg.Data)
	if err != nil {
		return err
	}
	defer func() { _ = j.Close() }()
	r, err := j.Received(ctx, telemetry.InstantOf(begin), telemetry.InstantOf(end))
	if err != nil {
		return err
	}
	if err := wholly(&r, begin, end); err != nil {
		return err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	bar := newProgress(std.err, "records", int(r.To.Record-r.From.Record))
	done, err := influx.Refill(ctx, influx.RefillOptions{
		Server: server, Source: j.Source(), From: r.From, To: r.To, Head: r.Head, Until: telemetry.InstantOf(end),
		Progress: func(at journal.Position) { bar.set(int(min(at.Record, r.To.Record) - r.From.Record)) },
		Faults: func(name string, firing bool, detail string) {
			switch {
			case !firing:
			case name == influx.FaultAuth, name == influx.FaultMissing:
				stop(errors.New(detail)) // that does not heal while one waits
			default:
				_, _ = fmt.Fprintln(std.err, detail+" It is tried again until it works; Ctrl-C ends.")
			}
		},
	})
	bar.done()
	if cause := context.Cause(ctx); err != nil && errors.Is(err, context.Canceled) && cause != nil {
		err = cause
	}
	if err != nil {
		return fmt.Errorf("refilling InfluxDB; what was written stays, and the same command begins again: %w", err)
	}
	_, err = fmt.Fprintf(std.out, "wrote %d points of records %d to %d\n", done.Written, r.From.Record+1, r.To.Record)
	if n := len(done.Refused); n > 0 && err == nil {
		err = fmt.Errorf("InfluxDB refused %d points, the first with: %s\n%s", n, done.Refused[0].Reason, done.Refused[0].Line)
	}
	return err
}

// wholly fails where the journal does not hold the whole period, and says which part of it is there.
func wholly(r *journal.Range, begin, end time.Time) error {
	at := func(i telemetry.Instant) string {
		return i.Time().UTC().Add(time.Second - 1).Truncate(time.Second).Format(time.RFC3339)
	}
	switch {
	case r.Oldest == 0 || !end.After(r.Oldest.Time()):
		return fmt.Errorf("the journal holds nothing that was received before %s", end.UTC().Format(time.RFC3339))
	case r.Pruned && begin.Before(r.Oldest.Time()):
		return hinted{fmt.Errorf("the journal holds only a part of the period: what was received from %s on", at(r.Oldest)), "--from " + at(r.Oldest)}
	case end.After(time.Now()):
		return hinted{fmt.Errorf("the period has not ended: the journal holds what was received until %s", at(r.Newest)), "--to a time that is over"}
	case r.To.Record <= r.From.Record:
		return errors.New("nothing was received in the period")
	}
	return nil
}

func refusedCommand(std streams) *cobra.Command {
	var folder dataFolder
	var site string
	var asJSON bool
	c := &cobra.Command{
		Use:   "refused",
		Short: "Print the points that InfluxDB refused for good",
		Long: `Refused prints what InfluxDB refused, in line protocol, each behind a comment with InfluxDB's words. It may run beside the gateway.
They are sent again on the gateway's page /refused, or by POST /api/v1/refused/again.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			j, err := folder.reader(cmd.Context(), std)
			if err != nil {
				return err
			}
			defer func() { _ = j.Close() }()
			for before := int64(0); ; {
				points, err := j.Refused(cmd.Context(), site, before, 1000)
				if err == nil && len(points) == 0 && before == 0 {
					_, err = fmt.Fprintln(std.err, "InfluxDB has refused nothing for good") // standard output is for lines of points
				}
				if err != nil || len(points) == 0 {
					return err
				}
				for i := range points {
					if err := printRefused(std.out, &points[i], asJSON); err != nil {
						return err
					}
				}
				before = points[len(points)-1].Number
			}
		},
	}
	folder.flags(c)
	c.Flags().StringVar(&site, "site", "", "only this site")
	c.Flags().BoolVar(&asJSON, "json", false, "a JSON object a line")
	return c
}

func printRefused(w io.Writer, p *journal.Refused, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(map[string]any{"at": p.At.Time().UTC(), "site": p.Site, "device": p.Device, "line": p.Line, "reason": p.Reason})
	}
	_, err := fmt.Fprintf(w, "# %s\n%s\n", p.Reason, p.Line)
	return err
}
