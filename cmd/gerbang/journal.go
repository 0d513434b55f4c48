package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gerbang-iot/gerbang/gateway"
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

func journalCommand(std streams) *cobra.Command {
	var folder dataFolder
	var asJSON bool
	var checkpoints []string
	check := &cobra.Command{
		Use:   "check",
		Short: "Compare the journal with its checksums, and all that was derived from it",
		Long: `Check follows the chain of checksums from the first record that is kept, up to the anchor beside the database. It reads the
journal from its first record, judges everything again, and compares what comes out with what was recorded: changes of verdict byte
for byte, samples, flows, alerts and minutes. It compares each transparency log with the rows that its entries speak of, and with the checkpoints
that you give it: an old copy that was put back, or a log that was made anew, is told by one from before. It also checks that received = stored + duplicate + rejected + ignored. Where
retention has deleted records nothing can be judged again; the rest is compared. All that is wrong is listed, and the exit code is 1,
unless all of it was accepted (gerbang journal accept). It may run beside the gateway.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			outside, err := readCheckpoints(checkpoints)
			if err != nil {
				return err
			}
			j, err := folder.reader(cmd.Context(), std)
			if err != nil {
				return err
			}
			defer func() { _ = j.Close() }()
			if asJSON {
				return checkJournalJSON(cmd.Context(), std.out, j, outside)
			}
			return checkJournal(cmd.Context(), std.out, j, outside)
		},
	}
	folder.flags(check)
	check.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	check.Flags().StringArrayVar(&checkpoints, "checkpoint", nil, "file with a checkpoint of a site's transparency log from another day or place; may be given more than once")
	return group("journal", "About the durable record", check, journalAcceptCommand(std), repairClockCommand(std))
}

// subjectOf tells verdicts apart.
type subjectOf struct {
	site, rule string
	subject    rules.Subject
}

// recomputation judges a journal's records again.
type recomputation struct {
	journal journal.Auditor
	history *history
	engines map[string]*rules.Engine // of this version, by site
	last    map[subjectOf]rules.Transition
	sites   map[string]bool
	out     rules.Output
	stopped map[string]uint64 // sites that are not judged, from a record on
	// same are changes of verdict that came out again, foreign those of another version of the engine.
	// waiting are records that are not judged yet: their site has stopped.
	same, foreign, waiting int
	derived                derived
}

func (r *recomputation) record(ctx context.Context, rec *telemetry.Record) error {
	if r.sites == nil {
		r.sites = map[string]bool{}
	}
	if rec.Kind == telemetry.KindConfiguration {
		r.sites[rec.Site] = true
	}
	if rec.Kind == telemetry.KindEngine {
		if err := r.change(ctx, rec); err != nil {
			return err
		}
	}
	if !rec.Judged() {
		return r.unjudged(rec.Seq)
	}
	if from := r.stopped[rec.Site]; from != 0 && rec.Seq >= from {
		r.waiting++
		return r.unjudged(rec.Seq)
	}
	engine := r.engines[rec.Site]
	r.out.Reset()
	r.derived.before(rec)
	if engine != nil {
		if err := engine.Apply(rec, &r.out); err != nil {
			return fmt.Errorf("record %d: %w", rec.Seq, err)
		}
		if rec.Kind == telemetry.KindEngine {
			var recorded []rules.Transition
			for key, t := range r.last {
				if key.site == rec.Site {
					recorded = append(recorded, t)
				}
			}
			r.out.Transitions = gateway.News(r.out.Transitions, recorded)
		}
	}
	if err := r.derived.after(rec, &r.out, engine != nil); err != nil {
		return err
	}
	for i := 0; ; i++ {
		was, body, err := r.history.of(rec.Seq)
		if err != nil {
			return err
		}
		if was != nil && !was.Late {
			r.last[subjectOf{was.Site, was.Rule, was.Subject}] = *was
		}
		switch {
		case engine == nil && was == nil:
			return nil
		case engine == nil:
			r.foreign++
			continue
		}
		again := ""
		if i < len(r.out.Transitions) {
			b, err := json.Marshal(&r.out.Transitions[i])
			if err != nil {
				return fmt.Errorf("encoding a transition: %w", err)
			}
			again = string(b)
		}
		if again != body {
			return fmt.Errorf("record %d: the history says\n  %s\na replay says\n  %s", rec.Seq, orNothing(body), orNothing(again))
		}
		if was == nil {
			return nil
		}
		r.same++
	}
}

// unjudged wants no change of verdict of a record.
func (r *recomputation) unjudged(seq uint64) error {
	was, body, err := r.history.of(seq)
	if err == nil && was != nil {
		err = fmt.Errorf("record %d is not judged, and the history says\n  %s", seq, body)
	}
	return err
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}

// change puts another engine before a site: ours, made as the record says, or none where it is of another version.
func (r *recomputation) change(ctx context.Context, rec *telemetry.Record) error {
	delete(r.engines, rec.Site)
	if rec.Engine.Version != rules.EngineVersion {
		return nil
	}
	engine := rules.New(rec.Site)
	var discard rules.Output
	apply := func(rec *telemetry.Record) error {
		discard.Reset()
		return engine.Apply(rec, &discard)
	}
	if err := gateway.Standing(ctx, r.journal, rec.Site, *rec.Engine, apply); err != nil {
		return err
	}
	if rec.Engine.After+1 < rec.Seq {
		err := r.journal.Replay(ctx, rec.Site, rec.Engine.After, func(old *telemetry.Record) error {
			switch {
			case old.Seq >= rec.Seq:
				return errEnough
			case !old.Judged():
				return nil
			}
			return apply(old)
		})
		if err != nil && !errors.Is(err, errEnough) {
			return err
		}
	}
	r.engines[rec.Site] = engine
	return nil
}

var errEnough = errors.New("enough")

// history is the recorded changes of verdict, read one by one.
type history struct {
	found chan string
	next  *rules.Transition
	body  string
	stop  func()
}

func readHistory(ctx context.Context, j journal.Auditor) *history {
	ctx, cancel := context.WithCancel(ctx)
	h := &history{found: make(chan string, 64)}
	go func() {
		defer close(h.found)
		_ = j.Transitions(ctx, func(body string) error { // a broken history shows as one that ends too early
			select {
			case h.found <- body:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}()
	h.stop = func() {
		cancel()
		for range h.found { // until the reader has ended
		}
	}
	return h
}

// rest gives a change of none of the records up to the last; empty: there is none.
func (h *history) rest(last uint64) string {
	if h.next != nil {
		return h.body
	}
	body, ok := <-h.found
	var t rules.Transition
	if !ok || json.Unmarshal([]byte(body), &t) == nil && t.Record <= last {
		return body
	}
	return "" // of a gateway that goes on meanwhile
}

// of gives the next change that a record caused; nil: there is none.
func (h *history) of(record uint64) (*rules.Transition, string, error) {
	if h.next == nil {
		body, ok := <-h.found
		if !ok {
			return nil, "", nil
		}
		h.next, h.body = new(rules.Transition), body
		if err := json.Unmarshal([]byte(body), h.next); err != nil {
			return nil, "", fmt.Errorf("reading the history: %w", err)
		}
	}
	switch {
	case h.next.Record > record:
		return nil, "", nil
	case h.next.Record < record:
		return nil, "", fmt.Errorf("the history has a change of verdict of record %d where those of record %d belong:\n  %s", h.next.Record, record, h.body)
	}
	t := h.next
	h.next = nil
	return t, h.body, nil
}
