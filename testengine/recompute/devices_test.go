package recompute

import (
	"slices"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// device lets a device report for the whole of the scenario, with pauses.
func (m *maker) device(d *facility.Device) {
	measures := m.def.Measures[d.ID]
	if measures == nil {
		measures = m.guessed(d.ID)
	}
	step := d.Interval
	if step == 0 {
		step = m.duration(10*time.Minute, time.Hour)
	}
	values := make(map[telemetry.Quantity]float64)
	quiet := telemetry.Instant(0)
	first := m.start.Add(pick(m, 0, 0, m.duration(0, 12*time.Hour)))
	if m.chance(.2) {
		first = first.Add(-m.duration(0, 2*time.Hour)) // what it kept from before
	}
	for at := first; at < m.end; {
		if at = m.free(at); at >= m.end {
			break
		}
		if at > quiet {
			m.say(d, at, measures, values)
			if m.chance(.02) {
				quiet = at.Add(m.duration(0, 8*time.Hour))
			}
		}
		at = at.Add(pick(m, m.duration(step/4, step), m.duration(step/4, step), step, step/2))
	}
}

func (m *maker) guessed(id string) []telemetry.Quantity {
	if strings.HasPrefix(id, "seat") {
		return []telemetry.Quantity{telemetry.Occupied}
	}
	return map[string][]telemetry.Quantity{
		"camera": {telemetry.PeoplePresent}, "camera2": {telemetry.PeoplePresent}, "air": {telemetry.CO2, telemetry.Temperature, telemetry.Humidity},
		"air2": {telemetry.CO2}, "humid": {telemetry.Humidity}, "window": {telemetry.ContactOpen}, "soap": {telemetry.FillLevel, telemetry.Battery}, "lidar": {telemetry.Distance},
	}[id]
}

// say makes one message.
func (m *maker) say(d *facility.Device, at telemetry.Instant, measures []telemetry.Quantity, values map[telemetry.Quantity]float64) {
	var all []telemetry.Reading
	few := values[telemetry.NoQuantity] > 0 && m.chance(.1) // it says only some of what it measures
	busy := 1 + m.IntN(5)
	values[telemetry.NoQuantity] = 1 // it has said something
	for _, q := range measures {
		if few && m.chance(.5) {
			continue
		}
		v := values[q]
		switch q {
		case telemetry.PeopleIn:
			v = float64(m.IntN(busy + 1))
		case telemetry.PeopleOut:
			v = float64(m.IntN(busy + 1))
		case telemetry.PeopleInTotal, telemetry.PeopleOutTotal:
			if v == 0 {
				v = float64(m.IntN(3000))
			}
			v += float64(m.IntN(busy + 1))
			values[q] = v
			switch glitch, again := m.chance(.01), m.chance(.01); {
			case glitch:
				v = pick(m, 0, v-1, v+5000, v/2)
			case again: // from nothing
				v = float64(m.IntN(4))
				values[q] = v
			case m.chance(.005): // from a stored value
				v = max(0, v-float64(m.IntN(30)))
				values[q] = v
			}
			v = max(0, v)
		case telemetry.PeoplePresent:
			v = float64(m.IntN(3 * busy))
		case telemetry.BodyTemperature:
			v = pick(m, 36.2, 36.5, 36.6, 36.8, 37.2, 37.3, 37.4, 38, 22.5, 24)
		case telemetry.CO2:
			v = max(400, min(1500, v+float64(m.IntN(401)-200)))
			values[q] = v
		case telemetry.Temperature:
			v = 23 + float64(m.IntN(80))/10
		case telemetry.Humidity:
			v = 40 + float64(m.IntN(40))
		case telemetry.Distance:
			v = 0.5 + float64(m.IntN(12))/10
		case telemetry.FillLevel, telemetry.Battery:
			v = float64(m.IntN(50))
		case telemetry.MaskWorn, telemetry.MaskMissing, telemetry.Dispensed, telemetry.VehiclesIn:
			v = float64(m.IntN(busy * 2))
		case telemetry.ContactOpen, telemetry.Button, telemetry.Occupied:
			v = float64(m.IntN(2))
		}
		r := telemetry.Reading{Quantity: q, Value: v}
		if q == telemetry.Button {
			r.Value, r.Text = 1, pick(m, "", "single", "long")
		}
		all = append(all, r)
	}
	if len(all) == 0 {
		all = append(all, telemetry.Reading{Quantity: telemetry.DeviceTemperature, Value: 30})
	}
	rec := observation(d.ID, all...)
	if slices.Contains(measures, telemetry.Button) && m.chance(.3) {
		rec.Observation.Readings = nil
		rec.Observation.Task = &telemetry.TaskLog{Task: pick(m, "spray", "wipe"), Done: m.chance(.9), Item: pick(m, "", "handle", "rail", "bell", "floor")}
		if m.upkeep {
			rec.Observation.Task.Agent = pick(m, "", "alcohol", "water")
		}
	}
	m.add(rec, at)
}
