package codec

import "github.com/gerbang-iot/gerbang/ingest/decode/object"

func init() {
	register("thermokon", "Thermokon room sensors (MCS, NOVOS, THANOS, LS, DPA)", thermokon)
}

// thermokon reads Thermokon's LoRaWAN devices: items of a type, one byte or two of which the first is 0x80 or more, and a
// value, high byte first. On port 4 the THANOS sends registers of two bytes each. Settings that a device reports are passed
// over.
//
// OCCU0_STATE is 1 while somebody is seen, REED0_STATE is of a door contact; their counts, _CNT, wrap at 7 bits. VBAT and
// VBAT_HI_RES are in mV.
//
// Source: the maker's decoders at github.com/TheThingsNetwork/lorawan-devices, vendor/thermokon.
func thermokon(up Uplink, out *object.Writer) error {
	const registers = 4
	c := newCursor(up.Bytes)
	table := thermokonItems
	if up.Port == registers {
		table = thermokonRegisters
	}
	read := false
	for first := true; first || c.left() > 0; first = false {
		at := c.pos()
		kind := uint16(c.u8())
		if up.Port == registers || kind >= 0x80 {
			kind = kind<<8 | uint16(c.u8())
		}
		if c.err != nil {
			break
		}
		item, ok := table[kind]
		if err := c.once(at, thermokonName(kind)); err != nil && ok {
			return err
		}
		switch {
		case ok && item.write != nil:
			item.write(c, item.name, out)
			read = true
		case ok:
			c.skip(item.length)
		case !read:
			return c.stop(out, 0, uint64(kind))
		default:
			if err := c.stop(out, at, uint64(kind)); err != nil {
				return err
			}
		}
	}
	return c.err
}

// thermokonName is the type itself, or one that gives a member of the same name.
func thermokonName(kind uint16) uint16 {
	const condensation, raw = 0x0051, 0x9510
	if kind == raw {
		return condensation
	}
	return kind
}

// thermokonItem is a value, or so many bytes of a setting.
type thermokonItem struct {
	name   string
	write  func(c *cursor, name string, out *object.Writer)
	length int
}

var thermokonItems = map[uint16]thermokonItem{
	0x0010: {"TEMP", thermokonTenths, 0},
	0x0011: {"RHUM", thermokonSmall, 0}, // %
	0x0012: {"CO2", thermokonWord, 0},   // ppm
	0x0013: {"VOC", thermokonWord, 0},
	0x0030: {"ATM_P", thermokonWord, 0}, // hPa
	0x0031: {"DP", thermokonSigned, 0},  // Pa
	0x0032: {"FLOW", thermokonWord, 0},
	0x0040: {"VISIBLE_LIGHT", thermokonWord, 0}, // lx
	0x0041: {"OCCU0", thermokonCounted, 0},
	0x0050: {"REED0", thermokonCounted, 0},
	0x0051: {"CONDENSATION", thermokonCondensation, 0},
	0x0054: {"VBAT", thermokonVoltage, 0},
	0x0063: {"SETPOINT", thermokonSmall, 0},
	0x8540: {"VBAT_HI_RES", thermokonWord, 0},
	0x9410: {"OCCU1", thermokonCounted, 0},
	0x9500: {"REED1", thermokonCounted, 0},
	0x9510: {"CONDENSATION_RAW", thermokonSigned, 0},

	0x0000: {length: 2}, 0x0001: {length: 1}, 0x8413: {length: 2}, 0x8414: {length: 2}, 0x9630: {length: 1}, 0xC000: {length: 2},
	0xC100: {length: 2}, 0xC103: {length: 1}, 0xC105: {length: 2}, 0xC106: {length: 2}, 0xC107: {length: 2}, 0xC108: {length: 2},
	0xC10A: {length: 2}, 0xC10B: {length: 2}, 0xC120: {length: 1}, 0xC121: {length: 2}, 0xC123: {length: 2}, 0xC125: {length: 2},
	0xC127: {length: 2}, 0xC129: {length: 2}, 0xC12B: {length: 2}, 0xC12D: {length: 2}, 0xC134: {length: 1}, 0xC135: {length: 2},
	0xC136: {length: 2}, 0xC137: {length: 2}, 0xC138: {length: 2}, 0xC139: {length: 2}, 0xC216: {length: 2}, 0xC217: {length: 2},
	0xC218: {length: 2}, 0xC219: {length: 2}, 0xC21A: {length: 2}, 0xC21B: {length: 2}, 0xC21C: {length: 2}, 0xC21D: {length: 2},
	0xC230: {length: 2}, 0xC402: {length: 4}, 0xC404: {length: 4},
}

// thermokonRegisters are what a THANOS shows and what is set on it, by the number of the register.
var thermokonRegisters = map[uint16]thermokonItem{
	100: {"OCCU", thermokonWord, 0}, 103: {"SETPOINT", thermokonTenths, 0}, 500: {"TEMP", thermokonTenths, 0},
	501: {"RHUM", thermokonWord, 0}, 505: {"CO2", thermokonWord, 0}, 506: {"VOC", thermokonWord, 0},
	101: {length: 2}, 104: {length: 2}, 199: {length: 2}, 200: {length: 2}, 201: {length: 2}, 300: {length: 2}, 301: {length: 2},
	302: {length: 2}, 303: {length: 2},
}

func thermokonSmall(c *cursor, name string, out *object.Writer)  { out.Int(name, int64(c.i8())) }
func thermokonWord(c *cursor, name string, out *object.Writer)   { out.Int(name, int64(c.u16())) }
func thermokonSigned(c *cursor, name string, out *object.Writer) { out.Int(name, int64(c.i16())) }

func thermokonTenths(c *cursor, name string, out *object.Writer) {
	out.Number(name, float64(c.i16())/10)
}

// thermokonVoltage is sent in steps of 20 mV.
func thermokonVoltage(c *cursor, name string, out *object.Writer) { out.Int(name, int64(c.u8())*20) }

// thermokonCounted is a state and how often it changed.
func thermokonCounted(c *cursor, name string, out *object.Writer) {
	count := c.bits(7)
	out.Int(name+"_STATE", int64(c.bits(1)))
	out.Int(name+"_CNT", int64(count))
}

func thermokonCondensation(c *cursor, name string, out *object.Writer) {
	out.Int(name+"_STATE", int64(c.bits(1)))
	out.Int(name+"_RAW", int64(c.bits(15)&0x0FFF))
}
