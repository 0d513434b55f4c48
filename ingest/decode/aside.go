package decode

import (
	"errors"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// place is where a reading stands among those of its message.
type place struct {
	quantity telemetry.Quantity
	channel  string
}

// taken reports whether a reading is more than shown: it is not aside, and of the form of counting people that the model counts.
func (m *mapping) taken(r *telemetry.Reading) bool {
	return m.counts(r.Quantity) && !m.aside[place{r.Quantity, r.Channel}]
}

// aside notes a field that is only shown.
func (c *compiler) aside(at string, f *field) {
	if f.channel == "" || len(f.channelPath) > 0 {
		c.fail(at+".aside", errors.New("want a channel, which tells the value from what is taken"))
	}
	if c.m.aside == nil {
		c.m.aside = make(map[place]bool)
	}
	c.m.aside[place{f.quantity, f.channel}] = true
}
