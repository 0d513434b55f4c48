package sqlite

import (
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/gerbang-iot/gerbang/journal"
)

// undone says what a failed COMMIT has left. SQLite shows nothing of a transaction whose COMMIT failed, and where it has rolled
// back by itself (no room, a write that failed, a file system that was made read-only) ROLLBACK finds nothing to do and says so:
// that is no doubt. The same batch is written over the same place when it is tried again.
//
// The one thing that cannot be known is what a failed fsync has left: the system may have dropped what it could not write, and
// says so once.
func (w *writer) undone(err error) error {
	_ = w.rollback.exec()
	return classify("committing", err)
}

// unsynced reports a failed fsync.
func unsynced(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && (e.Code() == sqlite3.SQLITE_IOERR_FSYNC || e.Code() == sqlite3.SQLITE_IOERR_DIR_FSYNC)
}

// codeOf is SQLite's primary result code; 0 if err is none of SQLite's.
func codeOf(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code() & 0xff
	}
	return 0
}

func classify(doing string, err error) error {
	switch {
	case unsynced(err):
		return fmt.Errorf("%s: %w: %w", doing, journal.ErrOutcomeUnknown, err)
	case codeOf(err) == sqlite3.SQLITE_FULL:
		return fmt.Errorf("%s: %w: %w", doing, journal.ErrFull, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}
