package codec

import (
	"fmt"
	"math"

	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

func init() {
	register("dragino-lht65", "Dragino climate with a probe: LHT65, LHT65N, LHT65N-PIR, LHT65S", draginoLHT65)
}

// Extensions of an LHT65: what hangs on its cable.
const (
	lhtNone      = 0x00
	lhtDS18B20   = 0x01
	lhtTMP117    = 0x02
	lhtInterrupt = 0x04
	lhtLight     = 0x05
	lhtVoltage   = 0x06
	lhtCount16   = 0x07
	lhtCount32   = 0x08
	lhtDSTime    = 0x09 // DS18B20 in the place of the battery, and a time
	lhtTMPTime   = 0x0A // TMP117 likewise
	lhtSHT31     = 0x0B
	lhtPIR       = 0x0E
	lhtDSID      = 0x0F // the serial number of the probe in the place of the climate
	lhtSHT31ID   = 0x10
	lhtTMP117ID  = 0x20
)

const (
	lhtBareSize  = 7 // the first firmware where nothing hangs on the cable
	lhtEmptySize = 8 // zeros instead of values
	lhtSize      = 11
	lhtLongSize  = 15 // with the counter of an interrupt

	lhtRecordSize = 11
	// lhtClockSet is a time (2017) before the first of these devices: a smaller number in the place of a time is none.
	lhtClockSet = 1_483_228_800
)

// draginoLHT65 reads LHT65 and its successors: battery (2 bytes), temperature (2), humidity (2), extension (1) and what the
// extension measures (4, or 8).
func draginoLHT65(up Uplink, out *object.Writer) error {
	f := frame{bytes: up.Bytes}
	switch {
	case up.Port == draginoDevice:
		return draginoAbout(&f, out)
	case lhtStored(up.Bytes):
		return draginoRecords(&f, lhtRecordSize, out, func(r *frame) { lhtRecord(r, out) })
	case up.Port == draginoStored:
		return lhtList(&f, out)
	case up.Port == draginoConfig:
		f.take(1)
		return f.err
	}
	switch n := len(up.Bytes); n {
	case lhtBareSize, lhtSize, lhtLongSize:
	case lhtEmptySize:
		return nil
	default:
		err := fmt.Errorf("port %d: got %d bytes, want %d, %d or %d", up.Port, n, lhtBareSize, lhtSize, lhtLongSize)
		if n < lhtLongSize {
			err = fmt.Errorf("%w: %w", err, ErrShort)
		}
		return err
	}
	first, temperature, humidity, flags := f.big(2), f.signedBig(2), f.big(2), f.byte()
	ext := flags & 0x3F
	if ext != lhtSHT31ID && ext != lhtTMP117ID {
		ext &= 0x0F
	}
	switch ext {
	case lhtDSTime, lhtTMPTime:
		draginoCelsius(out, lhtProbe(ext), frameSigned(first, 16), 100)
		out.Int("Bat_status", humidity>>14)
	default:
		frameScaled(out, "BatV", first&0x3FFF, 1000)
		out.Int("Bat_status", first>>14) // 0 very low to 3 good
	}
	if ext != lhtDSID && ext != lhtSHT31ID && ext != lhtTMP117ID {
		draginoCelsius(out, "TempC_SHT", temperature, 100)
		frameScaled(out, "Hum_SHT", humidity&0x0FFF, 10)
	}
	connected := flags&0x80 == 0
	if !connected {
		out.Text("No_connect", "Sensor no connection")
	}
	lhtExtension(&f, ext, connected, out)
	return f.err
}

// lhtProbe is the name of the temperature of a probe.
func lhtProbe(ext byte) string {
	switch ext {
	case lhtTMP117, lhtTMPTime, lhtTMP117ID:
		return "TempC_TMP117"
	}
	return "TempC_DS"
}

// lhtExtension writes what hangs on the cable; what is not connected has no value.
func lhtExtension(f *frame, ext byte, connected bool, out *object.Writer) {
	switch ext {
	case lhtNone:
		out.Text("Ext_sensor", "No external sensor")
	case lhtDS18B20, lhtTMP117:
		out.Text("Ext_sensor", "Temperature Sensor")
		lhtExternal(f, lhtProbe(ext), connected, out)
	case lhtInterrupt:
		out.Text("Work_mode", "Interrupt Sensor send")
		draginoWord(out, "Exti_pin_level", f.big(1) != 0, "High", "Low")
		draginoWord(out, "Exti_status", f.big(1) != 0, "True", "False")
		if len(f.bytes) == lhtLongSize {
			out.Int("Exit_count", f.big(3))
			out.Int("Exit_duration", f.big(3))
		}
	case lhtLight:
		out.Text("Work_mode", "Illumination Sensor")
		if lx := f.big(2); connected {
			out.Int("ILL_lx", lx)
		} else {
			out.Null("ILL_lx")
		}
	case lhtVoltage:
		out.Text("Work_mode", "ADC Sensor")
		frameScaled(out, "ADC_V", f.big(2), 1000)
	case lhtCount16:
		out.Text("Work_mode", "Interrupt Sensor count")
		out.Int("Exit_count", f.big(2))
	case lhtCount32:
		out.Text("Work_mode", "Interrupt Sensor count")
		out.Int("Exit_count", f.big(4))
	case lhtDSTime:
		out.Text("Work_mode", "DS18B20 & timestamp")
		out.Int("Systimestamp", f.big(4))
	case lhtTMPTime:
		out.Text("Work_mode", "TMP117 & timestamp")
		out.Int("Systimestamp", f.big(4))
	case lhtSHT31, lhtSHT31ID:
		out.Text("Work_mode", "SHT31 Sensor")
		lhtExternal(f, "Ext_TempC_SHT", connected, out)
		if raw := f.big(2); connected && raw != math.MaxInt16 && raw != math.MaxUint16 {
			frameScaled(out, "Ext_Hum_SHT", raw&0x0FFF, 10)
		} else {
			out.Null("Ext_Hum_SHT")
		}
	case lhtPIR:
		out.Text("Work_mode", "PIR Sensor")
		draginoWord(out, "Exti_pin_level", f.big(1)&1 != 0, "Activity", "No activity")
		out.Int("Move_count", f.big(3))
	case lhtTMP117ID:
		out.Text("Work_mode", "NE117ID")
		lhtExternal(f, lhtProbe(ext), connected, out)
	case lhtDSID:
		out.Text("Work_mode", "DS18B20ID")
	}
}

func lhtExternal(f *frame, name string, connected bool, out *object.Writer) {
	if raw := f.signedBig(2); connected {
		draginoCelsius(out, name, raw, 100)
	} else {
		out.Null(name)
	}
}

// lhtStored reports whether b is stored records, asked for (bit 6 of the flags) or sent again because no acknowledgement came
// (bit 7). On older devices bit 7 says that the cable is cut; then the last four bytes are no time, but ones.
func lhtStored(b []byte) bool {
	if len(b) == 0 || len(b)%lhtRecordSize != 0 {
		return false
	}
	r := frame{bytes: b, at: 6}
	flags, at := r.byte(), r.big(4)
	return flags&0xC0 != 0 && (len(b) > lhtRecordSize || flags&0x40 != 0 || at >= lhtClockSet && at < math.MaxInt32 && at>>16 != math.MaxInt16)
}

// lhtRecord reads one stored record: probe (2 bytes), temperature (2), humidity (2), flags (1), time (4).
func lhtRecord(f *frame, out *object.Writer) {
	first, temperature, humidity := f.big(2), f.signedBig(2), f.big(2)
	switch ext := f.byte() & 0x0F; ext {
	case lhtDS18B20, lhtTMP117, lhtDSTime, lhtTMPTime:
		draginoCelsius(out, lhtProbe(ext), frameSigned(first, 16), 100)
	case lhtLight:
		out.Int("ILL_lx", first)
	case lhtVoltage:
		frameScaled(out, "ADC_V", first, 1000)
	case lhtCount16, lhtCount32:
		out.Int("Exit_count", first)
	case lhtPIR:
		out.Int("Move_count", first)
	case lhtSHT31:
		draginoCelsius(out, "Ext_TempC_SHT", frameSigned(first, 16), 100)
	}
	draginoCelsius(out, "TempC_SHT", temperature, 100)
	frameScaled(out, "Hum_SHT", humidity&0x0FFF, 10)
	out.Int("Systimestamp", f.big(4))
}

// lhtList reads a row of temperatures of the probe: battery in mV, kind of probe, temperatures.
func lhtList(f *frame, out *object.Writer) error {
	out.Int("bat", f.big(2)&0x3FFF)
	kinds := [...]string{"", "ds18b20", "tmp117", "gxht30", "sht31"}
	if kind := int(f.byte()); kind > 0 && kind < len(kinds) {
		out.Text("sensor", kinds[kind])
	}
	out.Array("Temp")
	for f.left() > 0 {
		draginoCelsius(out, "", f.signedBig(2), 100)
	}
	out.End()
	return f.err
}
