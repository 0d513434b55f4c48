package gateway

import (
	"math/rand/v2"
	"testing"
	"time"
)

// The window must agree with the plain definition: the newest size distinct identities are known, nothing older is.
func TestWindowAgreesWithDefinition(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	for _, size := range []int{1, 2, 3, 7, 64, 1000} {
		w := newWindow(size)
		var order []uint64
		known := map[uint64]bool{}
		for range 20_000 {
			// Few distinct identities with equal low bits: long probe runs and many repetitions.
			id := 1 + rng.Uint64N(uint64(3*size))<<(rng.Uint64N(3)*20)
			if got, want := w.add(id), !known[id]; got != want {
				t.Fatalf("size %d: add(%d): new = %v, want %v", size, id, got, want)
			}
			if known[id] {
				continue
			}
			known[id] = true
			if order = append(order, id); len(order) > size {
				delete(known, order[0])
				order = order[1:]
			}
		}
	}
}

func TestWindowNeverRemembersZero(t *testing.T) {
	w := newWindow(4)
	for range 10 {
		if !w.add(0) {
			t.Fatal("identity 0 was taken for a duplicate")
		}
	}
}

func BenchmarkWindow(b *testing.B) {
	w := newWindow(DefaultWindow)
	rng := rand.New(rand.NewPCG(1, 2))
	b.ReportAllocs()
	for b.Loop() {
		w.add(rng.Uint64())
	}
}
