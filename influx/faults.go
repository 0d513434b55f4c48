package influx

import (
	"fmt"
	"time"
)

// Names of the faults that the Writer reports to Options.Faults; each becomes a service alert.
const (
	FaultAuth        = "influx_auth"                 // InfluxDB refuses the token
	FaultMissing     = "influx_missing_bucket"       // the bucket or database is not there
	FaultUnavailable = "influx_unavailable"          // no write has succeeded for outageAlarm
	FaultUnexpected  = "influx_unexpected_answer"    // something that is not InfluxDB answers
	FaultCertificate = "influx_certificate"          // the server could not prove who it is
	FaultExpiring    = "influx_certificate_expiring" // its certificate ends within expiryWarning
	FaultRejected    = "influx_rejected"             // points were refused for good during the last rejectedQuiet
	FaultSource      = "influx_source"               // the journal cannot be read, or the position not saved
)

// FaultNames lists all of them.
func FaultNames() []string {
	return []string{FaultAuth, FaultMissing, FaultUnavailable, FaultUnexpected, FaultCertificate, FaultExpiring, FaultRejected, FaultSource}
}

const (
	outageAlarm   = time.Minute      // a restart of InfluxDB is not an alarm
	rejectedQuiet = 15 * time.Minute // after the last rejected point
	expiryWarning = 30 * 24 * time.Hour
)

// faults remembers which faults are firing and tells only of changes. The Writer's goroutine owns it.
type faults struct {
	firing map[string]bool
	report func(name string, firing bool, detail string)
}

// set fires or clears a fault.
func (f *faults) set(name string, firing bool, detail string) {
	if f.firing[name] == firing {
		return
	}
	f.firing[name] = firing
	if f.report != nil {
		f.report(name, firing, detail)
	}
}

// failed raises what an unsuccessful attempt of class c deserves; since is when writing last worked or was first tried.
func (w *Writer) failed(c class, err error, since time.Time) {
	text := w.safe(err)
	switch c {
	case forbidden:
		w.faults.set(FaultAuth, true, fmt.Sprintf(
			"InfluxDB at %s refuses the token for bucket %q (%s): give a token that may write there. Nothing is lost, readings wait in the journal.",
			w.server.URL, w.server.Bucket, text))
	case absent:
		w.faults.set(FaultMissing, true, fmt.Sprintf(
			"InfluxDB at %s does not know bucket %q (%s): %s. Nothing is lost, readings wait in the journal.",
			w.server.URL, w.server.Bucket, text, w.server.missing()))
	case certificate:
		w.faults.set(FaultCertificate, true, fmt.Sprintf(
			"the server at %s could not prove that it is InfluxDB (%s). Nothing was sent to it; readings wait in the journal.", w.server.URL, text))
	case unexpected:
		w.faults.set(FaultUnexpected, true, fmt.Sprintf(
			"something other than InfluxDB answers at %s (%s): a login page or a proxy? Readings wait in the journal.", w.server.URL, text))
	default:
		if waited := time.Since(since); waited >= outageAlarm {
			w.faults.set(FaultUnavailable, true, fmt.Sprintf(
				"InfluxDB at %s has not stored anything for %v (%s). Readings wait in the journal.", w.server.URL, waited.Round(time.Second), text))
		}
	}
}

// recovered clears what a success disproves.
func (w *Writer) recovered() {
	for _, name := range []string{FaultAuth, FaultMissing, FaultUnavailable, FaultUnexpected, FaultCertificate} {
		w.faults.set(name, false, "")
	}
	if end := w.doer.expires.Load(); end != 0 {
		at := time.Unix(end, 0).UTC()
		w.faults.set(FaultExpiring, time.Until(at) < expiryWarning,
			fmt.Sprintf("the certificate of %s ends on %s", w.server.URL, at.Format(time.DateOnly)))
	}
}

// quiet clears the fault of rejected points when none has come for a while.
func (w *Writer) quiet() {
	if w.faults.firing[FaultRejected] && time.Since(w.lastRejected) >= rejectedQuiet {
		w.faults.set(FaultRejected, false, "")
	}
}
