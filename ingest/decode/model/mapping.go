package model

import (
	"time"

	"github.com/gerbang-iot/gerbang/ingest/decode/document"
	"github.com/gerbang-iot/gerbang/ingest/decode/pattern"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Notation is what the format of a model says about all of its models.
type Notation struct {
	// Topics are the patterns of a model that names none.
	Topics []string
	// Addressed: the envelope names the device. alone: the format finds readings by itself, without a mapping.
	Addressed, Alone bool
	// Only is the id of the one model that the format has; empty: it has any number. Its check is then all there is.
	Only string
	// Check checks what only models of the format have, and makes it ready; nil: nothing.
	Check func(c *Compiler) any
}

// Mapping is a Model made ready: everything parsed and checked.
type Mapping struct {
	Model
	notation Notation
	// Prepared is what the format's check has made.
	Prepared any
	Patterns []pattern.Pattern
	// captures: some pattern names levels.
	captures bool
	Quiets   []pattern.Pattern
	// topics finds which of patterns and silent a topic fits.
	topics pattern.Tree[Known]
	// Addresses lead to the device in the payload, each in its own way. None: topic or envelope name it.
	Addresses  []address
	Filter     document.Filter
	Noise      bool // the model ignores text that is no JSON by how it begins
	Timing     *Timing
	SequenceAt document.Path
	BootAt     document.Path
	Reads      []ReadField
	EachAt     document.Path // elements; no text: none
	EachDevice []address
	EachWhen   document.Filter
	EachTime   *Timing
	EachApart  bool
	EachReads  []ReadField
	PastAt     document.Path // history items; no text: none
	PastTime   *Timing
	PastReads  []ReadField
	Forms      []Count         // of the ways in Prefer
	Words      map[string]bool // lower-case names of members that are read: times in them are no personal ones
	Asides     map[place]bool  // what is only shown
}

// Known is a pattern of a model, and whether nobody measures on its topics.
type Known struct {
	pattern pattern.Pattern
	silent  bool
}

// address is a way to name a device: the values of some paths, joined by /.
type address struct {
	parts []document.Path
	// behind is a sign up to whose last place a value is dropped; 0: none.
	behind byte
}

// place is where a reading stands among those of its message.
type place struct {
	quantity telemetry.Quantity
	channel  string
}

// Timing is Time made ready.
type Timing struct {
	Paths     []document.Path // in turn
	Formats   []string
	Zone      *time.Location // nil: the site's
	ZonePath  document.Path
	WallClock bool
}
