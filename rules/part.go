package rules

import (
	"iter"
	"slices"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// A sensor may watch several places: two lines over two doors, regions of two rooms, a probe elsewhere. A channel that has a
// place of its own is a device to the engine, which counts, falls silent and is judged like any other, under the id of the
// whole; a message of the whole is divided among them.

// partOf is a channel with a place of its own.
type partOf struct {
	device  int // index in the site
	id      string
	channel *facility.Channel
}

// key tells parts apart.
func (p partOf) key() string { return p.id + "\x00" + p.channel.Name }

// partsOf lists the channels of a site that have a place of their own, by device then name.
func partsOf(site *facility.Site) []partOf {
	var all []partOf
	for i := range site.Devices {
		d := &site.Devices[i]
		for k := range d.Channels {
			if d.Channels[k].Place.Kind != "" {
				all = append(all, partOf{i, d.ID, &d.Channels[k]})
			}
		}
	}
	return all
}

// layParts makes the states of the channels, taking over those that are there.
func (e *Engine) layParts() {
	parts := partsOf(&e.plan.def.Site)
	e.parts, e.partByKey = carry(e.partByKey, parts, partOf.key, func(string) *deviceState { return &deviceState{since: max(1, e.clock)} })
	for _, d := range e.devices {
		d.parts = nil
	}
	for i, p := range parts {
		d, whole := e.parts[i], e.devices[p.device]
		d.id, d.channel, d.whole, d.parts = p.id, p.channel.Name, whole, nil
		whole.parts = append(whole.parts, d)
	}
}

// placePart connects the i-th channel with its place.
func (e *Engine) placePart(i int, d *deviceState) {
	d.index = len(e.devices) + i
	e.connect(d, &e.plan.def.Site.Devices[d.whole.index])
}

// everyDevice goes through all devices, then through all channels with a place of their own.
func (e *Engine) everyDevice() iter.Seq[*deviceState] {
	return func(yield func(*deviceState) bool) {
		for _, d := range e.devices {
			if !yield(d) {
				return
			}
		}
		for _, d := range e.parts {
			if !yield(d) {
				return
			}
		}
	}
}

// divide takes in a message of a device whose channels are not all at its own place. To each part of it the message is a
// sign of life.
func (e *Engine) divide(d *deviceState, rec *telemetry.Record, at telemetry.Instant) {
	share := *rec
	all := rec.Observation.Readings
	take := func(part *deviceState, mine func(r *telemetry.Reading) bool) {
		e.shares = e.shares[:0]
		for i := range all {
			if mine(&all[i]) {
				e.shares = append(e.shares, all[i])
			}
		}
		share.Observation.Readings = e.shares
		e.take(part, &share, at)
	}
	take(d, func(r *telemetry.Reading) bool { return d.part(r.Channel) == nil && d.judges(r.Quantity, r.Channel) })
	share.Observation.Task = nil
	for _, p := range d.parts {
		take(p, func(r *telemetry.Reading) bool { return r.Channel == p.channel })
	}
	// What is at no place is only shown. It shows too that the device is alive, to who listens for just that.
	news := lastValue{at: at, sequence: rec.Observation.Sequence, record: rec.Seq}
	retained := rec.Observation.Flags.Has(telemetry.FlagRetained)
	var mask uint64
	for i := range all {
		r := &all[i]
		if !sound(r) {
			continue
		}
		mask |= maskOf(r.Quantity)
		if d.part(r.Channel) == nil && !d.judges(r.Quantity, r.Channel) && (!retained || usable(r.Quantity)) {
			news.quantity, news.value = r.Quantity, r.Value
			d.read(r, news, retained)
		}
	}
	if !retained {
		e.signs(d, mask, at, false)
	}
}

// part is the channel of that name; nil: it has no place of its own.
func (d *deviceState) part(channel string) *deviceState {
	for _, p := range d.parts {
		if p.channel == channel {
			return p
		}
	}
	return nil
}

// judges reports whether what the device says on a channel is about its own place, as far as the configuration says.
func (d *deviceState) judges(q telemetry.Quantity, channel string) bool {
	return channel == "" || !slices.Contains(d.nowhere, channel) && !slices.Contains(d.apart, Probe{q, channel})
}

// about is judges, as far as the device has shown it too: where it measures a quantity on a channel without a name, that is
// what it measures at its place, and the channels with a name are probes.
func (d *deviceState) about(q telemetry.Quantity, channel string) bool {
	if channel == "" || d.channel != "" || !usable(q) {
		return d.judges(q, channel)
	}
	return d.judges(q, channel) && !slices.ContainsFunc(d.values, func(v lastValue) bool { return v.quantity == q && v.channel == "" })
}

// probe reports whether a series is not about its device's place because another is.
func (s *series) probe() bool {
	return s.channel != "" && s.device.channel == "" && usable(s.quantity) && s.device.series(s.quantity, "") != nil
}

// unveil tells those who took channels with a name for the air of the room that they are probes.
func (e *Engine) unveil(d *deviceState, q telemetry.Quantity) {
	for _, s := range d.kept {
		if s.quantity == q && s.channel != "" {
			from := max(1, e.plan.from)
			e.askReaders(d.whole.watchers, maskOf(q), from)
			if d.zone != nil {
				e.askReaders(d.zone.readWatchers, maskOf(q), from)
			}
			return
		}
	}
}
