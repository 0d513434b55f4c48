package gateway

import "github.com/gerbang-iot/gerbang/telemetry"

// window remembers the identities of the newest messages, so that a repeated delivery is recognised. It is a fixed-size
// set with first-in-first-out eviction: open addressing with backward-shift deletion, no allocation after it is made.
// It is made large and lasts, so the table holds places in the ring and not the identities again: 16 to 24 bytes an identity.
type window struct {
	ring  []uint64 // in order of arrival; next is the oldest once full
	next  int
	full  bool
	table []uint32 // one more than the place in the ring; 0: free
	mask  uint64
}

// newWindow makes a window for size identities (at least 1, less than 4 billion).
func newWindow(size int) *window {
	slots := 2
	for slots < 2*size {
		slots *= 2
	}
	return &window{ring: make([]uint64, size), table: make([]uint32, slots), mask: uint64(slots - 1)}
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
	for slot := id & w.mask; w.table[slot] != 0; slot = (slot + 1) & w.mask {
		known := w.at(slot)
		if known == id {
			return false
		}
		if delivery && telemetry.SamePlace(known, id) && telemetry.IsDelivery(known) {
			w.free(slot) // its place in the ring goes when its turn comes
			break
		}
	}
	if w.full {
		w.forget(w.next)
	}
	// What was freed may have moved entries, so the free slot is looked for now.
	slot := id & w.mask
	for ; w.table[slot] != 0; slot = (slot + 1) & w.mask {
	}
	w.ring[w.next] = id
	w.next++
	w.table[slot] = uint32(w.next)
	if w.next == len(w.ring) {
		w.next, w.full = 0, true
	}
	return true
}

// at is the identity that a slot that is not free stands for.
func (w *window) at(slot uint64) uint64 { return w.ring[w.table[slot]-1] }

// forget frees the slot of a place in the ring, unless a later delivery has taken it.
func (w *window) forget(place int) {
	for slot := w.ring[place] & w.mask; w.table[slot] != 0; slot = (slot + 1) & w.mask {
		if int(w.table[slot]) == place+1 {
			w.free(slot)
			return
		}
	}
}

// free empties a slot and moves what would no longer be found behind it.
func (w *window) free(slot uint64) {
	for {
		w.table[slot] = 0
		hole := slot
		for {
			slot = (slot + 1) & w.mask
			if w.table[slot] == 0 {
				return
			}
			// An entry may fill the hole only if its home does not lie between the hole and itself.
			if home := w.at(slot) & w.mask; (slot-home)&w.mask >= (slot-hole)&w.mask {
				w.table[hole] = w.table[slot]
				break
			}
		}
	}
}
