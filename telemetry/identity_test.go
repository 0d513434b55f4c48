package telemetry

import "testing"

func TestBeside(t *testing.T) {
	delivery := DeliveryIdentity(0x0123456789abcdef, 0xfedcba9876543210)
	content := ContentIdentity(0x0123456789abcdef)
	if got := Beside(0, 1); got != 0 {
		t.Errorf("beside what has no identity: got %x, want 0", got)
	}
	for _, id := range []uint64{delivery, content, 1, deliveryTag << 56} {
		seen := map[uint64]bool{id: true}
		for n := uint32(1); n <= 1000; n++ {
			got := Beside(id, n)
			if got == 0 || seen[got] || IsDelivery(got) != IsDelivery(id) || IsDelivery(id) && SamePlace(id, got) || got != Beside(id, n) {
				t.Fatalf("the %d. beside %x: got %x, want one of the same kind and another place, always the same", n, id, got)
			}
			seen[got] = true
		}
	}
	// A packet that comes later takes the place of the earlier one in both records.
	later := DeliveryIdentity(0x0123456789abcdef, 0x1111111111111111)
	if !SamePlace(Beside(delivery, 1), Beside(later, 1)) || Beside(delivery, 1) == Beside(later, 1) {
		t.Error("a later packet of the same identifier: its records beside have another place, or are the same")
	}
}
