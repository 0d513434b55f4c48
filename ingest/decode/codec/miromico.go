package codec

import (
	"fmt"

	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

func init() {
	register("miromico", "Miromico miro Insight and Outsight (climate, CO2)", miromico)
	register("miromico-button", "Miromico miro Click button", miromicoButton)
}

// miromicoStructs reads the structures of a frame: a length that counts the type too, the type, and what belongs to it, the
// low byte of a number first. What read does not want of a structure is passed over.
func miromicoStructs(up Uplink, read func(c *cursor, kind uint8, length int)) error {
	c := newCursor(up.Bytes)
	for first := true; first || c.left() > 0; first = false {
		at := c.pos()
		length, kind := int(c.u8())-1, c.u8()
		switch {
		case c.err != nil:
		case length < 0:
			return fmt.Errorf("byte %d: a structure without a type", at)
		case c.left() < length:
			return fmt.Errorf("byte %d: %d bytes are left, want %d: %w", at+2, c.left(), length, ErrShort)
		case c.once(at, uint16(kind)) != nil:
			return fmt.Errorf("byte %d: a structure of type %d a second time", at, kind)
		default:
			end := at + 2 + length
			part := newCursor(up.Bytes[:end])
			part.at = c.at
			read(part, kind, length)
			if part.err != nil {
				return part.err
			}
			c.at = 8 * end
		}
	}
	return c.err
}

// miromico reads a miro Insight, which collects measurements and sends them together, the newest last. As the maker's
// decoder has it each quantity is an array; the object latest has the newest of each. A failed sensor sends all ones for the
// climate and 0 for CO2: null.
//
// Source: the payload format at docs.miromico.ch.
func miromico(up Uplink, out *object.Writer) error {
	const climate, co2, voltage, oldVoltage = 1, 2, 9, 10
	latest := make(map[string]float64)
	failed := make(map[string]bool)
	var voltages []float64
	write := func(name string, values []float64, bad []bool) {
		out.Array(name)
		for i, v := range values {
			if bad[i] {
				out.Null("")
			} else {
				out.Number("", v)
			}
		}
		out.End()
		last := len(values) - 1
		latest[name], failed[name] = values[last], bad[last]
	}
	err := miromicoStructs(up, func(c *cursor, kind uint8, length int) {
		switch {
		case kind == climate && length >= 3:
			var temperatures, humidities []float64
			var bad []bool
			for c.left() >= 3 {
				t, h := c.i16le(), c.u8()
				temperatures, humidities = append(temperatures, float64(t)/100), append(humidities, float64(h)/2)
				bad = append(bad, t == -1 && h == 0xFF)
			}
			write("temperature", temperatures, bad)
			write("humidity", humidities, bad)
		case kind == co2 && length >= 2:
			var values []float64
			var bad []bool
			for c.left() >= 2 {
				v := c.u16le()
				values, bad = append(values, float64(v)), append(bad, v == 0)
			}
			write("co2", values, bad)
		case kind == voltage && length == 2:
			voltages = append(voltages, float64(c.u16le())/100)
		case kind == oldVoltage && length == 1:
			voltages = append(voltages, float64(c.u8())/100+1.7)
		}
	})
	if len(voltages) > 0 {
		out.Number("battery_voltage", voltages[0])
	}
	if len(latest) > 0 {
		out.Object("latest")
		for _, name := range []string{"temperature", "humidity", "co2"} {
			v, ok := latest[name]
			switch {
			case failed[name]:
				out.Null(name)
			case ok:
				out.Number(name, v)
			}
		}
		out.End()
	}
	return err
}

// miromicoButton reads a miro Click with four buttons, named by the points of the compass: first are those that began,
// pressed those that were down after a moment. press says that it was pressed at all; a frame without is a sign of life.
// buttonCount counts presses since the reset and wraps at 16 bits.
//
// Source: the payload format at docs.miromico.ch; names as at github.com/akenza-io/device-type-library, miromico/REV2_V5.
func miromicoButton(up Uplink, out *object.Writer) error {
	const state, charge, battery = 1, 2, 3
	press, read := false, false
	err := miromicoStructs(up, func(c *cursor, kind uint8, _ int) {
		switch kind {
		case state:
			for _, moment := range []string{"pressed", "first"} {
				for _, button := range []string{"W", "S", "E", "N"} {
					out.Int("btn"+button+moment, int64(c.bits(1)))
				}
			}
			out.Int("buttonCount", int64(c.u16le()))
			press, read = true, true
		case charge:
			out.Int("usedCharges", int64(c.u32le())) // uAh
			read = true
		case battery:
			out.Number("batteryVoltage", float64(c.u8())/100+1.7)
			out.Int("internalTemp", int64(c.i8()))
			read = true
		}
	})
	if read {
		out.Flag("press", press)
	}
	return err
}
