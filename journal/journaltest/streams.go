package journaltest

import (
	"context"
	"reflect"
	"testing"

	"github.com/gerbang-iot/gerbang/journal"
)

// streamOf wants a stream in its order, from each place, appended to what the reader has already.
func streamOf[T any](t testing.TB, what string, read func(context.Context, int64, int, []T) ([]T, error), want []T) {
	t.Helper()
	for after := range len(want) + 1 {
		limit := 1 + after%5
		mine := make([]T, 2, 2+limit)
		got, err := read(t.Context(), int64(after), limit, mine)
		rest := want[after:min(after+limit, len(want))]
		if err != nil || len(got) != 2+len(rest) || len(rest) > 0 && !reflect.DeepEqual(got[2:], rest) {
			t.Fatalf("%s behind %d, at most %d: got %+v (%v), want %+v behind two of the reader's own", what, after, limit, got, err, rest)
		}
	}
}

func cursor(t testing.TB, h Harness) {
	j, f := open(t, h), newFeed()
	f.commit(t, j, 60)
	a, b := j.Source(), j.Source()
	for _, to := range []journal.Position{{Record: 10, Transition: 1}, {Record: 40, Transition: 2, Sample: 3, Flow: 1}, f.content.Head} {
		if err := a.Advance(t.Context(), to, nil); err != nil {
			t.Fatalf("moving the cursor to %+v: %v", to, err)
		}
		f.content.Position = to
		if got, err := b.Position(t.Context()); err != nil || got != to {
			t.Errorf("another reader is at %+v (%v), want %+v", got, err, to)
		}
		has(t, "after a crash", open(t, h.Crash(t)), f.content)
	}
	f.commit(t, j, 3)
	has(t, "behind the next commit", j, f.content)
}

func refusedPoints(t testing.TB, h Harness) {
	j, f := open(t, h), newFeed()
	f.commit(t, j, 20)
	point := func(line, site, reason string) journal.Rejected {
		return journal.Rejected{Stream: journal.StreamRecords, ID: 3, Site: site, Device: "d", At: at(3), Line: line, Reason: reason}
	}
	to := journal.Position{Record: 12}
	s := j.Source()
	for _, rejected := range [][]journal.Rejected{
		{point("air x=1", "mall", "type"), point("air x=2", "hall", "type"), point("air x=3", "mall", "type")},
		{point("air x=2", "hall", "type, again")},
	} {
		if err := s.Advance(t.Context(), to, rejected); err != nil {
			t.Fatalf("keeping refused points: %v", err)
		}
	}
	list := func(j journal.Journal, site string, before int64, limit int) (lines []string, numbers []int64) {
		t.Helper()
		all, err := j.Refused(t.Context(), site, before, limit)
		if err != nil {
			t.Fatalf("listing refused points: %v", err)
		}
		for _, r := range all {
			lines, numbers = append(lines, r.Line+" "+r.Site+" "+r.Device+" "+r.Reason), append(numbers, r.Number)
			if r.At != at(3) || r.When == 0 {
				t.Errorf("point %q is of %v, refused at %v", r.Line, r.At, r.When)
			}
		}
		return lines, numbers
	}
	want := []string{"air x=3 mall d type", "air x=2 hall d type, again", "air x=1 mall d type"}
	crashed := open(t, h.Crash(t))
	for _, j := range []journal.Journal{j, crashed} {
		lines, numbers := list(j, "", 0, 10)
		if n, err := j.RefusedCount(t.Context()); !reflect.DeepEqual(lines, want) || n != 3 || err != nil {
			t.Fatalf("%d refused points (%v): %q, want %q", n, err, lines, want)
		}
		if rest, _ := list(j, "", numbers[0], 1); !reflect.DeepEqual(rest, want[1:2]) {
			t.Errorf("one below the newest: %q, want %q", rest, want[1:2])
		}
		if of, _ := list(j, "hall", 0, 10); !reflect.DeepEqual(of, want[1:2]) {
			t.Errorf("those of one site: %q, want %q", of, want[1:2])
		}
		if p, err := j.Source().Position(t.Context()); err != nil || p != to {
			t.Errorf("the position is %+v (%v), want %+v", p, err, to)
		}
	}
	_, numbers := list(crashed, "", 0, 10)
	if err := crashed.Stored(t.Context(), numbers[1:]); err != nil {
		t.Fatalf("forgetting what was stored: %v", err)
	}
	if lines, _ := list(crashed, "", 0, 10); !reflect.DeepEqual(lines, want[:1]) {
		t.Errorf("when two were stored: %q, want %q", lines, want[:1])
	}
}
