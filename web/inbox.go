package web

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/gerbang-iot/gerbang/accounts"
)

const (
	// photosEach and photosMost bound the photos that are coming in at once, of an account and of all: each waits as a file on the disk.
	photosEach, photosMost = 8, 64
	// photoPatience is how long one waits for its turn to be read.
	photoPatience = time.Minute
)

// inbox bounds what photos take that are coming in: many come, into files, and one is read at a time. It is safe for concurrent use.
type inbox struct {
	mu     sync.Mutex
	coming int
	each   map[string]int // by account
	turns  chan struct{}
}

func newInbox() *inbox { return &inbox{each: map[string]int{}, turns: make(chan struct{}, 1)} }

// enter lets a photo come in; leave must be called once. The error says to wait.
func (a *inbox) enter(c *accounts.Caller) (leave func(), err error) {
	who := ""
	if c != nil {
		who = c.Account
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case who != "" && a.each[who] >= photosEach:
		return nil, &fault{status: http.StatusTooManyRequests, key: "error.own_photos", args: []any{"Most", photosEach}, retry: 10}
	case a.coming >= photosMost:
		return nil, &fault{status: http.StatusServiceUnavailable, key: "error.photos", retry: 30}
	}
	a.coming++
	a.each[who]++
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.coming--
		if a.each[who]--; a.each[who] == 0 {
			delete(a.each, who)
		}
	}, nil
}

// turn waits until a photo may be read; done must be called once.
func (a *inbox) turn(ctx context.Context) (done func(), err error) {
	late := time.NewTimer(photoPatience)
	defer late.Stop()
	select {
	case a.turns <- struct{}{}:
		return func() { <-a.turns }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-late.C:
		return nil, &fault{status: http.StatusServiceUnavailable, key: "error.photos", retry: 30}
	}
}
