package codec

import (
	"math"

	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

func init() {
	register("browan", "Browan TABS: TBHH100, TBHV110, TBMS100, TBDW100, TBAM100, TBSL100, TBWL100, TBPB100, temperature probe, locators", browan)
}

// The port of a TABS sensor says what it is; all begin with a status byte, a battery byte and the temperature of the board;
// numbers are little-endian. Sources: the reference manuals of Browan and its decoder for TABS sensors 4.1, which gives the
// names; the push button is missing there and has the names of The Things Network's decoder.
const (
	browanDoor    = 100
	browanMotion  = 102
	browanAir     = 103 // of temperature and humidity alone (8 bytes) or with gases (11 bytes)
	browanLight   = 104
	browanSound   = 105
	browanWater   = 106
	browanProbe   = 112
	browanLocator = 136
	browanButton  = 147
	browanConfig  = 204 // answers to commands
	browanStart   = 222 // versions, the first frame after a join
)

// browan reads the sensors of the series TABS.
func browan(up Uplink, out *object.Writer) error {
	if up.Port == browanConfig || up.Port == browanStart {
		return nil
	}
	f := frame{bytes: up.Bytes}
	// A frame of zeros comes with a join; as a measurement it would be -32 °C.
	if len(up.Bytes) > 0 && frameAllZero(up.Bytes) {
		return nil
	}
	status := f.byte()
	browanBattery(f.byte(), out)
	switch up.Port {
	case browanDoor:
		browanTemperature(f.byte(), "temperature", out)
		frameBit(out, "door_doorst", status, 0)
		out.Int("door_time", f.little(2)) // min since the last event
		out.Int("door_count", f.little(3))
	case browanMotion:
		browanTemperature(f.byte(), "temperature", out)
		frameBit(out, "mot_motionst", status, 0)
		out.Int("mot_times", f.little(2)) // min since the last event
		out.Int("mot_counts", f.little(3))
	case browanAir:
		return browanClimate(&f, status, out)
	case browanLight:
		browanTemperature(f.byte(), "temperature", out)
		frameBit(out, "dark_chag", status, 0)
		frameBit(out, "light_chag", status, 1)
		frameBit(out, "light_stat", status, 4)
		frameBit(out, "light_keep", status, 5)
		frameScaled(out, "light_lux", f.little(3), 100)
	case browanSound:
		browanTemperature(f.byte(), "temperature", out)
		frameBit(out, "sound_trig", status, 0)
		out.Int("sound_db", f.big(1)) // dB(A)
	case browanWater:
		browanTemperature(f.byte(), "temperature_pcb", out)
		frameBit(out, "water_detect", status, 0)
		frameBit(out, "water_interpt", status, 4)
		frameBit(out, "water_thchg", status, 5)
		frameBit(out, "water_rhchg", status, 6)
		framePercent(out, "humidity", f.big(1)&0x7F)
		if f.left() > 0 { // older sensors measure the air on the board
			browanTemperature(f.byte(), "temperature_env", out)
		}
	case browanProbe:
		browanTemperature(f.byte(), "temp_pcb", out)
		if raw := f.little(2); raw != math.MaxUint16 {
			out.Number("temp_probe", float64(2000-raw)/16)
		} else {
			out.Null("temp_probe")
		}
	case browanLocator:
		browanTemperature(f.byte(), "temperature", out)
		frameBit(out, "obj_button", status, 0)
		frameBit(out, "obj_move", status, 1)
		frameBit(out, "obj_gnsfix", status, 3)
		frameBit(out, "obj_gnserr", status, 4)
		f.take(8) // the position: of no use to a building, and it follows whoever carries the locator
	case browanButton:
		out.Int("status", int64(status&1))
		browanTemperature(f.byte(), "temperatureBoard", out)
	default:
		return frameUnknownPort("TABS", up.Port)
	}
	return f.end()
}

// browanClimate reads temperature and humidity, with or without gases. A sensor without gases fills their bytes with ones.
func browanClimate(f *frame, status byte, out *object.Writer) error {
	gases := len(f.bytes) > 8
	if !gases {
		browanTemperature(f.byte(), "temperature", out)
		framePercent(out, "humidity", f.big(1)&0x7F)
		frameBit(out, "thh_type", status, 3)
		frameCO2(out, "CO2", f.little(2))
		browanIndex(f, "VOC", out)
		return f.end()
	}
	browanTemperature(f.byte(), "temperature_pcb", out)
	framePercent(out, "humidity", f.big(1)&0x7F)
	frameBit(out, "iaq_type", status, 3)
	frameBit(out, "iaq_stat", status, 0)
	frameBit(out, "temp_trig", status, 4)
	frameBit(out, "rh_trig", status, 5)
	frameBit(out, "iaq_trig", status, 6)
	frameCO2(out, "CO2", f.little(2)) // ppm, estimated from the VOC
	browanIndex(f, "VOC", out)
	browanIndex(f, "IAQ", out) // 0 to 500
	browanTemperature(f.byte(), "temperature_env", out)
	return f.end()
}

func browanIndex(f *frame, name string, out *object.Writer) {
	if v := f.little(2); v != math.MaxUint16 {
		out.Int(name, v)
	} else {
		out.Null(name)
	}
}

// browanBattery writes volts; the ends of the range stand for no measurement.
func browanBattery(b byte, out *object.Writer) {
	if v := b & 0x0F; v != 0 && v != 0x0F {
		frameScaled(out, "battery_volt", 25+int64(v), 10)
	} else {
		out.Null("battery_volt")
	}
}

// browanTemperature writes -32 to 94 °C; all ones, 95 °C, is a sensor at its end.
func browanTemperature(b byte, name string, out *object.Writer) {
	if v := b & 0x7F; v != 0x7F {
		out.Int(name, int64(v)-32)
	} else {
		out.Null(name)
	}
}
