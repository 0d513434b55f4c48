package simulate

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
	"github.com/gerbang-iot/gerbang/telemetry"
)

// measures reports whether a device measures a quantity. What is not said is guessed from its place: a device at a door
// counts people, one in a zone measures the air, one at a task is a button.
func (b *Building) measures(d facility.Device, q telemetry.Quantity) bool {
	if all := b.o.Measures[d.ID]; len(all) > 0 {
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

// counts reports whether a device counts people at a door.
func (b *Building) counts(d facility.Device) bool {
	return d.Place.Kind == facility.AtDoor && b.measures(d, telemetry.PeopleIn)
}

// How often things report that change slowly, and devices that have nothing to tell but that they live.
const (
	ordinaryPeriod  = 5 * time.Minute
	airPeriod       = 10 * time.Minute
	rare            = 15 * time.Minute
	dispenserPeriod = 30 * time.Minute
	hourly          = time.Hour
)

// startDevice schedules a device's periodic reports. Devices start at different moments of the period.
func (b *Building) startDevice(d facility.Device) {
	switch {
	case b.counts(d):
		c := &counter{}
		b.counters[d.Place.ID] = append(b.counters[d.Place.ID], c)
		b.periodically(0, func() (Message, bool) { return b.countMessage(d, c) })
	case b.measures(d, telemetry.CO2):
		if b.air[d.Place.ID] == nil {
			b.air[d.Place.ID] = &air{co2: b.balance(d.Place.ID), at: b.now}
		}
		b.periodically(airPeriod, func() (Message, bool) { return b.airMessage(d) })
	case b.measures(d, telemetry.FillLevel):
		b.fill[d.ID] = 60 + 40*b.noise.Float64()
		b.periodically(dispenserPeriod, func() (Message, bool) { return b.dispenserMessage(d) })
	case b.measures(d, telemetry.MaskWorn):
		b.periodically(rare, func() (Message, bool) { return b.maskMessage(d) })
	case b.measures(d, telemetry.VehiclesIn):
		b.periodically(rare, func() (Message, bool) { return b.vehicleMessage(d) })
	case b.measures(d, telemetry.ContactOpen):
		b.periodically(rare, func() (Message, bool) { return b.message(d, `"contact_open":`+strconv.FormatBool(b.flip(0.2))) })
	case d.Seat != "":
		b.periodically(rare, func() (Message, bool) { return b.presenceMessage(d) })
	case b.measures(d, telemetry.Occupied), b.measures(d, telemetry.Motion), b.measures(d, telemetry.PeoplePresent):
		b.periodically(0, func() (Message, bool) { return b.presenceMessage(d) })
	default:
		// A sign of life, as thermometers and buttons send it: nothing was measured, nothing was pressed.
		b.periodically(hourly, func() (Message, bool) { return b.message(d, `"battery":`+strconv.Itoa(60+b.noise.IntN(30))) })
	}
}

// periodically repeats do, at least that long apart.
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
	every, pace := p.least, b.pace
	if p.least < hourly {
		// Whoever watches closely gets all of it faster.
		every = max(b.period, time.Duration(float64(p.least)*b.period.Seconds()/ordinaryPeriod.Seconds()))
	}
	next := b.now.Add(time.Duration(b.noise.Float64() * float64(every)))
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

func (b *Building) countMessage(d facility.Device, c *counter) (Message, bool) {
	in, out := c.in, c.out
	*c = counter{}
	in, out = b.counted(&d, in, out)
	return b.message(d, `"people_in":`+strconv.Itoa(in)+`,"people_out":`+strconv.Itoa(out))
}

func (b *Building) dispenserMessage(d facility.Device) (Message, bool) {
	// Every second passer-by takes some, and in a room one in three of those who come in; a fifth of a percent each.
	place, often := d.Place.ID, 0.5
	if d.Place.Kind == facility.AtZone {
		often = 0.35
		if !b.plan.doored[place] {
			place = b.from(place)
		}
	}
	passed := b.passed[place] - b.told[d.ID]
	b.told[d.ID] = b.passed[place]
	used := 0
	for range passed {
		if b.flip(often) {
			used++
		}
	}
	b.fill[d.ID] -= 0.2 * float64(used)
	if b.fill[d.ID] < 25 {
		b.fill[d.ID] = 100
	}
	return b.message(d, `"fill_level":`+decimal(b.fill[d.ID], 0)+`,"dispensed":`+strconv.Itoa(used))
}

func (b *Building) maskMessage(d facility.Device) (Message, bool) {
	seen, missing := b.noise.IntN(1+b.near(b.entered(d))/2), 0
	for range seen {
		if b.flip(0.06) {
			missing++
		}
	}
	return b.message(d, `"mask_worn":`+strconv.Itoa(seen-missing)+`,"mask_missing":`+strconv.Itoa(missing))
}

func (b *Building) vehicleMessage(d facility.Device) (Message, bool) {
	came := b.noise.IntN(1 + b.People("")/10)
	b.spray(came)
	return b.message(d, `"vehicles_in":`+strconv.Itoa(came))
}

// entered is the zone behind a device's door.
func (b *Building) entered(d facility.Device) string {
	door, _ := b.site.Door(d.Place.ID)
	return door.To
}

func (b *Building) presenceMessage(d facility.Device) (Message, bool) {
	switch n := b.near(d.Place.ID); {
	case b.measures(d, telemetry.PeoplePresent):
		return b.message(d, `"people_present":`+strconv.Itoa(n))
	case d.Seat != "":
		return b.message(d, `"occupied":`+strconv.FormatBool(b.sits(d)))
	case b.measures(d, telemetry.Occupied):
		return b.message(d, `"occupied":`+strconv.FormatBool(n > 0))
	default:
		return b.message(d, `"motion":`+strconv.FormatBool(n > 0))
	}
}

// sits reports whether somebody sits on the seat of a device: of the people in the room, or in the one from which people come into it,
// every third looks for a seat in use, and the seats fill in an order of their own. The blocked ones stay free.
func (b *Building) sits(d facility.Device) bool {
	if b.seats == nil {
		b.seats = map[string]int{}
		for _, z := range b.site.Zones {
			inUse := facility.InUse(z.SeatMap)
			slices.SortFunc(inUse, func(x, y facility.Seat) int { return cmp.Compare(hash(z.ID+x.ID), hash(z.ID+y.ID)) })
			for i, seat := range inUse {
				b.seats[z.ID+"/"+seat.ID] = i + 1
			}
		}
	}
	hall := d.Place.ID
	if !b.plan.doored[hall] {
		hall = b.from(hall)
	}
	order := b.seats[d.Place.ID+"/"+d.Seat]
	return order > 0 && 3*order <= b.inside[hall]
}

// flip is true with a probability.
func (b *Building) flip(p float64) bool { return b.noise.Float64() < p }
