package app

import (
	"time"

	"github.com/gerbang-iot/gerbang/alerts"
	"github.com/gerbang-iot/gerbang/ingest/mqtt"
)

// brokerWatch makes faults of what the subscriber says of its broker. It is used by one goroutine.
type brokerWatch struct {
	resumed bool // the broker should know this gateway
	away    bool // the rules were told that there is no connection
	firing  map[alerts.FaultName]bool
}

const (
	// downAfter is how long a connection may be away before people are told: a broker that is restarted is back by then.
	downAfter = 10 * time.Second
	// awayAfter is how long it may be away before the rules are told, who call nobody for it: no device is silent after less.
	awayAfter = time.Second
	// sessionLostFor is how long people are told that messages may be missing: after that it has been said.
	sessionLostFor = time.Hour
)

// connection gives whether the connection is there, and since when, where the rules do not know yet.
func (w *brokerWatch) connection(h mqtt.Health, now time.Time) (is bool, since time.Time, changed bool) {
	away := !h.Connected && now.Sub(h.Since) >= awayAfter
	changed = away != w.away
	w.away = away
	return !away, h.Since, changed
}

// changes gives the faults that began or ended, those that began first: where one takes the place of another, nobody is to
// believe in between that the broker is heard.
func (w *brokerWatch) changes(h mqtt.Health, now time.Time) []alerts.Fault {
	down := !h.Connected && now.Sub(h.Since) > downAfter
	faults := [...]struct {
		name  alerts.FaultName
		bad   bool
		since time.Time
	}{
		{alerts.FaultBrokerDown, down, h.Since},
		// A broker that delivered nothing is not heard because the connection to it is gone now.
		{alerts.FaultBrokerDeaf, h.Connected && h.Reason != "" && !h.Takeover || !h.Connected && !down && w.firing[alerts.FaultBrokerDeaf], h.Heard},
		{alerts.FaultClientTakeover, h.Takeover, h.Heard},
		{alerts.FaultBrokerRestarts, h.Unstable != "", h.Heard},
		{alerts.FaultSessionLost, (w.resumed || h.Connects > 1) && h.Connected && !h.SessionPresent && now.Sub(h.Since) < sessionLostFor, h.Heard},
	}
	var changed []alerts.Fault
	for _, begins := range []bool{true, false} {
		for _, f := range faults {
			if f.bad == begins && w.firing[f.name] != f.bad {
				w.firing[f.name] = f.bad
				detail := h.Reason
				if f.name == alerts.FaultBrokerRestarts {
					detail = h.Unstable
				}
				changed = append(changed, alerts.Fault{Name: f.name, Detail: detail, Firing: f.bad, Since: f.since})
			}
		}
	}
	return changed
}
