package codec

import (
	"encoding/binary"
	"fmt"

	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

func init() {
	register("sensecap", "Seeed SenseCAP S210x sensors and S2120 weather station", sensecap)
}

// sensecap reads the uplinks of SenseCAP sensors as the maker's decoder gives them back: messages, each with the number of a
// measurement and its value in the unit that the number has (4097 air temperature in °C, 4100 carbon dioxide in ppm, …).
//
// S210x frames (port 2) are items of seven bytes, channel, number and value in thousandths, low byte first, before a checksum that is
// verified. Numbers below 0x1000 are the device's own affairs but for the battery. S2120 frames (port 3) are items whose first byte names
// them, high byte first.
//
// Source: the maker's decoders at github.com/Seeed-Solution/TTN-Payload-Decoder.
func sensecap(up Uplink, out *object.Writer) error {
	const items, weather = 2, 3
	switch n := len(up.Bytes); {
	case n == 0:
		return fmt.Errorf("byte 0: %w", ErrShort)
	case n > 2 && n%sensecapItem == 2 && up.Port != weather:
		return sensecapItems(up.Bytes, out)
	case up.Port == items:
		return fmt.Errorf("byte %d: the frame ends inside an item of %d bytes: %w", n, sensecapItem, ErrShort)
	}
	return sensecapWeather(up.Bytes, out)
}

const (
	sensecapItem    = 7
	sensecapFirst   = 0x1000 // the lowest number of a measurement
	sensecapBattery = 0x0007 // battery and interval
)

func sensecapItems(frame []byte, out *object.Writer) error {
	items, sum := frame[:len(frame)-2], binary.LittleEndian.Uint16(frame[len(frame)-2:])
	if got := sensecapSum(items); got != sum {
		return fmt.Errorf("byte %d: checksum %#04x, want %#04x", len(items), sum, got)
	}
	out.Array("messages")
	for ; len(items) > 0; items = items[sensecapItem:] {
		number, value := binary.LittleEndian.Uint16(items[1:]), items[3:]
		switch {
		case number == sensecapBattery:
			sensecapMessage(out, 3000, float64(binary.LittleEndian.Uint16(value)))
		case number >= sensecapFirst:
			sensecapMessage(out, number, float64(int32(binary.LittleEndian.Uint32(value)))/1000)
		}
	}
	out.End()
	return nil
}

func sensecapMessage(out *object.Writer, number uint16, value float64) {
	out.Object("")
	out.Int("measurementId", int64(number))
	out.Number("measurementValue", value)
	out.End()
}

func sensecapWeather(frame []byte, out *object.Writer) error {
	c := newCursor(frame)
	out.Array("messages")
	for c.left() > 0 {
		at, kind := c.pos(), c.u8()
		if err := c.once(at, uint16(kind)); err != nil {
			return err
		}
		switch kind {
		case 1:
			sensecapMessage(out, 4097, float64(c.i16())/10)
			sensecapMessage(out, 4098, float64(c.u8()))
			sensecapMessage(out, 4099, float64(c.u32()))
			sensecapMessage(out, 4190, float64(c.u8())/10)
			sensecapMessage(out, 4105, float64(c.u16())/10)
		case 2:
			sensecapMessage(out, 4104, float64(c.u16()))
			sensecapMessage(out, 4113, float64(c.u32())/1000)
			sensecapMessage(out, 4101, float64(c.u16())*10)
		case 3:
			sensecapMessage(out, 3000, float64(c.u8()))
		default:
			return fmt.Errorf("byte %d: unknown item %#02x", at, kind)
		}
	}
	out.End()
	return c.err
}

// sensecapSum is CRC-16 with the polynomial 0x1021, low bit first, as it stands behind the items.
func sensecapSum(data []byte) uint16 {
	sum := uint16(0)
	for _, b := range data {
		sum ^= uint16(b)
		for range 8 {
			low := sum & 1
			sum >>= 1
			if low != 0 {
				sum ^= 0x8408
			}
		}
	}
	return sum
}
