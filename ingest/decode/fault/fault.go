// Package fault says why a message, or a part of it, is not understood, in words that show more or less to who looks.
package fault

import (
	"github.com/gerbang-iot/gerbang/telemetry"
)

// Fault is why a message is not understood, before it becomes a rejection.
type Fault struct {
	Reason telemetry.Reason
	// Format and Args are what was wrong, in words; foreign ones are among Args as such, so that who looks decides how they are shown
	// (Said). Nothing else of Args is of the payload.
	Format string
	Args   []any
	// Subject is the device that is not configured, where the message names one: "model address".
	Subject string
	// Address is how that device is named.
	Address string
	// Field: what is wrong is one value, and says nothing against the others of the message.
	Field bool
	// Warming: the value is a zero that only a sensor says which has measured nothing yet.
	Warming bool
}

// New makes a fault. What of args is of the payload is Foreign.
func New(reason telemetry.Reason, format string, args ...any) *Fault {
	return &Fault{Reason: reason, Format: format, Args: args}
}

// Alone says that the fault costs its field, and no other of the message.
func (f *Fault) Alone() *Fault {
	f.Field = true
	return f
}

// In says where the fault lies: text of a model, or a foreign name.
func (f *Fault) In(where any) *Fault {
	return &Fault{Reason: f.Reason, Format: "%v: %v", Args: []any{where, f}, Subject: f.Subject, Address: f.Address, Field: f.Field, Warming: f.Warming}
}

// NotReading is the answer of a format for a message that is understood and carries no reading: a join, an
// acknowledgement, a heartbeat.
var NotReading = &Fault{Format: "not a reading"}

// About names the device that is not configured.
func (f *Fault) About(subject, address string) *Fault {
	f.Subject, f.Address = subject, address
	return f
}

// NotPress is the answer for a word that is understood and tells no press: a release, the turn of a dial.
var NotPress = &Fault{Format: "no press"}
