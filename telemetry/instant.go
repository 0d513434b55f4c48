package telemetry

import (
	"math"
	"time"
)

// Instant is a point in time: nanoseconds since 1970-01-01T00:00:00 UTC.
//
// It is the journal's and InfluxDB's own unit, compares with <, and carries neither a monotonic part nor a location, so
// that a replay reproduces it bit for bit. The zero Instant means "not set".
type Instant int64

// Never is later than every other Instant: the deadline that does not come.
const Never Instant = math.MaxInt64

// The times that an Instant can be, of the years 1677 and 2262.
const earliest, latest = math.MinInt64 + 1, math.MaxInt64

// InstantOf converts a time; the zero time becomes the zero Instant. What lies outside of the years 1678 to 2261 becomes the earliest or
// latest Instant there is: nobody measured then, and a period that is asked for ends there.
func InstantOf(t time.Time) Instant {
	switch {
	case t.IsZero():
		return 0
	case t.Before(time.Unix(0, earliest)):
		return earliest
	case t.After(time.Unix(0, latest)):
		return latest
	}
	return Instant(t.UnixNano())
}

// Time is i in UTC; the zero Instant becomes the zero time.
func (i Instant) Time() time.Time {
	if i == 0 {
		return time.Time{}
	}
	return time.Unix(0, int64(i)).UTC()
}

// In is i in the zone loc.
func (i Instant) In(loc *time.Location) time.Time { return time.Unix(0, int64(i)).In(loc) }

// Add is i moved by d; Never stays Never.
func (i Instant) Add(d time.Duration) Instant {
	if i == Never {
		return Never
	}
	return i + Instant(d)
}

// Sub is the duration from j to i.
func (i Instant) Sub(j Instant) time.Duration { return time.Duration(i - j) }

// String is RFC 3339 with the digits that are needed, in UTC.
func (i Instant) String() string {
	switch i {
	case 0:
		return "unset"
	case Never:
		return "never"
	}
	return i.Time().Format(time.RFC3339Nano)
}
