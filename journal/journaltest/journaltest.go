// Package journaltest is the conformance suite of journals: whatever implements journal.Journal keeps the promises of the contract if Run
// passes. It knows nothing of how a journal keeps what it keeps; the implementation's test gives it a Harness that can open, kill and
// hurt one.
package journaltest

import (
	"context"
	"testing"

	"github.com/gerbang-iot/gerbang/journal"
)

// Harness is one journal, empty at first, that the suite may use as processes do.
type Harness interface {
	// Open opens the journal as a process that starts, and makes it the first time. State gives back window identities. What it opens is
	// closed at the end of the test at the latest, also where the suite has closed it already.
	Open(t testing.TB, window int) (journal.Journal, error)
	// Crash is the journal as it would be found if every process that has it open were killed now. Whoever still has this one open may go on
	// with it or close it: that changes nothing of what is found.
	Crash(t testing.TB) Harness
}

// What a Harness can do beside that is optional: the checks that need it are skipped where it cannot.
type (
	// Interrupter kills in the middle of a commit.
	Interrupter interface {
		// Interrupt calls commit, which commits once, and gives the journals that would be found if the process were killed meanwhile: the
		// first as it was before, the last as it is when the commit has returned, and between them one for each step of it.
		Interrupt(t testing.TB, commit func()) []Harness
	}
	// Filler takes away the room.
	Filler interface {
		// Fill lets no commit of some hundred kilobytes find room from now on, Free lets it again.
		Fill(t testing.TB, j journal.Journal)
		Free(t testing.TB, j journal.Journal)
	}
	// Doubter lets nobody know how a commit ended.
	Doubter interface {
		// Doubt lets the outcome of the next commit be unknown; stored says what it is.
		Doubt(t testing.TB, j journal.Journal, stored bool)
	}
	// Damager does what hands and broken disks do. Nobody has the journal open.
	Damager interface {
		// Lose takes records away without a word, Change makes one another.
		Lose(t testing.TB, first, last uint64)
		Change(t testing.TB, seq uint64)
	}
	// SecondReader reads from another process, for example for a command.
	SecondReader interface {
		OpenReader(ctx context.Context) (journal.Recovery, func() error, error)
	}
)

// check is one promise.
type check struct {
	name string
	// needs reports whether a harness can do what the check asks for, or is nil.
	needs func(Harness) bool
	run   func(t testing.TB, h Harness)
}

func can[T any](h Harness) bool {
	_, ok := h.(T)
	return ok
}

// checks are all of them; each begins with an empty journal.
var checks = []check{
	{"what was committed survives a crash", nil, survivesCrash},
	{"what was committed survives an orderly end", nil, survivesClose},
	{"every kind of record comes back as it was", nil, everyKind},
	{"a batch is one whole", nil, batchIsWhole},
	{"records come in the order of their numbers", nil, ordered},
	{"the streams come in order, from any place", nil, streamsOrdered},
	{"numbers have no holes, and none is given twice", nil, numbered},
	{"a batch that is refused leaves nothing", nil, refusedLeavesNothing},
	{"what is prepared promises nothing", nil, prepared},
	{"identities of the newest records are known", nil, identities},
	{"what comes twice is kept once", nil, keptOnce},
	{"the newest snapshot of each site is kept", nil, snapshots},
	{"the cursor stays where it was moved", nil, cursor},
	{"refused points are kept until they are stored", nil, refusedPoints},
	{"accounts are kept, and replaced one by one", nil, keptAccounts},
	{"retention deletes what is old and not needed", nil, retention},
	{"retention waits for the cursor", nil, retentionWaits},
	{"rejections are bounded", nil, rejectionsBounded},
	{"a start reads what stands", nil, recovery},
	{"pages find what they ask for", nil, queries},
	{"single alerts are found with what happened to them", nil, alertLog},
	{"periods are found by receipt", nil, periods},
	{"verdicts are found by period and knowledge", nil, histories},
	{"one process writes", nil, oneWriter},
	{"what is closed takes nothing", nil, closedTakesNothing},
	{"a caller that gives up is let go", nil, cancelled},
	{"whoever reads holds up nobody", nil, readersHoldUpNobody},
	{"readers see whole batches while others are committed", nil, concurrentReaders},
	{"a second process reads beside the first", can[SecondReader], secondReader},
	{"a kill at any step leaves all of a batch or nothing", can[Interrupter], interrupted},
	{"no room is told, and passes", can[Filler], full},
	{"an unknown outcome is told, and found out", can[Doubter], doubt},
	{"a loss is named", can[Damager], loss},
	{"a loss at the end is named, and its numbers stay taken", can[Damager], lossAtTheEnd},
	{"a changed record is named", can[Damager], changed},
}

// Run holds an implementation to the contract. fresh makes a harness of a new, empty journal.
func Run(t *testing.T, fresh func(t testing.TB) Harness) {
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			h := fresh(t)
			if c.needs != nil && !c.needs(h) {
				t.Skip("the harness of this journal cannot do that")
			}
			c.run(t, h)
		})
	}
}
