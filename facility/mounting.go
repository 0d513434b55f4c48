package facility

import (
	"math"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// Mounting is how a device, or one channel of it, hangs: what turns the value that it sends into the one that is true at its
// place. Engine, InfluxDB and reports all correct values by its methods, so that they show the same number.
type Mounting struct {
	Place  Place
	Swap   bool    // in and out are exchanged
	Offset float64 // added to body temperatures, Cel
}

// Mounting is how a channel of the device hangs: as is listed for it, else as the device itself does, which an empty channel is.
// A channel that is listed without a place has none.
func (d *Device) Mounting(channel string) Mounting {
	for i := range d.Channels {
		if c := &d.Channels[i]; c.Name == channel {
			return Mounting{Place: c.Place, Swap: c.Swap, Offset: c.Offset}
		}
	}
	return Mounting{Place: d.Place, Swap: d.Swap, Offset: d.Offset}
}

// Corrects reports whether Meaning changes anything.
func (m *Mounting) Corrects() bool { return m.Swap || m.Offset != 0 }

// Meaning is what a reading of the device means at its place: the same reading, with in and out exchanged and the offset
// added as the mounting says.
func (m *Mounting) Meaning(r telemetry.Reading) telemetry.Reading {
	if m.Swap {
		r.Quantity = r.Quantity.Opposite()
	}
	if m.Offset != 0 && r.Quantity == telemetry.BodyTemperature {
		// Without this 36.6 and 0.7 are 37.300000000000004, which is beyond a threshold of 37.3.
		r.Value = math.Round((r.Value+m.Offset)*microCel) / microCel
	}
	return r
}

// microCel is how finely a corrected temperature is told: in millionths, far below what any sensor resolves.
const microCel = 1e6

// Task is the id of the task that a reading logs as done: any press of a button at a task. It is empty for all others.
func (m *Mounting) Task(r *telemetry.Reading) string {
	if r.Quantity == telemetry.Button && m.Place.Kind == AtTask {
		return m.Place.ID
	}
	return ""
}

// Places lists where a device and those of its channels hang that have a place of their own.
func (d *Device) Places() []Place {
	all := []Place{d.Place}
	for i := range d.Channels {
		if d.Channels[i].Place.Kind != "" {
			all = append(all, d.Channels[i].Place)
		}
	}
	return all
}
