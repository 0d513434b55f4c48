package simulate

import (
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// planFevers lets visitors with fever come to the thermometers that want them. They rest, are measured again after five
// minutes as the protocol says, and go home: they never pass the door.
func (b *Building) planFevers(o facility.Opening) {
	for _, d := range b.site.Devices {
		if b.o.Fevers[d.ID] > 0 && b.measures(d, telemetry.BodyTemperature) {
			b.feverish(d, o, o.Open.Add(b.pause(d)), b.feverPace)
		}
	}
}

// feverish schedules one, and with it the next.
func (b *Building) feverish(d facility.Device, o facility.Opening, at time.Time, pace int) {
	if !at.Before(o.Close.Add(-beforeClosing)) {
		return
	}
	b.schedule(at, func() (Message, bool) {
		if b.feverPace != pace {
			return Message{}, false // SetFevers has started others
		}
		b.feverish(d, o, b.now.Add(b.pause(d)), pace)
		core := 38 + 0.9*b.noise.Float64()
		b.schedule(b.now.Add(5*time.Minute), func() (Message, bool) {
			return b.message(d, `"body_temperature":`+decimal(max(37.8, core+0.15*b.noise.NormFloat64())-d.Offset, 1))
		})
		return b.message(d, `"body_temperature":`+decimal(core-d.Offset, 1))
	})
}

// pause is the time between two of them.
func (b *Building) pause(d facility.Device) time.Duration {
	every, changed := b.fevers[d.ID]
	if !changed {
		every = b.o.Fevers[d.ID]
	}
	return time.Duration((0.6 + 0.8*b.noise.Float64()) * float64(every))
}

// SetFevers changes how often visitors with fever come to the thermometers that Options.Fevers names, from now on; the first
// comes soon.
func (b *Building) SetFevers(every time.Duration) {
	b.feverPace++
	loc := b.site.Location.Location
	openings := b.site.Hours.Day(facility.DayAt(b.now, loc), loc)
	for _, d := range b.site.Devices {
		if b.o.Fevers[d.ID] == 0 {
			continue
		}
		b.fevers[d.ID] = every
		for _, o := range openings {
			if b.now.Before(o.Open) || !b.now.Before(o.Close) {
				continue
			}
			b.feverish(d, o, b.now.Add(b.pause(d)/3), b.feverPace)
		}
	}
}
