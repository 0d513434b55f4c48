package codec

import (
	"fmt"

	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

// mclimateDevice is a device by its codec: the frame does not say which one it comes from.
type mclimateDevice struct {
	name, title string
	marker      uint8 // first byte of a keep-alive
	length      int   // bytes of a keep-alive, the marker included
	read        func(c *cursor, out *object.Writer)
	reasons     map[uint8]string // other first bytes of a keep-alive, and what they say
	events      map[uint8]string // bytes that stand before a keep-alive like a reply, and what they say
	replies     map[uint8]int    // bytes that follow the first of a reply, of this device alone
}

var mclimateDevices = []mclimateDevice{
	{name: "button", title: "multipurpose button", marker: 0x01, length: 5, read: mclimateButton,
		replies: map[uint8]int{0x1F: 1, 0xB1: 3, 0xB2: 3, 0xB3: 3}},
	{name: "co2", title: "CO2 sensor and notifier", marker: 0x01, length: 7, read: mclimateCO2,
		replies: map[uint8]int{0x1F: 4, 0x21: 2, 0x23: 3, 0x25: 3, 0x27: 9, 0x29: 15, 0x2B: 1}},
	{name: "ht", title: "temperature and humidity", marker: 0x01, length: 7, read: mclimateHT},
	{name: "open-close", title: "open/close sensor", marker: 0x01, length: 8, read: mclimateContact,
		reasons: map[uint8]string{0x01: "keepalive", 0x20: "reed switch", 0x21: "push button"}, replies: map[uint8]int{0x1F: 1}},
	{name: "co2-display", title: "CO2 display", marker: 0x01, length: 11, read: mclimateCO2Display},
	{name: "co2-display-lite", title: "CO2 display lite", marker: 0x01, length: 10, read: mclimateCO2DisplayLite},
	{name: "ht-display-lite", title: "temperature and humidity display lite", marker: 0x01, length: 9, read: mclimateHTDisplay},
	{name: "co2-pir-lite", title: "CO2 and motion lite", marker: 0x81, length: 8, read: mclimateCO2PIR,
		replies: map[uint8]int{0x1F: 4, 0x21: 2, 0x25: 3, 0x2B: 1, 0x2F: 1, 0x37: 1, 0x39: 2, 0x3D: 1, 0x3F: 1, 0x49: 1, 0x4B: 1, 0x4D: 1}},
	{name: "ht-pir-lite", title: "temperature, humidity and motion lite", marker: 0x81, length: 6, read: mclimateHTPIR,
		replies: map[uint8]int{0x2F: 1, 0x37: 1, 0x39: 2, 0x3D: 1, 0x3F: 1, 0x49: 1, 0x4B: 1, 0x4D: 1}},
	{name: "pir-mini", title: "motion mini", marker: 0x01, length: 10, read: mclimatePIRMini,
		events:  map[uint8]string{0x3A: "occupied", 0x3B: "unoccupied", 0x40: "pirTrigger"},
		replies: map[uint8]int{0x1F: 1, 0x22: 1, 0x37: 1, 0x39: 2, 0x3A: 0, 0x3B: 0, 0x3D: 1, 0x3F: 1, 0x40: 0, 0x42: 2, 0x44: 1}},
	{name: "aqi", title: "air quality sensor and notifier", marker: 0x01, length: 10, read: mclimateAQI},
}

// mclimateReplies are how many bytes follow the first of a reply that all devices have.
var mclimateReplies = map[uint8]int{0x04: 2, 0x12: 1, 0x19: 1, 0x1B: 1, 0x1D: 2, 0xA4: 1}

func init() {
	for _, d := range mclimateDevices {
		register("mclimate-"+d.name, "MClimate "+d.title, d.decode)
	}
}

// decode reads the keep-alive of a device. Replies to commands come before a keep-alive in one frame; they are settings and
// not read.
//
// Source: the maker's documentation at docs.mclimate.eu (github.com/MClimate/docs) and its decoders at
// github.com/TheThingsNetwork/lorawan-devices, vendor/mclimate.
func (d mclimateDevice) decode(up Uplink, out *object.Writer) error {
	start, err := d.keepAlive(up.Bytes)
	if err != nil {
		return err
	}
	if name := d.reasons[up.Bytes[start]]; name != "" {
		out.Text("event", name)
	}
	if name := d.events[up.Bytes[0]]; start > 0 && name != "" {
		out.Text("event", name)
	}
	c := newCursor(up.Bytes[start:])
	c.skip(1)
	d.read(c, out)
	return c.rest(out)
}

// keepAlive finds where the keep-alive of a frame begins: at the front, or at its end behind replies. Replies of a known
// length must lead there exactly, so that a frame that was cut is not read at the wrong place.
func (d mclimateDevice) keepAlive(frame []byte) (int, error) {
	if len(frame) < d.length {
		return 0, fmt.Errorf("byte %d: want a keep-alive of %d bytes: %w", len(frame), d.length, ErrShort)
	}
	if _, reason := d.reasons[frame[0]]; reason || frame[0] == d.marker {
		return 0, nil
	}
	start := len(frame) - d.length
	if frame[start] != d.marker {
		return 0, fmt.Errorf("byte %d: found %#02x, want %#02x of a keep-alive", start, frame[start], d.marker)
	}
	for i := 0; i < start; {
		n, ok := d.replies[frame[i]]
		if !ok {
			n, ok = mclimateReplies[frame[i]]
		}
		if !ok { // a reply of newer firmware
			break
		}
		if i += 1 + n; i > start {
			return 0, fmt.Errorf("byte %d: a reply ends at byte %d: %w", start, i, ErrShort)
		}
	}
	return start, nil
}
