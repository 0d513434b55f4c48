package gateway

import (
	"math/rand/v2"
	"testing"

	"github.com/gerbang-iot/gerbang/telemetry"
	"github.com/gerbang-iot/gerbang/testengine"
)

// The window must agree with the plain definition: the newest size distinct identities are known, nothing older is.
func TestWindowAgreesWithDefinition(t *testing.T) {
	rng := rand.New(rand.NewPCG(testengine.Seed(t), 1))
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

// Finding T3: a packet that is sent again repeats the last with its identifier; one that is not marked so is new.
func TestT3_WindowOfDeliveries(t *testing.T) {
	w := newWindow(8)
	id := func(packet, content uint64) uint64 { return telemetry.DeliveryIdentity(packet<<32, content<<40) }
	steps := []struct {
		packet, content uint64
		repeated        bool
		taken           bool
	}{
		{5, 1, false, true},
		{5, 1, true, false}, // sent again
		{5, 1, true, false},
		{5, 1, false, true}, // the identifier used again for equal bytes
		{5, 2, false, true},
		{5, 1, true, true}, // the last one of 5 was another: this one never came
		{5, 2, true, true},
		{6, 2, true, true}, // sent before, and never stored
		{6, 2, true, false},
	}
	for i, s := range steps {
		if got := w.takes(id(s.packet, s.content), s.repeated); got != s.taken {
			t.Errorf("step %d %+v: taken %t", i, s, got)
		}
	}
	// An identity that only shares bits with a delivery's place is none.
	if other := telemetry.ContentIdentity(id(5, 9)); telemetry.IsDelivery(other) || !w.takes(other, true) || w.takes(other, false) {
		t.Error("an identity of what a device says was taken for a delivery")
	}
}

// A window that evicts never drops a delivery that is new, and hardly ever takes one twice: only where an identifier comes
// back with the same bytes just as its former use leaves the window.
func TestT3_DeliveriesAndEviction(t *testing.T) {
	rng := rand.New(rand.NewPCG(testengine.Seed(t), 1))
	w := newWindow(512)
	last := map[uint64]uint64{} // by place
	twice := 0
	const steps = 50_000
	for i := range steps {
		place, content := rng.Uint64N(20), rng.Uint64N(3)
		id, repeated := telemetry.DeliveryIdentity(place<<32, content<<40), rng.IntN(2) == 0
		known := last[place] == id
		switch taken := w.takes(id, repeated); {
		case !taken && !(known && repeated):
			t.Fatalf("step %d: a new message was dropped", i)
		case taken && known && repeated:
			twice++
		}
		last[place] = id
		if rng.IntN(4) == 0 {
			w.add(telemetry.ContentIdentity(rng.Uint64N(8) << 20))
		}
	}
	if twice > steps/20 {
		t.Errorf("%d of %d were taken twice", twice, steps)
	}
	filled := 0
	for _, id := range w.table {
		if id != 0 {
			filled++
		}
	}
	if filled > 512 {
		t.Errorf("%d identities in a window of 512", filled)
	}
}
