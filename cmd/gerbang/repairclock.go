package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/gateway"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/journal/sqlite"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

func repairClockCommand(std streams) *cobra.Command {
	var folder dataFolder
	var now string
	c := &cobra.Command{
		Use:   "repair-clock",
		Short: "Mend a journal that ends in the future",
		Long: `Repair-clock mends a journal that was written while the machine's clock was ahead. Records that were received after now are set
aside: a rejection stands in the place of each, the table set_aside keeps it as it was, and all of them are listed. A site's
configuration is kept and gets the time of the record before it. What was derived from these records, and at their sites behind
them, is forgotten and judged again: alerts that were opened in the future are removed, those that ended there are open again if what
they are about holds. A journal that another version of the rule engine judged there is refused. The gateway must not run.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			at := time.Now()
			if now != "" {
				var err error
				if at, err = time.Parse(time.RFC3339, now); err != nil {
					return fmt.Errorf("--now %q: want a time such as 2026-03-02T09:00:00Z", now)
				}
			}
			data, err := folder.find(std)
			if err != nil {
				return err
			}
			return repairClock(cmd.Context(), std.out, data, telemetry.InstantOf(at), newLoggerTo(std.err))
		},
	}
	folder.flags(c)
	c.Flags().StringVar(&now, "now", "", "what was received later lies in the future (RFC 3339; default: the present)")
	return c
}

func newLoggerTo(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

func repairClock(ctx context.Context, w io.Writer, data string, now telemetry.Instant, log *slog.Logger) (err error) {
	// The journal is looked at before it is opened: an older one would be migrated then, and its own version could not mend it
	// any more.
	if err := mendable(ctx, data, now); err != nil {
		return err
	}
	j, err := sqlite.Open(ctx, sqlite.Options{Dir: data, Logger: log})
	if err != nil {
		return err
	}
	defer func() {
		if closed := j.Close(); err == nil {
			err = closed
		}
	}()
	if err := j.Held(); err != nil {
		return err
	}
	all, err := j.Future(ctx, now)
	if err != nil {
		return err
	}
	future, err := j.FutureAlerts(ctx, now)
	if err != nil {
		return err
	}
	if len(all)+len(future.Opened)+len(future.Ended) == 0 {
		_, err = fmt.Fprintf(w, "no record was received after %v: nothing to mend\n", now)
		return err
	}
	report := printer{w: w}
	aside := 0
	for i := range all {
		r, what := &all[i].Record, "set aside"
		if all[i].Kept {
			what = "kept, as of " + all[i].Received.String()
		} else {
			aside++
		}
		report.line("record %d  %v  site %q  device %q  received %v: %s", r.Seq, r.Kind, r.Site, r.Observation.Device, r.Received, what)
	}
	for i := range future.Opened {
		report.alert(&future.Opened[i], "removed, for it was opened in the future")
	}
	for i := range future.Ended {
		report.alert(&future.Ended[i], "judged again, for it was resolved in the future, at "+future.Ended[i].Resolved.String())
	}
	if report.err != nil {
		return report.err
	}
	if err := j.SetAside(ctx, all, future, now); err != nil {
		return err
	}
	raised, err := judgeAgain(ctx, j, now, log)
	if err != nil {
		return err
	}
	for i := range raised {
		report.alert(&raised[i], "opened, for the records that stand ask for it")
	}
	report.line("%d records set aside, %d kept with another time, %d alerts of the future removed, %d that ended there judged again; the rest is judged again",
		aside, len(all)-aside, len(future.Opened), len(future.Ended))
	return report.err
}

// printer writes lines until one fails.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

func (p *printer) alert(a *alerts.Alert, what string) {
	p.line("alert %s  site %q  rule %q  %v  opened %v: %s", a.ID, a.Site, a.Rule, a.Subject, a.Opened, what)
}

// mendable fails for a journal with verdicts of another version of the engine where it would be mended: only that version could
// judge again what is forgotten.
func mendable(ctx context.Context, data string, now telemetry.Instant) error {
	const hint = "mend it with the version of gerbang that wrote it, and start this one on it then"
	j, err := openReader(ctx, data)
	switch {
	case errors.Is(err, journal.ErrOlder):
		return hinted{err, hint}
	case err != nil:
		return err
	}
	defer func() { _ = j.Close() }()
	all, err := j.Future(ctx, now)
	if err != nil || len(all) == 0 {
		return err
	}
	st, err := j.State(ctx)
	if err != nil {
		return err
	}
	from := map[string]uint64{}
	for i := range all {
		if r := &all[i].Record; r.Kind != telemetry.KindRejection && from[r.Site] == 0 {
			from[r.Site] = r.Seq
		}
	}
	for _, site := range slices.Sorted(maps.Keys(st.Snapshots)) {
		first := cmp.Or(from[site], st.LastSeq)
		versions, err := j.EnginesFrom(ctx, site, first)
		if err != nil {
			return err
		}
		for _, version := range versions {
			if version != rules.EngineVersion {
				return hinted{fmt.Errorf("the journal cannot be mended: version %s of the rule engine judged site %q from record %d on, this is version %s",
					version, site, first, rules.EngineVersion), hint}
			}
		}
	}
	return nil
}

// judgeAgain judges what waits, as a start of the gateway does. It gives the alerts that were missing.
func judgeAgain(ctx context.Context, j journal.Store, now telemetry.Instant, log *slog.Logger) ([]alerts.Alert, error) {
	st, err := j.State(ctx)
	if err != nil {
		return nil, err
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
			return nil, fmt.Errorf("reading the definitions of site %q: %w", id, err)
		}
	}
	g, err := gateway.Open(ctx, gateway.Options{Journal: j, Directory: directory, Logger: log})
	if err != nil {
		return nil, err
	}
	raised := g.Mended(now)
	return raised, g.Rest(ctx, now)
}
