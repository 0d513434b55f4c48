package journal

import (
	"errors"
	"fmt"
)

// ErrOutcomeUnknown says that a commit may or may not be on disk (a failed fsync, a connection that broke behind the word to commit):
// nothing can be promised any more by this process, and only recovery can find out.
var ErrOutcomeUnknown = errors.New("the outcome of a commit is unknown")

// ErrFull says that the disk is full. Nothing of the batch is stored.
var ErrFull = errors.New("the disk is full")

// ErrGone says that the journal is not where it was, or is not the one that it was: what would be acknowledged now would be in
// no journal. Nothing of the batch is stored.
var ErrGone = errors.New("the journal is gone")

// ErrNoJournal says that there was a journal that is not there now, when it was opened. It is an ErrGone.
var ErrNoJournal = fmt.Errorf("%w: restore a backup (gerbang restore) or begin anew (gerbang serve --new)", ErrGone)

// ErrInUse says that another process works on the journal. Opening fails with it; or, where the one that opens last takes over, the next
// commit of the one before does: nothing of that batch is stored, and this process must end.
var ErrInUse = errors.New("the data directory is in use by another gerbang")

// ErrNewer says that a newer version of gerbang has written the journal.
var ErrNewer = errors.New("the journal was written by a newer version of gerbang")

// ErrOlder says that an older version of gerbang has written the journal, and no newer one has opened it yet.
var ErrOlder = errors.New("the journal was written by an older version of gerbang")

// ErrExists says that a backup or restore would overwrite something.
var ErrExists = errors.New("there is something already")

// Fatal reports whether a commit has failed in a way that ends the process: a later one could promise nothing.
func Fatal(err error) bool { return errors.Is(err, ErrOutcomeUnknown) || errors.Is(err, ErrInUse) }
