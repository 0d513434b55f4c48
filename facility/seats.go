package facility

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// Seat is one seat of a zone's map.
type Seat struct {
	ID string `json:"id"`
	// X and Y are where its middle is, in metres from any corner that all seats of the zone share.
	X float64 `json:"x_m"`
	Y float64 `json:"y_m"`
	// Blocked says that it is taken out of use: nobody is to sit there.
	Blocked bool `json:"blocked,omitempty"`
}

// Distance is how far the middles of two seats are apart, in metres, to the millimetre: what is finer comes of arithmetic.
func (s Seat) Distance(to Seat) float64 {
	return math.Round(math.Hypot(s.X-to.X, s.Y-to.Y)*1000) / 1000
}

// SeatSensor is a device, or a channel of one, that says whether a seat is taken.
type SeatSensor struct {
	Device  string
	Channel string // empty: the whole device
}

// SeatSensors are the sensors of a zone's seats, by seat. Of several at one seat the first counts.
func (s *Site) SeatSensors(zone string) map[string]SeatSensor {
	at := Place{Kind: AtZone, ID: zone}
	all := map[string]SeatSensor{}
	add := func(seat string, x SeatSensor) {
		if _, taken := all[seat]; seat != "" && !taken {
			all[seat] = x
		}
	}
	for i := range s.Devices {
		d := &s.Devices[i]
		if d.Place == at {
			add(d.Seat, SeatSensor{Device: d.ID})
		}
		for _, c := range d.Channels {
			if c.Place == at {
				add(c.Seat, SeatSensor{Device: d.ID, Channel: c.Name})
			}
		}
	}
	return all
}

// InUse lists the seats of a map that are not blocked.
func InUse(all []Seat) []Seat {
	return slices.DeleteFunc(slices.Clone(all), func(s Seat) bool { return s.Blocked })
}

// Pitch is the smallest distance between two of the seats, in metres; 0: there are fewer than two.
func Pitch(all []Seat) float64 {
	least := math.Inf(1)
	for i := range all {
		for k := range i {
			least = min(least, all[i].Distance(all[k]))
		}
	}
	if math.IsInf(least, 1) {
		return 0
	}
	return least
}

// CompareSeats orders seats by id, numbers in them by their value: a2 before a10.
func CompareSeats(a, b Seat) int {
	x, y := a.ID, b.ID
	for x != "" && y != "" {
		m, n := digits(x), digits(y)
		if m > 0 && n > 0 {
			i, k := strings.TrimLeft(x[:m], "0"), strings.TrimLeft(y[:n], "0")
			if len(i) != len(k) {
				return len(i) - len(k)
			}
			if c := strings.Compare(i, k); c != 0 {
				return c
			}
			x, y = x[m:], y[n:]
			continue
		}
		if x[0] != y[0] {
			return int(x[0]) - int(y[0])
		}
		x, y = x[1:], y[1:]
	}
	return cmp.Or(len(x)-len(y), strings.Compare(a.ID, b.ID))
}

// digits is how many digits a text begins with.
func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}
