// Package transcode turns payloads that are not plain JSON into one JSON object each, so that a device model maps them in the
// same way as any other: XML, Sparkplug B, InfluxDB line protocol, SenML. It knows the notations, not what the fields mean, and
// leaves every value in the unit and under the name that the device gave it.
//
// Every transcoder bounds depth, values and texts by Limits, keeps no reference to the payload, and is safe for concurrent use.
// What cannot be read is an *Error whose text never repeats the payload; what was written to the object is then void.
package transcode

import (
	"errors"
	"fmt"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Limits bound what one payload may hold; its size is the caller's business. Zero fields mean their default.
type Limits struct {
	// Depth is how many objects and arrays may lie inside each other; default 32.
	Depth int
	// Values is how many JSON values are written, objects and arrays included; default 4096.
	Values int
	// Text is the longest text value, bytes; default 1024. A longer one is a picture or a document, no reading: it is null.
	Text int
}

// maxName bounds names of elements, metrics, tags, fields and records, bytes.
const maxName = 256

func (l Limits) withDefaults() Limits {
	if l.Depth <= 0 {
		l.Depth = 32
	}
	if l.Values <= 0 {
		l.Values = 4096
	}
	if l.Text <= 0 {
		l.Text = 1024
	}
	return l
}

// Error is why a payload was not transcoded.
type Error struct {
	// Reason is too_large, too_deep, encoding, syntax, field, range, or undecoded where a birth certificate is missing.
	Reason telemetry.Reason
	// Detail says where and what, and what was expected, without text of the payload.
	Detail string
	// Err is ErrNoBirth, the fault of a reader, or nil.
	Err error
}

func (e *Error) Error() string { return e.Detail }

// Unwrap gives the cause, if there is one beside the payload.
func (e *Error) Unwrap() error { return e.Err }

// ErrNoBirth is in the chain of a Sparkplug error that a birth certificate would mend: the caller has to ask the edge node for
// a rebirth.
var ErrNoBirth = errors.New("no birth certificate was seen")

func errorf(reason telemetry.Reason, format string, args ...any) error {
	return &Error{Reason: reason, Detail: fmt.Sprintf(format, args...)}
}

// budget counts the values that are still allowed.
type budget struct{ all, left int }

func (l Limits) budget() budget { return budget{l.Values, l.Values} }

func (b *budget) take(n int) error {
	if b.left -= n; b.left < 0 {
		return errorf(telemetry.ReasonTooLarge, "more than %d values in one message", b.all)
	}
	return nil
}
