package web

import (
	"context"
	"errors"
	"strings"

	"github.com/gerbang-iot/gerbang/revise"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Limits are the numbers by which a site is judged, and how one is changed in the site's files.
type Limits interface {
	// Limits lists the numbers of a site as its files say them now.
	Limits(ctx context.Context, site string) ([]Limit, error)
	// Draft says what a change would be. It changes nothing.
	Draft(ctx context.Context, site string, c LimitChange) (LimitDraft, error)
	// PutInForce writes a change into its file, brings it into force as from the author of the entry, makes the entry a record of the site
	// and returns it; it fills in what was before and is after. An id that was used by the same change (see SameChange) is answered with the
	// record of that and changes nothing, by another one is refused: ErrUsedOtherwise. After an error what was in force still is, and the file
	// is as it was; but after a *NotInForceError with Back the file says what is not in force, and after a *NotNotedError it is in force.
	PutInForce(ctx context.Context, site string, c LimitChange, e telemetry.Entry) (telemetry.Record, error)
}

// The errors of Limits; ErrNotFound: there is no such site, or no such number of it. Beside these there are *LimitMistakes and *FilesDiffer.
var (
	ErrNoFiles   = errors.New("the configuration is built into the program")
	ErrFixed     = errors.New("the number is not that of the site alone")
	ErrMeanwhile = errors.New("the file was changed since it was looked at")
	ErrSame      = errors.New("nothing would change")
	ErrReadOnly  = errors.New("the file may not be written")
	ErrNeeded    = errors.New("the number cannot be left out")
)

// LimitAmbiguous says that a number as it was typed can be read in two ways, and how to write either, with a decimal point.
type LimitAmbiguous struct{ Typed, Large, Small string }

func (a *LimitAmbiguous) Error() string {
	return a.Typed + " can be read in two ways: write " + a.Large + " or " + a.Small
}

// LimitMistakes are what is wrong with the files, or would be with a change: lines as gerbang check prints them.
type LimitMistakes struct{ Problems []string }

func (m *LimitMistakes) Error() string { return strings.Join(m.Problems, "\n") }

// FilesDiffer says that files are other than what is in force: somebody has changed them, and they were not reloaded.
type FilesDiffer struct{ Files []string }

func (d *FilesDiffer) Error() string {
	return "files that are not in force yet: " + strings.Join(d.Files, ", ")
}

// Limit is a number by which a site is judged.
type Limit struct {
	ID            string // tells it apart from the others of the site
	Part, Of, Key string // of what it is ("site", "zone", "rule", "level"), the id of that, and what number of it
	Name          map[string]string
	Kind          string // of the rule
	Value, Unit   string // Value is written with its unit; empty: it is not said
	File          string
	Line          int
	Protocol      string            // id of the protocol whose file says it; empty: the site's own does
	Title         map[string]string // of the protocol
	Shared        []string          // other sites with the protocol
	Fixed         string            // why it cannot be changed here: built_in, shared, written, large; empty: it can
	Version       string            // of the file that is in force
	Differs       bool              // the file on disk is another one
	ReadOnly      bool              // the file may not be written
}

// LimitChange is a number that is to be another.
type LimitChange struct {
	Limit   string // ID
	Value   string // as a person types it; empty: it is not said any more
	Version string // of the file that the person saw; empty: any
}

// LimitDraft is what a change would be.
type LimitDraft struct {
	Limit Limit  // as it is
	After string // its value then
	Diff  []revise.Line
	// Warnings are what gerbang check then warns of and does not now.
	Warnings []string
	Version  string // of the file before
	ReadOnly bool   // the file may not be written
	// Try begins to judge the site's last week by it, as Rehearsals.Rehearse does; nil: nobody can tell.
	Try func() (Rehearsal, error)
}
