package web

import (
	"context"
	"errors"

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
	// Put writes them, brings them into force and makes the entry a record of the site, whose author it is. It does so only if the file is
	// still of the draft's version, else revise.ErrChanged, and if there is no problem, else ErrProblems with the draft. Where what is
	// written cannot come into force the file is put back, and the error is a *NotInForceError.
	Put(ctx context.Context, site, version string, changes []revise.Change, e telemetry.Entry) (*SiteDraft, error)
}

var (
	// ErrNoFile is what SiteFiles return about a site that is not read from a file, or whose file has problems already.
	ErrNoFile = errors.New("the site has no file that can be changed")
	// ErrProblems is what SiteFiles return about changes after which a site's file would have problems.
	ErrProblems = errors.New("the file would have problems")
)

// NotInForceError is why what was written could not come into force.
type NotInForceError struct{ Err error }

// Error says what was asked for.
func (e *NotInForceError) Error() string { return "bringing the file into force: " + e.Err.Error() }

// Unwrap is the cause.
func (e *NotInForceError) Unwrap() error { return e.Err }

// SiteDraft is a site's file as it would be.
type SiteDraft struct {
	File    string        // its path
	Version string        // of the file as it is
	Diff    []revise.Line // nothing: it is so already
	// Problems are what gerbang check says of it: with one of them it cannot be put in force. Warnings are new ones.
	Problems, Warnings []FileProblem
}

// FileProblem is something that is wrong with a file, at its line (from 1; 0: of the whole) and column.
type FileProblem struct {
	File      string // without its folder
	Line, Col int
	Text      string
}
