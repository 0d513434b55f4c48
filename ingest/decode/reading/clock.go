package reading

import (
	"time"

	"github.com/gerbang-iot/gerbang/ingest/decode/redact"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Window is the clock rule: which times of a device are believed, and when a believed one is late.
type Window struct {
	Past, Future, Lateness time.Duration
}

// DeviceTime is what a message says about when it happened.
type DeviceTime struct {
	At    telemetry.Instant // 0: not given, or not a time
	Given bool
	Text  []byte // as given
	// Again is the second instant that clocks show a time without a zone, where they go back over it; 0: they do not.
	Again telemetry.Instant

	counted bool          // it counts back from the message's own time
	ago     time.Duration // how far
	// wall is the time that the text is without the zone beside it, in the site's, and the second one; 0: not asked.
	wall, wallAgain telemetry.Instant
	// borrowed: it counts back from the receipt, for the message has no time of its own.
	borrowed bool
}

// Judge applies the clock rule to o's record: at is the device's time if it is possible, else the time of receipt.
func (w Window) Judge(rec *telemetry.Record, t DeviceTime) {
	rec.At = rec.Received
	if !t.Given {
		return
	}
	t.At = w.nearest(t, rec.Received)
	for _, wall := range [...]telemetry.Instant{t.wall, t.wallAgain} {
		if w.now(wall, rec) && !w.now(t.At, rec) {
			t.At = wall
		}
	}
	if t.At == 0 || t.At < rec.Received.Add(-w.Past) || t.At > rec.Received.Add(w.Future) {
		rec.Observation.Flags |= telemetry.FlagClock
		rec.Observation.DeviceTime = redact.Time(t.Text)
		return
	}
	rec.At = t.At
	if t.At < rec.Received.Add(-w.Lateness) {
		rec.Observation.Flags |= telemetry.FlagLate
	}
}

// nearest is the device's time. Of one that clocks show twice it is the first, unless the receipt is far nearer to the second:
// behind it by no more than the two are apart.
func (w Window) nearest(t DeviceTime, received telemetry.Instant) telemetry.Instant {
	if behind := received.Sub(t.Again); t.Again != 0 && behind >= -w.Future && behind <= t.Again.Sub(t.At) {
		return t.Again
	}
	return t.At
}

// reach is how far from the receipt a device's own time still tells one message from another, believed or not. It is far
// beyond what is believed, so that a message that is delivered again while the border of belief passes over it stays the
// same; and not unlimited, for a clock that stands still at a day in 2000 tells nothing.
const reach = 30 * 24 * time.Hour

// own is the device's own time of a message, as it says it, as far as that tells messages apart; 0: it does not. Of a time
// that clocks show twice it is the second as soon as that one can be: the messages of the two hours stay apart, and one that is
// delivered again stays the same, however late.
func (w Window) own(rec *telemetry.Record, t DeviceTime) telemetry.Instant {
	far := max(reach, 2*w.Past)
	if t.Again != 0 && t.Again <= rec.Received.Add(w.Future) {
		t.At = t.Again
	}
	if !t.Given || t.borrowed || t.At == 0 || t.At < rec.Received.Add(-far) || t.At > rec.Received.Add(far) {
		return 0
	}
	return t.At
}

// now reports whether a time is that of the receipt, as far as clocks and networks go.
func (w Window) now(t telemetry.Instant, rec *telemetry.Record) bool {
	return t >= rec.Received.Add(-w.Lateness) && t <= rec.Received.Add(w.Future)
}
