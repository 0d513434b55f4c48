package rules

import (
	"cmp"
	"slices"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// hourSlots are the quarters that make an hour.
const hourSlots = 4

// sum is what a device counted of one quantity (vehicles, masks, uses of a dispenser) in one quarter of an hour. It is kept where an
// expression asks, and does not depend on the order of arrival.
type sum struct {
	slot  int64
	value float64
}

// sums are those of one quantity, by time.
type sums struct {
	quantity telemetry.Quantity
	since    telemetry.Instant // they are kept since then: what was counted before nobody knows
	line     []sum
}

// summable reports whether expressions can use what was counted of a quantity: in the last hour by its name, in the day with _today.
// People are not among them: in_hour and in_today count them as doors are mounted.
func summable(q telemetry.Quantity) bool {
	switch q {
	case telemetry.PeopleIn, telemetry.PeopleOut:
		return false
	}
	return q.Definition().Form == telemetry.Period
}

// sumAsked begins to keep the sums that expressions ask for since now, and drops what none asks for any more: one that asks again begins
// anew, for it must not look back over the time in which nothing was kept.
func (d *deviceState) sumAsked(now telemetry.Instant) {
	d.sums = slices.DeleteFunc(d.sums, func(s sums) bool { return d.summing&maskOf(s.quantity) == 0 })
	for q := range telemetry.Quantity(64) {
		if d.summing&maskOf(q) == 0 {
			continue
		}
		i, found := slices.BinarySearchFunc(d.sums, q, func(s sums, q telemetry.Quantity) int { return cmp.Compare(s.quantity, q) })
		if !found {
			d.sums = slices.Insert(d.sums, i, sums{quantity: q, since: now})
		}
	}
}

// keptFrom reports whether what a device counted of a quantity is kept from the beginning of a slot on.
func (d *deviceState) keptFrom(q telemetry.Quantity, slot int64) bool {
	i, found := slices.BinarySearchFunc(d.sums, q, func(s sums, q telemetry.Quantity) int { return cmp.Compare(s.quantity, q) })
	return found && d.sums[i].since <= telemetry.Instant(slot*int64(quarter))
}

// add counts into a quarter.
func (d *deviceState) add(q telemetry.Quantity, slot int64, v float64) {
	i, found := slices.BinarySearchFunc(d.sums, q, func(s sums, q telemetry.Quantity) int { return cmp.Compare(s.quantity, q) })
	if !found {
		d.sums = slices.Insert(d.sums, i, sums{quantity: q})
	}
	s := &d.sums[i]
	k, found := slices.BinarySearchFunc(s.line, slot, compareSum)
	if !found {
		s.line = slices.Insert(s.line, k, sum{slot: slot})
	}
	s.line[k].value += v
}

func compareSum(s sum, slot int64) int { return cmp.Compare(s.slot, slot) }

// summed is what a device counted in [from, to) of slots; known is false before it ever counted any.
func (d *deviceState) summed(q telemetry.Quantity, from, to int64) (n float64, known bool) {
	i, found := slices.BinarySearchFunc(d.sums, q, func(s sums, q telemetry.Quantity) int { return cmp.Compare(s.quantity, q) })
	if !found {
		return 0, false
	}
	line := d.sums[i].line
	k, _ := slices.BinarySearchFunc(line, from, compareSum)
	known = len(line) > 0 && line[0].slot < to
	for ; k < len(line) && line[k].slot < to; k++ {
		n += line[k].value
	}
	return n, known
}

// forgetSums drops what lies before the time, but that there was something, and what no expression asks for.
func (d *deviceState) forgetSums(before telemetry.Instant) {
	d.sums = slices.DeleteFunc(d.sums, func(s sums) bool { return d.summing&maskOf(s.quantity) == 0 })
	for i := range d.sums {
		line := d.sums[i].line
		n := 0
		for n+1 < len(line) && line[n].slot < slotOf(before) {
			n++
		}
		d.sums[i].line = slices.Delete(line, 0, n)
	}
}

// sum takes in a count of a period, where an expression asks for it.
func (e *Engine) sum(d *deviceState, r *telemetry.Reading, at telemetry.Instant) {
	if d.summing&maskOf(r.Quantity) == 0 {
		return
	}
	d.add(r.Quantity, slotOf(at), r.Value)
	if slotOf(at) < slotOf(e.clock) {
		for _, i := range d.summers {
			e.ask(i, at)
		}
	}
}

func (c *encoder) sums(all []sums) {
	c.list(len(all))
	for i := range all {
		c.quantity(all[i].quantity)
		c.instant(all[i].since)
		c.list(len(all[i].line))
		var was int64
		for _, s := range all[i].line {
			c.int(s.slot - was)
			c.float(s.value)
			was = s.slot
		}
	}
}

func (c *decoder) sums(d *deviceState) {
	for range c.count() {
		q, since := c.quantity(), c.instant()
		d.summing |= maskOf(q)
		d.sumAsked(since) // until wire finds who asks
		var slot int64
		for range c.count() {
			slot += c.int()
			at := slot
			if c.limit != 0 {
				at = min(at, slotOf(c.limit))
			}
			d.add(q, at, c.float())
		}
	}
}
