package decode

import (
	"errors"
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/ingest/decode/reading"
	"github.com/gerbang-iot/gerbang/ingest/decode/strangers"
)

var (
	// ErrNotHex is what Look returns about a message that is said to be hexadecimal and is not.
	ErrNotHex = errors.New("the message is not hexadecimal: want an even number of the digits 0-9 and a-f")
	// ErrNoModel is what Look returns about messages that no model is known to read.
	ErrNoModel = errors.New("no model is known to read this message")
)

// Look is a message that a person has, as text or as it is, and wants to know the meaning of.
type Look struct {
	Model    string // id or alias; empty: that of the device, where it is configured, else the likeliest
	Topic    string // may be empty
	Payload  []byte // of a LoRaWAN model, a network server's message, or a bare frame in hexadecimal or base64
	Hex      bool   // Payload is binary, written in hexadecimal or base64
	Port     uint8  // LoRaWAN port of a bare frame; 0: not known
	Retained bool
	Received time.Time
	Explain  bool
}

// Look reads messages that belong together, in order, by one model: whoever looks has them, so nothing of them is hidden. The candidates
// are the models among which the first was guessed; none: it was named, or is that of the device.
func (d *Decoder) Look(messages ...Look) ([]Answer, []strangers.Candidate, error) {
	queries, ways := make([]reading.Query, len(messages)), make([][]reading.Query, len(messages))
	for i := range messages {
		var err error
		if queries[i], err = d.query(&messages[i]); err != nil {
			return nil, nil, &LookError{i, err}
		}
		ways[i] = messages[i].ways(queries[i])
		if queries[i].Model == "" {
			queries[i].Model = d.Configured(queries[i])
		}
	}
	var guessed []strangers.Candidate
	if slices.ContainsFunc(queries, func(q reading.Query) bool { return q.Model == "" }) {
		if guessed, queries = d.RecogniseAll(ways); len(guessed) == 0 {
			return nil, nil, ErrNoModel
		}
		for i := range queries {
			queries[i].Model = guessed[0].Model
		}
	}
	answers := make([]Answer, len(queries))
	for i := range queries {
		answers[i] = d.One(queries[i])
	}
	return answers, guessed, nil
}

// LookError says which of the messages is wrong, from 0.
type LookError struct {
	Message int
	Err     error
}

// Error is what is wrong with it.
func (e *LookError) Error() string { return e.Err.Error() }

// Unwrap is the same.
func (e *LookError) Unwrap() error { return e.Err }

// query is the message as a decoder takes it.
func (d *Decoder) query(l *Look) (reading.Query, error) {
	q := reading.Query{
		Model: l.Model, Topic: l.Topic, Payload: l.Payload, Received: l.Received, Retained: l.Retained, Open: true, Explain: l.Explain, Port: l.Port,
	}
	raw, err := ParseFrame(l.Payload)
	switch {
	case err == nil && len(raw) > 0 && d.Frames(l.Model):
		q.Payload, q.Frame = raw, true
	case err == nil && len(raw) > 0 && l.Hex:
		q.Payload = raw
	case l.Hex:
		return q, ErrNotHex
	}
	return q, nil
}

// ways are the ways to take a message whose model nobody named: as it is, and as the text of a frame.
func (l *Look) ways(q reading.Query) []reading.Query {
	frame := q
	var err error
	if frame.Payload, err = ParseFrame(l.Payload); err != nil || len(frame.Payload) == 0 {
		return []reading.Query{q}
	}
	frame.Frame = true
	if l.Topic == "" {
		return []reading.Query{frame, q} // a number is more often a frame than a value that came from nowhere
	}
	return []reading.Query{q, frame}
}
