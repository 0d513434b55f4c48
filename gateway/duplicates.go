package gateway

import "github.com/gerbang-iot/gerbang/telemetry"

// window remembers the identities of the newest messages, so that a repeated delivery is recognised. It is a fixed-size
// set with first-in-first-out eviction: open addressing with backward-shift deletion, no allocation after it is made.
type window struct {
	ring  []uint64 // in order of arrival; next is the oldest once full
	next  int
	full  bool
	table []uint64 // 0: free
	mask  uint64
}

// newWindow makes a window for size identities (at least 1).
func newWindow(size int) *window {
	slots := 2
	for slots < 2*size {
		slots *= 2
	}
	return &window{ring: make([]uint64, size), table: make([]uint64, slots), mask: uint64(slots - 1)}
}

// takes remembers the identity of a message and reports whether the message is to be taken. repeated: its sender says that it
// sends it again. A delivery that is known by its packet identifier is new nevertheless unless that is so: the identifier is
// used again.
func (w *window) takes(id uint64, repeated bool) bool {
	return w.add(id) || !repeated && telemetry.IsDelivery(id)
}

// add remembers id and reports whether it was new. The identity 0 is always new and never remembered. Of the deliveries with
// one packet identifier only the last is remembered.
func (w *window) add(id uint64) bool {
	if id == 0 {
		return true
	}
	delivery := telemetry.IsDelivery(id)
	slot := id & w.mask
	for ; w.table[slot] != 0; slot = (slot + 1) & w.mask {
		known := w.table[slot]
		if known == id {
			return false
		}
		if delivery && telemetry.SamePlace(known, id) && telemetry.IsDelivery(known) {
			w.remove(known) // what the ring holds of it goes when its turn comes
			break
		}
	}
	if delivery {
		for slot = id & w.mask; w.table[slot] != 0; slot = (slot + 1) & w.mask {
		}
	}
	if w.full {
		w.remove(w.ring[w.next])
		// The removal may have moved entries: look for the free slot again.
		for slot = id & w.mask; w.table[slot] != 0; slot = (slot + 1) & w.mask {
		}
	}
	w.table[slot] = id
	w.ring[w.next] = id
	if w.next++; w.next == len(w.ring) {
		w.next, w.full = 0, true
	}
	return true
}

func (w *window) remove(id uint64) {
	slot := id & w.mask
	for w.table[slot] != id {
		if w.table[slot] == 0 {
			return
		}
		slot = (slot + 1) & w.mask
	}
	for {
		w.table[slot] = 0
		hole := slot
		for {
			slot = (slot + 1) & w.mask
			moved := w.table[slot]
			if moved == 0 {
				return
			}
			// An entry may fill the hole only if its home does not lie between the hole and itself.
			if home := moved & w.mask; (slot-home)&w.mask >= (slot-hole)&w.mask {
				w.table[hole] = moved
				break
			}
		}
	}
}
