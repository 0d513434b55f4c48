package decode

import (
	"encoding/binary"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/gerbang-iot/gerbang/ingest"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// identify gives rec an identity that recognises a repeated message. own is the device's own time of it; payload is what the
// record was read from: the whole message, or one item of a list; item tells alike records of one message apart, from 0. It
// rests on what the device itself says, whether that is believed or not, in this order:
//
//  1. boot and sequence: the device numbers its messages. A LoRaWAN frame counter begins again with each start of a device of
//     fixed keys, in the same session, so that time and content belong to it;
//  2. a sequence and the device's own time: a number that restarts with every boot is told apart by the time;
//  3. a sequence alone, together with the payload;
//  4. the device's own time together with the payload;
//  5. for a retained message without any of these, the payload and the hour of receipt: the broker repeats it at every
//     reconnect, and as it is never counted as an event nothing is lost when a repetition is dropped;
//  6. how it was delivered: packet identifier and payload, in its MQTT session. Only a packet that is marked as sent again
//     repeats another, for identifiers are used again;
//  7. else nothing (0). Two presses of a button send the same bytes, and so does a network that repeats one; without a packet
//     identifier nothing tells them apart. Such a device loses no event and may be counted twice. A clock that stands still
//     far from now is no time: it would make every later event a repetition of the first.
//
// Stored history has an identity of its own (time and values), because devices repeat it in overlapping batches.
func (w *worker) identify(b *binding, rec *telemetry.Record, own deviceTime, payload []byte, item int) uint64 {
	o := &rec.Observation
	at := w.shared.clock.own(rec, own)
	k := append(w.key[:0], b.key...)
	switch history := o.Flags.Has(telemetry.FlagHistory); {
	case history && at != 0:
		k = append(k, 0, 'h')
		k = binary.LittleEndian.AppendUint64(k, uint64(at))
		k = binary.LittleEndian.AppendUint64(k, xxhash.Sum64(payload))
	case history:
		return w.delivery(k, payload, item)
	case o.HasSequence && o.Boot != "":
		k = append(k, 0, 'b')
		k = binary.LittleEndian.AppendUint64(k, o.Sequence)
		k = append(k, o.Boot...)
		if w.facts.radio {
			k = binary.LittleEndian.AppendUint64(k, w.facts.content)
			k = binary.LittleEndian.AppendUint64(k, uint64(w.facts.time.at))
		}
	case o.HasSequence && at != 0:
		k = append(k, 0, 's')
		k = binary.LittleEndian.AppendUint64(k, o.Sequence)
		k = binary.LittleEndian.AppendUint64(k, uint64(at))
	case o.HasSequence:
		k = append(k, 0, 'q')
		k = binary.LittleEndian.AppendUint64(k, o.Sequence)
		k = binary.LittleEndian.AppendUint64(k, xxhash.Sum64(payload))
	case at != 0:
		k = append(k, 0, 't')
		k = binary.LittleEndian.AppendUint64(k, uint64(at))
		k = binary.LittleEndian.AppendUint64(k, xxhash.Sum64(payload))
	case o.Flags.Has(telemetry.FlagRetained):
		k = append(k, 0, 'r')
		k = binary.LittleEndian.AppendUint64(k, uint64(rec.Received)/uint64(time.Hour))
		k = binary.LittleEndian.AppendUint64(k, xxhash.Sum64(payload))
	default:
		return w.delivery(k, payload, item)
	}
	if item > 0 {
		k = binary.LittleEndian.AppendUint32(k, uint32(item))
	}
	w.key = k
	return telemetry.ContentIdentity(xxhash.Sum64(k))
}

// repeats is the identity of a message that is not understood: what the broker holds is the same whenever it is repeated, and a
// packet that is sent again is known by its session. Everything else is evidence of its own.
func (w *worker) repeats(msg *ingest.Message) uint64 {
	k := append(w.key[:0], msg.Topic...)
	if !msg.Retained {
		return w.delivery(k, msg.Payload, 0)
	}
	k = append(k, 0, 'x')
	k = binary.LittleEndian.AppendUint64(k, xxhash.Sum64(msg.Payload))
	w.key = k
	return telemetry.ContentIdentity(xxhash.Sum64(k))
}

// delivery is the identity of a message in which the device says nothing that tells it from another; k begins with the device.
func (w *worker) delivery(k, payload []byte, item int) uint64 {
	if w.session == 0 {
		return 0
	}
	k = append(k, 0, 'p')
	k = binary.LittleEndian.AppendUint64(k, w.session)
	k = binary.LittleEndian.AppendUint16(k, w.packet)
	k = binary.LittleEndian.AppendUint32(k, uint32(item))
	w.key = k
	return telemetry.DeliveryIdentity(xxhash.Sum64(k), xxhash.Sum64(payload))
}
