package influx

import "github.com/gerbang-iot/gerbang/telemetry"

// InfluxDB knows a value by series, field and time, and a second value with all three the same replaces the first. Devices with
// clocks of a second or a millisecond send different events with one time. A point is therefore written within the millisecond
// in which it happened, at the nanosecond that the number of its record says: the time that people see stays exact, and the same
// record becomes the same point whenever, from wherever and in whatever order it is written, after a restart and after its
// neighbours have been deleted.
//
// Two values share a point only if they are of one device, one millisecond and one field, and the numbers of their records lie far
// apart: a multiple of a million where each message has one value of the field, and n values of it bring that down to 400,000/n
// at the least (n up to 64). At a thousand records a second that is 16 minutes for one value, and one and a half for four.

// millisecond is how many points a series can have in one.
const millisecond = 1_000_000

// stride lies between the values of one field in one record. It is near the golden section of a millisecond and has no factor in
// common with it, so that the n-th value of a record stays as far as it can from the values of the records around.
const stride = 618_033

// momentOf is the time of the n-th point (from 0) that the record or transition with number id puts into one series at time at.
func momentOf(at telemetry.Instant, id uint64, n int) telemetry.Instant {
	return shown(at) + telemetry.Instant((id+uint64(n)*stride)%millisecond)
}

// shown is the time of an event without what tells it from others.
func shown(at telemetry.Instant) telemetry.Instant { return at - at%millisecond }

// revised is the time of a point about late data, which changed the verdicts of a period. Where one period begins as another
// ends, the end comes first: what follows is said by the one that begins.
func revised(at telemetry.Instant, id uint64, ends bool) telemetry.Instant {
	const half = millisecond / 2
	t := shown(at) + telemetry.Instant(id%half)
	if !ends {
		t += half
	}
	return t
}
