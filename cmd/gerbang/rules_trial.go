package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/configs"
	"github.com/gerbang-iot/gerbang/configs/strict"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/gateway"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/journal/sqlite"
	"github.com/gerbang-iot/gerbang/rehearse"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// trialFlags are the flags of rules backtest and rules rehearse.
type trialFlags struct {
	folder        dataFolder
	from, to      string
	sites         []string
	protocols     []string
	level         string
	spacing       float64
	always        bool
	asJSON, asCSV bool
	all           bool
}

func (f *trialFlags) flags(c *cobra.Command) {
	f.folder.flags(c)
	fl := c.Flags()
	fl.StringVar(&f.from, "from", "7d", "beginning: a day of each site (2026-03-01), a time with its zone, or how long before the end of the journal")
	fl.StringVar(&f.to, "to", "", "end, likewise (a day is not included); default: the end of the journal")
	fl.StringSliceVar(&f.sites, "site", nil, "only this site; may be given again")
	fl.StringSliceVar(&f.protocols, "protocol", nil, "file of the changed protocol, which takes the place of the one with its id; or a shipped one's id; may be given again")
	fl.StringVar(&f.level, "level", "", "the level at all times, whatever was chosen")
	fl.Float64Var(&f.spacing, "spacing", 0, "the distance in metres that all rules ask for which ask for one")
	fl.BoolVar(&f.always, "always", false, "the changed protocols are in force at all times, whatever their dates say")
	fl.BoolVar(&f.asJSON, "json", false, "print JSON: a list of sites with all measures and alerts")
	fl.BoolVar(&f.asCSV, "csv", false, "print CSV: a line a site, rule and subject")
}

func rulesBacktestCommand(std streams) *cobra.Command {
	var f trialFlags
	c := &cobra.Command{
		Use:   "backtest --protocol FILE",
		Short: "Judge what the journal holds again under a changed protocol",
		Long: `Backtest judges the recorded readings of each site again, with the changed protocol in the place of the one with its id, and lays the
verdicts and alerts beside what happened: hours over the limit, near it and unknown within the opening hours, changes of verdict, and
alerts that would have been raised. It reads the journal only, also while the gateway runs. InfluxDB is no source: it has neither what
people entered nor the configurations that were in force, without which no verdict can be made again.

  gerbang rules backtest --protocol protocols/ours.yaml --from 2026-03-01 --to 2026-03-08 --site gedung-a

Progress is on standard error. It exits with 0 whatever comes out.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if len(f.protocols) == 0 {
				return hinted{&exitError{code: 2, err: errors.New("--protocol is missing: backtest wants the file of a changed protocol")}, "gerbang rules rehearse changes the level or the distance alone"}
			}
			return f.run(cmd.Context(), std, f.printMeasures)
		},
	}
	f.flags(c)
	c.Flags().BoolVar(&f.all, "all", false, "print what stays the same, too")
	return c
}

func rulesRehearseCommand(std streams) *cobra.Command {
	var f trialFlags
	c := &cobra.Command{
		Use:   "rehearse --level LEVEL",
		Short: "What a level or a distance would have meant for all sites",
		Long: `Rehearse judges what the journal holds of all sites as if a level, a distance or a protocol had been in force, and says which sites would
have been over a limit for how many of their opening hours, with totals. Only rules that the change is about are added up.

  gerbang rules rehearse --level level-3 --spacing 1.5 --from 2026-03-01 --to 2026-03-08

It reads the journal only, also while the gateway runs. Progress is on standard error.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.level == "" && f.spacing == 0 && len(f.protocols) == 0 {
				return &exitError{code: 2, err: errors.New("nothing is changed, want --level, --spacing or --protocol")}
			}
			return f.run(cmd.Context(), std, f.printSites)
		},
	}
	f.flags(c)
	return c
}

// reform reads what shall be other than it was.
func (f *trialFlags) reform() (*rehearse.Reform, error) {
	r := &rehearse.Reform{Always: f.always, Level: f.level, Spacing: f.spacing, Narrow: configs.Narrow}
	if f.asJSON && f.asCSV {
		return nil, &exitError{code: 2, err: errors.New("--json and --csv, want one of them")}
	}
	if !(f.spacing >= 0 && f.spacing <= 10) { // nor what is no number
		return nil, &exitError{code: 2, err: fmt.Errorf("--spacing %v: want metres, more than 0 and at most 10", f.spacing)}
	}
	if f.always && len(f.protocols) == 0 {
		return nil, &exitError{code: 2, err: errors.New("--always is about --protocol, which is missing")}
	}
	for _, name := range f.protocols {
		p, err := configs.LoadProtocol(name)
		if err != nil {
			return nil, err
		}
		r.Protocols = append(r.Protocols, p)
	}
	return r, nil
}

