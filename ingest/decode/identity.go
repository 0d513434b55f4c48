package decode

import (
	"encoding/binary"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// identify gives rec an identity that recognises a repeated message. payload is what the record was read from: the whole
// message, or one item of a list; item tells alike records of one message apart, from 0. The identity rests on what the device itself says, in this order:
//
//  1. boot and sequence: the device numbers its messages;
//  2. a sequence and a believable time: a number that restarts with every boot is told apart by the time;
//  3. a sequence alone, together with the payload;
//  4. a believable time together with the payload;
//  5. for a retained message without any of these, the payload and the hour of receipt: the broker repeats it at every
//     reconnect, and as it is never counted as an event nothing is lost when a repetition is dropped;
//  6. else nothing (0). Two presses of a button send the same bytes, and so does a network that repeats one; MQTT gives
//     no way to tell them apart after the fact. Such a device loses no event and may be counted twice after a lost
//     acknowledgement. A frozen clock is no time: it would make every later event a repetition of the first.
//
// Stored history has an identity of its own (time and values), because devices repeat it in overlapping batches.
func (w *Worker) identify(b *binding, rec *telemetry.Record, believed bool, payload []byte, item int) uint64 {
	o := &rec.Observation
	k := append(w.key[:0], b.key...)
	switch {
	case o.Flags.Has(telemetry.FlagHistory):
		if !believed {
			return 0
		}
		k = append(k, 0, 'h')
		k = binary.LittleEndian.AppendUint64(k, uint64(rec.At))
		k = binary.LittleEndian.AppendUint64(k, xxhash.Sum64(payload))
	case o.HasSequence && o.Boot != "":
		k = append(k, 0, 'b')
		k = binary.LittleEndian.AppendUint64(k, o.Sequence)
		k = append(k, o.Boot...)
		if w.facts.salt != 0 {
			k = binary.LittleEndian.AppendUint64(k, w.facts.salt)
		}
	case o.HasSequence && believed:
		k = append(k, 0, 's')
		k = binary.LittleEndian.AppendUint64(k, o.Sequence)
		k = binary.LittleEndian.AppendUint64(k, uint64(rec.At))
	case o.HasSequence:
		k = append(k, 0, 'q')
		k = binary.LittleEndian.AppendUint64(k, o.Sequence)
		k = binary.LittleEndian.AppendUint64(k, xxhash.Sum64(payload))
	case believed:
		k = append(k, 0, 't')
		k = binary.LittleEndian.AppendUint64(k, uint64(rec.At))
		k = binary.LittleEndian.AppendUint64(k, xxhash.Sum64(payload))
	case o.Flags.Has(telemetry.FlagRetained):
		k = append(k, 0, 'r')
		k = binary.LittleEndian.AppendUint64(k, uint64(rec.Received)/uint64(time.Hour))
		k = binary.LittleEndian.AppendUint64(k, xxhash.Sum64(payload))
	default:
		return 0
	}
	if item > 0 {
		k = binary.LittleEndian.AppendUint32(k, uint32(item))
	}
	w.key = k
	if id := xxhash.Sum64(k); id != 0 {
		return id
	}
	return 1 // 0 means "none"
}
