package codec

import (
	"fmt"

	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

func init() {
	register("pressac", "Pressac indoor air quality (IAQ) and room occupancy (RCS) sensors", pressac)
}

// pressac reads the messages of Pressac's room sensors: product, message type, battery, and what the type has, high byte
// first. A boot message has settings and no reading. A sensor that is not connected sends all ones: null.
//
// Source: the maker's decoder at github.com/pressac-communications/SensorDecoders, SR_LIN_xxx_Lxxx-IAQ_RCS.
func pressac(up Uplink, out *object.Writer) error {
	const boot, sensors, occupancy = 1, 2, 3
	c := newCursor(up.Bytes)
	product, kind, revision, battery := c.u8(), c.bits(4), c.bits(4), c.u8()
	if c.err != nil {
		return c.err
	}
	types := map[uint64]string{sensors: "Sensor data message", occupancy: "Occupancy data message"}
	switch {
	case kind == boot:
		return nil
	case types[kind] == "":
		return fmt.Errorf("byte 1: unknown message type %d", kind)
	}
	out.Text("productId", fmt.Sprintf("0x%X", product))
	out.Object("message")
	out.Text("type", types[kind])
	out.Int("rev", int64(revision))
	out.End()
	// 0 is mains, 0xFF is not measured; between them the voltage is in steps of 0.2 V, from 0.
	if battery == 0 || battery == 0xFF {
		out.Null("batteryVoltage")
	} else {
		out.Number("batteryVoltage", float64(battery-1)/5)
	}
	out.Int("dataAge", int64(c.u8())) // s
	if kind == occupancy {
		c.bits(7)
		if c.flag() {
			out.Text("occupancyDetected", "Occupied")
		} else {
			out.Text("occupancyDetected", "Vacant")
		}
		return c.rest(out)
	}
	pressacSensors(c, out)
	return c.rest(out)
}

// pressacSensors reads the values of the sensors that the flags name.
func pressacSensors(c *cursor, out *object.Writer) {
	c.flag()
	out.Object("isSensorsAvailable")
	var has [7]bool // by bit, from the highest
	for i, name := range []string{"pir", "soundLevel", "lux", "pm", "co2", "tvoc", "temphumid"} {
		has[i] = c.flag()
		out.Flag(name, has[i])
	}
	out.End()
	_, sound, lux, pm, co2, tvoc, climate := has[0], has[1], has[2], has[3], has[4], has[5], has[6]
	if climate {
		pressacValue(out, "temperature", c.bits(8), 0xFF, 0.25, -10, "°C")
		pressacValue(out, "humidity", c.bits(8), 0xFF, 0.5, 0, "%")
	}
	if pm {
		out.Object("particulateMatter")
		for _, name := range []string{"pm10", "pm4", "pm2_5", "pm1_0"} {
			if v := c.bits(9); v == 0x1FF {
				out.Null(name)
			} else {
				out.Int(name, int64(v))
			}
		}
		c.bits(4)
		out.Text("units", "µg/m³")
		out.End()
	}
	if sound {
		pressacValue(out, "soundLevel", c.bits(8), 0xFF, 0.5, 0, "dBA")
	}
	if lux {
		pressacValue(out, "illumination", c.bits(16), 0xFFFF, 1, 0, "lx")
	}
	if co2 {
		pressacValue(out, "co2", c.bits(16), 0xFFFF, 1, 0, "PPM")
	}
	if tvoc {
		units := []string{"TVOC μg/m3", "TVOC ppb", "VOC Index", "Reserved"}[c.bits(2)]
		pressacValue(out, "voc", c.bits(14), 0x3FFF, 1, 0, units)
	}
}

// pressacValue writes v times scale plus offset, or null where v says that the sensor is not connected.
func pressacValue(out *object.Writer, name string, v, missing uint64, scale, offset float64, units string) {
	out.Object(name)
	if v == missing {
		out.Null("value")
	} else {
		out.Number("value", float64(v)*scale+offset)
	}
	out.Text("units", units)
	out.End()
}
