package written

import (
	"bytes"
	"math"
	"regexp"
	"strconv"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// WallClock reads a written time as if no zone stood beside it, as Times does; 0: it is none.
func WallClock(text []byte, zone *time.Location) (at, again telemetry.Instant) {
	text = bytes.TrimSpace(text)
	if len(text) < len("2006-01-02T15:04:05") {
		return 0, 0
	}
	return Times(text[:len("2006-01-02T15:04:05")], zone)
}

// offsetText is an offset from UTC at the beginning of a text: "UTC+8:00 China Standard Time", "GMT-03:30", "+0700", "UTC".
var offsetText = regexp.MustCompile(`^ *(UTC|GMT)? *(?:([+-])(\d{1,2})(?::?(\d{2}))?)?(?: |$)`)

// Offset reads an offset from UTC.
func Offset(text []byte) (time.Duration, bool) {
	m := offsetText.FindSubmatch(text[:min(len(text), MaxTimeText)])
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

// Epoch is a number of seconds, ms, us or ns since 1970, by magnitude; 0 if it is none that an Instant can hold.
func Epoch(text []byte) telemetry.Instant {
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
	v, ok := Float(text)
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
	v, ok := Float(text)
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

// MaxTimeText bounds what is tried as a time.
const MaxTimeText = 64

// Time reads a written time or a number in a string; a time without a zone is the first that clocks in loc show. 0: not a
// time.
func Time(text []byte, loc *time.Location) telemetry.Instant {
	at, _ := Times(text, loc)
	return at
}

// Times is Time, with the second instant that clocks show a time without a zone; 0: they show it once.
func Times(text []byte, loc *time.Location) (at, again telemetry.Instant) {
	text = bytes.TrimSpace(text)
	if len(text) == 0 || len(text) > MaxTimeText {
		return 0, 0
	}
	if at := Epoch(text); at != 0 {
		return at, 0
	}
	for _, layout := range zoned {
		if t, err := time.Parse(layout, string(text)); err == nil {
			return instantOf(t), 0
		}
	}
	for _, layout := range zoneless {
		if at, again = byLayout(layout, text, loc); at != 0 {
			return at, again
		}
	}
	return 0, 0
}

// byLayout reads a time by a layout of package time; 0: not in this one.
func byLayout(layout string, text []byte, loc *time.Location) (at, again telemetry.Instant) {
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

// TimeAs reads a time in one format of a model, as Times does; 0: not in this format.
func TimeAs(format string, text []byte, loc *time.Location) (at, again telemetry.Instant) {
	text = bytes.TrimSpace(text)
	if len(text) > MaxTimeText {
		return 0, 0
	}
	switch format {
	case "auto":
		return Times(text, loc)
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
	return byLayout(format, text, loc)
}
