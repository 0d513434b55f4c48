package rules

import "github.com/gerbang-iot/gerbang/telemetry"

// sample emits a zone's occupancy if it is news: at most once in SampleInterval, and at every change of verdict. What is
// held back is emitted when the interval is over, so that the last value of a burst is never lost.
func (e *Engine) sample(z *zoneState) {
	if z.slot == 0 {
		return
	}
	verdict, near := Unknown, false
	if z.capacity != nil {
		s := z.capacity.present()
		verdict, near = s.verdict, s.near
	}
	if due := z.sampled.At.Add(SampleInterval); z.sampled.At != 0 && e.clock < due && z.sampled.Verdict == verdict && z.sampled.Near == near {
		e.queue.set(z.slot, due)
		return
	}
	e.queue.set(z.slot, telemetry.Never)
	est, _ := z.estimate(e.clock)
	if (est.reason == ReasonNoData || !e.plan.counts(z.id)) && z.sampled.At == 0 {
		return
	}
	now := Sample{Site: e.site, Zone: z.id, At: e.clock, Persons: est.persons.number(), Error: est.err().number(), Low: est.low.number(), High: est.high.number(), Verdict: verdict, Near: near, Record: e.record}
	if z.capacity != nil {
		f, _ := z.capacity.ask(e.clock, Within)
		now.Limit = f.limit
	}
	was := z.sampled
	was.At, was.Record = now.At, now.Record
	if was == now && z.sampled.At != 0 {
		return
	}
	z.sampled = now
	if e.out != nil {
		e.out.Samples = append(e.out.Samples, now)
	}
}
