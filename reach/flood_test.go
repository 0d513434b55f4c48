package reach

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// Whoever tests his phone 2,000 times takes no test from the others, is told when the next one works, and then it does.
func TestAFloodOfTests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		defer func() { r.stop() }()
		r.add("siti", phoneA)
		r.add("budi", phoneB)
		sent, last := 0, error(nil)
		for range 2000 {
			if _, last = r.Test(t.Context(), "siti", phoneA, "t", "b"); last == nil {
				sent++
			}
		}
		often, ok := errors.AsType[*OftenError](last)
		if sent != testsEach || len(r.service.messages()) != testsEach || !ok || often.Wait <= 0 || often.Wait > testsWithin {
			t.Fatalf("%d tests went out, then %v, want %d and how long to wait", sent, last, testsEach)
		}
		if _, err := r.Test(t.Context(), "budi", phoneB, "t", "b"); err != nil {
			t.Errorf("somebody else: %v", err)
		}
		time.Sleep(often.Wait)
		if _, err := r.Test(t.Context(), "siti", phoneA, "t", "b"); err != nil {
			t.Errorf("after the wait: %v", err)
		}
	})
}

// Whoever says of 5,000 pages that they are open takes no page from the others, and his own last one counts.
func TestAFloodOfPagesThatSound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		defer func() { r.stop() }()
		for i := range watchesMost {
			r.Watching("siti", fmt.Sprint(i))
		}
		if n := len(r.watches); n != watchesEach {
			t.Errorf("%d pages are known, want %d", n, watchesEach)
		}
		time.Sleep(time.Minute)
		r.Watching("siti", "one more")
		r.Watching("budi", "his")
		for _, who := range []string{"siti", "budi"} {
			if at := r.watched(who); !at.Equal(time.Now()) {
				t.Errorf("%s is there at %v, want now", who, at)
			}
		}
	})
}
