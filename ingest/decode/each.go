package decode

import (
	"bytes"
	"slices"
	"strings"

	"github.com/gerbang-iot/gerbang/ingest/decode/document"
	"github.com/gerbang-iot/gerbang/ingest/decode/fault"
	"github.com/gerbang-iot/gerbang/ingest/decode/written"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// group is the elements of a list that belong in one record: one device, one time, one list. Elements of two lists are kept
// apart so that how they are grouped does not depend on what else is in them.
type group struct {
	b     *binding
	time  deviceTime
	outer int32 // what holds the list
	first int32 // node of the first element
	end   int32 // node behind the last
}

// elements appends a record for every run of elements of Each in one list with the same device and time.
func (e *extraction) elements(b *binding, base *telemetry.Record, dst []telemetry.Record) ([]telemetry.Record, *fault.Fault) {
	m := e.model
	if m.EachAt.Text == "" {
		return dst, nil
	}
	var f *fault.Fault
	var open group
	e.w.readings, e.w.identities = e.w.readings[:0], e.w.identities[:0]
	m.EachAt.Each(e.doc, document.Found{}, func(item document.Found) bool {
		from := item.Inside()
		if !e.w.passes(&m.EachWhen, e.doc, from) {
			return true
		}
		next := group{b: e.device(b, from), outer: item.Outer, first: item.At, end: e.doc.Nodes[item.At].End}
		if next.b == nil {
			e.strangers++
			return true
		}
		if m.EachTime != nil {
			next.time = e.time(m.EachTime, from, next.b.zone)
		} else {
			next.time = e.time(m.Timing, document.Found{}, next.b.zone)
		}
		if m.EachApart || open.b != next.b || open.outer != next.outer || !bytes.Equal(open.time.text, next.time.text) || open.time.at != next.time.at {
			dst = e.close(&open, base, dst)
			open = next
		}
		open.end, e.of = next.end, next.b
		for i := range m.EachReads {
			if f = e.read(&m.EachReads[i], from); f != nil {
				f = f.In(m.EachAt.Text)
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
	if e.w.withoutZeros(g.b); len(e.w.readings) == 0 {
		return dst
	}
	rec := *base
	rec.Site, rec.Observation.Device = g.b.site, g.b.device
	rec.Observation.Readings = e.w.arena.keep(e.w.readings)
	e.w.shared.clock.judge(&rec, g.time)
	text := append(append(e.w.scratch[:0], e.doc.Nodes[g.first].Raw...), e.doc.Nodes[g.end-1].Raw...)
	for i := range e.w.readings {
		text = append(append(text, 0), e.w.readings[i].Channel...)
	}
	e.w.scratch = text
	rec.Identity = e.identify(g.b, &rec, g.time, text)
	e.w.readings = e.w.readings[:0]
	e.stored++
	return append(dst, rec)
}

// identify gives the record of an element an identity of its own among those of the message. An element has the same identity
// whatever else the message holds: a device that was not answered sends it again, with others before or behind it.
func (e *extraction) identify(b *binding, rec *telemetry.Record, t deviceTime, text []byte) uint64 {
	for item := 0; ; item++ {
		id := e.w.identify(b, rec, t, text, item)
		if id == 0 || !slices.Contains(e.w.identities, id) {
			e.w.identities = append(e.w.identities, id)
			return id
		}
	}
}

// device is whose element it is; nil: a device that is not configured.
func (e *extraction) device(b *binding, from document.Found) *binding {
	m := e.model
	if len(m.EachDevice) == 0 {
		return b
	}
	address := ""
	for i := range m.EachDevice {
		named, ok := m.EachDevice[i].Read(e.doc, from)
		if !ok {
			continue
		}
		if own, known := m.devices[strings.ToLower(named)]; known && own != nil {
			return own
		}
		if address == "" {
			address = named
		}
	}
	if address == "" {
		return b
	}
	if b.stranger && !written.Identifier(address) {
		return b
	}
	if b.stranger {
		other := *b
		other.device = address
		return &other
	}
	e.w.shared.stranger(e.msg, fault.New(telemetry.ReasonUnknownDevice, "device %s is not configured (model %s)", fault.Address(address), m.ID).
		About(m.ID+" "+address, address))
	return nil
}
