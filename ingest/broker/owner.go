package broker

import (
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/gerbang-iot/gerbang/ingest/access"
)

const (
	// A credential may publish so many messages that it had no right to: extra topics of a device are evidence, a flood of them
	// ends its connection. A reader has no right to any.
	outsideRate  = 10 // a second
	outsideBurst = 600
	readerRate   = 1.0 / 6
	readerBurst  = 10

	firstPenalty   = time.Second // before the next connection; doubles with each further disconnection
	longestPenalty = time.Minute
	forgivenAfter  = 15 * time.Minute
)

// owner is a credential with what it has at the broker. It stays the same while its password changes.
type owner struct {
	name string
	// penalized: who has it can be told to wait. Those without a credential share one, and must not pay for each other.
	penalized bool

	sessions map[string]*session // open and asleep; guarded by sessions.mu

	uncommitted atomic.Int64 // bytes of its large messages that are not on disk yet

	queued   atomic.Int64 // bytes that wait for its sessions
	topics   atomic.Int64 // retained, and
	retained atomic.Int64 // their bytes

	messages atomic.Int64 // taken
	outside  atomic.Int64 // of them on topics that are not its own, and those of a reader
	refused  [causes]atomic.Int64

	mu      sync.Mutex
	reader  bool
	junk    *rate.Limiter // of messages that it had no right to publish
	strikes int           // disconnections for its own doing, lately
	last    time.Time     // of them
	until   time.Time     // it may connect again
}

// everybody is the name of the owner of what those without a credential have. No credential has a colon in its name.
const everybody = ":anonymous"

// allow says what the owner may do, which a reload may change.
func (o *owner) allow(a *access.Account) {
	o.mu.Lock()
	defer o.mu.Unlock()
	reader := a.Role == access.Reader
	switch {
	case o.junk != nil && o.reader == reader:
	case reader:
		o.junk = rate.NewLimiter(readerRate, readerBurst)
	default:
		o.junk = rate.NewLimiter(outsideRate, outsideBurst)
	}
	o.reader = reader
}

// penalize counts a disconnection for the owner's own doing: it may not connect for a while, since most clients come back at once.
func (o *owner) penalize(now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if now.Sub(o.last) > forgivenAfter {
		o.strikes = 0
	}
	wait := longestPenalty
	if o.strikes < 6 {
		wait = firstPenalty << o.strikes
	}
	o.strikes++
	o.last, o.until = now, now.Add(wait)
}

// penalty is how long the owner may not connect.
func (o *owner) penalty(now time.Time) time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	return max(0, o.until.Sub(now))
}

// count is how many sessions are connected, asleep the one that has slept longest, newest the one that connected last; nil: there
// is none. The caller holds sessions.mu.
func (o *owner) count() (open int, asleep, newest *session) {
	for _, s := range o.sessions {
		switch {
		case !s.open && (asleep == nil || s.since.Before(asleep.since)):
			asleep = s
		case s.open && (newest == nil || s.since.After(newest.since)):
			newest = s
		}
		if s.open {
			open++
		}
	}
	return open, asleep, newest
}
