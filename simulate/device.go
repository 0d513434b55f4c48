package simulate

import (
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// measures reports whether a device measures a quantity. What is not said is guessed from its place: a device at a door
// counts people, one in a zone measures the air, one at a task is a button.
func (b *Building) measures(d facility.Device, q telemetry.Quantity) bool {
	if all := b.quantities[d.ID]; len(all) > 0 {
		return slices.Contains(all, q)
	}
	switch d.Place.Kind {
	case facility.AtDoor:
		return q == telemetry.PeopleIn
	case facility.AtTask:
		return q == telemetry.Button
	}
	return q == telemetry.CO2
}

// rare is how often things report that change slowly.
const rare = 15 * time.Minute

// startDevice schedules a device's periodic reports. Devices start at different moments of the period.
func (b *Building) startDevice(d facility.Device) {
	switch {
	case b.measures(d, telemetry.PeopleIn):
		b.counts[d.Place.ID] = &count{}
		b.periodically(0, func() (Message, bool) { return b.countMessage(d) })
	case b.measures(d, telemetry.CO2):
		b.co2[d.Place.ID] = outdoorCO2
		b.periodically(0, func() (Message, bool) { return b.airMessage(d) })
	case b.measures(d, telemetry.FillLevel):
		b.fill[d.ID] = 60 + 40*b.rng.Float64()
		b.periodically(rare, func() (Message, bool) { return b.dispenserMessage(d) })
	case b.measures(d, telemetry.MaskWorn):
		b.periodically(0, func() (Message, bool) { return b.maskMessage(d) })
	case b.measures(d, telemetry.VehiclesIn):
		b.periodically(rare, func() (Message, bool) { return b.message(d, `"vehicles_in":`+strconv.Itoa(b.rng.IntN(4))) })
	case b.measures(d, telemetry.ContactOpen):
		b.periodically(rare, func() (Message, bool) { return b.message(d, `"contact_open":`+b.yes(0.2)) })
	case b.measures(d, telemetry.Occupied), b.measures(d, telemetry.Motion), b.measures(d, telemetry.PeoplePresent):
		b.periodically(0, func() (Message, bool) { return b.presenceMessage(d) })
	default:
		// A sign of life, as thermometers and buttons send it: nothing was measured, nothing was pressed.
		b.periodically(rare, func() (Message, bool) { return b.message(d, `"battery":`+strconv.Itoa(60+b.rng.IntN(30))) })
	}
}

// periodically repeats do, at least from apart.
func (b *Building) periodically(least time.Duration, do func() (Message, bool)) {
	b.periodic = append(b.periodic, periodic{least, do})
	b.repeat(b.periodic[len(b.periodic)-1])
}

// periodic is something that a device does again and again.
type periodic struct {
	least time.Duration
	do    func() (Message, bool)
}

func (b *Building) repeat(p periodic) {
	every, pace := max(b.period, p.least), b.pace
	next := b.now.Add(time.Duration(b.rng.Float64() * float64(every)))
	var again func() (Message, bool)
	again = func() (Message, bool) {
		if b.pace != pace {
			return Message{}, false // SetPeriod has started another repetition
		}
		next = next.Add(every)
		b.schedule(next, again)
		return p.do()
	}
	b.schedule(next, again)
}

// SetPeriod changes how often devices report from now on.
func (b *Building) SetPeriod(period time.Duration) {
	b.period = period
	b.pace++
	for _, p := range b.periodic {
		b.repeat(p)
	}
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

// airMessage follows the people in the zone: everybody adds CO2, the ventilation changes the air three times an hour.
func (b *Building) airMessage(d facility.Device) (Message, bool) {
	// In balance, one person in 3 m of height at three air changes adds 18 l/h ÷ (area × 3 × 3) m³/h.
	target := outdoorCO2 + float64(max(b.inside[d.Place.ID], 0))*18_000/(b.area(d.Place.ID)*9)
	keep := math.Exp(-3 * b.period.Hours())
	b.co2[d.Place.ID] = keep*b.co2[d.Place.ID] + (1-keep)*target
	hour := b.now.In(b.site.Location.Location)
	daylight := math.Sin((float64(hour.Hour()) + float64(hour.Minute())/60 - 8) / 24 * 2 * math.Pi)
	return b.message(d, `"co2":`+decimal(b.co2[d.Place.ID]+b.rng.NormFloat64()*6, 0)+
		`,"temperature":`+decimal(27+2*daylight+b.rng.NormFloat64()*0.1, 1)+
		`,"humidity":`+decimal(68-6*daylight+b.rng.NormFloat64()*0.5, 1))
}

func (b *Building) dispenserMessage(d facility.Device) (Message, bool) {
	b.fill[d.ID] -= b.rng.Float64() * 0.4
	if b.fill[d.ID] < 25 {
		b.fill[d.ID] = 100
	}
	return b.message(d, `"fill_level":`+decimal(b.fill[d.ID], 0)+`,"dispensed":`+strconv.Itoa(b.rng.IntN(5)))
}

func (b *Building) maskMessage(d facility.Device) (Message, bool) {
	seen, missing := b.rng.IntN(2+max(b.inside[b.entered(d)], 0)/4), 0
	for range seen {
		if b.rng.Float64() < 0.06 {
			missing++
		}
	}
	return b.message(d, `"mask_worn":`+strconv.Itoa(seen-missing)+`,"mask_missing":`+strconv.Itoa(missing))
}

// entered is the zone behind a device's door.
func (b *Building) entered(d facility.Device) string {
	door, _ := b.site.Door(d.Place.ID)
	return door.To
}

func (b *Building) presenceMessage(d facility.Device) (Message, bool) {
	switch n := max(b.inside[d.Place.ID], 0); {
	case b.measures(d, telemetry.PeoplePresent):
		return b.message(d, `"people_present":`+strconv.Itoa(n))
	case b.measures(d, telemetry.Occupied):
		return b.message(d, `"occupied":`+strconv.FormatBool(n > 0))
	default:
		return b.message(d, `"motion":`+strconv.FormatBool(n > 0))
	}
}

// yes is true with a probability.
func (b *Building) yes(p float64) string { return strconv.FormatBool(b.rng.Float64() < p) }
