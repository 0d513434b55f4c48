package accounts

import (
	"sync"
	"time"
)

const (
	// FreeTries are the failures before the first wait.
	FreeTries = 5
	// FirstWait doubles with each further failure.
	FirstWait = time.Second
	// LongestWait is never a lock-out: whoever knows the secret waits a minute at worst.
	LongestWait = time.Minute

	forgetAfter = 15 * time.Minute
	// maxGuessers bounds what is remembered; the one that failed longest ago makes room.
	maxGuessers = 4096
)

// Backoff slows down guessing, by whatever tells guessers apart. It is safe for concurrent use and its memory is bounded.
type Backoff[K comparable] struct {
	mu   sync.Mutex
	seen map[K]failures
}

type failures struct {
	count int
	last  time.Time
}

// NewBackoff makes one that knows nobody.
func NewBackoff[K comparable]() *Backoff[K] { return &Backoff[K]{seen: make(map[K]failures)} }

// Wait is how long somebody must wait before the next try.
func (b *Backoff[K]) Wait(who K, now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	f, ok := b.seen[who]
	if !ok || f.count < FreeTries {
		return 0
	}
	wait := LongestWait
	if n := f.count - FreeTries; n < 6 {
		wait = FirstWait << n
	}
	return max(0, f.last.Add(min(wait, LongestWait)).Sub(now))
}

// Failed remembers a failure.
func (b *Backoff[K]) Failed(who K, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f, known := b.seen[who]
	if now.Sub(f.last) > forgetAfter {
		f = failures{}
	}
	if !known && len(b.seen) >= maxGuessers {
		b.forgetOne(now)
	}
	b.seen[who] = failures{count: f.count + 1, last: now}
}

// Succeeded forgets somebody.
func (b *Backoff[K]) Succeeded(who K) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.seen, who)
}

// Len is how many are remembered.
func (b *Backoff[K]) Len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.seen)
}

// forgetOne makes room: everything that is over, else the oldest. The caller holds the lock.
func (b *Backoff[K]) forgetOne(now time.Time) {
	var oldest K
	at := now
	for who, f := range b.seen {
		if now.Sub(f.last) > forgetAfter {
			delete(b.seen, who)
			continue
		}
		if !f.last.After(at) {
			oldest, at = who, f.last
		}
	}
	if len(b.seen) >= maxGuessers {
		delete(b.seen, oldest)
	}
}