// run judges again and prints.
func (f *trialFlags) run(ctx context.Context, std streams, print func(*printer, []*rehearse.Outcome) error) error {
	reform, err := f.reform()
	if err != nil {
		return err
	}
	j, err := f.folder.reader(ctx, std)
	if err != nil {
		return err
	}
	defer func() { _ = j.Close() }()
	t := &trials{journal: j, reform: reform, bar: func(total int) *progress { return newProgress(std.err, "judged again", total) }}
	if err := t.begin(ctx, f); err != nil {
		return err
	}
	if err := t.fits(ctx, f); err != nil {
		return err
	}
	begun := time.Now()
	outcomes, err := t.judge(ctx)
	if err != nil {
		return err
	}
	var readings uint64
	for _, o := range outcomes {
		readings += o.Readings
	}
	took := time.Since(begun)
	_, _ = fmt.Fprintf(std.err, "judged %d readings again in %s, %.0f a second\n", readings, took.Round(time.Millisecond), float64(readings)/max(took.Seconds(), 1e-3))
	report := &printer{w: std.out}
	unfit := f.fitting(reform, outcomes)
	switch {
	case f.asJSON:
		out := json.NewEncoder(std.out)
		out.SetIndent("", "  ")
		out.SetEscapeHTML(false)
		err = out.Encode(outcomesJSON(outcomes))
	case f.asCSV:
		err = writeOutcomes(std.out, outcomes)
	case unfit == nil:
		err = print(report, outcomes)
	}
	if err = errors.Join(err, report.err); err != nil {
		return fmt.Errorf("writing what came out: %w", err)
	}
	return unfit
}

// fitting fails where the change is none for any site: then it was probably mistyped.
func (f *trialFlags) fitting(reform *rehearse.Reform, outcomes []*rehearse.Outcome) error {
	if slices.ContainsFunc(outcomes, func(o *rehearse.Outcome) bool { return o.Unfit == "" }) {
		return nil
	}
	err := fmt.Errorf("nothing was compared: %s: %s", outcomes[0].Site, outcomes[0].Unfit)
	known := map[string]bool{}
	for _, o := range outcomes {
		for _, word := range o.Known {
			known[word] = true
		}
	}
	words := make([]string, 0, len(known))
	for word := range known {
		words = append(words, word)
	}
	slices.Sort(words)
	switch {
	case len(words) == 0:
		return err
	case len(reform.Protocols) > 0 && strings.Contains(outcomes[0].Unfit, "protocol \""):
		return hinted{err, "the id of the file must be that of the protocol that it changes: " + strict.Suggestion(reform.Protocols[0].ID, words)}
	}
	return hinted{err, "level: " + strict.Suggestion(f.level, words)}
}

// fits fails before anything is judged where no configuration of any site has what the change names. Whether it is in force in the period
// is seen by judging.
func (t *trials) fits(ctx context.Context, f *trialFlags) error {
	always := func(*rules.Protocol) bool { return true }
	var none []*rehearse.Outcome
	for _, id := range t.ids {
		all, err := t.journal.Configurations(ctx, id, 0, t.last)
		if err != nil {
			return err
		}
		missing := &rehearse.Outcome{Site: id}
		for i := range all {
			if all[i].Kind != telemetry.KindConfiguration {
				continue
			}
			def := &rules.Definition{}
			if err := json.Unmarshal(all[i].Configuration.Definition, def); err != nil {
				return fmt.Errorf("reading configuration %q of site %q: %w", all[i].Configuration.Version, id, err)
			}
			as, err := t.reform.Apply(def, always)
			if err == nil {
				return nil
			}
			missing.Unfit, missing.Known = err.Error(), append(missing.Known, as.Known...)
		}
		if missing.Unfit == "" {
			return nil // nothing is known of the site, and judging says so
		}
		none = append(none, missing)
	}
	return f.fitting(t.reform, none)
}

// trials are those of all sites of a journal, in one pass over it.
type trials struct {
	journal *sqlite.Journal
	reform  *rehearse.Reform
	period  rehearse.Period
	bar     func(total int) *progress
	after   uint64 // the record behind which it begins
	last    uint64 // the journal's
	now     telemetry.Instant
	sites   map[string]*rehearse.Trial
	ids     []string
}

// mostBefore bounds how many records before the period are judged again to know the present then: what was learned of counters, who was
// inside, which devices spoke.
const mostBefore = 5_000_000

