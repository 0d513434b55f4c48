package influx

import (
	"fmt"
	"time"
)

// Names of the faults that the Writer reports to Options.Faults; each becomes a service alert.
const (
	// FaultDown: no write has succeeded for outageAlarm; at once if something that is not InfluxDB answers, or the server
	// cannot prove who it is.
	FaultDown     = "influx_down"
	FaultAuth     = "influx_auth"                 // InfluxDB refuses the token
	FaultMissing  = "influx_missing_bucket"       // the bucket or database is not there
	FaultRejected = "influx_rejecting"            // points were refused for good during the last rejectedQuiet
	FaultExpiring = "influx_certificate_expiring" // the server's certificate ends within expiryWarning
	FaultSource   = "influx_source"               // the journal cannot be read, or the position not saved
)

// FaultNames lists all of them.
func FaultNames() []string {
	return []string{FaultDown, FaultAuth, FaultMissing, FaultRejected, FaultExpiring, FaultSource}
}

const (
	outageAlarm   = time.Minute      // a restart of InfluxDB is not an alarm
	rejectedQuiet = 15 * time.Minute // after the last rejected point
	expiryWarning = 30 * 24 * time.Hour
)

// faults remembers which faults are firing, and why, and tells only of changes. The Writer's goroutine owns it.
type faults struct {
	firing map[string]class // why; absent: not firing
	report func(name string, firing bool, detail string)
}

// fire begins a fault, or tells that a firing one has another cause now.
func (f *faults) fire(name string, why class, detail string) {
	if was, firing := f.firing[name]; firing && was == why {
		return
	}
	f.firing[name] = why
	if f.report != nil {
		f.report(name, true, detail)
	}
}

// clear ends a fault.
func (f *faults) clear(name string) {
	if _, firing := f.firing[name]; !firing {
		return
	}
	delete(f.firing, name)
	if f.report != nil {
		f.report(name, false, "")
	}
}

// failed raises what an unsuccessful attempt of class c deserves; since is when writing last worked or was first tried.
func (w *Writer) failed(c class, err error, since time.Time) {
	text := w.safe(err)
	switch c {
	case forbidden:
		w.faults.fire(FaultAuth, c, fmt.Sprintf(
			"InfluxDB at %s refuses the token for bucket %q (%s): give a token that may write there. Nothing is lost, readings wait in the journal.",
			w.server.URL, w.server.Bucket, text))
	case absent:
		w.faults.fire(FaultMissing, c, fmt.Sprintf(
			"InfluxDB at %s does not know bucket %q (%s): %s. Nothing is lost, readings wait in the journal.",
			w.server.URL, w.server.Bucket, text, w.server.missing()))
	case certificate:
		w.faults.fire(FaultDown, c, fmt.Sprintf(
			"the server at %s could not prove that it is InfluxDB (%s). Nothing was sent to it; readings wait in the journal.", w.server.URL, text))
	case unexpected:
		w.faults.fire(FaultDown, c, fmt.Sprintf(
			"something other than InfluxDB answers at %s (%s): a login page or a proxy? Readings wait in the journal.", w.server.URL, text))
	default:
		if waited := time.Since(since); waited >= outageAlarm {
			w.faults.fire(FaultDown, failing, fmt.Sprintf(
				"InfluxDB at %s has not stored anything for %v (%s). Readings wait in the journal.", w.server.URL, waited.Round(time.Second), text))
		}
	}
}

// recovered clears what a success disproves.
func (w *Writer) recovered() {
	for _, name := range []string{FaultDown, FaultAuth, FaultMissing} {
		w.faults.clear(name)
	}
	if end := w.doer.expires.Load(); end != 0 {
		if at := time.Unix(end, 0).UTC(); time.Until(at) < expiryWarning {
			w.faults.fire(FaultExpiring, written, fmt.Sprintf("the certificate of %s ends on %s", w.server.URL, at.Format(time.DateOnly)))
		} else {
			w.faults.clear(FaultExpiring)
		}
	}
}

// quiet clears the fault of rejected points when none has come for a while.
func (w *Writer) quiet() {
	if time.Since(w.lastRejected) >= rejectedQuiet {
		w.faults.clear(FaultRejected)
	}
}
