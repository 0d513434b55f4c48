package model

import (
	"errors"

	"github.com/gerbang-iot/gerbang/telemetry"
)

// place is where a reading stands among those of its message.
type place struct {
	quantity telemetry.Quantity
	channel  string
}

// Taken reports whether a reading is more than shown: it is not aside, and of the form of counting people that the model counts.
func (m *Mapping) Taken(r *telemetry.Reading) bool {
	return m.counts(r.Quantity) && !m.Asides[place{r.Quantity, r.Channel}]
}

// aside notes a field that is only shown.
func (c *Compiler) aside(at string, f *ReadField) {
	if f.Channel == "" || len(f.ChannelPath) > 0 {
		c.Fail(at+".aside", errors.New("want a channel, which tells the value from what is taken"))
	}
	if c.M.Asides == nil {
		c.M.Asides = make(map[place]bool)
	}
	c.M.Asides[place{f.Quantity, f.Channel}] = true
}
