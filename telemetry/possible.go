package telemetry

import (
	"fmt"
	"slices"
)

// voids are values inside a quantity's bounds that its sensors send when they have measured nothing: while they warm up, when a
// probe is missing, or when a register is all ones. That a working sensor has exactly this value is less likely by far.
var voids = [quantities][]float64{
	Temperature:    {85},        // the register of a DS18B20 after power-on
	Humidity:       {0},         // no air is that dry; a DHT or SCD30 that failed
	Illuminance:    {65_535},    // 16 bits, all ones
	TVOC:           {65_535},    //
	Noise:          {0},         // no room is that quiet
	Distance:       {0, 65.535}, // no echo
	BatteryVoltage: {0, 65.535}, // a device that speaks has more
	PeopleIn:       {65_535},    // −1 in 16 bits
	PeopleOut:      {65_535},    //
	PeoplePresent:  {65_535},    //
	MotionCount:    {65_535},    //
	MaskWorn:       {65_535},    //
	MaskMissing:    {65_535},    //
	Dispensed:      {65_535},    //
	VehiclesIn:     {65_535},    //
	PeopleInTotal:  {1<<32 - 1}, // −1 in 32 bits; 65,535 is a number like others on the way of a total
	PeopleOutTotal: {1<<32 - 1}, //
	OpenCount:      {1<<32 - 1}, //
}

// Refuse says why v, in the quantity's unit, is nothing that a working sensor of the kind measures; empty: it may be. It is the one
// place where values are refused, whatever model, format or person they come from.
func (q Quantity) Refuse(v float64) string {
	def := q.Definition()
	switch {
	case v == 0 && def.Min > 0, slices.Contains(voids[q], v):
		return fmt.Sprintf("%v %s is what a sensor says that has measured nothing: it warms up, or failed", v, def.Unit)
	case !(v >= def.Min && v <= def.Max): // not v < def.Min || …: NaN must fail
		want := fmt.Sprintf("%v is impossible, want %v to %v", v, def.Min, def.Max)
		if def.Unit != "1" {
			want += " " + def.Unit // a number of people needs no unit
		}
		return want
	}
	return ""
}
