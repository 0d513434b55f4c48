package rules

import (
	"slices"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// What somebody accepted about a counter holds from its receipt on: for what passes from then on, and for what is judged from then
// on. What was known before stays as it was.

// accept takes in what somebody accepted about a people counter.
func (e *Engine) accept(rec *telemetry.Record) {
	id, channel, accuracy, bias, ok := facility.AcceptedCounter(rec)
	if !ok {
		return
	}
	d := e.deviceByID[id]
	if channel != "" {
		d = e.partByKey[id+"\x00"+channel]
	}
	if d == nil {
		return
	}
	if accuracy != nil {
		d.accuracies = append(slices.Clone(d.accuracies), *accuracy)
		d.rate = d.rateAt(e.clock)
	} else {
		d.biases = append(slices.Clone(d.biases), *bias)
		for i := range d.effects {
			d.effects[i].zone.state(d, e.clock)
		}
	}
	for d := range e.everyDevice() {
		e.attach(d)
	}
	e.conserve()
}

// rateAt is which share of passages the counter misses at a time, as was accepted by then, else as configured.
func (d *deviceState) rateAt(t telemetry.Instant) ppm {
	if a, ok := d.accuracies.At(t); ok {
		return errorRate(a.Value)
	}
	return d.configured
}

// biasIn is what was accepted of the counter by a time, as it counts in a zone.
func (d *deviceState) biasIn(z *zoneState, t telemetry.Instant) float64 {
	b, _ := d.biases.At(t)
	return float64(b.Value * float64(d.signIn(z)))
}

// accepted puts an accuracy in force from its time on, with what had been learned by then.
func (f *effect) accepted(d *deviceState, from telemetry.Instant) {
	r := firstRate(d.rateAt(from))
	if l := f.zone.lawAt(from); l != nil {
		r = l.rate(d.counterID(), d.rateAt(from))
	}
	r.from = from
	f.rates = append(f.rates, r)
}

// state notes what somebody says a counter misses: what was learned of it by then is known better now.
func (z *zoneState) state(d *deviceState, now telemetry.Instant) {
	for i := range z.now.counters {
		if c := &z.now.counters[i]; c.id == d.counterID() {
			c.drift, c.drifting = d.biasIn(z, now), 0
			z.base = z.now.clone()
			z.laws = append(z.laws, z.now.law(now))
		}
	}
}

// forgetBalances drops what was known before a time, except what held there.
func (e *Engine) forgetBalances(before telemetry.Instant) {
	n := 0
	for n+1 < len(e.conserved) && e.conserved[n+1].from < before {
		n++
	}
	e.conserved = append(e.conserved[:0], e.conserved[n:]...)
}

// balances writes what was known of the doors' balances.
func (c *encoder) balances(e *Engine) {
	c.list(len(e.conserved))
	for i := range e.conserved {
		x := &e.conserved[i]
		c.instant(x.from)
		c.int(int64(x.outer))
		c.int(int64(x.passages))
		c.list(len(x.zones))
		for k := range x.zones {
			z := &x.zones[k]
			c.string(z.zone)
			c.instant(z.since)
			c.instant(z.last)
			c.list(z.closings)
			c.list(z.counted)
			for _, v := range [...]float64{z.passages, z.residual, z.deviation, z.allowed} {
				c.float(v)
			}
			c.bool(z.off)
			c.string(z.open)
			c.strings(z.doors)
			c.strings(z.suspects)
			c.list(len(z.proposals))
			for _, p := range z.proposals {
				c.string(p.id)
				c.float(p.drift)
				c.float(p.deviation)
			}
		}
		c.list(len(x.doors))
		for _, d := range x.doors {
			c.string(d.id)
			c.tally(d.total)
		}
	}
}

func (c *decoder) balances(e *Engine) {
	for range c.count() {
		x := conserved{from: c.instant(), outer: people(c.int()), passages: people(c.int())}
		for range c.count() {
			z := zoneBalance{zone: c.string(), since: c.instant(), last: c.instant(), closings: int(c.uint()), counted: int(c.uint())}
			for _, p := range [...]*float64{&z.passages, &z.residual, &z.deviation, &z.allowed} {
				*p = c.float()
			}
			z.off, z.open, z.doors, z.suspects = c.bool(), c.string(), c.strings(), c.strings()
			for range c.count() {
				z.proposals = append(z.proposals, proposal{c.string(), c.float(), c.float()})
			}
			x.zones = append(x.zones, z)
		}
		for range c.count() {
			x.doors = append(x.doors, doorBalance{c.string(), c.tally()})
		}
		e.conserved = append(e.conserved, x)
	}
}

func (c *encoder) strings(all []string) {
	c.list(len(all))
	for _, s := range all {
		c.string(s)
	}
}

func (c *decoder) strings() (all []string) {
	for range c.count() {
		all = append(all, c.string())
	}
	return all
}

// accepted writes what somebody accepted about a counter.
func (c *encoder) accepted(d *deviceState) {
	c.list(len(d.accuracies))
	for _, a := range d.accuracies {
		c.instant(a.From)
		c.float(a.Value)
	}
	c.list(len(d.biases))
	for _, b := range d.biases {
		c.instant(b.From)
		c.instant(b.Since)
		c.float(b.Value)
	}
	c.list(len(d.directions))
	for _, x := range d.directions {
		c.instant(x.From)
		c.instant(x.Since)
		c.bool(x.Swap)
	}
}

func (c *decoder) accepted(d *deviceState) {
	for range c.count() {
		d.accuracies = append(d.accuracies, facility.Accuracy{From: c.instant(), Value: c.float()})
	}
	for range c.count() {
		d.biases = append(d.biases, facility.Bias{From: c.instant(), Since: c.instant(), Value: c.float()})
	}
	for range c.count() {
		d.directions = append(d.directions, facility.Direction{From: c.instant(), Since: c.instant(), Swap: c.bool()})
	}
}
