package telemetry

import "time"

// PhoneClock is what a phone says of its own clock when it sends what was entered on it. None of it is believed alone.
type PhoneClock struct {
	// Done and Sent are what its clock showed as the entry was made and as it was sent.
	Done, Sent Instant
	// Elapsed is how long lay between the two by a clock that is never set and stands still while the phone sleeps; negative: not known,
	// because the page was loaded anew in between.
	Elapsed time.Duration
	// Heard is the gateway's time when the phone last heard from it before the entry was made, and HeardAt what its own clock showed then.
	// 0: not known.
	Heard, HeardAt Instant `json:",omitempty"`
	// SetBack says that the phone saw its clock go backwards since Heard.
	SetBack bool `json:",omitempty"`
}
