package rules

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// empty reports whether nothing is known.
func (h *health) empty() bool {
	return h == nil || len(h.hours)+len(h.boots)+len(h.still)+len(h.lowest) == 0
}

func (c *encoder) health(h *health) {
	if c.bool(!h.empty()); h.empty() {
		return
	}
	c.list(len(h.hours))
	var was int64
	for _, x := range h.hours {
		c.int(x.slot - was)
		was = x.slot
		for _, n := range [...]uint32{x.messages, x.refused, x.clocked, x.lost} {
			c.uint(uint64(n))
		}
	}
	c.bool(h.off.known)
	if h.off.known {
		c.instant(h.off.at)
		c.int(int64(h.off.by))
	}
	c.list(len(h.boots))
	for i := range h.boots {
		s := &h.boots[i]
		c.string(s.boot)
		c.uint(s.low)
		c.uint(s.high)
		c.instant(s.from)
		c.instant(s.to)
		c.list(len(s.holes))
		for _, o := range s.holes {
			c.uint(o.low)
			c.uint(o.high - o.low)
			c.instant(o.at)
		}
	}
	c.list(len(h.still))
	for i := range h.still {
		s := &h.still[i]
		c.quantity(s.quantity)
		c.string(s.channel)
		c.list(len(s.runs))
		was = 0
		for _, r := range s.runs {
			c.int(r.from - was)
			c.int(r.to - r.from)
			was = r.to
			if c.bool(r.moved); !r.moved {
				c.float(r.value)
			}
		}
	}
	c.list(len(h.lowest))
	for _, x := range h.lowest {
		c.int(x.day)
		c.float(x.low)
	}
}

// health reads what is known of a device's health; nil: nothing. Where the clock was set back, what came later came now.
func (c *decoder) health() *health {
	if !c.bool() {
		return nil
	}
	h := new(health)
	latest := func(slot int64, of func(telemetry.Instant) int64) int64 {
		if c.limit != 0 {
			return min(slot, of(c.limit))
		}
		return slot
	}
	var slot int64
	for range c.count() {
		slot += c.int()
		x := h.hour(latest(slot, hourOf))
		for _, n := range [...]*uint32{&x.messages, &x.refused, &x.clocked, &x.lost} {
			*n += uint32(c.uint())
		}
	}
	if c.bool() {
		h.off = clockOff{at: c.instant(), by: time.Duration(c.int()), known: true}
	}
	for range c.count() {
		s := sequence{boot: c.string(), low: c.uint(), high: c.uint(), from: c.instant(), to: c.instant()}
		for range c.count() {
			o := hole{low: c.uint()}
			o.high = o.low + c.uint()
			o.at = c.instant()
			s.holes = append(s.holes, o)
		}
		h.boots = append(h.boots, s)
	}
	for range c.count() {
		s := stillness{quantity: c.quantity(), channel: c.string()}
		slot = 0
		for range c.count() {
			r := spell{from: slot + c.int()}
			r.to = r.from + c.int()
			slot = r.to
			if r.moved = c.bool(); !r.moved {
				r.value = c.float()
			}
			if c.limit == 0 || r.from <= slotOf(c.limit) {
				r.to = latest(r.to, slotOf)
				s.runs = append(s.runs, r)
			}
		}
		h.still = append(h.still, s)
	}
	// In the order of this version's quantities.
	slices.SortFunc(h.still, func(a, b stillness) int {
		return cmp.Or(cmp.Compare(a.quantity, b.quantity), strings.Compare(a.channel, b.channel))
	})
	for range c.count() {
		x := charge{c.int(), c.float()}
		if c.limit == 0 || x.day <= dayOf(c.limit) {
			h.lowest = append(h.lowest, x)
		}
	}
	return h
}
