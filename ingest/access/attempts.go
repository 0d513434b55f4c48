package access

import (
	"hash/maphash"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	freeFailures = 5                // of a name from an address, before the first wait
	firstWait    = time.Second      // doubles with each further failure
	longestWait  = time.Minute      // never a lock-out
	forgetAfter  = 15 * time.Minute // failures of a name from an address
	// An address may fail so often, whatever the names: guessing is slow, and a building whose passwords were all changed
	// recovers within minutes.
	failureRate  = 5  // a second
	failureBurst = 50 // at once
	maxRemember  = 4096
	maxKnown     = 16_384
)

// Attempts slows guessing down: of one name from one address, and of any names from one address. A client that has logged in
// before (the same address, name and client id) is never made to wait, so nobody can lock a device out by failing in its name or
// behind its address. Attempts are remembered in memory only and within bounds. Safe for concurrent use.
type Attempts struct {
	seed maphash.Seed
	now  func() time.Time

	mu        sync.Mutex
	pairs     map[uint64]failures // by address and name
	addresses map[netip.Prefix]*rate.Limiter
	known     map[uint64]time.Time // when a client logged in last
}

type failures struct {
	count int
	last  time.Time
}

// NewAttempts reads the time from now; nil: time.Now.
func NewAttempts(now func() time.Time) *Attempts {
	if now == nil {
		now = time.Now
	}
	return &Attempts{
		seed: maphash.MakeSeed(), now: now,
		pairs: map[uint64]failures{}, addresses: map[netip.Prefix]*rate.Limiter{}, known: map[uint64]time.Time{},
	}
}

// Attempt is a log-in that is about to be judged. Client is what the client calls itself, empty where it has no such name.
type Attempt struct {
	From         netip.Prefix
	Name, Client string
}

// Wait is how long this client must wait before its password is looked at; 0: it may try now.
func (a *Attempts) Wait(t Attempt) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, ok := a.known[a.client(t)]; ok {
		return 0
	}
	now := a.now()
	if f, ok := a.pairs[a.pair(t)]; ok && f.count >= freeFailures {
		wait := longestWait
		if n := f.count - freeFailures; n < 6 {
			wait = min(firstWait<<n, longestWait)
		}
		if left := f.last.Add(wait).Sub(now); left > 0 {
			return left
		}
	}
	if l := a.addresses[t.From]; l != nil && l.TokensAt(now) < 1 {
		return time.Second / failureRate
	}
	return 0
}

// Failed remembers a wrong name or password.
func (a *Attempts) Failed(t Attempt) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	l := a.addresses[t.From]
	if l == nil {
		if len(a.addresses) >= maxRemember {
			a.forgetAddress(now)
		}
		l = rate.NewLimiter(failureRate, failureBurst)
		a.addresses[t.From] = l
	}
	l.AllowN(now, 1)

	key := a.pair(t)
	f, ok := a.pairs[key]
	if now.Sub(f.last) > forgetAfter {
		f = failures{}
	}
	if !ok && len(a.pairs) >= maxRemember {
		forgetOldest(a.pairs, func(f failures) time.Time { return f.last })
	}
	a.pairs[key] = failures{f.count + 1, now}
}

// Succeeded forgets the failures of the client's name from its address, and remembers the client.
func (a *Attempts) Succeeded(t Attempt) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.pairs, a.pair(t))
	key := a.client(t)
	if _, ok := a.known[key]; !ok && len(a.known) >= maxKnown {
		forgetOldest(a.known, func(at time.Time) time.Time { return at })
	}
	a.known[key] = a.now()
}

func (a *Attempts) pair(t Attempt) uint64 {
	return maphash.Comparable(a.seed, [2]string{t.From.String(), t.Name})
}

func (a *Attempts) client(t Attempt) uint64 {
	return maphash.Comparable(a.seed, [3]string{t.From.String(), t.Name, t.Client})
}

// forgetAddress makes room: addresses that may fail as often as ever, else any. The caller holds the lock.
func (a *Attempts) forgetAddress(now time.Time) {
	for from, l := range a.addresses {
		if l.TokensAt(now) >= failureBurst {
			delete(a.addresses, from)
		}
	}
	for from := range a.addresses {
		if len(a.addresses) < maxRemember {
			return
		}
		delete(a.addresses, from)
	}
}

// forgetOldest makes room for many at once, so that a flood of new names costs little.
func forgetOldest[V any](m map[uint64]V, at func(V) time.Time) {
	var sum, n int64
	base := time.Time{}
	for _, v := range m {
		if base.IsZero() {
			base = at(v)
		}
		sum += int64(at(v).Sub(base) / time.Microsecond)
		n++
	}
	middle := base.Add(time.Duration(sum/max(1, n)) * time.Microsecond)
	for k, v := range m {
		if !at(v).After(middle) {
			delete(m, k)
		}
	}
}

// From is the address of a remote end as bounds count it: IPv6 by its /64, since one subscriber has them all. The zero Prefix
// stands for all that cannot be told apart.
func From(remote string) netip.Prefix {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		host = remote
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Prefix{}
	}
	ip = ip.Unmap().WithZone("")
	bits := 32
	if ip.Is6() {
		bits = 64
	}
	return netip.PrefixFrom(ip, bits).Masked()
}
