package gateway

import (
	"testing"
	"time"
)

// A view that was interrupted does not hold up the others, nor for long itself; sites that cost more wait longer, and never too long.
func TestOneSlowViewFreezesNoPages(t *testing.T) {
	var s spending
	for range 100 {
		s.add(10 * time.Microsecond)
	}
	usual := s.pause(1200)
	if usual < 500*time.Millisecond || usual > 700*time.Millisecond {
		t.Errorf("got a pause of %v, want 50 x 10 µs x 1200", usual)
	}
	s.add(63 * time.Millisecond)
	if got := s.pause(1200); got > 2*usual {
		t.Errorf("after one view of 63 ms: got a pause of %v, want little more than %v", got, usual)
	}
	for range 100 {
		s.add(10 * time.Microsecond)
	}
	if got := s.pause(1200); got > usual*11/10 {
		t.Errorf("100 views later: got %v, want %v again", got, usual)
	}
	for range 100 {
		s.add(time.Millisecond)
	}
	if got := s.pause(1200); got != publishLongest {
		t.Errorf("of expensive sites: got %v, want %v", got, publishLongest)
	}
	var first spending
	first.add(time.Hour)
	if got := first.pause(3); got > publishLongest {
		t.Errorf("got %v", got)
	}
	if got := s.pause(1); got != publishEvery {
		t.Errorf("of one site: got %v, want %v", got, publishEvery)
	}
}
