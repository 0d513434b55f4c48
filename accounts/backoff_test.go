package accounts

import (
	"testing"
	"time"
)

func TestBackoffIsBounded(t *testing.T) {
	b := NewBackoff[int]()
	now := time.Date(2026, 1, 5, 7, 5, 12, 0, time.UTC)
	for i := range maxGuessers * 2 {
		b.Failed(i, now.Add(time.Duration(i)*time.Millisecond))
	}
	if got := b.Len(); got > maxGuessers {
		t.Errorf("remembered: got %d, want %d or fewer", got, maxGuessers)
	}
	for range 200 {
		b.Failed(-1, now)
	}
	if got := b.Wait(-1, now); got != LongestWait {
		t.Errorf("wait after 200 failures: got %v, want %v", got, LongestWait)
	}
	if got := b.Wait(-1, now.Add(LongestWait)); got != 0 {
		t.Errorf("wait a minute later: got %v, want 0", got)
	}
}
