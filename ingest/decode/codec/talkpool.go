package codec

import (
	"fmt"

	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

func init() {
	register("talkpool", "Talkpool OY1110 climate, OY1200 and OY1210 CO2, OY1700 particles", talkpool)
	register("talkpool-oy1100", "Talkpool OY1100 climate", talkpoolOY1100)
}

// talkpool reads Talkpool's climate devices. Readings are on port 2, and the length of the frame says of which device: 3
// bytes OY1110, 5 bytes OY1210, 9 or 21 bytes OY1700. Port 3 has several readings of an OY1110, the newest first. Port 1 has
// replies and the sign of a start, and of the older OY1200 the readings in 12 bytes.
//
// Source: the reference manuals of the devices and the maker's decoders at github.com/TheThingsNetwork/lorawan-devices,
// vendor/talkpool.
func talkpool(up Uplink, out *object.Writer) error {
	const replies, single, several = 1, 2, 3
	c, length := newCursor(up.Bytes), len(up.Bytes)
	if length == 0 {
		return fmt.Errorf("byte 0: an empty frame: %w", ErrShort)
	}
	port := up.Port
	if port == 0 { // a start, 01 20 and a state, would be a temperature below -75 °C
		switch {
		case length == 12 || length == 3 && up.Bytes[0] == 1 && up.Bytes[1] == 0x20:
			port = replies
		case length > 3 && length%3 == 1:
			port = several
		default:
			port = single
		}
	}
	switch port {
	case replies:
		if length == 12 {
			talkpoolOY1200(c, out)
		}
		return c.err
	case several:
		return talkpoolGroup(c, out)
	case single:
	default:
		return fmt.Errorf("port %d: want 1 to 3", up.Port)
	}
	switch length {
	case 3:
		talkpoolClimate(c, "RelativeHumidity", out)
	case 5:
		talkpoolClimate(c, "Humidity", out)
		if v := c.u16(); v == 0xFFFF { // the sensor has failed
			out.Null("CO2")
		} else {
			out.Int("CO2", int64(v)) // ppm
		}
	case 9, 21:
		talkpoolClimate(c, "RelativeHumidity", out)
		for _, name := range []string{"PM1_0", "PM2_5", "PM_10"} { // ug/m3
			out.Int(name, int64(c.u16()))
		}
		if length == 21 {
			for _, name := range []string{"PN0_3", "PN0_5", "PN1_0", "PN2_5", "PN5_0", "PN_10"} { // particles by size in um
				out.Int(name, int64(c.u16()))
			}
		}
	default:
		return fmt.Errorf("port %d: %d bytes, want 3, 5, 9 or 21: %w", up.Port, length, ErrShort)
	}
	return c.end()
}

// talkpoolClimate reads two numbers of 12 bits: the high 8 bits of each, then the low 4 bits of both. Their zero is 80 °C
// and 25 % above nothing, in steps of a tenth.
func talkpoolClimate(c *cursor, humidity string, out *object.Writer) {
	t, h := c.bits(8)<<4, c.bits(8)<<4
	t |= c.bits(4)
	h |= c.bits(4)
	out.Number("Temperature", (float64(t)-800)/10)
	out.Number(humidity, (float64(h)-250)/10)
}

// talkpoolGroup reads the time between readings, in minutes or hours, and the readings. The newest is at the top of the
// object, those before it in history.
func talkpoolGroup(c *cursor, out *object.Writer) error {
	hours, step := c.flag(), int64(c.bits(7))*60
	if hours {
		step *= 60
	}
	if n := c.left(); n == 0 || n%3 != 0 {
		return fmt.Errorf("byte 1: %d bytes of readings, want a multiple of 3: %w", n, ErrShort)
	}
	talkpoolClimate(c, "RelativeHumidity", out)
	if c.left() == 0 {
		return c.err
	}
	out.Array("history")
	for age := step; c.left() > 0; age += step {
		out.Object("")
		out.Int("secondsAgo", age)
		talkpoolClimate(c, "RelativeHumidity", out)
		out.End()
	}
	out.End()
	return c.err
}

func talkpoolOY1200(c *cursor, out *object.Writer) {
	c.skip(2)
	out.Int("CO2Raw", int64(c.u16()))
	out.Int("CO2Filtered", int64(c.u16())) // ppm
	out.Number("Temperature", float64(c.i16())/100)
	out.Number("Humidity", float64(c.u16())/100)
}

// talkpoolOY1100 reads the older device: like the OY1110, without an offset.
func talkpoolOY1100(up Uplink, out *object.Writer) error {
	const readings = 2
	if up.Port != 0 && up.Port != readings {
		return nil
	}
	c := newCursor(up.Bytes)
	t, h := c.bits(8)<<4, c.bits(8)<<4
	t |= c.bits(4)
	h |= c.bits(4)
	out.Number("Temperature", float64(t)/10)
	out.Number("RelativeHumidity", float64(h)/10)
	return c.end()
}
