package rules

import (
	"cmp"
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// mostGap is the longest gap between two numbers that is one: what jumps further counts anew.
const mostGap = 10_000

// lateBy is by how many numbers a message that comes behind others, and does not say when it was, may be late: what falls further
// begins anew.
const lateBy = 64

// mostHoles bounds the gaps of one device that may still be filled; the oldest of more stay lost.
const mostHoles = 1024

// mostBoots bounds the sequences of one device: two devices under one id, or a number that is none, begin one with each message.
const mostBoots = 64

// sequence are the numbers of a device's messages since it last began to count: which came, and which lie between those that came.
type sequence struct {
	boot      string // of the device, where it tells
	low, high uint64 // the numbers that came first and last
	from, to  telemetry.Instant
	holes     []hole // by number
}

// hole are numbers that did not come, up to a message that came at a time: that is when they were missed.
type hole struct {
	low, high uint64
	at        telemetry.Instant
}

// number takes in the number of a message and gives from when on what is lost is another now; 0: it is not.
func (h *health) number(boot string, n uint64, at telemetry.Instant) telemetry.Instant {
	if i := h.counting(boot, n, at); i >= 0 {
		return h.counted(i, n, at)
	} else if i == newCounting {
		h.begin(boot, n, at) // it is known to number its messages
		return at
	}
	return 0
}

// counted takes in a number of the i-th sequence.
func (h *health) counted(i int, n uint64, at telemetry.Instant) telemetry.Instant {
	s := &h.boots[i]
	switch {
	case n > s.high:
		o := hole{s.high + 1, n - 1, at}
		s.high, s.to = n, at
		return h.miss(s, len(s.holes), o)
	case n < s.low:
		o := hole{n + 1, s.low - 1, s.from}
		s.low, s.from = n, at
		return h.miss(s, 0, o)
	}
	s.from, s.to = min(s.from, at), max(s.to, at)
	k, found := s.missing(n)
	if !found {
		return 0 // it came already
	}
	was := s.holes[k]
	s.holes = slices.Delete(s.holes, k, k+1)
	h.lose(was, -1)
	h.miss(s, k, hole{n + 1, was.high, was.at})
	h.miss(s, k, hole{was.low, n - 1, min(at, was.at)})
	return min(at, was.at)
}

// What counting gives where a number belongs to no sequence that is known.
const (
	newCounting = -1 // it begins one
	noCounting  = -2 // it contradicts the numbers around it: sent again, or by a clock that jumps
)

// counting finds the sequence that a number belongs to. As time goes on numbers rise: one that falls, or leaps, begins anew.
func (h *health) counting(boot string, n uint64, at telemetry.Instant) int {
	before, after := -1, -1
	for i := range h.boots {
		s := &h.boots[i]
		switch {
		case s.boot != boot:
		case at < s.from:
			if after < 0 {
				after = i
			}
		case at > s.to:
			before = i
		case s.low <= n && n <= s.high:
			return i
		default:
			return noCounting
		}
	}
	if before >= 0 {
		if s := &h.boots[before]; n >= s.high && n < s.high+mostGap {
			return before
		}
	}
	if after >= 0 {
		if s := &h.boots[after]; n <= s.low && n+mostGap > s.low {
			return after
		}
	}
	if before >= 0 {
		// Sent once more, by a device that says nothing of when it was.
		if s := &h.boots[before]; n < s.high && n+lateBy > s.high && n >= s.low {
			return before
		}
	}
	return newCounting
}

// begin makes a sequence of one number. Of more than there may be, the one that ended first gives way.
func (h *health) begin(boot string, n uint64, at telemetry.Instant) {
	one := sequence{boot: strings.Clone(boot), low: n, high: n, from: at, to: at}
	i, _ := slices.BinarySearchFunc(h.boots, one, func(a, b sequence) int {
		return cmp.Or(strings.Compare(a.boot, b.boot), cmp.Compare(a.from, b.from))
	})
	h.boots = slices.Insert(h.boots, i, one)
	for len(h.boots) > mostBoots {
		oldest := 0
		for k := range h.boots {
			if h.boots[k].to < h.boots[oldest].to {
				oldest = k
			}
		}
		h.boots = slices.Delete(h.boots, oldest, oldest+1)
	}
}

// missing finds the hole that a number lies in.
func (s *sequence) missing(n uint64) (int, bool) {
	return slices.BinarySearchFunc(s.holes, n, func(o hole, n uint64) int {
		switch {
		case o.high < n:
			return -1
		case o.low > n:
			return 1
		}
		return 0
	})
}

// miss adds a hole, if it is one, and gives its time.
func (h *health) miss(s *sequence, k int, o hole) telemetry.Instant {
	if o.low > o.high {
		return 0
	}
	s.holes = slices.Insert(s.holes, k, o)
	h.lose(o, 1)
	if len(s.holes) > mostHoles {
		s.holes = slices.Delete(s.holes, 0, 1)
	}
	return o.at
}

// lose counts what is missing into the hour in which it was missed.
func (h *health) lose(o hole, sign int64) {
	hour := h.hour(hourOf(o.at))
	hour.lost = uint32(max(0, int64(hour.lost)+sign*int64(o.high-o.low+1)))
}

// numberedSince is the first time of which a numbered message is known; 0: none is.
func (h *health) numberedSince() telemetry.Instant {
	if len(h.boots) == 0 {
		return 0
	}
	first := telemetry.Never
	for i := range h.boots {
		first = min(first, h.boots[i].from)
	}
	return first
}

// forgetNumbers drops the gaps that were missed before the time, and the countings that ended before it but for the last.
func (h *health) forgetNumbers(before telemetry.Instant) {
	if h.wants&healthSequence == 0 {
		h.boots = nil
		return
	}
	for i := range h.boots {
		s := &h.boots[i]
		s.holes = slices.DeleteFunc(s.holes, func(o hole) bool { return o.at < before })
	}
	if n := len(h.boots); n > 1 {
		last := slices.MaxFunc(h.boots, func(a, b sequence) int { return cmp.Compare(a.to, b.to) }).to
		h.boots = slices.DeleteFunc(h.boots, func(s sequence) bool { return s.to < before && s.to != last })
	}
}
