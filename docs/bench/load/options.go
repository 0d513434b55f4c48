// Package load publishes a bounded load of readings, waits until InfluxDB has what was acknowledged, and times the alerts that the
// readings raise. It knows only what the protocols show: it shares no code with the consumer that it measures.
package load

import (
	"errors"
	"fmt"
	"time"
)

const (
	// maxWindow keeps packet identifiers of unacknowledged messages apart: there are 65,535.
	maxWindow = 60000

	// settle is how long the count of points may stay the same before the rest is given up as lost.
	settle = 15 * time.Second

	// countEvery is the pause between two counts: each costs InfluxDB processor time that is taken from what is measured.
	countEvery = 500 * time.Millisecond
)

// Options say what is published, and how fast.
type Options struct {
	Broker      string        // tcp://host:port
	Format      Format        // topics and payloads
	Messages    int           // in total; a number that the connections do not divide is rounded down
	Rate        float64       // messages per second in total; 0: as fast as they are acknowledged
	Devices     int           // a multiple of Connections
	Sites       int           // device i belongs to site i mod Sites
	Connections int           // each publishes for its own devices, so that their order is kept
	Window      int           // unacknowledged messages per connection
	Limit       time.Duration // publishing ends after this long

	// Alerts is a filter for topics of alerts. If it is not "", every device sends exactly one reading over its limit, spread over the
	// load, and the time from sending it to reading its alert is measured.
	Alerts string
}

func (o Options) validate() error {
	var errs []error
	positive := func(name string, n int) {
		if n < 1 {
			errs = append(errs, fmt.Errorf("%s is %d, expected at least 1", name, n))
		}
	}
	positive("messages", o.Messages)
	positive("devices", o.Devices)
	positive("sites", o.Sites)
	positive("connections", o.Connections)
	positive("window", o.Window)
	if o.Window > maxWindow {
		errs = append(errs, fmt.Errorf("window is %d, expected at most %d", o.Window, maxWindow))
	}
	if o.Connections > 0 && o.Devices%o.Connections != 0 {
		errs = append(errs, fmt.Errorf("devices is %d, expected a multiple of connections (%d)", o.Devices, o.Connections))
	}
	if o.Rate < 0 {
		errs = append(errs, fmt.Errorf("rate is %g, expected 0 or more", o.Rate))
	}
	if o.Alerts != "" && o.Messages < o.Devices {
		errs = append(errs, fmt.Errorf("messages is %d, expected at least one for each of the %d devices, which raise one alert each", o.Messages, o.Devices))
	}
	return errors.Join(errs...)
}

// perConnection is how many messages each connection publishes.
func (o Options) perConnection() int { return o.Messages / o.Connections }

// total is how many messages are published.
func (o Options) total() int { return o.perConnection() * o.Connections }
