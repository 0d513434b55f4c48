package telemetry

import "fmt"

// Quantity is what a device measured. Its name is the word used in the native MQTT format, in every device model, in
// InfluxDB fields and on the pages; its unit is fixed (UCUM), so a value never travels with a unit of its own.
type Quantity uint8

// The quantities. Counts of one device come in three forms that must never be added together: what passed in a period,
// a running total, and how many are present now.
const (
	NoQuantity Quantity = iota

	PeopleIn       // people who entered during the period that ends at the reading's time
	PeopleOut      // people who left during that period
	PeopleInTotal  // running total of people who entered; the first value is a baseline, a drop is a reset
	PeopleOutTotal // running total of people who left
	PeoplePresent  // people inside, counted absolutely

	BodyTemperature   // skin or ear temperature of one visitor, Cel
	Temperature       // room air, Cel
	DeviceTemperature // chip or housing; never judged as air or body, Cel
	Humidity          // relative humidity of the air, %
	CO2               // carbon dioxide in the air, ppm
	TVOC              // total volatile organic compounds, ppb
	PM25              // fine particles, ug/m3
	PM10              // coarse particles, ug/m3
	Pressure          // air pressure, hPa
	Illuminance       // lx
	Distance          // between two persons or seats, m
	Noise             // sound level, dB

	Occupied    // 1: somebody is in the seat or room
	Motion      // 1: movement was seen
	MotionCount // movements in the period
	ContactOpen // 1: the door or window is open
	OpenCount   // openings so far, a running total; a drop is a reset
	Button      // a press; Reading.Text is its kind (single, double, long, …)
	Tamper      // 1: the device was tampered with

	MaskWorn    // faces with a mask in the period
	MaskMissing // faces without a mask in the period

	FillLevel  // of a dispenser, %
	Dispensed  // uses of a dispenser in the period
	VehiclesIn // vehicles that entered in the period

	Battery        // charge, %
	BatteryVoltage // V

	quantities // number of quantities; keep last
)

// Form says how the values of a quantity combine over time.
type Form uint8

// The forms.
const (
	Gauge   Form = iota + 1 // the newest value counts
	Flag                    // 0 or 1; the newest value counts
	Period                  // counts of a period: values add up
	Total                   // running total: increments add up
	Present                 // absolute count: the newest value counts and anchors an estimate
	Event                   // something that happened at one moment
)

// Definition is what is fixed about a quantity.
type Definition struct {
	Name string
	Unit string // UCUM: "Cel", "%", "ppm", "1" for counts and flags
	Form Form
	// Min and Max bound what is physically possible for a working sensor of this kind; a value outside is not a
	// reading of this quantity (Refuse). They are wider than any plausibility window a rule applies.
	Min, Max float64
}

var definitions = [quantities]Definition{
	NoQuantity:        {"", "", 0, 0, 0},
	PeopleIn:          {"people_in", "1", Period, 0, 100_000},
	PeopleOut:         {"people_out", "1", Period, 0, 100_000},
	PeopleInTotal:     {"people_in_total", "1", Total, 0, 1 << 53},
	PeopleOutTotal:    {"people_out_total", "1", Total, 0, 1 << 53},
	PeoplePresent:     {"people_present", "1", Present, 0, 100_000},
	BodyTemperature:   {"body_temperature", "Cel", Event, 10, 50},
	Temperature:       {"temperature", "Cel", Gauge, -90, 90},
	DeviceTemperature: {"device_temperature", "Cel", Gauge, -60, 150},
	Humidity:          {"humidity", "%", Gauge, 0, 100},
	CO2:               {"co2", "ppm", Gauge, 150, 40_000},
	TVOC:              {"tvoc", "ppb", Gauge, 0, 100_000},
	PM25:              {"pm25", "ug/m3", Gauge, 0, 10_000},
	PM10:              {"pm10", "ug/m3", Gauge, 0, 10_000},
	Pressure:          {"pressure", "hPa", Gauge, 300, 1200},
	Illuminance:       {"illuminance", "lx", Gauge, 0, 200_000},
	Distance:          {"distance", "m", Gauge, 0, 1000},
	Noise:             {"noise", "dB", Gauge, 0, 200},
	Occupied:          {"occupied", "1", Flag, 0, 1},
	Motion:            {"motion", "1", Flag, 0, 1},
	MotionCount:       {"motion_count", "1", Period, 0, 100_000},
	ContactOpen:       {"contact_open", "1", Flag, 0, 1},
	OpenCount:         {"open_count", "1", Total, 0, 1 << 53},
	Button:            {"button", "1", Event, 0, 1},
	Tamper:            {"tamper", "1", Flag, 0, 1},
	MaskWorn:          {"mask_worn", "1", Period, 0, 100_000},
	MaskMissing:       {"mask_missing", "1", Period, 0, 100_000},
	FillLevel:         {"fill_level", "%", Gauge, 0, 100},
	Dispensed:         {"dispensed", "1", Period, 0, 100_000},
	VehiclesIn:        {"vehicles_in", "1", Period, 0, 100_000},
	Battery:           {"battery", "%", Gauge, 0, 100},
	BatteryVoltage:    {"battery_voltage", "V", Gauge, 0, 100},
}

var byName = func() map[string]Quantity {
	m := make(map[string]Quantity, quantities)
	for q := NoQuantity + 1; q < quantities; q++ {
		m[definitions[q].Name] = q
	}
	return m
}()

// ParseQuantity finds a quantity by its name.
func ParseQuantity(name string) (Quantity, error) {
	if q, ok := byName[name]; ok {
		return q, nil
	}
	return NoQuantity, fmt.Errorf("unknown quantity %q", name)
}

// QuantityOf finds a quantity by the bytes of its name, without allocating.
func QuantityOf(name []byte) (Quantity, bool) {
	q, ok := byName[string(name)]
	return q, ok
}

// Quantities lists all of them in their fixed order.
func Quantities() []Quantity {
	all := make([]Quantity, 0, quantities-1)
	for q := NoQuantity + 1; q < quantities; q++ {
		all = append(all, q)
	}
	return all
}

// Definition is what is fixed about q; the zero Definition if q is none.
func (q Quantity) Definition() Definition {
	if q >= quantities {
		return Definition{}
	}
	return definitions[q]
}

// String is the quantity's name.
func (q Quantity) String() string { return q.Definition().Name }

// Unit is the UCUM unit of every value of q.
func (q Quantity) Unit() string { return q.Definition().Unit }

// MarshalText writes the name, so that JSON and YAML show words.
func (q Quantity) MarshalText() ([]byte, error) {
	if q == NoQuantity || q >= quantities {
		return nil, fmt.Errorf("quantity %d has no name", uint8(q))
	}
	return []byte(definitions[q].Name), nil
}

// UnmarshalText reads a name.
func (q *Quantity) UnmarshalText(b []byte) error {
	p, err := ParseQuantity(string(b))
	*q = p
	return err
}

// Opposite is the count in the other direction, for a counter that is mounted the other way round; q itself where it has no
// direction.
func (q Quantity) Opposite() Quantity {
	switch q {
	case PeopleIn:
		return PeopleOut
	case PeopleOut:
		return PeopleIn
	case PeopleInTotal:
		return PeopleOutTotal
	case PeopleOutTotal:
		return PeopleInTotal
	}
	return q
}

// Total is the running total that is read in place of q where a message carries both, for it survives lost messages;
// NoQuantity where there is none.
func (q Quantity) Total() Quantity {
	switch q {
	case PeopleIn:
		return PeopleInTotal
	case PeopleOut:
		return PeopleOutTotal
	}
	return NoQuantity
}
