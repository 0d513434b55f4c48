package alerts

import "github.com/gerbang-iot/gerbang/telemetry"

// Clock is the response clock of an alert: when what came first. What is 0 has not happened, or is not known.
type Clock struct {
	Raised       telemetry.Instant `json:"raised"`
	Accepted     telemetry.Instant `json:"accepted,omitempty"`     // a router took it
	Shown        telemetry.Instant `json:"shown,omitempty"`        // a device has shown it to somebody
	Opened       telemetry.Instant `json:"opened,omitempty"`       // somebody has opened it
	Acknowledged telemetry.Instant `json:"acknowledged,omitempty"` // for the first time
	Back         telemetry.Instant `json:"back_within,omitempty"`  // the rule is kept again
}

// Clock is the alert's response clock.
func (a *Alert) Clock() Clock {
	c := Clock{Raised: a.Opened, Accepted: a.Accepted, Shown: a.Shown, Opened: a.Looked, Back: a.Resolved}
	if all := a.Acknowledgements(); len(all) > 0 {
		c.Acknowledged = all[0].At
	}
	if a.Eased != nil {
		c.Back = a.Eased.Since
	}
	return c
}
