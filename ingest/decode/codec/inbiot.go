package codec

import (
	"fmt"

	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

func init() {
	register("inbiot", "inBiot MICA, MICA MINI, PLUS and WELL air quality", inbiot)
}

// inbiot reads the measurements of inBiot's air monitors (frame kind 1); their configuration (0) and what they are (2) carry no
// reading. Which of them it is stands in the frame as text, and says which sensors are fitted. All ones is a sensor that warms up.
//
// Source: the device types inbiot/* at github.com/akenza-io/device-type-library.
func inbiot(up Uplink, out *object.Writer) error {
	c := newCursor(up.Bytes)
	switch kind := c.u8(); {
	case c.err != nil:
		return c.err
	case kind == 0 && len(up.Bytes) == 9, kind == 2 && len(up.Bytes) > 40:
		return nil
	case kind != 1:
		return fmt.Errorf("byte 0: frame of kind %d, want 0 to 2 of their lengths", kind)
	}
	const text, end = 27, 31
	if len(up.Bytes) < end+6 || len(up.Bytes) > end+7 {
		return fmt.Errorf("byte %d: the frame ends, want %d or %d bytes", len(up.Bytes), end+6, end+7)
	}
	kind := string(up.Bytes[text:end])
	fitted, ok := inbiotKinds[kind]
	if !ok {
		return fmt.Errorf("byte %d: no name of a device, want MINI, MICA, PLUS or WELL", text)
	}
	out.Text("type", kind)
	for _, v := range inbiotValues {
		raw := c.u16()
		switch {
		case v.level > fitted:
		case raw == 0xFFFF:
			out.Null(v.name)
		default:
			out.Number(v.name, float64(raw)/v.by)
		}
	}
	out.Int("counter", int64(c.u16()))
	if noise := end + 6; noise < len(up.Bytes) && up.Bytes[noise] != 0xFF {
		out.Int("noise", int64(up.Bytes[noise]))
	}
	return c.err
}

// inbiotKinds are the devices by the text in their frames, with how much is fitted.
var inbiotKinds = map[string]int{"MINI": 0, "MICA": 1, "PLUS": 2, "WELL": 3}

// inbiotValues are the words from the second byte on, each with the device from which on it is fitted.
var inbiotValues = []struct {
	name  string
	by    float64
	level int
}{
	{"temperature", 10, 0}, {"humidity", 10, 0}, {"co2", 1, 0}, {"ch2o", 1, 2}, {"tvoc", 1, 1}, {"pm1", 1, 2}, {"pm2_5", 1, 1}, {"pm4", 1, 2}, {"pm10", 1, 1},
	{"o3", 1, 3}, {"no2", 1, 3}, {"co", 10, 3},
}
