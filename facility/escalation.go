package facility

import "time"

// Escalation is whom a site calls about an alert, one after another, until somebody acknowledges it or it ends.
type Escalation struct {
	// About are the severities of the alerts that it is for; empty: critical and warning.
	About []string `json:"about,omitempty"`
	// Steps are taken in their order.
	Steps []Call `json:"steps"`
	// Repeat is how long after the last step it begins again; 0: never.
	Repeat time.Duration `json:"repeat,omitempty"`
}

// Call is one step of an escalation. Exactly one of Role, Account, Receiver and Channel says who is called, and how.
type Call struct {
	Role     string `json:"role,omitempty"`     // all accounts with this role at the site, on their phones
	Account  string `json:"account,omitempty"`  // the account that signs in with this name, on its phones
	Receiver string `json:"receiver,omitempty"` // of Alertmanager
	Channel  string `json:"channel,omitempty"`  // of the gateway: an ntfy topic, an SMS modem, a siren
	// After is how long the step waits behind the one before, or behind the moment at which the alert was raised.
	After time.Duration `json:"after,omitempty"`
	// Unless is what must not have happened by then; empty: UntilTaken.
	Unless Attention `json:"unless,omitempty"`
}

// Attention is how far an alert has come with people.
type Attention string

// What an alert may have come to.
const (
	UntilShown Attention = "shown"        // a device has shown it to somebody
	UntilTaken Attention = "acknowledged" // somebody said that he sees to it
)

// DefaultSeverities are those that people are called about where nothing is said.
var DefaultSeverities = []string{"critical", "warning"}
