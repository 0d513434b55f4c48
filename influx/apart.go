package influx

import (
	"math/bits"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// apart keeps different events from overwriting each other. InfluxDB knows a value by series, field and time; devices with
// clocks of a millisecond or a second send different events with the same time. The n-th value of a field in its series at
// one time is written n nanoseconds later than it happened; all others keep their exact time.
//
// The offset must be the same whenever an element is written again, or a repeated write would double the event. It is
// therefore computed from the stream alone: the numbers of a stream are cut into spans of apartSpan, and an element is
// compared with those before it in its own span and in the whole span before that. A Writer that starts in the middle
// first reads from where apartStart says. Events of one device with one time that lie further apart than that do
// overwrite; a repeated message has been dropped long before.
type apart struct {
	span         uint64 // number of the current span
	now, earlier counts
}

// apartSpan is how many elements of a stream make a span.
const apartSpan = 1 << 14

// apartStart is the element after which reading must begin so that every offset behind position after is right.
func apartStart(after uint64) uint64 {
	span := (after + 1) / apartSpan
	if span <= 1 {
		return 0
	}
	return (span-1)*apartSpan - 1
}

// enter moves to the element with number id. Numbers never go back.
func (a *apart) enter(id uint64) {
	span := id / apartSpan
	if span == a.span {
		return
	}
	a.now, a.earlier = a.earlier, a.now
	a.now.clear()
	if span != a.span+1 {
		a.earlier.clear()
	}
	a.span = span
}

// offset is how many nanoseconds later the point with these fields must be written, and takes that time for it.
func (a *apart) offset(fields []uint64) telemetry.Instant {
	var used uint32
	for _, f := range fields {
		used = max(used, a.now.get(f), a.earlier.get(f))
	}
	for _, f := range fields {
		a.now.set(f, used+1)
	}
	return telemetry.Instant(used)
}

// counts is a hash table from fields of a series at a time to how many values they have had. It is cleared as a whole.
type counts struct {
	slots []slot // a power of two
	used  int
}

type slot struct {
	key   uint64 // 0: free
	count uint32
}

func (c *counts) get(key uint64) uint32 {
	if c.used == 0 {
		return 0
	}
	return c.slots[c.find(key)].count
}

func (c *counts) set(key uint64, n uint32) {
	if 2*c.used >= len(c.slots) {
		c.grow()
	}
	s := &c.slots[c.find(key)]
	if s.key == 0 {
		c.used++
	}
	s.key, s.count = nonZero(key), n
}

// find is the slot of key, or the free one where it belongs.
func (c *counts) find(key uint64) int {
	key = nonZero(key)
	mask := uint64(len(c.slots) - 1)
	i := key & mask
	for c.slots[i].key != 0 && c.slots[i].key != key {
		i = (i + 1) & mask
	}
	return int(i)
}

func (c *counts) grow() {
	old := c.slots
	c.slots, c.used = make([]slot, max(1024, 2*len(old))), 0
	for _, s := range old {
		if s.key != 0 {
			c.slots[c.find(s.key)] = s
			c.used++
		}
	}
}

func (c *counts) clear() {
	if c.used > 0 {
		clear(c.slots)
		c.used = 0
	}
}

func nonZero(key uint64) uint64 {
	if key == 0 {
		return 1
	}
	return key
}

// The hash has no random seed: two processes that write the same journal must agree on what collides.
const hashSeed uint64 = 0x9e3779b97f4a7c15

// mix adds a number to a hash.
func mix(h, v uint64) uint64 {
	hi, lo := bits.Mul64(h^v^0xa0761d6478bd642f, 0xe7037ed1a0b428db)
	return hi ^ lo ^ h<<1
}

// mixText adds a text to a hash.
func mixText(h uint64, s string) uint64 {
	for i := 0; i < len(s); i++ {
		h = (h ^ uint64(s[i])) * 0x100000001b3
	}
	return mix(h, uint64(len(s)))
}
