package reach

import (
	"errors"
	"slices"
	"strconv"
	"strings"
)

// Failure is why a message did not go out, for people of any language: a code of a closed set, and what a server answered, where that tells
// more. In records it is its String.
type Failure struct {
	Code   string
	Status int // of HTTP; 0: none
}

// The codes of failures.
const (
	NoPhone     = "no_phone"     // nobody of those who were called has a phone that can be reached
	NoChannel   = "no_channel"   // the configuration has none of that name any more
	LeftOut     = "left_out"     // a siren, of a drill without it
	SignedOut   = "signed_out"   // the session that told of the phone is over
	PushStatus  = "push_status"  // the push service answers with the status
	PushSilent  = "push_silent"  // it does not answer
	PushGone    = "push_gone"    // the phone takes no notifications any more
	PushAddress = "push_address" // the phone's push service may not be used
	NtfyStatus  = "ntfy_status"  // the ntfy server answers with the status
	NtfySilent  = "ntfy_silent"
	NtfyAddress = "ntfy_address"
	NtfyToken   = "ntfy_token"   // its token cannot be read
	ModemFailed = "modem_failed" // the modem could not send it
	ModemFolder = "modem_folder" // its folder cannot be written
	ModemWaits  = "modem_waits"  // it has not sent it yet
	Unknown     = "unknown"      // anything else: the log has it
)

// Failures lists the codes.
func Failures() []string {
	return []string{
		NoPhone, NoChannel, LeftOut, SignedOut, PushStatus, PushSilent, PushGone, PushAddress, NtfyStatus, NtfySilent, NtfyAddress, NtfyToken, ModemFailed, ModemFolder, ModemWaits,
		Unknown,
	}
}

// String is the code, and after a colon the status.
func (f *Failure) String() string {
	if f.Status == 0 {
		return f.Code
	}
	return f.Code + ":" + strconv.Itoa(f.Status)
}

func (f *Failure) Error() string { return f.String() }

// ReadFailure reads what String has written. What nobody knows is Unknown.
func ReadFailure(s string) Failure {
	code, status, _ := strings.Cut(s, ":")
	if slices.Contains(Failures(), code) {
		n, _ := strconv.Atoi(status)
		return Failure{code, n}
	}
	return Failure{Unknown, 0}
}

// codeOf is an error as a record has it.
func codeOf(err error) string {
	var f *Failure
	var address *addressError
	switch {
	case errors.As(err, &f):
		return f.String()
	case errors.As(err, &address):
		return PushAddress
	}
	return Unknown
}
