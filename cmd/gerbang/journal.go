package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/gerbang-iot/gerbang/gateway"
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
	return group("journal", "About the durable record", check, repairClockCommand(std))
}

// checkJournal fails at the first difference between the recorded history and a replay. What another version of the engine
// judged is counted and not compared: only that version could judge it again.
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
	recorded := readHistory(ctx, j)
	defer recorded.stop()
	r := recomputation{stopped: st.Stopped, journal: j, history: recorded, engines: map[string]*rules.Engine{}, last: map[subjectOf]rules.Transition{}}
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
		return r.record(ctx, rec)
	})
	if err != nil && !errors.Is(err, errEnough) {
		return err
	}
	if _, err = fmt.Fprintf(w, "%d records, %d sites, %d changes of verdict: all as recorded\n", last, len(r.sites), r.same); err != nil {
		return err
	}
	if r.waiting > 0 {
		if _, err = fmt.Fprintf(w, "%d records are not judged yet: their sites have stopped\n", r.waiting); err != nil {
			return err
		}
	}
	if r.foreign > 0 {
		if _, err = fmt.Fprintf(w, "%d changes of verdict by another version of the engine: recorded, not recomputable here\n", r.foreign); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(w, "received %d = stored %d + duplicate %d + rejected %d + ignored %d\n", c.Received, c.Stored, c.Duplicate, c.Rejected, c.Ignored)
	return err
}

// subjectOf tells verdicts apart.
type subjectOf struct {
	site, rule string
	subject    rules.Subject
}

// recomputation judges a journal's records again.
type recomputation struct {
	journal *journal.Journal
	history *history
	engines map[string]*rules.Engine // of this version, by site
	last    map[subjectOf]rules.Transition
	sites   map[string]bool
	out     rules.Output
	stopped map[string]uint64 // sites that are not judged, from a record on
	// same are changes of verdict that came out again, foreign those of another version of the engine.
	// waiting are records that are not judged yet: their site has stopped.
	same, foreign, waiting int
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
	if rec.Kind == telemetry.KindRejection {
		return nil // it is never judged
	}
	if from := r.stopped[rec.Site]; from != 0 && rec.Seq >= from {
		r.waiting++
		return nil
	}
	engine := r.engines[rec.Site]
	r.out.Reset()
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
			case old.Kind == telemetry.KindRejection:
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

func readHistory(ctx context.Context, j *journal.Journal) *history {
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