// begin finds the sites and the period.
func (t *trials) begin(ctx context.Context, f *trialFlags) error {
	st, err := t.journal.State(ctx)
	if err != nil {
		return err
	}
	t.last, t.now, t.sites = st.LastSeq, st.LastReceived, map[string]*rehearse.Trial{}
	if t.last == 0 || t.now == 0 {
		return errors.New("the journal is empty")
	}
	if t.period.From, err = edge("from", f.from, t.now); err != nil {
		return err
	}
	t.period.Until = rehearse.Edge{At: t.now + 1}
	if f.to != "" {
		if t.period.Until, err = edge("to", f.to, t.now); err != nil {
			return err
		}
	}
	for id := range st.Snapshots {
		t.ids = append(t.ids, id)
	}
	slices.Sort(t.ids)
	if err := t.choose(f.sites); err != nil {
		return err
	}
	// A day begins at most so much earlier than in UTC.
	from, until := early(t.period.From, -14*time.Hour), early(t.period.Until, 12*time.Hour)
	if until <= from.Add(-26*time.Hour) || t.period.From.At != 0 && t.period.Until.At != 0 && t.period.Until.At <= t.period.From.At ||
		t.period.From.At == 0 && t.period.Until.At == 0 && !t.period.From.Day.Before(t.period.Until.Day) {
		return &exitError{code: 2, err: fmt.Errorf("--from %s, --to %s: want a period", f.from, f.to)}
	}
	before, err := t.journal.Before(ctx, from)
	if err != nil {
		return err
	}
	t.after = before - min(before, mostBefore)
	for _, id := range t.ids {
		trial := rehearse.NewTrial(id, t.reform, t.period)
		t.sites[id] = trial
		if t.after == 0 {
			continue
		}
		if err := gateway.Standing(ctx, t.journal, id, telemetry.Engine{Version: rules.EngineVersion, After: t.after}, trial.Apply); err != nil {
			return err
		}
	}
	return nil
}

func early(e rehearse.Edge, by time.Duration) telemetry.Instant {
	if e.At != 0 {
		return e.At
	}
	return telemetry.InstantOf(e.Day.In(time.UTC)).Add(by)
}

// choose keeps the sites that were named.
func (t *trials) choose(named []string) error {
	for _, id := range named {
		if !slices.Contains(t.ids, id) {
			return &exitError{code: 2, err: fmt.Errorf("--site %q: the journal has no such site, %s", id, strict.Suggestion(id, t.ids))}
		}
	}
	if len(named) > 0 {
		t.ids = slices.DeleteFunc(t.ids, func(id string) bool { return !slices.Contains(named, id) })
	}
	if len(t.ids) == 0 {
		return errors.New("the journal has no site")
	}
	return nil
}

// edge reads an end of the period.
func edge(flag, text string, now telemetry.Instant) (rehearse.Edge, error) {
	if day, err := facility.ParseDate(text); err == nil {
		return rehearse.Edge{Day: day}, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return rehearse.Edge{At: telemetry.InstantOf(at)}, nil
	}
	if ago, err := strict.ParseDuration(text); err == nil {
		return rehearse.Edge{At: now.Add(-ago)}, nil
	}
	return rehearse.Edge{}, &exitError{code: 2, err: fmt.Errorf("--%s %q: want a day as 2026-03-01, a time with its zone as 2026-03-01T08:00:00+07:00, or how long before the end of the journal, as 7d", flag, text)}
}

// judge reads the journal once, and what happened beside it.
func (t *trials) judge(ctx context.Context) ([]*rehearse.Outcome, error) {
	bar := t.bar(int(t.last - t.after))
	only := ""
	if len(t.ids) == 1 {
		only = t.ids[0]
	}
	n := 0
	err := t.journal.Replay(ctx, only, t.after, func(rec *telemetry.Record) error {
		if n++; n%4096 == 0 {
			bar.set(int(min(rec.Seq, t.last) - t.after))
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		if trial := t.sites[rec.Site]; trial != nil && rec.Seq <= t.last {
			return trial.Apply(rec)
		}
		return nil
	})
	bar.set(bar.total)
	bar.done()
	if err != nil {
		return nil, err
	}
	if err := t.happened(ctx); err != nil {
		return nil, err
	}
	outcomes := make([]*rehearse.Outcome, len(t.ids))
	for i, id := range t.ids {
		if outcomes[i], err = t.sites[id].End(t.now); err != nil {
			return nil, err
		}
	}
	return outcomes, nil
}

// happened reads the verdicts and alerts of the journal.
func (t *trials) happened(ctx context.Context) error {
	err := t.journal.Transitions(ctx, func(body string) error {
		var change rules.Transition
		if err := json.Unmarshal([]byte(body), &change); err != nil {
			return fmt.Errorf("reading a change of verdict: %w", err)
		}
		if trial := t.sites[change.Site]; trial != nil && change.Record <= t.last {
			trial.Was(&change)
		}
		return nil
	})
	if err != nil {
		return err
	}
	frozen, err := t.journal.Freeze(ctx)
	if err != nil {
		return err
	}
	defer frozen.Close()
	return frozen.Alerts(ctx, func(a *alerts.Alert, _ string) error {
		if trial := t.sites[a.Site]; trial != nil {
			trial.WasAlert(a)
		}
		return nil
	})
}

var _ journal.Auditor = (*sqlite.Journal)(nil)
