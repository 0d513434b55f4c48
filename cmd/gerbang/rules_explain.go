package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/configs/strict"
	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/journal/sqlite"
	"github.com/gerbang-iot/gerbang/rehearse"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// explainFlags are the flags of rules explain.
type explainFlags struct {
	folder  dataFolder
	at      string
	subject string
	asJSON  bool
}

func rulesExplainCommand(std streams) *cobra.Command {
	var f explainFlags
	c := &cobra.Command{
		Use:   "explain SITE RULE",
		Short: "How a verdict came to be, step by step",
		Long: `Explain judges the journal of a site up to a time and says what the rule said then: which protocol and level were in force and why,
what the limit was computed from, the readings with the numbers of their records, the step from there to the verdict, and what late data
made of it since. It reads only, also while the gateway runs.

  gerbang rules explain gedung-a kapasitas --subject lobi --at "2026-03-02 10:15"`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 2 {
				return &exitError{code: 2, err: fmt.Errorf("there are %d arguments, want SITE and RULE: %s", len(args), c.UseLine())}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return f.explain(cmd.Context(), std, args[0], args[1]) },
	}
	f.folder.flags(c)
	c.Flags().StringVar(&f.at, "at", "", "local time of the site (2026-03-02 10:15), a time with its zone, or how long before the end of the journal (2h); default: its end")
	c.Flags().StringVar(&f.subject, "subject", "", "what it is about: an id, or kind/id; needed where the rule has several")
	c.Flags().BoolVar(&f.asJSON, "json", false, "print JSON")
	return c
}

func (f *explainFlags) explain(ctx context.Context, std streams, site, rule string) error {
	texts, err := alerts.NewTexts()
	if err != nil {
		return err
	}
	j, err := f.folder.reader(ctx, std)
	if err != nil {
		return err
	}
	defer func() { _ = j.Close() }()
	st, err := j.State(ctx)
	if err != nil {
		return err
	}
	var sites []string
	for id := range st.Snapshots {
		sites = append(sites, id)
	}
	slices.Sort(sites)
	if !slices.Contains(sites, site) {
		return &exitError{code: 2, err: fmt.Errorf("the journal has no site %q, %s", site, strict.Suggestion(site, sites))}
	}
	at, err := f.time(ctx, j, site, st.LastReceived)
	if err != nil {
		return err
	}
	bar := newProgress(std.err, "judged", int(st.LastSeq))
	w, err := witness(ctx, j, site, at, bar)
	if err != nil {
		return err
	}
	if w.First() == 0 || w.First() > at || w.Location() == nil {
		return &exitError{code: 1, err: fmt.Errorf("nothing is known of site %q at %s: what the journal holds of it begins later", site, at.Time().Format(time.RFC3339))}
	}
	if at > st.LastReceived {
		_, _ = fmt.Fprintf(std.err, "the journal ends at %s: what follows is what is known if nothing more came\n", st.LastReceived.In(w.Location()).Format(time.DateTime))
	}
	v, err := w.At(at)
	if err != nil {
		return err
	}
	verdict, err := f.choose(&v, rule)
	if err != nil {
		return err
	}
	account := w.Account(&v, verdict, at, texts)
	if err := revised(ctx, j, account, at); err != nil {
		return err
	}
	if f.asJSON {
		out := json.NewEncoder(std.out)
		out.SetIndent("", "  ")
		out.SetEscapeHTML(false)
		return out.Encode(account)
	}
	report := printer{w: std.out}
	report.line("site %s, rule %s on %v (%s), at %s %s", site, rule, verdict.Subject, verdict.SubjectName, account.At.Format("2006-01-02 15:04:05"), account.Timezone)
	for i, s := range account.Steps {
		for k, line := range s.Lines {
			if k == 0 {
				report.line("%2d. %-14s %s", i+1, s.What, line)
			} else {
				report.line("%18s %s", "", line)
			}
		}
	}
	return report.err
}

