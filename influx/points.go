package influx

import (
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// encoder turns elements of the journal into lines. One goroutine uses it, and gives it the elements of each stream in
// their order, and flows behind the configuration that was in force when they were found.
type encoder struct {
	places *places
	done   []bool  // readings of the record in work that are written
	fields []field // of the line in work
	// before leaves out states of this time and later ones; 0: none.
	before telemetry.Instant
}

// field is one column of the line in work: the value that is true at the device's place, and what the device sent.
type field struct {
	quantity    telemetry.Quantity
	value, raw  float64
	has, hasRaw bool
	kind        string // of a press
}

// record appends the lines of one record.
func (e *encoder) record(b *batch, rec *telemetry.Record) {
	b.to.Record = rec.Seq
	b.elements++
	if b.oldest == 0 {
		b.oldest = rec.Received
	}
	switch {
	case rec.Kind == telemetry.KindObservation:
		e.observation(b, rec)
	case rec.Kind == telemetry.KindEntry && rec.Entry != nil:
		e.entry(b, rec)
	case rec.Kind == telemetry.KindConfiguration:
		// What cannot be read never came into force either: the engine refuses it.
		_ = e.places.configure(rec)
	}
}

func (e *encoder) observation(b *batch, rec *telemetry.Record) {
	o := &rec.Observation
	p := e.places.device(rec.Site, o.Device)
	from := source{stream: journal.StreamRecords, id: int64(rec.Seq), site: rec.Site, device: o.Device, at: rec.Moment()}
	e.done = append(e.done[:0], make([]bool, len(o.Readings))...)
	for i := range o.Readings {
		if !e.done[i] {
			e.readings(b, o, i, p, from)
		}
	}
	tasks := 0
	for i := range o.Readings {
		r := &o.Readings[i]
		if r.Quantity != telemetry.Button || !o.Counts(r) {
			continue
		}
		if id := p.of(r.Channel).mounting.Task(r); id != "" {
			e.task(b, &telemetry.TaskLog{Task: id, Done: true}, true, r.Text, p, o.Provenance, from, tasks)
			tasks++
		}
	}
	if o.Task != nil {
		l := *o.Task
		if l.Task == "" {
			l.Task = p.mounting.Task(&telemetry.Reading{Quantity: telemetry.Button})
		}
		e.task(b, &l, !o.Flags.Has(telemetry.FlagRetained), "", p, o.Provenance, from, tasks)
	}
}

// readings writes one line: the i-th reading and those behind it with the same measurement and channel. A second value of
// a field that the line already has is left for a line of its own.
func (e *encoder) readings(b *batch, o *telemetry.Observation, i int, p *place, from source) {
	m, channel := columnOf(o.Readings[i].Quantity).measurement, o.Readings[i].Channel
	if m == noMeasurement {
		return
	}
	whole := p
	p = p.of(channel)
	e.fields = e.fields[:0]
	for j := i; j < len(o.Readings); j++ {
		r := &o.Readings[j]
		if !e.done[j] && r.Channel == channel && columnOf(r.Quantity).measurement == m {
			e.done[j] = !finite(r.Value) || e.take(r, p, whole.counts(o, r), from.at)
		}
	}
	if len(e.fields) == 0 {
		return
	}
	t := append(b.text, measurementNames[m]...)
	t = appendTag(t, "channel", channel)
	t = append(t, p.device...)
	t = append(t, p.door...)
	t = appendTag(t, "provenance", provenanceTag(o.Provenance))
	t = append(t, p.site...)
	t = append(t, p.zone...)
	separator := byte(' ')
	for k := range e.fields {
		t, separator = e.fields[k].append(t, separator)
	}
	t = appendClock(t, o)
	b.text = appendTime(t, momentOf(from.at, uint64(from.id), earlier(o.Readings[:i], &o.Readings[i])))
	from.end = len(b.text)
	b.sources = append(b.sources, from)
}

// take puts a reading on the line; counts says whether it is reckoned with. It is false if the line has a value where this one
// belongs.
func (e *encoder) take(r *telemetry.Reading, p *place, counts bool, at telemetry.Instant) bool {
	if counts && !p.corrects { // nearly always
		f := e.field(r.Quantity)
		if f == nil {
			f = e.newField(r.Quantity)
		} else if f.has {
			return false
		}
		f.value, f.has, f.kind = r.Value, true, r.Text
		return true
	}
	meant := p.meaning(r, at)
	value, raw := e.field(meant.Quantity), e.field(r.Quantity)
	if counts && value != nil && value.has || raw != nil && raw.hasRaw {
		return false
	}
	if counts {
		if value == nil {
			value = e.newField(meant.Quantity)
		}
		value.value, value.has, value.kind = meant.Value, true, r.Text
	}
	if raw = e.field(r.Quantity); raw == nil {
		raw = e.newField(r.Quantity)
	}
	raw.raw, raw.hasRaw = r.Value, true
	return true
}

// field finds a quantity on the line; nil: it is not there. It is valid until the next newField.
func (e *encoder) field(q telemetry.Quantity) *field {
	for i := range e.fields {
		if e.fields[i].quantity == q {
			return &e.fields[i]
		}
	}
	return nil
}

// newField puts a quantity on the line that is not there yet.
func (e *encoder) newField(q telemetry.Quantity) *field {
	e.fields = append(e.fields, field{quantity: q})
	return &e.fields[len(e.fields)-1]
}

// append writes the field's value, and beside it what the device sent where that is something else.
func (f *field) append(t []byte, separator byte) ([]byte, byte) {
	c := columnOf(f.quantity)
	if f.has {
		t = append(append(t, separator), c.field...)
		t = c.appendValue(append(t, '='), f.value)
		separator = ','
		if f.kind != "" && f.quantity == telemetry.Button {
			t = appendText(append(t, ",kind="...), f.kind)
		}
	}
	if f.hasRaw && !(f.has && f.raw == f.value) {
		t = append(append(t, separator), c.field...)
		t = c.appendValue(append(append(t, rawSuffix...), '='), f.raw)
		separator = ','
	}
	return t, separator
}

// clockField says, in the points of a message, that the device's time was impossible: theirs is that of receipt.
const clockField = "clock_replaced"

func appendClock(t []byte, o *telemetry.Observation) []byte {
	if !o.Flags.Has(telemetry.FlagClock) {
		return t
	}
	return append(append(append(t, ','), clockField...), "=1i"...)
}

// earlier is how many readings of the same quantity and channel stand before r: the number of r's line among those of its series.
func earlier(before []telemetry.Reading, r *telemetry.Reading) (n int) {
	for i := range before {
		if before[i].Quantity == r.Quantity && before[i].Channel == r.Channel {
			n++
		}
	}
	return n
}

// provenanceTag is empty for what a sensor measured, which needs no tag.
func provenanceTag(p telemetry.Provenance) string {
	if p == telemetry.Sensor {
		return ""
	}
	return p.String()
}

// task writes the n-th log of a duty in a record: where the task is done, and by which device that was told. One that does not count,
// for a broker only repeats it, says what it is in the raw field alone.
func (e *encoder) task(b *batch, l *telemetry.TaskLog, counts bool, kind string, p *place, provenance telemetry.Provenance, from source, n int) {
	at := e.places.task(from.site, l.Task)
	t := append(b.text, measurementNames[task]...)
	t = append(t, p.device...)
	t = append(t, at.door...)
	t = appendTag(t, "provenance", provenanceTag(provenance))
	t = append(t, at.site...)
	t = appendTag(t, "task", l.Task)
	t = append(t, at.zone...)
	t = append(t, " done"...)
	if !counts {
		t = append(t, rawSuffix...)
	}
	if l.Done {
		t = append(t, "=1i"...)
	} else {
		t = append(t, "=0i"...)
	}
	if counts {
		t = appendTextField(t, "agent", l.Agent)
		t = appendTextField(t, "item", l.Item)
		t = appendTextField(t, "done_by", l.By)
		t = appendTextField(t, "kind", kind)
	}
	b.text = appendTime(t, momentOf(from.at, uint64(from.id), n))
	from.end = len(b.text)
	b.sources = append(b.sources, from)
}

// entry writes those entries of people that are measurements too: a manual count and a task done.
func (e *encoder) entry(b *batch, rec *telemetry.Record) {
	n := rec.Entry
	from := source{stream: journal.StreamRecords, id: int64(rec.Seq), site: rec.Site, at: rec.Moment()}
	switch n.Kind {
	case telemetry.EntryCalibration:
		// It cannot fail: only a definition can be one that is not read.
		_ = e.places.configure(rec)
	case telemetry.EntryTask:
		l := telemetry.TaskLog{Task: n.Subject, Done: n.Value != 0, Agent: n.Text}
		e.task(b, &l, true, "", &place{}, telemetry.Manual, from, 0)
	case telemetry.EntryCount:
		if !finite(n.Value) {
			return
		}
		t := append(b.text, measurementNames[peoplePresent]...)
		t = appendTag(t, "provenance", provenanceTag(telemetry.Manual))
		t = appendTag(t, "site", rec.Site)
		if n.Subject != rec.Site {
			t = appendTag(t, "zone", n.Subject)
		}
		t = appendInteger(append(t, " persons="...), max(0, n.Value)) // as the engine takes it
		b.text = appendTime(t, momentOf(from.at, rec.Seq, 0))
		from.end = len(b.text)
		b.sources = append(b.sources, from)
	}
}

// appendTextField writes ",name=text", or nothing for an empty text.
func appendTextField(b []byte, name, text string) []byte {
	if text == "" {
		return b
	}
	b = append(b, ',')
	b = append(b, name...)
	b = append(b, '=')
	return appendText(b, text)
}
