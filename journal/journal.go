// Package journal is the contract of the one durable record of a gateway: messages in their order, verdicts, alerts, what is owed to
// the broker, snapshots, minutes, and how far its readers have come. It says what a journal promises and in which values; it keeps
// nothing. journal/sqlite keeps it in files; journaltest holds whatever implements it to the promises.
//
// Who uses a journal asks for the interface that has what he needs: the loop for a Store, the InfluxDB writer for a Source, retention
// for a Keeper. Only the wiring, and commands about the files themselves, know which implementation it is.
//
// # What every journal promises
//
//   - A batch is one transaction: all of it is there, or nothing, whatever ends the process at whatever step.
//   - What Commit has returned nil for is there after any end of the process, and after a loss of power.
//   - The numbers of records ascend by one. None is given twice: numbers of records that are deleted or lost stay theirs.
//   - What is there reads the same for ever, and in the order of the numbers.
//   - One process writes. A second one is refused, or the first one is at its next commit, before anything of it is stored.
//   - A loss is named by the numbers of the records, never passed over.
//   - Whoever reads, for however long, holds up no commit.
package journal

import "github.com/gerbang-iot/gerbang/accounts"

// Journal is all that a running gateway asks of a journal. Nobody but the wiring needs the whole.
//
// Commit, Prepare and Head are for one goroutine; everything else is safe for concurrent use, also beside a commit. Methods with a context end
// soon after it, with its error; a Commit that has begun to store may end as it would have.
type Journal interface {
	Store
	Outbox
	Queries
	AlertLog
	Periods
	Histories
	Hours
	Refusals
	Keeper
	Verifier
	Streams
	accounts.Store
	// Head is the last element of each stream, as committed. It is for the goroutine that commits.
	Head() Position
	// Close releases the journal, for another process to open. It may be called twice.
	Close() error
}
