package telemetry

import (
	"strconv"
	"testing"
)

// The identity of what a person did is one of content: no entry is taken for a delivery, whose identifiers are used again.
func TestNoEntryIsADelivery(t *testing.T) {
	seen := map[uint64]string{}
	for i := range 20_000 {
		e := Entry{ID: strconv.FormatUint(uint64(i)*0x9e3779b97f4a7c15, 36)}
		identity := e.Identity("mall")
		if identity == 0 || IsDelivery(identity) {
			t.Fatalf("entry %s has identity %#x: want one of content", e.ID, identity)
		}
		if other, found := seen[identity]; found {
			t.Fatalf("entries %s and %s have one identity", e.ID, other)
		}
		seen[identity] = e.ID
	}
	if e := (Entry{}); e.Identity("mall") != 0 {
		t.Error("an entry without an ID has an identity")
	}
}
