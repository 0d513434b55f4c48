package simulate

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
)

// What a simulated device is shows in its place and its name: a native device may send anything.
func isThermometer(d facility.Device) bool {
	return d.Place.Kind == facility.AtDoor && named(d, "suhu", "thermo", "temperature")
}

func isCounter(d facility.Device) bool {
	return d.Place.Kind == facility.AtDoor && !isThermometer(d) && !isDispenser(d)
}

func isAir(d facility.Device) bool {
	return d.Place.Kind == facility.AtZone && !isDispenser(d)
}

func isDispenser(d facility.Device) bool {
	return named(d, "sabun", "sanitizer", "dispenser", "sanitiser")
}

func isTaskButton(d facility.Device) bool { return d.Place.Kind == facility.AtTask }

func named(d facility.Device, words ...string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(d.ID, w) })
}

// startDevice schedules a device's periodic reports. Devices start at different moments of the period.
func (b *Building) startDevice(d facility.Device, from time.Time) {
	first := from.Add(time.Duration(b.rng.Float64() * float64(b.period)))
	switch {
	case isCounter(d):
		b.counts[d.Place.ID] = &count{}
		b.periodically(first, b.period, func() (Message, bool) { return b.countMessage(d) })
	case isAir(d):
		b.co2[d.Place.ID] = outdoorCO2
		b.periodically(first, b.period, func() (Message, bool) { return b.airMessage(d) })
	case isDispenser(d):
		b.fill[d.ID] = 60 + 40*b.rng.Float64()
		b.periodically(first, max(b.period, 15*time.Minute), func() (Message, bool) { return b.dispenserMessage(d) })
	case isThermometer(d), isTaskButton(d):
		// A sign of life, as such devices send it: nothing was measured, nothing was pressed.
		b.periodically(first, max(b.period, 15*time.Minute), func() (Message, bool) {
			return b.message(d, `"battery":`+strconv.Itoa(60+b.rng.IntN(30)))
		})
	}
}

func (b *Building) periodically(at time.Time, every time.Duration, do func() (Message, bool)) {
	var again func() (Message, bool)
	next := at
	again = func() (Message, bool) {
		next = next.Add(every)
		b.schedule(next, again)
		return do()
	}
	b.schedule(at, again)
}

func (b *Building) countMessage(d facility.Device) (Message, bool) {
	c := b.counts[d.Place.ID]
	in, out := c.in, c.out
	*c = count{}
	if d.Swap {
		in, out = out, in
	}
	return b.message(d, `"people_in":`+strconv.Itoa(in)+`,"people_out":`+strconv.Itoa(out))
}

const outdoorCO2 = 425.0 // ppm

// airMessage follows the people in the zone: everybody adds CO2, the ventilation takes two air changes an hour out.
func (b *Building) airMessage(d facility.Device) (Message, bool) {
	area := 80.0
	if z, ok := b.site.Zone(d.Place.ID); ok && z.Area > 0 {
		area = z.Area
	}
	// In balance, one person in 3 m of height at two air changes adds 18 l/h ÷ (area × 3 × 2) m³/h.
	target := outdoorCO2 + float64(max(b.inside[d.Place.ID], 0))*18_000/(area*6)
	keep := math.Exp(-2 * b.period.Hours())
	b.co2[d.Place.ID] = keep*b.co2[d.Place.ID] + (1-keep)*target
	hour := b.now.In(b.site.Location.Location)
	daylight := math.Sin((float64(hour.Hour()) + float64(hour.Minute())/60 - 8) / 24 * 2 * math.Pi)
	return b.message(d, `"co2":`+decimal(b.co2[d.Place.ID]+b.rng.NormFloat64()*6, 0)+
		`,"temperature":`+decimal(27+2*daylight+b.rng.NormFloat64()*0.1, 1)+
		`,"humidity":`+decimal(68-6*daylight+b.rng.NormFloat64()*0.5, 1))
}

func (b *Building) dispenserMessage(d facility.Device) (Message, bool) {
	b.fill[d.ID] -= b.rng.Float64() * 0.4
	if b.fill[d.ID] < 6 {
		b.fill[d.ID] = 100
	}
	return b.message(d, `"fill_level":`+decimal(b.fill[d.ID], 0))
}

// planDuties schedules the disinfection of a day: before opening, every three and a half hours, after closing. Now and then
// somebody forgets.
func (b *Building) planDuties(openings []facility.Opening, notBefore time.Time) {
	if len(openings) == 0 {
		return
	}
	opens, closes := openings[0].Open, openings[len(openings)-1].Close
	times := []time.Time{opens.Add(-50 * time.Minute)}
	for t := opens.Add(2 * time.Hour); t.Before(closes.Add(-time.Hour)); t = t.Add(3 * time.Hour) {
		times = append(times, t)
	}
	times = append(times, closes.Add(25*time.Minute))
	for _, d := range b.site.Devices {
		if !isTaskButton(d) {
			continue
		}
		task, _ := b.site.Task(d.Place.ID)
		for _, at := range times {
			at = at.Add(time.Duration(b.rng.IntN(20)) * time.Minute)
			if b.rng.Float64() < 0.03 || !at.After(notBefore) {
				continue
			}
			if len(task.Items) == 0 {
				b.schedule(at, func() (Message, bool) { return b.message(d, `"button":"press"`) })
				continue
			}
			for i, item := range task.Items {
				b.schedule(at.Add(time.Duration(i)*20*time.Second), func() (Message, bool) {
					return b.message(d, `"task":"`+task.ID+`","done":true,"agent":"alkohol 70%","item":"`+item+`"`)
				})
			}
		}
	}
}
