package journal

import (
	"fmt"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Acceptance is something that was found in the journal, and accepted by a person.
type Acceptance struct {
	// Text is what was found, in the words of the check.
	Text string
	// Finding is what was found of records; its zero value: it is about something else.
	Finding
	By, Why string
	At      telemetry.Instant
}

func (a *Acceptance) String() string {
	return fmt.Sprintf("%s (accepted on %s by %s: %s)", a.Text, a.At.Time().UTC().Format(time.DateOnly), a.By, a.Why)
}

// Acceptances are all that were accepted.
type Acceptances []Acceptance

// Of finds the acceptance of something by its words, or, of damage to records, one that speaks of them all; nil: it is new.
func (all Acceptances) Of(text string, f Finding) *Acceptance {
	for i := range all {
		a := &all[i]
		if a.Text == text || f.What != "" && a.What == f.What && a.First <= f.First && f.Last <= a.Last {
			return a
		}
	}
	return nil
}