// witness judges a site up to a time.
func witness(ctx context.Context, j *sqlite.Journal, site string, at telemetry.Instant, bar *progress) (*rehearse.Witness, error) {
	w := rehearse.NewWitness(site)
	errEnough := errors.New("the time is reached")
	n := 0
	err := j.Replay(ctx, site, 0, func(rec *telemetry.Record) error {
		if rec.Received > at {
			return errEnough
		}
		if n++; n%4096 == 0 {
			bar.set(min(int(rec.Seq), bar.total))
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		return w.Apply(rec)
	})
	bar.done()
	if errors.Is(err, errEnough) {
		err = nil
	}
	return w, err
}

// time is what --at means. Its zone is that of the site's newest configuration.
func (f *explainFlags) time(ctx context.Context, j *sqlite.Journal, site string, last telemetry.Instant) (telemetry.Instant, error) {
	if f.at == "" {
		return last, nil
	}
	if at, err := time.Parse(time.RFC3339, f.at); err == nil {
		return telemetry.InstantOf(at), nil
	}
	if ago, err := strict.ParseDuration(f.at); err == nil {
		return last.Add(-ago), nil
	}
	var loc *time.Location
	err := j.Standing(ctx, site, 1<<62, func(rec *telemetry.Record) error {
		var def rules.Definition
		if rec.Kind != telemetry.KindConfiguration {
			return nil
		}
		if err := json.Unmarshal(rec.Configuration.Definition, &def); err != nil {
			return fmt.Errorf("reading a configuration: %w", err)
		}
		loc = def.Site.Location.Location
		return nil
	})
	if err != nil || loc == nil {
		return 0, cmp.Or(err, fmt.Errorf("the journal has no configuration of site %q", site))
	}
	for _, layout := range []string{"2006-01-02 15:04", time.DateTime, "2006-01-02T15:04", "2006-01-02T15:04:05", time.DateOnly} {
		if t, _, err := facility.ParseTime(layout, f.at, loc); err == nil {
			return telemetry.InstantOf(t), nil
		}
	}
	return 0, &exitError{code: 2, err: fmt.Errorf("--at %q: want a local time as 2026-03-02 10:15, one with its zone as 2026-03-02T10:15:00+07:00, or how long before the end of the journal, as 2h", f.at)}
}

// choose finds the verdict, or says which there are.
func (f *explainFlags) choose(v *rules.View, rule string) (*rules.VerdictView, error) {
	var ids, subjects []string
	var found []*rules.VerdictView
	for i := range v.Verdicts {
		x := &v.Verdicts[i]
		if !slices.Contains(ids, x.Rule) {
			ids = append(ids, x.Rule)
		}
		if x.Rule != rule {
			continue
		}
		subjects = append(subjects, x.Subject.String())
		if f.subject == "" || f.subject == x.Subject.ID || f.subject == x.Subject.String() {
			found = append(found, x)
		}
	}
	switch {
	case len(subjects) == 0:
		return nil, &exitError{code: 2, err: fmt.Errorf("no rule %q was in force then, %s", rule, strict.Suggestion(rule, ids))}
	case len(found) == 0:
		bare := slices.Clone(subjects)
		for i := range v.Verdicts {
			if v.Verdicts[i].Rule == rule {
				bare = append(bare, v.Verdicts[i].Subject.ID)
			}
		}
		return nil, &exitError{code: 2, err: fmt.Errorf("rule %q says nothing about %q, %s", rule, f.subject, strict.Suggestion(f.subject, bare))}
	case len(found) > 1:
		return nil, hinted{&exitError{code: 2, err: fmt.Errorf("rule %q is about %d subjects, want one: --subject", rule, len(found))}, "there is: " + strings.Join(subjects, ", ")}
	}
	return found[0], nil
}

// revised adds what late data said since about that time.
func revised(ctx context.Context, j *sqlite.Journal, a *rehearse.Account, at telemetry.Instant) error {
	var last *rules.Transition
	err := j.Transitions(ctx, func(body string) error {
		var t rules.Transition
		if err := json.Unmarshal([]byte(body), &t); err != nil {
			return fmt.Errorf("reading a change of verdict: %w", err)
		}
		if t.Site == a.Site && t.Rule == a.Verdict.Rule && t.Subject == a.Verdict.Subject && t.Late && t.At <= at && at < t.Until && t.Told > at {
			last = &t
		}
		return nil
	})
	if err == nil && last != nil {
		a.Steps = append(a.Steps, rehearse.Step{What: "known now", Lines: []string{
			fmt.Sprintf("%v: late data (record %d, received %s) has revised it", last.To, last.Record, last.Told.In(a.At.Location()).Format(time.DateTime)),
		}})
	}
	return err
}
