// Package rows knows the rows of docs/speed.md and measures them.
package rows

import (
	"slices"
	"strings"
	"time"

	"github.com/gerbang-iot/gerbang/docs/bench/load"
)

// Broker is between the load and the consumer.
type Broker int

const (
	// Mosquitto has open limits, so that it drops nothing whoever lags behind.
	Mosquitto Broker = iota
	// MosquittoDefaults drops what comes beyond its default limits.
	MosquittoDefaults
	// Embedded is the gateway's own; the floor has none.
	Embedded
)

// Form is how long a measurement takes.
type Form int

const (
	// Full is for the table of docs/speed.md.
	Full Form = iota
	// Paired is for comparing two builds: shorter, for the pairs make up for it.
	Paired
	// Quick shows in two minutes that everything works, and the order of magnitude.
	Quick
)

// Row is one row of the table.
type Row struct {
	Name     string
	Broker   Broker
	Floor    bool    // the floor is measured beside the gateway
	Once     bool    // not repeated: it is about what is lost, or takes long
	Rate     float64 // messages per second; 0: as fast as they are acknowledged
	Messages [3]int  // by Form; 0: left out
	Devices  int
	Sites    int
	Alerts   bool // alerts are timed instead of points counted; devices are thermometers
}

// All are the rows, in the order in which they are measured.
func All() []Row {
	return []Row{
		{Name: "mosquitto, 10,000 msg/s", Floor: true, Rate: 10000, Messages: [...]int{200000, 200000, 50000}, Devices: 1000, Sites: 10},
		{Name: "mosquitto, full speed", Floor: true, Messages: [...]int{400000, 200000, 100000}, Devices: 1000, Sites: 10},
		{Name: "embedded, full speed", Broker: Embedded, Messages: [...]int{600000, 300000, 150000}, Devices: 1000, Sites: 10},
		{Name: "embedded, 10,000 msg/s", Broker: Embedded, Rate: 10000, Messages: [...]int{200000, 200000, 50000}, Devices: 1000, Sites: 10},
		{Name: "alerts, 1,000 msg/s", Alerts: true, Rate: 1000, Messages: [...]int{20000, 10000, 5000}, Devices: 1000, Sites: 10},
		{Name: "alerts, 10,000 msg/s", Alerts: true, Rate: 10000, Messages: [...]int{200000, 100000, 50000}, Devices: 1000, Sites: 10},
		{Name: "mosquitto's default limits, 1,000 msg/s", Once: true, Broker: MosquittoDefaults, Rate: 1000, Messages: [...]int{60000, 0, 5000}, Devices: 1000, Sites: 10},
		{Name: "mosquitto, 1,000 msg/s", Once: true, Rate: 1000, Messages: [...]int{20000, 0, 0}, Devices: 1000, Sites: 10},
		{Name: "mosquitto, 100 msg/s", Once: true, Rate: 100, Messages: [...]int{3000, 0, 500}, Devices: 1000, Sites: 10},
		{Name: "embedded, 10,000 msg/s, 100 devices", Once: true, Broker: Embedded, Rate: 10000, Messages: [...]int{200000, 0, 0}, Devices: 100, Sites: 10},
		{Name: "embedded, 10,000 msg/s, 10,000 devices", Once: true, Broker: Embedded, Rate: 10000, Messages: [...]int{200000, 0, 0}, Devices: 10000, Sites: 100},
		{Name: "embedded, 10,000 msg/s, 100,000 devices", Once: true, Broker: Embedded, Rate: 10000, Messages: [...]int{200000, 0, 0}, Devices: 100000, Sites: 100},
	}
}

// Choose returns the rows of a form whose name contains a text, whatever its case.
func Choose(form Form, text string) []Row {
	return slices.DeleteFunc(All(), func(r Row) bool {
		return r.Messages[form] == 0 || !strings.Contains(strings.ToLower(r.Name), strings.ToLower(text))
	})
}

// Names are the names of all rows, for those who asked for one that is not there.
func Names() []string {
	var names []string
	for _, r := range All() {
		names = append(names, r.Name)
	}
	return names
}

// limit is when publishing ends although not all was sent.
func (r Row) limit(form Form) time.Duration {
	const spare = 30 * time.Second
	if r.Rate == 0 {
		return 2 * spare
	}
	return time.Duration(float64(r.Messages[form])/r.Rate)*time.Second + spare
}

// load is what is published to a consumer that reads the format.
func (r Row) load(form Form, format load.Format, broker string) load.Options {
	o := load.Options{
		Broker: broker, Format: format, Messages: r.Messages[form], Rate: r.Rate, Devices: r.Devices, Sites: r.Sites,
		Connections: 2, Window: 1000, Limit: r.limit(form),
	}
	if r.Alerts {
		o.Format, o.Alerts = load.Temperatures, "gerbang/v1/+/out/alert/+"
	}
	return o
}
