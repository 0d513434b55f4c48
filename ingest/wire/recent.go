package wire

import "github.com/cespare/xxhash/v2"

// SessionHash names an MQTT session by where it is (a broker's address, a credential) and its client id: the same across
// reconnects and restarts, and never 0.
func SessionHash(where, client string) uint64 {
	return max(1, xxhash.Sum64String(where+"\x00"+client))
}

// Recent remembers the newest deliveries of one connection, to judge whether a PUBLISH that claims to be sent again was
// received before: a sender that re-uses its identifiers soon may mark as sent again what never arrived. It holds no copy of
// a message, only what is cheap to compare: it can tell that two differ, never that they are the same. It is used by one
// goroutine, except that a connection that has ended may be read by the next one of its session. The zero Recent is empty.
type Recent struct {
	heard int64 // when the peer was last heard, nanoseconds of any clock
	next  uint8
	ring  [recentSize]delivery
}

const (
	recentSize = 32
	// settled is how long after a message its sender is heard for its acknowledgement to have reached it: connections do not
	// lose what they carry, they end.
	settled = 10e9
)

type delivery struct {
	topic, payload uint64 // the last bytes
	at             int64
	size           uint32
	id             uint16
}

// Note remembers a delivery of QoS 1 or 2 at the time now.
func (r *Recent) Note(id uint16, topic string, payload []byte, now int64) {
	r.heard = now
	r.ring[r.next%recentSize] = makeDelivery(id, topic, payload, now)
	r.next++
}

// Heard notes that the peer said something else.
func (r *Recent) Heard(now int64) { r.heard = now }

// Speaks reports whether what is remembered speaks against a PUBLISH being a repetition, marked as sent again as it is: the last use
// of its identifier was for another message, or for one whose acknowledgement must have arrived. before is the connection before
// this one in the session, nil: there was none, or it is not known. oldest is when the oldest message that is not acknowledged
// came, or now.
func (r *Recent) Speaks(id uint16, topic string, payload []byte, before *Recent, oldest int64) bool {
	now := makeDelivery(id, topic, payload, 0)
	if was := r.last(id); was != nil {
		return !was.alike(&now)
	}
	if before == nil {
		return false
	}
	was := before.last(id)
	return was != nil && (!was.alike(&now) || was.at < oldest && before.heard-was.at > settled)
}

// last is the last use of an identifier; nil: none is remembered.
func (r *Recent) last(id uint16) *delivery {
	for i := range uint8(recentSize) {
		if d := &r.ring[(r.next-1-i)%recentSize]; d.at != 0 && d.id == id {
			return d
		}
	}
	return nil
}

func makeDelivery(id uint16, topic string, payload []byte, at int64) delivery {
	return delivery{topic: tail(topic), payload: tail(payload), at: at, id: id, size: uint32(len(payload))}
}

// tail is the last eight bytes, or as many as there are.
func tail[T string | []byte](b T) uint64 {
	if n := len(b); n >= 8 {
		b = b[n-8:]
		return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 | uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
	}
	var v uint64
	for i := range len(b) {
		v = v<<8 | uint64(b[i])
	}
	return v
}

// alike reports whether two deliveries may be of the same message.
func (d *delivery) alike(other *delivery) bool {
	return d.topic == other.topic && d.payload == other.payload && d.size == other.size
}
