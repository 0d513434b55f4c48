package codec

import (
	"encoding/hex"
	"fmt"
	"math"

	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

// frame reads the bytes of an uplink from front to back. The first read past the end fails the frame; every read after it
// gives zero, so that a codec reads all its fields in a row and asks once for the error.
type frame struct {
	bytes []byte
	at    int // index of the next byte
	err   error
}

// left is the number of bytes that are not read yet; 0 once the frame failed.
func (f *frame) left() int {
	if f.err != nil {
		return 0
	}
	return len(f.bytes) - f.at
}

// take gives the next n bytes, or nil when the frame has fewer.
func (f *frame) take(n int) []byte {
	if f.err != nil {
		return nil
	}
	if n > len(f.bytes)-f.at {
		f.fail(fmt.Errorf("byte %d: got %d more bytes, want %d: %w", f.at, len(f.bytes)-f.at, n, ErrShort))
		return nil
	}
	f.at += n
	return f.bytes[f.at-n : f.at]
}

// big reads an unsigned number of n ≤ 4 bytes, most significant byte first.
func (f *frame) big(n int) int64 {
	v := int64(0)
	for _, b := range f.take(n) {
		v = v<<8 | int64(b)
	}
	return v
}

// little reads an unsigned number of n ≤ 4 bytes, least significant byte first.
func (f *frame) little(n int) int64 {
	v := int64(0)
	for i, b := range f.take(n) {
		v |= int64(b) << (8 * i)
	}
	return v
}

// signedBig is big in two's complement.
func (f *frame) signedBig(n int) int64 { return frameSigned(f.big(n), 8*n) }

// signedLittle is little in two's complement.
func (f *frame) signedLittle(n int) int64 { return frameSigned(f.little(n), 8*n) }

// byte reads one byte.
func (f *frame) byte() byte { return byte(f.big(1)) }

// hex reads n bytes as lower-case hexadecimal digits.
func (f *frame) hex(n int) string { return hex.EncodeToString(f.take(n)) }

// fail ends the reading; the first cause counts.
func (f *frame) fail(err error) {
	if f.err == nil {
		f.err = err
	}
}

// end is the error of the frame, or that something is left of it.
func (f *frame) end() error {
	if n := f.left(); n > 0 {
		return fmt.Errorf("byte %d: got %d more bytes, want the frame to end", f.at, n)
	}
	return f.err
}

// frameSigned reads the lower bits of v in two's complement.
func frameSigned(v int64, bits int) int64 { return v << (64 - bits) >> (64 - bits) }

// frameScaled writes a raw number divided by a power of ten.
func frameScaled(out *object.Writer, name string, raw int64, by float64) {
	out.Number(name, float64(raw)/by)
}

// frameCelsius writes a temperature of 16 bits, or null for the two ends of the range, which no room reaches: a sensor that is
// missing or broken reads as all ones with or without the sign.
func frameCelsius(out *object.Writer, name string, raw int64, by float64) {
	if raw == math.MaxInt16 || raw == math.MinInt16 {
		out.Null(name)
		return
	}
	frameScaled(out, name, raw, by)
}

// framePercent writes a relative humidity of whole percents, or null where it cannot be one.
func framePercent(out *object.Writer, name string, raw int64) {
	if raw > 100 {
		out.Null(name)
		return
	}
	out.Int(name, raw)
}

// frameCO2 writes a concentration of 16 bits in ppm. Outside air has about 400 ppm: 0 says that the sensor is not fitted or still
// warms up, all ones that it is not fitted.
func frameCO2(out *object.Writer, name string, raw int64) {
	if raw == 0 || raw == math.MaxUint16 {
		out.Null(name)
		return
	}
	out.Int(name, raw)
}

// frameUnknownPort is why a frame on a port that the maker gives no meaning is not read.
func frameUnknownPort(maker string, port uint8) error {
	return fmt.Errorf("port %d is none of %s", port, maker)
}
