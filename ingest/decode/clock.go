package decode

import (
	"bytes"
	"math"
	"regexp"
	"strconv"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
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

// secondsAgo is the format of a time that counts back from the message's own. maxAgo bounds it: no device keeps a century.
const (
	secondsAgo = "seconds_ago"
	maxAgo     = 100 * 365 * 24 * 3600
)

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
		rec.Observation.DeviceTime = boundedTime(t.text)
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

// wallClock reads a written time as if no zone stood beside it, as parseTimes does; 0: it is none.
func wallClock(text []byte, zone *time.Location) (at, again telemetry.Instant) {
	text = bytes.TrimSpace(text)
	if len(text) < len("2006-01-02T15:04:05") {
		return 0, 0
	}
	return parseTimes(text[:len("2006-01-02T15:04:05")], zone)
}

// offsetText is an offset from UTC at the beginning of a text: "UTC+8:00 China Standard Time", "GMT-03:30", "+0700", "UTC".
var offsetText = regexp.MustCompile(`^ *(UTC|GMT)? *(?:([+-])(\d{1,2})(?::?(\d{2}))?)?(?: |$)`)

// offsetOf reads an offset from UTC.
func offsetOf(text []byte) (time.Duration, bool) {
	m := offsetText.FindSubmatch(text[:min(len(text), maxTimeText)])
	if m == nil || len(m[1])+len(m[2]) == 0 {
		return 0, false
	}
	hours, _ := strconv.Atoi("0" + string(m[3]))
	minutes, _ := strconv.Atoi("0" + string(m[4]))
	if hours > 14 || minutes > 59 {
		return 0, false
	}
	offset := time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
	if string(m[2]) == "-" {
		offset = -offset
	}
	return offset, true
}

// Numbers are epochs whose unit their size gives away: seconds until the year 5138, and each finer unit a thousandfold.
const (
	maxSeconds = 1e11
	maxMillis  = 1e14
	maxMicros  = 1e17
)

// epoch is a number of seconds, ms, us or ns since 1970, by magnitude; 0 if it is none that an Instant can hold.
func epoch(text []byte) telemetry.Instant {
	if v, ok := digits(text); ok {
		switch {
		case v == 0:
			return 0
		case v < maxSeconds:
			return scaled(v, time.Second)
		case v < maxMillis:
			return scaled(v, time.Millisecond)
		case v < maxMicros:
			return scaled(v, time.Microsecond)
		}
		return telemetry.Instant(v)
	}
	v, ok := parseFloat(text)
	if !ok || !(v > 0) || v >= math.MaxInt64 {
		return 0
	}
	// A fraction has only the precision of a float64; whole microseconds keep it the same on every machine.
	switch {
	case v < maxSeconds:
		v *= 1e6
	case v < maxMillis:
		v *= 1e3
	case v >= maxMicros:
		v /= 1e3
	}
	return scaled(int64(math.Round(v)), time.Microsecond)
}

// epochIn is a number of units since 1970; 0 if no Instant can hold it.
func epochIn(text []byte, unit time.Duration) telemetry.Instant {
	if v, ok := digits(text); ok {
		return scaled(v, unit)
	}
	v, ok := parseFloat(text)
	if !ok {
		return 0
	}
	micros := math.Round(v * float64(unit) / 1e3)
	if !(math.Abs(micros) < math.MaxInt64/1e3) {
		return 0
	}
	return scaled(int64(micros), time.Microsecond)
}

// digits reads a whole number without sign. It is asked first, and about most texts in vain, so it must not allocate.
func digits(text []byte) (int64, bool) {
	if len(text) == 0 || len(text) > 19 {
		return 0, false
	}
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0, false
		}
	}
	v, err := strconv.ParseInt(string(text), 10, 64)
	return v, err == nil
}

func scaled(v int64, unit time.Duration) telemetry.Instant {
	if v <= 0 || v > math.MaxInt64/int64(unit) {
		return 0
	}
	return telemetry.Instant(v * int64(unit))
}

// zoned and zoneless are the written forms that devices use beside RFC 3339. Go accepts fractions of a second in all.
var (
	zoned    = [...]string{time.RFC3339, "2006-01-02T15:04:05-0700", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05-0700", "2006-01-02 15:04:05 -0700"}
	zoneless = [...]string{"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", "2006/01/02 15:04:05"}
)

// maxTimeText bounds what is tried as a time.
const maxTimeText = 64

// parseTime reads a written time or a number in a string; a time without a zone is the first that clocks in loc show. 0: not a
// time.
func parseTime(text []byte, loc *time.Location) telemetry.Instant {
	at, _ := parseTimes(text, loc)
	return at
}

// parseTimes is parseTime, with the second instant that clocks show a time without a zone; 0: they show it once.
func parseTimes(text []byte, loc *time.Location) (at, again telemetry.Instant) {
	text = bytes.TrimSpace(text)
	if len(text) == 0 || len(text) > maxTimeText {
		return 0, 0
	}
	if at := epoch(text); at != 0 {
		return at, 0
	}
	for _, layout := range zoned {
		if t, err := time.Parse(layout, string(text)); err == nil {
			return instantOf(t), 0
		}
	}
	for _, layout := range zoneless {
		if at, again = written(layout, text, loc); at != 0 {
			return at, again
		}
	}
	return 0, 0
}

// written reads a time by a layout of package time; 0: not in this one.
func written(layout string, text []byte, loc *time.Location) (at, again telemetry.Instant) {
	first, second, err := facility.ParseTime(layout, string(text), loc)
	if err != nil {
		return 0, 0
	}
	if at = instantOf(first); at != 0 && !second.IsZero() {
		again = instantOf(second)
	}
	return at, again
}

// instantOf converts a time that nanoseconds since 1970 can hold; others are impossible, not wrapped around.
func instantOf(t time.Time) telemetry.Instant {
	if t.Year() < 1971 || t.Year() > 2260 {
		return 0
	}
	return telemetry.InstantOf(t)
}

// timeShape is a time as it is written, which may be none: 2022-02-30T25:00:00Z.
var timeShape = regexp.MustCompile(`^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?$`)

// boundedTime is a device's impossible time as it may be kept: text that is no time at all may hold anything, so only its
// shape stays.
func boundedTime(text []byte) string {
	text = text[:min(len(text), maxTimeText)]
	if parseTime(text, time.UTC) != 0 {
		return string(bytes.ToValidUTF8(text, nil))
	}
	if _, ok := parseFloat(text); ok && (countDigits(text) <= maxDigits || isTime(text)) || timeShape.Match(text) {
		return string(text)
	}
	return shapeOf(text)
}

// parseTimeAs reads a time in one format of a model, as parseTimes does; 0: not in this format.
func parseTimeAs(format string, text []byte, loc *time.Location) (at, again telemetry.Instant) {
	text = bytes.TrimSpace(text)
	if len(text) > maxTimeText {
		return 0, 0
	}
	switch format {
	case "auto":
		return parseTimes(text, loc)
	case "epoch_s":
		return epochIn(text, time.Second), 0
	case "epoch_ms":
		return epochIn(text, time.Millisecond), 0
	case "epoch_us":
		return epochIn(text, time.Microsecond), 0
	case "epoch_ns":
		return epochIn(text, time.Nanosecond), 0
	case "rfc3339":
		format = time.RFC3339
	}
	return written(format, text, loc)
}
