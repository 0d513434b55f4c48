package rules

import (
	"slices"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// A thermometer measures people right in the air that its maker says, and not in the sun before an entrance: what it reads in other
// air is no evidence, as that of one that is not credible.

// What is made of a thermometer where nobody measures the air.
const (
	acceptAmbient = "accept"
	refuseAmbient = "refuse"
)

// What is wrong with the air around a thermometer, as the constraint of its finding.
const (
	byAmbientLow  = "ambient_low"
	byAmbientHigh = "ambient_high"
)

// freshAir is how long a reading of the air holds.
const freshAir = 30 * time.Minute

// climate is a thermometer with a window, and the rooms whose sensors say what air is around it, where it does not say so itself.
type climate struct {
	device *deviceState
	rooms  []*zoneState
}

// climate notes that the air around a thermometer matters.
func (b *bench) climate(d *deviceState, window *facility.Ambient) {
	if window == nil || slices.ContainsFunc(b.engine.climates, func(c climate) bool { return c.device == d }) {
		return
	}
	b.engine.climates = append(b.engine.climates, climate{d, b.engine.rooms(d)})
}

// rooms are those in which, or at whose door, a device hangs.
func (e *Engine) rooms(d *deviceState) (all []*zoneState) {
	if d.zone != nil {
		return []*zoneState{d.zone}
	}
	if d.door == nil {
		return nil
	}
	door := e.plan.door(d.door.id)
	for _, id := range []string{door.To, door.From} {
		if z := e.zoneByID[id]; z != nil {
			all = append(all, z)
		}
	}
	return all
}

// warmed makes everybody be asked again who rests on what a thermometer read, because the air around it was measured.
func (e *Engine) warmed(d *deviceState, at telemetry.Instant) {
	for _, c := range e.climates {
		if c.device != d.whole && (d.zone == nil || !slices.Contains(c.rooms, d.zone)) {
			continue
		}
		e.askAllOf(c.device.credit, at)
		e.askReaders(c.device.watchers, maskOf(telemetry.BodyTemperature), at)
		if c.device.door != nil {
			e.doorChanged(c.device.door, at)
		}
	}
}

// airAt is the temperature of the air around a thermometer at t, and until when that is so: what it says itself, else the newest word
// of a sensor in its rooms.
func (e *Engine) airAt(d *deviceState, t telemetry.Instant) (v float64, known bool, until telemetry.Instant) {
	until = telemetry.Never
	newest := telemetry.Instant(0)
	look := func(s *series) {
		x, i, read := s.at(t)
		until = min(until, s.line.next(i+1))
		if x == nil || t >= read.Add(freshAir) || known && read <= newest {
			return
		}
		v, known, newest = x.v.v, true, read
	}
	for s := range d.allSeries(telemetry.Temperature) {
		look(s)
	}
	if !known {
		for _, z := range e.rooms(d) {
			for _, s := range z.sensors {
				if s.quantity == telemetry.Temperature && !s.probe() {
					look(s)
				}
			}
		}
	}
	if known {
		until = min(until, newest.Add(freshAir))
	}
	return v, known, until
}

// inAir is what is found of a thermometer when the air around it is reckoned with.
func (j *credibilityJudge) inAir(t telemetry.Instant, f finding, until telemetry.Instant) (finding, telemetry.Instant) {
	if j.window == nil {
		return f, until
	}
	v, known, next := j.engine.airAt(j.device, t)
	until = min(until, next)
	f.inputs = append(slices.Clone(f.inputs), Input{Name: InputAmbientMin, Value: j.window.Min, Unit: "Cel"}, Input{Name: InputAmbientMax, Value: j.window.Max, Unit: "Cel"})
	if !known {
		if j.params.AmbientUnknown == refuseAmbient {
			return finding{verdict: Unknown, reason: ReasonIncredible, detail: j.device.id, inputs: f.inputs}, until
		}
		f.inputs = append(f.inputs, Input{Name: InputAmbientUnknown, Value: 1, Unit: "1"})
		return f, until
	}
	f.inputs = append(f.inputs, Input{Name: InputAmbient, Value: v, Unit: "Cel"})
	out := finding{verdict: Breached, hasValue: true, hasLimit: true, value: v, unit: "Cel", inputs: f.inputs}
	switch {
	case v < j.window.Min:
		out.constraint, out.limit = byAmbientLow, j.window.Min
		return out, until
	case v > j.window.Max:
		out.constraint, out.limit = byAmbientHigh, j.window.Max
		return out, until
	}
	return f, until
}
