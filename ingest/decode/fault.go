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
	// subject is the device that is not configured, where the message names one: "model address".
	subject string
	// field: what is wrong is one value, and says nothing against the others of the message.
	field bool
	// warming: the value is a zero that only a sensor says which has measured nothing yet.
	warming bool
}

func faultf(reason telemetry.Reason, format string, args ...any) *fault {
	return &fault{reason: reason, detail: fmt.Sprintf(format, args...)}
}

// alone says that the fault costs its field, and no other of the message.
func (f *fault) alone() *fault {
	f.field = true
	return f
}

// in says where the fault lies.
func (f *fault) in(where string) *fault {
	return &fault{f.reason, where + ": " + f.detail, f.subject, f.field, f.warming}
}

// notReading is the answer of a format for a message that is understood and carries no reading: a join, an
// acknowledgement, a heartbeat.
var notReading = &fault{detail: "not a reading"}

// about names the device that is not configured.
func (f *fault) about(subject string) *fault {
	f.subject = subject
	return f
}
