package rules

import (
	"math"
	"time"

	"github.com/gerbang-iot/gerbang/facility"
)

// Grid is how people are thought to stand when an area is divided among them.
type Grid string

// The grids. The bare circle is none of them: circles leave gaps between them, so it over-estimates what fits.
const (
	Square    Grid = "square"    // spacing²
	Hexagonal Grid = "hexagonal" // spacing² × √3/2: the densest that keeps the spacing
)

func (g Grid) ok() bool { return g == Square || g == Hexagonal }

// perPerson is the area in m² that one person takes at a spacing in m.
func (g Grid) perPerson(spacing float64) float64 {
	if g == Hexagonal {
		return spacing * spacing * math.Sqrt(3) / 2
	}
	return spacing * spacing
}

// The constraints that can set a limit on people.
const (
	byDeclared = "declared"
	bySeats    = "seats"
	byArea     = "area"
	byZones    = "zones" // the sum of the limits of the zones in the building
)

// fullLimit is how many people a zone holds at 100 % and what decides it: the smallest of the declared capacity, the
// seats that may be used and the free area. ok is false when nothing in the configuration gives a limit.
func fullLimit(z *facility.Zone, spacing float64, g Grid) (limit float64, constraint string, ok bool) {
	limit = math.Inf(1)
	least := func(v float64, name string) {
		if v < limit {
			limit, constraint, ok = v, name, true
		}
	}
	if z.Capacity > 0 {
		least(float64(z.Capacity), byDeclared)
	}
	if z.Seats > 0 {
		least(usableSeats(z.Seats, z.SeatPitch, spacing), bySeats)
	}
	if z.Area > 0 && spacing > 0 {
		least(wholePeople(math.Max(0, z.Area-z.Fixtures)/g.perPerson(spacing)), byArea)
	}
	if !ok {
		return 0, "", false
	}
	return limit, constraint, true
}

// usableSeats is how many of the seats in a row stay usable when neighbours must keep the spacing: every n-th.
func usableSeats(seats int, pitch, spacing float64) float64 {
	if pitch <= 0 || pitch >= spacing {
		return float64(seats)
	}
	n := everySeat(pitch, spacing)
	return float64((seats + n - 1) / n)
}

// everySeat is which of the seats may be used: every n-th.
func everySeat(pitch, spacing float64) int { return int(math.Ceil(spacing/pitch - 1e-9)) }

// wholePeople rounds a number of places down, forgiving the last bit of a division that should be whole.
func wholePeople(v float64) float64 { return math.Floor(v + 1e-9) }

// scaled is a full limit under a level's share; a share of 0 means that no level applies.
func scaled(full, share float64) float64 {
	if share == 0 {
		return full
	}
	return wholePeople(full * share)
}

// minutes is a duration as people read it.
func minutes(d time.Duration) float64 { return d.Minutes() }
