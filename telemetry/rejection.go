package telemetry

import "unicode/utf8"

const (
	// MaxRaw bounds the bytes of a rejected message that are kept.
	MaxRaw = 512
	// ReadPerKept is how many bytes of a message are read for each that may be kept: without spaces and with texts shortened,
	// that is enough.
	ReadPerKept = 8
)

// Rejection is a message that was not understood. It is evidence: stored, counted and acknowledged like a reading.
type Rejection struct {
	Topic  string // bounded; invalid UTF-8 replaced
	Device string // if known
	Reason Reason
	Detail string // what was wrong, where, and what was expected; safe to show
	Size   int    // of the whole payload, bytes
	// Raw is the beginning of the payload, at most MaxRaw bytes, with personal data removed. Empty where the whole
	// message must not be kept.
	Raw []byte
	// More is how many further messages like some that were kept this record stands for; 0: it is one message.
	More uint64 `json:",omitempty"`
}

// Cut reports whether Raw is the shape of a beginning only. Sizes do not tell: a shape has no spaces, and its texts are shortened.
// Of one that ends within the last few bytes of the bound nobody knows; it counts as cut.
func (r *Rejection) Cut() bool {
	return r.Size > ReadPerKept*MaxRaw || len(r.Raw) > MaxRaw-utf8.UTFMax
}

// Reason is the closed set of causes of a rejection: a metric label and a word for people.
type Reason string

// The reasons.
const (
	ReasonUnknownTopic  Reason = "unknown_topic"  // no device or model matches
	ReasonUnknownDevice Reason = "unknown_device" // the format is known, the device is not configured
	ReasonForeign       Reason = "foreign_topic"  // the credential may not speak for this device
	ReasonTooLarge      Reason = "too_large"
	ReasonTooDeep       Reason = "too_deep"
	ReasonEncoding      Reason = "encoding"  // not UTF-8
	ReasonSyntax        Reason = "syntax"    // not JSON, XML, … as announced
	ReasonField         Reason = "field"     // a field is missing or of the wrong type
	ReasonRange         Reason = "range"     // NaN, infinite, or physically impossible
	ReasonUndecoded     Reason = "undecoded" // no decoder for this model's raw bytes
	ReasonTask          Reason = "task"      // names no task of the site
	ReasonClock         Reason = "clock"     // it was received at a time that had not come: set aside by journal repair-clock
	ReasonMeasures      Reason = "measures"  // a quantity that the device is not configured to measure
	ReasonFault         Reason = "fault"     // our own fault: a decoder or rule failed
)

// Reasons lists all of them.
func Reasons() []Reason {
	return []Reason{ReasonUnknownTopic, ReasonUnknownDevice, ReasonForeign, ReasonTooLarge, ReasonTooDeep, ReasonEncoding,
		ReasonSyntax, ReasonField, ReasonRange, ReasonUndecoded, ReasonTask, ReasonClock, ReasonMeasures, ReasonFault}
}
