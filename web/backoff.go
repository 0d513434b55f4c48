package web

import (
	"net/netip"
	"sync"
	"time"
)

const (
	freeTries   = 5           // failures before the first wait
	firstWait   = time.Second // doubles with each further failure
	longestWait = time.Minute // never a lock-out: the owner of the token waits a minute at worst
	forgetAfter = 15 * time.Minute
	maxClients  = 4096 // remembered addresses; the one that failed longest ago makes room
)

// backoff slows down guessing, by address. It is safe for concurrent use and its memory is bounded.
type backoff struct {
	mu      sync.Mutex
	clients map[netip.Prefix]failures
}

type failures struct {
	count int
	last  time.Time
}

func newBackoff() *backoff { return &backoff{clients: make(map[netip.Prefix]failures)} }

// wait is how long an address must wait before it may try again.
func (b *backoff) wait(from netip.Prefix, now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	f, ok := b.clients[from]
	if !ok || f.count < freeTries {
		return 0
	}
	wait := longestWait
	if n := f.count - freeTries; n < 6 {
		wait = firstWait << n
	}
	return max(0, f.last.Add(min(wait, longestWait)).Sub(now))
}

// failed remembers a failure.
func (b *backoff) failed(from netip.Prefix, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f, known := b.clients[from]
	if now.Sub(f.last) > forgetAfter {
		f = failures{}
	}
	if !known && len(b.clients) >= maxClients {
		b.forgetOne(now)
	}
	b.clients[from] = failures{count: f.count + 1, last: now}
}

// succeeded forgets an address.
func (b *backoff) succeeded(from netip.Prefix) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.clients, from)
}

// forgetOne makes room: everything that is over, else the oldest. The caller holds the lock.
func (b *backoff) forgetOne(now time.Time) {
	var oldest netip.Prefix
	at := now
	for from, f := range b.clients {
		if now.Sub(f.last) > forgetAfter {
			delete(b.clients, from)
			continue
		}
		if !f.last.After(at) {
			oldest, at = from, f.last
		}
	}
	if len(b.clients) >= maxClients {
		delete(b.clients, oldest)
	}
}
