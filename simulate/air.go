package simulate

import (
	"math"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
)

const outdoorCO2 = 425.0 // ppm

// stuffy is from which concentration on somebody opens a window.
const stuffy = 750.0 // ppm

// air is what an air sensor last saw in a zone.
type air struct {
	co2 float64
	at  time.Time
}

// near is how many people are in a zone as a sensor there sees it. Rooms without a door of their own hold a part of those in
// the room that they are entered from, by their area.
func (b *Building) near(zone string) int {
	hall := zone
	if !b.plan.doored[zone] {
		hall = b.from(zone)
	}
	n, all := float64(max(b.inside[hall], 0)), b.plan.area(hall)
	for _, z := range b.site.Zones {
		if !b.plan.doored[z.ID] && z.ID != hall && b.from(z.ID) == hall && z.Area < b.plan.area(hall) {
			all += z.Area
		}
	}
	return int(n*min(1, b.plan.area(zone)/all) + 0.5)
}

// from is the zone with a door from which people come into one without: the one it lies in, else the first that is entered
// from outside.
func (b *Building) from(zone string) string {
	for z, ok := b.site.Zone(zone); ok && z.Parent != ""; z, ok = b.site.Zone(z.Parent) {
		if b.plan.doored[z.Parent] {
			return z.Parent
		}
	}
	if len(b.plan.entries) > 0 {
		return b.plan.entries[0].hall
	}
	return zone
}

// balance is the concentration that a zone tends to: in 3 m of height at three air changes an hour, one person adds 18 l/h.
func (b *Building) balance(zone string) float64 {
	co2 := outdoorCO2 + float64(b.near(zone))*18_000/(b.plan.area(zone)*9)
	if co2 > stuffy {
		co2 = stuffy + (co2-stuffy)/3
	}
	return min(co2, 870)
}

// airMessage follows the people in the zone.
func (b *Building) airMessage(d facility.Device) (Message, bool) {
	a := b.air[d.Place.ID]
	keep := math.Exp(-3 * b.now.Sub(a.at).Hours())
	a.co2, a.at = keep*a.co2+(1-keep)*b.balance(d.Place.ID), b.now
	co2 := a.co2
	if b.fault(Stuffy, d.ID, b.now) != nil {
		co2 += 1200
	}
	hour := b.now.In(b.site.Location.Location)
	daylight := math.Sin((float64(hour.Hour()) + float64(hour.Minute())/60 - 8) / 24 * 2 * math.Pi)
	return b.message(d, `"co2":`+decimal(co2+b.noise.NormFloat64()*6, 0)+
		`,"temperature":`+decimal(27+2*daylight+b.noise.NormFloat64()*0.1, 1)+
		`,"humidity":`+decimal(68-6*daylight+b.noise.NormFloat64()*0.5, 1))
}
