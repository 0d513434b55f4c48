package journaltest

import (
	"errors"
	"reflect"
	"testing"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/telemetry"
)

func ordered(t testing.TB, h Harness) {
	j := open(t, h)
	var want []telemetry.Record
	next := uint64(1)
	for _, n := range []int{1, 64, 9, 700, 65} {
		all := observations(next, n, "mall")
		for i := range all {
			if all[i].Seq%3 == 0 {
				all[i].Site = "hall"
			}
			all[i].Received = at(1000 - all[i].Seq) // no order by any time
		}
		commit(t, j, &journal.Batch{Records: all})
		want, next = append(want, all...), next+uint64(n)
	}
	for _, j := range []journal.Journal{j, open(t, h.Crash(t))} {
		for _, after := range []uint64{0, 1, 64, 500, next - 2, next - 1, next + 5} {
			got, rest := replayed(t, j, "", after), want[min(after, uint64(len(want))):]
			if len(got) != len(rest) || len(got) > 0 && !reflect.DeepEqual(got, rest) {
				t.Errorf("behind record %d: %d records, or not in the order of their numbers; want %d", after, len(got), len(rest))
			}
		}
		n := 0
		for _, rec := range replayed(t, j, "hall", 10) {
			if n++; rec.Site != "hall" || rec.Seq%3 != 0 || rec.Seq <= 10 {
				t.Fatalf("record %d of %q came for another site", rec.Seq, rec.Site)
			}
		}
		if want := int(next-1)/3 - 3; n != want {
			t.Errorf("%d records of one site, want %d", n, want)
		}
		enough := errors.New("enough")
		n = 0
		err := j.Replay(t.Context(), "", 0, func(*telemetry.Record) error {
			if n++; n == 3 {
				return enough
			}
			return nil
		})
		if n != 3 || !errors.Is(err, enough) {
			t.Errorf("who has enough after 3 got %d records, and %v", n, err)
		}
	}
}

func streamsOrdered(t testing.TB, h Harness) {
	j, f := open(t, h), newFeed()
	for _, n := range []int{5, 300, 1, 80} {
		f.commit(t, j, n)
	}
	crashed := open(t, h.Crash(t))
	for _, j := range []journal.Journal{j, crashed} {
		for _, limit := range []int{1, 7, 1000} {
			s := j.Source()
			var records []telemetry.Record
			for after := uint64(0); ; {
				step, err := s.Records(t.Context(), after, limit, nil)
				if err != nil {
					t.Fatalf("reading records: %v", err)
				}
				for i := range step {
					if step[i].Seq <= after {
						t.Fatalf("record %d came behind record %d", step[i].Seq, after)
					}
					after = step[i].Seq
					records = append(records, copyOf(&step[i]))
				}
				if len(step) < limit {
					break
				}
			}
			if len(records) != len(f.content.Records) {
				t.Errorf("in steps of %d: %d records, want %d", limit, len(records), len(f.content.Records))
			}
			for i := range min(len(records), len(f.content.Records)) {
				// Contents of other kinds may be left out.
				if k := records[i].Kind; (k == telemetry.KindObservation || k == telemetry.KindConfiguration) && !reflect.DeepEqual(records[i], f.content.Records[i]) {
					t.Fatalf("in steps of %d: record %d is %+v, want %+v", limit, i+1, records[i], f.content.Records[i])
				}
			}
		}
		streamOf(t, "changes of verdict", j.Source().Transitions, f.content.Transitions)
		streamOf(t, "samples", j.Source().Samples, f.content.Samples)
		streamOf(t, "flows", j.Source().Flows, f.content.Flows)
		configured, err := j.Source().Configured(t.Context(), 1)
		if err != nil || len(configured) != 1 || !reflect.DeepEqual(configured[0], f.content.Records[0]) {
			t.Errorf("configured at record 1: %+v (%v), want the first record alone", configured, err)
		}
	}
}

// numbered wants the head behind each batch to be where the batch ended, and numbers to go on from there after each start.
func numbered(t testing.TB, h Harness) {
	j, f := open(t, h), newFeed()
	if head := j.Head(); head != (journal.Position{}) {
		t.Errorf("an empty journal ends at %+v", head)
	}
	for i, n := range []int{1, 64, 3, 200} {
		f.commit(t, j, n)
		if head := j.Head(); head != f.content.Head {
			t.Errorf("behind batch %d the head is %+v, want %+v", i+1, head, f.content.Head)
		}
		if i%2 == 1 {
			closed(t, j)
			j = open(t, h)
			if head, last := j.Head(), state(t, j).LastSeq; head != f.content.Head || last != f.next-1 {
				t.Errorf("after a start the head is %+v and the last record %d, want %+v and %d", head, last, f.content.Head, f.next-1)
			}
		}
	}
	for i, rec := range replayed(t, j, "", 0) {
		if rec.Seq != uint64(i)+1 {
			t.Fatalf("record %d is the %dth", rec.Seq, i+1)
		}
	}
}

// refusedLeavesNothing commits what cannot be stored, because a number was given before.
func refusedLeavesNothing(t testing.TB, h Harness) {
	j, f := open(t, h), newFeed()
	f.commit(t, j, 10)
	b := f.batch(4)
	b.Records[3] = observation(7, "mall")
	for range 3 {
		err := j.Commit(t.Context(), b)
		if err == nil || journal.Fatal(err) {
			t.Fatalf("a batch with number 7 once more: got %v, want it to be refused", err)
		}
		has(t, "after a batch that was refused", j, f.content)
	}
	f.batches--
	f.commit(t, j, 4) // the same, as it should be
	has(t, "when it was mended", j, f.content)
	has(t, "after a crash", open(t, h.Crash(t)), f.content)
}

// prepared prepares batches that grow, are given up for another, or come while others write: only what is committed is there.
func prepared(t testing.TB, h Harness) {
	j, f := open(t, h), newFeed()
	f.commit(t, j, 10)
	grow := func(b *journal.Batch, then func()) {
		t.Helper()
		whole := *b
		for _, n := range []int{3, 20} {
			b.Records, b.Transitions, b.Samples, b.Flows = whole.Records[:n], whole.Transitions[:n%3], whole.Samples[:n%2], whole.Flows[:1]
			j.Prepare(b)
			has(t, "while a batch is prepared", j, f.content)
			then()
		}
		*b = whole
	}
	nothing := func() {}
	b := f.batch(40)
	grow(b, nothing)
	has(t, "after a crash meanwhile", open(t, h.Crash(t)), f.content)
	commit(t, j, b)
	f.took(b)
	has(t, "when it was committed", j, f.content)

	b = f.batch(40)
	grow(b, func() { // others write meanwhile
		f.content.Position.Record++
		if err := j.Source().Advance(t.Context(), f.content.Position, nil); err != nil {
			t.Errorf("moving the cursor beside a batch that is prepared: %v", err)
		}
	})
	commit(t, j, b)
	f.took(b)
	has(t, "when others wrote meanwhile", j, f.content)

	grow(f.batch(40), nothing)
	f.batches--
	f.commit(t, j, 7) // another one
	has(t, "when another batch was committed", j, f.content)
	has(t, "after a crash", open(t, h.Crash(t)), f.content)
}
