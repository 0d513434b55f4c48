package accounts

import (
	"sync"
	"time"
)

// Event is a change of who may do what, or somebody who came in or was refused. It is kept with what it tells of, in one transaction, until it
// is recorded: no change is without its event, whenever the process ends.
type Event struct {
	ID      string    `json:"id"` // the same whenever it is told; later events have greater ones
	At      time.Time `json:"at"`
	What    What      `json:"what"`
	By      string    `json:"by,omitempty"`    // who did it; of a log-in, the account
	About   string    `json:"about,omitempty"` // name of the account
	Why     string    `json:"why,omitempty"`
	Before  string    `json:"before,omitempty"`  // what was; empty: nothing
	After   string    `json:"after,omitempty"`   // what is
	Count   int       `json:"count,omitempty"`   // of refusals, how many since the last event of them; of recovery codes, how many are left
	Address string    `json:"address,omitempty"` // where it came from; empty: not told
}

// What is the closed set of events.
type What string

// The events.
const (
	Made      What = "account_made"
	Altered   What = "account_changed"
	Password  What = "password_set"
	LoggedIn  What = "login"
	Refused   What = "login_refused"
	Ended     What = "session_ended"
	TokenNew  What = "token_made"
	TokenEnd  What = "token_ended"
	LinkMade  What = "link_made"
	ScreenNew What = "screen_made"
	ScreenEnd What = "screen_ended"
	PhoneNew  What = "phone_made"
	PhoneIn   What = "phone_enrolled"
	PhoneEnd  What = "phone_ended"
	PINSet    What = "pin_set"

	FactorSet    What = "factor_set"          // a second factor: After says which
	FactorGone   What = "factor_removed"      // by its owner: Before says which
	FactorsReset What = "factors_reset"       // all of an account, by somebody else or on the machine
	RecoveryNew  What = "recovery_made"       // recovery codes
	RecoveryUsed What = "recovery_used"       // one of them: Count are left
	StepRefused  What = "second_step_refused" // the password was right: After says what was tried
)

// tellEvery is how often refusals are told, however many there are: a guesser does not fill the record.
const tellEvery = time.Minute

// tally counts refusals between two events of them.
type tally struct {
	mu    sync.Mutex
	count int
	last  time.Time
}

// add counts a refusal, and says of how many it is time to tell; 0: of none yet.
func (t *tally) add(now time.Time) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count++
	if now.Sub(t.last) < tellEvery {
		return 0
	}
	n := t.count
	t.count, t.last = 0, now
	return n
}
