package decode

import (
	"bytes"
	"strings"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// group is the elements of a list that belong in one record: one device, one time.
type group struct {
	b     *binding
	time  deviceTime
	first int32 // node of the first element
	end   int32 // node behind the last
}

// elements appends a record for every run of elements of Each with the same device and time.
func (e *extraction) elements(b *binding, base *telemetry.Record, dst []telemetry.Record) ([]telemetry.Record, *fault) {
	m := e.model
	if m.each.text == "" {
		return dst, nil
	}
	var f *fault
	var open group
	e.w.readings = e.w.readings[:0]
	m.each.each(e.doc, found{}, func(item found) bool {
		from := item.inside()
		next := group{b: e.device(b, from), first: item.at, end: e.doc.nodes[item.at].end}
		if next.b == nil {
			e.strangers++
			return true
		}
		next.time = e.time(m.eachTime, from, next.b.zone)
		if open.b != next.b || !bytes.Equal(open.time.text, next.time.text) || open.time.at != next.time.at {
			dst = e.close(&open, base, dst)
			open = next
		}
		open.end = next.end
		for i := range m.eachRead {
			if f = e.read(&m.eachRead[i], from); f != nil {
				f = f.in(m.each.text)
				return false
			}
		}
		return true
	})
	if f != nil {
		return dst, f
	}
	return e.close(&open, base, dst), nil
}

// close makes the record of a group from the worker's readings.
func (e *extraction) close(g *group, base *telemetry.Record, dst []telemetry.Record) []telemetry.Record {
	if len(e.w.readings) == 0 {
		return dst
	}
	rec := *base
	rec.Site, rec.Observation.Device = g.b.site, g.b.device
	rec.Observation.Readings = e.w.arena.keep(e.w.readings)
	believed := e.w.d.clock.judge(&rec, g.time)
	first, last := e.doc.nodes[g.first].raw, e.doc.nodes[g.end-1].raw
	rec.Identity = e.w.identify(g.b, &rec, believed, append(append(e.w.scratch[:0], first...), last...), e.stored)
	e.w.readings = e.w.readings[:0]
	e.stored++
	return append(dst, rec)
}

// device is whose element it is; nil: a device that is not configured.
func (e *extraction) device(b *binding, from found) *binding {
	m := e.model
	if len(m.eachDevice) == 0 {
		return b
	}
	var named []string
	for _, way := range m.eachDevice {
		address, ok := joined(e.doc, way, from)
		if !ok {
			continue
		}
		if own, known := m.devices[strings.ToLower(address)]; known && own != nil {
			return own
		}
		named = append(named, address)
	}
	switch {
	case len(named) == 0:
		return b
	case b.stranger:
		other := *b
		other.device = named[0]
		return &other
	}
	e.w.d.limits.Sightings.note(e.w.d, e.msg, faultf(telemetry.ReasonUnknownDevice, "device %s is not configured (model %s)", quoted(named[0]), m.ID).
		about(m.ID+" "+named[0]))
	return nil
}

// joined reads an address that may be made of several members. A separator at the end, as names that are only a base have it, is
// no part of the name.
func joined(doc *document, paths []path, from found) (string, bool) {
	var parts []string
	for i := range paths {
		at, ok := paths[i].firstFrom(doc, from)
		if !ok {
			return "", false
		}
		n := &doc.nodes[at]
		part := strings.TrimRight(string(n.raw), ":/")
		if n.kind != '"' && n.kind != '0' || part == "" {
			return "", false
		}
		parts = append(parts, bounded(part, maxAddress))
	}
	return strings.Join(parts, "/"), len(parts) > 0
}

// maxAddress bounds how a device is named, in bytes.
const maxAddress = 128
