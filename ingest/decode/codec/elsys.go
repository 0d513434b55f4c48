package codec

import (
	"fmt"

	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

func init() {
	register("elsys", "ELSYS: ERS, ERS CO2, Eye, Desk, Sound, VOC, EMS, EMS Door, EMS Desk, ELT, displays", elsys)
}

// An ELSYS frame is a row of values, each of one type byte, the value, big-endian unless noted, and an optional age. Bits 0 to
// 5 of the type byte say what the value is, bits 6 and 7 how many bytes of age follow it: a value that has an age was queued
// while there was no network. Source: ELSYS, "Sensor payload" 1.11, and the maker's decoder, which gives the names.
//
// A first byte of 0x3E (elsysSettings) is the list of settings that a sensor sends when it starts.

const (
	elsysSettings = 0x3E
	elsysText     = 0x3B // its length is its first byte
	elsysProbe2   = 0x19 // may come several times in a frame: one for each probe on the wire
)

// elsysType is what one type byte announces.
type elsysType struct {
	size  int // bytes; 0 for a type that does not exist
	write func(f *frame, out *object.Writer)
}

var elsysTypes = [64]elsysType{
	0x01: elsysTenths("temperature"),
	0x02: {1, func(f *frame, out *object.Writer) { framePercent(out, "humidity", f.big(1)) }},
	0x03: {3, func(f *frame, out *object.Writer) { // 63 is 1 g
		out.Int("x", f.signedBig(1))
		out.Int("y", f.signedBig(1))
		out.Int("z", f.signedBig(1))
	}},
	0x04: elsysCount("light", 2),  // lx
	0x05: elsysCount("motion", 1), // movements since the frame before
	0x06: {2, func(f *frame, out *object.Writer) { frameCO2(out, "co2", f.big(2)) }},
	0x07: elsysCount("vdd", 2),     // mV
	0x08: elsysCount("analog1", 2), // mV
	0x09: {6, func(f *frame, out *object.Writer) { // little-endian
		frameScaled(out, "lat", f.signedLittle(3), 1e4)
		frameScaled(out, "long", f.signedLittle(3), 1e4)
	}},
	0x0A: elsysCount("pulse1", 2), // since the frame before
	0x0B: elsysCount("pulseAbs", 4),
	0x0C: elsysTenths("externalTemperature"),
	0x0D: elsysCount("digital", 1),
	0x0E: elsysCount("distance", 2), // mm
	0x0F: elsysCount("accMotion", 1),
	0x10: {4, func(f *frame, out *object.Writer) {
		frameCelsius(out, "irInternalTemperature", f.signedBig(2), 10)
		frameCelsius(out, "irExternalTemperature", f.signedBig(2), 10)
	}},
	0x11: elsysCount("occupancy", 1), // 0 free, 1 about to change, 2 occupied
	0x12: elsysCount("waterleak", 1),
	0x13: {65, func(f *frame, out *object.Writer) {
		base := f.big(1)
		out.Array("grideye")
		for range 64 {
			frameScaled(out, "", 10*base+f.big(1), 10)
		}
		out.End()
	}},
	0x14: {4, func(f *frame, out *object.Writer) { frameScaled(out, "pressure", f.big(4), 1e3) }}, // hPa
	0x15: {2, func(f *frame, out *object.Writer) { // dB
		out.Int("soundPeak", f.big(1))
		out.Int("soundAvg", f.big(1))
	}},
	0x16: elsysCount("pulse2", 2),
	0x17: elsysCount("pulseAbs2", 4),
	0x18: elsysCount("analog2", 2),
	0x19: elsysTenths("externalTemperature2"),
	0x1A: elsysCount("digital2", 1),
	0x1B: {4, func(f *frame, out *object.Writer) { out.Int("analogUv", f.signedBig(4)) }},
	0x1C: elsysCount("tvoc", 2), // ppb
	0x1D: elsysCount("iaq", 1),
	0x1E: {1, func(f *frame, out *object.Writer) { out.Flag("genericBool", f.big(1) != 0) }},
	0x1F: {1, func(f *frame, out *object.Writer) { out.Int("genericInt8", f.signedBig(1)) }},
	0x20: {2, func(f *frame, out *object.Writer) { out.Int("genericInt16", f.signedBig(2)) }},
	0x21: elsysCount("view", 1),
	0x22: elsysTenths("setpoint"),
	0x23: elsysCount("speed", 1),
	0x24: {1, func(f *frame, out *object.Writer) { framePercent(out, "externalHumidity", f.big(1)) }},
	0x3B: {1, nil},
	0x3C: {4, nil}, // CRC
	0x3D: {4, nil}, // debug
}

func elsysCount(name string, size int) elsysType {
	return elsysType{size, func(f *frame, out *object.Writer) { out.Int(name, f.big(size)) }}
}

func elsysTenths(name string) elsysType {
	return elsysType{2, func(f *frame, out *object.Writer) { frameCelsius(out, name, f.signedBig(2), 10) }}
}

// elsysValue is one value of a frame.
type elsysValue struct {
	kind   byte
	unread int // bytes behind the last type that is known
	bytes  []byte
	aged   bool
	age    int64
}

// next reads one value. A type that does not exist ends the frame, as it does for the maker: newer sensors append types. It
// is an error only where nothing came before it.
func (v *elsysValue) next(f *frame) bool {
	if f.left() == 0 {
		return false
	}
	head := f.byte()
	kind := head & 0x3F
	size := elsysTypes[kind].size
	if size == 0 {
		if f.at == 1 {
			f.fail(fmt.Errorf("byte 0: got 0x%02x, want a type of ELSYS", head))
		}
		v.unread = len(f.bytes) - f.at + 1
		f.at = len(f.bytes)
		return false
	}
	if kind == elsysText {
		size = int(f.big(1))
	}
	v.kind, v.bytes = kind, f.take(size)
	ages := int(head >> 6)
	v.age = f.big(ages)
	v.aged = v.age != 0
	return f.err == nil
}

// elsys reads frames of all sensors of ELSYS: values of now as members, values that waited for the network in history with
// their offset, the age that the sensor gives.
func elsys(up Uplink, out *object.Writer) error {
	if len(up.Bytes) > 0 && up.Bytes[0]&0x3F == elsysSettings {
		return nil
	}
	// A member is written once though its type may be repeated: the last value of a type counts, as for the maker.
	var now [64][]byte
	var probes, aged int
	var v elsysValue
	f := frame{bytes: up.Bytes}
	for v.next(&f) {
		switch {
		case v.aged:
			aged++
		case v.kind == elsysProbe2:
			probes++
			fallthrough
		default:
			now[v.kind] = v.bytes
		}
	}
	if err := f.end(); err != nil {
		return err
	}
	if f.at == 0 {
		return fmt.Errorf("byte 0: got 0 bytes, want a type of ELSYS: %w", ErrShort)
	}
	for kind, bytes := range now {
		if write := elsysTypes[kind].write; write != nil && bytes != nil && (kind != elsysProbe2 || probes == 1) {
			write(&frame{bytes: bytes}, out)
		}
	}
	if v.unread > 0 {
		out.Int("unread", int64(v.unread))
	}
	if probes > 1 {
		out.Array("externalTemperature2")
		for f := (frame{bytes: up.Bytes}); v.next(&f); {
			if v.kind == elsysProbe2 && !v.aged {
				frameCelsius(out, "", frameSigned(int64(v.bytes[0])<<8|int64(v.bytes[1]), 16), 10)
			}
		}
		out.End()
	}
	if aged > 0 {
		out.Array("history")
		for f := (frame{bytes: up.Bytes}); v.next(&f); {
			if write := elsysTypes[v.kind].write; write != nil && v.aged {
				out.Object("")
				out.Int("offset", v.age)
				write(&frame{bytes: v.bytes}, out)
				out.End()
			}
		}
		out.End()
	}
	return nil
}
