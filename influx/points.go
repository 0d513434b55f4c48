package influx

import (
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// encoder turns elements of the journal into lines. One goroutine uses it, and gives it the elements of each stream in
// their order.
type encoder struct {
	places *Places
	// Values and verdicts at one time are kept apart; a sample is a state, of which the last one at a time counts.
	values, verdicts apart
	fields           []uint64 // hashes of the fields of the line in work
	done             []bool   // readings of the record in work that are written
}

// record appends the lines of one record.
func (e *encoder) record(b *batch, rec *telemetry.Record) {
	e.values.enter(rec.Seq)
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
	}
}

func (e *encoder) observation(b *batch, rec *telemetry.Record) {
	o := &rec.Observation
	p := e.places.device(rec.Site, o.Device)
	provenance := ""
	if o.Provenance != telemetry.Sensor {
		provenance = o.Provenance.String()
	}
	hash := mix(mix(p.hash, uint64(rec.At)), uint64(o.Provenance))
	from := source{stream: Records, id: int64(rec.Seq), site: rec.Site, device: o.Device, at: rec.At}

	e.done = append(e.done[:0], make([]bool, len(o.Readings))...)
	for i := range o.Readings {
		if !e.done[i] {
			e.readings(b, o.Readings, i, p, provenance, hash, from)
		}
	}
	if t := o.Task; t != nil {
		e.task(b, t, p, provenance, hash, from)
	}
}

// readings writes one line: the i-th reading and those behind it with the same measurement and channel. A second value of
// a field that the line already has is left for a line of its own.
func (e *encoder) readings(b *batch, all []telemetry.Reading, i int, p *place, provenance string, hash uint64, from source) {
	first := columnOf(all[i].Quantity)
	if first.measurement == noMeasurement {
		return
	}
	channel := all[i].Channel
	if channel != "" {
		hash = mixText(hash, channel)
	}
	start := len(b.text)
	t := append(b.text, measurementNames[first.measurement]...)
	t = appendTag(t, "channel", channel)
	t = append(t, p.deviceDoor...)
	t = appendTag(t, "provenance", provenance)
	t = append(t, p.site...)
	t = append(t, p.zone...)
	t = append(t, ' ')
	e.fields = e.fields[:0]
	var written uint64 // quantities on the line
	for j := i; j < len(all); j++ {
		r := &all[j]
		c := columnOf(r.Quantity)
		if e.done[j] || c.measurement != first.measurement || r.Channel != channel || written&(1<<r.Quantity) != 0 {
			continue
		}
		e.done[j] = true
		if !finite(r.Value) {
			continue
		}
		written |= 1 << r.Quantity
		if len(e.fields) > 0 {
			t = append(t, ',')
		}
		t = append(t, c.field...)
		t = append(t, '=')
		if c.integer {
			t = appendInteger(t, r.Value)
		} else {
			t = appendFloat(t, r.Value)
		}
		if r.Text != "" && r.Quantity == telemetry.Button {
			t = appendText(append(t, ",kind="...), r.Text)
		}
		e.fields = append(e.fields, mix(hash, uint64(r.Quantity)))
	}
	if len(e.fields) == 0 {
		b.text = t[:start]
		return
	}
	b.text = appendTime(t, from.at+e.values.offset(e.fields))
	from.end = len(b.text)
	b.sources = append(b.sources, from)
}

// task writes a log of a duty.
func (e *encoder) task(b *batch, l *telemetry.TaskLog, p *place, provenance string, hash uint64, from source) {
	t := append(b.text, measurementNames[task]...)
	t = append(t, p.deviceDoor...)
	t = appendTag(t, "provenance", provenance)
	t = append(t, p.site...)
	t = appendTag(t, "task", l.Task)
	t = append(t, p.zone...)
	if l.Done {
		t = append(t, " done=1i"...)
	} else {
		t = append(t, " done=0i"...)
	}
	t = appendTextField(t, "agent", l.Agent)
	t = appendTextField(t, "item", l.Item)
	t = appendTextField(t, "by", l.By)
	e.fields = append(e.fields[:0], mixText(mix(hash, taskLogs), l.Task))
	b.text = appendTime(t, from.at+e.values.offset(e.fields))
	from.end = len(b.text)
	b.sources = append(b.sources, from)
}

// Salts of hashes for what is not a quantity.
const (
	taskLogs uint64 = 1<<32 + iota
	peopleCounts
)

