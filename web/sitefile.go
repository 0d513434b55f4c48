package web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/revise"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// SiteFiles change what is configured of a site, in its file. Besides the errors named here they return those of package revise.
type SiteFiles interface {
	// Devices are those of a site as they are configured and in force.
	Devices(site string) []facility.Device
	// Draft says what changes would make of a site's file. It changes nothing. ErrNoFile: there is none that can be changed.
	Draft(site string, changes []revise.Change) (*SiteDraft, error)
	// Put writes them, brings them into force and makes the entry a record of the site, whose author it is; it fills in what was before and
	// is after. One whose id was used by the same change (see SameChange) is answered with the record of that, and changes nothing; then there
	// is no draft. It does so only if the file is still of the draft's version (empty: whatever it is), else revise.ErrChanged, and if there is no problem, else
	// ErrProblems with the draft; where nothing would change it is ErrSame. See Limits.PutInForce about other errors.
	Put(ctx context.Context, site, version string, changes []revise.Change, e telemetry.Entry) (telemetry.Record, *SiteDraft, error)
}

var (
	// ErrNoFile is what SiteFiles return about a site that is not read from a file, or whose file has problems already.
	ErrNoFile = errors.New("the site has no file that can be changed")
	// ErrProblems is what SiteFiles return about changes after which a site's file would have problems.
	ErrProblems = errors.New("the file would have problems")
	// ErrUsedOtherwise is what Limits and SiteFiles return about an id under which something else was asked for. Nothing is changed.
	ErrUsedOtherwise = errors.New("the id was used for another change")
)

// SameChange reports whether two entries are of the same request for a change of a file. What became of it is not asked.
func SameChange(a, b *telemetry.Entry) bool {
	return a.Kind == b.Kind && a.Author == b.Author && a.Claimed == b.Claimed && a.Reason == b.Reason && a.Asked == b.Asked && a.Asked != ""
}

// askedOf is the hash of what was asked for.
func askedOf(parts ...string) string {
	h := sha256.New()
	for _, part := range parts {
		_, _ = fmt.Fprintf(h, "%d:%s", len(part), part) // cannot fail
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// NotInForceError is why what was written could not come into force.
type NotInForceError struct {
	Err error
	// Back is why the file could not be put back as it was: it now says what is not in force. nil: it is as it was.
	Back error
}

// Error says what was asked for.
func (e *NotInForceError) Error() string {
	text := "bringing the file into force: " + e.Err.Error()
	if e.Back != nil {
		text += "; putting it back: " + e.Back.Error()
	}
	return text
}

// Unwrap is the cause, and why the file is not as it was.
func (e *NotInForceError) Unwrap() []error {
	if e.Back == nil {
		return []error{e.Err}
	}
	return []error{e.Err, e.Back}
}

// NotNotedError is why the entry of a change that is in force could not be made. It is made as soon as it can be, also after a restart.
type NotNotedError struct{ Err error }

// Error says what is missing.
func (e *NotNotedError) Error() string { return "noting a change that is in force: " + e.Err.Error() }

// Unwrap is the cause.
func (e *NotNotedError) Unwrap() error { return e.Err }

// SiteDraft is a site's file as it would be.
type SiteDraft struct {
	File     string        // its path
	Version  string        // of the file as it is
	Diff     []revise.Line // nothing: it is so already
	ReadOnly bool          // it may not be written here
	// Problems are what gerbang check says of it: with one of them it cannot be put in force. Warnings are new ones.
	Problems, Warnings []FileProblem
}

// maxSaid bounds what an entry keeps of a file before and after a change, in runes.
const maxSaid = 2000

// Said are the lines that go and those that come, each as one text.
func (d *SiteDraft) Said() (before, after string) { return saidBy(d.Diff, '-'), saidBy(d.Diff, '+') }

func saidBy(diff []revise.Line, sign byte) string {
	var all []string
	for _, l := range diff {
		if l.Sign == sign {
			all = append(all, strings.TrimSpace(l.Text))
		}
	}
	return cleanText(strings.Join(all, " "), maxSaid)
}

// FileProblem is something that is wrong with a file, at its line (from 1; 0: of the whole) and column.
type FileProblem struct {
	File      string // without its folder
	Line, Col int
	Text      string
}

// String is the problem in a line.
func (p FileProblem) String() string {
	if p.Line == 0 {
		return p.Text
	}
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Col, p.Text)
}
