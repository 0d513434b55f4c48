package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/journal"
)

// journalReport is what a check of the journal says to a script. Its names stay.
type journalReport struct {
	OK    bool           `json:"ok"`    // nothing is found that nobody has accepted
	Found []journalFound `json:"found"` // what is not as it was written, accepted or not
	// Chained are the first and the last record with a checksum, and how many of them are kept and were compared.
	Chained struct {
		First   uint64 `json:"first"`
		Last    uint64 `json:"last"`
		Records int64  `json:"records"`
	} `json:"chained"`
	Counters *journal.Counters `json:"counters"` // of messages; null: they could not be read
	Notes    []string          `json:"notes"`    // what was looked at, in words
}

type journalFound struct {
	Text string `json:"text"` // in words
	// First, Last and What (lost, changed, unreadable) name records; they are missing where it is about something else.
	First    uint64           `json:"first,omitempty"`
	Last     uint64           `json:"last,omitempty"`
	What     journal.Damage   `json:"what,omitempty"`
	Accepted *journalAccepted `json:"accepted,omitempty"` // missing: by nobody
}

type journalAccepted struct {
	By  string    `json:"by"`
	Why string    `json:"why"`
	At  time.Time `json:"at"`
}

// checkJournalJSON does what checkJournal does, and prints one JSON object.
func checkJournalJSON(ctx context.Context, w io.Writer, j audited, outside [][]byte) error {
	var notes bytes.Buffer
	report := printer{w: &notes}
	var wrong complaints
	x, err := examine(ctx, &report, j, outside, &wrong)
	if err != nil {
		return err
	}
	accepted, err := j.Accepted(ctx)
	if err != nil {
		return err
	}
	r := journalReport{OK: true, Found: []journalFound{}, Notes: strings.FieldsFunc(notes.String(), func(c rune) bool { return c == '\n' })}
	r.Chained.First, r.Chained.Last, r.Chained.Records = x.Chain.Begins, x.Chain.Last, x.Chain.Records
	if x.State != nil {
		r.Counters = &x.State.Counters
	}
	for _, one := range wrong.all {
		found := journalFound{Text: one.text, First: one.of.First, Last: one.of.Last, What: one.of.What}
		if a := accepted.Of(one.text, one.of); a != nil {
			found.Accepted = &journalAccepted{a.By, a.Why, a.At.Time().UTC()}
		} else {
			r.OK = false
		}
		r.Found = append(r.Found, found)
	}
	if err := json.NewEncoder(w).Encode(&r); err != nil {
		return fmt.Errorf("writing what was found: %w", err)
	}
	if !r.OK {
		return &exitError{code: 1}
	}
	return nil
}
