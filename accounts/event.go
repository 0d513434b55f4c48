package accounts

import (
	"sync"
	"time"
)

// Event is a change of who may do what, or somebody who came in or was refused.
type Event struct {
	What    What
	By      string // who did it; of a log-in, the account
	About   string // name of the account
	Why     string
	Before  string // what was; empty: nothing
	After   string // what is
	Count   int    // of refusals, how many since the last event of them
	Address string // where it came from; empty: not told
}

// What is the closed set of events.
type What string

// The events.
const (
	Made     What = "account_made"
	Altered  What = "account_changed"
	Password What = "password_set"
	LoggedIn What = "login"
	Refused  What = "login_refused"
	Ended    What = "session_ended"
	TokenNew What = "token_made"
	TokenEnd What = "token_ended"
	LinkMade What = "link_made"

	ScreenNew What = "screen_made"
	ScreenEnd What = "screen_ended"
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
