package reading

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
	b     *Binding
	time  DeviceTime
	outer int32 // what holds the list
	first int32 // node of the first element
	end   int32 // node behind the last
}

// elements appends a record for every run of elements of Each in one list with the same device and time.
func (e *Extraction) elements(b *Binding, base *telemetry.Record, dst []telemetry.Record) ([]telemetry.Record, *fault.Fault) {
	m := e.model
	if m.EachAt.Text == "" {
		return dst, nil
	}
	var f *fault.Fault
	var open group
	e.W.Readings, e.W.identities = e.W.Readings[:0], e.W.identities[:0]
	m.EachAt.Each(e.Doc, document.Found{}, func(item document.Found) bool {
		from := item.Inside()
		if !e.W.passes(&m.EachWhen, e.Doc, from) {
			return true
		}
		next := group{b: e.device(b, from), outer: item.Outer, first: item.At, end: e.Doc.Nodes[item.At].End}
		if next.b == nil {
			e.strangers++
			return true
		}
		if m.EachTime != nil {
			next.time = e.time(m.EachTime, from, next.b.Zone)
		} else {
			next.time = e.time(m.Timing, document.Found{}, next.b.Zone)
		}
		if m.EachApart || open.b != next.b || open.outer != next.outer || !bytes.Equal(open.time.Text, next.time.Text) || open.time.At != next.time.At {
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
func (e *Extraction) close(g *group, base *telemetry.Record, dst []telemetry.Record) []telemetry.Record {
	if e.W.WithoutZeros(g.b); len(e.W.Readings) == 0 {
		return dst
	}
	rec := *base
	rec.Site, rec.Observation.Device = g.b.Site, g.b.Device
	rec.Observation.Readings = e.W.Arena.Keep(e.W.Readings)
	e.W.Shared.Clock.Judge(&rec, g.time)
	text := append(append(e.W.Scratch[:0], e.Doc.Nodes[g.first].Raw...), e.Doc.Nodes[g.end-1].Raw...)
	for i := range e.W.Readings {
		text = append(append(text, 0), e.W.Readings[i].Channel...)
	}
	e.W.Scratch = text
	rec.Identity = e.identify(g.b, &rec, g.time, text)
	e.W.Readings = e.W.Readings[:0]
	e.stored++
	return append(dst, rec)
}

// identify gives the record of an element an identity of its own among those of the message. An element has the same identity
// whatever else the message holds: a device that was not answered sends it again, with others before or behind it.
func (e *Extraction) identify(b *Binding, rec *telemetry.Record, t DeviceTime, text []byte) uint64 {
	for item := 0; ; item++ {
		id := e.W.Identify(b, rec, t, text, item)
		if id == 0 || !slices.Contains(e.W.identities, id) {
			e.W.identities = append(e.W.identities, id)
			return id
		}
	}
}

// device is whose element it is; nil: a device that is not configured.
func (e *Extraction) device(b *Binding, from document.Found) *Binding {
	m := e.model
	if len(m.EachDevice) == 0 {
		return b
	}
	address := ""
	for i := range m.EachDevice {
		named, ok := m.EachDevice[i].Read(e.Doc, from)
		if !ok {
			continue
		}
		if own, known := m.Devices[strings.ToLower(named)]; known && own != nil {
			return own
		}
		if address == "" {
			address = named
		}
	}
	if address == "" {
		return b
	}
	if b.Stranger && !written.Identifier(address) {
		return b
	}
	if b.Stranger {
		other := *b
		other.Device = address
		return &other
	}
	e.W.Shared.Stranger(e.msg, fault.New(telemetry.ReasonUnknownDevice, "device %s is not configured (model %s)", fault.Address(address), m.ID).
		About(m.ID+" "+address, address))
	return nil
}
