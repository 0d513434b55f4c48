package frame

import (
	"fmt"

	"github.com/gerbang-iot/gerbang/ingest/decode/codec"
)

// bits reads a frame from front to back, the high bit of a byte first. The first read beyond the end fails it for good: from
// then on all reads give zero, so that a row is read as a whole and asked once for its error.
type bits struct {
	frame []byte
	at    int // the next bit
	err   error
	// channel is what names end by; -1: nothing.
	channel int
	slots   [maxSlots]int64 // values that fields behind them ask for
}

// maxSlots is how many values of a row fields behind them may ask for.
const maxSlots = 8

// left is how many whole bytes are not read; 0 once a read failed.
func (b *bits) left() int {
	if b.err != nil {
		return 0
	}
	return len(b.frame) - (b.at+7)/8
}

// pos is the byte that the next read starts in.
func (b *bits) pos() int { return b.at / 8 }

// read takes n ≤ 64 bits.
func (b *bits) read(n int) uint64 {
	at := b.at
	if b.err != nil || at+n > 8*len(b.frame) {
		return b.short(n)
	}
	b.at = at + n
	if off := at & 7; off+n <= 8 { // within one byte, as most are
		return uint64(b.frame[at>>3] << off >> (8 - n))
	}
	var v uint64
	if at&7 == 0 && n&7 == 0 {
		for _, c := range b.frame[at>>3 : (at+n)>>3] {
			v = v<<8 | uint64(c)
		}
		return v
	}
	for n > 0 {
		here := min(n, 8-at&7)
		v = v<<here | uint64(b.frame[at>>3]<<(at&7)>>(8-here))
		at += here
		n -= here
	}
	return v
}

// short fails the reading of n bits that are not there.
func (b *bits) short(n int) uint64 {
	if b.err == nil {
		b.err = fmt.Errorf("byte %d: %d bytes are left, want %d: %w", b.pos(), b.left(), (n+7)/8, codec.ErrShort)
	}
	return 0
}

// little takes n whole bytes, low byte first.
func (b *bits) little(n int) uint64 {
	v := b.read(8 * n)
	var turned uint64
	for range n {
		turned = turned<<8 | v&0xFF
		v >>= 8
	}
	return turned
}

// skip passes over n bits if they are there.
func (b *bits) skip(n int) bool {
	if b.err != nil || b.at+n > 8*len(b.frame) {
		return false
	}
	b.at += n
	return true
}
