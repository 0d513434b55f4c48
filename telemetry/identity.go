package telemetry

// An identity is of one of two kinds. Mostly it is a hash of what the device says about the message: whoever says the same has
// sent the same. A delivery's identity is for a message in which the device says nothing of the kind: it names the packet
// identifier in its MQTT session and the content. Packet identifiers are used again, so only a packet that is marked as
// sent again (DUP) repeats the one before it, and a later packet takes its place.

// deliveryTag marks the identities of deliveries.
const deliveryTag = 0xd5

// DeliveryIdentity makes the identity of a delivery from hashes of its place (session, packet identifier, device) and of its
// content. Equal places have the lower half in common.
func DeliveryIdentity(place, content uint64) uint64 {
	return deliveryTag<<56 | content>>40<<32 | place>>32
}

// IsDelivery reports whether an identity is a delivery's.
func IsDelivery(identity uint64) bool { return identity>>56 == deliveryTag }

// SamePlace reports whether two deliveries have the same place.
func SamePlace(a, b uint64) bool { return uint32(a) == uint32(b) }

// ContentIdentity makes an identity of the other kind from a hash; it is never 0, which means none.
func ContentIdentity(hash uint64) uint64 {
	if IsDelivery(hash) {
		hash ^= 1 << 63
	}
	return max(1, hash)
}

// Beside is the identity of the n-th record (from 1) that belongs to the one with an identity and says something else: it is recognised
// when that one is, and has the same kind. A delivery's has a place of its own, so that neither takes the other's. 0 stays 0.
func Beside(identity uint64, n uint32) uint64 {
	switch {
	case identity == 0:
		return 0
	case IsDelivery(identity):
		return identity ^ uint64(n*besideStep)
	}
	return ContentIdentity(identity ^ uint64(n*besideStep)<<32)
}

// besideStep is odd, so that no two n have one identity, and spreads them.
const besideStep = 0x9e3779b1
