package decode

import (
	"github.com/gerbang-iot/gerbang/telemetry"
)

// fault is why a message is not understood, before it becomes a rejection.
type fault struct {
	reason telemetry.Reason
	// format and args are what was wrong, in words; foreign ones are among args as such, so that who looks decides how they are shown
	// (said). Nothing else of args is of the payload.
	format string
	args   []any
	// subject is the device that is not configured, where the message names one: "model address".
	subject string
	// address is how that device is named.
	address string
	// field: what is wrong is one value, and says nothing against the others of the message.
	field bool
	// warming: the value is a zero that only a sensor says which has measured nothing yet.
	warming bool
}

func faultf(reason telemetry.Reason, format string, args ...any) *fault {
	return &fault{reason: reason, format: format, args: args}
}

// alone says that the fault costs its field, and no other of the message.
func (f *fault) alone() *fault {
	f.field = true
	return f
}

// in says where the fault lies: text of a model, or a foreign name.
func (f *fault) in(where any) *fault {
	return &fault{reason: f.reason, format: "%v: %v", args: []any{where, f}, subject: f.subject, address: f.address, field: f.field, warming: f.warming}
}

// notReading is the answer of a format for a message that is understood and carries no reading: a join, an
// acknowledgement, a heartbeat.
var notReading = &fault{format: "not a reading"}

// about names the device that is not configured.
func (f *fault) about(subject, address string) *fault {
	f.subject, f.address = subject, address
	return f
}
