package journal

import (
	"context"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Files is what a journal can do that lies in files of this machine.
type Files interface {
	// Look fails with ErrGone if the files of the journal are not there, or not those that were opened. It asks the file system only.
	Look() error
	// Rescue copies a journal whose files were deleted, moved or replaced: they can be read for as long as this process has them open,
	// and no longer. The copy lies beside them.
	Rescue(ctx context.Context) (*Copy, error)
}

// Copy is what a copy of a journal holds, as found by opening it.
type Copy struct {
	Path  string
	Bytes int64
	// First and Last are the records that it has, LastReceived when the last one came.
	First, Last  uint64
	LastReceived telemetry.Instant
	// Older is set for one that an older version wrote: its checksums, if it has any, are not compared.
	Older    bool
	Verified Verification
	// Unknown is the damage among it that the journal had not noted yet.
	Unknown []Finding
}

// Restored is what putting a copy in place did.
type Restored struct {
	Copy
	// Lost is the last record that was on disk after the copy was made: those behind Last up to it are lost. 0: none is known.
	Lost uint64
	// Kept is the suffix of the files that were there before; empty: there were none.
	Kept string
	// Ended are the sessions, tokens and one-time links of accounts in the copy that were ended: which of them had been ended since it was made
	// nobody knows.
	Ended int
}
