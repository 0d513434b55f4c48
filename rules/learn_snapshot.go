package rules

import (
	"encoding/binary"
	"time"
)

// balance writes what changed from one balance to the next.
func (c *encoder) balance(b, was *balance) {
	to := c.b
	to = appendWhole(to, int64(b.in-was.in), int64(person))
	to = appendWhole(to, int64(b.out-was.out), int64(person))
	to = appendWhole(to, int64(b.shift-was.shift), int64(person))
	to = appendWhole(to, int64(b.low-was.low), int64(person))
	for _, v := range [...]people{b.drift - was.drift, b.chance - was.chance, b.lever - was.lever, b.doubt - was.doubt, b.mean - was.mean, b.spread - was.spread, b.sway - was.sway} {
		to = binary.AppendVarint(to, int64(v))
	}
	c.b = binary.AppendVarint(to, int64(b.anchor-was.anchor))
	c.bool(b.lost)
}

// balance reads what encoder.balance wrote, onto the balance before.
func (c *decoder) balance(b *balance) {
	for _, p := range [...]*people{&b.in, &b.out, &b.shift, &b.low} {
		*p += people(c.whole(int64(person)))
	}
	for _, p := range [...]*people{&b.drift, &b.chance, &b.lever, &b.doubt, &b.mean, &b.spread, &b.sway} {
		*p += people(c.int())
	}
	b.anchor += c.deadline()
	b.lost = c.bool()
}

// learning writes what was learned about a zone, and from what.
func (c *encoder) learning(z *zoneState) {
	c.list(len(z.anchors))
	for i := range z.anchors {
		c.anchor(&z.anchors[i])
	}
	c.learned(&z.base)
	c.learned(&z.now)
	c.list(len(z.laws))
	for i := range z.laws {
		l := &z.laws[i]
		c.instant(l.from)
		c.int(int64(l.stay))
		for _, v := range [...]ppm{l.restless, l.scale, l.caution, l.lever} {
			c.int(int64(v))
		}
		c.list(len(l.drifts))
		for _, d := range l.drifts {
			c.string(d.device)
			c.int(int64(d.rate))
			c.bool(d.doubted)
		}
	}
}

func (c *decoder) learning(z *zoneState) {
	for range c.count() {
		z.anchors = append(z.anchors, c.anchor())
	}
	c.learned(&z.base)
	c.learned(&z.now)
	for range c.count() {
		l := law{from: c.instant()}
		if stay := time.Duration(c.int()); stay > 0 {
			l.setStay(stay)
		}
		for _, p := range [...]*ppm{&l.restless, &l.scale, &l.caution, &l.lever} {
			*p = ppm(c.int())
		}
		for range c.count() {
			l.drifts = append(l.drifts, drift{c.string(), ppm(c.int()), c.bool()})
		}
		z.laws = append(z.laws, l)
	}
}

func (c *encoder) anchor(a *anchor) {
	c.instant(a.at)
	c.uint(uint64(a.kind))
	for _, v := range [...]people{a.value, a.spread, a.in, a.out} {
		c.int(int64(v))
	}
}

func (c *decoder) anchor() anchor {
	return anchor{at: c.instant(), kind: anchorKind(c.uint()), value: people(c.int()), spread: people(c.int()), in: people(c.int()), out: people(c.int())}
}

func (c *encoder) learned(l *learned) {
	c.instant(l.until)
	c.bool(l.since)
	c.anchor(&l.last)
	c.uint(uint64(l.closings))
	for _, v := range [...]float64{l.weight, l.scale, l.lever, l.stay, l.stayWeight, l.restless} {
		c.float(v)
	}
	c.list(len(l.counters))
	for i := range l.counters {
		k := &l.counters[i]
		c.string(k.id)
		c.float(k.drift)
		c.float(k.doubt)
		c.bool(k.reversed)
		c.instant(k.turned)
		c.instant(k.drifting)
		c.list(len(k.closings))
		for n := range k.closings {
			x := &k.closings[n]
			c.instant(x.At)
			for _, v := range [...]float64{x.Passages, x.Residual, x.Expected, x.Shared, x.HalfWidth, x.Drift, x.Uncertainty} {
				c.float(v)
			}
		}
	}
	for _, v := range l.variance {
		c.float(v)
	}
}

func (c *decoder) learned(l *learned) {
	l.until, l.since = c.instant(), c.bool()
	l.last = c.anchor()
	l.closings = int(c.uint())
	for _, p := range [...]*float64{&l.weight, &l.scale, &l.lever, &l.stay, &l.stayWeight, &l.restless} {
		*p = c.float()
	}
	for range c.count() {
		k := learnedCounter{id: c.string(), drift: c.float(), doubt: c.float(), reversed: c.bool(), turned: c.instant(), drifting: c.instant()}
		for range c.count() {
			k.closings = append(k.closings, Closing{
				At: c.instant(), Passages: c.float(), Residual: c.float(), Expected: c.float(), Shared: c.float(), HalfWidth: c.float(), Drift: c.float(), Uncertainty: c.float(),
			})
		}
		l.counters = append(l.counters, k)
	}
	if len(l.counters) > mostApart {
		c.fail()
		return
	}
	for range len(l.counters) * len(l.counters) {
		l.variance = append(l.variance, c.float())
	}
}

// counts writes what a counter said, and how it hangs.
func (c *encoder) counts(d *deviceState) {
	c.int(int64(d.bound))
	c.list(len(d.turns))
	for _, t := range d.turns {
		c.instant(t.from)
		c.bool(t.reversed)
		c.bool(t.stated)
	}
	c.list(len(d.history))
	var was int64
	for i := range d.history {
		b := &d.history[i]
		c.int(b.slot - was)
		was = b.slot
		c.b = appendWhole(c.b, int64(b.in), int64(person))
		c.b = appendWhole(c.b, int64(b.out), int64(person))
		c.uint(uint64(b.messages))
	}
}

func (c *decoder) counts(d *deviceState) {
	d.bound = time.Duration(c.int())
	for range c.count() {
		d.turns = append(d.turns, turn{c.instant(), c.bool(), c.bool()})
	}
	n := c.count()
	if n > 0 {
		d.history = make(buckets, 0, n)
	}
	var slot int64
	for range n {
		slot += c.int()
		b := bucket{slot: slot, in: people(c.whole(int64(person))), out: people(c.whole(int64(person))), messages: int(c.uint())}
		if c.limit != 0 {
			b.slot = min(slot, slotOf(c.limit))
		}
		if k := len(d.history); k > 0 && d.history[k-1].slot == b.slot {
			d.history[k-1].in += b.in
			d.history[k-1].out += b.out
			d.history[k-1].messages += b.messages
			continue
		}
		d.history = append(d.history, b)
	}
}
