package journal

import (
	"context"
	"fmt"
	"strings"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Verifier knows what is damaged. What was lost or changed by hands, bits or disks is told by the numbers of the records.
type Verifier interface {
	// Verify looks at the records behind one (0: from the first one that is kept) up to the last, and names those that are not what was
	// committed. pause is called between two steps of some thousand records; it may be nil. Nothing of the journal is held meanwhile.
	Verify(ctx context.Context, after uint64, pause func()) (*Verification, error)
	// Note keeps findings in the journal, each once.
	Note(ctx context.Context, found []Finding) error
	// Damage lists what is noted, and what was found missing when the journal was opened, by record.
	Damage(ctx context.Context) ([]Noted, error)
	// Accepted lists what a person has looked at and accepted.
	Accepted(ctx context.Context) (Acceptances, error)
}

// Verification is what a comparison of the records with what was committed has found.
type Verification struct {
	// Begins is the first record that can be compared, Last the last record that is there or was committed.
	Begins, Last uint64
	// Records is how many were compared.
	Records  int64
	Findings []Finding
}

// Damage is what happened to records.
type Damage string

// The kinds of damage.
const (
	Lost       Damage = "lost"       // they were committed and are not there
	Changed    Damage = "changed"    // they are not what was committed
	Unreadable Damage = "unreadable" // they are there, and cannot be read; they count as rejections
)

// Finding is damage to the records First to Last.
type Finding struct {
	First, Last uint64
	What        Damage
}

func (f Finding) String() string {
	if f.First == f.Last {
		return fmt.Sprintf("record %d is %s", f.First, f.What)
	}
	return fmt.Sprintf("records %d to %d are %s", f.First, f.Last, f.What)
}

// Noted is damage with the time when it was found.
type Noted struct {
	Finding
	Noticed telemetry.Instant
}

// mostTold is how many findings a sentence names.
const mostTold = 5

// Sentence says findings in one line.
func Sentence(found []Finding) string {
	var told []string
	for i, f := range found {
		if i == mostTold {
			told = append(told, fmt.Sprintf("and %d more", len(found)-i))
			break
		}
		told = append(told, f.String())
	}
	return strings.Join(told, ", ")
}
