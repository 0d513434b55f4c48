package rules

import (
	"cmp"
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// health is what is known of how well a device itself is, beyond what it measures. It is kept only where a rule asks: a site without
// such rules pays nothing. All of it is summed up in slots of time whose sums do not depend on the order of arrival, so that the
// answer about any past time within the horizon is the same whenever it is asked.
type health struct {
	// wants are the parts that rules ask for, of any time within the horizon.
	wants healthParts

	hours  []healthHour // by slot
	off    clockOff     // the newest time of the device that was not believed
	boots  []sequence   // by boot, then time
	still  []stillness  // by quantity and channel
	lowest []charge     // of the battery, by day

	hourly   []*instance // asked about hours
	stills   []*instance // asked about values that stand still
	charging []*instance // asked about the battery's trend
}

// healthParts are the parts of health, as bits.
type healthParts uint8

const (
	healthHours healthParts = 1 << iota
	healthSequence
	healthStill
	healthCharge
)

// healthHour is what came of a device in one hour.
type healthHour struct {
	slot     int64  // hours since 1970
	messages uint32 // that were understood
	refused  uint32 // that were not
	clocked  uint32 // of messages, those whose time was not believed
	lost     uint32 // that never came, by the numbers of those around them
}

// hourOf is the slot of an hour.
func hourOf(t telemetry.Instant) int64 { return int64(t) / int64(time.Hour) }

// endOfHour is when a slot ends.
func endOfHour(slot int64) telemetry.Instant { return telemetry.Instant((slot + 1) * int64(time.Hour)) }

// hour gives the hour of a slot, making it if there is none.
func (h *health) hour(slot int64) *healthHour {
	i := len(h.hours)
	for i > 0 && h.hours[i-1].slot > slot {
		i--
	}
	if i > 0 && h.hours[i-1].slot == slot {
		return &h.hours[i-1]
	}
	h.hours = slices.Insert(h.hours, i, healthHour{slot: slot})
	return &h.hours[i]
}

// healthOf is the health of a device, for a judge that asks for parts of it.
func (b *bench) healthOf(s Subject, parts healthParts) *health {
	d := b.device(s)
	if d.health == nil {
		d.health = new(health)
	}
	h := d.health
	h.wants |= parts
	if parts&(healthHours|healthSequence) != 0 {
		h.hourly = b.joined(h.hourly)
	}
	if parts&healthStill != 0 {
		h.stills = b.joined(h.stills)
	}
	if parts&healthCharge != 0 {
		h.charging = b.joined(h.charging)
	}
	return h
}

// unasked forgets who asks: wire finds them anew.
func (d *deviceState) unasked() {
	if h := d.health; h != nil {
		h.wants, h.hourly, h.stills, h.charging = 0, nil, nil, nil
	}
}

// examine takes in what a message tells of its device's health.
func (e *Engine) examine(d *deviceState, rec *telemetry.Record, at telemetry.Instant) {
	h, o := d.health, &rec.Observation
	if o.Flags.Has(telemetry.FlagRetained) {
		return
	}
	if h.wants&(healthHours|healthSequence) != 0 {
		hour := h.hour(hourOf(at))
		hour.messages++
		news := hourOf(at) < hourOf(e.clock)
		if o.Flags.Has(telemetry.FlagClock) {
			hour.clocked++
			news = true
			h.off.note(at, rec.Received, o.DeviceTime)
		}
		from := at
		if h.wants&healthSequence != 0 && o.HasSequence {
			if changed := h.number(o.Boot, o.Sequence, at); changed != 0 {
				from, news = min(from, changed), true
			}
		}
		switch {
		case news:
			e.askAllOf(h.hourly, from)
		case hour.messages == 1:
			// A good message in an hour that is not over changes nothing where all is well but the time until which it is.
			e.askRestless(h.hourly, from)
		}
	}
	if h.wants&(healthStill|healthCharge) == 0 {
		return
	}
	for i := range o.Readings {
		r := &o.Readings[i]
		if !sound(r) {
			continue
		}
		if h.wants&healthStill != 0 && canFreeze(r.Quantity) {
			switch news, moving := h.note(r, at, e.clock); {
			case moving:
				e.askRestless(h.stills, at)
			case news:
				e.askAllOf(h.stills, at)
			}
		}
		if h.wants&healthCharge != 0 && r.Quantity == telemetry.Battery && h.charged(r.Value, at) {
			e.askAllOf(h.charging, at)
		}
	}
}

// refused takes in that a message of a device was not understood.
func (e *Engine) refused(r *telemetry.Rejection, at telemetry.Instant) {
	d := e.deviceByID[r.Device]
	if d == nil || d.health == nil || d.health.wants&healthHours == 0 {
		return
	}
	hour := d.health.hour(hourOf(at))
	hour.refused += uint32(min(1+r.More, 1<<31))
	e.askAllOf(d.health.hourly, at)
}

// askRestless asks those of whom all is not well.
func (e *Engine) askRestless(all []*instance, at telemetry.Instant) {
	for _, i := range all {
		if n := len(i.past); n == 0 || i.past[n-1].verdict != Within || i.past[n-1].alarm.phase != Quiet {
			e.ask(i, at)
		}
	}
}

func (e *Engine) askAllOf(all []*instance, at telemetry.Instant) {
	for _, i := range all {
		e.ask(i, at)
	}
}

// forgetHealth drops what lies before the time, and what no rule asks for.
func (d *deviceState) forgetHealth(before telemetry.Instant) {
	h := d.health
	if h == nil {
		return
	}
	if h.wants == 0 {
		d.health = nil
		return
	}
	n := 0
	for n < len(h.hours) && h.hours[n].slot < hourOf(before) {
		n++
	}
	h.hours = slices.Delete(h.hours, 0, n)
	h.forgetNumbers(before)
	h.forgetStill(before)
	h.forgetCharges(before)
}

// hoursBetween are what came in the whole hours of a window that ends with the last whole hour before t.
type hoursBetween struct {
	healthHour
	bad  uint32            // of what the judge asks about
	next telemetry.Instant // when it can be another, if nothing more comes
}

// window sums the whole hours up to t. bad says what of an hour is a fault: where there is none, nothing but silence changes the
// answer, and a healthy device is asked about once in a window.
func (h *health) window(t telemetry.Instant, span time.Duration, bad func(*healthHour) uint32) (sum hoursBetween) {
	end, long := hourOf(t), int64(span/time.Hour)
	i, _ := slices.BinarySearchFunc(h.hours, end-long, func(x healthHour, slot int64) int { return cmp.Compare(x.slot, slot) })
	sum.next = telemetry.Never
	heard := int64(-1)
	for ; i < len(h.hours) && h.hours[i].slot < end; i++ {
		x := &h.hours[i]
		sum.messages += x.messages
		sum.refused += x.refused
		sum.clocked += x.clocked
		sum.lost += x.lost
		sum.bad += bad(x)
		if x.messages > 0 {
			heard = x.slot
		}
	}
	if sum.bad > 0 {
		sum.next = endOfHour(end)
		return sum
	}
	for ; i < len(h.hours); i++ {
		switch x := &h.hours[i]; {
		case heard >= 0 && x.slot-heard > long:
			sum.next = endOfHour(heard + long) // nothing was heard for so long
			return sum
		case heard < 0 && x.messages > 0, bad(x) > 0:
			sum.next = endOfHour(x.slot)
			return sum
		case x.messages > 0:
			heard = x.slot
		}
	}
	if heard >= 0 {
		sum.next = endOfHour(heard + long)
	}
	return sum
}
