package decode

import (
	"time"

	"github.com/gerbang-iot/gerbang/ingest/decode/redact"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// window is the clock rule: which times of a device are believed, and when a believed one is late.
type window struct {
	past, future, lateness time.Duration
}

// deviceTime is what a message says about when it happened.
type deviceTime struct {
	at    telemetry.Instant // 0: not given, or not a time
	given bool
	text  []byte // as given
	// again is the second instant that clocks show a time without a zone, where they go back over it; 0: they do not.
	again telemetry.Instant

	counted bool          // it counts back from the message's own time
	ago     time.Duration // how far
	// wall is the time that the text is without the zone beside it, in the site's, and the second one; 0: not asked.
	wall, wallAgain telemetry.Instant
	// borrowed: it counts back from the receipt, for the message has no time of its own.
	borrowed bool
}

// judge applies the clock rule to o's record: at is the device's time if it is possible, else the time of receipt.
func (w window) judge(rec *telemetry.Record, t deviceTime) {
	rec.At = rec.Received
	if !t.given {
		return
	}
	t.at = w.nearest(t, rec.Received)
	for _, wall := range [...]telemetry.Instant{t.wall, t.wallAgain} {
		if w.now(wall, rec) && !w.now(t.at, rec) {
			t.at = wall
		}
	}
	if t.at == 0 || t.at < rec.Received.Add(-w.past) || t.at > rec.Received.Add(w.future) {
		rec.Observation.Flags |= telemetry.FlagClock
		rec.Observation.DeviceTime = redact.Time(t.text)
		return
	}
	rec.At = t.at
	if t.at < rec.Received.Add(-w.lateness) {
		rec.Observation.Flags |= telemetry.FlagLate
	}
}

// nearest is the device's time. Of one that clocks show twice it is the first, unless the receipt is far nearer to the second:
// behind it by no more than the two are apart.
func (w window) nearest(t deviceTime, received telemetry.Instant) telemetry.Instant {
	if behind := received.Sub(t.again); t.again != 0 && behind >= -w.future && behind <= t.again.Sub(t.at) {
		return t.again
	}
	return t.at
}

// reach is how far from the receipt a device's own time still tells one message from another, believed or not. It is far
// beyond what is believed, so that a message that is delivered again while the border of belief passes over it stays the
// same; and not unlimited, for a clock that stands still at a day in 2000 tells nothing.
const reach = 30 * 24 * time.Hour

// own is the device's own time of a message, as it says it, as far as that tells messages apart; 0: it does not. Of a time
// that clocks show twice it is the second as soon as that one can be: the messages of the two hours stay apart, and one that is
// delivered again stays the same, however late.
func (w window) own(rec *telemetry.Record, t deviceTime) telemetry.Instant {
	far := max(reach, 2*w.past)
	if t.again != 0 && t.again <= rec.Received.Add(w.future) {
		t.at = t.again
	}
	if !t.given || t.borrowed || t.at == 0 || t.at < rec.Received.Add(-far) || t.at > rec.Received.Add(far) {
		return 0
	}
	return t.at
}

// now reports whether a time is that of the receipt, as far as clocks and networks go.
func (w window) now(t telemetry.Instant, rec *telemetry.Record) bool {
	return t >= rec.Received.Add(-w.lateness) && t <= rec.Received.Add(w.future)
}
