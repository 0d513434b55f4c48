package influx

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// Names of the faults that the Writer reports to Options.Faults; each becomes a service alert.
const (
	// FaultDown: no write has succeeded for outageAlarm; at once if something that is not proven to be InfluxDB answers, or the server
	// cannot prove who it is.
	FaultDown     = "influx_down"
	FaultAuth     = "influx_auth"                 // InfluxDB refuses the token
	FaultMissing  = "influx_missing_bucket"       // the bucket or database is not there
	FaultRejected = "influx_rejecting"            // points were refused for good during the last rejectedQuiet
	FaultExpiring = "influx_certificate_expiring" // the server's certificate ends within expiryWarning
	FaultSource   = "influx_source"               // the journal cannot be read, or the position not saved
	FaultHeld     = "influx_waiting"              // older points are not taken and not refused either, while newer ones are stored
)

// FaultNames lists all of them.
func FaultNames() []string {
	return []string{FaultDown, FaultAuth, FaultMissing, FaultRejected, FaultExpiring, FaultSource, FaultHeld}
}

const (
	outageAlarm   = 30 * time.Second
	rejectedQuiet = 15 * time.Minute // after the last rejected point
	expiryWarning = 30 * 24 * time.Hour
)

// faults remembers which faults are firing, and why, and tells only of changes. It is safe for concurrent use.
type faults struct {
	report func(name string, firing bool, detail string)

	mu           sync.Mutex
	firing       map[string]class // why; absent: not firing
	lastRejected time.Time
}

// fire begins a fault, or tells that a firing one has another cause now.
func (f *faults) fire(name string, why class, detail string) {
	f.mu.Lock()
	defer f.mu.Unlock()
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
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, firing := f.firing[name]; !firing {
		return
	}
	delete(f.firing, name)
	if f.report != nil {
		f.report(name, false, "")
	}
}

// any reports whether one of the faults is firing.
func (f *faults) any(names ...string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.ContainsFunc(names, func(name string) bool { _, firing := f.firing[name]; return firing })
}

// rejected begins the fault of rejected points.
func (f *faults) rejected(detail string) {
	f.mu.Lock()
	f.lastRejected = time.Now()
	f.mu.Unlock()
	f.fire(FaultRejected, invalid, detail)
}

// quiet clears the fault of rejected points when none has come for a while.
func (f *faults) quiet() {
	f.mu.Lock()
	quiet := time.Since(f.lastRejected) >= rejectedQuiet
	f.mu.Unlock()
	if quiet {
		f.clear(FaultRejected)
	}
}

// outage watches how long nothing was stored while it was tried, also while a request hangs.
type outage struct {
	alarm func() // called once, when that is outageAlarm

	mu    sync.Mutex
	since time.Time // of the first attempt behind the last success; zero: there was none
	timer *time.Timer
}

// begin notes an attempt.
func (o *outage) begin(now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.since.IsZero() {
		o.since = now
		o.timer = time.AfterFunc(outageAlarm, o.alarm)
	}
}

// end notes a success, or that nobody tries any more.
func (o *outage) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.timer != nil {
		o.timer.Stop()
	}
	o.since = time.Time{}
}

// began is when the outage began; zero: there is none.
func (o *outage) began() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.since
}

// outageAlarmed tells of an outage that is an alarm by now.
func (w *Writer) outageAlarmed() {
	since := w.outage.began()
	if since.IsZero() || w.faults.any(FaultDown, FaultAuth, FaultMissing) {
		return
	}
	text := w.Health().LastError
	if text == "" {
		text = "it has not answered yet"
	}
	w.faults.fire(FaultDown, failing, w.outageText(since, text))
}

func (w *Writer) outageText(since time.Time, why string) string {
	return fmt.Sprintf("InfluxDB at %s has not stored anything for %v (%s). Readings wait in the journal.",
		w.connections.Load().server.URL, time.Since(since).Round(time.Second), why)
}

// failed raises what an unsuccessful attempt of class c deserves.
func (w *Writer) failed(l *lane, c class, err error) {
	text := w.safe(err)
	if l.again {
		return
	}
	if l.past && w.health.storedSince(l.failingSince) {
		w.health.hold(text)
		if l.failures >= patience {
			w.faults.fire(FaultHeld, c, fmt.Sprintf(
				"points of %s and later are neither taken nor refused for good (%s). They wait in the journal; newer ones are stored.",
				time.Now().Add(-w.health.age()).UTC().Format(time.RFC3339), text))
		}
		return
	}
	state := Retrying
	switch c {
	case forbidden, absent, certificate, limited:
		state = Blocked
	}
	w.health.is(state, text)
	s := w.connections.Load().server
	switch c {
	case forbidden:
		w.faults.fire(FaultAuth, c, fmt.Sprintf(
			"InfluxDB at %s refuses the token for %s (%s): give a token that may write there. Nothing is lost, readings wait in the journal.",
			s.URL, s.target(), text))
	case absent:
		w.faults.fire(FaultMissing, c, fmt.Sprintf(
			"InfluxDB at %s does not know %s (%s): %s. Nothing is lost, readings wait in the journal.",
			s.URL, s.target(), text, s.missing(text)))
	case certificate:
		w.faults.fire(FaultDown, c, fmt.Sprintf(
			"the server at %s could not prove that it is InfluxDB (%s). Nothing was sent to it; readings wait in the journal.", s.URL, text))
	case unexpected:
		w.faults.fire(FaultDown, c, fmt.Sprintf(
			"what answers at %s is not proven to be InfluxDB (%s): a login page, a proxy, a firewall? Readings wait in the journal.", s.URL, text))
	case tooLarge:
		w.faults.fire(FaultDown, c, fmt.Sprintf(
			"something at %s takes no single line any more for being too large (%s): a proxy? Readings wait in the journal.", s.URL, text))
	case invalid:
		w.faults.fire(FaultDown, c, fmt.Sprintf(
			"InfluxDB at %s refuses what was not sent to it, or everything (%s). Readings wait in the journal.", s.URL, text))
	case limited:
		w.faults.fire(FaultDown, c, fmt.Sprintf(
			"InfluxDB at %s takes no new series (%s): raise its limit. Readings wait in the journal.", s.URL, text))
	default:
		if since := w.outage.began(); !since.IsZero() && time.Since(since) >= outageAlarm {
			w.faults.fire(FaultDown, failing, w.outageText(since, text))
		}
	}
}

// recovered clears what a success disproves.
func (w *Writer) recovered(l *lane) {
	w.outage.end()
	for _, name := range []string{FaultDown, FaultAuth, FaultMissing} {
		w.faults.clear(name)
	}
	if l.past && !l.again {
		w.health.hold("")
		w.faults.clear(FaultHeld)
	}
	c := l.conn()
	if end := c.doer.expires.Load(); end != 0 {
		if at := time.Unix(end, 0).UTC(); time.Until(at) < expiryWarning {
			w.faults.fire(FaultExpiring, written, fmt.Sprintf("the certificate of %s ends on %s", w.connections.Load().server.URL, at.Format(time.DateOnly)))
		} else {
			w.faults.clear(FaultExpiring)
		}
	}
}
