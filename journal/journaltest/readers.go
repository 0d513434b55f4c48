package journaltest

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// patience is how long somebody may take who is not to be held up.
const patience = 20 * time.Second

// readersHoldUpNobody commits while many readers are in the middle of something, and never come back before.
func readersHoldUpNobody(t testing.TB, h Harness) {
	j, f := open(t, h), newFeed()
	f.commit(t, j, 300)
	const readers = 12
	var in, out sync.WaitGroup
	release := make(chan struct{})
	enough := errors.New("enough")
	for range readers {
		in.Add(1)
		out.Go(func() {
			err := j.Replay(t.Context(), "", 0, func(*telemetry.Record) error {
				in.Done()
				<-release
				return enough
			})
			if !errors.Is(err, enough) {
				t.Errorf("a reader: %v", err)
			}
		})
	}
	done := make(chan error, 1)
	go func() {
		in.Wait()
		err := j.Commit(t.Context(), f.batch(20))
		if err == nil {
			_, err = j.State(t.Context())
		}
		if err == nil {
			err = j.Source().Advance(t.Context(), journal.Position{Record: 3}, nil)
		}
		done <- err
	}()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("committing and reading beside %d readers: %v", readers, err)
		}
	case <-time.After(patience):
		t.Errorf("%d readers that do not come back hold up the commit", readers)
	}
	close(release)
	out.Wait()
}

// concurrentReaders read all the time while batches of several records are committed: they see the records of whole batches, and never
// less than before.
func concurrentReaders(t testing.TB, h Harness) {
	j := open(t, h)
	const batches, size = 60, 5
	var readers sync.WaitGroup
	end := make(chan struct{})
	read := func(what string, look func() (n int, last uint64, err error)) {
		readers.Go(func() {
			for most := 0; ; {
				n, last, err := look()
				switch {
				case err != nil:
					t.Errorf("%s: %v", what, err)
					return
				case n%size != 0 || uint64(n) != last || n < most:
					t.Errorf("%s: %d records up to %d, after %d were there; batches have %d", what, n, last, most, size)
					return
				}
				most = n
				select {
				case <-end:
					return
				case <-time.After(100 * time.Microsecond):
				}
			}
		})
	}
	for range 2 {
		read("Replay", func() (n int, last uint64, err error) {
			err = j.Replay(t.Context(), "", 0, func(rec *telemetry.Record) error {
				n, last = n+1, rec.Seq
				return nil
			})
			return n, last, err
		})
		source := j.Source()
		read("Source", func() (int, uint64, error) {
			all, err := source.Records(t.Context(), 0, batches*size+1, nil)
			if len(all) == 0 {
				return 0, 0, err
			}
			return len(all), all[len(all)-1].Seq, err
		})
	}
	for i := range uint64(batches) {
		commit(t, j, &journal.Batch{Records: observations(1+i*size, size, "mall")})
	}
	close(end)
	readers.Wait()
}

func secondReader(t testing.TB, h Harness) {
	j, f := open(t, h), newFeed()
	f.commit(t, j, 30)
	r, end, err := h.(SecondReader).OpenReader(t.Context())
	if err != nil {
		t.Fatalf("opening beside a process that writes: %v", err)
	}
	for range 3 {
		if n := len(replayed(t, r, "", 0)); n != len(f.content.Records) {
			t.Errorf("the second process reads %d records, want %d", n, len(f.content.Records))
		}
		if last := state(t, r).LastSeq; last != f.next-1 {
			t.Errorf("to the second process the last record is %d, want %d", last, f.next-1)
		}
		f.commit(t, j, 7)
	}
	if err := end(); err != nil {
		t.Errorf("ending the second process: %v", err)
	}
	has(t, "afterwards", j, f.content)
}
