package codec

import (
	"fmt"

	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

func init() {
	register("merryiot", "MerryIoT (Browan): MS10 motion, CD10 CO2, DW10 open/close, WL10 leak", merryiot)
}

// The port of a MerryIoT sensor says what it is. All begin with a status byte, a battery byte, the temperature and the
// humidity; numbers are little-endian. Older firmware has the temperature in whole degrees in one byte, newer in tenths in
// two; the length tells. Sources: the reference manuals of the four sensors and Browan's decoder for them, 4.0, which gives
// the names.
const (
	merryDoor   = 120
	merryMotion = 122
	merryWater  = 126
	merryCO2    = 127
)

// merryRange is the highest concentration that the sensor measures, ppm.
const merryRange = 40_000

// merryiot reads the sensors of MerryIoT.
func merryiot(up Uplink, out *object.Writer) error {
	if up.Port == browanConfig || up.Port == browanStart || merryVersion(up.Bytes) || len(up.Bytes) > 0 && frameAllZero(up.Bytes) {
		return nil
	}
	tail := 0 // bytes after the humidity
	switch up.Port {
	case merryDoor, merryMotion:
		tail = 5
	case merryWater:
	case merryCO2:
		tail = 2
	default:
		return frameUnknownPort("MerryIoT", up.Port)
	}
	f := frame{bytes: up.Bytes}
	status := f.byte()
	frameScaled(out, "battery_volt", 21+int64(f.byte()&0x0F), 10)
	switch len(up.Bytes) {
	case 4 + tail:
		out.Int("temperature", f.signedBig(1))
	case 5 + tail:
		frameCelsius(out, "temperature", f.signedLittle(2), 10)
	default:
		if len(up.Bytes) < 4+tail {
			return fmt.Errorf("port %d: got %d bytes, want %d or %d: %w", up.Port, len(up.Bytes), 4+tail, 5+tail, ErrShort)
		}
		return fmt.Errorf("port %d: got %d bytes, want %d or %d", up.Port, len(up.Bytes), 4+tail, 5+tail)
	}
	framePercent(out, "humi", f.big(1)&0x7F)
	switch up.Port {
	case merryDoor:
		frameBit(out, "open", status, 0)
		frameBit(out, "button", status, 1)
		frameBit(out, "tamper", status, 2)
		frameBit(out, "tilt", status, 3)
		out.Int("time", f.little(2)) // since the last event
		out.Int("count", f.little(3))
	case merryMotion:
		frameBit(out, "motion", status, 0)
		frameBit(out, "button", status, 1)
		frameBit(out, "tamper", status, 2)
		out.Int("time", f.little(2))
		out.Int("count", f.little(3))
	case merryWater:
		frameBit(out, "water", status, 0)
		frameBit(out, "button", status, 1)
		frameBit(out, "tamper", status, 2)
	case merryCO2:
		frameBit(out, "trigger", status, 0)
		frameBit(out, "button", status, 1)
		frameBit(out, "co2threshold", status, 4)
		frameBit(out, "co2calibration", status, 5)
		// In the ten minutes after a join the concentration is 0, and while the sensor is calibrated it is of the
		// calibration.
		if ppm := f.little(2); ppm <= merryRange && status&0x20 == 0 {
			frameCO2(out, "co2_ppm", ppm)
		} else {
			out.Null("co2_ppm")
		}
	}
	return f.end()
}

// merryVersion recognises the versions that a sensor sends three times after a join, as long as data of a door: 01, hardware id
// and firmware of four bytes each. The upper bytes of a hardware id are 0; in their place data has a humidity, which is not.
func merryVersion(b []byte) bool { return len(b) == 9 && b[0] == 1 && b[3] == 0 && b[4] == 0 }