// entry writes those entries of people that are measurements too: a manual count and a task done.
func (e *encoder) entry(b *batch, rec *telemetry.Record) {
	n := rec.Entry
	from := source{stream: Records, id: int64(rec.Seq), site: rec.Site, at: rec.At}
	manual := telemetry.Manual.String()
	switch n.Kind {
	case telemetry.EntryTask:
		p := e.places.task(rec.Site, n.Subject)
		l := telemetry.TaskLog{Task: n.Subject, Done: n.Value != 0, Agent: n.Text}
		e.task(b, &l, p, manual, mix(mix(p.hash, uint64(rec.At)), uint64(telemetry.Manual)), from)
	case telemetry.EntryCount:
		if !finite(n.Value) {
			return
		}
		t := append(b.text, measurementNames[peoplePresent]...)
		t = appendTag(t, "provenance", manual)
		t = appendTag(t, "site", rec.Site)
		t = appendTag(t, "zone", n.Subject)
		t = appendInteger(append(t, " persons="...), n.Value)
		hash := mix(mixText(mixText(hashSeed, rec.Site), n.Subject), uint64(rec.At))
		e.fields = append(e.fields[:0], mix(hash, peopleCounts))
		b.text = appendTime(t, from.at+e.values.offset(e.fields))
		from.end = len(b.text)
		b.sources = append(b.sources, from)
	}
}

// transition appends the line of a change of verdict; two for a late one.
func (e *encoder) transition(b *batch, tr *Transition) {
	e.verdicts.enter(uint64(tr.ID))
	b.to.Transition = tr.ID
	b.elements++
	e.verdict(b, tr, tr.At, tr.To, &tr.Explanation)
	if tr.Late && tr.Until > tr.At {
		e.verdict(b, tr, tr.Until, tr.From, nil)
	}
}

// verdict writes the state of a rule and subject from at on; x explains it, if known.
func (e *encoder) verdict(b *batch, tr *Transition, at telemetry.Instant, state rules.Verdict, x *rules.Explanation) {
	t := append(b.text, measurementNames[verdict]...)
	late := uint64(0)
	if tr.Late {
		t = append(t, ",late=true"...)
		late = 1
	}
	t = appendTag(t, "rule", tr.Rule)
	t = appendTag(t, "site", tr.Site)
	t = append(t, ",subject="...)
	t = appendTagValue(t, string(tr.Subject.Kind))
	t = append(t, '/')
	t = appendTagValue(t, tr.Subject.ID)
	t = append(t, " state="...)
	t = appendInteger(t, float64(state))
	if x != nil {
		if x.HasValue && finite(x.Value) {
			t = appendFloat(append(t, ",value="...), x.Value)
			if finite(x.Error) {
				t = appendFloat(append(t, ",error="...), x.Error)
			}
		}
		if x.HasLimit && finite(x.Limit) {
			t = appendFloat(append(t, ",limit="...), x.Limit)
		}
		t = appendTextField(t, "reason", string(x.Reason))
	}
	hash := mixText(mixText(mixText(hashSeed, tr.Site), tr.Rule), string(tr.Subject.Kind))
	hash = mix(mix(mixText(hash, tr.Subject.ID), uint64(at)), late)
	e.fields = append(e.fields[:0], hash)
	b.text = appendTime(t, at+e.verdicts.offset(e.fields))
	b.sources = append(b.sources, source{end: len(b.text), stream: Transitions, id: tr.ID, site: tr.Site, at: at})
}

// sample appends the line of an occupancy sample.
func (e *encoder) sample(b *batch, s *Sample) {
	b.to.Sample = s.ID
	b.elements++
	if !finite(s.Persons) {
		return
	}
	t := append(b.text, measurementNames[occupancy]...)
	t = appendTag(t, "site", s.Site)
	t = appendTag(t, "zone", s.Zone)
	t = appendFloat(append(t, " persons="...), s.Persons)
	if finite(s.Error) {
		t = appendFloat(append(t, ",error="...), s.Error)
	}
	if s.Limit != 0 && finite(s.Limit) {
		t = appendFloat(append(t, ",limit="...), s.Limit)
	}
	b.text = appendTime(t, s.At)
	b.sources = append(b.sources, source{end: len(b.text), stream: Samples, id: s.ID, site: s.Site, at: s.At})
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
