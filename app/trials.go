package app

import (
	"context"
	"errors"
	"time"

	"github.com/gerbang-iot/gerbang/ingest/decode"
	"github.com/gerbang-iot/gerbang/telemetry"
	"github.com/gerbang-iot/gerbang/web"
)

// trials read messages that people paste, as the configuration in force would. Each has a decoder of its own, so that nothing that a message
// announces outlives it, and one is read at a time: a guess may cost what thousands of messages do.
type trials struct {
	reload *reloader
	one    chan struct{}
}

var _ web.Trials = (*trials)(nil)

func newTrials(r *reloader) *trials { return &trials{reload: r, one: make(chan struct{}, 1)} }

// trialPatience is how long a trial waits for the one before it.
const trialPatience = 2 * time.Second

// Models are those of the configuration in force.
func (t *trials) Models() []web.ModelName {
	cfg := t.reload.inForce.Load()
	all := make([]web.ModelName, len(cfg.Models))
	for i := range cfg.Models {
		all[i] = web.ModelName{ID: cfg.Models[i].ID, Title: cfg.Models[i].Title}
	}
	return all
}

// Try reads a message.
func (t *trials) Try(ctx context.Context, m web.TrialMessage) (*web.Trial, error) {
	if len(m.Payload) == 0 {
		return nil, &web.TrialError{Key: "empty"}
	}
	ctx, cancel := context.WithTimeout(ctx, trialPatience)
	defer cancel()
	select {
	case t.one <- struct{}{}:
		defer func() { <-t.one }()
	case <-ctx.Done():
		return nil, web.ErrTooMuch
	}
	d, err := NewDecoder(t.reload.inForce.Load(), Surroundings{})
	if err != nil {
		return nil, err
	}
	if m.Model != "" && !d.Knows(m.Model) {
		return nil, &web.TrialError{Key: "model"}
	}
	answers, guessed, err := d.Look(decode.Look{
		Model: m.Model, Topic: m.Topic, Payload: m.Payload, Hex: m.Binary, Port: m.Port, Received: time.Now(), Explain: true,
	})
	switch {
	case errors.Is(err, decode.ErrNotHex):
		return nil, &web.TrialError{Key: "binary"}
	case errors.Is(err, decode.ErrNoModel):
		return nil, &web.TrialError{Key: "nobody"}
	case err != nil:
		return nil, err
	}
	a := &answers[0]
	out := &web.Trial{Model: a.Model, Guesses: guessesOf(guessed), Rejection: a.Rejection, Refused: a.Refused}
	for i := range a.Lines {
		out.Readings = append(out.Readings, trialReading(&a.Lines[i]))
	}
	if a.Trace != nil {
		for _, s := range a.Trace.Steps {
			out.Steps = append(out.Steps, web.TrialStep{Stage: s.Stage, Text: s.Text})
		}
	}
	return out, nil
}

func trialReading(l *decode.Line) web.TrialReading {
	x := web.TrialReading{Device: l.Device, Channel: l.Channel, Value: l.Value, Text: l.Text, Aside: l.Counted != nil && !*l.Counted, Flags: l.Flags}
	for _, q := range telemetry.Quantities() {
		if q.String() == l.Quantity {
			x.Quantity = q
		}
	}
	x.At, _ = time.Parse(time.RFC3339, l.At) // ours
	if l.Task != "" {
		x.Text = l.Task
		if l.Item != "" {
			x.Text += ", " + l.Item
		}
	}
	return x
}

// guessesOf are candidates as pages know them.
func guessesOf(found []decode.Candidate) []web.Guess {
	all := make([]web.Guess, len(found))
	for i, c := range found {
		all[i] = web.Guess{Model: c.Model, Title: c.Title, Address: c.Address, Detail: c.Detail, YAML: c.YAML()}
		for _, q := range c.Quantities {
			all[i].Quantities = append(all[i].Quantities, q.String())
		}
	}
	return all
}
