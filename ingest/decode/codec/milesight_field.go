package codec

import (
	"encoding/binary"
	"math"
)

// msField is one value in the data of a channel.
type msField struct {
	name  string
	at    int // of its first byte in the data
	kind  msKind
	steps float64 // in one unit: 10 where tenths are sent; 0 counts as 1
	words msWords // the value is one of these words
	// none tells whether the raw value stands for no measurement; the member is then null. nil where every value is one.
	none func(raw uint32) bool
	// why is the member that says, in one of reasons, why there is no measurement; empty where the maker has none.
	why     string
	reasons msWords
}

// msKind is how the bytes of a value are put together.
type msKind uint8

const (
	msUint8 msKind = iota
	msUint16
	msInt16
	msUint24
	msUint32
	msFloat32
)

// raw puts the bytes of a value together; of a signed one it gives the bits.
func (k msKind) raw(data []byte) uint32 {
	switch k {
	case msUint8:
		return uint32(data[0])
	case msUint16, msInt16:
		return uint32(binary.LittleEndian.Uint16(data))
	case msUint24:
		return uint32(data[0]) | uint32(data[1])<<8 | uint32(data[2])<<16
	default:
		return binary.LittleEndian.Uint32(data)
	}
}

// msWords names values.
type msWords map[uint32]string

// of is the word for raw; what has none is "unknown", as in the maker's decoders.
func (w msWords) of(raw uint32) string {
	if word, ok := w[raw]; ok {
		return word
	}
	return "unknown"
}

func msU8(name string, at int) msField  { return msField{name: name, at: at, kind: msUint8} }
func msU16(name string, at int) msField { return msField{name: name, at: at, kind: msUint16} }
func msS16(name string, at int) msField { return msField{name: name, at: at, kind: msInt16} }
func msU24(name string, at int) msField { return msField{name: name, at: at, kind: msUint24} }
func msU32(name string, at int) msField { return msField{name: name, at: at, kind: msUint32} }
func msF32(name string, at int) msField { return msField{name: name, at: at, kind: msFloat32} }

// msWord is a byte that stands for a word.
func msWord(name string, at int, words msWords) msField {
	return msField{name: name, at: at, kind: msUint8, words: words}
}

// per says how many steps of the value are one unit.
func (f msField) per(steps float64) msField { f.steps = steps; return f }

// unless says which raw values stand for no measurement.
func (f msField) unless(none func(raw uint32) bool) msField { f.none = none; return f }

// orWhy names the member that says why there is no measurement.
func (f msField) orWhy(name string, reasons msWords) msField {
	f.why, f.reasons = name, reasons
	return f
}

// into writes the value found in data.
func (f *msField) into(out *msFrame, data []byte) {
	raw := f.kind.raw(data[f.at:])
	if f.none != nil && f.none(raw) {
		out.null(f.name)
		if f.why != "" {
			out.text(f.why, f.reasons.of(raw))
		}
		return
	}
	if f.words != nil {
		out.text(f.name, f.words.of(raw))
		return
	}
	var v float64
	switch f.kind {
	case msInt16:
		v = float64(int16(raw))
	case msFloat32: // the maker's decoders round them to hundredths
		v = math.Round(float64(math.Float32frombits(raw))*100) / 100
	default:
		v = float64(raw)
	}
	if f.steps != 0 {
		v /= f.steps
	}
	out.number(f.name, v)
}

// What stands for no measurement. The maker says so of some sensors only (fffd out of range, fffe warming up, ffff not read,
// for temperatures 8001 to 8003); none of the others can measure these values either.

func msNone8(raw uint32) bool  { return raw == 0xff }
func msNone16(raw uint32) bool { return raw >= 0xfffd }
func msNone32(raw uint32) bool { return raw >= 0xfffffffd }

// msNoPercent is of a battery or a roll, which is at most full; a device on mains power says ff.
func msNoPercent(raw uint32) bool { return raw > 100 }

// msNoDegrees is of tenths of degrees: the ends of the scale lie 3276 degrees from 0.
func msNoDegrees(raw uint32) bool { return raw >= 0x7ffd && raw <= 0x8003 }

// msNoProbe is of temperatures with markers that would be -0.1 and -0.3 degrees.
func msNoProbe(raw uint32) bool { return raw == 0xffff || raw == 0xfffd || msNoDegrees(raw) }

// Values that many lines send in the same way.
var (
	msBattery   = msOf(0x01, 0x75, 1, msU8("battery", 0).unless(msNoPercent))
	msTimestamp = msU32("timestamp", 0) // second of the epoch
)

// msTemperature is a temperature in tenths of Cel.
func msTemperature(at int) msField {
	return msS16("temperature", at).per(10).unless(msNoDegrees)
}

// msHumidity is relative humidity in halves of a percent.
func msHumidity(at int) msField { return msU8("humidity", at).per(2).unless(msNone8) }

// msPressure is air pressure in tenths of hPa.
func msPressure(at int) msField { return msU16("pressure", at).per(10).unless(msNone16) }

// msGas is a concentration in steps of 1/steps.
func msGas(name string, at int, steps float64) msField {
	return msU16(name, at).per(steps).unless(msNone16)
}
