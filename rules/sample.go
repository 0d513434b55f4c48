package rules

import (
	"time"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// lastingDeafness is from when on a time in which nobody listened is a gap in the history of the people. A restart is none.
const lastingDeafness = time.Minute

// sample emits a zone's occupancy if it is news: at most once in SampleInterval, and at every change of verdict and of whether
// anybody knows. What is held back is emitted when the interval is over, so that the last value of a burst is never lost. A
// sample holds until the next one, so that one is also due when knowledge ends by itself.
func (e *Engine) sample(z *zoneState) {
	if z.slot == 0 {
		return
	}
	last := &z.sampled
	verdict, near := Unknown, false
	if z.capacity != nil {
		s := z.capacity.present()
		verdict, near = s.verdict, s.near
	}
	est, until := z.estimate(e.clock)
	lost, heard := e.deafness.lost(e.clock)
	known := est.known && e.plan.counts(z.id) && !lost
	if until = min(until, heard); until <= e.clock {
		until = telemetry.Never
	}
	if due := last.At.Add(SampleInterval); last.At != 0 && e.clock < due && last.Verdict == verdict && last.Near == near && last.Known == known {
		e.queue.set(z.slot, min(due, until))
		return
	}
	e.queue.set(z.slot, until)
	if (est.reason == ReasonNoData || !e.plan.counts(z.id)) && last.At == 0 {
		return
	}
	now := Sample{
		Site: e.site, Zone: z.id, At: e.clock, Persons: est.persons.number(), Error: est.err().number(), Low: est.low.number(), High: est.high.number(),
		Known: known, Verdict: verdict, Near: near, Record: e.record,
	}
	if z.capacity != nil {
		f, _ := z.capacity.ask(e.clock, Within)
		now.Limit, now.HasLimit = f.limit, f.hasLimit
	}
	if last.At == 0 || !now.sameAs(last) {
		e.emitSample(z, now)
	}
}

func (e *Engine) emitSample(z *zoneState, now Sample) {
	z.sampled = now
	if e.out != nil {
		e.out.Samples = append(e.out.Samples, now)
	}
}

// sameAs reports whether a sample says what another one said before. Numbers that nobody knows are no news.
func (s *Sample) sameAs(before *Sample) bool {
	was := *before
	was.At, was.Record = s.At, s.Record
	if !s.Known && !was.Known {
		was.Persons, was.Error, was.Low, was.High = s.Persons, s.Error, s.Low, s.High
	}
	return was == *s
}

// missed notes in the history of the people that in [from, to) nobody listened: what was known before holds no longer, nor what
// the calendar alone said meanwhile, and what is known afterwards is said then.
func (e *Engine) missed(from, to telemetry.Instant) {
	if to.Sub(from) < lastingDeafness {
		return
	}
	for _, z := range e.allZones() {
		if z.slot == 0 || z.sampled.At == 0 {
			continue
		}
		if z.sampled.Known {
			gap, said := z.sampled, z.sampled.At
			gap.At, gap.Known, gap.Record = from, false, e.record
			e.emitSample(z, gap)
			if said > from {
				gap.At = said
				e.emitSample(z, gap)
			}
		}
		e.queue.set(z.slot, max(to, e.clock+1))
	}
}
