package decode

import (
	"fmt"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// fault is why a message is not understood, before it becomes a rejection. Its detail never repeats free text of the
// payload.
type fault struct {
	reason telemetry.Reason
	detail string
}

func faultf(reason telemetry.Reason, format string, args ...any) *fault {
	return &fault{reason, fmt.Sprintf(format, args...)}
}

// in says where the fault lies.
func (f *fault) in(where string) *fault { return &fault{f.reason, where + ": " + f.detail} }

// notReading is the answer of a format for a message that is understood and carries no reading: a join, an
// acknowledgement, a heartbeat.
var notReading = &fault{detail: "not a reading"}
