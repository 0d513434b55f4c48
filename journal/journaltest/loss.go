package journaltest

import (
	"reflect"
	"slices"
	"testing"

	"github.com/gerbang-iot/gerbang/journal"
)

// damaged commits records, lets something happen to them while nobody has the journal open, and opens it.
func damaged(t testing.TB, h Harness, n int, do func(d Damager)) (journal.Journal, *feed) {
	t.Helper()
	j, f := open(t, h), newFeed()
	for range 4 {
		f.commit(t, j, n/4)
	}
	closed(t, j)
	do(h.(Damager))
	return open(t, h), f
}

// named wants damage to be found, and to be known when it was noted, also by the next process.
func named(t testing.TB, h Harness, j journal.Journal, want journal.Finding) journal.Journal {
	t.Helper()
	v, err := j.Verify(t.Context(), 0, nil)
	if err != nil || !reflect.DeepEqual(v.Findings, []journal.Finding{want}) {
		t.Fatalf("found %+v (%v), want %v", v, err, want)
	}
	for range 2 { // the second time it is known
		if err := j.Note(t.Context(), v.Findings); err != nil {
			t.Fatalf("noting %v: %v", v.Findings, err)
		}
	}
	closed(t, j)
	j = open(t, h)
	noted, err := j.Damage(t.Context())
	if err != nil || len(noted) != 1 || noted[0].Finding != want || noted[0].Noticed == 0 {
		t.Errorf("noted %+v (%v), want %v once", noted, err, want)
	}
	return j
}

// goesOn wants a journal that has lost records to give the others in order, and to take new ones with numbers of their own.
func goesOn(t testing.TB, j journal.Journal, f *feed, first, last uint64) {
	t.Helper()
	if got := state(t, j).LastSeq; got != f.next-1 {
		t.Errorf("the last record is %d, want %d: its number was given", got, f.next-1)
	}
	f.commit(t, j, 5)
	var want []uint64
	for seq := uint64(1); seq < f.next; seq++ {
		if seq < first || seq > last {
			want = append(want, seq)
		}
	}
	if got := numbers(replayed(t, j, "", 0)); !slices.Equal(got, want) {
		t.Errorf("records %v are there, want all but %d to %d", got, first, last)
	}
}

func loss(t testing.TB, h Harness) {
	j, f := damaged(t, h, 100, func(d Damager) { d.Lose(t, 31, 40) })
	j = named(t, h, j, journal.Finding{First: 31, Last: 40, What: journal.Lost})
	goesOn(t, j, f, 31, 40)
}

// lossAtTheEnd leaves nothing in the journal itself that tells of the records: no snapshot, no verdict.
func lossAtTheEnd(t testing.TB, h Harness) {
	j := open(t, h)
	for from := uint64(1); from <= 100; from += 10 {
		commit(t, j, &journal.Batch{Records: observations(from, 10, "mall")})
	}
	closed(t, j)
	h.(Damager).Lose(t, 91, 100)
	j = named(t, h, open(t, h), journal.Finding{First: 91, Last: 100, What: journal.Lost})
	if last, head := state(t, j).LastSeq, j.Head().Record; last != 100 || head != 100 {
		t.Errorf("the last record is %d, and at the head %d, want 100: that number was given", last, head)
	}
	commit(t, j, &journal.Batch{Records: observations(101, 3, "mall")})
	if there := seqs(t, j); len(there) != 93 || there[91] || !there[90] || !there[101] {
		t.Errorf("%d records are there, want 1 to 90 and 101 to 103", len(there))
	}
}

func changed(t testing.TB, h Harness) {
	j, f := damaged(t, h, 100, func(d Damager) { d.Change(t, 50) })
	j = named(t, h, j, journal.Finding{First: 50, Last: 50, What: journal.Changed})
	goesOn(t, j, f, 0, 0)
}
