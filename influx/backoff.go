package influx

import (
	"errors"
	"math/rand/v2"
	"time"
)

const (
	firstDelay = time.Second // upper end of the first delay
	maxDelay   = time.Minute
	// configDelay is the pause after an answer that only a person can change: wrong token, no such bucket.
	configDelay = time.Minute
)

// delay is how long to wait after the n-th failure in a row (from 1). Full jitter: anywhere up to a bound that doubles, so
// that the gateways of many sites do not come back all at once. A server that says when to return is obeyed, plus a
// little jitter.
func delay(c class, err error, n int) time.Duration {
	switch c {
	case forbidden, absent, certificate:
		return configDelay
	}
	bound := min(maxDelay, firstDelay<<min(n-1, 10))
	if a, ok := errors.AsType[*answer](err); ok && a.retryAfter > 0 {
		return a.retryAfter + rand.N(min(a.retryAfter/10, 10*time.Second)+1)
	}
	// Not quite from 0: a refused connection fails at once, and a tight loop helps nobody.
	return bound/20 + rand.N(bound-bound/20)
}
