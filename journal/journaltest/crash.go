package journaltest

import (
	"errors"
	"testing"

	"github.com/gerbang-iot/gerbang/journal"
)

// interrupted kills at each step of a commit: all of the batch is there or nothing, and the same batch, or the next one, is taken.
func interrupted(t testing.TB, h Harness) {
	j, f := open(t, h), newFeed()
	f.commit(t, j, 30)
	before := f.content.clone()
	b := f.batch(40)
	left := h.(Interrupter).Interrupt(t, func() { commit(t, j, b) })
	f.took(b)
	if len(left) < 2 {
		t.Fatalf("%d journals are left, want those before and after the commit at least", len(left))
	}
	stored := 0
	for i, h := range left {
		j := open(t, h)
		got := read(t, j)
		was, is := got.differs(before, j), got.differs(f.content, j)
		switch {
		case was != "" && is != "":
			t.Fatalf("killed at step %d of %d: neither what was there before,\n%s\nnor what was committed,\n%s", i, len(left)-1, was, is)
		case is != "" && i == len(left)-1:
			t.Fatalf("what Commit has returned for is not there:\n%s", is)
		case is == "" && i == 0:
			t.Fatal("the batch is there before it was committed")
		case is != "" && stored > 0:
			t.Fatalf("killed at step %d of %d nothing is there, and at an earlier step the batch was", i, len(left)-1)
		case is != "":
			commit(t, j, b) // the gateway does it again
		default:
			stored++
		}
		has(t, "when it goes on", j, f.content)
		intact(t, "when it goes on", j)
		closed(t, j)
	}
}

// full wants a full disk told as such, as often as it is tried, and the same batch to be stored once when there is room.
func full(t testing.TB, h Harness) {
	disk := h.(Filler)
	j, f := open(t, h), newFeed()
	f.commit(t, j, 30)
	for range 2 {
		disk.Fill(t, j)
		b := f.batch(1500)
		for range 3 {
			if err := j.Commit(t.Context(), b); !errors.Is(err, journal.ErrFull) || journal.Fatal(err) {
				t.Fatalf("committing without room: got %v, want ErrFull", err)
			}
		}
		has(t, "without room", j, f.content)
		if held := j.Held(); held != nil {
			t.Errorf("a journal that was open is held: %v", held)
		}
		disk.Free(t, j)
		commit(t, j, b)
		f.took(b)
		has(t, "with room", j, f.content)
	}
	has(t, "after a crash", open(t, h.Crash(t)), f.content)
}

// doubt wants an unknown outcome to be fatal, and to be found out by the one who recovers.
func doubt(t testing.TB, h Harness) {
	f := newFeed()
	for _, stored := range []bool{false, true} {
		j := open(t, h)
		f.commit(t, j, 10)
		b := f.batch(6)
		h.(Doubter).Doubt(t, j, stored)
		if err := j.Commit(t.Context(), b); !errors.Is(err, journal.ErrOutcomeUnknown) || !journal.Fatal(err) {
			t.Fatalf("a commit of unknown outcome: got %v, want ErrOutcomeUnknown", err)
		}
		h = h.Crash(t)
		j = open(t, h)
		switch last := state(t, j).LastSeq; {
		case last == f.next-1:
			commit(t, j, b)
		case last != b.Records[len(b.Records)-1].Seq:
			t.Fatalf("the last record is %d: a part of the batch is there", last)
		}
		f.took(b)
		has(t, "when it was found out", j, f.content)
		closed(t, j)
	}
}
