package codec

import (
	"fmt"
	"math"

	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

// decentlabGroup is one sensor of a Decentlab device: so many 16-bit words of the frame, and the values they make.
type decentlabGroup struct {
	words  int
	values []decentlabValue
}

type decentlabValue struct {
	name, unit string // unit is empty where the maker gives none
	of         func(words []uint16) float64
}

// decentlabDevice is a device by its codec: the frame does not say which one it comes from.
type decentlabDevice struct {
	name, title string
	groups      []decentlabGroup // as the flags count them, lowest bit first
}

func init() {
	for _, d := range decentlabDevices {
		register("decentlab-"+d.name, "Decentlab "+d.title, d.read)
	}
}

// read reads protocol version 2, which all Decentlab devices share: the version, the device's number, and flags that say
// which sensors follow; then their words, high byte first. A value is an object with "value" and "unit".
//
// Source: the decoders at github.com/decentlab/decentlab-decoders and the data sheets of the devices.
func (d decentlabDevice) read(up Uplink, out *object.Writer) error {
	const version = 2
	c := newCursor(up.Bytes)
	if v := c.u8(); c.err == nil && v != version {
		return fmt.Errorf("byte 0: protocol version %d, want %d", v, version)
	}
	out.Int("protocol_version", version)
	out.Int("device_id", int64(c.u16()))
	flags := c.u16()
	if more := flags >> len(d.groups); more != 0 {
		return fmt.Errorf("byte 3: flags %#x are of more than the %d sensors of this device", flags, len(d.groups))
	}
	if flags == 0 {
		out.Reset()
		return c.end()
	}
	words := make([]uint16, 0, 16)
	for i, g := range d.groups {
		if flags>>i&1 == 0 {
			continue
		}
		words = words[:0]
		for range g.words {
			words = append(words, c.u16())
		}
		if c.err != nil {
			break
		}
		for _, v := range g.values {
			out.Object(v.name)
			out.Number("value", v.of(words))
			if v.unit != "" {
				out.Text("unit", v.unit)
			}
			out.End()
		}
	}
	return c.end()
}

// decentlabLinear is a value that is one word times scale plus offset.
func decentlabLinear(name, unit string, word int, scale, offset float64) decentlabValue {
	return decentlabValue{name, unit, func(w []uint16) float64 { return float64(w[word])*scale + offset }}
}

// decentlabWord is a value that is one word as it stands.
func decentlabWord(name, unit string, word int) decentlabValue {
	return decentlabLinear(name, unit, word, 1, 0)
}

// decentlabSigned is a value that is one word with its zero in the middle, divided.
func decentlabSigned(name, unit string, word int, divisor float64) decentlabValue {
	return decentlabValue{name, unit, func(w []uint16) float64 { return (float64(w[word]) - 32768) / divisor }}
}

// decentlabLong is a number of two words, the low one first.
func decentlabLong(name string, word int) decentlabValue {
	return decentlabValue{name, "", func(w []uint16) float64 { return float64(uint32(w[word]) | uint32(w[word+1])<<16) }}
}

// decentlabOfSamples is a value that is null where the word samples says that none was valid.
func decentlabOfSamples(v decentlabValue, samples int) decentlabValue {
	return decentlabValue{v.name, v.unit, func(w []uint16) float64 {
		if w[samples] == 0 {
			return math.NaN()
		}
		return v.of(w)
	}}
}
