package codec

import "github.com/gerbang-iot/gerbang/ingest/decode/object"

func init() {
	register("tektelic", "Tektelic smart room sensors (VIVID, COMFORT, BREEZE)", tektelic)
}

// tektelic reads the readings of Tektelic's room sensors, which are on port 10: items of a channel, a type and a value, high
// byte first. Other ports (100 and 101 settings, 5 diagnosis, 32 and 33 logs) carry no reading of now.
//
// Two-state values are 0 or 255 as sent. The reed switch is 255 while no magnet is near, which is an open door. The event
// counts run on until they are reset; reed_count and motion_event_count wrap at 16 bits.
//
// Source: the technical reference manuals of the sensors and the maker's decoders at
// github.com/TheThingsNetwork/lorawan-devices, vendor/tektelic.
func tektelic(up Uplink, out *object.Writer) error {
	const readings = 10
	if up.Port != 0 && up.Port != readings {
		return nil
	}
	c := newCursor(up.Bytes)
	for first := true; first || c.left() > 0; first = false {
		at := c.pos()
		item := c.u16()
		if c.err != nil {
			break
		}
		value, ok := tektelicItems[item]
		if !ok {
			return c.stop(out, at, uint64(item))
		}
		if item == 0x00BA {
			item = 0x00FF // the battery too
		}
		if err := c.once(at, item); err != nil {
			return err
		}
		value.write(c, value.name, out)
	}
	return c.err
}

type tektelicItem struct {
	name  string
	write func(c *cursor, name string, out *object.Writer)
}

// tektelicItems are the values by channel and type.
var tektelicItems = map[uint16]tektelicItem{
	0x00FF: {"battery_voltage", tektelicSigned(100)},
	0x00BA: {"battery_voltage", tektelicUnsigned(1000)},
	0x00D3: {"remaining_battery_capacity", tektelicByte}, // %
	0x0100: {"reed_state", tektelicByte},
	0x0200: {"light_detected", tektelicByte},
	0x0367: {"ambient_temperature", tektelicSigned(10)},
	0x0468: {"relative_humidity", tektelicHalves},
	0x0502: {"impact_magnitude", tektelicUnsigned(1000)},
	0x0600: {"break_in", tektelicByte},
	0x0771: {"acceleration", tektelicVector},
	0x0804: {"reed_count", tektelicUnsigned(1)},
	0x0900: {"moisture", tektelicByte},
	0x0A00: {"motion_event_state", tektelicByte},
	0x0B67: {"mcu_temperature", tektelicSigned(10)},
	0x0BE4: {"co2_concentration_filtered", tektelicUnsigned(1)}, // ppm
	0x0C00: {"impact_alarm", tektelicByte},
	0x0C73: {"atmospheric_pressure", tektelicUnsigned(10)}, // hPa
	0x0D04: {"motion_event_count", tektelicUnsigned(1)},
	0x0E00: {"external_connector_state", tektelicByte},
	0x0EE4: {"co2_concentration_raw", tektelicUnsigned(1)}, // ppm
	0x0F04: {"external_connector_count", tektelicUnsigned(1)},
	0x1002: {"light_intensity", tektelicByte}, // of the sensor's own scale
	0x1102: {"external_connector_analog", tektelicSigned(1000)},
	0x11D3: {"remaining_display_battery_capacity", tektelicByte},
	0x1204: {"external_connector_total_count", tektelicLong},
}

func tektelicByte(c *cursor, name string, out *object.Writer)   { out.Int(name, int64(c.u8())) }
func tektelicLong(c *cursor, name string, out *object.Writer)   { out.Int(name, int64(c.u32())) }
func tektelicHalves(c *cursor, name string, out *object.Writer) { out.Number(name, float64(c.u8())/2) }

func tektelicSigned(divisor float64) func(*cursor, string, *object.Writer) {
	return func(c *cursor, name string, out *object.Writer) { out.Number(name, float64(c.i16())/divisor) }
}

func tektelicUnsigned(divisor float64) func(*cursor, string, *object.Writer) {
	return func(c *cursor, name string, out *object.Writer) { out.Number(name, float64(c.u16())/divisor) }
}

// tektelicVector is an acceleration in g.
func tektelicVector(c *cursor, name string, out *object.Writer) {
	out.Object(name)
	for _, axis := range []string{"xaxis", "yaxis", "zaxis"} {
		out.Number(axis, float64(c.i16())/1000)
	}
	out.End()
}
