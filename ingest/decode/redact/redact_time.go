package redact

import (
	"bytes"
	"regexp"
	"time"

	"github.com/gerbang-iot/gerbang/ingest/decode/written"
)

// timeShape is a time as it is written, which may be none: 2022-02-30T25:00:00Z.
var timeShape = regexp.MustCompile(`^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?$`)

// Time is a device's impossible time as it may be kept: text that is no time at all may hold anything, so only its
// shape stays.
func Time(text []byte) string {
	text = text[:min(len(text), written.MaxTimeText)]
	if written.Time(text, time.UTC) != 0 {
		return string(bytes.ToValidUTF8(text, nil))
	}
	if _, ok := written.Float(text); ok && (written.CountDigits(text) <= maxDigits || isTime(text)) || timeShape.Match(text) {
		return string(text)
	}
	return shapeOf(text)
}
