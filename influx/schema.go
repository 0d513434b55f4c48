package influx

import "github.com/gerbang-iot/gerbang/telemetry"

// measurement is a name of the schema. Measurements and fields are constants of this file, made of [a-z0-9_] only, so that
// no text from outside ever needs escaping there.
type measurement uint8

const (
	noMeasurement measurement = iota
	peopleFlow
	peopleTotal
	peoplePresent
	bodyTemperature
	air
	distance
	presence
	contact
	button
	masks
	supply
	vehicles
	device
	task
	occupancy
	verdict
	measurements // number of measurements; keep last
)

var measurementNames = [measurements]string{
	peopleFlow: "people_flow", peopleTotal: "people_total", peoplePresent: "people_present", bodyTemperature: "body_temperature",
	air: "air", distance: "distance", presence: "presence", contact: "contact", button: "button", masks: "masks",
	supply: "supply", vehicles: "vehicles", device: "device", task: "task", occupancy: "occupancy", verdict: "verdict",
}

// column says where a quantity is written. Field types are part of the contract: InfluxDB fixes a field's type with the
// first point of a shard and refuses any other.
type column struct {
	measurement measurement
	field       string
	integer     bool // a count or flag, rounded to the nearest integer
}

// columns by quantity.
var columns = [...]column{
	telemetry.PeopleIn:          {peopleFlow, "persons_in", true},
	telemetry.PeopleOut:         {peopleFlow, "persons_out", true},
	telemetry.PeopleInTotal:     {peopleTotal, "persons_in", true},
	telemetry.PeopleOutTotal:    {peopleTotal, "persons_out", true},
	telemetry.PeoplePresent:     {peoplePresent, "persons", true},
	telemetry.BodyTemperature:   {bodyTemperature, "celsius", false},
	telemetry.Temperature:       {air, "temperature_c", false},
	telemetry.DeviceTemperature: {device, "temperature_c", false},
	telemetry.Humidity:          {air, "humidity_pct", false},
	telemetry.CO2:               {air, "co2_ppm", false},
	telemetry.TVOC:              {air, "tvoc_ppb", false},
	telemetry.PM25:              {air, "pm25_ugm3", false},
	telemetry.PM10:              {air, "pm10_ugm3", false},
	telemetry.Pressure:          {air, "pressure_hpa", false},
	telemetry.Illuminance:       {air, "illuminance_lx", false},
	telemetry.Distance:          {distance, "metres", false},
	telemetry.Noise:             {air, "noise_db", false},
	telemetry.Occupied:          {presence, "occupied", true},
	telemetry.Motion:            {presence, "motion", true},
	telemetry.MotionCount:       {presence, "motions", true},
	telemetry.ContactOpen:       {contact, "is_open", true},
	telemetry.OpenCount:         {contact, "opens", true},
	telemetry.Button:            {button, "presses", true},
	telemetry.Tamper:            {device, "tampered", true},
	telemetry.MaskWorn:          {masks, "worn", true},
	telemetry.MaskMissing:       {masks, "missing", true},
	telemetry.FillLevel:         {supply, "fill_pct", false},
	telemetry.Dispensed:         {supply, "dispensed", true},
	telemetry.VehiclesIn:        {vehicles, "vehicles_in", true},
	telemetry.Battery:           {device, "battery_pct", false},
	telemetry.BatteryVoltage:    {device, "battery_v", false},
}

// rawSuffix names the field beside a corrected one that holds what the device sent, where that is something else.
const rawSuffix = "_raw"

// appendValue writes a value as the column's type.
func (c *column) appendValue(b []byte, v float64) []byte {
	if c.integer {
		return appendInteger(b, v)
	}
	return appendFloat(b, v)
}

// columnOf finds where q is written; its measurement is noMeasurement if q is not a quantity.
func columnOf(q telemetry.Quantity) *column {
	if int(q) >= len(columns) {
		q = telemetry.NoQuantity
	}
	return &columns[q]
}
