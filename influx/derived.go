package influx

import (
	"github.com/gerbang-iot/gerbang/journal"
	"github.com/gerbang-iot/gerbang/rules"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// transition appends the line of a change of verdict; two for a late one.
func (e *encoder) transition(b *batch, tr *journal.Transition) {
	b.to.Transition = tr.ID
	b.elements++
	if !tr.Late {
		e.verdict(b, tr, momentOf(tr.At, uint64(tr.ID), 0), tr.At, tr.To, tr.Near, tr.Idle, &tr.Explanation)
		return
	}
	e.verdict(b, tr, revised(tr.At, uint64(tr.ID), false), tr.At, tr.To, tr.Near, tr.Idle, &tr.Explanation)
	if tr.Until > tr.At {
		e.verdict(b, tr, revised(tr.Until, uint64(tr.ID), true), tr.Until, tr.From, tr.FromNear, tr.FromIdle, nil)
	}
}

// verdict writes the state of a rule and subject from at on; x explains it, if known.
func (e *encoder) verdict(b *batch, tr *journal.Transition, moment, at telemetry.Instant, state rules.Verdict, near, idle bool, x *rules.Explanation) {
	t := append(b.text, measurementNames[verdict]...)
	if tr.Late {
		t = append(t, ",late=true"...)
	}
	t = appendTag(t, "rule", tr.Rule)
	t = appendTag(t, "site", tr.Site)
	t = append(t, ",subject="...)
	t = appendTagValue(t, string(tr.Subject.Kind))
	t = append(t, '/')
	t = appendTagValue(t, tr.Subject.ID)
	t = append(t, " state="...)
	t = appendInteger(t, float64(state))
	t = appendFlagField(t, "near", near)
	t = appendFlagField(t, "idle", idle)
	if x != nil {
		if x.HasValue && finite(x.Value) {
			t = appendFloat(append(t, ",value="...), x.Value)
			if finite(x.Error) {
				t = appendFloat(append(t, ",error="...), x.Error)
			}
		}
		if x.HasLimit && finite(x.Limit) {
			t = appendFloat(append(t, ",limit_value="...), x.Limit)
		}
		t = appendTextField(t, "reason", string(x.Reason))
	}
	b.text = appendTime(t, moment)
	b.sources = append(b.sources, source{end: len(b.text), stream: journal.StreamTransitions, id: tr.ID, site: tr.Site, at: at})
}

// sample appends the line of an occupancy sample. A sample is a state: the last one at a time counts. Numbers that nobody knows
// are not written.
func (e *encoder) sample(b *batch, s *journal.Sample) {
	b.to.Sample = s.ID
	b.elements++
	if e.before != 0 && s.At >= e.before {
		return
	}
	known := s.Known && finite(s.Persons)
	t := append(b.text, measurementNames[occupancy]...)
	t = appendTag(t, "site", s.Site)
	t = appendTag(t, "zone", s.Zone)
	t = append(t, " known=0i"...)
	if known {
		t[len(t)-2] = '1'
		t = appendFloat(append(t, ",persons="...), s.Persons)
		if finite(s.Error) {
			t = appendFloat(append(t, ",error="...), s.Error)
		}
		if finite(s.Low) && finite(s.High) {
			t = appendInteger(append(t, ",low="...), s.Low)
			t = appendInteger(append(t, ",high="...), s.High)
		}
	}
	if s.HasLimit && finite(s.Limit) {
		t = appendFloat(append(t, ",capacity_limit="...), s.Limit)
	}
	t = appendFlagField(t, "near", s.Near)
	b.text = appendTime(t, s.At)
	b.sources = append(b.sources, source{end: len(b.text), stream: journal.StreamSamples, id: s.ID, site: s.Site, at: s.At})
}

// flow appends the line of what passed a counter of running totals. It is a state of its own time, which later knowledge
// replaces, so its point has that very time, whichever record brought the knowledge.
func (e *encoder) flow(b *batch, f *journal.Flow) {
	b.to.Flow = f.ID
	b.elements++
	if !finite(f.In) || !finite(f.Out) || e.before != 0 && f.At >= e.before {
		return
	}
	p := e.places.device(f.Site, f.Device).of(f.Channel)
	t := append(b.text, measurementNames[peopleFlow]...)
	t = appendTag(t, "channel", f.Channel)
	t = append(t, p.device...)
	t = append(t, p.door...)
	t = append(t, p.site...)
	t = append(t, p.zone...)
	t = appendInteger(append(t, " persons_in="...), f.In)
	t = appendInteger(append(t, ",persons_out="...), f.Out)
	b.text = appendTime(t, f.At)
	b.sources = append(b.sources, source{end: len(b.text), stream: journal.StreamFlows, id: f.ID, site: f.Site, device: f.Device, at: f.At})
}

// appendFlagField writes ",name=1i" or ",name=0i".
func appendFlagField(b []byte, name string, set bool) []byte {
	b = append(b, ',')
	b = append(b, name...)
	if set {
		return append(b, "=1i"...)
	}
	return append(b, "=0i"...)
}
