package gateway

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/telemetry"
)

func TestQueueBlocksWhenFullAndLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(4, 1<<20)
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				if err := q.Put(ingest.Message{}); err != nil {
					t.Errorf("putting: %v", err)
				}
			})
		}
		got := 0
		for got < 10 {
			synctest.Wait()
			n := len(q.take(nil))
			if n > 4 {
				t.Fatalf("took %d messages at once, want at most 4", n)
			}
			if n == 0 {
				t.Fatalf("took nothing after %d of 10", got)
			}
			got += n
		}
		wg.Wait()
	})
}

func TestQueueBoundsBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(100, 10)
		go func() {
			for range 3 {
				_ = q.Put(ingest.Message{Payload: make([]byte, 10)}) // the last one meets the closed queue
			}
		}()
		synctest.Wait()
		if n := q.len(); n != 1 {
			t.Errorf("%d messages of 10 bytes wait, want 1", n)
		}
		q.close()
		synctest.Wait()
	})
}

// Finding B7: how long the oldest message has waited is known, also while others come behind it.
func TestB7_TheOldestThatWaitsIsKnown(t *testing.T) {
	q := newQueue(10, 1000)
	if n, since := q.waiting(); n != 0 || since != 0 {
		t.Errorf("empty: got %d since %v, want nothing", n, since)
	}
	for _, at := range []telemetry.Instant{100, 200} {
		if err := q.Put(ingest.Message{Received: at}); err != nil {
			t.Fatal(err)
		}
	}
	if n, since := q.waiting(); n != 2 || since != 100 {
		t.Errorf("two: got %d since %v, want 2 since 100", n, since)
	}
	q.take(nil)
	if n, since := q.waiting(); n != 0 || since != 0 {
		t.Errorf("taken: got %d since %v, want nothing", n, since)
	}
}

func TestQueueRefusesAfterClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(1, 1<<20)
		if err := q.Put(ingest.Message{}); err != nil {
			t.Fatal(err)
		}
		blocked := make(chan error, 1)
		go func() { blocked <- q.Put(ingest.Message{}) }()
		synctest.Wait()
		q.close()
		if err := <-blocked; !errors.Is(err, ErrStopping) {
			t.Errorf("blocked Put after close: %v, want ErrStopping", err)
		}
		if n := len(q.take(nil)); n != 1 {
			t.Errorf("%d messages can be taken after close, want the 1 that was put before", n)
		}
	})
}
